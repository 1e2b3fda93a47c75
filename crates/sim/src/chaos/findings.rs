//! What a row found.

use std::{fmt, time::Duration};

use super::{
    code::bare,
    ledger::Ledger,
    stage::{Call, Stage, answer_of},
    telephone::Ask,
};

/// The longest silence of ours that a caller has to bear.
const LONGEST_SILENCE: Duration = Duration::from_secs(4);

/// What was found, and what of it should not be so.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Measured, and as required.
    pub found: Vec<String>,
    /// Not as required.
    pub missed: Vec<String>,
}

impl Findings {
    /// Whether everything was as required.
    #[must_use]
    pub fn hold(&self) -> bool {
        self.missed.is_empty()
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.found.extend(other.found);
        self.missed.extend(other.missed);
    }

    pub(super) fn check(&mut self, holds: bool, what: impl fmt::Display) {
        let list = if holds {
            &mut self.found
        } else {
            &mut self.missed
        };
        list.push(what.to_string());
    }

    /// Something that takes a deadline has to take it to a fifth.
    pub(super) fn on_time(&mut self, what: &str, took: Option<Duration>, deadline: Duration) {
        let Some(took) = took else {
            return self.check(false, format!("{what}: never"));
        };
        let holds = took >= deadline.mul_f64(0.8) && took <= deadline.mul_f64(1.2);
        let (took, deadline) = (took.as_millis(), deadline.as_millis());
        self.check(holds, format!("{what} {took} ms (of {deadline})"));
    }

    pub(super) fn within(&mut self, what: &str, took: Option<Duration>, most: Duration) {
        let Some(took) = took else {
            return self.check(false, format!("{what}: never"));
        };
        let holds = took <= most;
        let shown = format!("{what} {} ms", took.as_millis());
        self.check(
            holds,
            if holds {
                shown
            } else {
                format!("{shown} (most {})", most.as_millis())
            },
        );
    }

    pub(super) fn count(&mut self, what: &str, found: usize, required: usize) {
        let holds = found == required;
        let shown = format!("{what} {found}");
        self.check(
            holds,
            if holds {
                shown
            } else {
                format!("{shown} (not {required})")
            },
        );
    }

    /// The call was answered, survived to its own end, and every question was understood and
    /// answered, word for word and once, without a long silence. A filler may come before.
    pub(super) fn conversation(&mut self, stage: &Stage, call: &Call, asks: &[Ask]) {
        let fillers = &stage.agent.rules.mask.fillers;
        for (ask, lead) in asks.iter().zip(self.answers(call, asks)) {
            let is_filler = fillers.iter().any(|filler| bare(filler) == lead);
            if is_filler {
                self.found.push("a filler".to_owned());
            } else if !lead.is_empty() {
                self.missed.push(format!(
                    "heard {lead:?} before the answer to {:?}",
                    ask.words
                ));
            }
        }
    }

    /// The same, but whatever was heard before the answers is returned, without blanks and marks.
    pub(super) fn answers(&mut self, call: &Call, asks: &[Ask]) -> Vec<String> {
        self.survived(call);
        let mut leads = Vec::new();
        let mut longest = Duration::ZERO;
        for (number, ask) in asks.iter().enumerate() {
            let Some(heard) = call.heard.answers.get(number) else {
                self.missed.push(format!("{:?} was never asked", ask.words));
                continue;
            };
            longest = longest.max(heard.silence);
            let text = bare(&heard.text);
            match text.strip_suffix(&bare(answer_of(ask))) {
                Some(lead) => leads.push(lead.to_owned()),
                None => self.missed.push(format!("heard {:?}", heard.text)),
            }
            self.understood(call, ask);
        }
        self.within("silence", Some(longest), LONGEST_SILENCE);
        leads
    }

    pub(super) fn survived(&mut self, call: &Call) {
        let ended = call.ended.reason.as_str();
        self.check(ended == "caller_hung_up", format!("ended: {ended}"));
        let greeted = call.heard.greeted;
        self.within("greeted", greeted, Duration::from_millis(500));
    }

    fn understood(&mut self, call: &Call, ask: &Ask) {
        let mut turns = call.turns.iter();
        if !turns.any(|turn| bare(&turn.caller) == bare(ask.words)) {
            let turns: Vec<&str> = call.turns.iter().map(|it| it.caller.as_str()).collect();
            self.missed
                .push(format!("understood {turns:?}, not {:?}", ask.words));
        }
    }

    /// What the calls are billed is what the fakes counted.
    pub(super) fn ledger(&mut self, stage: &Stage, calls: &[Call]) {
        self.ledger_but(stage, calls, 0);
    }

    /// The same, but so many tokens of replies may have been lost on their way.
    pub(super) fn ledger_but(&mut self, stage: &Stage, calls: &[Call], lost: u64) {
        let receipts = Ledger::of_receipts(calls.iter().map(|call| &call.receipt));
        let differences = receipts.differences(&stage.ledger(), lost);
        if differences.is_empty() {
            self.found.push("bill = fakes".to_owned());
        }
        self.missed.extend(differences);
        let mut violations = Vec::new();
        for place in 0..2 {
            violations.extend(stage.ears[place].fake.violations());
            violations.extend(stage.models[place].fake.violations());
            violations.extend(stage.voices[place].fake.violations());
        }
        let talkers = stage.talkers.iter().map(|post| post.fake.violations());
        violations.extend(talkers.flatten());
        // So the fake calls it when it was told to have no quota left.
        violations.retain(|violation| violation.what != "quota_exceeded");
        for violation in violations {
            self.missed.push(format!("violation: {}", violation.what));
        }
    }
}
