//! Voices whose server speaks one clause per request. Requests begin ahead, while the clause before
//! is still coming; their sound is handed over in order.

mod call_voice;
mod fetch;
mod format;

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

pub(super) use self::{
    call_voice::CallVoice,
    fetch::{Gone, Pieces},
    format::known_format,
};
use crate::{ProviderError, endpoint::Endpoint};

/// Mu-law at 8 kHz.
pub(super) const BYTES_PER_MS: usize = audio::g711::BYTES_PER_MS as usize;

/// One call's voice at a server that is asked for one clause at a time.
pub(super) trait ByClause: Send + Sync + 'static {
    /// The server.
    fn endpoint(&self) -> &Endpoint;

    /// Where it lists its models, which is asked for to open a connection.
    fn models(&self) -> &'static str;

    /// Makes the sound of a clause. Dropping the future cancels the request.
    fn make(
        self: Arc<Self>,
        clause: Clause,
        pieces: Pieces,
    ) -> BoxFuture<'static, Result<(), ProviderError>>;
}

/// What is to be spoken.
#[derive(Debug, Default)]
pub(super) struct Clause {
    /// Its words.
    pub(super) text: String,
    /// Those of its reply that were asked for before it, or the last of them.
    pub(super) previous: String,
}

/// How long speech by requests may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// For opening a connection ahead of time.
    pub warm: Duration,
    /// From a clause to its first audio, counted once the sound of the one before is over.
    pub first_audio: Duration,
    /// Between two pieces of audio of a clause.
    pub audio_gap: Duration,
    /// A connection that was not used for so long is warmed again.
    pub keep_warm: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            // Longer than a connection may take, so that a server that is not there is noticed.
            warm: Duration::from_millis(2_500),
            first_audio: Duration::from_millis(1_500),
            audio_gap: Duration::from_secs(2),
            keep_warm: Duration::from_secs(60),
        }
    }
}

/// Whether a clause has anything to be spoken: servers refuse what has not.
pub(super) fn is_speakable(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// The most mu-law that any voice makes of a text, in bytes. More is a server gone astray.
pub(super) fn longest(text: &str) -> usize {
    /// No clause is worth more than a minute.
    const MOST_MS: usize = 60_000;
    /// What the slowest voice makes of a short clause, and of each further letter.
    const SLOWEST_MS: (usize, usize) = (10_000, 500);
    let (short, letter) = SLOWEST_MS;
    let millis = short + letter * text.chars().count();
    MOST_MS.min(millis) * BYTES_PER_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clause_of_signs_alone_is_not_speakable() {
        assert!(is_speakable("¡Sí!") && is_speakable("3"));
        assert!(!is_speakable("…") && !is_speakable(" — ") && !is_speakable(""));
    }
}
