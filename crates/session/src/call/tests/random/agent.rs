//! How the agents of random calls behave, and what they cost.

use domain::{Micros, Millis};

use super::BUDGET;
use crate::{
    OverlapMode, Presses, Rules, Speculate, TurnEnd,
    call::tests::{dice::Dice, rules as usual},
};

pub(super) fn rules(dice: &mut Dice) -> Rules {
    let mut rules = usual();
    rules.end.max_call = Millis(20_000 + dice.roll(60_000));
    rules.line.marks = dice.roll(4) > 0;
    rules.line.rounds = dice.roll(2) > 0;
    rules.turn.speculate = dice.one(&[Speculate::Off, Speculate::Think, Speculate::Speak]);
    rules.overlap.mode = dice.one(&[
        OverlapMode::Duck { db: 12 },
        OverlapMode::Ignore,
        OverlapMode::Pause,
    ]);
    rules.budget.limit = Some(BUDGET);
    rules.read_only_tools = vec!["look_up".to_owned()];
    if dice.roll(2) == 0 {
        rules.mask.openers = vec!["Sure.".to_owned(), "Okay.".to_owned()];
    }
    rules.overlap.greeting_interruptible = dice.roll(4) > 0;
    if dice.roll(5) == 0 {
        rules.turn.end = dice.one(&[TurnEnd::Provider, TurnEnd::Talker]);
    }
    if dice.roll(5) == 0 {
        rules.lines.greeting.clear();
    }
    if dice.roll(2) == 0 {
        rules.dtmf.presses = Presses::Always;
    }
    if dice.roll(2) == 0 {
        rules.lines.keypad = "Press 1.".to_owned();
    }
    rules
}

/// What a second of a call costs: nothing, or so much that some calls come to the limit.
pub(super) fn costs(dice: &mut Dice) -> Micros {
    Micros(dice.one(&[0, 10_000, 60_000, 300_000]))
}
