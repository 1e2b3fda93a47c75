mod clock;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use audio::{Heard, Hearing, HearingSettings};
use bytes::{Bytes, BytesMut};
use domain::Millis;
use session::{Input, Span, TurnEnd};
use tokio::{sync::mpsc, time::Instant};
use transports::{FromLine, LineReader};

use self::clock::LineClock;
use crate::{
    connection::{BYTES_PER_MS, NobodyListens, length},
    meters::Meters,
    mouth::ToEar,
    recogniser::{Order, Sound},
    talking::FromCaller,
};

/// Audio goes to the recogniser in pieces of this size: each costs a system call.
const PIECE_BYTES: usize = 640;
/// The same while nothing is to be heard, and has not been for so long that nobody waits for the end
/// of a turn any more.
const QUIET_PIECE_BYTES: usize = 1_920;
/// By then we have taken the turn ourselves, and while our own voice sounds hardly anybody takes one:
/// behind a filler for late words an end comes up to 160 ms later …
const QUIET_AFTER: Millis = Millis(2_500);
/// … and so much later than by its longest pause a recogniser that takes turns for us.
const RECOGNISERS_ARE_DONE: Millis = Millis(1_000);
/// Nearly all models that talk have taken it by then, by meaning or by silence. If one is set to wait
/// for longer still, an end that it takes by silence comes up to 160 ms later.
const TALKERS_ARE_DONE_AFTER: Millis = Millis(10_000);

/// Listens to the line: hears when the caller speaks, and passes the sound on.
///
/// The mailbox gets a few events per second; the audio itself never goes through it.
pub(crate) struct Ear<R> {
    line: R,
    hearing: Hearing,
    told: Vec<Heard>,
    clock: LineClock,
    /// What the mouth sends: our own voice may come back.
    orders: mpsc::Receiver<ToEar>,
    hear_less: Arc<AtomicBool>,
    /// The caller speaks, as far as was told.
    speech: bool,
    /// Something makes a noise.
    noise: bool,
    /// Where in the stream something was told of last.
    stirred_ms: u64,
    /// Up to where in the stream our own voice sounds.
    sounds_until_ms: u64,
    /// How long nothing has been told of when sound begins to leave in larger pieces.
    quiet_after: Millis,
    piece: BytesMut,
    recogniser: mpsc::Sender<Order>,
    talker: Option<mpsc::Sender<FromCaller>>,
    mailbox: mpsc::Sender<Input>,
    answered: Instant,
    meters: Arc<Meters>,
}

/// After how long a silence nobody waits for the end of a turn any more: neither those who take turns
/// nor a recogniser with this longest pause.
pub(crate) fn quiet_after(turn_end: TurnEnd, longest_pause: Millis) -> Millis {
    match turn_end {
        TurnEnd::Provider => QUIET_AFTER.or_later(longest_pause + RECOGNISERS_ARE_DONE),
        TurnEnd::Talker => TALKERS_ARE_DONE_AFTER,
        TurnEnd::Words => QUIET_AFTER,
    }
}

/// Where the ear leaves what it hears.
pub(crate) struct Outlets {
    pub(crate) recogniser: mpsc::Sender<Order>,
    /// Whoever hears, thinks and speaks in one.
    pub(crate) talker: Option<mpsc::Sender<FromCaller>>,
    pub(crate) mailbox: mpsc::Sender<Input>,
    pub(crate) meters: Arc<Meters>,
}

impl<R: LineReader> Ear<R> {
    pub(crate) fn new(
        (line, orders, hear_less): (R, mpsc::Receiver<ToEar>, Arc<AtomicBool>),
        (settings, quiet_after): (HearingSettings, Millis),
        answered: Instant,
        outlets: Outlets,
    ) -> Box<Self> {
        let Outlets {
            recogniser,
            talker,
            mailbox,
            meters,
        } = outlets;
        Box::new(Self {
            line,
            hearing: Hearing::new(settings),
            told: Vec::new(),
            clock: LineClock::new(answered),
            orders,
            hear_less,
            speech: false,
            noise: false,
            stirred_ms: 0,
            sounds_until_ms: 0,
            quiet_after,
            piece: BytesMut::with_capacity(QUIET_PIECE_BYTES),
            recogniser,
            talker,
            mailbox,
            answered,
            meters,
        })
    }

    /// Listens until the line is gone, or nobody reads the mailbox any more.
    ///
    /// Boxed, because a future has room for its arguments twice: as they came and as they are used.
    pub(crate) async fn run(mut self: Box<Self>) {
        loop {
            let told = match self.line.next().await {
                FromLine::Audio(bytes) => self.hear(&bytes).await,
                FromLine::Digit(key) => {
                    self.pass_on_to_talker(FromCaller::Key);
                    self.tell(Input::Digit(key)).await
                }
                FromLine::Played(mark) => self.tell(Input::Played(mark)).await,
                FromLine::HungUp => return drop(self.tell(Input::HungUp).await),
                FromLine::Lost => return drop(self.tell(Input::LineLost).await),
            };
            if told.is_err() {
                return;
            }
        }
    }

