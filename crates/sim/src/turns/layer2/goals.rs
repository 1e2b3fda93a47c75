//! The goals of turn-taking, as sound meets them. Pure.

use super::{
    history::HistoryError,
    judge::{CallReport, Finals, NOT_NOTICED_MS},
    overlaps::{Overlapped, Source},
    turns::{Taken, TurnReport},
};
use crate::turns::{
    report::{Bound, Goal, Timeline, Unit},
    scenario::Preset,
    score::{WordTimes, rank},
};

use Bound::{AtLeast, AtMost, Nothing};
use Unit::{Ms, Number, Share, Words};

/// Worst calls that are told of a missed goal.
const TOLD: usize = 3;

/// So long the agent has to be audible on lines with echo before nothing that happened counts as
/// nothing: ten minutes.
pub(super) const ENOUGH_ECHO_MS: u64 = 600_000;

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
    let missed = |finals: Finals| -> Vec<Sample<'_>> {
        let calls = calls.iter().filter(move |call| call.finals == finals);
        calls
            .flat_map(|call| call.turns.iter().map(move |turn| (yes(turn.missed), call)))
            .collect()
    };
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
    let cuts: Vec<Sample<'_>> = balanced()
        .flat_map(|call| {
            call.turns
                .iter()
                .map(move |turn| (yes(turn.taken == Taken::TooSoon), call))
        })
        .collect();
    let latency = |what, at, most| quantile(what, &usual, at, (Ms, AtMost(most)));
    vec![
        mean("balanced: turns cut", &cuts, (Share, AtMost(10.0))),
        mean(
            "balanced: mean wait, by the server's record",
            &waits,
            (Ms, AtMost(550.0)),
        ),
        mean(
            "audible cut-ins",
            &turns(&|turn| Some(yes(turn.cut_in_ms > NOT_NOTICED_MS))),
            (Share, AtMost(4.0)),
        ),
        mean("missed turns", &missed(Finals::All), (Share, AtMost(0.1))),
        mean(
            "missed turns, some finals lost",
            &missed(Finals::SomeLost),
            (Share, AtMost(1.0)),
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
                let decided = overlap.source.wants_the_floor() && overlap.decided;
                decided.then(|| value(overlap)).flatten()
            },
        )
    };
    let silent = floor(&|overlap| overlap.silent_after.map(|ms| ms as f64));
    let played = floor(&|overlap| overlap.ducked_played_after.map(|ms| ms as f64));
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
        quantile(
            "ducked after, as sent, p50",
            &ducked,
            0.5,
            (Ms, AtMost(200.0)),
        ),
        quantile("ducked after, as played, p50", &played, 0.5, (Ms, Nothing)),
        quantile(
            "silent after, by `clear`, p50",
            &silent,
            0.5,
            (Ms, AtMost(600.0)),
        ),
        quantile(
            "silent after, by `clear`, p95",
            &silent,
            0.95,
            (Ms, AtMost(800.0)),
        ),
        quantile(
            "silent after one word, by `clear`, p95",
            &stops,
            0.95,
            (Ms, AtMost(900.0)),
        ),
        mean("interruptions honoured", &yielded, (Share, AtLeast(99.0))),
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
                let own = overlap.source == source && overlap.decided;
                own.then(|| yes(overlap.silent_after.is_none()))
            },
        );
        mean(what, &own, (Share, AtLeast(least)))
    })
    .into()
}

fn record_goals(calls: &[CallReport]) -> Vec<Goal> {
    let mut goals = vec![echo_goal(calls), echo_turns_goal(calls)];
    goals.extend(history_goals(WordTimes::Told, calls, 2.0));
    goals.extend(history_goals(WordTimes::Untold, calls, 3.0));
    goals.push(requests_goal(calls));
    goals
}

/// Too little speech on lines with echo proves nothing, whatever came of it.
fn echo_goal(calls: &[CallReport]) -> Goal {
    let what = "self-interruptions by echo";
    echoes(what, calls, |call| call.self_interruptions)
}

fn echo_turns_goal(calls: &[CallReport]) -> Goal {
    let what = "turns with words of the echo";
    echoes(what, calls, |call| call.echo_turns)
}

/// What happened on lines with echo.
fn echoes(what: &str, calls: &[CallReport], count: fn(&CallReport) -> usize) -> Goal {
    let with_echo = calls.iter().filter(|call| call.echo_ms > 0);
    let echo: Vec<Sample<'_>> = with_echo.map(|call| (count(call) as f64, call)).collect();
    let spoken_ms: u64 = calls.iter().map(|call| call.echo_ms).sum();
    let count: f64 = echo.iter().map(|(count, _)| count).sum();
    // One that happened counts in any time.
    let told = spoken_ms >= ENOUGH_ECHO_MS || count > 0.0;
    goal(what, told.then_some(count), &echo, (Number, AtMost(0.0)))
}

