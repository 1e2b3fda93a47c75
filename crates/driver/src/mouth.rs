use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::{Buf, Bytes};
use session::{Mark, Play};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use transports::{LineGone, LineWriter};

use crate::{
    connection::{BYTES_PER_MS, until},
    meters::Meters,
};

/// What the mouth is told, in order.
#[derive(Debug)]
pub(crate) enum ToMouth {
    /// Everything was said: put down the receiver.
    Close,
    Play(Play),
    /// Not one more frame of anything queued.
    Silence,
}

/// Orders on their way to the mouth. When it is full, the line takes nothing any more and counts
/// as lost.
pub(crate) const ORDERS: usize = 1_024;

/// At most this far ahead of what the caller hears, so that silence comes soon even if the
/// carrier's queue cannot be cleared.
const AHEAD: Duration = Duration::from_millis(200);
/// Send again when only this much is left: several frames then share one write.
const REFILL: Duration = Duration::from_millis(100);
const FRAME: Duration = Duration::from_millis(20);
const FRAME_BYTES: usize = audio::framing::FRAME_BYTES;

/// A minute of audio: a reply that long has gone wrong.
const MOST_BYTES: usize = 60_000 * BYTES_PER_MS as usize;

/// Plays what it is given at the speed of speech, against absolute deadlines.
pub(crate) struct Mouth<W> {
    line: W,
    queue: VecDeque<Queued>,
    /// When everything sent so far will have been played.
    played_until: Option<Instant>,
    /// Frames on their way to the line, reused.
    batch: Vec<u8>,
    meters: Arc<Meters>,
    first_frame: Option<oneshot::Sender<Instant>>,
}

enum Queued {
    Audio(Bytes),
    Mark(Mark),
}

impl<W: LineWriter> Mouth<W> {
    pub(crate) fn new(line: W, meters: Arc<Meters>, first_frame: oneshot::Sender<Instant>) -> Self {
        Self {
            line,
            queue: VecDeque::new(),
            played_until: None,
            batch: Vec::with_capacity(AHEAD.as_millis() as usize * BYTES_PER_MS as usize),
            meters,
            first_frame: Some(first_frame),
        }
    }

    /// Speaks until it is told to close, or the line is gone.
    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<ToMouth>) {
        loop {
            let refill = self.refill_at();
            let order = tokio::select! {
                biased;
                order = orders.recv() => order,
                () = until(refill) => {
                    if self.send_due().await.is_err() {
                        return;
                    }
                    continue;
                }
            };
            match order {
                Some(ToMouth::Play(Play::Audio { bytes, .. })) => {
                    self.enqueue(bytes);
                }
                Some(ToMouth::Play(Play::Mark(mark))) => self.queue.push_back(Queued::Mark(mark)),
                Some(ToMouth::Silence) => {
                    self.queue.clear();
                    self.played_until = None;
                    if self.line.clear().await.is_err() {
                        return;
                    }
                }
                Some(ToMouth::Close) | None => return self.line.close().await,
            }
        }
    }

    /// Takes audio, up to far more than anyone says in one go; the rest is lost and counted.
    fn enqueue(&mut self, bytes: Bytes) {
        let waiting: usize = self.queue.iter().map(Queued::length).sum();
        if waiting + bytes.len() <= MOST_BYTES {
            self.queue.push_back(Queued::Audio(bytes));
        } else {
            self.meters.dropped("mouth", "full");
        }
    }

    /// When to send more. `None`: nothing is queued.
    fn refill_at(&self) -> Option<Instant> {
        self.queue.front()?;
        let now = Instant::now();
        Some(
            self.played_until
                .map_or(now, |until| until.checked_sub(REFILL).unwrap_or(now)),
        )
    }

    /// Sends as much as may be ahead of the caller's ear, and the marks that fall into it.
    async fn send_due(&mut self) -> Result<(), LineGone> {
        let now = Instant::now();
        let from = match self.played_until {
            Some(until) if until >= now => until,
            Some(until) => {
                // The queue was not empty, and yet the caller heard a gap that we caused.
                if now - until < REFILL {
                    self.meters.frames_late.inc();
                }
                now
            }
            None => now,
        };
        self.played_until = Some(from);
        let until = now + AHEAD;
        while self
            .played_until
            .is_some_and(|played| played + FRAME <= until)
        {
            match self.queue.front_mut() {
                Some(Queued::Audio(_)) => self.send_audio(until).await?,
                Some(Queued::Mark(mark)) => {
                    let mark = *mark;
                    self.queue.pop_front();
                    self.line.mark(mark).await?;
                }
                None => break,
            }
        }
        Ok(())
    }

    /// Sends audio up to the next mark, at most until `until`.
    async fn send_audio(&mut self, until: Instant) -> Result<(), LineGone> {
        let played = self.played_until.unwrap_or(until);
        let room_ms = u64::try_from((until - played).as_millis()).unwrap_or(0);
        let room = usize::try_from(room_ms * BYTES_PER_MS).unwrap_or(FRAME_BYTES);
        let room = room / FRAME_BYTES * FRAME_BYTES;
        self.batch.clear();
        while let Some(Queued::Audio(bytes)) = self.queue.front_mut() {
            let take = bytes.len().min(room - self.batch.len());
            self.batch.extend_from_slice(&bytes[..take]);
            bytes.advance(take);
            if !bytes.is_empty() {
                break;
            }
            self.queue.pop_front();
        }
        self.line.frames(&self.batch).await?;
        let sent = Duration::from_micros(self.batch.len() as u64 * 1_000 / BYTES_PER_MS);
        self.played_until = Some(played + sent);
        if let Some(first) = self.first_frame.take() {
            // Nobody waits for it when the call is already over.
            let _over = first.send(Instant::now());
        }
        Ok(())
    }
}

impl Queued {
    fn length(&self) -> usize {
        match self {
            Self::Audio(bytes) => bytes.len(),
            Self::Mark(_) => 0,
        }
    }
}
