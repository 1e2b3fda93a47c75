//! The goals of turn-taking, as sound meets them. Pure.

use super::{
    history::HistoryError,
    judge::{CallReport, Finals},
    overlaps::{Overlapped, Source},
    turns::{Taken, TurnReport},
};
use crate::turns::{
    bounds::{self, NOT_NOTICED, Quantile, Wanted},
    report::{Bound, Goal, Timeline, Verdict},
    scenario::Preset,
    score::WordTimes,
};

/// Worst calls that are told of a missed goal.
const TOLD: usize = 3;

/// So long the agent has to be audible on lines with echo before nothing that happened counts as
/// nothing: ten minutes.
pub(super) const ENOUGH_ECHO_MS: u64 = 600_000;

/// One measurement.
#[derive(Clone, Copy)]
struct Sample<'c> {
    value: f64,
    /// In which it was taken.
    call: &'c CallReport,
}

/// Every goal that this layer can tell something about.
pub(super) fn of(calls: &[CallReport]) -> Vec<Goal> {
    let mut goals = turn_goals(calls);
    goals.extend(overlap_goals(calls));
    goals.extend(selectivity_goals(calls));
    goals.extend([echo_goal(calls), echo_turns_goal(calls)]);
    goals.extend(history_goals(WordTimes::Told, calls));
    goals.extend(history_goals(WordTimes::Untold, calls));
    goals.push(requests_goal(calls));
    goals
}

fn turn_goals(calls: &[CallReport]) -> Vec<Goal> {
    let turns = |wanted: fn(&CallReport) -> bool, value: fn(&TurnReport) -> Option<f64>| {
        let calls = calls.iter().filter(move |call| wanted(call));
        samples(calls, |call| &call.turns, value)
    };
    let is_balanced = |call: &CallReport| call.preset == Preset::Balanced.as_str();
    let missed = |turn: &TurnReport| Some(yes(turn.missed));
    let usual = turns(
        |call| call.usual_delays,
        |turn| Some(turn.latency.filter(|_| !turn.over_agent)? as f64),
    );
    let cuts = turns(is_balanced, |turn| Some(yes(turn.taken == Taken::TooSoon)));
    let waits = turns(is_balanced, |turn| Some(turn.waited? as f64));
    let cut_ins = turns(|_| true, |turn| Some(yes(turn.cut_in_ms > NOT_NOTICED.0)));
    let mut goals = vec![
        mean("balanced: turns cut", &cuts, bounds::CUTS),
        mean(
            "balanced: mean wait, by the server's record",
            &waits,
            bounds::WAIT,
        ),
        mean("audible cut-ins", &cut_ins, bounds::AUDIBLE_CUTS),
        mean(
            "missed turns",
            &turns(|call| call.finals == Finals::All, missed),
            bounds::MISSED,
        ),
        mean(
            "missed turns, some finals lost",
            &turns(|call| call.finals == Finals::SomeLost, missed),
            bounds::MISSED_LOSSY,
        ),
    ];
    let what = "latency, LLM 375/750 + TTS 100/250,";
    goals.extend(bounds::LATENCY.map(|wanted| quantile(what, &usual, wanted)));
    goals
}

fn overlap_goals(calls: &[CallReport]) -> Vec<Goal> {
    let floor = |value: fn(&Overlapped) -> Option<f64>| {
        let wanted = |over: &Overlapped| over.wants_the_floor() && over.decided;
        overlaps(calls, |overlap| value(overlap).filter(|_| wanted(overlap)))
    };
    let silent = floor(|overlap| Some(overlap.silent_after? as f64));
    let sent = floor(|overlap| Some(overlap.ducked_after? as f64));
    let played = floor(|overlap| Some(overlap.ducked_played_after? as f64));
    let stops = floor(|overlap| {
        let stop = overlap.source == Source::StopWord;
        Some(overlap.silent_after.filter(|_| stop)? as f64)
    });
    let yielded = floor(|overlap| Some(yes(overlap.silent_after.is_some())));
    let restored = overlaps(calls, |overlap| Some(overlap.restored_after? as f64));
    let mut goals = vec![
        quantile("ducked after, as sent,", &sent, bounds::DUCKED),
        quantile("ducked after, as played,", &played, bounds::DUCKED.told()),
    ];
    goals.extend(
        bounds::SILENT.map(|wanted| quantile("silent after, by `clear`,", &silent, wanted)),
    );
    goals.extend([
        quantile(
            "silent after one word, by `clear`,",
            &stops,
            bounds::SILENT_FOR_STOPS,
        ),
        mean("interruptions honoured", &yielded, bounds::YIELDED),
        quantile("restored after a false alarm,", &restored, bounds::RESTORED),
    ]);
    goals
}

