//! What a voice has to do, whoever speaks.

use std::time::Duration;

use domain::ReplyId;
use providers::{ProviderError, tts::ToVoice};
use tokio::{sync::mpsc, time::Instant};

use super::{Order, Speaking, speaking::Given};
use crate::stations::Tried;

/// So long the caller is left without the beginning of a reply when nobody else is left to speak it:
/// one voice that is given up for its silence, and the last one's time.
const PATIENCE: Duration = Duration::from_millis(2_700);
/// So long the last voice has in any case.
const LAST: Duration = Duration::from_millis(1_200);

/// What is to be spoken, whoever speaks it.
pub(super) struct Work {
    pub(super) orders: mpsc::Receiver<Order>,
    /// An order that comes before those.
    pub(super) next: Option<ToVoice>,
    pub(super) speaking: Option<Speaking>,
    pub(super) tried: Tried,
    /// Somebody is at the other end of the connection.
    pub(super) reached: bool,
}

impl Work {
    pub(super) fn of(orders: mpsc::Receiver<Order>, next: Option<ToVoice>) -> Self {
        Self {
            orders,
            next,
            speaking: None,
            tried: Tried::default(),
            reached: false,
        }
    }

    /// There is nothing to be spoken.
    pub(super) const fn is_idle(&self) -> bool {
        self.next.is_none() && self.speaking.is_none()
    }

    /// Clauses wait until the caller has heard more.
    pub(super) fn holds(&self) -> bool {
        let mut speaking = self.speaking.iter();
        speaking.any(|current| !current.held.is_empty())
    }

    /// When the last voice, asked at a moment, has kept the caller waiting for long enough.
    pub(super) fn patience(&self, asked: Instant) -> Option<Instant> {
        match self.speaking.as_ref()?.given {
            Given::Asked(at) => Some((at + PATIENCE).max(asked + LAST)),
            Given::Answered | Given::Nothing => None,
        }
    }

    /// The caller has waited too long for the same voice to be asked again.
    pub(super) fn is_overdue(&self) -> bool {
        let given = self.speaking.as_ref().map(|current| current.given);
        matches!(given, Some(Given::Asked(at)) if at.elapsed() >= PATIENCE)
    }

    /// Leaves the reply unspoken. Returns which one that is.
    pub(super) fn give_up(&mut self) -> Option<ReplyId> {
        let speaking = self.speaking.take().map(|current| current.reply);
        speaking.or(match self.next {
            Some(ToVoice::Say { reply, .. } | ToVoice::End(reply)) => Some(reply),
            Some(ToVoice::Cancel(_)) | None => None,
        })
    }
}

pub(super) const fn overdue() -> ProviderError {
    ProviderError::Silent {
        provider: "voice",
        stage: "first audio",
        waited: PATIENCE,
    }
}
