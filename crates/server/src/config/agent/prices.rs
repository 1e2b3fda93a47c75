//! What an agent's models cost.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use domain::{Item, Micros, ModelName, PriceBook, Rates};
use serde::Deserialize;
use session::BudgetRules;

use super::{
    super::{meaning::Meaning, problem::did_you_mean, provider::Job, raw},
    Reading,
};

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
    /// What these models cost in their jobs, and what the line costs, as far as it is known.
    pub(super) fn prices(&mut self, models: [(Job, &[ModelName]); 4]) -> PriceBook {
        let names: BTreeSet<&ModelName> = models.iter().flat_map(|(_, names)| *names).collect();
        let carrier: ModelName = CARRIER.parse().expect("a constant names a model");
        let mut book = Vec::with_capacity(names.len() + 1);
        for name in names.into_iter().chain([&carrier]) {
            book.push((name.clone(), self.rates(name)));
        }
        let book: PriceBook = book.into_iter().collect();
        for (job, names) in models {
            for name in names {
                self.warn_of_unpriced(name, items_of(job), &book);
            }
        }
        book
    }

    fn warn_of_unpriced(&mut self, name: &ModelName, items: &[Item], book: &PriceBook) {
        let unpriced = book.unpriced(name, items);
        let what = match unpriced.as_slice() {
            [] => return,
            all if all.len() == items.len() => "price".to_owned(),
            some => keys_of(some),
        };
        let warning = format!(
            "no {what} of {name} is known: what it costs is shown as unknown, and counts in no \
             budget (give it under [prices.\"{name}\"])"
        );
        if !self.meaning.warnings.contains(&warning) {
            self.meaning.warnings.push(warning);
        }
    }

    fn rates(&mut self, payee: &ModelName) -> Rates {
        let name = payee.to_string();
        self.meaning.priced.insert(name.clone());
        let line = self.file.twilio.line_per_minute_usd;
        let line = line.filter(|_| name == CARRIER).map(|minute| raw::Price {
            per_minute_usd: Some(minute),
            ..raw::Price::default()
        });
        let (key, price) = match (&line, self.file.prices.get(&name)) {
            (Some(line), typed) => {
                if typed.is_some() {
                    let message = "contradicts `twilio.line_per_minute_usd`: leave one of them out";
                    self.meaning.problem(&format!("prices.{name}"), message);
                }
                ("twilio.line_per_minute_usd".to_owned(), line)
            }
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
        // Whoever names no price for tokens that concern the cache pays the usual one.
        let cached = [
            (Item::Input, Item::CachedInput),
            (Item::AudioInput, Item::CachedAudioInput),
        ];
        for (item, cached) in cached {
            if let Some(usual) = rates.get(&item).copied() {
                rates.entry(cached).or_insert(usual);
            }
        }
        if let Some(input) = rates.get(&Item::Input).copied() {
            let percent = CacheWrites::of(payee);
            rates
                .entry(Item::CacheWrite)
                .or_insert(Micros(input.0.saturating_mul(percent.minutes) / 100));
            rates
                .entry(Item::LongCacheWrite)
                .or_insert(Micros(input.0.saturating_mul(percent.hour) / 100));
        }
        rates
    }

    fn micros(&mut self, key: &str, dollars: f64) -> Micros {
        self.meaning.micros(key, dollars)
    }

    /// What one call may cost.
    pub(super) fn budget(&mut self) -> BudgetRules {
        let usual = BudgetRules::USUAL;
        let typed = &self.typed.budget;
        let key = self.at("budget.per_call_usd");
        let limit = match typed.per_call_usd {
            Some(dollars) => self.meaning.budget(&key, dollars),
            None => usual.limit,
        };
        let key = self.at("budget.warn_percent");
        let percent = (1, usual.warn_percent, 100);
        BudgetRules {
            limit,
            warn_percent: self.meaning.within(&key, typed.warn_percent, percent),
        }
    }
}

/// Warns of prices that nobody asked for: most likely their names are wrong.
pub(crate) fn warn_of_unused(prices: &BTreeMap<String, raw::Price>, meaning: &mut Meaning<'_>) {
    for name in prices.keys() {
        if meaning.priced.contains(name) {
            continue;
        }
        let hint = if LIST.models.contains_key(name) {
            String::new()
        } else {
            did_you_mean(name, meaning.priced.iter().map(String::as_str))
        };
        let warning = format!("[prices.\"{name}\"] is not used: no agent has this model{hint}");
        meaning.warnings.push(warning);
    }
}

/// What is paid for in a job.
const fn items_of(job: Job) -> &'static [Item] {
    match job {
        Job::Listen => &[Item::Transcription],
        Job::Speak => &[Item::Speech],
        Job::Talk => &[
            Item::AudioInput,
            Item::AudioOutput,
            Item::Input,
            Item::Output,
        ],
        Job::Think => &[Item::Input, Item::Output],
    }
}

/// The keys of a price that stand for these items.
fn keys_of(items: &[Item]) -> String {
    let stands_for = |of: &[Item]| of.iter().any(|item| items.contains(item));
    let keys = fields(&raw::Price::default()).into_iter();
    let keys: Vec<&str> = keys
        .filter(|(_, of, _)| stands_for(of))
        .map(|(key, ..)| key)
        .collect();
    keys.join(" and ")
}

/// What a provider takes for a token that its cache is given, in percent of one of the prompt.
struct CacheWrites {
    minutes: u64,
    hour: u64,
}

