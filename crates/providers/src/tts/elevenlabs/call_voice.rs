use std::{collections::VecDeque, time::Duration};

use domain::ReplyId;
use session::ClauseId;
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until},
};

use super::{
    client::Deadlines,
    ends::{closed, not_opened, on_idle_closed, on_idle_error},
    speaking::{Progress, Speaking},
    wire,
};
use crate::{
    ProviderError,
    socket::{Closed, Dial, NotOpened},
    tts::{
        FromVoice, ToVoice, Voice,
        line::{Line, LineEvent},
    },
};

/// Pieces that wait for the call to take them; beyond that the server has to wait.
const OUTBOX: usize = 64;

/// The voice of one call.
///
/// With one context per connection, a reply has a connection of its own, taken from a spare that
/// is always open; falling silent is dropping it. With many contexts, all replies share one.
pub(super) struct CallVoice {
    dial: Dial,
    voice: Voice,
    deadlines: Deadlines,
    /// The line of the reply being spoken; with many contexts, of all.
    active: Line,
    spare: Line,
    speaking: Option<Speaking>,
    outbox: VecDeque<FromVoice>,
    clock: Interval,
    /// Some line has stood: later failures wait until someone wants to speak.
    stood: bool,
}

enum Event {
    Active(LineEvent),
    Spare(LineEvent),
    Deadline,
    KeepAlive,
}