/// Sounds over the agent's words that are no reason to stop.
fn selectivity_goals(calls: &[CallReport]) -> Vec<Goal> {
    let talked_over = |what, source, wanted| {
        let own = |overlap: &Overlapped| {
            let own = overlap.source == source && overlap.decided;
            own.then(|| yes(overlap.silent_after.is_none()))
        };
        mean(what, &overlaps(calls, own), wanted)
    };
    vec![
        talked_over(
            "backchannels talked over",
            Source::Backchannel,
            bounds::BACKCHANNELS,
        ),
        talked_over("coughs and ums talked over", Source::Cough, bounds::COUGHS),
        talked_over(
            "background voices talked over",
            Source::BackgroundVoice,
            bounds::BACKGROUND_VOICES,
        ),
        talked_over("side talk talked over", Source::SideTalk, bounds::SIDE_TALK),
        talked_over(
            "doors and typing talked over",
            Source::OtherNoise,
            bounds::OTHER_NOISES,
        ),
    ]
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
    let echo: Vec<Sample<'_>> = with_echo
        .map(|call| Sample {
            value: count(call) as f64,
            call,
        })
        .collect();
    let spoken_ms: u64 = calls.iter().map(|call| call.echo_ms).sum();
    let count: f64 = echo.iter().map(|sample| sample.value).sum();
    // One that happened counts in any time.
    let told = spoken_ms >= ENOUGH_ECHO_MS || count > 0.0;
    goal(what, told.then_some(count), &echo, bounds::ECHOES)
}

/// Replies that were cut off: of others everything was heard.
fn history_goals(times: WordTimes, calls: &[CallReport]) -> Vec<Goal> {
    let cut_off = |value: fn(&HistoryError) -> f64| {
        let calls = calls.iter().filter(move |call| call.word_times == times);
        samples(
            calls,
            |call| &call.history,
            move |reply| reply.interrupted.then(|| value(reply)),
        )
    };
    let off = cut_off(|reply| reply.words_off() as f64);
    let over = cut_off(|reply| yes(reply.over_claims()));
    let what = |what: &str| format!("history of replies cut off, {}, {what}", times.as_str());
    let error = what("error");
    let mut goals: Vec<Goal> = times
        .wanted()
        .iter()
        .map(|wanted| quantile(&error, &off, *wanted))
        .collect();
    goals.push(mean(&what("over-claims"), &over, bounds::OVER_CLAIMS));
    goals
}

/// Requests that reached the model, against the turns that callers really made. Keys make requests
/// too, and no turns.
fn requests_goal(calls: &[CallReport]) -> Goal {
    let spoken = calls
        .iter()
        .filter(|call| call.keys == 0 && !call.turns.is_empty());
    let per_call: Vec<Sample<'_>> = spoken
        .map(|call| Sample {
            value: call.requests as f64 / call.turns.len() as f64,
            call,
        })
        .collect();
    let calls = || per_call.iter().map(|sample| sample.call);
    let requests: usize = calls().map(|call| call.requests).sum();
    let turns: usize = calls().map(|call| call.turns.len()).sum();
    let value = (turns > 0).then(|| requests as f64 / turns as f64);
    let what = "LLM requests per turn, counted at the model";
    let mut goal = goal(what, value, &per_call, bounds::STARTS_PER_TURN);
    goal.of = turns;
    goal
}

/// Every value that a part of these calls has.
fn samples<'c, T: 'c>(
    calls: impl Iterator<Item = &'c CallReport>,
    parts: impl Fn(&'c CallReport) -> &'c Vec<T>,
    value: impl Fn(&T) -> Option<f64>,
) -> Vec<Sample<'c>> {
    let mut samples = Vec::new();
    for call in calls {
        let values = parts(call).iter().filter_map(&value);
        samples.extend(values.map(|value| Sample { value, call }));
    }
    samples
}

/// Sounds over words that may be interrupted: over others the agent has nothing to decide.
fn overlaps(calls: &[CallReport], value: impl Fn(&Overlapped) -> Option<f64>) -> Vec<Sample<'_>> {
    let value = |overlap: &Overlapped| value(overlap).filter(|_| !overlap.protected);
    samples(calls.iter(), |call| &call.overlaps, value)
}

/// A hundred percent, or none.
const fn yes(it: bool) -> f64 {
    if it { 100.0 } else { 0.0 }
}