impl CacheWrites {
    fn of(payee: &ModelName) -> Self {
        match payee.provider.as_str() {
            "anthropic" => Self {
                minutes: 125,
                hour: 200,
            },
            _ => Self {
                minutes: 100,
                hour: 100,
            },
        }
    }
}

/// A price's fields, and the items that each is for.
fn fields(price: &raw::Price) -> [(&'static str, &'static [Item], Option<f64>); 10] {
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
            "cache_write_per_million_usd",
            &[Item::CacheWrite],
            price.cache_write_per_million_usd,
        ),
        (
            "long_cache_write_per_million_usd",
            &[Item::LongCacheWrite],
            price.long_cache_write_per_million_usd,
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
    use domain::Purpose;

    use super::*;
    use crate::config::{Config, Environment};

    fn warnings(prices: &str) -> Vec<String> {
        let text = format!(
            "providers.compatible.near.base_url = \"http://127.0.0.1:1/v1\"\n{prices}\n\
             [agents.desk]\nllm = [\"near/llama\"]\ntts = [\"near/kokoro\"]\n\
             stt = [\"near/whisper\"]\n"
        );
        let config = Config::parse("", &text, &Environment::default());
        config.expect("a configuration").warnings
    }

    const WHOLE: &str = "[prices.\"near/llama\"]\ninput_per_million_usd = 1\n\
        output_per_million_usd = 1\n[prices.\"near/kokoro\"]\ncharacters_per_million_usd = 0\n\
        [prices.\"near/whisper\"]\nper_minute_usd = 0\n";

    #[test]
    fn a_price_is_whole_or_warned_of() {
        assert_eq!(warnings(WHOLE), [""; 0]);
        let half = WHOLE
            .replace("output_per_million_usd = 1", "")
            .replace("per_minute_usd", "characters_per_million_usd");
        let rest = "is known: what it costs is shown as unknown, and counts in no budget";
        assert_eq!(
            warnings(&half),
            [
                format!(
                    "no price of near/whisper {rest} (give it under [prices.\"near/whisper\"])"
                ),
                format!(
                    "no output_per_million_usd of near/llama {rest} (give it under \
                     [prices.\"near/llama\"])"
                ),
            ]
        );
    }

    #[test]
    fn a_price_of_nobody_is_warned_of() {
        let typo = "[prices.\"near/llma\"]\n[prices.\"openai/gpt-6-sol\"]\n";
        assert_eq!(
            warnings(&format!("{WHOLE}{typo}")),
            [
                "[prices.\"near/llma\"] is not used: no agent has this model; did you mean \
                 `near/llama`?",
                "[prices.\"openai/gpt-6-sol\"] is not used: no agent has this model",
            ]
        );
    }

    /// What a million tokens cost, by item, of the only agent's model.
    fn prices(model: &str, more: &str) -> [u64; 4] {
        let text = format!("[agents.desk]\nllm = [\"{model}\"]\n{more}");
        let keys = [("ANTHROPIC_API_KEY", "k"), ("OPENAI_API_KEY", "k")];
        let keys: Environment = keys.into_iter().collect();
        let config = Config::parse("repartee.toml", &text, &keys).expect("a configuration");
        let agent = &config.tenants[0].agent;
        let payee = model.parse().expect("a name");
        [
            Item::Input,
            Item::CachedInput,
            Item::CacheWrite,
            Item::LongCacheWrite,
        ]
        .map(|item| {
            let charge = agent.prices.charge(&payee, item, Purpose::Call, 1_000_000);
            charge.cost.expect("a price").0
        })
    }

    #[test]
    fn what_the_cache_is_given_costs_more() {
        assert_eq!(
            prices("anthropic/claude-sonnet-5-5", ""),
            [2_000_000, 100_000, 2_500_000, 4_000_000]
        );
        assert_eq!(
            prices("openai/gpt-6-luna", ""),
            [100_000, 10_000, 100_000, 100_000]
        );
        let typed = "[prices.\"anthropic/x\"]\ninput_per_million_usd = 1.0\n\
                     cache_write_per_million_usd = 0.5\n\
                     long_cache_write_per_million_usd = 0.75";
        assert_eq!(
            prices("anthropic/x", typed),
            [1_000_000, 1_000_000, 500_000, 750_000]
        );
    }

    #[test]
    fn a_call_may_cost_five_dollars_unless_told_otherwise() {
        for (typed, limit) in [
            ("", Some(5_000_000)),
            ("budget.per_call_usd = 0.25", Some(250_000)),
            ("budget.per_call_usd = 0", None),
            ("budget.per_call_usd = 0.0000001", Some(0)),
        ] {
            let text = format!("[agents.desk]\n{typed}");
            let config = Config::parse("", &text, &Environment::default());
            let config = config.expect("a configuration");
            let budget = config.tenants[0].agent.rules.budget;
            assert_eq!(budget.limit, limit.map(Micros), "{typed}");
        }
    }

    #[test]
    fn the_line_has_one_price() {
        let text = "twilio.line_per_minute_usd = 0.01\n\
                    [prices.\"twilio/voice\"]\nper_minute_usd = 0.02\n";
        let error = Config::parse("x.toml", text, &Environment::default()).expect_err("two prices");
        assert_eq!(
            error.to_string(),
            "x.toml:2:9: prices.twilio/voice: contradicts `twilio.line_per_minute_usd`: leave one \
             of them out"
        );
    }

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
