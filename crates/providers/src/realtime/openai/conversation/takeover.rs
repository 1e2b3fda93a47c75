//! Another session in place of one that has become old.

use session::{Message, Prompt};
use tokio::time::Instant;

use super::{
    super::{
        NAME, opening,
        spare::{Spare, SpareEvent},
        wire,
    },
    Conversation,
};
use crate::{ProviderError, realtime::Talk};

impl Conversation {
    /// Makes another session, empty as yet.
    pub(super) fn opening(&self) -> Spare {
        let prompt = Prompt {
            system: self.talk.prompt.system.clone(),
            messages: Vec::new(),
            may_press: false,
        };
        let talk = Talk {
            prompt,
            settings: self.talk.settings.clone(),
        };
        Spare::Opening(Box::pin(opening::open(self.dial.clone(), talk)))
    }

    pub(super) fn on_spare(&mut self, event: SpareEvent) {
        match event {
            SpareEvent::Opened(Ok(socket)) => self.spare = Spare::Ready(socket),
            SpareEvent::Opened(Err(error)) => {
                tracing::warn!(provider = NAME, %error, "no session to follow this one");
                self.spare = self.later();
            }
            SpareEvent::Closed => self.spare = self.later(),
            SpareEvent::Other => {}
        }
    }

    fn later(&self) -> Spare {
        Spare::Due(Instant::now() + self.deadlines.recycle_again)
    }

    /// In a pause, the next session takes over where this one is. A reply that plays may still be
    /// cut off, and sound that is not committed would be lost: then there is no pause. Where the
    /// server finds turns, sound that it may not have told of yet is heard again.
    pub(super) async fn take_over(&mut self) -> Result<(), ProviderError> {
        let now = Instant::now();
        let is_mid_turn = self.talk.settings.turns.is_ours() && self.sound.is_open();
        let is_pause = !is_mid_turn
            && self.sound.is_settled(now)
            && self.replies.is_idle()
            && self.hearing.is_idle();
        if !is_pause || !matches!(self.spare, Spare::Ready(_)) {
            return Ok(());
        }
        let due = Spare::Due(now + self.deadlines.recycle);
        let Spare::Ready(mut socket) = std::mem::replace(&mut self.spare, due) else {
            return Ok(());
        };
        let mut prompt = self.talk.prompt.clone();
        // A prompt that ends with the caller's words has those of its turn.
        if !matches!(prompt.messages.last(), Some(Message::Caller(_))) {
            prompt.messages.extend(self.hearing.since_prompt());
        }
        prompt.messages.extend(self.replies.since_prompt());
        if let Err(error) = opening::fill(&mut socket, &prompt).await {
            tracing::warn!(provider = NAME, %error, "the next session took no history");
            self.spare = self.later();
            return Ok(());
        }
        tracing::debug!(provider = NAME, "another session takes over");
        self.socket = socket;
        self.replies.on_new_session();
        let heard = self.sound.on_new_session();
        self.out.send.extend(heard.map(|bytes| wire::append(bytes)));
        self.alive = now;
        self.pinged = now;
        // Its settings may be older than the agent's.
        self.out.send.push(wire::instruct(&prompt.system));
        self.send_all().await
    }
}
