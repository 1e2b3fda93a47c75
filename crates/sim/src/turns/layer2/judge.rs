//! What became of one call, from both sides of the line and from what was stored. Pure.

use std::collections::BTreeSet;

use domain::TurnRecord;
use serde::Serialize;

use super::{
    call::Diary,
    cast::Role,
    history::{self, HistoryError},
    overlaps::{self, Overlapped},
    played::{self, Stretch, ms_of},
    timeline,
    turns::{self, Taken, TurnReport},
};
use crate::turns::{
    bounds::NOT_NOTICED,
    scenario::{Llm, Scenario, Stt, Tts},
    score::WordTimes,
    text::{bare_words, words_apart},
};

/// What became of a call.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CallReport {
    /// Which scenario.
    pub scenario: String,
    /// The carrier's id of the call.
    pub call: String,
    /// Whether all final words were told.
    pub finals: Finals,
    /// Model, voice and recogniser were as fast as usual.
    pub usual_delays: bool,
    /// Which waits applied.
    pub preset: &'static str,
    /// The caller's turns.
    pub turns: Vec<TurnReport>,
    /// Sounds over the agent's words.
    pub overlaps: Vec<Overlapped>,
    /// Replies, as stored and as played.
    pub history: Vec<HistoryError>,
    /// Times that the agent fell silent, or took a turn, for nothing but its own echo.
    pub self_interruptions: usize,
    /// Turns with words of the agent's own voice that the caller did not say.
    pub echo_turns: usize,
    /// Time that the agent was audible on a line with echo.
    pub echo_ms: u64,
    /// Requests to the model, those included that nobody wanted in the end.
    pub requests: usize,
    /// Whether the voice tells when words end.
    pub word_times: WordTimes,
    /// Keys were pressed.
    pub keys: usize,
    /// What the scenario expects, and what did not come of it.
    pub faults: Vec<String>,
    /// What the server did that the protocol forbids.
    pub violations: Vec<String>,
    /// What happened, line by line.
    pub timeline: Vec<String>,
}

/// What the recogniser does with final words.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finals {
    /// It tells all of them.
    #[default]
    All,
    /// Some never come.
    SomeLost,
}

impl Finals {
    fn of(scenario: &Scenario) -> Self {
        if scenario.stt.finals_lost_percent > 0.0 {
            Self::SomeLost
        } else {
            Self::All
        }
    }
}

/// What the server stored of a call.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// Its turns.
    pub turns: Vec<TurnRecord>,
    /// Why it ended.
    pub end: Option<String>,
}

/// Judges a call.
pub(super) fn judge(role: &Role, diary: &Diary, stored: &Stored) -> CallReport {
    let stretches = played::stretches(role, diary);
    let has_echo = role.scenario.line.echo.is_some();
    let audible = diary.ticks.iter().filter(|tick| tick.audible()).count();
    let mut report = CallReport {
        scenario: role.scenario.name.clone(),
        call: diary.call_sid.clone(),
        finals: Finals::of(&role.scenario),
        usual_delays: has_usual_delays(&role.scenario),
        preset: role.scenario.agent.preset.as_str(),
        turns: turns::judge(role, diary, &stretches, &stored.turns),
        overlaps: overlaps::judge(role, diary, &stretches),
        history: history::errors(&stretches, &stored.turns),
        self_interruptions: if has_echo {
            self_interruptions(role, diary, stored)
        } else {
            0
        },
        echo_turns: if has_echo {
            echo_turns(role, &stretches, stored)
        } else {
            0
        },
        echo_ms: if has_echo { ms_of(audible) } else { 0 },
        requests: role.requests(),
        word_times: WordTimes::of(role.scenario.tts.word_times),
        keys: diary.truth.keys_ms.len(),
        faults: Vec::new(),
        violations: diary.violations.clone(),
        timeline: timeline::told(&stretches, diary),
    };
    report.faults = faults(role, diary, stored, &report);
    report
}

fn has_usual_delays(scenario: &Scenario) -> bool {
    scenario.llm.first_ms == Llm::default().first_ms
        && scenario.tts.first_ms == Tts::default().first_ms
        && scenario.stt.final_ms == Stt::default().final_ms
        && Finals::of(scenario) == Finals::All
}

/// Turns with words of our own voice that the caller did not say, be it one among many of his.
fn echo_turns(role: &Role, stretches: &[Stretch], stored: &Stored) -> usize {
    let callers = callers_words(role);
    let agents = stretches.iter().map(|stretch| &stretch.piece.text);
    let agents: BTreeSet<String> = agents.flat_map(|text| bare_words(text)).collect();
    let echoed = |word: &String| agents.contains(word) && !callers.contains(word);
    let turns = stored.turns.iter();
    let spoken = turns.filter(|turn| !turn.caller.starts_with("keypad"));
    spoken
        .filter(|turn| bare_words(&turn.caller).iter().any(echoed))
        .count()
}

/// Every word that is said at the caller's.
fn callers_words(role: &Role) -> BTreeSet<String> {
    let clips = role.clips.iter();
    clips.flat_map(|clip| bare_words(&clip.text)).collect()
}

