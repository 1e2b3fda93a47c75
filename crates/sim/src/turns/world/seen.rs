use std::collections::{BTreeMap, BTreeSet};

use domain::{EndReason, Millis, ReplyId, TurnRecord};
use session::{Action, Because, Input};

use super::{Line, caller::Heard};
use crate::turns::text::is_lost;

pub use super::caller::Kind as Sounded;

/// What happened in a call, and what was true.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The caller's turns.
    pub turns: Vec<TurnSeen>,
    /// Every decision that a turn was over.
    pub commits: Vec<Commit>,
    /// Replies that were given up, heard or not.
    pub cancelled: Vec<(Millis, ReplyId)>,
    /// The caller's sounds over the agent's voice.
    pub overs: Vec<OverSound>,
    /// The voice became quieter, or paused.
    pub ducks: Vec<(Millis, ReplyId)>,
    /// The voice became as loud as before, or went on.
    pub restores: Vec<(Millis, ReplyId)>,
    /// The voice stopped for good.
    pub silences: Vec<(Millis, ReplyId)>,
    /// Every stretch in which the agent was audible.
    pub audible: Vec<Audible>,
    /// What was kept; and for a reply that was cut off, the words that were really played.
    pub records: Vec<(Millis, TurnRecord, Option<usize>)>,
    /// What each reply answers, as the model was told it.
    pub answers: BTreeMap<ReplyId, String>,
    /// Every request to the model.
    pub starts: Vec<(Millis, ReplyId)>,
    /// Pieces of text that the model wrote.
    pub tokens: BTreeMap<ReplyId, u32>,
    /// What the session was told.
    pub journal: Vec<(Millis, Input)>,
    /// What it did.
    pub actions: Vec<(Millis, Action)>,
    /// Final words that the recogniser kept to itself.
    pub finals_lost: usize,
    /// Times that the caller waited for the agent in vain.
    pub gave_up: usize,
    /// When the call was over.
    pub ended: Millis,
    /// Why.
    pub end: Option<EndReason>,
}

/// A turn of the caller.
#[derive(Clone, Debug, Default)]
pub struct TurnSeen {
    /// Its first sound.
    pub begins: Millis,
    /// Its last sound.
    pub ends: Millis,
    /// Its words.
    pub text: String,
    /// Where it paused.
    pub pauses: Vec<(Millis, Millis)>,
}

/// A decision that a turn was over.
#[derive(Clone, Copy, Debug)]
pub struct Commit {
    /// When.
    pub at: Millis,
    /// What answers it.
    pub reply: ReplyId,
    /// Why.
    pub because: Because,
}

/// A stretch in which the agent was audible.
#[derive(Clone, Copy, Debug)]
pub struct Audible {
    /// Whose words.
    pub reply: ReplyId,
    /// The first sample that left us.
    pub from: Millis,
    /// The last.
    pub until: Millis,
}

/// A sound of the caller's over the agent's voice.
#[derive(Clone, Copy, Debug)]
pub struct OverSound {
    /// What it was.
    pub kind: Sounded,
    /// Whose words it was over.
    pub reply: ReplyId,
    /// Its beginning.
    pub from: Millis,
    /// Its end.
    pub until: Millis,
    /// What was left of the agent's words, as far as they were made.
    pub left: Millis,
}

impl Seen {
    pub(super) fn over_the_agent(&mut self, sound: &Heard, kind: Sounded, line: &Line) {
        if let Some(reply) = line.playing(sound.from) {
            self.overs.push(OverSound {
                kind,
                reply,
                from: sound.from,
                until: sound.until,
                left: line.left(sound.from),
            });
        }
    }

    pub(super) fn keys_over_the_agent(&mut self, now: Millis, line: &Line) {
        if let Some(reply) = line.playing(now) {
            self.overs.push(OverSound {
                kind: Sounded::Keys,
                reply,
                from: now,
                until: now,
                left: line.left(now),
            });
        }
    }

    /// By how much a turn was taken before it was over, if it was.
    #[must_use]
    pub fn taken_early(&self, turn: &TurnSeen) -> Option<Millis> {
        let inside = |at: Millis| at >= turn.begins && at < turn.ends;
        let taken = self.commits.iter().find(|commit| inside(commit.at))?;
        Some(turn.ends - taken.at)
    }

    /// For how long the agent was audible within a turn, whatever it said and why. What it was
    /// saying when the turn began does not count: there the caller spoke over the agent.
    #[must_use]
    pub fn spoken_into(&self, turn: &TurnSeen) -> Millis {
        let begun = |stretch: &&Audible| stretch.from >= turn.begins && stretch.from < turn.ends;
        let spoken = self.audible.iter().filter(begun);
        spoken
            .map(|stretch| stretch.until.or_earlier(turn.ends) - stretch.from)
            .fold(Millis::ZERO, |sum, part| sum + part)
    }

    /// The decision that took the end of a turn: the first after it, before the next turn.
    #[must_use]
    pub fn taken(&self, index: usize) -> Option<&Commit> {
        let turn = self.turns.get(index)?;
        let until = self.until(index);
        self.commits
            .iter()
            .find(|commit| commit.at >= turn.ends && commit.at < until)
    }

