//! Layer 1: every scenario, and thousands of generated turns, as events in virtual time.

mod cost;
mod expected;
mod goals;
mod runs;

use std::sync::Arc;

use super::{
    generate::TURNS_PER_CALL,
    report::{Check, Report, ScenarioResult},
    scenario::{Line, Scenario},
    world::Call,
};

use runs::{End, Runs};

/// What a run of layer 1 is told.
#[derive(Clone, Debug)]
pub struct Layer1 {
    /// Turns generated for each policy.
    pub turns: usize,
    /// Everything random comes from it.
    pub seed: u64,
    /// Seeds that nothing was tuned on: the policies that waits were tuned for are scored on them too.
    pub held_out: Vec<u64>,
}

/// What silence alone cuts off in real calls, at which wait; and how far off we may be.
const SELF_CHECK: [(u64, f64); 4] = [(300, 56.0), (600, 22.0), (1_000, 10.0), (1_600, 5.0)];
const TOLERANCE: f64 = 3.0;

impl Layer1 {
    /// Plays everything, and tells what was found.
    #[must_use]
    pub fn run(&self, scenarios: Vec<Scenario>) -> Report {
        let calls = self.turns.div_ceil(TURNS_PER_CALL);
        let runs = Runs::play(calls, self.seed);
        let (plain, on_lines): (Vec<Scenario>, Vec<Scenario>) = scenarios
            .into_iter()
            .partition(|scenario| scenario.line == Line::default());
        let mut report = Report {
            layer: "l1".to_owned(),
            notes: self.notes(calls, &runs, &on_lines),
            policies: runs.policies(),
            ..Report::default()
        };
        report.checks.extend(self_checks(&runs));
        let replayed = cost::replay(&runs.main.calls);
        report.checks.push(replayed.check());
        let others = self.held_out.iter().filter(|seed| **seed != self.seed);
        report.seeds.push(runs.own_seed());
        report
            .seeds
            .extend(others.map(|seed| runs::held_out(calls, *seed)));
        report.goals = goals::goals(&runs, &replayed);
        report.scenarios = plain.into_iter().map(play).collect();
        report
    }

    fn notes(&self, calls: usize, runs: &Runs, on_lines: &[Scenario]) -> Vec<String> {
        let mut notes = vec![
            format!(
                "Layer 1: {} generated turns in {calls} calls for each policy (every third call in \
                 Spanish), seed {}.",
                calls * TURNS_PER_CALL,
                self.seed
            ),
            "Callers are simulated. Their longest pauses are spread as in real agent calls. Unless a \
             row says otherwise the recogniser writes no punctuation."
                .to_owned(),
            format!(
                "That 76 % of all pauses come after a filler or a word that tells that more will \
                 come is assumed: it is the published recall of such a rule on real calls. The list \
                 of words by which pauses are placed is not the engine's, but most of its words are \
                 on the engine's too. With places marked by hand in the texts, by somebody who knew \
                 the engine's lists, the same policy cuts {:.1} % of turns at a mean wait of \
                 {:.0} ms: the row \"{}\".",
                runs.by_hand.cuts_percent(),
                runs.by_hand.score.waits.mean().unwrap_or(f64::NAN),
                runs.by_hand.name,
            ),
            "Left out: of reactions and of sounds to be ignored, those that begin within 600 ms of \
             the end of the agent's words; of latencies, turns at whose end the agent speaks; of \
             restoring, words that were not made quieter. Shares are told with the range in which \
             nineteen of twenty such runs would lie."
                .to_owned(),
        ];
        if !on_lines.is_empty() {
            let names: Vec<&str> = on_lines.iter().map(|one| one.name.as_str()).collect();
            notes.push(format!(
                "Noise, echo and lost frames are sound, which this layer has not; only layer 2 plays \
                 {}.",
                names.join(", ")
            ));
        }
        notes
    }
}

fn self_checks(runs: &Runs) -> Vec<Check> {
    SELF_CHECK
        .into_iter()
        .map(|(wait, wanted)| {
            let found = runs.silence(wait).map_or(f64::NAN, End::cuts_percent);
            Check {
                what: format!("silence of {wait} ms alone cuts {wanted:.0} % of turns, ± 3 points"),
                found: format!("{found:.1} %"),
                right: (found - wanted).abs() <= TOLERANCE,
            }
        })
        .collect()
}

fn play(scenario: Scenario) -> ScenarioResult {
    const SEED: u64 = 1;
    let call = Call::of(Arc::new(scenario), SEED);
    let seen = call.play();
    ScenarioResult {
        name: call.scenario.name.clone(),
        faults: expected::faults(&call.scenario, &seen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turns::report::{Policy, SeedScore};

    #[test]
    fn a_small_run_can_be_trusted_in_what_does_not_need_numbers() {
        let layer = Layer1 {
            turns: 16,
            seed: 1,
            held_out: vec![1, 2, 7],
        };
        let report = layer.run(Vec::new());
        let replay = report
            .checks
            .iter()
            .find(|check| check.what.starts_with("replay"))
            .unwrap();
        assert!(replay.right, "{}", replay.found);
        // Not every system tells what a thread has computed.
        let goals = report
            .goals
            .iter()
            .filter(|goal| !goal.what.starts_with("engine"));
        let untold = goals.filter(|goal| goal.value.is_none());
        let untold: Vec<&str> = untold.map(|goal| goal.what.as_str()).collect();
        assert_eq!(
            untold,
            ["self-interruption by echo in 10 min (sound: layer 2)"]
        );
        let seeds: Vec<u64> = report.seeds.iter().map(|score| score.seed).collect();
        assert_eq!(seeds, [1, 2, 7], "no seed comes twice");
        let own = &report.seeds[0];
        for policy in &own.policies {
            let same = |other: &&Policy| other.name == policy.name;
            let found = report.policies.iter().find(same).unwrap();
            assert_eq!(policy.mean_wait_ms, found.mean_wait_ms);
        }
        let waits = |score: &SeedScore| score.policies[0].mean_wait_ms;
        assert_ne!(
            waits(own),
            waits(&report.seeds[1]),
            "another seed, other calls"
        );
        assert!(report.text().contains("| 1, tuned on | patient |"));
    }
}
