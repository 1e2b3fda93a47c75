use std::sync::Arc;

use audio::{Vad, VadSettings, Voice};
use bytes::{Bytes, BytesMut};
use domain::Millis;
use session::Input;
use tokio::{sync::mpsc, time::Instant};
use transports::{FromLine, LineReader};

use crate::{
    connection::{NobodyListens, length},
    meters::Meters,
    recogniser::{Order, Sound},
    tally::Tally,
};

/// Audio goes to the recogniser in pieces of this size: each costs a system call.
const PIECE_BYTES: usize = 480;

/// Listens to the line: hears when the caller speaks, and passes the sound on.
///
/// The mailbox gets a few events per second; the audio itself never goes through it.
pub(crate) struct Ear<R> {
    line: R,
    vad: Vad,
    told: Vec<Voice>,
    speech: bool,
    piece: BytesMut,
    recogniser: mpsc::Sender<Order>,
    mailbox: mpsc::Sender<Input>,
    answered: Instant,
    tally: Arc<Tally>,
    meters: Arc<Meters>,
}

/// Where the ear leaves what it hears.
pub(crate) struct Outlets {
    pub(crate) recogniser: mpsc::Sender<Order>,
    pub(crate) mailbox: mpsc::Sender<Input>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) meters: Arc<Meters>,
}

impl<R: LineReader> Ear<R> {
    pub(crate) fn new(line: R, settings: VadSettings, answered: Instant, outlets: Outlets) -> Self {
        let Outlets {
            recogniser,
            mailbox,
            tally,
            meters,
        } = outlets;
        Self {
            line,
            vad: Vad::new(settings),
            told: Vec::new(),
            speech: false,
            piece: BytesMut::with_capacity(PIECE_BYTES * 2),
            recogniser,
            mailbox,
            answered,
            tally,
            meters,
        }
    }

    /// Listens until the line is gone, or nobody reads the mailbox any more.
    pub(crate) async fn run(mut self) {
        loop {
            let told = match self.line.next().await {
                FromLine::Audio(bytes) => self.hear(&bytes).await,
                FromLine::Digit(key) => self.tell(Input::Digit(key)).await,
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
        self.pass_on(bytes);
        self.vad.hear(bytes, &mut self.told);
        if self.told.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let heard_ms = self.vad.heard_ms();
        // The newest sample arrived now; everything before it is dated by count of samples.
        let dated = |at_ms: u64| now - Millis(heard_ms.saturating_sub(at_ms));
        for voice in std::mem::take(&mut self.told) {
            self.speech = matches!(voice, Voice::Started { .. });
            let input = match voice {
                Voice::Started { at_ms } => Input::SpeechStarted { at: dated(at_ms) },
                Voice::Stopped { at_ms } => Input::SpeechStopped { at: dated(at_ms) },
            };
            self.tell(input).await?;
        }
        Ok(())
    }

    /// Passes sound on to the recogniser. If it does not keep up, sound is lost and counted: the
    /// caller is never made to wait.
    fn pass_on(&mut self, bytes: &[u8]) {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() < PIECE_BYTES {
            return;
        }
        let piece = self.piece.split().freeze();
        let length = length(&piece);
        let sound = Sound {
            from: self.now() - length,
            bytes: piece,
            speech: self.speech,
        };
        match self.recogniser.try_send(Order::Hear(sound)) {
            Ok(()) => self.tally.heard(length),
            Err(mpsc::error::TrySendError::Full(_)) => self.meters.dropped("recogniser", "full"),
            // Recognition was given up; the session knows.
            Err(mpsc::error::TrySendError::Closed(_)) => {}
        }
    }

    fn now(&self) -> Millis {
        Millis(u64::try_from(self.answered.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    async fn tell(&mut self, input: Input) -> Result<(), NobodyListens> {
        self.mailbox.send(input).await.map_err(|_| NobodyListens)
    }
}
