//! What a benchmark found, as a table and as JSON. Both layers tell it in this form.

use std::fmt::Write as _;

use serde::Serialize;

use super::bounds::Wanted;

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
    /// These are so few that chance decides whether it is met.
    #[serde(skip)]
    pub too_few: bool,
    /// Where it went worst, if the goal is missed.
    pub worst: Vec<Timeline>,
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
            too_few: false,
            worst: Vec::new(),
        }
    }

    /// What was reached, of so many measurements.
    pub(crate) fn reached(self, value: Option<f64>, of: usize) -> Self {
        let too_few = match (self.unit, self.bound, value) {
            (Unit::Share, Bound::AtLeast(wanted) | Bound::AtMost(wanted), Some(value)) => {
                is_chance(value, of, wanted)
            }
            (
                Unit::Micros | Unit::Ms | Unit::Number | Unit::Percent | Unit::Share | Unit::Words,
                _,
                _,
            ) => false,
        };
        Self {
            value,
            of,
            too_few,
            ..self
        }
    }

    /// The same of a value that a share of these measurements does not exceed. It is met if at least
    /// that share is within the bound, which may be chance.
    pub(crate) fn reached_at(self, (share, value): (f64, Option<f64>), values: &[f64]) -> Self {
        let of = values.len();
        let too_few = match self.bound {
            Bound::AtMost(most) if of > 0 => {
                let within = values.iter().filter(|value| **value <= most).count();
                is_chance(100.0 * within as f64 / of as f64, of, 100.0 * share)
            }
            Bound::AtLeast(_) | Bound::AtMost(_) | Bound::Nothing => false,
        };
        Self {
            value,
            of,
            too_few,
            ..self
        }
    }

    /// Whether it was reached. `None`: this layer cannot tell, or nothing is wanted.
    #[must_use]
    pub fn met(&self) -> Option<bool> {
        let value = self.value.filter(|_| !self.too_few)?;
        match self.bound {
            Bound::AtLeast(least) => Some(value >= least),
            Bound::AtMost(most) => Some(value <= most),
            Bound::Nothing => None,
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
        let verdict = match self.met() {
            Some(true) => "met",
            Some(false) => "missed",
            None if self.too_few => "too few",
            None if self.value.is_some() => "told",
            None => "not seen here",
        };
        format!(
            "| {} | {value} | {bound} | {verdict} | {} |",
            self.what, self.of
        )
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

/// Whether a share of so few may as well lie on the other side of what is wanted.
fn is_chance(percent: f64, of: usize, wanted: f64) -> bool {
    const FEW: usize = 20;
    let weight = DEVIATIONS * DEVIATIONS / of as f64;
    let middle = (percent + 50.0 * weight) / (1.0 + weight);
    (1..FEW).contains(&of) && (middle - wanted).abs() <= margin(percent, of)
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
        for goal in self.goals.iter().filter(|goal| goal.met() == Some(false)) {
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

    #[test]
    fn a_goal_is_met_missed_or_not_seen() {
        let goal = |value, bound| Goal {
            what: "cuts".to_owned(),
            value,
            unit: Unit::Percent,
            bound,
            of: 9,
            too_few: false,
            worst: Vec::new(),
        };
        assert_eq!(goal(Some(3.0), Bound::AtMost(3.0)).met(), Some(true));
        assert_eq!(goal(Some(3.0), Bound::AtLeast(3.1)).met(), Some(false));
        assert_eq!(goal(Some(3.0), Bound::Nothing).met(), None);
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
    fn too_few_to_tell_are_neither_met_nor_missed() {
        let share = |wanted, value, of| {
            let unit = Unit::Share;
            let goal = Goal::new(
                "ignored",
                Wanted {
                    unit,
                    bound: wanted,
                },
            );
            goal.reached(Some(value), of)
        };
        let least = Bound::AtLeast(95.0);
        assert_eq!(share(least, 100.0, 8).met(), None);
        assert_eq!(
            share(least, 100.0, 8).row(),
            "| ignored | 100.00 % ± 16.22 | ≥ 95.00 % | too few | 8 |"
        );
        assert_eq!(share(least, 100.0, 20).met(), Some(true));
        assert_eq!(share(least, 25.0, 8).met(), Some(false), "sure enough");
        assert_eq!(share(Bound::AtMost(50.0), 0.0, 8).met(), Some(true));
        let p50 = |values: &[f64]| {
            let (unit, bound) = (Unit::Words, Bound::AtMost(1.0));
            let goal = Goal::new("error", Wanted { unit, bound });
            goal.reached_at((0.5, values.last().copied()), values).met()
        };
        assert_eq!(p50(&[3.0]), None);
        assert_eq!(p50(&[3.0; 9]), Some(false));
        assert_eq!(p50(&[0.0; 9]), Some(true));
    }

    #[test]
    fn a_share_tells_how_sure_it_is() {
        let shown = |value: f64, of| format!("{:.2}", margin(value, of));
        assert_eq!(shown(10.0, 2_000), "1.32");
        assert_eq!(shown(0.0, 100), "1.85");
    }
}
