mod loudness;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::{Buf, Bytes};
use domain::{Millis, ReplyId};
use session::{Mark, Play};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};
use transports::{LineGone, LineWriter};

use self::loudness::Loudness;
use crate::{
    connection::{BYTES_PER_MS, until},
    meters::Meters,
};

/// What the mouth is told, in order.
#[derive(Debug)]
pub(crate) enum ToMouth {
    /// Everything was said: put down the receiver.
    Close,
    /// Play this reply so many decibels more quietly, from the next frame that is not sent yet.
    Duck {
        reply: ReplyId,
        db: u8,
    },
    /// Send no more of this reply until it is resumed.
    Pause(ReplyId),
    Play(Play),
    /// Play this reply as loudly as before.
    Restore(ReplyId),
    /// Go on with a paused reply, its last `again` anew.
    Resume {
        reply: ReplyId,
        again: Millis,
    },
    /// Not one more frame of anything queued.
    Silence,
}

/// What the mouth has sent: the ear may hear it come back.
#[derive(Debug)]
pub(crate) enum ToEar {
    Sound {
        bytes: Bytes,
        /// When the caller's end plays its first sample, if the line takes no time.
        plays_at: Instant,
    },
    /// What was sent and is not played yet never will be.
    Silence { at: Instant },
}

/// How much was sent of the reply that is spoken: the voice need not be far ahead of it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Sent {
    reply: Option<ReplyId>,
    bytes: u64,
}

impl Sent {
    /// Bytes of this reply.
    pub(crate) fn of(self, reply: ReplyId) -> u64 {
        if self.reply == Some(reply) {
            self.bytes
        } else {
            0
        }
    }

    pub(crate) fn add(&mut self, reply: ReplyId, bytes: u64) {
        let before = self.of(reply);
        *self = Self {
            reply: Some(reply),
            bytes: before + bytes,
        };
    }
}

/// Sent frames on their way to the ear, ten a second. When it is full, the ear hears nothing
/// anyway, and learns no more of them.
pub(crate) const EAR_ORDERS: usize = 32;

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

/// At most this much can be played again: no word is longer.
pub(crate) const MOST_AGAIN: Millis = Millis(1_000);

/// A minute of audio: twice as much as a voice may be ahead.
const MOST_BYTES: usize = 60_000 * BYTES_PER_MS as usize;

/// Plays what it is given at the speed of speech, against absolute deadlines.
pub(crate) struct Mouth<W> {
    line: W,
    queue: VecDeque<Queued>,
    /// When everything sent so far will have been played.
    played_until: Option<Instant>,
    /// Frames on their way to the line, reused.
    batch: Vec<u8>,
    loudness: Loudness,
    paused: Option<ReplyId>,
    /// What was sent last, as it was before it was made quieter.
    recent: Recent,
    ear: mpsc::Sender<ToEar>,
    sent: watch::Sender<Sent>,
    meters: Arc<Meters>,
    first_frame: Option<oneshot::Sender<Instant>>,
}

enum Queued {
    Audio(ReplyId, Bytes),
    Mark(Mark),
}

/// The last of what was sent of one reply.
struct Recent {
    reply: Option<ReplyId>,
    bytes: VecDeque<u8>,
    most_bytes: usize,
}

impl<W: LineWriter> Mouth<W> {
    /// `again`: how much of a reply can be played again when it was paused.
    pub(crate) fn new(
        line: W,
        (ear, sent): (mpsc::Sender<ToEar>, watch::Sender<Sent>),
        meters: Arc<Meters>,
        first_frame: oneshot::Sender<Instant>,
        again: Millis,
    ) -> Self {
        Self {
            line,
            queue: VecDeque::new(),
            played_until: None,
            batch: Vec::with_capacity(AHEAD.as_millis() as usize * BYTES_PER_MS as usize),
            loudness: Loudness::default(),
            paused: None,
            recent: Recent::of(again),
            ear,
            sent,
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
            let obeyed = match order {
                Some(ToMouth::Close) | None => return self.line.close().await,
                Some(order) => self.obey(order).await,
            };
            if obeyed.is_err() {
                return;
            }
        }
    }

    async fn obey(&mut self, order: ToMouth) -> Result<(), LineGone> {
        match order {
            ToMouth::Close => self.line.close().await,
            ToMouth::Duck { reply, db } => self.loudness.duck(reply, db),
            ToMouth::Pause(reply) => self.paused = Some(reply),
            ToMouth::Play(Play::Audio { reply, bytes, .. }) => self.enqueue(reply, bytes),
            ToMouth::Play(Play::Mark(mark)) => self.queue.push_back(Queued::Mark(mark)),
            ToMouth::Restore(reply) => self.loudness.restore(reply),
            ToMouth::Resume { reply, again } => self.resume(reply, again),
            ToMouth::Silence => return self.fall_silent().await,
        }
        Ok(())
    }