impl CallVoice {
    pub(super) fn new(dial: Dial, voice: Voice, deadlines: Deadlines) -> Self {
        let tick = deadlines.keep_alive.max(Duration::from_millis(1));
        let mut clock = interval_at(Instant::now() + tick, tick);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            dial,
            voice,
            deadlines,
            active: Line::Gone,
            spare: Line::Gone,
            speaking: None,
            outbox: VecDeque::new(),
            clock,
            stood: false,
        }
    }

    /// Serves the call until nobody gives orders, or takes what was made.
    pub(super) async fn run(
        mut self,
        mut orders: mpsc::Receiver<ToVoice>,
        made: mpsc::Sender<FromVoice>,
    ) -> Result<(), ProviderError> {
        if self.voice.multi_context {
            self.active = self.opening();
        } else {
            self.spare = self.opening();
        }
        loop {
            let deadline = self.speaking.as_ref().and_then(Speaking::deadline);
            let due = deadline.unwrap_or_else(Instant::now);
            let has_room = self.outbox.len() < OUTBOX;
            let event = tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => {
                        self.obey(order).await;
                        continue;
                    }
                    None => return Ok(()),
                },
                place = made.reserve(), if !self.outbox.is_empty() => match place {
                    Ok(place) => {
                        place.send(self.outbox.pop_front().expect("the branch is off while it is empty"));
                        continue;
                    }
                    Err(_gone) => return Ok(()),
                },
                event = self.active.next(), if has_room => Event::Active(event),
                event = self.spare.next() => Event::Spare(event),
                () = sleep_until(due), if deadline.is_some() && has_room => Event::Deadline,
                _tick = self.clock.tick() => Event::KeepAlive,
            };
            self.on_event(event).await?;
        }
    }

    async fn obey(&mut self, order: ToVoice) {
        match order {
            // Nothing to speak; and empty text would end the connection.
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
        let context = self.context(reply);
        let mut speaking = match self.speaking.take() {
            Some(speaking) => speaking,
            None => self.begin(reply),
        };
        self.take_line();
        speaking.say(clause, text, &self.deadlines);
        speaking.unsent.push(wire::say(text, context.as_deref()));
        self.speaking = Some(speaking);
        self.send_unsent().await;
    }

    fn begin(&self, reply: ReplyId) -> Speaking {
        let mut speaking = Speaking::new(reply);
        if let Some(context) = self.context(reply) {
            speaking
                .unsent
                .push(wire::begin(&self.voice, Some(&context)));
        }
        speaking
    }

    /// Makes sure that there is a line to speak on, and a spare behind it.
    fn take_line(&mut self) {
        if !self.active.is_gone() {
            return;
        }
        self.active = std::mem::take(&mut self.spare);
        if self.active.is_gone() {
            self.active = self.opening();
        }
        if let Line::Open(_) = self.active {
            self.refill();
        }
    }

    fn refill(&mut self) {
        if !self.voice.multi_context && self.spare.is_gone() {
            self.spare = self.opening();
        }
    }

    async fn end(&mut self, reply: ReplyId) {
        let context = self.context(reply);
        let Some(speaking) = self
            .speaking
            .as_mut()
            .filter(|one| one.clauses.reply() == reply)
        else {
            // Nothing of it was ever spoken.
            self.outbox.push_back(FromVoice::All(reply));
            return;
        };
        let progress = speaking.end(&self.deadlines);
        match context {
            Some(context) => {
                speaking.unsent.push(wire::flush(&context));
                speaking.unsent.push(wire::close(&context));
            }
            None => speaking.unsent.push(wire::END.to_owned()),
        }
        self.send_unsent().await;
        self.on_progress(progress);
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

    /// Falls silent: what comes for this reply from here on is not read, or has no owner.
    async fn drop_reply(&mut self) {
        let Some(speaking) = self.speaking.take() else {
            return;
        };
        match self.context(speaking.clauses.reply()) {
            Some(context) if !speaking.ended => self.active.send(wire::close(&context)).await,
            Some(_closed) => {}
            None => {
                self.active = Line::Gone;
                self.refill();
            }
        }
    }

    async fn send_unsent(&mut self) {
        if let (Line::Open(_), Some(speaking)) = (&self.active, &mut self.speaking) {
            for message in std::mem::take(&mut speaking.unsent) {
                self.active.send(message).await;
            }
        }
    }

    async fn on_event(&mut self, event: Event) -> Result<(), ProviderError> {
        match event {
            Event::Active(LineEvent::Opened) => {
                self.on_opened();
                self.send_unsent().await;
                self.refill();
            }
            Event::Spare(LineEvent::Opened) => self.on_opened(),
            Event::Active(LineEvent::NotOpened(why)) => return Err(not_opened(why)),
            Event::Spare(LineEvent::NotOpened(why)) if !self.stood => return Err(not_opened(why)),
            Event::Spare(LineEvent::NotOpened(_later)) => {}
            Event::Active(LineEvent::Text(text)) => self.on_text(&text)?,
            Event::Spare(LineEvent::Text(text)) => {
                if let Err(error) = wire::read(&text) {
                    on_idle_error(error)?;
                    self.spare = Line::Gone;
                }
            }
            Event::Active(LineEvent::Closed(how)) => self.on_closed(how)?,
            Event::Spare(LineEvent::Closed(how)) => on_idle_closed(how)?,
            Event::Active(LineEvent::Alive | LineEvent::Binary(_))
            | Event::Spare(LineEvent::Alive | LineEvent::Binary(_)) => {}
            Event::Deadline => {
                if let Some(speaking) = &mut self.speaking {
                    let progress = speaking.on_deadline(&self.deadlines)?;
                    self.on_progress(progress);
                }
            }
            Event::KeepAlive => self.keep_alive().await,
        }
        Ok(())
    }

    fn on_opened(&mut self) {
        if !std::mem::replace(&mut self.stood, true) {
            self.outbox.push_back(FromVoice::Ready);
        }
    }

    fn on_text(&mut self, text: &str) -> Result<(), ProviderError> {
        let read = wire::read(text);
        let own = self.current().and_then(|reply| self.context(reply));
        let Some(speaking) = &mut self.speaking else {
            return read.map_or_else(on_idle_error, |_late| Ok(()));
        };
        let spoken = read?;
        let is_foreign = own.is_some() && spoken.context.is_some() && spoken.context != own;
        if is_foreign {
            return Ok(());
        }
        let progress = speaking.hear(&spoken, &self.deadlines, &mut self.outbox)?;
        self.on_progress(progress);
        Ok(())
    }

    fn on_closed(&mut self, how: Closed) -> Result<(), ProviderError> {
        let Some(speaking) = &mut self.speaking else {
            return on_idle_closed(how);
        };
        let is_normal = matches!(
            how,
            Closed::Said {
                code: 1000 | 1005,
                ..
            }
        );
        let clauses = &speaking.clauses;
        // A server that is drained closes normally, in the middle of a reply if need be: where its
        // letters tell what was spoken, they decide.
        let has_all = clauses.is_over()
            || if clauses.is_aligned() {
                clauses.is_caught_up()
            } else {
                is_normal && clauses.has_audio()
            };
        if !has_all {
            return Err(closed(how));
        }
        if speaking.ended {
            self.on_progress(Progress::All);
        } else {
            // A server may speak one clause per connection: the next one begins anew.
            self.speaking = None;
        }
        Ok(())
    }

    fn on_progress(&mut self, progress: Progress) {
        match (progress, &self.speaking) {
            (Progress::Speaking, _) | (Progress::All, None) => {}
            (Progress::All, Some(speaking)) => {
                self.outbox
                    .push_back(FromVoice::All(speaking.clauses.reply()));
                self.speaking = None;
                if !self.voice.multi_context {
                    self.active = Line::Gone;
                    self.refill();
                }
            }
        }
    }

    async fn keep_alive(&mut self) {
        let waiting = self.speaking.as_ref().filter(|speaking| !speaking.ended);
        let waiting = waiting.map(|speaking| speaking.clauses.reply());
        if self.voice.multi_context {
            let context = waiting.and_then(|reply| self.context(reply));
            let message = context.map_or_else(
                || wire::KEEP_ALIVE_MULTI.to_owned(),
                |context| wire::keep_alive(&context),
            );
            self.active.send(message).await;
        } else {
            self.spare.send(wire::KEEP_ALIVE.to_owned()).await;
            if waiting.is_some() {
                self.active.send(wire::KEEP_ALIVE.to_owned()).await;
            }
        }
    }

    fn current(&self) -> Option<ReplyId> {
        self.speaking
            .as_ref()
            .map(|speaking| speaking.clauses.reply())
    }

    /// The name of a reply's context, where there are contexts.
    fn context(&self, reply: ReplyId) -> Option<String> {
        self.voice.multi_context.then(|| reply.to_string())
    }

    /// Makes a connection. One for a single reply is told at once how to speak.
    fn opening(&self) -> Line {
        let dial = self.dial.clone();
        let begin = (!self.voice.multi_context).then(|| wire::begin(&self.voice, None));
        Line::Opening(Box::pin(async move {
            let mut socket = dial.open().await?;
            if let Some(begin) = begin {
                let sent = socket.send_text(begin).await;
                sent.map_err(|how| NotOpened::Failed(closed(how)))?;
            }
            Ok(socket)
        }))
    }
}
