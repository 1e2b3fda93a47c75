//! What a row found.

use std::{fmt, time::Duration};

use domain::{Micros, Purpose, Receipt};

use super::{
    code::bare,
    ledger::{Billed, Lost, tokens_for},
    prices,
    stage::{Call, GREETING, InRounds, Left, Stage, answer_of},
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
    /// Not when it was required: on a busy machine that may be the machine.
    pub late: Vec<String>,
}

impl Findings {
    /// Whether everything was as required.
    #[must_use]
    pub fn hold(&self) -> bool {
        self.missed.is_empty() && self.late.is_empty()
    }

    /// Takes what was found in a case of its own, under its name.
    pub(super) fn merge(&mut self, case: &str, other: Self) {
        let named = |it: String| format!("{case}: {it}");
        self.found.extend(other.found.into_iter().map(named));
        self.missed.extend(other.missed.into_iter().map(named));
        self.late.extend(other.late.into_iter().map(named));
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
            return self.missed.push(format!("{what}: never"));
        };
        let holds = took >= deadline.mul_f64(0.8) && took <= deadline.mul_f64(1.2);
        let (took, deadline) = (took.as_millis(), deadline.as_millis());
        self.timed(holds, format!("{what} {took} ms (of {deadline})"));
    }

    pub(super) fn within(&mut self, what: &str, took: Option<Duration>, most: Duration) {
        let Some(took) = took else {
            return self.missed.push(format!("{what}: never"));
        };
        let (took, most) = (took.as_millis(), most.as_millis());
        self.timed(took <= most, format!("{what} {took} ms (most {most})"));
    }

    fn timed(&mut self, holds: bool, what: String) {
        let list = if holds {
            &mut self.found
        } else {
            &mut self.late
        };
        list.push(what);
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

    /// What may be said while the recogniser is gone: that nothing was understood, or a filler.
    pub(super) fn excused(&mut self, stage: &Stage, leads: Vec<String>) {
        let rules = &stage.agent.rules;
        let lines = [&rules.lines.unheard, &rules.lines.one_moment];
        let known: Vec<String> = lines
            .into_iter()
            .chain(&rules.mask.fillers)
            .map(|line| bare(line))
            .collect();
        for lead in leads.into_iter().filter(|lead| !lead.is_empty()) {
            let mut left = lead.as_str();
            while let Some(line) = known.iter().find(|line| left.starts_with(*line)) {
                left = &left[line.len()..];
            }
            // The last of them may have been broken off by the answer.
            let is_known = left.is_empty() || known.iter().any(|line| line.starts_with(left));
            self.check(is_known, format!("before the answer {lead:?}"));
        }
    }

    /// The same, but whatever was heard before the answers is returned, without blanks and marks.
    pub(super) fn answers(&mut self, call: &Call, asks: &[Ask]) -> Vec<String> {
        self.survived(call);
        let greeting = &call.heard.greeting;
        if bare(greeting) != bare(GREETING) {
            self.missed.push(format!("heard {greeting:?} at first"));
        }
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
        }
        self.understood(call, asks);
        self.recorded(call);
        self.silence(longest);
        leads
    }

    /// The carrier had nothing to say before the questions it asked, and each of them was answered
    /// word for word, and soon: its callers bear no longer silence than others.
    pub(super) fn in_rounds(&mut self, rounds: &InRounds, asks: &[Ask]) {
        let none_missed = rounds.first.is_empty();
        self.check(none_missed, format!("first round {:?}", rounds.first));
        self.count("rounds", rounds.answers.len(), asks.len());
        for (ask, (answer, after)) in asks.iter().zip(&rounds.answers) {
            let is_answer = bare(answer) == bare(answer_of(ask));
            self.check(is_answer, format!("round {answer:?}"));
            self.within("answered after", Some(*after), LONGEST_SILENCE);
        }
    }

    pub(super) fn survived(&mut self, call: &Call) {
        let ended = call.ended.reason.as_str();
        self.check(ended == "caller_hung_up", format!("ended: {ended}"));
        let greeted = call.heard.greeted;
        self.within("greeted", greeted, Duration::from_millis(500));
    }

    /// Nobody has to bear a long one while we owe an answer.
    pub(super) fn silence(&mut self, longest: Duration) {
        self.within("silence", Some(longest), LONGEST_SILENCE);
    }

    /// Every question was one turn, and nothing else was.
    fn understood(&mut self, call: &Call, asks: &[Ask]) {
        let turns = call.turns.iter().map(|turn| turn.caller.as_str());
        let turns: Vec<&str> = turns.filter(|words| !words.is_empty()).collect();
        let asked = asks.iter().map(|ask| bare(ask.words));
        if !turns.iter().map(|words| bare(words)).eq(asked) {
            self.missed.push(format!("understood {turns:?}"));
        }
    }

    /// The records say what was heard. Where a reply was broken off, up to the last whole word.
    pub(super) fn recorded(&mut self, call: &Call) {
        let heard = bare(&call.heard.text());
        let mut left = heard.as_str();
        let mut cut = false;
        for turn in &call.turns {
            let recorded = bare(&turn.heard);
            let at = left.find(&recorded).filter(|at| *at <= most_of_a_word(cut));
            let Some(at) = at else {
                return self
                    .missed
                    .push(format!("recorded {:?}, heard {left:?}", turn.heard));
            };
            left = &left[at + recorded.len()..];
            cut = turn.heard.len() < turn.said.len();
        }
        if left.len() > most_of_a_word(cut) {
            self.missed.push(format!("not recorded: {left:?}"));
        }
    }

    /// What each call is billed is what the fakes counted meanwhile, at their prices.
    pub(super) fn ledger(&mut self, stage: &Stage, calls: &[Call]) {
        self.ledger_but(stage, calls, Lost::default());
    }

    /// The same, but so much of each call may have been lost on its way.
    pub(super) fn ledger_but(&mut self, stage: &Stage, calls: &[Call], lost: Lost) {
        let and = |cancelled| Lost {
            tokens: lost.tokens + cancelled,
            ..lost
        };
        let mut mistakes = Vec::new();
        for (number, call) in calls.iter().enumerate() {
            let mut of_call = prices::mistakes(&call.receipt, call.ended.cost);
            if let Some(fakes) = &call.fakes {
                let billed = Billed::on([&call.receipt]);
                of_call.extend(fakes.differences(&billed, and(cancelled(call))));
            }
            let named = of_call.into_iter().map(|it| format!("call {number}: {it}"));
            mistakes.extend(named);
        }
        if calls.iter().any(|call| call.fakes.is_none()) {
            let billed = Billed::on(calls.iter().map(|call| &call.receipt));
            let cancelled: u64 = calls.iter().map(cancelled).sum();
            mistakes.extend(stage.ledger().differences(&billed, and(cancelled)));
        }
        let totals = stage.exchange.totals();
        let costs = calls.iter().map(|call| call.ended.cost.known);
        let cost: Micros = costs.sum();
        let (rehearsed, paid): (Vec<_>, Vec<_>) = totals
            .receipt
            .0
            .iter()
            .cloned()
            .partition(|line| line.purpose == Purpose::Rehearsal);
        let rehearsed = Billed::on([&Receipt(rehearsed)]);
        let differences = stage.rehearsal().differences(&rehearsed, Lost::default());
        mistakes.extend(differences.into_iter().map(|it| format!("rehearsal: {it}")));
        let paid = Receipt(paid).cost();
        if (totals.calls, paid.known) != (calls.len() as u64, cost) {
            mistakes.push(format!("all calls cost {paid}, not {cost}"));
        }
        self.check(mistakes.is_empty(), format!("bill = fakes, {cost}"));
        self.missed.extend(mistakes);
        self.nothing_is_left(stage, calls);
        self.violations(stage);
    }

    fn nothing_is_left(&mut self, stage: &Stage, calls: &[Call]) {
        let live = stage.exchange.live();
        let sum = |of: fn(&Left) -> usize| calls.iter().map(|call| of(&call.left)).sum();
        let (connections, requests): (usize, usize) =
            (sum(|left| left.connections), sum(|left| left.requests));
        if connections + requests + live > 0 {
            self.missed.push(format!(
                "{connections} connections, {requests} requests and {live} calls are left"
            ));
        }
    }

    fn violations(&mut self, stage: &Stage) {
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

/// Tokens that may have been written of replies which were cancelled, and did not come.
fn cancelled(call: &Call) -> u64 {
    const ON_THEIR_WAY: u64 = 4;
    let discarded = tokens_for(&call.receipt, Purpose::Speculation);
    if discarded > 0 { ON_THEIR_WAY } else { 0 }
}

/// Letters that may have been heard of a word that was broken off.
const fn most_of_a_word(cut: bool) -> usize {
    const LETTERS: usize = 12;
    if cut { LETTERS } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::stage::QUESTIONS;

    #[test]
    fn who_waits_long_for_an_answer_in_rounds_is_noticed() {
        let after = |seconds| {
            let mut findings = Findings::default();
            let answer = answer_of(&QUESTIONS[0]).to_owned();
            let rounds = InRounds {
                first: String::new(),
                answers: vec![(answer, Duration::from_secs(seconds))],
                repeats: true,
            };
            findings.in_rounds(&rounds, &QUESTIONS[..1]);
            findings
        };
        assert!(after(4).hold());
        assert_eq!(after(5).late, ["answered after 5000 ms (most 4000)"]);
    }
}
