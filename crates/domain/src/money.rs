use std::{fmt, iter::Sum, ops::Add};

use crate::Millis;

/// Money: millionths of a US dollar.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Micros(pub u64);

impl Micros {
    /// `self` per `unit` of something of which `amount` was used, rounded half up.
    fn per(self, amount: u64, unit: u64) -> Self {
        let exact = u128::from(self.0) * u128::from(amount);
        let rounded = (exact + u128::from(unit / 2)) / u128::from(unit);
        Self(u64::try_from(rounded).unwrap_or(u64::MAX))
    }

    /// As dollars, for metrics and JSON.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a sum beyond 2^53 micro-dollars is not shown"
    )]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Add for Micros {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Micros {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// What a call consumed, in the units that providers bill.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// Time on the carrier's line.
    pub line: Millis,
    /// Audio sent to speech recognition.
    pub stt_audio: Millis,
    /// Prompt tokens, those read from the provider's cache included.
    pub llm_input_tokens: u64,
    /// The part of the prompt tokens that the provider's cache held.
    pub llm_cached_tokens: u64,
    /// Tokens generated, hidden reasoning included.
    pub llm_output_tokens: u64,
    /// The part of the prompt tokens that went into replies which nobody was to hear: begun
    /// before the caller's turn was surely over, and thrown away.
    pub llm_discarded_input_tokens: u64,
    /// The part of the generated tokens that was thrown away with them.
    pub llm_discarded_output_tokens: u64,
    /// Characters sent to speech synthesis, those of cancelled replies included.
    pub tts_characters: u64,
}

impl Add for Usage {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            line: self.line + other.line,
            stt_audio: self.stt_audio + other.stt_audio,
            llm_input_tokens: self.llm_input_tokens + other.llm_input_tokens,
            llm_cached_tokens: self.llm_cached_tokens + other.llm_cached_tokens,
            llm_output_tokens: self.llm_output_tokens + other.llm_output_tokens,
            llm_discarded_input_tokens: self.llm_discarded_input_tokens
                + other.llm_discarded_input_tokens,
            llm_discarded_output_tokens: self.llm_discarded_output_tokens
                + other.llm_discarded_output_tokens,
            tts_characters: self.tts_characters + other.tts_characters,
        }
    }
}

/// What the providers of one agent charge. All zero for the offline engines.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Prices {
    /// The carrier's price for a minute of the call.
    pub line_per_minute: Micros,
    /// Speech recognition, per minute of audio.
    pub stt_per_minute: Micros,
    /// Per million prompt tokens.
    pub llm_input_per_million: Micros,
    /// Per million prompt tokens read from the provider's cache.
    pub llm_cached_per_million: Micros,
    /// Per million generated tokens.
    pub llm_output_per_million: Micros,
    /// Speech synthesis, per million characters.
    pub tts_per_million: Micros,
}

impl Prices {
    /// What the line itself costs.
    #[must_use]
    pub fn line(&self, used: &Usage) -> Micros {
        self.line_per_minute.per(used.line.0, 60_000)
    }

    /// What speech recognition costs.
    #[must_use]
    pub fn stt(&self, used: &Usage) -> Micros {
        self.stt_per_minute.per(used.stt_audio.0, 60_000)
    }

    /// What the language model costs.
    #[must_use]
    pub fn llm(&self, used: &Usage) -> Micros {
        let fresh = used.llm_input_tokens.saturating_sub(used.llm_cached_tokens);
        self.llm_input_per_million.per(fresh, 1_000_000)
            + self
                .llm_cached_per_million
                .per(used.llm_cached_tokens, 1_000_000)
            + self
                .llm_output_per_million
                .per(used.llm_output_tokens, 1_000_000)
    }

    /// The part of [`Prices::llm`] that was spent on replies begun too soon. At most: providers
    /// do not say how much of a reply that was cancelled they found in their caches.
    #[must_use]
    pub fn speculation(&self, used: &Usage) -> Micros {
        self.llm_input_per_million
            .per(used.llm_discarded_input_tokens, 1_000_000)
            + self
                .llm_output_per_million
                .per(used.llm_discarded_output_tokens, 1_000_000)
    }

    /// What speech synthesis costs.
    #[must_use]
    pub fn tts(&self, used: &Usage) -> Micros {
        self.tts_per_million.per(used.tts_characters, 1_000_000)
    }

    /// What everything together costs.
    #[must_use]
    pub fn total(&self, used: &Usage) -> Micros {
        self.line(used) + self.stt(used) + self.llm(used) + self.tts(used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten minutes at Nova-2's and tts-1's old prices: $0.043 and $0.0225 (not ten times that).
    #[test]
    fn ten_minutes_cost_what_they_should() {
        let prices = Prices {
            stt_per_minute: Micros(4_300),
            tts_per_million: Micros(15_000_000),
            ..Prices::default()
        };
        let used = Usage {
            stt_audio: Millis(600_000),
            tts_characters: 1_500,
            ..Usage::default()
        };
        assert_eq!(prices.stt(&used), Micros(43_000));
        assert_eq!(prices.tts(&used), Micros(22_500));
        assert_eq!(prices.total(&used).to_string(), "$0.065500");
    }

    #[test]
    fn cached_tokens_are_not_paid_twice() {
        let prices = Prices {
            llm_input_per_million: Micros(2_000_000),
            llm_cached_per_million: Micros(200_000),
            ..Prices::default()
        };
        let used = Usage {
            llm_input_tokens: 1_000,
            llm_cached_tokens: 600,
            ..Usage::default()
        };
        assert_eq!(prices.llm(&used), Micros(800 + 120));
    }

    #[test]
    fn what_was_thrown_away_is_a_part_of_the_whole() {
        let prices = Prices {
            llm_input_per_million: Micros(2_000_000),
            llm_output_per_million: Micros(8_000_000),
            ..Prices::default()
        };
        let used = Usage {
            llm_input_tokens: 1_000,
            llm_output_tokens: 100,
            llm_discarded_input_tokens: 500,
            llm_discarded_output_tokens: 10,
            ..Usage::default()
        };
        assert_eq!(prices.llm(&used), Micros(2_000 + 800));
        assert_eq!(prices.speculation(&used), Micros(1_000 + 80));
    }
}
