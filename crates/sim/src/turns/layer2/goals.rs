//! The goals of turn-taking, as sound meets them. Pure.

use super::{
    judge::{CallReport, TurnReport},
    overlaps::{Overlapped, Source},
};
use crate::turns::{
    report::{Bound, Goal, Timeline, Unit},
    scenario::Preset,
};

use Bound::{AtLeast, AtMost};
use Unit::{Ms, Number, Percent, Words};

/// Worst calls that are told of a missed goal.
const TOLD: usize = 3;

/// One measurement, and the call that it was taken in.
type Sample<'c> = (f64, &'c CallReport);

/// Every goal that this layer can tell something about.
pub(super) fn of(calls: &[CallReport]) -> Vec<Goal> {
    let mut goals = turn_goals(calls);
    goals.extend(overlap_goals(calls));
    goals.extend(selectivity_goals(calls));
    goals.extend(record_goals(calls));
    goals
}

fn turn_goals(calls: &[CallReport]) -> Vec<Goal> {
    let turns =
        |value: &dyn Fn(&TurnReport) -> Option<f64>| samples(calls, |call| &call.turns, value);
    let usual: Vec<Sample<'_>> = calls
        .iter()
        .filter(|call| call.usual_delays)
        .flat_map(|call| call.turns.iter().map(move |turn| (turn, call)))
        .filter(|(turn, _)| !turn.over_agent)
        .filter_map(|(turn, call)| Some((turn.latency? as f64, call)))
        .collect();
    let balanced = || {
        let preset = Preset::Balanced.as_str();
        calls.iter().filter(move |call| call.preset == preset)
    };
    let waits: Vec<Sample<'_>> = balanced()
        .flat_map(|call| call.turns.iter().map(move |turn| (turn, call)))
        .filter_map(|(turn, call)| Some((turn.waited? as f64, call)))
        .collect();
    let split: Vec<Sample<'_>> = balanced()
        .flat_map(|call| {
            let cut = call.stored_turns.saturating_sub(call.turns.len());
            let flags = (0..call.turns.len()).map(move |place| yes(place < cut));
            flags.map(move |flag| (flag, call))
        })
        .collect();
    let latency = |what, at, most| quantile(what, &usual, at, (Ms, AtMost(most)));
    vec![
        mean("balanced: turns cut", &split, (Percent, AtMost(10.0))),
        mean("balanced: mean wait", &waits, (Ms, AtMost(560.0))),
        mean(
            "audible cut-ins",
            &turns(&|turn| Some(yes(turn.cut_in_ms > 200))),
            (Percent, AtMost(4.0)),
        ),
        mean(
            "missed turns",
            &turns(&|turn| Some(yes(turn.missed))),
            (Percent, AtMost(0.1)),
        ),
        latency("latency, LLM 375/750 + TTS 100/250, p50", 0.5, 850.0),
        latency("latency, LLM 375/750 + TTS 100/250, p90", 0.9, 1_250.0),
        latency("latency, LLM 375/750 + TTS 100/250, p95", 0.95, 1_650.0),
    ]
}

fn overlap_goals(calls: &[CallReport]) -> Vec<Goal> {
    let floor = |value: &dyn Fn(&Overlapped) -> Option<f64>| {
        samples(
            calls,
            |call| &call.overlaps,
            |overlap| {
                let decided = overlap.source.wants_the_floor() && !overlap.ended_by_itself;
                decided.then(|| value(overlap)).flatten()
            },
        )
    };
    let silent = floor(&|overlap| overlap.silent_after.map(|ms| ms as f64));
    let ducked = floor(&|overlap| overlap.ducked_after.map(|ms| ms as f64));
    let stops = floor(&|overlap| {
        let stop = overlap.source == Source::StopWord;
        overlap.silent_after.filter(|_| stop).map(|ms| ms as f64)
    });
    let yielded = floor(&|overlap| Some(yes(overlap.silent_after.is_some())));
    let restored = samples(
        calls,
        |call| &call.overlaps,
        |overlap| overlap.restored_after.map(|ms| ms as f64),
    );
    vec![
        quantile("ducked after, p50", &ducked, 0.5, (Ms, AtMost(200.0))),
        quantile("silent after, p50", &silent, 0.5, (Ms, AtMost(600.0))),
        quantile("silent after, p95", &silent, 0.95, (Ms, AtMost(800.0))),
        quantile(
            "silent after one word, p95",
            &stops,
            0.95,
            (Ms, AtMost(900.0)),
        ),
        mean("interruptions honoured", &yielded, (Percent, AtLeast(99.0))),
        quantile(
            "restored after a false alarm, p95",
            &restored,
            0.95,
            (Ms, AtMost(600.0)),
        ),
    ]
}

/// Sounds over the agent's words that are no reason to stop.
fn selectivity_goals(calls: &[CallReport]) -> Vec<Goal> {
    [
        ("backchannels talked over", Source::Backchannel, 95.0),
        ("coughs and ums talked over", Source::Cough, 95.0),
        (
            "background voices talked over",
            Source::BackgroundVoice,
            95.0,
        ),
        ("side talk talked over", Source::SideTalk, 65.0),
        ("doors and typing talked over", Source::OtherNoise, 95.0),
    ]
    .map(|(what, source, least)| {
        let own = samples(
            calls,
            |call| &call.overlaps,
            |overlap| {
                let own = overlap.source == source && !overlap.ended_by_itself;
                own.then(|| yes(overlap.silent_after.is_none()))
            },
        );
        mean(what, &own, (Percent, AtLeast(least)))
    })
    .into()
}

