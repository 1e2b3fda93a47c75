//! What was used, as the receipts of the calls have it and as the fakes counted it.

use std::collections::BTreeMap;

use domain::{Item, Purpose, Receipt};

use super::stage::Stage;

/// Amounts by provider and item: `model0 input`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Ledger {
    amounts: BTreeMap<(String, &'static str), u64>,
    /// Connections of each recogniser. One may have been cut: sound on its way is lost.
    streams: BTreeMap<String, u64>,
}

const AUDIO: &str = "audio";
const CHARACTERS: &str = "characters";
const INPUT: &str = "input";
const OUTPUT: &str = "output";
/// Sound that may be on its way when a stream ends.
const ON_ITS_WAY_MS: u64 = 250;
/// Sound that may be given to a stream just after its call was settled.
const AFTERWARDS_MS: u64 = 60;

/// What may have been lost on its way when somebody was cut off, though it is paid.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lost {
    /// Of replies.
    pub(super) tokens: u64,
    /// Of what was to be spoken.
    pub(super) characters: u64,
}

impl Ledger {
    /// What the fakes were asked for.
    pub(super) fn of_fakes(stage: &Stage) -> Self {
        let mut ledger = Self::default();
        for (place, post) in stage.ears.iter().enumerate() {
            let sound = post.fake.sound();
            let name = format!("ears{place}");
            ledger.streams.insert(name.clone(), sound.streams);
            ledger.add(name, AUDIO, sound.ms);
        }
        for (place, post) in stage.models.iter().enumerate() {
            let used = post.fake.used();
            let [input, output] = [
                used.iter().map(|used| used.input).sum(),
                used.iter().map(|used| used.output).sum(),
            ];
            ledger.add(format!("model{place}"), INPUT, input);
            ledger.add(format!("model{place}"), OUTPUT, output);
        }
        for (place, post) in stage.talkers.iter().enumerate() {
            for session in post.fake.seen() {
                ledger.add(format!("talker{place}"), INPUT, session.input_tokens);
                ledger.add(format!("talker{place}"), OUTPUT, session.output_tokens);
            }
        }
        for (place, post) in stage.voices.iter().enumerate() {
            let characters = post.fake.characters();
            ledger.add(format!("voice{place}"), CHARACTERS, characters);
        }
        ledger
    }

    /// What is on receipts, whatever it was used for.
    pub(super) fn of_receipts<'r>(receipts: impl Iterator<Item = &'r Receipt>) -> Self {
        let mut ledger = Self::default();
        for charge in receipts.flat_map(|receipt| &receipt.0) {
            let item = match charge.item {
                Item::AudioInput
                | Item::CachedAudioInput
                | Item::CachedInput
                | Item::CacheWrite
                | Item::Input
                | Item::LongCacheWrite => INPUT,
                Item::Output | Item::AudioOutput => OUTPUT,
                Item::Speech => CHARACTERS,
                Item::Transcription => AUDIO,
                Item::Line => continue,
            };
            ledger.add(charge.payee.provider.clone(), item, charge.amount);
        }
        ledger
    }

    /// Without what was used before.
    pub(super) fn since(mut self, before: &Self) -> Self {
        for (what, amount) in &mut self.amounts {
            *amount -= before.amounts.get(what).copied().unwrap_or(0);
        }
        for (who, streams) in &mut self.streams {
            *streams -= before.streams.get(who).copied().unwrap_or(0);
        }
        self.amounts.retain(|_, amount| *amount > 0);
        self
    }

    /// What differs from what the fakes counted. Sound that was sent may not have come, and a last
    /// piece of it may come too late for the bill.
    pub(super) fn differences(&self, fakes: &Self, lost: Lost) -> Vec<String> {
        let amount = |ledger: &Self, what| ledger.amounts.get(what).copied().unwrap_or(0);
        let names = self.amounts.keys().chain(fakes.amounts.keys());
        let mut found: Vec<String> = names
            .filter_map(|what| {
                let (ours, theirs) = (amount(self, what), amount(fakes, what));
                let is_right = match what.1 {
                    AUDIO => {
                        let streams = fakes.streams.get(&what.0).copied().unwrap_or(0);
                        let least = theirs.saturating_sub(streams * AFTERWARDS_MS);
                        (least..=theirs + streams * ON_ITS_WAY_MS).contains(&ours)
                    }
                    OUTPUT => ours.abs_diff(theirs) <= lost.tokens,
                    CHARACTERS => (theirs..=theirs + lost.characters).contains(&ours),
                    _ => ours == theirs,
                };
                (!is_right).then(|| format!("{} {}: billed {ours}, fake {theirs}", what.0, what.1))
            })
            .collect();
        found.sort();
        found.dedup();
        found
    }

    fn add(&mut self, provider: String, item: &'static str, amount: u64) {
        if amount > 0 {
            *self.amounts.entry((provider, item)).or_default() += amount;
        }
    }
}

/// Tokens on a receipt that had this purpose.
pub(super) fn tokens_for(receipt: &Receipt, purpose: Purpose) -> u64 {
    let lines = receipt.0.iter().filter(|line| line.purpose == purpose);
    lines
        .filter(|line| {
            matches!(
                line.item,
                Item::Input
                    | Item::CachedInput
                    | Item::CacheWrite
                    | Item::LongCacheWrite
                    | Item::Output
            )
        })
        .map(|line| line.amount)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(amounts: &[(&str, &'static str, u64)], streams: u64) -> Ledger {
        let mut ledger = Ledger::default();
        for (who, item, amount) in amounts {
            ledger.add((*who).to_owned(), item, *amount);
            ledger.streams.insert((*who).to_owned(), streams);
        }
        ledger
    }

    #[test]
    fn only_sound_that_was_sent_to_who_was_connected_is_forgiven() {
        let fakes = ledger(&[("ears0", AUDIO, 1_000), ("model0", INPUT, 9)], 1);
        let billed = |ears0, ears1| {
            let billed = [
                ("ears0", AUDIO, ears0),
                ("ears1", AUDIO, ears1),
                ("model0", INPUT, 9),
            ];
            ledger(&billed, 0).differences(&fakes, Lost::default())
        };
        assert!(billed(1_250, 0).is_empty());
        assert_eq!(billed(1_251, 0), ["ears0 audio: billed 1251, fake 1000"]);
        assert_eq!(billed(939, 0), ["ears0 audio: billed 939, fake 1000"]);
        assert_eq!(billed(1_000, 1), ["ears1 audio: billed 1, fake 0"]);
    }
}