    /// From a turn's last sound to the agent's first. `None` if the agent spoke already, or not.
    #[must_use]
    pub fn latency(&self, index: usize) -> Option<Millis> {
        let turn = self.turns.get(index)?;
        self.first_after(index)
            .map(|stretch| stretch.from - turn.ends)
    }

    /// Whether the answer to a turn begins with one of these, said while the rest was in the making.
    #[must_use]
    pub fn opens(&self, index: usize, openers: &[&str]) -> bool {
        let Some(answer) = self.first_after(index) else {
            return false;
        };
        let spoken = self.actions.iter().find_map(|(_, action)| {
            let Action::Speak { reply, text, .. } = action else {
                return None;
            };
            (*reply == answer.reply).then_some(text)
        });
        spoken.is_some_and(|text| openers.contains(&text.trim()))
    }

    /// The first thing that the agent says after a turn. `None` if it spoke already, or not.
    fn first_after(&self, index: usize) -> Option<&Audible> {
        let turn = self.turns.get(index)?;
        let until = self.until(index);
        let spoke = |stretch: &Audible| stretch.from < turn.ends && stretch.until > turn.ends;
        if self.audible.iter().any(spoke) {
            return None;
        }
        self.audible
            .iter()
            .find(|stretch| stretch.from >= turn.ends && stretch.from < until)
    }

    /// Whether a turn got no answer, or one to less than half of its words.
    #[must_use]
    pub fn missed(&self, index: usize) -> bool {
        let Some(turn) = self.turns.get(index) else {
            return false;
        };
        !self.is_answered(index) || is_lost(&turn.text, &self.understood(index))
    }

    /// Whether what was decided at the end of a turn, or later, was heard before the next one.
    fn is_answered(&self, index: usize) -> bool {
        let Some(turn) = self.turns.get(index) else {
            return false;
        };
        let within = turn.ends..self.until(index);
        let is_audible = |reply: ReplyId| {
            let mut audible = self.audible.iter();
            audible.any(|stretch| stretch.reply == reply && within.contains(&stretch.from))
        };
        self.commits
            .iter()
            .any(|commit| within.contains(&commit.at) && is_audible(commit.reply))
    }

    /// What a turn's answers were made for.
    fn understood(&self, index: usize) -> String {
        let Some(turn) = self.turns.get(index) else {
            return String::new();
        };
        let within = turn.begins..self.until(index);
        let answers: Vec<&str> = self
            .commits
            .iter()
            .filter(|commit| within.contains(&commit.at))
            .filter_map(|commit| self.answers.get(&commit.reply))
            .map(String::as_str)
            .collect();
        answers.join(" ")
    }

    /// The call as a script: what the session was told, what it did (`>`), and what was true (`~`).
    /// Of a stream of text or audio only the first piece is shown.
    #[must_use]
    pub fn story(&self, from: Millis, until: Millis) -> Vec<String> {
        let told = self
            .journal
            .iter()
            .filter(|(_, input)| !matches!(input, Input::Tick))
            .map(|(at, input)| (*at, 1, format!("{input}")));
        let done = self
            .actions
            .iter()
            .map(|(at, action)| (*at, 2, format!("  > {action}")));
        let mut lines: Vec<(Millis, u8, String)> = told
            .chain(done)
            .chain(self.truth())
            .filter(|(at, _, _)| *at >= from && *at <= until)
            .collect();
        lines.sort_by_key(|(at, side, _)| (*at, *side));
        let mut streams = BTreeSet::new();
        lines.retain(|(_, _, line)| stream(line).is_none_or(|name| streams.insert(name)));
        lines
            .into_iter()
            .map(|(at, _, line)| format!("{at} {line}"))
            .collect()
    }

    /// What really happened on the caller's side.
    fn truth(&self) -> impl Iterator<Item = (Millis, u8, String)> {
        let line = |at: Millis, text: String| (at, 0, format!("~ {text}"));
        let turns = self.turns.iter().flat_map(move |turn| {
            let pauses = turn
                .pauses
                .iter()
                .map(move |(from, until)| line(*from, format!("pauses for {}", *until - *from)));
            pauses
                .chain([
                    line(turn.begins, format!("begins to say \"{}\"", turn.text)),
                    line(turn.ends, "is done".to_owned()),
                ])
                .collect::<Vec<_>>()
        });
        let overs = self.overs.iter().map(move |over| {
            let lasts = over.until - over.from;
            line(
                over.from,
                format!("{:?} for {lasts} over the agent", over.kind),
            )
        });
        turns.chain(overs)
    }

    /// When the next turn begins.
    fn until(&self, index: usize) -> Millis {
        self.turns
            .get(index + 1)
            .map_or(Millis(u64::MAX), |next| next.begins)
    }
}

/// The stream that a line is a piece of: `text r5`, `  > play r5`.
fn stream(line: &str) -> Option<String> {
    let mut words = line.trim_start_matches([' ', '>']).split(' ');
    match words.next()? {
        verb @ ("audio" | "play" | "text") => Some(format!("{verb} {}", words.next()?)),
        _ => None,
    }
}
