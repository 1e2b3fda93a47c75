//! What an agent's models cost.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use domain::{Item, Micros, ModelName, PriceBook, Rates};
use serde::Deserialize;
use session::BudgetRules;

use super::{super::raw, Reading};

/// What is paid for the line.
pub(crate) const CARRIER: &str = "twilio/voice";

/// The prices that come with the program.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceList {
    /// The day on which they were seen.
    pub(crate) as_of: String,
    models: BTreeMap<String, raw::Price>,
}

/// The list that comes with the program.
pub(crate) static LIST: LazyLock<PriceList> = LazyLock::new(|| {
    toml::from_str(include_str!("../prices.toml")).expect("a test reads the list")
});

impl Reading<'_, '_> {
    /// What all these models and the line cost, as far as it is known.
    pub(super) fn prices(&mut self, models: [&[ModelName]; 4]) -> PriceBook {
        let models: BTreeSet<&ModelName> = models.into_iter().flatten().collect();
        let carrier: ModelName = CARRIER.parse().expect("a constant names a model");
        let mut book = Vec::with_capacity(models.len() + 1);
        for name in models.iter().copied().chain([&carrier]) {
            book.push((name.clone(), self.rates(name)));
        }
        let book: PriceBook = book.into_iter().collect();
        for name in book.unpriced(models) {
            let warning = format!(
                "no price of {name} is known: what it costs is shown as unknown \
                 (give one under [prices.\"{name}\"])"
            );
            if !self.meaning.warnings.contains(&warning) {
                self.meaning.warnings.push(warning);
            }
        }
        book
    }

    fn rates(&mut self, name: &ModelName) -> Rates {
        let name = name.to_string();
        let line = self.file.twilio.line_per_minute_usd;
        let line = line.filter(|_| name == CARRIER).map(|minute| raw::Price {
            per_minute_usd: Some(minute),
            ..raw::Price::default()
        });
        let (key, price) = match (&line, self.file.prices.get(&name)) {
            (Some(line), _) => ("twilio.line_per_minute_usd".to_owned(), line),
            (None, Some(typed)) => (format!("prices.{name}"), typed),
            (None, None) => match LIST.models.get(&name) {
                Some(listed) => (String::new(), listed),
                None => return Rates::new(),
            },
        };
        let whole_key = line.is_some();
        let mut rates = Rates::new();
        for (field, items, dollars) in fields(price) {
            let Some(dollars) = dollars else { continue };
            let key = if whole_key {
                key.clone()
            } else {
                format!("{key}.{field}")
            };
            let micros = self.micros(&key, dollars);
            rates.extend(items.iter().map(|item| (*item, micros)));
        }
        // Whoever names no price for cached tokens pays the usual one.
        let usual = [
            (Item::Input, Item::CachedInput),
            (Item::AudioInput, Item::CachedAudioInput),
        ];
        for (item, cached) in usual {
            if let Some(usual) = rates.get(&item).copied() {
                rates.entry(cached).or_insert(usual);
            }
        }
        rates
    }

    fn micros(&mut self, key: &str, dollars: f64) -> Micros {
        self.meaning.micros(key, dollars)
    }

    /// What one call may cost.
    pub(super) fn budget(&mut self) -> BudgetRules {
        const USUAL_PERCENT: u8 = 80;
        let typed = &self.typed.budget;
        let key = self.at("budget.per_call_usd");
        let limit = typed.per_call_usd.map(|dollars| self.micros(&key, dollars));
        let key = self.at("budget.warn_percent");
        let percent = (1, USUAL_PERCENT, 100);
        BudgetRules {
            limit,
            warn_percent: self.meaning.within(&key, typed.warn_percent, percent),
        }
    }
}

/// A price's fields, and the items that each is for.
fn fields(price: &raw::Price) -> [(&'static str, &'static [Item], Option<f64>); 8] {
    [
        (
            "per_minute_usd",
            &[Item::Line, Item::Transcription],
            price.per_minute_usd,
        ),
        (
            "input_per_million_usd",
            &[Item::Input],
            price.input_per_million_usd,
        ),
        (
            "cached_per_million_usd",
            &[Item::CachedInput],
            price.cached_per_million_usd,
        ),
        (
            "output_per_million_usd",
            &[Item::Output],
            price.output_per_million_usd,
        ),
        (
            "audio_input_per_million_usd",
            &[Item::AudioInput],
            price.audio_input_per_million_usd,
        ),
        (
            "audio_cached_per_million_usd",
            &[Item::CachedAudioInput],
            price.audio_cached_per_million_usd,
        ),
        (
            "audio_output_per_million_usd",
            &[Item::AudioOutput],
            price.audio_output_per_million_usd,
        ),
        (
            "characters_per_million_usd",
            &[Item::Speech],
            price.characters_per_million_usd,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_that_comes_with_the_program_can_be_read() {
        assert_eq!(LIST.as_of.len(), "2026-01-01".len());
        for (name, price) in &LIST.models {
            assert!(name.parse::<ModelName>().is_ok(), "{name}");
            let priced = fields(price)
                .iter()
                .filter(|field| field.2.is_some())
                .count();
            assert!(priced > 0, "{name} has no price");
        }
        assert!(LIST.models.contains_key(CARRIER));
    }
}
