use proptest::prelude::*;

use super::*;

fn name(name: &str) -> ModelName {
    name.parse().unwrap()
}

fn book() -> PriceBook {
    let listed = |rates: &[(Item, u64)]| -> Rates {
        rates
            .iter()
            .map(|(item, micros)| (*item, Micros(*micros)))
            .collect()
    };
    [
        (
            name("deepgram/nova-2"),
            listed(&[(Item::Transcription, 4_300)]),
        ),
        (name("openai/tts-1"), listed(&[(Item::Speech, 15_000_000)])),
        (
            name("openai/gpt-6-sol"),
            listed(&[
                (Item::Input, 2_000_000),
                (Item::CachedInput, 200_000),
                (Item::Output, 8_000_000),
            ]),
        ),
        (name("odd/priceless"), listed(&[])),
    ]
    .into_iter()
    .collect()
}

fn receipt(lines: &[(&str, Item, Purpose, u64)]) -> Receipt {
    let charge = |(payee, item, purpose, amount): &(&str, Item, Purpose, u64)| {
        book().charge(&name(payee), *item, *purpose, *amount)
    };
    Receipt(lines.iter().map(charge).collect())
}

/// Ten minutes at Nova-2's and tts-1's old prices: $0.043 and $0.0225 (not ten times that).
#[test]
fn ten_minutes_cost_what_they_should() {
    let receipt = receipt(&[
        (
            "deepgram/nova-2",
            Item::Transcription,
            Purpose::Call,
            600_000,
        ),
        ("openai/tts-1", Item::Speech, Purpose::Call, 1_500),
    ]);
    assert_eq!(receipt.0[0].cost, Some(Micros(43_000)));
    assert_eq!(receipt.0[1].cost, Some(Micros(22_500)));
    assert_eq!(receipt.cost().to_string(), "$0.065500");
}

#[test]
fn what_was_thrown_away_is_a_part_of_the_whole() {
    let receipt = receipt(&[
        ("openai/gpt-6-sol", Item::Input, Purpose::Call, 500),
        ("openai/gpt-6-sol", Item::CachedInput, Purpose::Call, 600),
        ("openai/gpt-6-sol", Item::Output, Purpose::Call, 90),
        ("openai/gpt-6-sol", Item::Input, Purpose::Speculation, 500),
        ("openai/gpt-6-sol", Item::Output, Purpose::Speculation, 10),
        ("openai/gpt-6-sol", Item::Output, Purpose::Hedge, 1),
    ]);
    let spent = |purpose| receipt.cost_of(purpose).known;
    assert_eq!(spent(Purpose::Call), Micros(1_000 + 120 + 720));
    assert_eq!(spent(Purpose::Speculation), Micros(1_000 + 80));
    assert_eq!(spent(Purpose::Hedge), Micros(8));
    assert_eq!(receipt.cost().known, Micros(1_840 + 1_080 + 8));
    let usage = receipt.usage();
    assert_eq!(
        (usage.llm_input_tokens, usage.llm_cached_tokens),
        (1_600, 600)
    );
    assert_eq!(usage.llm_discarded_input_tokens, 500);
    assert_eq!(usage.llm_output_tokens, 101);
}

#[test]
fn an_unknown_price_is_not_nothing() {
    let unknown = receipt(&[("odd/priceless", Item::Speech, Purpose::Call, 10)]);
    assert_eq!(unknown.0[0].cost, None);
    assert_eq!(unknown.cost().to_string(), "unknown");
    let partly = receipt(&[
        ("odd/priceless", Item::Speech, Purpose::Call, 10),
        (
            "deepgram/nova-2",
            Item::Transcription,
            Purpose::Call,
            60_000,
        ),
    ]);
    assert_eq!(
        partly.cost().to_string(),
        "$0.004300 and what has no known price"
    );
    assert_eq!(Cost::UNKNOWN.to_string(), "unknown");
    let free = receipt(&[("offline/script", Item::Output, Purpose::Call, 10)]);
    assert_eq!(free.cost().to_string(), "$0.000000");
    let never_heard_of = book().charge(&name("new/model"), Item::Input, Purpose::Call, 1);
    assert_eq!(never_heard_of.cost, None);
}

