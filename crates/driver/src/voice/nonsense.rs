//! What a voice sends that cannot be its words: noise, silence, sound without end.

use domain::Millis;
use providers::ProviderError;

/// Of so many samples of speech at most one is as loud as only peaks are.
const PEAKS: usize = 10;
/// Fewer samples tell nothing: 50 ms.
const ENOUGH: usize = 400;

/// Refuses audio of another format. Taken for mu-law it is noise at full level, which nobody must
/// hear; of speech, even of loud speech, only single peaks are in the topmost segment.
pub(super) fn check(bytes: &[u8]) -> Result<(), ProviderError> {
    /// Codes of the topmost segment, either sign: 6 dB under the loudest and up.
    const TOPMOST: u8 = 0x10;
    let peaks = bytes.iter().filter(|code| **code & 0x7F < TOPMOST).count();
    if bytes.len() >= ENOUGH && peaks * PEAKS > bytes.len() {
        return Err(garbled("noise at full level: not mu-law?"));
    }
    Ok(())
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear_samples_and_compressed_ones_are_no_speech() {
        // A tone of linear samples, and bytes of every kind as an MP3 has them.
        let linear: Vec<u8> = (0..800_i16)
            .flat_map(|at| ((at % 80) * 100 - 4_000).to_le_bytes())
            .collect();
        let mixed: Vec<u8> = (0..1_600_u32).map(|at| (at * 167) as u8).collect();
        assert!(check(&linear).is_err());
        assert!(check(&mixed).is_err());
    }

    #[test]
    fn a_loud_voice_with_peaks_passes() {
        let mut voice = vec![0x20; 1_600];
        voice.iter_mut().step_by(20).for_each(|code| *code = 0x02);
        assert!(check(&voice).is_ok());
    }
}
