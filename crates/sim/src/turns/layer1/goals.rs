use crate::turns::{
    report::{Bound, Goal, Timeline, Unit},
    score::{HistoryScore, Samples},
    world::{Call, Sounded},
};

use super::{
    cost::Replayed,
    runs::{End, Over, Runs},
};

use Bound::{AtLeast, AtMost};
use Unit::{Micros, Ms, Number, Percent, Share, Words};

/// Every goal, in the order in which people ask for them.
pub(super) fn goals(runs: &Runs, replayed: &Replayed) -> Vec<Goal> {
    let mut goals = ends(runs);
    goals.extend(latencies(runs));
    goals.extend(reactions(&runs.overlaps));
    goals.extend(selectivity(&runs.overlaps));
    goals.extend(history("word times", &runs.overlaps, 2.0));
    goals.extend(history("no word times", &runs.without_word_times, 3.0));
    let turns = runs.main.score.cuts.len();
    goals.extend([
        plain(
            "LLM starts per turn",
            runs.main.score.starts_per_turn(),
            (Number, AtMost(1.3)),
            turns,
        ),
        plain(
            "tokens discarded",
            runs.main.score.discarded_percent(),
            (Percent, AtMost(20.0)),
            turns,
        ),
        plain(
            "self-interruption by echo in 10 min (sound: layer 2)",
            None,
            (Number, AtMost(0.0)),
            0,
        ),
        plain(
            "engine, per 20 ms of call",
            replayed.micros_per_frame(),
            (Micros, AtMost(5.0)),
            replayed.frames(),
        ),
    ]);
    goals
}

fn ends(runs: &Runs) -> Vec<Goal> {
    let main = &runs.main;
    let patient = &runs.patient;
    let cuts = |end: &End, most: f64| {
        share(
            &format!("{}: turns cut", end.name),
            &end.score.cuts,
            (&end.calls, AtMost(most)),
        )
    };
    let wait = |end: &End, most: f64| {
        let value = end.score.waits.mean();
        let what = format!("{}: mean wait", end.name);
        with_worst(
            plain(&what, value, (Ms, AtMost(most)), end.score.waits.len()),
            &end.score.waits,
            &end.calls,
        )
    };
    vec![
        cuts(main, 10.0),
        wait(main, 550.0),
        cuts(patient, 5.0),
        wait(patient, 900.0),
        share(
            "balanced: audible cut-ins",
            &main.score.audible_cuts,
            (&main.calls, AtMost(4.0)),
        ),
        share(
            "missed turns",
            &main.score.missed,
            (&main.calls, AtMost(0.1)),
        ),
        share(
            "missed turns, 5 % of finals lost",
            &runs.lossy.score.missed,
            (&runs.lossy.calls, AtMost(1.0)),
        ),
    ]
}

fn latencies(runs: &Runs) -> Vec<Goal> {
    let of = |what: &str, (end, samples): (&End, &Samples), wanted: &[(f64, f64)]| -> Vec<Goal> {
        let row = |(at, most): &(f64, f64)| {
            let what = format!("{what} p{:.0}", at * 100.0);
            quantile(&what, samples, (&end.calls, *at, *most))
        };
        wanted.iter().map(row).collect()
    };
    let all = |end| -> (&End, &Samples) { (end, &end.score.latencies) };
    let mut goals = of(
        "latency, LLM 375/750 + TTS 100/250,",
        all(&runs.main),
        &[(0.5, 850.0), (0.9, 1_250.0), (0.95, 1_650.0)],
    );
    goals.extend(of(
        "latency, LLM 200/350 + TTS 90/150,",
        all(&runs.fast),
        &[(0.5, 650.0), (0.95, 1_100.0)],
    ));
    goals.extend(of(
        "first sound of answers with an opener, punctuated,",
        (&runs.openers, &runs.openers.score.opened),
        &[(0.5, 600.0), (0.95, 750.0)],
    ));
    goals
}