#[test]
fn half_a_price_is_no_price() {
    let unpriced = |payee: &str| book().unpriced(&name(payee), &[Item::Input, Item::Output]);
    assert_eq!(unpriced("openai/gpt-6-sol"), []);
    assert_eq!(unpriced("offline/script"), []);
    for payee in ["odd/priceless", "openai/tts-1", "new/model"] {
        assert_eq!(unpriced(payee), [Item::Input, Item::Output], "{payee}");
    }
    let half = [(name("half/model"), Rates::from([(Item::Input, Micros(1))]))];
    let half: PriceBook = half.into_iter().collect();
    let items = [Item::Input, Item::Output];
    assert_eq!(half.unpriced(&name("half/model"), &items), [Item::Output]);
}

#[test]
fn receipts_add_up_line_by_line() {
    let one = [
        ("openai/tts-1", Item::Speech, Purpose::Call, 1_000),
        ("odd/priceless", Item::Speech, Purpose::Call, 10),
    ];
    let mut sum = receipt(&one);
    sum.add(&receipt(&one));
    sum.add(&receipt(&[(
        "offline/script",
        Item::Output,
        Purpose::Call,
        3,
    )]));
    assert_eq!(sum.0.len(), 3);
    assert_eq!(
        (sum.0[0].amount, sum.0[0].cost),
        (2_000, Some(Micros(30_000)))
    );
    assert_eq!((sum.0[1].amount, sum.0[1].cost), (20, None));
}

/// A price came to be known between two calls: the dollars of the second one stay known.
#[test]
fn what_is_known_stays_known_in_a_sum() {
    let line = ("openai/tts-1", Item::Speech, Purpose::Call, 1_000);
    let mut before = receipt(&[line]);
    before.0[0].cost = None;
    let mut sum = before.clone();
    for after in [receipt(&[line]), receipt(&[line]), before] {
        sum.add(&after);
    }
    let lines: Vec<_> = sum.0.iter().map(|line| (line.amount, line.cost)).collect();
    assert_eq!(lines, [(2_000, None), (2_000, Some(Micros(30_000)))]);
    let cost = sum.cost();
    assert_eq!((cost.known, cost.partly), (Micros(30_000), true));
}

#[test]
fn providers_without_a_price_are_not_paid_nothing() {
    let both = receipt(&[
        ("odd/priceless", Item::Speech, Purpose::Call, 10),
        ("openai/tts-1", Item::Speech, Purpose::Call, 1_000),
        ("openai/tts-1", Item::Speech, Purpose::Hedge, 1_000),
    ]);
    let paid = Cost {
        known: Micros(30_000),
        partly: false,
    };
    assert_eq!(
        both.cost_by_provider(),
        [("odd", Cost::UNKNOWN), ("openai", paid)].into()
    );
}

const PAYEES: [&str; 4] = [
    "deepgram/nova-2",
    "odd/priceless",
    "openai/gpt-6-sol",
    "openai/tts-1",
];

fn charges() -> impl Strategy<Value = Vec<Charge>> {
    let charge = |(payee, item, purpose, amount): (usize, usize, usize, u64)| {
        let (item, purpose) = (Item::ALL[item], Purpose::ALL[purpose]);
        book().charge(&name(PAYEES[payee]), item, purpose, amount)
    };
    let what = (0..PAYEES.len(), 0..Item::ALL.len(), 0..Purpose::ALL.len());
    let one = (what, 1..1_000_000_000_u64)
        .prop_map(move |((payee, item, purpose), amount)| charge((payee, item, purpose, amount)));
    proptest::collection::vec(one, 0..40)
}

proptest! {
    #[test]
    fn whichever_way_a_receipt_is_summed_up_it_comes_to_the_same(lines in charges(), at in 0..40_usize) {
        let whole = Receipt(lines.clone()).cost();
        let known = lines.iter().filter_map(|line| line.cost).sum();
        prop_assert_eq!(whole.known, known);
        let receipt = Receipt(lines.clone());
        let by_purpose = Purpose::ALL.map(|purpose| receipt.cost_of(purpose));
        prop_assert_eq!(by_purpose.into_iter().sum::<Cost>(), whole);
        let by_provider = receipt.cost_by_provider();
        prop_assert_eq!(by_provider.into_values().sum::<Cost>(), whole);
        let (one, other) = lines.split_at(at.min(lines.len()));
        let mut both = Receipt::default();
        both.add(&Receipt(one.to_vec()));
        both.add(&Receipt(other.to_vec()));
        prop_assert_eq!(both.cost(), whole);
        prop_assert_eq!(both.usage(), receipt.usage());
    }
}
