//! What the call costs: a warning, and a polite end.

use domain::{EndReason, Micros, Millis};

use super::{CallSession, Phase};
use crate::{Action, Note, budget::Funds, timers::Timer};

impl CallSession {
    /// The call has cost so much so far.
    pub(super) fn spent(&mut self, now: Millis, so_far: Micros) {
        let funds = self.rules.budget.after(so_far);
        if funds <= self.funds {
            return;
        }
        self.funds = funds;
        match funds {
            Funds::Full => {}
            Funds::Low => {
                self.actions.push(Action::Note(Note::BudgetLow));
                if !self.rules.lines.budget_low.trim().is_empty() {
                    self.tell_of_budget(now);
                }
            }
            Funds::Empty => self.budget_is_gone(now),
        }
    }

    /// Somebody's budget is spent: nothing more is begun, and the caller hears a goodbye.
    pub(super) fn budget_is_gone(&mut self, now: Millis) {
        self.funds = Funds::Empty;
        self.timers.disarm(Timer::BudgetLow);
        if self.phase == Phase::Talking {
            self.part(now, EndReason::BudgetExhausted);
        }
    }

    /// Tells the caller that the budget is nearly spent, as soon as nobody speaks.
    pub(super) fn tell_of_budget(&mut self, now: Millis) {
        let line = self.rules.lines.budget_low.clone();
        self.say_between(now, Timer::BudgetLow, &line);
    }
}
