use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use domain::ReplyId;
use session::ClauseId;
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until},
};

use super::{
    client::Deadlines,
    flushes::Flushes,
    groups::Pace,
    speaking::Speaking,
    wire::{self, FromAura},
};
use crate::{
    ProviderError,
    deepgram::{self, NAME},
    socket::{Closed, Dial},
    tts::{
        FromVoice, ToVoice,
        line::{Line, LineEvent},
    },
};

/// Pieces that wait for the call to take them; beyond that the server has to wait.
const OUTBOX: usize = 64;
/// Flushes that a reply needs at least: its first clause, and the rest.
const FLUSHES_OF_A_REPLY: usize = 2;
/// Pings that may pass without a sign of life.
const MOST_SILENT_PINGS: u32 = 2;

/// The voice of one call.
pub(super) struct CallVoice {
    dial: Dial,
    deadlines: Deadlines,
    line: Line,
    flushes: Flushes,
    /// Clears that were not answered: until then audio is that of a dropped reply.
    clearing: u32,
    /// Flushes of dropped replies that may be answered yet.
    stale: usize,
    speaking: Option<Speaking>,
    pace: Pace,
    outbox: VecDeque<FromVoice>,
    clock: Interval,
    silent_pings: u32,
    /// Some line has stood: later failures wait until someone wants to speak.
    stood: bool,
}

enum Event {
    Line(LineEvent),
    Deadline,
    Flush,
    Ping,
}

impl CallVoice {
    pub(super) fn new(dial: Dial, deadlines: Deadlines) -> Self {
        let tick = deadlines.ping.max(Duration::from_millis(1));
        let mut clock = interval_at(Instant::now() + tick, tick);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut voice = Self {
            dial,
            deadlines,
            line: Line::Gone,
            flushes: Flushes::default(),
            clearing: 0,
            stale: 0,
            speaking: None,
            pace: Pace::default(),
            outbox: VecDeque::new(),
            clock,
            silent_pings: 0,
            stood: false,
        };
        voice.open();
        voice
    }