    async fn hear(&mut self, bytes: &Bytes) -> Result<(), NobodyListens> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= self.piece_bytes() {
            self.pass_on(self.hearing.heard_ms() + bytes.len() as u64 / BYTES_PER_MS);
        }
        self.take_orders();
        self.hearing.hear(bytes, &mut self.told);
        let now = Instant::now();
        self.clock.arrived(now, self.hearing.heard_ms());
        if self.told.is_empty() {
            return Ok(());
        }
        self.stirred_ms = self.hearing.heard_ms();
        let mut told = std::mem::take(&mut self.told);
        for heard in told.drain(..) {
            match heard {
                Heard::SpeechStarted { .. } => self.speech = true,
                Heard::SpeechStopped { .. } => self.speech = false,
                Heard::NoiseStarted { .. } => self.noise = true,
                Heard::NoiseStopped { .. } => self.noise = false,
                Heard::Ignored { .. } => {}
            }
            if self.piece.len() >= PIECE_BYTES {
                self.pass_on(self.stirred_ms);
            }
            let input = meaning(heard, |at_ms| self.dated(at_ms));
            self.tell(input).await?;
        }
        self.told = told;
        Ok(())
    }

    /// Takes note of what was sent and decided since the last sound came in.
    fn take_orders(&mut self) {
        if self.hear_less.swap(false, Ordering::Relaxed) {
            self.hearing.harder();
        }
        while let Ok(order) = self.orders.try_recv() {
            match order {
                ToEar::Silence { at } => {
                    self.hearing.silenced(self.clock.position_ms(at));
                    self.sounds_until_ms = 0;
                }
                ToEar::Sound { bytes, plays_at } => {
                    let at_ms = self.clock.position_ms(plays_at);
                    self.hearing.played(&bytes, at_ms);
                    self.sounds_until_ms = at_ms + length(&bytes).0;
                }
            }
        }
    }

    /// How much sound is passed on at a time.
    fn piece_bytes(&self) -> usize {
        let quiet_for = self.hearing.heard_ms() - self.stirred_ms;
        let quiet_after = if self.sounds_until_ms > self.hearing.heard_ms() {
            self.quiet_after.min(QUIET_AFTER)
        } else {
            self.quiet_after
        };
        if self.speech || self.noise || quiet_for < quiet_after.0 {
            PIECE_BYTES
        } else {
            QUIET_PIECE_BYTES
        }
    }

    /// Passes sound up to this place in the stream on to the recogniser. If it does not keep up,
    /// sound is lost and counted: the caller is never made to wait.
    fn pass_on(&mut self, until_ms: u64) {
        let piece = self.piece.split().freeze();
        let length = length(&piece);
        let sound = Sound {
            from: self.dated(until_ms) - length,
            bytes: piece,
            speech: self.speech,
        };
        self.pass_on_to_talker(FromCaller::Sound(sound.clone()));
        // Where it is closed, recognition was given up; the session knows.
        if let Err(mpsc::error::TrySendError::Full(_)) =
            self.recogniser.try_send(Order::Hear(sound))
        {
            self.meters.dropped("recogniser", "full");
        }
    }

    /// Where it is closed, nobody talks any more.
    fn pass_on_to_talker(&self, heard: FromCaller) {
        if let Some(talker) = &self.talker
            && let Err(mpsc::error::TrySendError::Full(_)) = talker.try_send(heard)
        {
            self.meters.dropped("talker", "full");
        }
    }

    /// When this position of the caller's stream was spoken, on the call's clock. Packets arrive
    /// late and in bursts: samples are counted, not arrivals.
    fn dated(&self, at_ms: u64) -> Millis {
        let at = self.clock.moment(at_ms).unwrap_or_else(Instant::now);
        let since = at.saturating_duration_since(self.answered);
        Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    async fn tell(&mut self, input: Input) -> Result<(), NobodyListens> {
        self.mailbox.send(input).await.map_err(|_| NobodyListens)
    }
}

/// What is heard, on the call's clock.
fn meaning(heard: Heard, dated: impl Fn(u64) -> Millis) -> Input {
    match heard {
        Heard::Ignored { from_ms, until_ms } => Input::Ignored(Span {
            from: dated(from_ms),
            until: dated(until_ms),
        }),
        Heard::NoiseStarted { at_ms } => Input::NoiseStarted { at: dated(at_ms) },
        Heard::NoiseStopped { at_ms } => Input::NoiseStopped { at: dated(at_ms) },
        Heard::SpeechStarted { at_ms } => Input::SpeechStarted { at: dated(at_ms) },
        Heard::SpeechStopped { at_ms } => Input::SpeechStopped { at: dated(at_ms) },
    }
}

#[cfg(test)]
mod tests;
