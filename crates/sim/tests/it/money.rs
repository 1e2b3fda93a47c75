//! What calls take out of their tenants' purses.

use std::{collections::BTreeMap, sync::Arc};

use domain::{EndReason, Item, Micros};
use driver::Agent;

use crate::{
    failures::{ears, model, voice},
    providers::Plan,
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