    /// Serves the call until nobody gives orders, or takes what was made.
    pub(super) async fn run(
        mut self,
        mut orders: mpsc::Receiver<ToVoice>,
        made: mpsc::Sender<FromVoice>,
    ) -> Result<(), ProviderError> {
        loop {
            let deadline = self.speaking.as_ref().and_then(Speaking::deadline);
            let now = Instant::now();
            let due = deadline.unwrap_or(now);
            let flush = self.flush_at(now);
            let flush_due = flush.unwrap_or(now);
            let has_room = self.outbox.len() < OUTBOX;
            let event = tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => {
                        self.obey(order).await;
                        continue;
                    }
                    None => {
                        self.line.send(wire::CLOSE.to_owned()).await;
                        return Ok(());
                    }
                },
                place = made.reserve(), if !self.outbox.is_empty() => match place {
                    Ok(place) => {
                        place.send(self.outbox.pop_front().expect("the branch is off while it is empty"));
                        continue;
                    }
                    Err(_gone) => return Ok(()),
                },
                event = self.line.next(), if has_room => Event::Line(event),
                () = sleep_until(due), if deadline.is_some() && has_room => Event::Deadline,
                () = sleep_until(flush_due), if flush.is_some() => Event::Flush,
                _tick = self.clock.tick() => Event::Ping,
            };
            self.on_event(event).await?;
        }
    }

    /// Makes a connection. Nothing of the last one comes any more.
    fn open(&mut self) {
        let dial = self.dial.clone();
        self.line = Line::Opening(Box::pin(dial.open()));
        self.flushes = Flushes::default();
        self.clearing = 0;
        self.stale = 0;
        self.silent_pings = 0;
    }

    async fn obey(&mut self, order: ToVoice) {
        match order {
            ToVoice::Say { text, .. } if text.trim().is_empty() => {}
            ToVoice::Say {
                reply,
                clause,
                text,
            } => self.say(reply, clause, &text).await,
            ToVoice::End(reply) => self.end(reply).await,
            ToVoice::Cancel(reply) => self.cancel(reply).await,
        }
    }

    async fn say(&mut self, reply: ReplyId, clause: ClauseId, text: &str) {
        if self.current().is_some_and(|current| current != reply) {
            self.drop_reply().await;
        }
        if self.line.is_gone() || (self.speaking.is_none() && self.is_worn_out()) {
            self.open();
        }
        let speaking = self.speaking.get_or_insert_with(|| Speaking::new(reply));
        speaking.say(clause, text);
        self.flush_if_due();
        self.send_unsent().await;
    }

    /// Whether the line has no flushes left for a reply.
    fn is_worn_out(&mut self) -> bool {
        self.flushes.left(Instant::now()) < FLUSHES_OF_A_REPLY
    }

    async fn end(&mut self, reply: ReplyId) {
        let speaking = self.speaking.as_mut();
        let Some(speaking) = speaking.filter(|speaking| speaking.reply() == reply) else {
            // Nothing of it was ever spoken.
            self.outbox.push_back(FromVoice::All(reply));
            return;
        };
        speaking.ended = true;
        self.flush_if_due();
        self.send_unsent().await;
        self.finish_if_over();
    }

    async fn cancel(&mut self, reply: ReplyId) {
        if self.current() == Some(reply) {
            self.drop_reply().await;
        }
        self.outbox.retain(|piece| match piece {
            FromVoice::Audio { reply: whose, .. } | FromVoice::All(whose) => *whose != reply,
            FromVoice::Ready => true,
        });
    }

    /// Falls silent: what comes for this reply from here on has no owner.
    async fn drop_reply(&mut self) {
        let Some(speaking) = self.speaking.take() else {
            return;
        };
        if let Line::Open(_) = self.line
            && !speaking.groups.is_over()
        {
            self.clearing += 1;
            self.stale += speaking.groups.owed();
            self.line.send(wire::CLEAR.to_owned()).await;
        }
    }

    fn flush_at(&self, now: Instant) -> Option<Instant> {
        let speaking = self.speaking.as_ref()?;
        let at = speaking.flush_at(now, self.deadlines.flush_ahead)?;
        Some(self.flushes.next().map_or(at, |next| at.max(next)))
    }

    fn flush_if_due(&mut self) {
        let now = Instant::now();
        if self.flush_at(now).is_some_and(|at| at <= now)
            && let Some(speaking) = &mut self.speaking
        {
            self.flushes.note(now);
            speaking.flush(now, &self.deadlines);
        }
    }

    async fn send_unsent(&mut self) {
        if let (Line::Open(_), Some(speaking)) = (&self.line, &mut self.speaking) {
            for message in std::mem::take(&mut speaking.unsent) {
                self.line.send(message).await;
            }
        }
    }

    async fn on_event(&mut self, event: Event) -> Result<(), ProviderError> {
        match event {
            Event::Line(event) => {
                self.silent_pings = 0;
                self.on_line(event).await?;
            }
            Event::Deadline => {
                if let Some(speaking) = &self.speaking {
                    return Err(speaking.silent(&self.deadlines));
                }
            }
            Event::Flush => {
                self.flush_if_due();
                self.send_unsent().await;
            }
            Event::Ping => self.ping().await,
        }
        Ok(())
    }

    async fn on_line(&mut self, event: LineEvent) -> Result<(), ProviderError> {
        match event {
            LineEvent::Opened => {
                if !std::mem::replace(&mut self.stood, true) {
                    self.outbox.push_back(FromVoice::Ready);
                }
                self.send_unsent().await;
                Ok(())
            }
            LineEvent::NotOpened(why) => {
                // A line that was made for a reply nobody wants is not missed.
                if self.stood && self.speaking.is_none() {
                    return Ok(());
                }
                Err(deepgram::not_opened(why))
            }
            LineEvent::Binary(audio) => self.on_audio(audio),
            LineEvent::Text(text) => self.on_text(&text),
            LineEvent::Closed(how) => self.on_closed(how),
            LineEvent::Alive => Ok(()),
        }
    }

    fn on_audio(&mut self, audio: Bytes) -> Result<(), ProviderError> {
        if self.clearing > 0 || audio.is_empty() {
            return Ok(());
        }
        if let Some(speaking) = &mut self.speaking {
            let pieces = speaking.hear(audio, &self.pace, &self.deadlines)?;
            self.outbox.extend(pieces);
        }
        Ok(())
    }

    fn on_text(&mut self, text: &str) -> Result<(), ProviderError> {
        match wire::read(text) {
            Ok(FromAura::Cleared) => self.clearing = self.clearing.saturating_sub(1),
            Ok(FromAura::Flushed) => self.on_flushed()?,
            Ok(FromAura::Complaint(said)) => {
                tracing::warn!(provider = NAME, said, "the voice complained");
            }
            Ok(FromAura::Nothing) => {}
            Err(error) if self.speaking.is_some() => return Err(error),
            Err(error) => tracing::debug!(provider = NAME, %error, "unreadable message skipped"),
        }
        Ok(())
    }

    fn on_flushed(&mut self) -> Result<(), ProviderError> {
        let is_heard = self
            .speaking
            .as_ref()
            .is_some_and(|speaking| speaking.groups.has_audio());
        // A flush may be answered although it was cleared, before or after that is said.
        if self.clearing > 0 || (self.stale > 0 && !is_heard) {
            self.stale = self.stale.saturating_sub(1);
            return Ok(());
        }
        self.stale = 0;
        if let Some(speaking) = &mut self.speaking {
            speaking.flushed(&mut self.pace, &self.deadlines)?;
        }
        self.finish_if_over();
        Ok(())
    }

    fn finish_if_over(&mut self) {
        if let Some(done) = self.speaking.take_if(|speaking| speaking.is_over()) {
            self.outbox.push_back(FromVoice::All(done.reply()));
        }
    }

    fn on_closed(&mut self, how: Closed) -> Result<(), ProviderError> {
        let speaking = self.speaking.as_ref();
        let is_missed = speaking.is_some_and(|speaking| !speaking.groups.is_over());
        match how {
            Closed::Said { code, reason } if is_missed || !wire::is_idle_close(code) => {
                return Err(wire::closed(code, &reason));
            }
            Closed::Broke(_) | Closed::Garbled(_) | Closed::Stuck { .. } if is_missed => {
                return Err(how.into_error(NAME));
            }
            Closed::Said { .. } | Closed::Broke(_) | Closed::Garbled(_) | Closed::Stuck { .. } => {}
        }
        tracing::debug!(provider = NAME, ?how, "an idle line ended");
        Ok(())
    }

    /// A line that nobody speaks on may be gone without a word.
    async fn ping(&mut self) {
        if self.silent_pings >= MOST_SILENT_PINGS && self.speaking.is_none() {
            self.line = Line::Gone;
            return;
        }
        self.silent_pings += 1;
        self.line.ping().await;
    }

    fn current(&self) -> Option<ReplyId> {
        self.speaking.as_ref().map(Speaking::reply)
    }
}
