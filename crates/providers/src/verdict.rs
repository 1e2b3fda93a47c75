use std::time::Duration;

use crate::Secret;

/// What to do about a failure. Callers ask this, never the text of the error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// This request does not work here, and that is nobody's fault: its shape, its size or its
    /// words are refused. Another provider may take it.
    GiveUp,
    /// The key or the quota is refused, whatever is asked for: no retry here, leave the provider alone
    /// for long, alert.
    KeyRefused,
    /// The key is good, but not for this model, or there is no such model: no retry, leave the model
    /// alone for long, alert.
    ModelRefused,
    /// The same provider may work at once.
    Retry,
    /// The same provider may work after this wait.
    RetryAfter(Duration),
    /// What one agent asks of the model is refused, such as its voice: no retry, spare calls with
    /// these settings for long, alert. Others have no part in it.
    SettingsRefused,
    /// Someone else should do it.
    SwitchProvider,
}

impl Verdict {
    /// No other request with this key, model and settings would fare better.
    #[must_use]
    pub const fn is_for_good(self) -> bool {
        match self {
            Self::KeyRefused | Self::ModelRefused | Self::SettingsRefused => true,
            Self::GiveUp | Self::Retry | Self::RetryAfter(_) | Self::SwitchProvider => false,
        }
    }
}

/// The stage of opening a connection.
pub(crate) const CONNECT: &str = "connect";

/// Why a provider failed. One shape for all three jobs: what differs is the verdict.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProviderError {
    /// The connection broke.
    #[error("{provider}: connection failed: {detail}")]
    Connection {
        /// Who.
        provider: &'static str,
        /// The cause, without secrets.
        detail: String,
    },
    /// It answered something that is not its protocol.
    #[error("{provider}: unreadable answer: {detail}")]
    Garbled {
        /// Who.
        provider: &'static str,
        /// What was odd.
        detail: String,
    },
    /// It refused, and said why.
    #[error("{provider}: refused with {status}: {detail}")]
    Refused {
        /// Who.
        provider: &'static str,
        /// HTTP status or close code.
        status: u16,
        /// Its own words, cut short, without secrets.
        detail: String,
        /// What follows from it, by that provider's table.
        verdict: Verdict,
    },
    /// It said nothing for too long.
    #[error("{provider}: no answer within {waited:?} ({stage})")]
    Silent {
        /// Who.
        provider: &'static str,
        /// What was waited for, such as `connect`, `first token` or `audio gap`.
        stage: &'static str,
        /// How long.
        waited: Duration,
    },
    /// No connection could be made.
    #[error("{provider}: not reached: {detail}")]
    Unreachable {
        /// Who.
        provider: &'static str,
        /// The cause, without secrets.
        detail: String,
    },
}

impl ProviderError {
    /// What to do about it.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Connection { .. } | Self::Unreachable { .. } => Verdict::Retry,
            Self::Garbled { .. } | Self::Silent { .. } => Verdict::SwitchProvider,
            Self::Refused { verdict, .. } => *verdict,
        }
    }

    /// Whether the provider was not even reached: there was no connection that could have broken.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Silent { stage, .. } => *stage == CONNECT,
            Self::Unreachable { .. } => true,
            Self::Connection { .. } | Self::Garbled { .. } | Self::Refused { .. } => false,
        }
    }

    /// The same error, should a server have repeated our key in its answer.
    #[must_use]
    pub(crate) fn without(mut self, key: &Secret) -> Self {
        match &mut self {
            Self::Connection { detail, .. }
            | Self::Garbled { detail, .. }
            | Self::Refused { detail, .. }
            | Self::Unreachable { detail, .. } => *detail = detail.replace(key.reveal(), "***"),
            Self::Silent { .. } => {}
        }
        self
    }

    /// A short label for metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Connection { .. } | Self::Unreachable { .. } => "connection",
            Self::Garbled { .. } => "garbled",
            Self::Refused { .. } => "refused",
            Self::Silent { .. } => "silent",
        }
    }
}
