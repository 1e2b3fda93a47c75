//! What a benchmark found, as a table and as JSON. Both layers tell it in this form.

use std::fmt::Write as _;

use serde::Serialize;

use super::{
    bounds::{Quantile, Wanted},
    score::rank,
};

/// Everything that one run found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// `l1` or `l2`.
    pub layer: String,
    /// How it was made: numbers of turns, seeds, what stands for what.
    pub notes: Vec<String>,
    /// Whether the instrument itself can be trusted.
    pub checks: Vec<Check>,
    /// Ways to find the end of a turn, side by side.
    pub policies: Vec<Policy>,
    /// The policies that waits were tuned for, on the seed of the run and on others.
    pub seeds: Vec<SeedScore>,
    /// The goals.
    pub goals: Vec<Goal>,
    /// The scenarios, one by one.
    pub scenarios: Vec<ScenarioResult>,
}

/// Something that has to be right for the numbers to mean anything.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What was checked.
    pub what: String,
    /// What was found.
    pub found: String,
    /// Whether it is right.
    pub right: bool,
}

/// One way to find the end of a turn, as a point in the picture.
#[derive(Clone, Debug, Serialize)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Which curve it belongs to.
    pub family: Family,
    /// Turns taken before they were over, in percent.
    pub cuts_percent: f64,
    /// Turns into which the agent spoke, in percent.
    pub audible_cuts_percent: Option<f64>,
    /// From the end of a turn to the decision.
    pub mean_wait_ms: f64,
}

/// What policies did on one seed.
#[derive(Clone, Debug, Serialize)]
pub struct SeedScore {
    /// Which.
    pub seed: u64,
    /// The policies.
    pub policies: Vec<Policy>,
}

/// The seed on which waits and classes of words were chosen.
const TUNED_ON: u64 = 1;

/// Where a policy comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// This engine, in a world that differs in one thing: stands in the table alone.
    Beside,
    /// This engine.
    Ours,
    /// Published numbers of other systems.
    Published,
    /// Nothing but silence, in the same world.
    Silence,
}

/// A goal, and what was reached.
#[derive(Clone, Debug, Serialize)]
pub struct Goal {
    /// What is measured.
    pub what: String,
    /// What was reached. `None`: this layer cannot tell.
    pub value: Option<f64>,
    /// In which unit.
    pub unit: Unit,
    /// What is wanted.
    pub bound: Bound,
    /// Of how many measurements.
    pub of: usize,
    /// Whether it was reached.
    pub verdict: Verdict,
    /// Where it went worst, if the goal is missed.
    pub worst: Vec<Timeline>,
}

/// Whether a goal was reached.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was.
    Met,
    /// It was, and chance could as well have put it on the other side.
    MetByTooFew,
    /// It was not.
    Missed,
    /// This layer cannot tell.
    NotSeen,
    /// Nothing is wanted.
    Told,
}

/// What is wanted of a number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// No less.
    AtLeast(f64),
    /// No more.
    AtMost(f64),
    /// Nothing: it is told beside another one.
    Nothing,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Millionths of a second.
    Micros,
    /// Milliseconds.
    Ms,
    /// Something countable.
    Number,
    /// Of a hundred.
    Percent,
    /// The share of the measurements that are so, in percent.
    Share,
    /// Words.
    Words,
}

/// A stretch of a call as a script.
#[derive(Clone, Debug, Serialize)]
pub struct Timeline {
    /// Which call, and what was measured there.
    pub title: String,
    /// What happened, line by line.
    pub lines: Vec<String>,
}

/// What became of one scenario.
#[derive(Clone, Debug, Serialize)]
pub struct ScenarioResult {
    /// Its name.
    pub name: String,
    /// What was not as expected. Empty: all was.
    pub faults: Vec<String>,
}

impl Goal {
    /// Something that is wanted and was not measured yet.
    pub(crate) fn new(what: &str, wanted: Wanted) -> Self {
        Self {
            what: what.to_owned(),
            value: None,
            unit: wanted.unit,
            bound: wanted.bound,
            of: 0,
            verdict: Verdict::NotSeen,
            worst: Vec::new(),
        }
    }

    /// What was reached, of so many measurements.
    pub(crate) fn reached(self, value: Option<f64>, of: usize) -> Self {
        let by_chance = match (self.unit, self.bound, value) {
            (Unit::Share, Bound::AtLeast(wanted) | Bound::AtMost(wanted), Some(value)) => {
                is_chance(value, of, wanted)
            }
            (
                Unit::Micros | Unit::Ms | Unit::Number | Unit::Percent | Unit::Share | Unit::Words,
                _,
                _,
            ) => false,
        };
        self.judged(value, of, by_chance)
    }

    /// A value that a share of all does not exceed. It is met if at least that share is within the
    /// bound, which may be chance.
    pub(crate) fn quantile(what: &str, wanted: Quantile, mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let of = values.len();
        let value = rank(of, wanted.at).map(|place| values[place]);
        let by_chance = match wanted.wanted.bound {
            Bound::AtMost(most) => {
                let within = values.iter().filter(|value| **value <= most).count();
                is_chance(100.0 * within as f64 / of as f64, of, 100.0 * wanted.at)
            }
            Bound::AtLeast(_) | Bound::Nothing => false,
        };
        Self::new(&format!("{what} {}", wanted.name()), wanted.wanted).judged(value, of, by_chance)
    }