/// Silences of the agent that nothing at the caller's explains, and turns made of its own words.
fn self_interruptions(role: &Role, diary: &Diary, stored: &Stored) -> usize {
    const EXPLAINS_MS: u64 = 2_500;
    let truth = &diary.truth;
    let unexplained = diary.clears_ms.iter().filter(|at| {
        let near = |began: u64, ended: u64| began <= **at && **at <= ended + EXPLAINS_MS;
        let sound = truth
            .uttered
            .iter()
            .any(|it| near(it.began_ms, it.ended_ms));
        !sound && !truth.keys_ms.iter().any(|key| near(*key, *key))
    });
    let known = callers_words(role);
    let foreign = stored.turns.iter().filter(|turn| {
        let taken = bare_words(&turn.caller);
        let own = taken.iter().filter(|word| known.contains(*word)).count();
        own * 2 < taken.len() && !turn.caller.starts_with("keypad")
    });
    unexplained.count() + foreign.count()
}

/// Everything that the scenario expects and that did not come.
fn faults(role: &Role, diary: &Diary, stored: &Stored, report: &CallReport) -> Vec<String> {
    let expect = &role.scenario.expect;
    let mut faults = Vec::new();
    faults.extend(text_fault(role, stored));
    let cuts = report
        .turns
        .iter()
        .filter(|turn| turn.taken == Taken::TooSoon)
        .count();
    if cuts > expect.cuts {
        faults.push(format!("{cuts} turns were taken too soon"));
    }
    for turn in &report.turns {
        if turn.cut_in_ms > NOT_NOTICED.0 {
            faults.push(format!("spoke {} ms into {:?}", turn.cut_in_ms, turn.said));
        }
        if turn.missed {
            faults.push(format!("no answer to {:?}", turn.said));
        }
        faults.extend(over("latency", turn.latency, expect.max_latency_ms));
        faults.extend(over("wait", turn.waited, expect.max_wait_ms));
    }
    for overlap in &report.overlaps {
        let late = |ms: &u64| expect.silent_within_ms.is_some_and(|most| *ms > most);
        if overlap.wants_the_floor() {
            let late = overlap.silent_after.is_none_or(|ms| late(&ms));
            if late && overlap.decided {
                faults.push(format!("silent after {:?} ms", overlap.silent_after));
            }
        } else if overlap.silent_after.is_some() && overlap.decided {
            faults.push(format!("gave way to {:?}", overlap.source));
        }
        faults.extend(over(
            "restored",
            overlap.restored_after,
            expect.restored_within_ms,
        ));
    }
    faults.extend(absences(role, report));
    faults.extend(record_faults(role, stored));
    if diary.truth.gave_up > 0 {
        faults.push(format!("waited in vain {} times", diary.truth.gave_up));
    }
    faults
}

/// What the scenario gives a time for and that never happened.
fn absences(role: &Role, report: &CallReport) -> Vec<String> {
    let expect = &role.scenario.expect;
    let (turns, overlaps) = (&report.turns, &report.overlaps);
    let floor = |wanted: bool| {
        let mut overlaps = overlaps.iter();
        overlaps.any(move |overlap| overlap.wants_the_floor() == wanted)
    };
    [
        (
            "an answer",
            expect.max_latency_ms,
            turns.iter().any(|turn| turn.latency.is_some()),
        ),
        (
            "a wait",
            expect.max_wait_ms,
            turns.iter().any(|turn| turn.waited.is_some()),
        ),
        ("an interruption", expect.silent_within_ms, floor(true)),
        ("a false alarm", expect.restored_within_ms, floor(false)),
    ]
    .into_iter()
    .filter(|(_, most, happened)| most.is_some() && !happened)
    .map(|(what, _, _)| format!("{what} was expected, and never happened"))
    .collect()
}

fn over(what: &str, is: Option<u64>, most: Option<u64>) -> Option<String> {
    let (is, most) = is.zip(most)?;
    (is > most).then(|| format!("{what} {is} ms, at most {most}"))
}

/// Whether the words that were taken are those that were said.
fn text_fault(role: &Role, stored: &Stored) -> Option<String> {
    let expect = &role.scenario.expect;
    let said: Vec<String> = match &expect.turns {
        Some(turns) => turns.clone(),
        None => role
            .scenario
            .turns()
            .into_iter()
            .map(|turn| turn.text)
            .collect(),
    };
    let taken: Vec<&str> = stored
        .turns
        .iter()
        .map(|turn| turn.caller.as_str())
        .collect();
    let taken = bare_words(&taken.join(" "));
    let off = words_apart(&taken, &bare_words(&said.join(" ")));
    (off > expect.words_off).then(|| format!("{off} words off: took {:?}", taken.join(" ")))
}

/// What only the server's own record tells.
fn record_faults(role: &Role, stored: &Stored) -> Vec<String> {
    let expect = &role.scenario.expect;
    let mut faults = Vec::new();
    let overlaps = stored.turns.iter().flat_map(|turn| &turn.taking.overlaps);
    let outcomes: Vec<&str> = overlaps.map(|overlap| overlap.outcome.as_str()).collect();
    if let Some(expected) = &expect.overlaps {
        let expected: Vec<&str> = expected.iter().map(|outcome| outcome.as_str()).collect();
        if expected != outcomes {
            faults.push(format!("overlaps {outcomes:?}, not {expected:?}"));
        }
    }
    let unasked = stored
        .turns
        .iter()
        .filter(|turn| turn.number > 0 && turn.caller.is_empty() && !turn.said.is_empty());
    let unasked = unasked.count();
    if expect.unasked.is_some_and(|expected| expected != unasked) {
        faults.push(format!("spoke unasked {unasked} times"));
    }
    if expect.end.is_some() && expect.end != stored.end {
        faults.push(format!("ended by {:?}", stored.end));
    }
    faults
}

#[cfg(test)]
mod tests;
