//! What was used, as the receipts of the calls have it and as the fakes counted it: kind by kind,
//! since each has a price of its own.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Item, Micros, Purpose, Receipt};

use super::{
    prices,
    stage::{FakeModel, Stage},
};
use crate::fakes::{RealtimeUsed, Used};

/// Who is paid, and for what.
type Sold = (String, Item);
type Amounts = BTreeMap<Sold, u64>;

/// What the fakes were asked for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Ledger {
    amounts: Amounts,
    /// What caches had to do with in prompts whose clients may not have been told so: they count it
    /// as fresh.
    in_doubt: Amounts,
    /// Connections of each recogniser. One may have been cut: sound on its way is lost.
    streams: BTreeMap<String, u64>,
}

/// What is on receipts, whatever it was used for. The carrier is no fake: his line is left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Billed {
    amounts: Amounts,
    /// The totals.
    cost: Micros,
    lines: u64,
}

/// Kinds of tokens in a prompt of text.
const PROMPT: [Item; 4] = [
    Item::CachedInput,
    Item::CacheWrite,
    Item::Input,
    Item::LongCacheWrite,
];
/// Sound that may be on its way when a stream ends.
const ON_ITS_WAY_MS: u64 = 250;

/// What may have been lost on its way when somebody was cut off, though it is paid.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lost {
    /// Of replies.
    pub(super) tokens: u64,
    /// Of what was to be spoken.
    pub(super) characters: u64,
}

impl Ledger {
    pub(super) fn of(stage: &Stage) -> Self {
        let mut ledger = Self::default();
        for (place, post) in stage.ears.iter().enumerate() {
            let sound = post.fake.sound();
            let name = format!("ears{place}");
            add(&mut ledger.amounts, &name, Item::Transcription, sound.ms);
            ledger.streams.insert(name, sound.streams);
        }
        for (place, post) in stage.models.iter().enumerate() {
            ledger.thought(&format!("model{place}"), &post.fake);
        }
        for (place, post) in stage.talkers.iter().enumerate() {
            let sessions = post.fake.seen();
            for session in sessions {
                ledger.talked(&format!("talker{place}"), session.used);
            }
        }
        for (place, post) in stage.voices.iter().enumerate() {
            let name = format!("voice{place}");
            add(
                &mut ledger.amounts,
                &name,
                Item::Speech,
                post.fake.characters(),
            );
        }
        ledger
    }

    fn thought(&mut self, name: &str, model: &FakeModel) {
        for used in model.used() {
            self.asked(name, used);
        }
    }

    fn asked(&mut self, name: &str, used: Used) {
        for (item, amount) in [
            (Item::CachedInput, used.cached),
            (Item::CacheWrite, used.cache_writes),
            (Item::LongCacheWrite, used.long_cache_writes),
        ] {
            add(&mut self.amounts, name, item, amount);
            if used.in_doubt {
                add(&mut self.in_doubt, name, item, amount);
            }
        }
        add(&mut self.amounts, name, Item::Input, used.fresh);
        add(&mut self.amounts, name, Item::Output, used.output);
    }

    fn talked(&mut self, name: &str, used: RealtimeUsed) {
        for (item, amount) in [
            (Item::AudioInput, used.audio),
            (Item::AudioOutput, used.output_audio),
            (Item::CachedAudioInput, used.cached_audio),
            (Item::CachedInput, used.cached_text),
            (Item::Input, used.text),
            (Item::Output, used.output_text),
        ] {
            add(&mut self.amounts, name, item, amount);
        }
    }

    /// Without what was used before.
    pub(super) fn since(mut self, before: &Self) -> Self {
        let subtract = |from: &mut Amounts, before: &Amounts| {
            for (sold, amount) in from.iter_mut() {
                *amount = amount.saturating_sub(amount_of(before, sold));
            }
            from.retain(|_, amount| *amount > 0);
        };
        subtract(&mut self.amounts, &before.amounts);
        subtract(&mut self.in_doubt, &before.in_doubt);
        for (who, streams) in &mut self.streams {
            *streams -= before.streams.get(who).copied().unwrap_or(0);
        }
        self
    }

