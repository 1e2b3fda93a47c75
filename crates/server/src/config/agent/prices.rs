//! What an agent's models cost.

use domain::{Micros, ModelName, Prices};

use super::{
    super::models::{self, ListPrice},
    Reading,
};

impl Reading<'_, '_> {
    /// What the first of each job costs: records carry one price per job.
    pub(super) fn prices(&mut self, [listen, think, speak]: [&[ModelName]; 3]) -> Prices {
        let listen = self.price(listen);
        let think = self.price(think);
        let speak = self.price(speak);
        let line = self.file.twilio.line_per_minute_usd;
        let [input, cached, output] = think.tokens;
        Prices {
            line_per_minute: Micros(self.micros("twilio.line_per_minute_usd", line, 14_000)),
            stt_per_minute: Micros(listen.minute),
            llm_input_per_million: Micros(input),
            llm_cached_per_million: Micros(cached),
            llm_output_per_million: Micros(output),
            tts_per_million: Micros(speak.characters),
        }
    }

    fn price(&mut self, models: &[ModelName]) -> ListPrice {
        let Some(name) = models.first().map(ModelName::to_string) else {
            return ListPrice::default();
        };
        let list = models::list_price(&name);
        let Some(typed) = self.file.prices.get(&name) else {
            return list;
        };
        let at = |key: &str| format!("prices.{name}.{key}");
        let input = self.micros(
            &at("input_per_million_usd"),
            typed.input_per_million_usd,
            list.tokens[0],
        );
        let cached = typed.cached_per_million_usd.or(typed.input_per_million_usd);
        ListPrice {
            minute: self.micros(&at("per_minute_usd"), typed.per_minute_usd, list.minute),
            tokens: [
                input,
                self.micros(&at("cached_per_million_usd"), cached, list.tokens[1]),
                self.micros(
                    &at("output_per_million_usd"),
                    typed.output_per_million_usd,
                    list.tokens[2],
                ),
            ],
            characters: self.micros(
                &at("characters_per_million_usd"),
                typed.characters_per_million_usd,
                list.characters,
            ),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked before"
    )]
    fn micros(&mut self, key: &str, typed: Option<f64>, usual: u64) -> u64 {
        typed.map_or(usual, |dollars| {
            (self
                .meaning
                .within(key, Some(dollars), (0.0, 0.0, 1_000_000.0))
                * 1e6)
                .round() as u64
        })
    }
}
