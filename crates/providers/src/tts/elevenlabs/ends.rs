//! What the end of a line means, or that there is none.

use super::{NAME, wire};
use crate::{
    ProviderError,
    socket::{Closed, NotOpened},
};

/// Why a line could not be made.
pub(super) fn not_opened(why: NotOpened) -> ProviderError {
    match why {
        NotOpened::Failed(error) => error,
        NotOpened::Refused(refusal) => wire::refused(refusal.status, &refusal.body),
    }
}

/// An error that no reply suffers from. The age of a connection is none.
pub(super) fn on_idle_error(error: ProviderError) -> Result<(), ProviderError> {
    if let ProviderError::Refused { status, detail, .. } = &error
        && !wire::is_idle_close(*status, detail)
    {
        return Err(error);
    }
    tracing::debug!(provider = NAME, %error, "an idle line complained");
    Ok(())
}

/// The end of a line that no reply was on.
pub(super) fn on_idle_closed(how: Closed) -> Result<(), ProviderError> {
    if let Closed::Said { code, reason } = &how
        && !wire::is_idle_close(*code, reason)
    {
        return Err(wire::closed(*code, reason));
    }
    tracing::debug!(provider = NAME, ?how, "an idle line ended");
    Ok(())
}

/// The end of a line in the middle of a reply.
pub(super) fn closed(how: Closed) -> ProviderError {
    match how {
        Closed::Said { code, reason } => wire::closed(code, &reason),
        how @ (Closed::Broke(_) | Closed::Garbled(_) | Closed::Stuck { .. }) => {
            how.into_error(NAME)
        }
    }
}
