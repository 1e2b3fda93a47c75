//! What was used, as the receipts of the calls have it and as the fakes counted it.

use std::{collections::BTreeMap, fmt};

use domain::{Item, Purpose, Receipt};

use super::stage::Stage;

/// Amounts by provider and item: `model0 input`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Ledger {
    amounts: BTreeMap<(String, &'static str), u64>,
    /// Connections of a recogniser that may have been cut: sound on its way is lost.
    streams: u64,
}

const AUDIO: &str = "audio";
const CHARACTERS: &str = "characters";
const INPUT: &str = "input";
const OUTPUT: &str = "output";
/// Sound that may be on its way when a stream ends.
const ON_ITS_WAY_MS: u64 = 250;

impl Ledger {
    /// What the fakes were asked for.
    pub(super) fn of_fakes(stage: &Stage) -> Self {
        const BYTES_PER_MS: u64 = 8;
        let mut ledger = Self::default();
        for (place, post) in stage.ears.iter().enumerate() {
            let streams = post.fake.seen();
            ledger.streams += streams.len() as u64;
            let bytes: u64 = streams.iter().map(|stream| stream.audio_bytes).sum();
            ledger.add(format!("ears{place}"), AUDIO, bytes / BYTES_PER_MS);
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
            let streams = post.fake.seen();
            let characters = streams.iter().map(|stream| stream.characters).sum();
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
        self.amounts.retain(|_, amount| *amount > 0);
        self
    }

    /// What differs from what the fakes counted. Of sound, what was on its way is forgiven; of
    /// replies, so many lost tokens.
    pub(super) fn differences(&self, fakes: &Self, lost: u64) -> Vec<String> {
        let amount = |ledger: &Self, what| ledger.amounts.get(what).copied().unwrap_or(0);
        let names = self.amounts.keys().chain(fakes.amounts.keys());
        let mut found: Vec<String> = names
            .filter_map(|what| {
                let (ours, theirs) = (amount(self, what), amount(fakes, what));
                let forgiven = match what.1 {
                    AUDIO => fakes.streams * ON_ITS_WAY_MS,
                    OUTPUT => lost,
                    _ => 0,
                };
                (ours.abs_diff(theirs) > forgiven)
                    .then(|| format!("{} {}: billed {ours}, fake {theirs}", what.0, what.1))
            })
            .collect();
        found.dedup();
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

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, ((provider, item), amount)) in self.amounts.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(f, "{comma}{provider} {item} {amount}")?;
        }
        Ok(())
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
