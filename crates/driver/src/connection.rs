//! What the tasks of a call have in common: how a provider's connection ends, how long audio is,
//! waiting for a moment that may never come.

use std::time::Duration;

pub(crate) use audio::g711::BYTES_PER_MS;
use domain::Millis;
use providers::ProviderError;
use tokio::time::Instant;

/// A connection that lasted this long was a good one.
pub(crate) const LIVED: Duration = Duration::from_secs(5);

/// How long audio plays.
pub(crate) fn length(bytes: &[u8]) -> Millis {
    Millis(bytes.len() as u64 / BYTES_PER_MS)
}

/// Whether some sample of mu-law audio is louder than line noise: about -43 dBFS.
pub(crate) fn is_loud(bytes: &[u8]) -> bool {
    // Without its sign, a smaller code is a larger sample.
    const QUIET: u8 = 0xE8;
    bytes.iter().any(|code| code | 0x80 < QUIET)
}

/// How one connection to a provider ended.
pub(crate) enum Broken {
    CallOver,
    Failed(ProviderError),
}

/// Why a connection was left.
pub(crate) enum Left {
    /// Somebody in front of it in the list works again.
    Back,
    Broken(Broken),
}

impl From<Broken> for Left {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl From<Result<(), ProviderError>> for Broken {
    fn from(result: Result<(), ProviderError>) -> Self {
        match result {
            Ok(()) => Self::CallOver,
            Err(error) => Self::Failed(error),
        }
    }
}

/// Nobody reads the mailbox any more: the call is over.
pub(crate) struct NobodyListens;

impl From<NobodyListens> for Broken {
    fn from(_: NobodyListens) -> Self {
        Self::CallOver
    }
}

/// Waits for a moment; without one, for ever.
pub(crate) async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