    /// Chance excuses nothing: it only casts doubt on what was met.
    fn judged(self, value: Option<f64>, of: usize, by_chance: bool) -> Self {
        let met = value.map(|value| match self.bound {
            Bound::AtLeast(least) => Some(value >= least),
            Bound::AtMost(most) => Some(value <= most),
            Bound::Nothing => None,
        });
        let verdict = match met {
            Some(Some(true)) if by_chance => Verdict::MetByTooFew,
            Some(Some(true)) => Verdict::Met,
            Some(Some(false)) => Verdict::Missed,
            Some(None) => Verdict::Told,
            None => Verdict::NotSeen,
        };
        Self {
            value,
            of,
            verdict,
            ..self
        }
    }

    /// The value; for a share, how far chance may move it in nineteen runs of twenty.
    fn print(&self, value: f64) -> String {
        let told = self.unit.print(value);
        match self.unit {
            Unit::Share if self.of > 0 => format!("{told} ± {:.2}", margin(value, self.of)),
            Unit::Micros | Unit::Ms | Unit::Number | Unit::Percent | Unit::Share | Unit::Words => {
                told
            }
        }
    }

    fn row(&self) -> String {
        let bound = match self.bound {
            Bound::AtLeast(least) => format!("≥ {}", self.unit.print(least)),
            Bound::AtMost(most) => format!("≤ {}", self.unit.print(most)),
            Bound::Nothing => "—".to_owned(),
        };
        let value = self
            .value
            .map_or_else(|| "—".to_owned(), |value| self.print(value));
        format!(
            "| {} | {value} | {bound} | {} | {} |",
            self.what,
            self.verdict.as_str(),
            self.of
        )
    }
}

impl Verdict {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::MetByTooFew => "met, too few to be sure",
            Self::Missed => "missed",
            Self::NotSeen => "not seen here",
            Self::Told => "told",
        }
    }
}

impl Policy {
    /// Its cells of a table: name, cuts, audible cuts, mean wait.
    fn cells(&self) -> String {
        let audible = self
            .audible_cuts_percent
            .map_or_else(|| "—".to_owned(), |percent| format!("{percent:.1} %"));
        format!(
            "{} | {:.1} % | {audible} | {:.0} ms |",
            self.name, self.cuts_percent, self.mean_wait_ms
        )
    }
}

/// Nineteen of twenty runs lie within so many standard deviations.
const DEVIATIONS: f64 = 1.96;

/// Half the width of a Wilson interval, which is not zero for a share of zero.
fn margin(percent: f64, of: usize) -> f64 {
    let (share, of) = (percent / 100.0, of as f64);
    let square = DEVIATIONS * DEVIATIONS;
    let spread = share * (1.0 - share) / of + square / (4.0 * of * of);
    100.0 * DEVIATIONS * spread.max(0.0).sqrt() / (1.0 + square / of)
}

/// Whether a share of so many may as well lie on the other side of what is wanted.
fn is_chance(percent: f64, of: usize, wanted: f64) -> bool {
    let weight = DEVIATIONS * DEVIATIONS / of as f64;
    let middle = (percent + 50.0 * weight) / (1.0 + weight);
    (middle - wanted).abs() <= margin(percent, of)
}

impl Unit {
    fn print(self, value: f64) -> String {
        match self {
            Self::Micros => format!("{value:.2} µs"),
            Self::Ms => format!("{value:.0} ms"),
            Self::Number => format!("{value:.2}"),
            Self::Percent | Self::Share => format!("{value:.2} %"),
            Self::Words => format!("{value:.0} words"),
        }
    }
}

impl Report {
    /// Whether every check of the instrument is right.
    #[must_use]
    pub fn can_be_trusted(&self) -> bool {
        self.checks.iter().all(|check| check.right)
    }

