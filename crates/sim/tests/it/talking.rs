//! Calls on which one model hears, thinks and speaks.

use domain::{EndReason, Item, Micros, Millis, PriceBook, Purpose, Rates, Receipt, TurnRecord};
use session::{Message, Rules, Speculate};

use crate::{
    failures::refused,
    providers::{FakeEars, FakeModel, FakeVoice, Plan, Plans, broken},
    talkers::{Answer, FakeTalker, USAGE},
    world::{Cast, World, agent, rules},
};

fn cast(talker: &FakeTalker, replies: &[&str]) -> Cast {
    Cast {
        ears: vec![FakeEars::default()],
        models: vec![FakeModel::saying(replies)],
        voices: vec![FakeVoice::default()],
        talkers: vec![talker.clone()],
        ..Cast::default()
    }
}

/// One reply for every turn: what is begun too soon would be counted as well.
fn certain() -> Rules {
    let mut rules = rules();
    rules.turn.speculate = Speculate::Off;
    rules
}

fn heard(turns: &[TurnRecord]) -> Vec<(&str, &str)> {
    turns
        .iter()
        .map(|turn| (turn.caller.as_str(), turn.heard.as_str()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn one_model_greets_and_answers() {
    let talker = FakeTalker::answering([Answer::Says("We open at nine.")]);
    let cast = cast(&talker, &[]);
    let world = World::answer(certain(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "When do you open?").await;
    world.wait(3_000).await;
    let (ended, turns) = world.hang_up().await;
    assert_eq!(
        heard(&turns),
        [("", "Hello"), ("When do you open?", "We open at nine.")]
    );
    assert_eq!(talker.orders(), ["say r1 Hello", "commit r2"]);
    let names: Vec<_> = turns[1].providers.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["ears0/fake", "talker0/fake"]);
    assert_eq!(ended.usage.llm_output_tokens, 2 * (8 + 30));
    assert!(cast.models[0].asked.lock().unwrap().is_empty());
    assert!(cast.voices[0].said.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_given_up_is_not_heard_in_place_of_its_excuse() {
    let talker = FakeTalker::answering([Answer::Late("We open at nine.", 3_000)]);
    let cast = cast(&talker, &[]);
    let mut rules = certain();
    rules.mask.give_up_after = Millis(2_000);
    let world = World::answer(rules, &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "When do you open?").await;
    world.wait(12_000).await;
    let (ended, turns) = world.hang_up().await;
    let heard = &turns[1].heard;
    assert!(heard.ends_with("Could you say that again?"), "{heard}");
    let orders = talker.orders();
    assert_eq!(orders[1..3], ["commit r2", "stop r2"]);
    assert!(orders[3].starts_with("say r2 "), "{orders:?}");
    let lines = orders
        .iter()
        .filter(|order| order.starts_with("say "))
        .count() as u64;
    assert_eq!(
        ended.usage.llm_output_tokens,
        (lines + 1) * (8 + 30),
        "all is paid"
    );
}

#[tokio::test(start_paused = true)]
async fn a_model_that_speaks_remembers_earlier_calls() {
    let talker = FakeTalker::answering([Answer::Says("At nine."), Answer::Says("As I said.")]);
    let cast = cast(&talker, &[]);
    let mut earlier = Vec::new();
    for _call in 0..2 {
        let world = World::answer_again(agent(certain(), &cast), earlier);
        world.wait(1_000).await;
        world.say(&cast.ears[0], "When do you open?").await;
        world.wait(3_000).await;
        (_, earlier) = world.hang_up().await;
    }
    let orders = ["say r1 Hello", "commit r2"];
    assert_eq!(talker.orders()[..2], orders, "nothing to remember");
    assert_eq!(talker.orders()[2], "recall");
    assert_eq!(talker.orders()[3..], orders);
}

#[tokio::test(start_paused = true)]
async fn a_tool_answers_before_the_model_goes_on() {
    let talker = FakeTalker::answering([Answer::Tool("look"), Answer::Says("It is free.")]);
    let cast = cast(&talker, &[]);
    let world = World::answer(certain(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "Is a table free?").await;
    world.wait(4_000).await;
    let (_, turns) = world.hang_up().await;
    assert_eq!(turns[1].heard, "It is free.");
    assert_eq!(turns[1].tools, ["look"]);
    assert_eq!(
        talker.orders(),
        [
            "say r1 Hello",
            "commit r2",
            "answered call-look",
            "respond r2"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_cut_off_forgets_what_nobody_heard() {
    let long = "This is a very long answer that goes on and on, and on.";
    let talker = FakeTalker::answering([Answer::Says(long), Answer::Says("Sure.")]);
    let cast = cast(&talker, &[]);
    let world = World::answer(certain(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "Tell me more.").await;
    world.wait(2_000).await;
    world.say(&cast.ears[0], "Stop, please.").await;
    world.wait(3_000).await;
    let (ended, turns) = world.hang_up().await;
    assert_eq!(ended.barge_ins, 1);
    assert!(turns[1].interrupted);
    assert_eq!(turns[1].heard, "This is a very");
    assert_eq!(turns[2].heard, "Sure.");
    // 650 ms after the words the answer began, and its words stopped it 2 s after they came.
    assert_eq!(
        talker.orders(),
        [
            "say r1 Hello",
            "commit r2",
            "cancel r2 after 1.350",
            "commit r3"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_opened_again_and_the_answer_goes_on() {
    let text = "We open at nine on Sunday.";
    let talker = FakeTalker::answering([
        Answer::Says("Yes, we do."),
        Answer::Cut(text, "We open at nine".len()),
        Answer::Says("on Sunday."),
    ]);
    let cast = cast(&talker, &[]);
    let world = World::answer(certain(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "Do you serve breakfast?").await;
    world.wait(3_000).await;
    world.say(&cast.ears[0], "When do you open?").await;
    world.wait(5_000).await;
    let (ended, turns) = world.hang_up().await;
    assert_eq!(ended.reason, EndReason::CallerHungUp);
    assert_eq!(turns[2].heard, "We open at nine on Sunday.");
    let orders = talker.orders();
    assert_eq!(
        orders[2..],
        ["commit r3", "respond r3"],
        "what it knows as text is not told again"
    );
    let talks = talker.talks.lock().unwrap();
    let history: Vec<String> = talks[1].prompt.messages.iter().map(told).collect();
    assert_eq!(
        history[..5],
        [
            "agent: Hello",
            "caller: Do you serve breakfast?",
            "agent: Yes, we do.",
            "caller: When do you open?",
            "agent: We open at nine",
        ]
    );
    assert!(cast.models[0].asked.lock().unwrap().is_empty());
}

fn told(message: &Message) -> String {
    match message {
        Message::Agent { text, .. } => format!("agent: {}", text.trim()),
        Message::Caller(text) => format!("caller: {text}"),
        Message::Note(_) => "note".to_owned(),
        Message::Tool { output, .. } => format!("tool: {output}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_lost_in_silence_comes_back_with_what_was_heard() {
    let talker = FakeTalker {
        plans: Plans::of([Plan::Work]),
        ..FakeTalker::answering([
            Answer::Cut("Yes. Yes.", 0),
            Answer::Says("We do."),
            Answer::Says("At nine."),
        ])
    };
    let cast = cast(&talker, &[]);
    let world = World::answer(certain(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "Do you open?").await;
    world.wait(3_000).await;
    world.say(&cast.ears[0], "When?").await;
    world.wait(3_000).await;
    let (_, turns) = world.hang_up().await;
    assert_eq!(
        heard(&turns)[1..],
        [("Do you open?", "We do."), ("When?", "At nine.")]
    );
}

#[tokio::test(start_paused = true)]
async fn when_it_cannot_be_opened_again_model_and_voice_carry_on() {
    let text = "We open at nine on Sunday.";
    let talker = FakeTalker {
        plans: Plans::of([Plan::Work, Plan::Fail(broken()), Plan::Fail(broken())]),
        ..FakeTalker::answering([Answer::Cut(text, "We open at nine".len())])
    };
    let cast = cast(&talker, &["On Sunday. Breakfast is until noon.", "Sure."]);
    let world = World::answer(certain(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "When do you open?").await;
    world.wait(6_000).await;
    world.say(&cast.ears[0], "Are you sure?").await;
    world.wait(4_000).await;
    let mut metrics = String::new();
    prometheus_client::encoding::text::encode(&mut metrics, &world.registry).unwrap();
    assert!(
        metrics.contains(r#"repartee_fallback_total{from="talker0/fake",to="model0/fake"} 1"#),
        "{metrics}"
    );
    let (ended, turns) = world.hang_up().await;
    assert_eq!(ended.reason, EndReason::CallerHungUp);
    assert_eq!(
        heard(&turns)[1..],
        [
            (
                "When do you open?",
                "We open at nine On Sunday. Breakfast is until noon."
            ),
            ("Are you sure?", "Sure.")
        ]
    );
    assert_eq!(talker.talks.lock().unwrap().len(), 2, "one reconnection");
    let names: Vec<_> = turns[2].providers.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["ears0/fake", "model0/fake", "voice0/fake"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_leaves_the_call_to_model_and_voice() {
    let talker = FakeTalker {
        plans: Plans::of([Plan::Fail(refused())]),
        ..FakeTalker::default()
    };
    let cast = cast(&talker, &["At nine."]);
    let world = World::answer(certain(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "When do you open?").await;
    world.wait(3_000).await;
    let statuses = world.exchange.breakers();
    let talkers = statuses.iter().find(|at| at.of.to_string() == "talker0");
    assert!(talkers.is_some_and(|status| status.refused));
    let (_, turns) = world.hang_up().await;
    assert_eq!(
        heard(&turns),
        [("", "Hello"), ("When do you open?", "At nine.")]
    );
    assert_eq!(talker.talks.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_refused_with_an_answer_is_one_failure() {
    let talker = FakeTalker::answering([Answer::Fails(refused())]);
    let cast = cast(&talker, &["At nine."]);
    let world = World::answer(certain(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "When do you open?").await;
    world.wait(3_000).await;
    let mut metrics = String::new();
    prometheus_client::encoding::text::encode(&mut metrics, &world.registry).unwrap();
    assert!(
        metrics.contains(r#"{provider="talker0",op="realtime",result="refused"} 1"#),
        "{metrics}"
    );
    let (_, turns) = world.hang_up().await;
    assert_eq!(heard(&turns)[1..], [("When do you open?", "At nine.")]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_answer_is_asked_for_once_more_and_then_elsewhere() {
    let failing = Answer::Fails(broken());
    let talker = FakeTalker {
        plans: Plans::of([Plan::Work, Plan::Fail(broken())]),
        ..FakeTalker::answering([
            failing.clone(),
            Answer::Says("At nine."),
            failing.clone(),
            failing,
        ])
    };
    let cast = cast(&talker, &["From the model."]);
    let world = World::answer(certain(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "When do you open?").await;
    world.wait(3_000).await;
    world.say(&cast.ears[0], "Who says so?").await;
    world.wait(6_000).await;
    let (_, turns) = world.hang_up().await;
    assert_eq!(
        heard(&turns)[1..],
        [
            ("When do you open?", "At nine."),
            ("Who says so?", "From the model.")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_token_is_paid_for_and_the_budget_ends_the_call() {
    let talker = FakeTalker::answering([Answer::Says("We open at nine.")]);
    let mut cast = cast(&talker, &[]);
    // A dollar for a token of speech.
    let dollars = |dollars: u64| Micros(dollars * 1_000_000_000_000);
    let rates: Rates = [(Item::AudioOutput, dollars(1)), (Item::Input, dollars(0))]
        .into_iter()
        .collect();
    let book: PriceBook = [("talker0/fake".parse().unwrap(), rates)]
        .into_iter()
        .collect();
    cast.prices = book;
    let mut rules = certain();
    rules.budget.limit = Some(Micros(50_000_000));
    let world = World::answer(rules, &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "When do you open?").await;
    world.wait(30_000).await;
    let (ended, receipt) = world.bill().await;
    assert_eq!(ended.reason, EndReason::BudgetExhausted);
    let Receipt(lines) = receipt;
    let of = |item| {
        let mut lines = lines
            .iter()
            .filter(|line| line.item == item && line.payee.provider == "talker0");
        let line = lines.next().expect("it is on the receipt");
        assert_eq!((line.purpose, lines.next()), (Purpose::Call, None));
        (line.amount, line.cost.map(|cost| cost.0 / 1_000_000))
    };
    // The greeting, the answer, and two sentences of a goodbye.
    let (input, replies) = (USAGE.input_text - USAGE.cached_text, 4);
    assert_eq!(of(Item::Input), (input * replies, Some(0)));
    assert_eq!(of(Item::AudioInput), (30 * replies, None));
    assert_eq!(of(Item::CachedAudioInput), (20 * replies, None));
    assert_eq!(of(Item::AudioOutput), (30 * replies, Some(120)));
    assert!(ended.cost.partly, "prices that nobody told are unknown");
}

/// Whether the call has orders for it or not.
#[tokio::test(start_paused = true)]
async fn a_bug_in_whoever_talks_ends_the_call_and_is_counted() {
    for greeting in ["Hello", ""] {
        let talker = FakeTalker {
            plans: Plans::of([Plan::Panic]),
            ..FakeTalker::default()
        };
        let mut rules = certain();
        rules.lines.greeting = greeting.to_owned();
        let world = World::answer(rules, &cast(&talker, &[]));
        world.wait(1_000).await;
        let mut metrics = String::new();
        prometheus_client::encoding::text::encode(&mut metrics, &world.registry).unwrap();
        assert!(metrics.contains("repartee_panics_total 1"), "{metrics}");
        let (ended, _) = world.end().await;
        assert_eq!(ended.reason, EndReason::InternalError);
    }
}

/// As when it is the bug that has ended the call, and the call is over before the bug shows.
#[tokio::test(start_paused = true)]
async fn a_bug_that_shows_while_the_call_is_closed_is_counted() {
    let talker = FakeTalker::answering([Answer::Panics]);
    let cast = cast(&talker, &[]);
    let world = World::answer(certain(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "When do you open?").await;
    while talker
        .orders()
        .last()
        .is_none_or(|order| order != "commit r2")
    {
        world.wait(20).await;
    }
    let (ended, _) = world.hang_up().await;
    assert_eq!(ended.reason, EndReason::InternalError);
}
