use crate::{ProviderError, deepgram::NAME};

/// Unreadable messages in a row that are no accident any more.
const MOST: u32 = 8;

/// Counts unreadable messages in a row.
#[derive(Debug, Default)]
pub(super) struct Patience(u32);

impl Patience {
    /// What was read. `None`: nothing, and that may happen.
    pub(super) fn take<T>(
        &mut self,
        read: Result<T, ProviderError>,
    ) -> Result<Option<T>, ProviderError> {
        match read {
            Ok(message) => {
                self.0 = 0;
                Ok(Some(message))
            }
            Err(error) if self.0 >= MOST => Err(error),
            Err(error) => {
                self.0 += 1;
                tracing::debug!(provider = NAME, %error, "unreadable message skipped");
                Ok(None)
            }
        }
    }
}
