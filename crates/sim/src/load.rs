//! Many calls at once from one core: raw frames, precomputed messages, one clock for all.

mod beats;
mod call;
mod frames;
mod probe;
mod speech;
mod tag;
mod wheel;

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

pub use beats::BeatingVoice;
pub use probe::{Probe, Shares};
pub use speech::Speech;
pub use tag::{TaggedBrain, TaggedVoice, tagged_ear};

use crate::{carrier::Settings, fakes::log::held};
use call::{Counts, Dialled};
use wheel::Wheel;

/// A load of calls.
#[derive(Clone, Debug)]
pub struct LoadPlan {
    /// The server and how to sign for it.
    pub carrier: Settings,
    /// The path of the webhook.
    pub webhook: String,
    /// Calls at the same time.
    pub calls: usize,
    /// The number of the first of them: no two calls that a server is to see have the same.
    pub numbered_from: usize,
    /// New calls per second.
    pub ramp: u32,
    /// How long all calls go on together.
    pub length: Duration,
    /// From the stream's start to a caller's first words.
    pub first_turn: Duration,
    /// From one turn of a caller to the next.
    pub turn_every: Duration,
    /// At the end nobody begins to speak, so that every turn can be answered.
    pub tail: Duration,
    /// What each caller says in each turn: mu-law.
    pub phrase: Arc<[u8]>,
}

/// What became of a load.
#[derive(Clone, Debug, Default)]
pub struct LoadReport {
    /// Calls that were set up.
    pub opened: usize,
    /// Calls that could not be set up, and why the first of them.
    pub refused: usize,
    /// Why the first refused call was.
    pub first_refusal: Option<String>,
    /// Calls whose socket closed before its time.
    pub broken: usize,
    /// Turns that callers spoke to their end.
    pub turns: usize,
    /// Frames sent more than 20 ms late: the load itself was too slow.
    pub late_frames: u64,
    /// Frames sent.
    pub frames: u64,
    /// Audio messages received.
    pub heard: u64,
    /// From `start` sent to the first audio message, in microseconds.
    pub greetings_us: Vec<u64>,
    /// From the last sound of a caller's turn to the first sound of the answer, in microseconds.
    pub waits_us: Vec<u64>,
}

/// Runs a load to its end. `steady` is called when all calls are up, and again when they end.
///
/// # Errors
/// When no HTTP client can be made.
pub async fn run(
    plan: &LoadPlan,
    probe: &Arc<Mutex<Probe>>,
    mut steady: impl FnMut(Phase),
) -> io::Result<LoadReport> {
    let http = crate::http::client()?;
    let counts = Arc::new(Counts::default());
    let speech = Arc::new(Speech::new(&plan.phrase));
    let began = Instant::now();
    let ends = began + plan.ramp_time() + plan.length;
    let (wheel, joins) = Wheel::new(speech, plan, ends, counts.clone());
    let wheel = tokio::spawn(wheel.turn(began));
    let mut dialling = JoinSet::new();
    for number in 0..plan.calls {
        let at = began
            + plan
                .ramp_time()
                .mul_f64(number as f64 / plan.calls.max(1) as f64);
        let dialled = Dialled {
            number: plan.numbered_from + number,
            plan: plan.clone(),
            http: http.clone(),
            probe: probe.clone(),
            counts: counts.clone(),
            joins: joins.clone(),
        };
        dialling.spawn(async move {
            sleep_until(at).await;
            dialled.run(ends).await;
        });
    }
    drop(joins);
    sleep_until(began + plan.ramp_time()).await;
    // The last calls are still being set up.
    sleep(Duration::from_millis(500)).await;
    steady(Phase::AllUp);
    sleep_until(ends).await;
    steady(Phase::Ending);
    while dialling.join_next().await.is_some() {}
    let turns = wheel.await.map_err(io::Error::other)?;
    Ok(counts.report(turns))
}

/// Where a load is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// Every call has been dialled.
    AllUp,
    /// The calls are about to end.
    Ending,
}

impl LoadPlan {
    /// A load of so many calls with the usual pace.
    #[must_use]
    pub fn of(calls: usize, length: Duration, carrier: Settings) -> Self {
        let phrase = providers::offline::fixtures::caller_phrase("when");
        Self {
            carrier,
            webhook: "/twiml".to_owned(),
            calls,
            numbered_from: 0,
            ramp: 100,
            length,
            first_turn: Duration::from_millis(3_500),
            turn_every: Duration::from_secs(7),
            tail: Duration::from_secs(5),
            phrase: phrase
                .map_or_else(|| vec![0; 8_000], |phrase| phrase.ulaw.to_vec())
                .into(),
        }
    }

    fn ramp_time(&self) -> Duration {
        Duration::from_secs_f64(self.calls as f64 / f64::from(self.ramp.max(1)))
    }
}

impl Counts {
    fn report(&self, turns: usize) -> LoadReport {
        let mut report = held(&self.report).clone();
        report.turns = turns;
        report
    }
}

#[cfg(test)]
mod tests;