fn mean(what: &str, samples: &[Sample<'_>], wanted: Wanted) -> Goal {
    let sum: f64 = samples.iter().map(|sample| sample.value).sum();
    let value = (!samples.is_empty()).then(|| sum / samples.len() as f64);
    goal(what, value, samples, wanted)
}

fn quantile(what: &str, samples: &[Sample<'_>], wanted: Quantile) -> Goal {
    let values = samples.iter().map(|sample| sample.value).collect();
    let goal = Goal::quantile(what, wanted, values);
    with_worst(goal, samples)
}

fn goal(what: &str, value: Option<f64>, samples: &[Sample<'_>], wanted: Wanted) -> Goal {
    let goal = Goal::new(what, wanted).reached(value, samples.len());
    with_worst(goal, samples)
}

fn with_worst(mut goal: Goal, samples: &[Sample<'_>]) -> Goal {
    if goal.verdict == Verdict::Missed {
        goal.worst = worst(samples, goal.bound);
    }
    goal
}

/// The calls that are furthest on the wrong side.
fn worst(samples: &[Sample<'_>], bound: Bound) -> Vec<Timeline> {
    let beyond = |sample: &Sample<'_>| match bound {
        Bound::AtLeast(least) => least - sample.value,
        Bound::AtMost(most) => sample.value - most,
        Bound::Nothing => 0.0,
    };
    let mut samples: Vec<Sample<'_>> = samples.to_vec();
    samples.retain(|sample| beyond(sample) > 0.0);
    samples.sort_by(|one, other| beyond(other).total_cmp(&beyond(one)));
    samples.dedup_by_key(|sample| &sample.call.call);
    let told = samples.into_iter().take(TOLD);
    told.map(|Sample { value, call }| Timeline {
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
        let calls = vec![call; 10];
        let goals = of(&calls);
        let p50 = find(&goals, "latency, LLM 375/750 + TTS 100/250, p50");
        assert_eq!(
            (p50.value, p50.verdict, p50.of),
            (Some(710.0), Verdict::MetByTooFew, 30)
        );
        let missed = find(&goals, "missed turns");
        assert_eq!(
            (missed.value, missed.verdict),
            (Some(25.0), Verdict::Missed)
        );
        assert_eq!(missed.worst[0].title, "late: 100");
        assert_eq!(find(&goals, "balanced: turns cut").value, Some(25.0));
        let requests = find(&goals, "LLM requests per turn, counted at the model");
        assert_eq!((requests.value, requests.of), (Some(1.5), 40));
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
            (with.value, with.of, with.verdict),
            (Some(1.0), 1, Verdict::MetByTooFew)
        );
        let without = find(
            &goals,
            "history of replies cut off, no word times, error p95",
        );
        assert_eq!(
            (without.value, without.verdict),
            (Some(3.0), Verdict::MetByTooFew)
        );
    }

    #[test]
    fn what_sounds_over_protected_words_counts_in_no_goal() {
        let over = |source, silent_after, restored_after| Overlapped {
            source,
            at_ms: 1_000,
            ducked_after: None,
            ducked_played_after: None,
            silent_after,
            restored_after,
            left_ms: 2_000,
            decided: true,
            protected: true,
        };
        let of_protected = |protected| {
            let mut overlaps = vec![
                over(Source::Backchannel, None, Some(900)),
                over(Source::Turn, Some(500), None),
            ];
            for overlap in &mut overlaps {
                overlap.protected = protected;
            }
            let call = CallReport {
                overlaps,
                ..CallReport::default()
            };
            let goals = of(&[call]);
            [
                "interruptions honoured",
                "restored after a false alarm, p95",
                "backchannels talked over",
            ]
            .map(|what| find(&goals, what).of)
        };
        assert_eq!(of_protected(false), [1, 1, 1]);
        assert_eq!(of_protected(true), [0, 0, 0]);
    }

    #[test]
    fn too_little_speech_proves_nothing_about_echo() {
        let echo = |echo_ms, self_interruptions| CallReport {
            echo_ms,
            self_interruptions,
            ..CallReport::default()
        };
        let verdict = |call| echo_goal(&[call]).verdict;
        assert_eq!(verdict(echo(599_000, 0)), Verdict::NotSeen);
        assert_eq!(verdict(echo(600_000, 0)), Verdict::Met);
        assert_eq!(verdict(echo(9_000, 1)), Verdict::Missed);
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
        let not_seen = |goal: &Goal| goal.verdict == Verdict::NotSeen;
        assert!(of(&[]).iter().all(not_seen));
    }
}
