//! What the hands do while the carrier listens and speaks by itself.

use session::{AfterSaying, Missing};
use tokio::sync::mpsc;
use tracing::warn;

use super::Hands;
use crate::{mouth::ToMouth, recogniser, voice};

impl Hands {
    /// Leaves the audio of the line to the carrier. Nobody needs a recogniser or a voice any more.
    pub(super) fn take_rounds(&mut self, missing: Missing) {
        warn!(?missing, "from here on the carrier listens and speaks");
        let last = match missing {
            Missing::Recogniser => self.agent.listen.last().map(|last| &last.name),
            Missing::Voice => self.agent.speak.last().map(|last| &last.name),
        };
        if let Some(last) = last {
            self.commons.meters.fell_back(last, &self.agent.carrier);
        }
        self.tell_mouth(ToMouth::Close);
        // Full queues belong to who has no time to ask for more.
        drop(self.recogniser.try_send(recogniser::Order::Over));
        drop(self.voice.try_send(voice::Order::Over));
        (self.recogniser, _) = mpsc::channel(1);
        (self.voice, _) = mpsc::channel(1);
        // It has the time for its last bill that it takes.
        self.talker = None;
        self.sheet = Some(self.rounds.open());
    }

    /// Tells the carrier what to say, if it has asked and the agent has nothing more to add.
    pub(crate) fn answer_round(&mut self, then: impl FnOnce() -> Option<AfterSaying>) {
        if let Some(sheet) = &mut self.sheet {
            self.own.extend(sheet.answer(then()));
        }
    }
}