    /// What is billed otherwise than the fakes counted, and a total that is not the price of what
    /// they did.
    pub(super) fn differences(&self, billed: &Billed, lost: Lost) -> Vec<String> {
        let sold: BTreeSet<&Sold> = self.amounts.keys().chain(billed.amounts.keys()).collect();
        let mut found = Vec::new();
        let (mut least, mut most) = (0, 0);
        for sold in sold {
            let (who, item) = sold;
            let [from, until] = self.bounds(sold, lost);
            least += prices::cost(who, *item, from);
            most += prices::cost(who, *item, until);
            let ours = amount_of(&billed.amounts, sold);
            if !(from..=until).contains(&ours) {
                let theirs = amount_of(&self.amounts, sold);
                let item = item.as_str();
                found.push(format!("{who} {item}: billed {ours}, fake {theirs}"));
            }
        }
        found.extend(self.prompts_differ(billed));
        // Each line is rounded by itself.
        let cost = billed.cost.0;
        if !(least.saturating_sub(billed.lines)..=most + billed.lines).contains(&cost) {
            let [least, most] = [least, most].map(Micros);
            found.push(format!("cost {}, fakes {least} to {most}", billed.cost));
        }
        found
    }

    /// How much of it may be billed: sound that was sent may not have come, and who goes away early
    /// may not know what a cache held.
    fn bounds(&self, sold: &Sold, lost: Lost) -> [u64; 2] {
        let counted = amount_of(&self.amounts, sold);
        let in_doubt = amount_of(&self.in_doubt, sold);
        match sold.1 {
            Item::Transcription => {
                let streams = self.streams.get(&sold.0).copied().unwrap_or(0);
                [counted, counted + streams * ON_ITS_WAY_MS]
            }
            Item::AudioOutput | Item::Output => {
                let least = counted.saturating_sub(lost.tokens);
                [least, counted + lost.tokens]
            }
            Item::Speech => [counted, counted + lost.characters],
            Item::Input => [counted, counted + of_prompts(&self.in_doubt, &sold.0)],
            Item::CachedInput | Item::CacheWrite | Item::LongCacheWrite => {
                [counted.saturating_sub(in_doubt), counted]
            }
            Item::AudioInput | Item::CachedAudioInput | Item::Line => [counted, counted],
        }
    }

    /// Whatever is in doubt of its kinds, a prompt has its length.
    fn prompts_differ(&self, billed: &Billed) -> Vec<String> {
        let in_doubt: BTreeSet<&String> = self.in_doubt.keys().map(|(who, _)| who).collect();
        let lengths = in_doubt.into_iter().map(|who| {
            let [ours, theirs] = [&billed.amounts, &self.amounts].map(|it| of_prompts(it, who));
            (who, ours, theirs)
        });
        lengths
            .filter(|(_, ours, theirs)| ours != theirs)
            .map(|(who, ours, theirs)| format!("{who} prompts: billed {ours}, fake {theirs}"))
            .collect()
    }
}

impl Billed {
    pub(super) fn on<'r>(receipts: impl IntoIterator<Item = &'r Receipt>) -> Self {
        let mut billed = Self::default();
        for receipt in receipts {
            billed.cost = billed.cost + receipt.cost().known;
            for line in &receipt.0 {
                if line.item == Item::Line {
                    billed.cost = billed.cost - line.cost.unwrap_or_default();
                    continue;
                }
                billed.lines += 1;
                let payee = &line.payee.provider;
                add(&mut billed.amounts, payee, line.item, line.amount);
            }
        }
        billed
    }
}

fn add(amounts: &mut Amounts, who: &str, item: Item, amount: u64) {
    if amount > 0 {
        *amounts.entry((who.to_owned(), item)).or_default() += amount;
    }
}

fn amount_of(amounts: &Amounts, sold: &Sold) -> u64 {
    amounts.get(sold).copied().unwrap_or(0)
}

/// All tokens in the prompts of text that somebody was sent.
fn of_prompts(amounts: &Amounts, who: &str) -> u64 {
    let kinds = PROMPT.map(|item| (who.to_owned(), item));
    kinds.iter().map(|kind| amount_of(amounts, kind)).sum()
}

/// Tokens on a receipt that had this purpose.
pub(super) fn tokens_for(receipt: &Receipt, purpose: Purpose) -> u64 {
    let lines = receipt.0.iter().filter(|line| line.purpose == purpose);
    lines
        .filter(|line| line.item == Item::Output || PROMPT.contains(&line.item))
        .map(|line| line.amount)
        .sum()
}

#[cfg(test)]
mod tests;