/// Replies that were cut off: of others everything was heard.
fn history_goals(how: WordTimes, calls: &[CallReport], p95: f64) -> Vec<Goal> {
    let cut_off = |value: fn(&HistoryError) -> f64| -> Vec<Sample<'_>> {
        let calls = calls.iter().filter(move |call| call.word_times == how);
        let replies = calls.flat_map(|call| call.history.iter().map(move |reply| (reply, call)));
        replies
            .filter(|(reply, _)| reply.interrupted)
            .map(|(reply, call)| (value(reply), call))
            .collect()
    };
    let off = cut_off(|reply| reply.words_off() as f64);
    let over = cut_off(|reply| yes(reply.over_claims()));
    let what = |what: &str| format!("history of replies cut off, {}, {what}", how.as_str());
    vec![
        quantile(&what("error p50"), &off, 0.5, (Words, AtMost(1.0))),
        quantile(&what("error p95"), &off, 0.95, (Words, AtMost(p95))),
        mean(&what("over-claims"), &over, (Share, AtMost(1.0))),
    ]
}

/// Requests that reached the model, against the turns that callers really made. Keys make requests
/// too, and no turns.
fn requests_goal(calls: &[CallReport]) -> Goal {
    let spoken = calls
        .iter()
        .filter(|call| call.keys == 0 && !call.turns.is_empty());
    let per_call: Vec<Sample<'_>> = spoken
        .map(|call| (call.requests as f64 / call.turns.len() as f64, call))
        .collect();
    let requests: usize = per_call.iter().map(|(_, call)| call.requests).sum();
    let turns: usize = per_call.iter().map(|(_, call)| call.turns.len()).sum();
    let value = (turns > 0).then(|| requests as f64 / turns as f64);
    let mut goal = goal(
        "LLM requests per turn, counted at the model",
        value,
        &per_call,
        (Number, AtMost(1.3)),
    );
    goal.of = turns;
    goal
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
    let value = rank(values.len(), at).map(|place| values[place]);
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
        Nothing => Vec::new(),
    };
    samples.sort_by(|one, other| match bound {
        AtLeast(_) => one.0.total_cmp(&other.0),
        AtMost(_) | Nothing => other.0.total_cmp(&one.0),
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
            taken: if latency == Some(900) {
                Taken::TooSoon
            } else {
                Taken::Over
            },
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
            requests: 6,
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
        let requests = find(&goals, "LLM requests per turn, counted at the model");
        assert_eq!((requests.value, requests.of), (Some(1.5), 4));
    }

    #[test]
    fn only_what_was_cut_off_tells_how_well_it_is_known() {
        let reply = |stored, interrupted| HistoryError {
            turn: 1,
            stored,
            played: 4,
            interrupted,
        };
        let call = |word_times, history| CallReport {
            word_times,
            history,
            ..CallReport::default()
        };
        let goals = of(&[
            call(WordTimes::Told, vec![reply(5, true), reply(9, false)]),
            call(WordTimes::Untold, vec![reply(7, true)]),
        ]);
        let with = find(&goals, "history of replies cut off, word times, error p95");
        assert_eq!(
            (with.value, with.of, with.met()),
            (Some(1.0), 1, Some(true))
        );
        let without = find(
            &goals,
            "history of replies cut off, no word times, error p95",
        );
        assert_eq!((without.value, without.met()), (Some(3.0), Some(true)));
    }

    #[test]
    fn too_little_speech_proves_nothing_about_echo() {
        let echo = |echo_ms, self_interruptions| CallReport {
            echo_ms,
            self_interruptions,
            ..CallReport::default()
        };
        let met = |call| echo_goal(&[call]).met();
        assert_eq!(met(echo(599_000, 0)), None);
        assert_eq!(met(echo(600_000, 0)), Some(true));
        assert_eq!(met(echo(9_000, 1)), Some(false));
    }

    #[test]
    fn missed_turns_of_lossy_calls_are_counted_apart() {
        let call = |finals, latency| CallReport {
            finals,
            turns: vec![turn(latency)],
            ..CallReport::default()
        };
        let goals = of(&[call(Finals::All, Some(700)), call(Finals::SomeLost, None)]);
        let usual = find(&goals, "missed turns");
        let lossy = find(&goals, "missed turns, some finals lost");
        assert_eq!((usual.value, lossy.value), (Some(0.0), Some(100.0)));
    }

    #[test]
    fn what_was_not_there_is_neither_met_nor_missed() {
        assert!(of(&[]).iter().all(|goal| goal.met().is_none()));
    }
}