fn reactions(over: &Over) -> Vec<Goal> {
    let score = &over.score;
    let of = |what: &str, samples, at, most| quantile(what, samples, (&over.calls, at, most));
    let yielded = score.not_yielded.percent().map(|percent| 100.0 - percent);
    let yield_rate = plain(
        "interruptions yielded to",
        yielded,
        (Share, AtLeast(99.0)),
        score.not_yielded.len(),
    );
    vec![
        of(
            "interruption to ducked, ordered, p50",
            &score.ducked,
            0.5,
            200.0,
        ),
        of(
            "interruption to silent, ordered, p50",
            &score.silent,
            0.5,
            600.0,
        ),
        of(
            "interruption to silent, ordered, p95",
            &score.silent,
            0.95,
            800.0,
        ),
        of(
            "one-word stop to silent, ordered, p95",
            &score.silent_for_stops,
            0.95,
            900.0,
        ),
        with_worst(yield_rate, &score.not_yielded, &over.calls),
        of(
            "restored after a false alarm p95",
            &score.restored,
            0.95,
            600.0,
        ),
    ]
}

fn selectivity(over: &Over) -> Vec<Goal> {
    let wanted = [
        ("backchannels ignored", Sounded::Backchannel, 95.0),
        ("coughs and ums ignored", Sounded::Noise, 95.0),
        (
            "background voice ignored, by a gate taken as given",
            Sounded::Background,
            95.0,
        ),
        ("side talk ignored", Sounded::SideTalk, 65.0),
    ];
    let nothing = Samples::default();
    wanted
        .into_iter()
        .map(|(what, kind, least)| {
            let yielded = over.score.wrongly_yielded.get(&kind).unwrap_or(&nothing);
            let ignored = yielded.percent().map(|percent| 100.0 - percent);
            let goal = plain(what, ignored, (Share, AtLeast(least)), yielded.len());
            with_worst(goal, yielded, &over.calls)
        })
        .collect()
}

fn history(how: &str, over: &Over, p95: f64) -> Vec<Goal> {
    let HistoryScore {
        words_off,
        over_claims,
    } = &over.history;
    let of = |at: f64, most| {
        let what = format!("history error, {how}, p{:.0}", at * 100.0);
        let goal = plain(
            &what,
            words_off.quantile(at),
            (Words, AtMost(most)),
            words_off.len(),
        );
        with_worst(goal, words_off, &over.calls)
    };
    vec![
        of(0.5, 1.0),
        of(0.95, p95),
        share(
            &format!("history over-claims, {how}"),
            over_claims,
            (&over.calls, AtMost(1.0)),
        ),
    ]
}

fn quantile(what: &str, samples: &Samples, (calls, at, most): (&[Call], f64, f64)) -> Goal {
    let goal = plain(
        what,
        samples.quantile(at),
        (Ms, AtMost(most)),
        samples.len(),
    );
    with_worst(goal, samples, calls)
}

fn share(what: &str, samples: &Samples, (calls, bound): (&[Call], Bound)) -> Goal {
    let goal = plain(what, samples.percent(), (Share, bound), samples.len());
    with_worst(goal, samples, calls)
}

fn plain(what: &str, value: Option<f64>, (unit, bound): (Unit, Bound), of: usize) -> Goal {
    Goal {
        what: what.to_owned(),
        value,
        unit,
        bound,
        of,
        worst: Vec::new(),
    }
}

/// Adds the timelines of the three worst places if the goal is missed: those calls are played again.
fn with_worst(mut goal: Goal, samples: &Samples, calls: &[Call]) -> Goal {
    if goal.met() != Some(false) {
        return goal;
    }
    for sample in samples.worst() {
        let Some(call) = calls.get(sample.place.call) else {
            continue;
        };
        let seen = call.play();
        goal.worst.push(Timeline {
            title: format!(
                "{} ({}), seed {}: {}",
                call.scenario.name, call.scenario.language, call.seed, sample.value
            ),
            lines: seen.story(sample.place.from, sample.place.until),
        });
    }
    goal
}
