//! What became of the caller's turns. Pure.

use domain::{OverlapOutcome, TurnRecord};
use serde::Serialize;

use super::{
    call::Diary,
    cast::Role,
    history::{self, CLOCKS_APART_MS},
    listener::Tick,
    played::{BREATH_TICKS, Stretch, ms_of, tick_of},
    truth::TrueTurn,
};
use crate::turns::text::{bare_words, is_lost, words_apart};

/// One turn of the caller. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TurnReport {
    /// What was said.
    pub said: String,
    /// When its last sample was sent.
    pub ended_ms: u64,
    /// From there to the first audible frame of the answer, or of an opener before it.
    pub latency: Option<u64>,
    /// The silence that the server waited before it took the turn, by its own record.
    pub waited: Option<u64>,
    /// When the server took it, whether or not that was heard.
    pub taken: Taken,
    /// For how long the agent was audible while the turn went on.
    pub cut_in_ms: u64,
    /// An answer was due and never came, or less than half of the words were understood.
    pub missed: bool,
    /// It was said over the agent's words.
    pub over_agent: bool,
}

/// When a turn was taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// When it was over, or not at all.
    Over,
    /// Before.
    TooSoon,
}

/// Judges every turn of a call.
pub(super) fn judge(
    role: &Role,
    diary: &Diary,
    stretches: &[Stretch],
    stored: &[TurnRecord],
) -> Vec<TurnReport> {
    let answers = Answers {
        role,
        diary,
        stretches,
        owners: history::owners(stretches, stored),
    };
    let turns = &diary.truth.turns;
    let reports = turns.iter().enumerate().map(|(place, turn)| {
        let next = turns.get(place + 1).map(|turn| turn.began_ms);
        let next_ms = next.unwrap_or(ms_of(diary.ticks.len()));
        let latency = answers.first_heard(turn, next_ms);
        TurnReport {
            said: turn.text.clone(),
            ended_ms: turn.ended_ms,
            latency: latency.map(|tick| ms_of(tick).saturating_sub(turn.ended_ms)),
            waited: waited(stored, turn),
            taken: taken(stored, turn),
            cut_in_ms: cut_in_ms(diary, turn),
            missed: match latency {
                Some(_) => is_lost(&turn.text, &understood(stored, turn, next_ms)),
                None => is_answer_due(turn, next_ms),
            },
            over_agent: is_over_agent(diary, turn),
        }
    });
    reports.collect()
}

/// What the agent said, and for which turn.
struct Answers<'c> {
    role: &'c Role,
    diary: &'c Diary,
    stretches: &'c [Stretch],
    owners: Vec<Option<&'c TurnRecord>>,
}

impl Answers<'_> {
    /// The first audible tick of the answer to a turn.
    fn first_heard(&self, turn: &TrueTurn, before_ms: u64) -> Option<usize> {
        let window = tick_of(turn.ended_ms)..tick_of(before_ms);
        let within = |place: &usize| window.contains(&self.stretches[*place].from);
        let answer = (0..self.stretches.len())
            .filter(within)
            .find(|place| self.answers(*place, turn))?;
        let opener = (0..answer)
            .filter(within)
            .find(|place| self.role.is_opener(&self.stretches[*place].piece.text));
        let first = &self.stretches[opener.unwrap_or(answer)];
        let audible = |at: &usize| self.diary.ticks.get(*at).is_some_and(Tick::audible);
        (first.from..first.to).find(audible)
    }

    /// Whether a stretch belongs to what was stored as the answer to a turn. A question whether the
    /// caller is there, an apology, and words that only cover a wait do not.
    fn answers(&self, place: usize, turn: &TrueTurn) -> bool {
        let masks = self.role.is_mask(&self.stretches[place].piece.text);
        let record = self.owners[place].filter(|record| !record.caller.is_empty());
        !masks && record.is_some_and(|record| is_since(record, turn))
    }
}

/// Whether an exchange began with the turn, or later.
fn is_since(record: &TurnRecord, turn: &TrueTurn) -> bool {
    record.at.0 + CLOCKS_APART_MS >= turn.began_ms
}

