//! What everybody charges here, and whether a call's receipt adds up to it.

use std::collections::BTreeMap;

use domain::{Cost, Item, Micros, ModelName, PriceBook, Receipt};

/// Millionths of a dollar for each unit of an item, if somebody who is paid by this name sells it.
/// Whoever comes second charges double, so that a wrong payee shows.
fn rate(payee: &str, item: Item) -> Option<u64> {
    let seller = payee.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let rate = match (seller, item) {
        ("carrier", Item::Line) => 8_500,
        ("ears", Item::Transcription) => 7_700,
        ("model", Item::CacheWrite) => 190_000,
        ("model", Item::CachedInput) => 75_000,
        ("model", Item::Input) => 150_000,
        ("model", Item::LongCacheWrite) => 300_000,
        ("model", Item::Output) => 600_000,
        ("talker", Item::AudioInput) => 32_000_000,
        ("talker", Item::AudioOutput) => 64_000_000,
        ("talker", Item::CachedAudioInput) => 2_000_000,
        ("talker", Item::CachedInput) => 400_000,
        ("talker", Item::Input) => 4_000_000,
        ("talker", Item::Output) => 16_000_000,
        ("voice", Item::Speech) => 50_000_000,
        _ => return None,
    };
    Some(if payee.ends_with('1') { 2 * rate } else { rate })
}

/// The prices of all of these.
pub(super) fn of<'n>(names: impl IntoIterator<Item = &'n ModelName>) -> PriceBook {
    let rates = |name: &ModelName| {
        let items = Item::ALL.into_iter();
        let rates = items.filter_map(|item| Some((item, Micros(rate(&name.provider, item)?))));
        rates.collect::<BTreeMap<_, _>>()
    };
    names
        .into_iter()
        .map(|name| (name.clone(), rates(name)))
        .collect()
}

/// What so much of an item costs.
pub(super) fn cost(payee: &str, item: Item, amount: u64) -> u64 {
    let unit = item.per();
    (rate(payee, item).unwrap_or(0) * amount + unit / 2) / unit
}

/// Lines that cost another sum than their amount does, and a total that is not theirs.
pub(super) fn mistakes(receipt: &Receipt, total: Cost) -> Vec<String> {
    let mut sum = 0;
    let mut found = Vec::new();
    for line in &receipt.0 {
        let cost = cost(&line.payee.provider, line.item, line.amount);
        sum += cost;
        if line.cost != Some(Micros(cost)) {
            let (payee, item) = (&line.payee, line.item.as_str());
            let (amount, charged) = (line.amount, line.cost);
            found.push(format!(
                "{payee} {item}: {amount} cost {charged:?}, not {cost}"
            ));
        }
    }
    if total.known != Micros(sum) || total.partly {
        found.push(format!("cost {total}, not {}", Micros(sum)));
    }
    found
}

#[cfg(test)]
mod tests {
    use domain::Purpose;

    use super::*;

    #[test]
    fn a_wrong_sum_and_a_wrong_payee_are_found() {
        let names: [ModelName; 2] = ["ears0/a", "ears1/a"].map(|name| name.parse().unwrap());
        let prices = of(&names);
        let minute = |name| prices.charge(name, Item::Transcription, Purpose::Call, 60_000);
        let right = Receipt(vec![minute(&names[0]), minute(&names[1])]);
        assert_eq!(right.cost().known, Micros(7_700 + 15_400));
        assert!(mistakes(&right, right.cost()).is_empty());
        assert_eq!(mistakes(&right, Cost::default()).len(), 1);
        let mut wrong = right.clone();
        wrong.0[1].payee = names[0].clone();
        assert_eq!(mistakes(&wrong, right.cost()).len(), 2);
    }
}
