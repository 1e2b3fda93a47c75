//! What a voice has to do, whoever speaks.

use std::time::Duration;

use domain::ReplyId;
use providers::{ProviderError, tts::ToVoice};
use tokio::{sync::mpsc, time::Instant};

use super::{Order, Speaking, speaking::Given};
use crate::stations::Tried;

/// So long the caller is left without the beginning of a reply, whoever is to speak it: one voice
/// that is given up for its silence, and another that has nearly as long.
const PATIENCE: Duration = Duration::from_millis(2_700);

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

    /// When the caller has waited long enough for the beginning of the reply.
    pub(super) fn patience(&self) -> Option<Instant> {
        match self.speaking.as_ref()?.given {
            Given::Asked(at) => Some(at + PATIENCE),
            Given::Answered | Given::Nothing => None,
        }
    }

    /// The caller has waited long enough: something else is to be heard.
    pub(super) fn is_overdue(&self) -> bool {
        self.patience().is_some_and(|end| end <= Instant::now())
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
