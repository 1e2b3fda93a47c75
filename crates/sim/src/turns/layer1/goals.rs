use crate::turns::{
    bounds::{self, Quantile, Wanted},
    report::{Goal, Timeline, Verdict},
    score::{HistoryScore, Samples, WordTimes},
    world::{Call, Sounded},
};

use super::{
    cost::Replayed,
    runs::{End, Over, Runs},
};

/// Every goal, in the order in which people ask for them.
pub(super) fn goals(runs: &Runs, replayed: &Replayed) -> Vec<Goal> {
    let mut goals = ends(runs);
    goals.extend(latencies(runs));
    goals.extend(reactions(&runs.overlaps));
    goals.extend(selectivity(&runs.overlaps));
    goals.extend(history(WordTimes::Told, &runs.overlaps));
    goals.extend(history(WordTimes::Untold, &runs.without_word_times));
    let score = &runs.main.score;
    let turns = score.cuts.len();
    let starts = Goal::new("LLM starts per turn", bounds::STARTS_PER_TURN);
    let discarded = Goal::new("tokens discarded", bounds::DISCARDED);
    let echoes = "self-interruption by echo in 10 min (sound: layer 2)";
    let engine = Goal::new("engine, per 20 ms of call", bounds::ENGINE_PER_FRAME);
    goals.extend([
        starts.reached(score.starts_per_turn(), turns),
        discarded.reached(score.discarded_percent(), turns),
        Goal::new(echoes, bounds::ECHOES),
        engine.reached(replayed.micros_per_frame(), replayed.frames()),
    ]);
    goals
}

/// One kind of measurement, and the calls in which it was made.
#[derive(Clone, Copy)]
struct Measured<'r> {
    samples: &'r Samples,
    calls: &'r [Call],
}

impl<'r> Measured<'r> {
    fn of(end: &'r End, samples: &'r Samples) -> Self {
        Self {
            samples,
            calls: &end.calls,
        }
    }

    fn over(over: &'r Over, samples: &'r Samples) -> Self {
        Self {
            samples,
            calls: &over.calls,
        }
    }

    fn mean(self, what: &str, wanted: Wanted) -> Goal {
        self.goal(what, self.samples.mean(), wanted)
    }

    fn share(self, what: &str, wanted: Wanted) -> Goal {
        self.goal(what, self.samples.percent(), wanted)
    }

    /// The share of those that are not so.
    fn share_of_others(self, what: &str, wanted: Wanted) -> Goal {
        let others = self.samples.percent().map(|percent| 100.0 - percent);
        self.goal(what, others, wanted)
    }

    fn quantile(self, what: &str, wanted: Quantile) -> Goal {
        self.with_worst(Goal::quantile(what, wanted, self.samples.values()))
    }

    fn goal(self, what: &str, value: Option<f64>, wanted: Wanted) -> Goal {
        self.with_worst(Goal::new(what, wanted).reached(value, self.samples.len()))
    }

    /// With the timelines of the three worst places if it is missed: those calls are played again.
    fn with_worst(self, mut goal: Goal) -> Goal {
        if goal.verdict != Verdict::Missed {
            return goal;
        }
        for sample in self.samples.worst() {
            let Some(call) = self.calls.get(sample.place.call) else {
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
}

fn ends(runs: &Runs) -> Vec<Goal> {
    let cuts = |end: &End, wanted| {
        let what = format!("{}: turns cut", end.name);
        Measured::of(end, &end.score.cuts).share(&what, wanted)
    };
    let wait = |end: &End, wanted| {
        let what = format!("{}: mean wait", end.name);
        Measured::of(end, &end.score.waits).mean(&what, wanted)
    };
    let Runs {
        main,
        patient,
        lossy,
        ..
    } = runs;
    vec![
        cuts(main, bounds::CUTS),
        wait(main, bounds::WAIT),
        cuts(patient, bounds::CUTS_PATIENT),
        wait(patient, bounds::WAIT_PATIENT),
        Measured::of(main, &main.score.audible_cuts)
            .share("balanced: audible cut-ins", bounds::AUDIBLE_CUTS),
        Measured::of(main, &main.score.missed).share("missed turns", bounds::MISSED),
        Measured::of(lossy, &lossy.score.missed)
            .share("missed turns, 5 % of finals lost", bounds::MISSED_LOSSY),
    ]
}

fn latencies(runs: &Runs) -> Vec<Goal> {
    let of = |what: &str, measured: Measured<'_>, wanted: &[Quantile]| -> Vec<Goal> {
        let goals = wanted.iter().map(|wanted| measured.quantile(what, *wanted));
        goals.collect()
    };
    let all = |end| -> Measured<'_> { Measured::of(end, &end.score.latencies) };
    let opened = Measured::of(&runs.openers, &runs.openers.score.opened);
    let mut goals = of(
        "latency, LLM 375/750 + TTS 100/250,",
        all(&runs.main),
        &bounds::LATENCY,
    );
    goals.extend(of(
        "latency, LLM 200/350 + TTS 90/150,",
        all(&runs.fast),
        &bounds::LATENCY_FAST,
    ));
    goals.extend(of(
        "first sound of answers with an opener, punctuated,",
        opened,
        &bounds::OPENED,
    ));
    goals
}

fn reactions(over: &Over) -> Vec<Goal> {
    let score = &over.score;
    let of = |samples| Measured::over(over, samples);
    let silent = bounds::SILENT
        .map(|wanted| of(&score.silent).quantile("interruption to silent, ordered,", wanted));
    let mut goals =
        vec![of(&score.ducked).quantile("interruption to ducked, ordered,", bounds::DUCKED)];
    goals.extend(silent);
    goals.extend([
        of(&score.silent_for_stops).quantile(
            "one-word stop to silent, ordered,",
            bounds::SILENT_FOR_STOPS,
        ),
        of(&score.not_yielded).share_of_others("interruptions yielded to", bounds::YIELDED),
        of(&score.restored).quantile("restored after a false alarm", bounds::RESTORED),
    ]);
    goals
}

fn selectivity(over: &Over) -> Vec<Goal> {
    let nothing = Samples::default();
    let ignored = |what, kind, wanted| {
        let yielded = over.score.wrongly_yielded.get(&kind).unwrap_or(&nothing);
        Measured::over(over, yielded).share_of_others(what, wanted)
    };
    vec![
        ignored(
            "backchannels ignored",
            Sounded::Backchannel,
            bounds::BACKCHANNELS,
        ),
        ignored(
            "coughs and ums ignored, half of them by dice",
            Sounded::Noise,
            bounds::COUGHS,
        ),
        ignored(
            "background voice ignored, by a gate taken as given",
            Sounded::Background,
            bounds::BACKGROUND_VOICES,
        ),
        ignored(
            "side talk ignored, 57 % of it by dice",
            Sounded::SideTalk,
            bounds::SIDE_TALK,
        ),
    ]
}

fn history(times: WordTimes, over: &Over) -> Vec<Goal> {
    let HistoryScore {
        words_off,
        over_claims,
    } = &over.history;
    let how = times.as_str();
    let error = format!("history error, {how},");
    let off = Measured::over(over, words_off);
    let mut goals: Vec<Goal> = times
        .wanted()
        .iter()
        .map(|wanted| off.quantile(&error, *wanted))
        .collect();
    goals.push(
        Measured::over(over, over_claims)
            .share(&format!("history over-claims, {how}"), bounds::OVER_CLAIMS),
    );
    goals
}