    /// Forgets what was to be said, and has the line forget it; whoever was ducked or paused is
    /// over too.
    async fn fall_silent(&mut self) -> Result<(), LineGone> {
        self.queue.clear();
        self.played_until = None;
        self.paused = None;
        self.loudness.restore_all();
        self.recent.forget();
        self.utter(ToEar::Silence { at: Instant::now() });
        self.line.clear().await
    }

    fn resume(&mut self, reply: ReplyId, again: Millis) {
        if self.paused.take_if(|paused| *paused == reply).is_none() {
            return;
        }
        let again = self.recent.take_last(reply, again);
        if !again.is_empty() {
            self.queue.push_front(Queued::Audio(reply, again));
        }
        // The silence of the pause was wanted: nothing is late.
        let now = Instant::now();
        self.played_until = self.played_until.filter(|until| *until >= now);
    }

    /// Tells the ear. One that is behind learns nothing: it would hear it too late.
    fn utter(&self, sent: ToEar) {
        drop(self.ear.try_send(sent));
    }

    /// Takes audio, up to far more than a voice is ever ahead; the rest is lost and counted.
    fn enqueue(&mut self, reply: ReplyId, bytes: Bytes) {
        let waiting: usize = self.queue.iter().map(Queued::length).sum();
        if waiting + bytes.len() <= MOST_BYTES {
            self.queue.push_back(Queued::Audio(reply, bytes));
        } else {
            self.meters.dropped("mouth", "full");
        }
    }

    /// When to send more. `None`: nothing is queued, or it is not to be played yet.
    fn refill_at(&self) -> Option<Instant> {
        if self.holds(self.queue.front()?) {
            return None;
        }
        let now = Instant::now();
        Some(
            self.played_until
                .map_or(now, |until| until.checked_sub(REFILL).unwrap_or(now)),
        )
    }

    /// Whether this waits for the end of a pause.
    fn holds(&self, queued: &Queued) -> bool {
        match queued {
            Queued::Audio(reply, _) => self.paused == Some(*reply),
            Queued::Mark(_) => false,
        }
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
            match self.queue.front() {
                Some(front) if self.holds(front) => break,
                Some(Queued::Audio(reply, _)) => self.send_audio(*reply, until).await?,
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

    /// Sends audio of one reply up to the next mark, at most until `until`.
    async fn send_audio(&mut self, of: ReplyId, until: Instant) -> Result<(), LineGone> {
        let played = self.played_until.unwrap_or(until);
        let room_ms = u64::try_from((until - played).as_millis()).unwrap_or(0);
        let room = usize::try_from(room_ms * BYTES_PER_MS).unwrap_or(FRAME_BYTES);
        let room = room / FRAME_BYTES * FRAME_BYTES;
        self.batch.clear();
        while let Some(Queued::Audio(reply, bytes)) = self.queue.front_mut() {
            if *reply != of {
                break;
            }
            let take = bytes.len().min(room - self.batch.len());
            self.batch.extend_from_slice(&bytes[..take]);
            bytes.advance(take);
            if !bytes.is_empty() {
                break;
            }
            self.queue.pop_front();
        }
        self.recent.keep(of, &self.batch);
        self.loudness.apply(of, &mut self.batch);
        self.line.frames(&self.batch).await?;
        self.utter(ToEar::Sound {
            bytes: Bytes::copy_from_slice(&self.batch),
            plays_at: played,
        });
        let bytes = self.batch.len() as u64;
        // What is sent again after a pause counts twice: a voice that is a second less far behind.
        self.sent.send_modify(|sent| sent.add(of, bytes));
        let sent = Duration::from_micros(bytes * 1_000 / BYTES_PER_MS);
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
            Self::Audio(_, bytes) => bytes.len(),
            Self::Mark(_) => 0,
        }
    }
}

impl Recent {
    fn of(most: Millis) -> Self {
        Self {
            reply: None,
            bytes: VecDeque::new(),
            most_bytes: usize::try_from(most.0 * BYTES_PER_MS).unwrap_or(usize::MAX),
        }
    }

    fn keep(&mut self, reply: ReplyId, sent: &[u8]) {
        if self.reply.replace(reply) != Some(reply) {
            self.bytes.clear();
        }
        let sent = &sent[sent.len().saturating_sub(self.most_bytes)..];
        let excess = (self.bytes.len() + sent.len()).saturating_sub(self.most_bytes);
        self.bytes.drain(..excess);
        // A buffer that grows by itself doubles, past what is ever needed.
        self.bytes.reserve_exact(self.most_bytes - self.bytes.len());
        self.bytes.extend(sent);
    }

    fn forget(&mut self) {
        self.reply = None;
        self.bytes.clear();
    }

    /// The last of what was sent of a reply. It is sent again, and is then kept again.
    fn take_last(&mut self, reply: ReplyId, again: Millis) -> Bytes {
        if self.reply != Some(reply) {
            return Bytes::new();
        }
        let wanted = usize::try_from(again.0 * BYTES_PER_MS).unwrap_or(self.most_bytes);
        let from = self.bytes.len().saturating_sub(wanted);
        self.bytes.drain(from..).collect()
    }
}

#[cfg(test)]
mod tests;
