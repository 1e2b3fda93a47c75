use std::{future::Future, pin::pin, time::Duration};

use tokio::time::{Instant, Interval, interval_at};

use super::{
    CallEnd, CallPlan, CallReport, Events,
    event::CallEvent,
    playback::{FRAME, SILENCE, TICK_MS},
};
use crate::caller::{Deed, Doing, Measures, Run};

/// The caller at the phone, through all documents of a call, and what is kept of it.
///
/// A media stream lives through its own ticks; these are of the time beside streams, in which the
/// caller hears the carrier's own voice or nothing.
pub(super) struct Phone<'a> {
    pub(super) caller: Run,
    pub(super) events: &'a Events,
    pub(super) report: CallReport,
    measures: Measures,
    ticks: u64,
}

/// The caller is gone.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct HungUp;

/// What the caller hears.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sound {
    Silence,
    Voice,
}

impl<'a> Phone<'a> {
    pub(super) fn new(plan: &CallPlan, call_sid: &str, events: &'a Events) -> Self {
        Self {
            caller: Run::new(plan.script.clone(), plan.book.clone(), plan.seed),
            events,
            report: CallReport::new(call_sid),
            measures: Measures::default(),
            ticks: 0,
        }
    }

    /// The carrier's voice says a line.
    pub(super) fn hears_line(&mut self, line: &str) {
        self.events.tell(CallEvent::CarrierSays(line.to_owned()));
        self.report.carrier_said.push(line.to_owned());
    }

    /// Lives through some time, of which there is at least one tick.
    pub(super) async fn live(&mut self, time: Duration, sound: Sound) -> Result<(), HungUp> {
        let mut beat = beat();
        for _ in 0..ticks(time) {
            beat.tick().await;
            self.tick(sound)?;
        }
        Ok(())
    }

    /// Lives in silence until something has happened.
    pub(super) async fn until<T>(&mut self, happens: impl Future<Output = T>) -> Result<T, HungUp> {
        let mut happens = pin!(happens);
        let mut beat = beat();
        loop {
            tokio::select! {
                biased;
                happened = &mut happens => return Ok(happened),
                _ = beat.tick() => drop(self.tick(Sound::Silence)?),
            }
        }
    }

    /// 20 ms without a stream.
    pub(super) fn tick(&mut self, sound: Sound) -> Result<Doing, HungUp> {
        let at_ms = self.ticks * TICK_MS;
        self.ticks += 1;
        let audible = sound == Sound::Voice;
        if audible {
            let last_ms = at_ms + TICK_MS - 1;
            let _ = self.measures.agent_audible(at_ms, last_ms);
        }
        let doing = self.caller.tick(audible);
        self.report.record(&doing.audio, &[SILENCE; FRAME]);
        for deed in &doing.deeds {
            match deed {
                Deed::GiveUp => self.report.gave_up += 1,
                Deed::HangUp => return Err(HungUp),
                // There is no socket to send it on.
                Deed::Odd(_) => {}
                Deed::Press(key) => self.events.tell(CallEvent::CallerPresses(*key)),
                Deed::Speak(kind, said) => {
                    self.events.tell(CallEvent::CallerSays(said.clone()));
                    self.measures.caller_begins(at_ms, *kind, said.clone());
                }
            }
        }
        if let Some(early) = doing.ended {
            let ended_ms = at_ms + TICK_MS - (early / 8) as u64;
            self.measures.caller_ended(ended_ms);
        }
        Ok(doing)
    }

    /// The call is over: what it was like.
    pub(super) fn hang_up(mut self, end: CallEnd) -> CallReport {
        self.report.turns.extend(self.measures.into_turns());
        self.report.end = end.clone();
        self.events.tell(CallEvent::Over(end));
        self.report
    }
}

/// How many ticks a time has: one at least.
pub(super) fn ticks(time: Duration) -> u64 {
    super::millis(time).div_ceil(TICK_MS).max(1)
}

/// A tick late does not make the call longer: the next one follows from when it was due.
pub(super) fn beat() -> Interval {
    const TICK: Duration = Duration::from_millis(TICK_MS);
    interval_at(Instant::now() + TICK, TICK)
}
