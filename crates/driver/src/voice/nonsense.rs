//! What a voice sends that cannot be its words: silence, sound without end. How loud it is says
//! nothing: ordinary voices are at full level for long stretches.

use domain::Millis;
use providers::ProviderError;

/// The longest that a text can sound, whatever its digits and abbreviations stand for.
pub(super) fn longest(characters: usize) -> Millis {
    const MS_PER_CHAR: u64 = 250;
    const MARGIN: Millis = Millis(3_000);
    MARGIN + Millis(characters as u64 * MS_PER_CHAR)
}

pub(super) fn garbled(detail: &str) -> ProviderError {
    ProviderError::Garbled {
        provider: "voice",
        detail: detail.to_owned(),
    }
}
