use domain::{Charge, ModelName};

use super::*;

/// What the fakes counted in these tests: no two amounts and no two prices of somebody are the same.
fn counted() -> Ledger {
    let mut ledger = Ledger::default();
    ledger.asked(
        "model0",
        Used {
            fresh: 1_000,
            cached: 2_000,
            cache_writes: 3_000,
            long_cache_writes: 4_000,
            output: 5_000,
            in_doubt: false,
        },
    );
    ledger.talked(
        "talker0",
        RealtimeUsed {
            text: 100,
            audio: 200,
            cached_text: 300,
            cached_audio: 400,
            output_text: 500,
            output_audio: 600,
        },
    );
    ledger
}

/// A receipt for the same, and for a minute on the line.
fn receipt(amounts: &Amounts) -> Receipt {
    let line = ("carrier".to_owned(), Item::Line);
    let sold = amounts.iter().chain(std::iter::once((&line, &60_000)));
    let charges = sold.map(|((who, item), amount)| {
        let payee: ModelName = format!("{who}/m").parse().unwrap();
        let prices = prices::of([&payee]);
        prices.charge(&payee, *item, Purpose::Call, *amount)
    });
    Receipt(charges.collect())
}

fn found(ledger: &Ledger, receipt: &Receipt) -> Vec<String> {
    ledger.differences(&Billed::on([receipt]), Lost::default())
}

#[test]
fn a_receipt_with_exchanged_kinds_is_found() {
    let ledger = counted();
    assert!(found(&ledger, &receipt(&ledger.amounts)).is_empty());
    let sold: Vec<Sold> = ledger.amounts.keys().cloned().collect();
    let mut pairs = 0;
    for one in &sold {
        for other in sold.iter().filter(|other| one < other && one.0 == other.0) {
            let mut amounts = ledger.amounts.clone();
            amounts.insert(one.clone(), amount_of(&ledger.amounts, other));
            amounts.insert(other.clone(), amount_of(&ledger.amounts, one));
            let found = found(&ledger, &receipt(&amounts));
            for (who, item) in [one, other] {
                let named = format!("{who} {}:", item.as_str());
                assert!(found.iter().any(|it| it.starts_with(&named)), "{found:?}");
            }
            assert!(found.iter().any(|it| it.starts_with("cost ")), "{found:?}");
            pairs += 1;
        }
    }
    assert_eq!(pairs, 10 + 15);
}

#[test]
fn cache_reads_at_the_price_of_fresh_ones_are_found() {
    let ledger = counted();
    let mut wrong = receipt(&ledger.amounts);
    let price = |receipt: &Receipt, item| {
        let mut lines = receipt.0.iter();
        let line = lines.find(|line| line.item == item).unwrap();
        line.cost.unwrap().0 * 1_000_000 / line.amount
    };
    let fresh = price(&wrong, Item::Input);
    let is_read = |line: &&mut Charge| line.item == Item::CachedInput;
    let read = wrong.0.iter_mut().find(is_read).unwrap();
    read.cost = Some(Micros(fresh * read.amount / 1_000_000));
    let found = found(&ledger, &wrong);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("cost "), "{found:?}");
}

#[test]
fn who_was_not_told_of_the_cache_may_count_the_prompt_as_fresh() {
    let told = Used {
        fresh: 1,
        cached: 20,
        in_doubt: true,
        ..Used::default()
    };
    let mut ledger = Ledger::default();
    ledger.asked("model0", told);
    ledger.asked(
        "model0",
        Used {
            cached: 300,
            ..Used::default()
        },
    );
    let billed = |fresh, cached| {
        let mut amounts = Amounts::new();
        add(&mut amounts, "model0", Item::Input, fresh);
        add(&mut amounts, "model0", Item::CachedInput, cached);
        found(&ledger, &receipt(&amounts))
    };
    assert!(billed(1, 320).is_empty());
    assert!(billed(21, 300).is_empty());
    assert_eq!(billed(21, 320), ["model0 prompts: billed 341, fake 321"]);
    assert!(
        !billed(22, 299).is_empty(),
        "the second one is not in doubt"
    );
}

#[test]
fn only_sound_that_was_sent_to_who_was_connected_is_forgiven() {
    let mut ledger = Ledger::default();
    add(&mut ledger.amounts, "ears0", Item::Transcription, 1_000);
    ledger.streams.insert("ears0".to_owned(), 1);
    let billed = |ears0, ears1| {
        let mut amounts = Amounts::new();
        add(&mut amounts, "ears0", Item::Transcription, ears0);
        add(&mut amounts, "ears1", Item::Transcription, ears1);
        found(&ledger, &receipt(&amounts))
    };
    assert!(billed(1_250, 0).is_empty());
    assert_eq!(billed(1_251, 0), ["ears0 audio_ms: billed 1251, fake 1000"]);
    assert_eq!(billed(999, 0), ["ears0 audio_ms: billed 999, fake 1000"]);
    assert_eq!(billed(1_000, 1), ["ears1 audio_ms: billed 1, fake 0"]);
}

#[test]
fn what_was_used_before_is_no_part_of_it() {
    let before = counted();
    let mut after = counted();
    let used = Used {
        cached: 7,
        ..Used::default()
    };
    after.asked("model0", used);
    let since = after.since(&before);
    let mut expected = Amounts::new();
    add(&mut expected, "model0", Item::CachedInput, 7);
    assert_eq!(since.amounts, expected);
}