fn record_goals(calls: &[CallReport]) -> Vec<Goal> {
    let with_echo = calls.iter().filter(|call| call.echo_ms > 0);
    let echo: Vec<Sample<'_>> = with_echo
        .map(|call| (call.self_interruptions as f64, call))
        .collect();
    let off = samples(
        calls,
        |call| &call.history,
        |reply| Some(reply.words_off() as f64),
    );
    let over = samples(
        calls,
        |call| &call.history,
        |reply| Some(yes(reply.over_claims())),
    );
    let begun: Vec<Sample<'_>> = calls
        .iter()
        .filter(|call| call.stored_turns > 0)
        .map(|call| {
            (
                f64::from(call.replies_begun) / call.stored_turns as f64,
                call,
            )
        })
        .collect();
    let interruptions = echo.iter().map(|(count, _)| count).sum();
    vec![
        goal(
            "self-interruptions by echo",
            (!echo.is_empty()).then_some(interruptions),
            &echo,
            (Number, AtMost(0.0)),
        ),
        quantile("history error, p50", &off, 0.5, (Words, AtMost(1.0))),
        quantile("history error, p95", &off, 0.95, (Words, AtMost(2.0))),
        mean("history over-claims", &over, (Percent, AtMost(1.0))),
        mean("LLM starts per turn", &begun, (Number, AtMost(1.3))),
    ]
}

/// Every value that a part of every call has.
fn samples<'c, T: 'c>(
    calls: &'c [CallReport],
    parts: impl Fn(&'c CallReport) -> &'c Vec<T>,
    value: impl Fn(&T) -> Option<f64>,
) -> Vec<Sample<'c>> {
    let mut samples = Vec::new();
    for call in calls {
        let values = parts(call).iter().filter_map(&value);
        samples.extend(values.map(|value| (value, call)));
    }
    samples
}

/// A hundred percent, or none.
const fn yes(it: bool) -> f64 {
    if it { 100.0 } else { 0.0 }
}

fn mean(what: &str, samples: &[Sample<'_>], wanted: (Unit, Bound)) -> Goal {
    let sum: f64 = samples.iter().map(|(value, _)| value).sum();
    let value = (!samples.is_empty()).then(|| sum / samples.len() as f64);
    goal(what, value, samples, wanted)
}

fn quantile(what: &str, samples: &[Sample<'_>], at: f64, wanted: (Unit, Bound)) -> Goal {
    let mut values: Vec<f64> = samples.iter().map(|(value, _)| *value).collect();
    values.sort_by(f64::total_cmp);
    let place = (values.len() as f64 * at).ceil() as usize;
    let value = values.get(place.saturating_sub(1)).copied();
    goal(what, value, samples, wanted)
}

fn goal(
    what: &str,
    value: Option<f64>,
    samples: &[Sample<'_>],
    (unit, bound): (Unit, Bound),
) -> Goal {
    let mut goal = Goal {
        what: what.to_owned(),
        value,
        unit,
        bound,
        of: samples.len(),
        worst: Vec::new(),
    };
    if goal.met() == Some(false) {
        goal.worst = worst(samples, bound);
    }
    goal
}

/// The calls that are furthest on the wrong side.
fn worst(samples: &[Sample<'_>], bound: Bound) -> Vec<Timeline> {
    let mut samples: Vec<&Sample<'_>> = match bound {
        AtLeast(least) => samples.iter().filter(|(value, _)| *value < least).collect(),
        AtMost(most) => samples.iter().filter(|(value, _)| *value > most).collect(),
    };
    samples.sort_by(|one, other| match bound {
        AtLeast(_) => one.0.total_cmp(&other.0),
        AtMost(_) => other.0.total_cmp(&one.0),
    });
    samples.dedup_by_key(|(_, call)| &call.call);
    let told = samples.into_iter().take(TOLD);
    told.map(|(value, call)| Timeline {
        title: format!("{}: {value:.0}", call.scenario),
        lines: call.timeline.clone(),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(latency: Option<u64>) -> TurnReport {
        TurnReport {
            said: "When do you close?".to_owned(),
            ended_ms: 1_000,
            latency,
            waited: Some(400),
            cut_in_ms: 0,
            missed: latency.is_none(),
            over_agent: false,
        }
    }

    fn find<'g>(goals: &'g [Goal], what: &str) -> &'g Goal {
        goals.iter().find(|goal| goal.what == what).unwrap()
    }

    #[test]
    fn a_run_is_scored_goal_by_goal() {
        let call = CallReport {
            scenario: "late".to_owned(),
            turns: vec![
                turn(Some(700)),
                turn(Some(900)),
                turn(None),
                turn(Some(710)),
            ],
            stored_turns: 5,
            usual_delays: true,
            preset: "balanced",
            ..CallReport::default()
        };
        let goals = of(&[call]);
        let p50 = find(&goals, "latency, LLM 375/750 + TTS 100/250, p50");
        assert_eq!((p50.value, p50.met(), p50.of), (Some(710.0), Some(true), 3));
        let missed = find(&goals, "missed turns");
        assert_eq!((missed.value, missed.met()), (Some(25.0), Some(false)));
        assert_eq!(missed.worst[0].title, "late: 100");
        assert_eq!(find(&goals, "balanced: turns cut").value, Some(25.0));
    }

    #[test]
    fn what_was_not_there_is_neither_met_nor_missed() {
        assert!(of(&[]).iter().all(|goal| goal.met().is_none()));
    }
}