    /// The tables, in Markdown, and the timelines of what went worst.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for note in &self.notes {
            line(&mut text, note);
        }
        line(
            &mut text,
            "\n| Check of the instrument | Found | |\n|---|---|---|",
        );
        for check in &self.checks {
            let verdict = if check.right { "right" } else { "WRONG" };
            line(
                &mut text,
                &format!("| {} | {} | {verdict} |", check.what, check.found),
            );
        }
        self.write_policies(&mut text);
        self.write_seeds(&mut text);
        line(
            &mut text,
            "\n| Goal | Reached | Wanted | | Of |\n|---|---:|---:|---|---:|",
        );
        for goal in &self.goals {
            line(&mut text, &goal.row());
        }
        self.write_scenarios(&mut text);
        self.write_worst(&mut text);
        text
    }

    fn write_policies(&self, text: &mut String) {
        if self.policies.is_empty() {
            return;
        }
        line(
            text,
            "\n| Policy | Cut | Audibly cut | Mean wait |\n|---|---:|---:|---:|",
        );
        for policy in &self.policies {
            line(text, &format!("| {}", policy.cells()));
        }
    }

    fn write_seeds(&self, text: &mut String) {
        if self.seeds.is_empty() {
            return;
        }
        line(
            text,
            "\n| Seed | Policy | Cut | Audibly cut | Mean wait |\n|---|---|---:|---:|---:|",
        );
        for score in &self.seeds {
            let seed = score.seed;
            let tuned = if seed == TUNED_ON { ", tuned on" } else { "" };
            for policy in &score.policies {
                line(text, &format!("| {seed}{tuned} | {}", policy.cells()));
            }
        }
    }

    fn write_scenarios(&self, text: &mut String) {
        if self.scenarios.is_empty() {
            return;
        }
        let good = self.scenarios.iter().filter(|one| one.faults.is_empty());
        let summary = format!(
            "\nScenarios: {} of {} went as expected.",
            good.count(),
            self.scenarios.len()
        );
        line(text, &summary);
        for scenario in &self.scenarios {
            for fault in &scenario.faults {
                line(text, &format!("- {}: {fault}", scenario.name));
            }
        }
    }

    fn write_worst(&self, text: &mut String) {
        let is_missed = |goal: &&Goal| goal.verdict == Verdict::Missed;
        for goal in self.goals.iter().filter(is_missed) {
            line(text, &format!("\n### Missed: {}", goal.what));
            for timeline in &goal.worst {
                line(text, &format!("\n{}\n\n```text", timeline.title));
                for told in &timeline.lines {
                    line(text, told);
                }
                line(text, "```");
            }
        }
    }
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes any text");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(unit: Unit, bound: Bound) -> Wanted {
        Wanted { unit, bound }
    }

    #[test]
    fn a_goal_is_met_missed_or_not_seen() {
        let goal = |value, bound| Goal::new("cuts", wanted(Unit::Percent, bound)).reached(value, 9);
        let verdict = |value, bound| goal(value, bound).verdict;
        assert_eq!(verdict(Some(3.0), Bound::AtMost(3.0)), Verdict::Met);
        assert_eq!(verdict(Some(3.0), Bound::AtLeast(3.1)), Verdict::Missed);
        assert_eq!(
            goal(Some(3.0), Bound::Nothing).row(),
            "| cuts | 3.00 % | — | told | 9 |"
        );
        assert_eq!(
            goal(None, Bound::AtMost(10.0)).row(),
            "| cuts | — | ≤ 10.00 % | not seen here | 9 |"
        );
    }

    #[test]
    fn chance_casts_doubt_on_what_was_met_and_excuses_nothing() {
        let share = |bound, value, of| {
            let goal = Goal::new("ignored", wanted(Unit::Share, bound));
            goal.reached(Some(value), of)
        };
        let least = Bound::AtLeast(95.0);
        assert_eq!(
            share(least, 100.0, 8).row(),
            "| ignored | 100.00 % ± 16.22 | ≥ 95.00 % | met, too few to be sure | 8 |"
        );
        let verdict = |bound, value, of| share(bound, value, of).verdict;
        assert_eq!(verdict(least, 87.5, 8), Verdict::Missed, "one of eight");
        assert_eq!(verdict(least, 100.0, 20), Verdict::MetByTooFew);
        assert_eq!(verdict(least, 95.1, 2_000), Verdict::MetByTooFew);
        assert_eq!(verdict(least, 100.0, 100), Verdict::Met);
        assert_eq!(verdict(Bound::AtMost(50.0), 0.0, 8), Verdict::Met);
    }

    #[test]
    fn a_quantile_beyond_its_bound_is_missed_however_few_there_are() {
        let p50 = |within, beyond| {
            let wanted = Quantile {
                at: 0.5,
                wanted: wanted(Unit::Words, Bound::AtMost(1.0)),
            };
            let values = [vec![3.0; beyond], vec![0.0; within]].concat();
            Goal::quantile("error", wanted, values).verdict
        };
        assert_eq!(p50(0, 0), Verdict::NotSeen);
        assert_eq!(p50(0, 1), Verdict::Missed);
        assert_eq!(p50(8, 10), Verdict::Missed);
        assert_eq!(p50(10, 8), Verdict::MetByTooFew);
        assert_eq!(p50(100, 98), Verdict::MetByTooFew);
        assert_eq!(p50(18, 0), Verdict::Met);
    }

    #[test]
    fn the_verdict_is_written_down() {
        let goal = Goal::new("missed", wanted(Unit::Share, Bound::AtMost(1.0)));
        let goal = goal.reached(Some(0.0), 4);
        let written = serde_json::to_value(&goal).unwrap();
        assert_eq!(written["verdict"], "met_by_too_few");
    }

    #[test]
    fn a_share_tells_how_sure_it_is() {
        let shown = |value: f64, of| format!("{:.2}", margin(value, of));
        assert_eq!(shown(10.0, 2_000), "1.32");
        assert_eq!(shown(0.0, 100), "1.85");
    }
}
