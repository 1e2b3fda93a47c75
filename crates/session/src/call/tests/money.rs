//! What happens when a call costs too much.

use domain::Micros;

use super::{play_with, rules};
use crate::{BudgetRules, Rules};

/// Five dollars, and a line for when they are nearly spent.
fn five_dollars() -> Rules {
    let mut rules = rules();
    rules.budget = BudgetRules {
        limit: Some(Micros(5_000_000)),
        warn_percent: 80,
    };
    rules.lines.budget_low = "We have to come to an end soon.".to_owned();
    rules
}

const GREETED: &str = "
    0.010  audio r1 0.500
    0.010  spoken r1
    0.520  played r1-0
";

#[test]
fn a_call_that_nearly_spent_its_budget_says_so_between_two_sentences() {
    let story = "
        1.000  speech
        1.200  spent 4000000
        1.500  spent 4100000
        2.000  pause
        2.200  finalized Book a table.
        2.300  text r2 For how many?
        2.300  done r2
        2.400  audio r2 0.700
        2.400  spoken r2
        3.400  played r2-0
        4.500  audio r3 1.000
        4.500  spoken r3
        5.500  played r3-0
        5.600  hang-up
    ";
    insta::assert_snapshot!(play_with(five_dollars(), &[GREETED, story].concat()));
}

#[test]
fn a_call_that_spent_its_budget_ends_politely() {
    let story = "
        1.000  speech
        2.000  pause
        2.200  finalized Book a table.
        2.300  text r2 For how many people may it be?
        2.400  audio r2 2.000
        2.900  spent 5000001
        3.000  audio r2 1.000
        3.100  audio r3 1.000
        3.100  spoken r3
        4.200  played r3-0
    ";
    insta::assert_snapshot!(play_with(five_dollars(), &[GREETED, story].concat()));
}

#[test]
fn a_budget_that_is_shared_ends_the_call_as_well() {
    let story = "
        1.000  budget-gone
        1.100  audio r2 1.000
        1.100  spoken r2
        2.200  played r2-0
    ";
    insta::assert_snapshot!(play_with(rules(), &[GREETED, story].concat()));
}

#[test]
fn a_call_without_a_budget_may_cost_what_it_costs() {
    let story = "
        1.000  spent 90000000
        1.500  hang-up
    ";
    let mut rules = rules();
    rules.budget.limit = None;
    insta::assert_snapshot!(play_with(rules, &[GREETED, story].concat()));
}

/// The caller objects to a goodbye; meanwhile the budget was spent.
#[test]
fn a_budget_that_ran_out_during_a_goodbye_still_ends_the_call() {
    let story = "
        1.000  utterance Goodbye.
        1.700  text r2 Goodbye.
        1.710  done r2
        1.800  audio r2 0.500
        1.800  spoken r2
        2.320  played r2-0
        2.600  spent 5000001
        2.800  utterance One more thing, please.
        4.000  audio r3 1.000
        4.000  spoken r3
        5.100  played r3-0
        5.100  played r3-1
    ";
    insta::assert_snapshot!(play_with(five_dollars(), &[GREETED, story].concat()));
}
