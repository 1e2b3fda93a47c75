//! What the hands do while the carrier listens and speaks by itself.

use session::{AfterSaying, Missing};
use tokio::sync::mpsc;
use tracing::warn;

use super::Hands;
use crate::mouth::ToMouth;

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
        (self.recogniser, _) = mpsc::channel(1);
        (self.voice, _) = mpsc::channel(1);
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
