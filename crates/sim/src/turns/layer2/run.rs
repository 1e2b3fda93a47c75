//! All calls of a run, and the report of it. Pure.

use super::{
    call::Diary,
    cast::Role,
    goals,
    judge::{self, CallReport, Finals, Stored},
};
use crate::turns::report::{Check, Report, ScenarioResult};

/// What became of all calls.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Calls that were placed.
    pub(super) calls: Vec<CallReport>,
    refusals: Vec<ScenarioResult>,
    frames: usize,
    late: usize,
    /// Final words that the recogniser kept from the server.
    pub finals_lost: usize,
    /// What the server did against the protocols of its providers.
    pub provider_violations: Vec<String>,
}

impl Run {
    /// Judges a call by what the line saw and what the server stored of it.
    pub fn add(&mut self, role: &Role, diary: &Diary, stored: Option<&Stored>) {
        self.frames += diary.ticks.len();
        self.late += diary.late;
        let nothing = Stored::default();
        let mut report = judge::judge(role, diary, stored.unwrap_or(&nothing));
        if stored.is_none() {
            report.faults.push("the call is not stored".to_owned());
        }
        self.calls.push(report);
    }

    /// Notes a call that the server did not take.
    pub fn refused(&mut self, role: &Role, why: &str) {
        self.refusals.push(ScenarioResult {
            name: role.scenario.name.clone(),
            faults: vec![format!("the call was not taken: {why}")],
        });
    }

    /// The whole of it.
    #[must_use]
    pub fn report(&self) -> Report {
        let played = self.calls.iter().map(|call| ScenarioResult {
            name: call.scenario.clone(),
            faults: call.faults.clone(),
        });
        Report {
            layer: "l2".to_owned(),
            notes: self.notes(),
            checks: self.checks(),
            policies: Vec::new(),
            seeds: Vec::new(),
            goals: goals::of(&self.calls),
            scenarios: played.chain(self.refusals.iter().cloned()).collect(),
        }
    }

    fn notes(&self) -> Vec<String> {
        let turns: usize = self.calls.iter().map(|call| call.turns.len()).sum();
        let echo_s: u64 = self.calls.iter().map(|call| call.echo_ms).sum::<u64>() / 1_000;
        vec![
            format!(
                "{} calls with {turns} turns, as sound in real time through the real server. \
                 Callers speak with the voices of flite and espeak-ng; recogniser, model and voice \
                 are simulated behind their own wires, with the delays of each scenario.",
                self.calls.len()
            ),
            format!(
                "On lines with echo the agent was audible for {echo_s} s; less than {} s in which \
                 nothing happens prove nothing. Self-interruptions by echo are times that the agent \
                 cleared its voice while nothing at the caller's explains it, and turns made for more \
                 than half of words that the caller does not say; turns with words of the echo are \
                 those with even one that only the agent said.",
                goals::ENOUGH_ECHO_MS / 1_000
            ),
            "A turn is missed if no answer came within 7 s, or if less than half of its words were \
             understood."
                .to_owned(),
            "Left out: of latencies, turns that began over the agent's words, and calls whose model, \
             voice or recogniser is slower than usual; of reactions and of sounds to be ignored, \
             those that begin within 600 ms of the end of the agent's words; of history, replies spoken in \
             another form than written; of requests, calls with keys. Shares are told with the range \
             in which nineteen of twenty such runs would lie."
                .to_owned(),
            "Ducked is the first quieter frame that the server sends, silent its `clear`, or the last \
             audible frame where it sends none. What is ahead of the telephone by then, up to 200 ms, \
             is played as it is."
                .to_owned(),
        ]
    }

    fn checks(&self) -> Vec<Check> {
        /// More late frames than one in a hundred, and latencies are the simulation's own.
        const MOST_LATE: f64 = 1.0;
        let late = self.late as f64 * 100.0 / self.frames.max(1) as f64;
        let line = self.calls.iter().flat_map(|call| &call.violations);
        let broken: Vec<String> = line.chain(&self.provider_violations).cloned().collect();
        let taken = self.calls.len();
        let all = taken + self.refusals.len();
        let mut checks = vec![
            Check {
                what: "frames that the simulation sent late".to_owned(),
                found: format!("{late:.2} %"),
                right: late <= MOST_LATE,
            },
            Check {
                what: "calls that the server took".to_owned(),
                found: format!("{taken} of {all}"),
                right: taken == all,
            },
            Check {
                what: "messages against a protocol".to_owned(),
                found: if broken.is_empty() {
                    "none".to_owned()
                } else {
                    broken.join("; ")
                },
                right: broken.is_empty(),
            },
        ];
        let mut calls = self.calls.iter();
        if calls.any(|call| call.finals == Finals::SomeLost) {
            checks.push(Check {
                what: "finals lost, where a scenario wants some to be".to_owned(),
                found: self.finals_lost.to_string(),
                right: self.finals_lost > 0,
            });
        }
        checks
    }
}

#[cfg(test)]
mod tests;
