//! What calls take out of their tenants' purses.

use std::{collections::BTreeMap, sync::Arc};

use domain::{CallId, EndReason, Item, Micros, Millis, Purpose, Rates, Receipt};
use driver::Agent;
use prometheus_client::encoding::text::encode;
use providers::{llm::Written, stt::Recognised};
use session::{Speculate, ToolCall, Waits};
use tokio::time::Instant;
use transports::FromLine;

use crate::{
    failures::{ears, model, refused, voice},
    providers::Plan,
    talkers::{Answer, FakeTalker, USAGE},
    world::{Cast, World, agent, rules},
};

/// An agent whose line costs six cents a minute, a tenth of a cent every second.
fn paid(cast: &Cast) -> Agent {
    let per_minute = BTreeMap::from([(Item::Line, Micros(60_000))]);
    let mut agent = agent(rules(), cast);
    let prices = [(agent.carrier.clone(), per_minute)];
    agent.prices = Arc::new(prices.into_iter().collect());
    agent
}

/// The same with so much to spend in a day.
fn of_budget(cast: &Cast, budget: u64) -> Agent {
    Agent {
        budget_per_day: Some(Micros(budget)),
        ..paid(cast)
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_a_bug_ends_is_paid_for_once() {
    let bug = Cast {
        ears: vec![ears(vec![])],
        models: vec![model(vec![Plan::Panic], &[])],
        voices: vec![voice(vec![])],
        ..Cast::default()
    };
    let world = World::answer_as(paid(&bug));
    world.wait(5_000).await;
    world.say(&bug.ears[0], "Hello there.").await;
    world.wait(2_000).await;
    let exchange = world.exchange.clone();
    let (ended, _) = world.end().await;
    assert_eq!(ended.reason, EndReason::InternalError);
    let cost = ended.cost.known.0;
    assert!(cost > 5_000, "{cost}");
    let acme = "acme".parse().unwrap();
    assert!(
        !exchange.may_take(&acme, &of_budget(&bug, cost)),
        "it was paid for"
    );
    assert!(
        exchange.may_take(&acme, &of_budget(&bug, cost + 1)),
        "and not twice"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_costs_nothing_ends_too_when_others_have_spent_the_budget() {
    let cast = Cast {
        ears: vec![ears(vec![])],
        models: vec![model(vec![], &[])],
        voices: vec![voice(vec![])],
        ..Cast::default()
    };
    let world = World::answer_as(Agent {
        budget_per_day: Some(Micros(1_000)),
        ..agent(rules(), &cast)
    });
    world.wait(2_000).await;
    assert_eq!(world.exchange.live(), 1);
    let others = BTreeMap::from([("acme".parse().unwrap(), Micros(1_000))]);
    world.exchange.remember_spending(&others);
    let (ended, _) = world.end().await;
    assert_eq!(ended.reason, EndReason::BudgetExhausted);
    assert_eq!(ended.cost.known, Micros(0));
}

#[tokio::test(start_paused = true)]
async fn a_reply_begun_for_a_caller_who_hangs_up_was_for_nothing() {
    for (hangs_up_after, for_nothing) in [(300, true), (2_000, false)] {
        let cast = Cast {
            ears: vec![ears(vec![])],
            models: vec![model(vec![], &["We open at nine."])],
            voices: vec![voice(vec![])],
            ..Cast::default()
        };
        let world = World::answer(rules(), &cast);
        world.wait(1_000).await;
        world.say(&cast.ears[0], "When do you open?").await;
        world.wait(hangs_up_after).await;
        let (ended, _) = world.hang_up().await;
        let spent = ended.usage.llm_input_tokens;
        assert!(spent > 0, "it was asked within {hangs_up_after} ms");
        let discarded = ended.usage.llm_discarded_input_tokens;
        let expected = if for_nothing { spent } else { 0 };
        assert_eq!(discarded, expected, "after {hangs_up_after} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_recogniser_works_on_when_the_caller_hangs_up_is_paid() {
    let cast = Cast {
        ears: vec![ears(vec![])],
        models: vec![model(vec![], &[])],
        voices: vec![voice(vec![])],
        ..Cast::default()
    };
    let world = World::answer_as(paid(&cast));
    world.wait(1_000).await;
    let open = cast.ears[0].open.lock().unwrap().clone();
    let sent = Recognised::Sent(Millis(5_000));
    open.expect("the recogniser listens")
        .send(sent)
        .await
        .unwrap();
    let (exchange, hung_up) = (world.exchange.clone(), Instant::now());
    let (ended, _) = world.hang_up().await;
    assert!(hung_up.elapsed().as_millis() < 100, "the call ends at once");
    assert_eq!(ended.usage.stt_audio, Millis(5_000));
    assert_eq!(exchange.totals().receipt.usage(), ended.usage);
}

/// Characters of "Hello".
const GREETING: u64 = 5;

/// What was used for this, of this item.
fn used(Receipt(lines): &Receipt, item: Item, purpose: Purpose) -> u64 {
    let lines = lines.iter();
    let of = lines.filter(|line| (line.item, line.purpose) == (item, purpose));
    of.map(|line| line.amount).sum()
}

#[tokio::test(start_paused = true)]
async fn characters_of_a_reply_begun_too_soon_stand_apart_as_its_tokens_do() {
    let mut too_soon = 0;
    for hangs_up_after in (200..2_000).step_by(200) {
        let cast = Cast {
            ears: vec![ears(vec![])],
            models: vec![model(vec![], &["We open at nine."])],
            voices: vec![voice(vec![])],
            ..Cast::default()
        };
        let mut rules = rules();
        rules.turn.wait = Waits::fixed(Millis(1_000));
        let world = World::answer(rules, &cast);
        world.wait(1_000).await;
        world.say(&cast.ears[0], "When do you open?").await;
        world.wait(hangs_up_after).await;
        let hung_up = FromLine::HungUp;
        world.far.caller.send(hung_up).await.unwrap();
        let (ended, receipt) = world.bill().await;
        let of = |purpose| [Item::Output, Item::Speech].map(|item| used(&receipt, item, purpose));
        let ([wanted, spoken], [unwanted, unheard]) = (of(Purpose::Call), of(Purpose::Speculation));
        assert_eq!(spoken + unheard, ended.usage.tts_characters);
        assert!(wanted == 0 || unwanted == 0, "there is one reply");
        if unwanted > 0 {
            assert_eq!(spoken, GREETING, "after {hangs_up_after} ms");
            too_soon += u32::from(unheard > 0);
        } else {
            assert_eq!(unheard, 0, "after {hangs_up_after} ms");
        }
    }
    assert!(too_soon > 0, "some were spoken too soon");
}

#[tokio::test(start_paused = true)]
async fn a_reply_begun_too_soon_and_given_up_is_for_nothing() {
    let cast = Cast {
        ears: vec![ears(vec![])],
        models: vec![model(vec![Plan::Work, Plan::Hang], &[])],
        voices: vec![voice(vec![])],
        ..Cast::default()
    };
    let call = ToolCall {
        id: "c1".to_owned(),
        name: "look_up".to_owned(),
        arguments: "{}".to_owned(),
    };
    let looks_up = vec![Written::Tool(call)];
    cast.models[0].replies.lock().unwrap().push_back(looks_up);
    let mut rules = rules();
    rules.read_only_tools = vec!["look_up".to_owned()];
    rules.mask.give_up_after = Millis(500);
    rules.turn.wait = Waits::fixed(Millis(3_000));
    let world = World::answer(rules, &cast);
    let idle = cast.models[0].holders();
    world.wait(1_000).await;
    world.say(&cast.ears[0], "When do you open?").await;
    world.wait(700).await;
    assert!(cast.models[0].holders() > idle, "it is asked once more");
    world.wait(800).await;
    assert_eq!(cast.models[0].holders(), idle, "it is given up");
    world.say(&cast.ears[0], "And on Sunday?").await;
    world.wait(100).await;
    let hung_up = FromLine::HungUp;
    world.far.caller.send(hung_up).await.unwrap();
    let (_ended, receipt) = world.bill().await;
    let of = |purpose| used(&receipt, Item::Input, purpose);
    assert_eq!(of(Purpose::Call), 0);
    assert!(of(Purpose::Speculation) >= 100, "{receipt:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_spoken_before_anyone_calls_is_in_the_sums_and_on_no_receipt() {
    let cents = Rates::from([(Item::Speech, Micros(10_000_000_000))]);
    let cast = Cast {
        ears: vec![ears(vec![])],
        models: vec![model(vec![], &[])],
        voices: vec![voice(vec![])],
        prices: [("voice0/fake".parse().unwrap(), cents)]
            .into_iter()
            .collect(),
        ..Cast::default()
    };
    let agent = agent(rules(), &cast);
    let mut world = World::answer(rules(), &cast);
    world.wait(1_000).await;
    let (exchange, registry) = (world.exchange.clone(), std::mem::take(&mut world.registry));
    let (ended, _) = world.hang_up().await;
    assert_eq!(ended.usage.tts_characters, GREETING);
    for _ in 0..2 {
        exchange.rehearse(&agent).await;
    }
    let lines = agent.rules.spoken_lines();
    let all: usize = lines.iter().map(|line| line.chars().count()).sum();
    let characters = all as u64 - GREETING;
    let totals = exchange.totals();
    let known = totals.receipt.cost_of(Purpose::Rehearsal).known;
    assert_eq!(known, Micros(characters * 10_000), "it is kept");
    assert_eq!(
        (totals.calls, totals.receipt.usage().tts_characters),
        (1, all as u64)
    );
    let mut metrics = String::new();
    encode(&mut metrics, &registry).unwrap();
    let line = format!(
        "{{provider=\"voice0\",purpose=\"rehearsal\"}} {}",
        known.dollars()
    );
    assert!(metrics.contains(&line), "{line} in {metrics}");
}

#[tokio::test(start_paused = true)]
async fn a_talker_has_time_for_its_last_bill_when_the_carrier_takes_over() {
    let talker = FakeTalker::answering([Answer::Says("We open at nine.")]);
    let cast = Cast {
        ears: vec![ears(vec![Plan::Work, Plan::Fail(refused())])],
        models: vec![model(vec![], &[])],
        voices: vec![voice(vec![])],
        talkers: vec![talker.clone()],
        ..Cast::default()
    };
    let mut rules = rules();
    rules.turn.speculate = Speculate::Off;
    rules.line.rounds = true;
    let world = World::answer(rules, &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "When do you open?").await;
    while talker
        .orders()
        .last()
        .is_none_or(|order| order != "commit r2")
    {
        world.wait(5).await;
    }
    let open = cast.ears[0].open.lock().unwrap().take();
    assert!(open.is_some(), "the recogniser listened");
    for _ in 0..8 {
        let frame = FromLine::Audio(vec![0xFF; 160].into());
        world.far.caller.send(frame).await.unwrap();
    }
    let id = CallId::new(1, [7; 10]);
    while world.exchange.rounds(id).is_none() {
        world.wait(5).await;
    }
    let output = USAGE.output_text + USAGE.output_audio;
    world.exchange.hung_up(id);
    let (ended, _) = world.end().await;
    assert_eq!(ended.usage.llm_output_tokens, 2 * output);
}
