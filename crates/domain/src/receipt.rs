//! What a call consumed of whom, and what that costs.

use std::collections::BTreeMap;

use crate::{Micros, Millis, ModelName};

/// Something that providers and carriers charge for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Item {
    /// Tokens of speech that a speech-to-speech model heard, those in the provider's cache apart.
    AudioInput,
    /// Tokens of speech that a speech-to-speech model spoke.
    AudioOutput,
    /// Tokens of heard speech that the provider's cache held.
    CachedAudioInput,
    /// Prompt tokens that the provider's cache held.
    CachedInput,
    /// Prompt tokens that the provider's cache was given, for some minutes.
    CacheWrite,
    /// Prompt tokens, those that concern the provider's cache apart.
    Input,
    /// Time on the carrier's line, in milliseconds.
    Line,
    /// Prompt tokens that the provider's cache was given, for an hour.
    LongCacheWrite,
    /// Tokens generated, hidden reasoning included.
    Output,
    /// Characters sent to speech synthesis.
    Speech,
    /// Audio sent to speech recognition, in milliseconds.
    Transcription,
}

impl Item {
    /// Every item.
    pub const ALL: [Self; 11] = [
        Self::AudioInput,
        Self::AudioOutput,
        Self::CachedAudioInput,
        Self::CachedInput,
        Self::CacheWrite,
        Self::Input,
        Self::Line,
        Self::LongCacheWrite,
        Self::Output,
        Self::Speech,
        Self::Transcription,
    ];

    /// The name in records and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AudioInput => "audio_input_tokens",
            Self::AudioOutput => "audio_output_tokens",
            Self::CachedAudioInput => "cached_audio_input_tokens",
            Self::CachedInput => "cached_input_tokens",
            Self::CacheWrite => "cache_write_tokens",
            Self::Input => "input_tokens",
            Self::Line => "line_ms",
            Self::LongCacheWrite => "long_cache_write_tokens",
            Self::Output => "output_tokens",
            Self::Speech => "characters",
            Self::Transcription => "audio_ms",
        }
    }

    /// How much of it a price is for: a minute of what is counted in time, a million of the rest.
    #[must_use]
    pub const fn per(self) -> u64 {
        match self {
            Self::Line | Self::Transcription => 60_000,
            Self::AudioInput
            | Self::AudioOutput
            | Self::CachedAudioInput
            | Self::CachedInput
            | Self::CacheWrite
            | Self::Input
            | Self::LongCacheWrite
            | Self::Output
            | Self::Speech => 1_000_000,
        }
    }
}

/// What something was used for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Purpose {
    /// The conversation.
    Call,
    /// A second request, made because the first was late, that was not needed.
    Hedge,
    /// What an agent says by itself, spoken before anyone calls. It is on no call's receipt.
    Rehearsal,
    /// A reply begun before the caller's turn was surely over, and thrown away.
    Speculation,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 4] = [Self::Call, Self::Hedge, Self::Rehearsal, Self::Speculation];

    /// The name in records and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Hedge => "hedge",
            Self::Rehearsal => "rehearsal",
            Self::Speculation => "speculation",
        }
    }
}

/// What one provider charges, by the unit of each item. What is not listed has no known price.
pub type Rates = BTreeMap<Item, Micros>;

/// The provider's name of engines on our own machine: they cost nothing.
const OFFLINE: &str = "offline";

/// What everyone who may work for an agent charges.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PriceBook(BTreeMap<ModelName, Rates>);

impl PriceBook {
    /// A charge for so much of an item.
    #[must_use]
    pub fn charge(&self, payee: &ModelName, item: Item, purpose: Purpose, amount: u64) -> Charge {
        Charge {
            payee: payee.clone(),
            item,
            purpose,
            amount,
            cost: self.cost(payee, item, amount),
        }
    }

    /// What so much of an item costs. `None`: nobody told us the price.
    #[must_use]
    pub fn cost(&self, payee: &ModelName, item: Item, amount: u64) -> Option<Micros> {
        if payee.provider == OFFLINE {
            return Some(Micros::default());
        }
        let rate = self.0.get(payee)?.get(&item)?;
        Some(rate.per(amount, item.per()))
    }

    /// Those of `items` that nobody told us the price of.
    #[must_use]
    pub fn unpriced(&self, payee: &ModelName, items: &[Item]) -> Vec<Item> {
        let unknown = |item: &Item| self.cost(payee, *item, 1).is_none();
        items.iter().copied().filter(unknown).collect()
    }
}

