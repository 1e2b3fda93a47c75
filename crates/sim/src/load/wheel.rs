use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    net::tcp::OwnedWriteHalf,
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    LoadPlan,
    call::Counts,
    frames::{MediaMessage, write_close, write_text},
    speech::Speech,
};
use crate::fakes::log::held;

/// The frames of a call are 20 ms apart; the calls are spread over as many slots of 1 ms.
const SLOTS: usize = 20;
const SLOT: Duration = Duration::from_millis(1);
const FRAME_MS: u64 = 20;
/// Calls that wait to be taken in; whoever sets one up waits when it is full.
const JOINING: usize = 64;
/// Unsent bytes of one call at which it is given up: a second of frames.
const MOST_UNSENT: usize = 32 * 1024;

/// A call that is set up: its sending half.
pub(super) struct Joined {
    pub(super) writer: OwnedWriteHalf,
    pub(super) stream: String,
    pub(super) outbox: Arc<Mutex<Outbox>>,
}

/// What the listening half of a call wants sent.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// Marks with the time when they were played.
    pub(super) marks: VecDeque<(Instant, String)>,
    /// When the caller was heard last, until the other half has taken note of it.
    pub(super) spoke: Option<Instant>,
}

/// Sends the frames of all calls, each at its time.
pub(super) struct Wheel {
    speech: Arc<Speech>,
    joins: mpsc::Receiver<Joined>,
    slots: Vec<Vec<Sending>>,
    counts: Arc<Counts>,
    ends: Instant,
    pace: Pace,
    turns: usize,
}

/// When callers speak, in frames.
struct Pace {
    first: u64,
    every: u64,
    /// Nobody begins to speak after this.
    last_begin: Instant,
}

struct Sending {
    call: Joined,
    message: MediaMessage,
    chunk: u64,
    /// Frame of the phrase that is next, while the caller speaks.
    speaking: Option<usize>,
    unsent: Vec<u8>,
    gone: bool,
}

impl Wheel {
    pub(super) fn new(
        speech: Arc<Speech>,
        plan: &LoadPlan,
        ends: Instant,
        counts: Arc<Counts>,
    ) -> (Self, mpsc::Sender<Joined>) {
        let (sender, joins) = mpsc::channel(JOINING);
        let frames = |time: Duration| crate::carrier::millis(time) / FRAME_MS;
        let pace = Pace {
            first: frames(plan.first_turn),
            every: frames(plan.turn_every).max(1),
            last_begin: ends - plan.tail,
        };
        let slots = (0..SLOTS).map(|_| Vec::new()).collect();
        (
            Self {
                speech,
                joins,
                slots,
                counts,
                ends,
                pace,
                turns: 0,
            },
            sender,
        )
    }

    /// Turns until the end; gives the turns that were spoken.
    pub(super) async fn turn(mut self, began: Instant) -> usize {
        let mut next = began;
        let mut slot = 0;
        let (mut frames, mut late) = (0, 0);
        while next < self.ends {
            sleep_until(next).await;
            while let Ok(call) = self.joins.try_recv() {
                self.take_in(call);
            }
            let now = Instant::now();
            let sent = self.send(slot, now);
            frames += sent;
            if now > next + Duration::from_millis(FRAME_MS) {
                late += sent;
            }
            next += SLOT;
            slot = (slot + 1) % SLOTS;
        }
        self.hang_up();
        let mut report = held(&self.counts.report);
        report.frames = frames;
        report.late_frames = late;
        self.turns
    }

    /// Puts a call into the emptiest slot.
    fn take_in(&mut self, call: Joined) {
        let message = MediaMessage::new(call.stream.clone());
        let sending = Sending {
            call,
            message,
            chunk: 0,
            speaking: None,
            unsent: Vec::new(),
            gone: false,
        };
        if let Some(slot) = self.slots.iter_mut().min_by_key(|slot| slot.len()) {
            slot.push(sending);
        }
    }

    fn send(&mut self, slot: usize, now: Instant) -> u64 {
        let mut sent = 0;
        for sending in self.slots[slot].iter_mut().filter(|sending| !sending.gone) {
            let in_call = sending.chunk.checked_sub(self.pace.first);
            let begins = in_call.is_some_and(|frames| frames % self.pace.every == 0);
            if begins && now < self.pace.last_begin {
                sending.speaking = Some(0);
            }
            let payload = self.speech.frame(sending.speaking);
            sending.send(payload, now);
            sent += 1;
            if let Some(at) = &mut sending.speaking {
                if *at == self.speech.last_loud() {
                    held(&sending.call.outbox).spoke = Some(now);
                }
                *at += 1;
                if *at == self.speech.length() {
                    sending.speaking = None;
                    self.turns += 1;
                }
            }
        }
        sent
    }

    /// Ends every call as the carrier does.
    fn hang_up(&mut self) {
        for sending in self.slots.iter_mut().flatten() {
            let stream = &sending.call.stream;
            let stop = format!(
                r#"{{"event":"stop","sequenceNumber":"1","streamSid":"{stream}","stop":{{}}}}"#
            );
            write_text(stop.as_bytes(), &mut sending.unsent);
            write_close(&mut sending.unsent);
            sending.flush();
        }
    }
}

impl Sending {
    fn send(&mut self, payload: &str, now: Instant) {
        self.chunk += 1;
        self.message.write(self.chunk, payload, &mut self.unsent);
        let mut outbox = held(&self.call.outbox);
        while outbox.marks.front().is_some_and(|(due, _)| *due <= now) {
            if let Some((_, name)) = outbox.marks.pop_front() {
                self.message.write_mark(&name, &mut self.unsent);
            }
        }
        drop(outbox);
        self.flush();
    }

    /// Sends what the socket takes; the rest goes with the next frame.
    fn flush(&mut self) {
        match self.call.writer.try_write(&self.unsent) {
            Ok(sent) => {
                self.unsent.drain(..sent);
            }
            Err(why) if why.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => self.gone = true,
        }
        // A socket that takes nothing any more is given up; its reader counts it as broken.
        self.gone |= self.unsent.len() > MOST_UNSENT;
    }
}