/// Whether the caller waited long enough to say that no answer came.
fn is_answer_due(turn: &TrueTurn, next_ms: u64) -> bool {
    /// The caller of a scenario is more patient than this.
    const LONG_MS: u64 = 7_000;
    next_ms.saturating_sub(turn.ended_ms) > LONG_MS
}

/// What the server understood between the beginning of a turn and that of the next one. If nothing
/// began there, the turn went on what was said before.
fn understood(stored: &[TurnRecord], turn: &TrueTurn, next_ms: u64) -> String {
    let began = |record: &&TurnRecord| !record.caller.is_empty() && record.at.0 < next_ms;
    let mut texts: Vec<&str> = stored
        .iter()
        .filter(began)
        .filter(|record| is_since(record, turn))
        .map(|record| record.caller.as_str())
        .collect();
    if texts.is_empty() {
        let before = stored.iter().rfind(began);
        texts.extend(before.map(|record| record.caller.as_str()));
    }
    texts.join(" ")
}

fn is_over_agent(diary: &Diary, turn: &TrueTurn) -> bool {
    let mut uttered = diary.truth.uttered.iter();
    uttered.any(|uttered| uttered.began_ms == turn.began_ms && uttered.over_agent)
}

/// Whether the server took a turn before it was over: it gave it back, or made two of it, or its
/// answer cut in.
fn taken(stored: &[TurnRecord], turn: &TrueTurn) -> Taken {
    let own: Vec<&TurnRecord> = taken_within(stored, turn).collect();
    let given_back = own.iter().any(|record| record.taking.taken_back > 0);
    let mut overlaps = stored.iter().flat_map(|record| &record.taking.overlaps);
    let cut_in = overlaps.any(|overlap| {
        let at = overlap.at.0;
        overlap.outcome == OverlapOutcome::CutIn
            && at + CLOCKS_APART_MS >= turn.began_ms
            && at < turn.ended_ms
    });
    if given_back || own.len() > 1 || cut_in {
        Taken::TooSoon
    } else {
        Taken::Over
    }
}

/// What the server stored of words that began within a turn.
fn taken_within<'s>(
    stored: &'s [TurnRecord],
    turn: &'s TrueTurn,
) -> impl Iterator<Item = &'s TurnRecord> {
    stored.iter().filter(|record| {
        let spoken = !record.caller.is_empty() && !record.caller.starts_with("keypad");
        spoken && is_since(record, turn) && record.at.0 < turn.ended_ms
    })
}

/// For how long the agent was audible within a turn, whatever it said. What it was saying when the
/// turn began does not count until it has stopped: there the caller spoke over the agent.
fn cut_in_ms(diary: &Diary, turn: &TrueTurn) -> u64 {
    let (begins, ends) = (tick_of(turn.began_ms), tick_of(turn.ended_ms));
    let before = diary.ticks.iter().take(begins).rev().take(BREATH_TICKS);
    let mut quiet = before.take_while(|tick| !tick.audible()).count();
    let mut goes_on = quiet < BREATH_TICKS.min(begins);
    let mut into = 0;
    let during = diary.ticks.iter().enumerate().take(ends).skip(begins);
    for (at, tick) in during {
        let cleared = diary.clears_ms.iter().any(|ms| tick_of(*ms) == at);
        quiet = if tick.audible() { 0 } else { quiet + 1 };
        goes_on &= quiet < BREATH_TICKS && !cleared;
        into += usize::from(tick.audible() && !goes_on);
    }
    ms_of(into)
}

/// What the server says that it waited for this turn: by the last of its records that began within
/// the turn and ends with its last word.
fn waited(stored: &[TurnRecord], turn: &TrueTurn) -> Option<u64> {
    let said = bare_words(&turn.text);
    let record = taken_within(stored, turn).filter(|record| {
        let taken = bare_words(&record.caller);
        taken.last() == said.last() && words_apart(&taken, &said) * 2 < said.len().max(2)
    });
    let record = record.last()?;
    let taking = &record.taking;
    if taking.evidence.is_empty() {
        let gap = record.gap?;
        return Some((gap.transcribe + gap.wait).0);
    }
    Some(taking.waited.0)
}