impl FromIterator<(ModelName, Rates)> for PriceBook {
    fn from_iter<I: IntoIterator<Item = (ModelName, Rates)>>(rates: I) -> Self {
        Self(rates.into_iter().collect())
    }
}

/// One line of a receipt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Charge {
    /// Who is paid: a provider's model, or the carrier.
    pub payee: ModelName,
    /// For what.
    pub item: Item,
    /// Used for what.
    pub purpose: Purpose,
    /// How much, in the item's own unit.
    pub amount: u64,
    /// `None`: nobody told us the price.
    pub cost: Option<Micros>,
}

/// What a call cost, line by line. The lines add up to the whole.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Receipt(pub Vec<Charge>);

impl Receipt {
    /// The sum of all lines, and whether it is all there is to pay.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.0.iter().map(Cost::of).sum()
    }

    /// The part of the cost that had this purpose.
    #[must_use]
    pub fn cost_of(&self, purpose: Purpose) -> Cost {
        let lines = self.0.iter().filter(|line| line.purpose == purpose);
        lines.map(Cost::of).sum()
    }

    /// What each provider is to be paid, by its name.
    #[must_use]
    pub fn cost_by_provider(&self) -> BTreeMap<&str, Cost> {
        let mut sums: BTreeMap<&str, Cost> = BTreeMap::new();
        for line in &self.0 {
            let sum = sums.entry(&line.payee.provider).or_default();
            *sum = [*sum, Cost::of(line)].into_iter().sum();
        }
        sums
    }

    /// Adds another receipt's lines to the same lines of this one. What has no price keeps a line
    /// of its own: within one that has a price it would take what is known out of the sum.
    pub fn add(&mut self, other: &Self) {
        for line in &other.0 {
            let same = |known: &&mut Charge| {
                (&known.payee, known.item, known.purpose) == (&line.payee, line.item, line.purpose)
                    && known.cost.is_some() == line.cost.is_some()
            };
            match self.0.iter_mut().find(same) {
                Some(known) => {
                    known.amount = known.amount.saturating_add(line.amount);
                    known.cost = known.cost.zip(line.cost).map(|(one, other)| one + other);
                }
                None => self.0.push(line.clone()),
            }
        }
    }

    /// What was consumed, whoever is paid for it.
    #[must_use]
    pub fn usage(&self) -> Usage {
        const PROMPT: [Item; 6] = [
            Item::AudioInput,
            Item::CachedAudioInput,
            Item::CachedInput,
            Item::CacheWrite,
            Item::Input,
            Item::LongCacheWrite,
        ];
        let sum = |wanted: &dyn Fn(&Charge) -> bool| -> u64 {
            let amounts = self.0.iter().filter(|line| wanted(line));
            amounts.map(|line| line.amount).sum()
        };
        let of = |item: Item| sum(&|line| line.item == item);
        let discarded = |items: &[Item]| {
            sum(&|line| line.purpose == Purpose::Speculation && items.contains(&line.item))
        };
        Usage {
            line: Millis(of(Item::Line)),
            stt_audio: Millis(of(Item::Transcription)),
            llm_input_tokens: sum(&|line| PROMPT.contains(&line.item)),
            llm_cached_tokens: of(Item::CachedInput) + of(Item::CachedAudioInput),
            llm_output_tokens: of(Item::Output) + of(Item::AudioOutput),
            llm_discarded_input_tokens: discarded(&PROMPT),
            llm_discarded_output_tokens: discarded(&[Item::AudioOutput, Item::Output]),
            tts_characters: of(Item::Speech),
        }
    }
}

/// What something costs, as far as prices are known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Cost {
    /// The sum of what has a price.
    pub known: Micros,
    /// Something else was used of which nobody told us the price.
    pub partly: bool,
}

impl Cost {
    /// Nobody knows what it was.
    pub const UNKNOWN: Self = Self {
        known: Micros(0),
        partly: true,
    };

    fn of(line: &Charge) -> Self {
        Self {
            known: line.cost.unwrap_or_default(),
            partly: line.cost.is_none() && line.amount > 0,
        }
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |sum, part| Self {
            known: sum.known + part.known,
            partly: sum.partly || part.partly,
        })
    }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self {
                known,
                partly: true,
            } if *known == Micros::default() => f.write_str("unknown"),
            Self {
                known,
                partly: true,
            } => write!(f, "{known} and what has no known price"),
            Self {
                known,
                partly: false,
            } => known.fmt(f),
        }
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

#[cfg(test)]
mod tests;
