//! What became of sounds over the agent's words. Pure.

use serde::Serialize;

use super::{
    call::Diary,
    cast::Role,
    played::{self, Stretch, ms_of, tick_of},
    truth::{Uttered, What},
};
use crate::turns::scenario::{Role as Meant, SoundKind};

/// A sound over the agent's words, and what the agent did. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overlapped {
    /// What it was.
    pub source: Source,
    /// When it began.
    pub at_ms: u64,
    /// From its beginning to the first quieter frame, or to silence.
    pub ducked_after: Option<u64>,
    /// From its beginning to the agent's last audible frame, if the agent gave way.
    pub silent_after: Option<u64>,
    /// From its end to the voice as it was, if it had become quieter and the agent went on.
    pub restored_after: Option<u64>,
    /// The agent's words ended by themselves meanwhile: nothing had to be decided.
    pub ended_by_itself: bool,
}

/// What sounds over the agent's words.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Source {
    Backchannel,
    BackgroundVoice,
    Cough,
    OtherNoise,
    SideTalk,
    StopWord,
    Turn,
}

impl Source {
    /// Whether the agent should give way.
    #[must_use]
    pub const fn wants_the_floor(self) -> bool {
        match self {
            Self::StopWord | Self::Turn => true,
            Self::Backchannel
            | Self::BackgroundVoice
            | Self::Cough
            | Self::OtherNoise
            | Self::SideTalk => false,
        }
    }

    const fn of(what: What) -> Self {
        match what {
            What::Words(Meant::Backchannel) => Self::Backchannel,
            What::Words(Meant::Background) => Self::BackgroundVoice,
            What::Words(Meant::SideTalk) => Self::SideTalk,
            What::Words(Meant::Stop) => Self::StopWord,
            What::Words(Meant::Turn) => Self::Turn,
            What::Sound(SoundKind::Cough | SoundKind::Um) => Self::Cough,
            What::Sound(SoundKind::Babble) => Self::BackgroundVoice,
            What::Sound(SoundKind::Door | SoundKind::Music | SoundKind::Typing) => Self::OtherNoise,
        }
    }
}

/// Later than so long after its end, a sound has nothing to do with it.
const AFTERMATH_MS: u64 = 1_000;

/// Judges every sound that began over the agent's words.
pub(super) fn judge(role: &Role, diary: &Diary, stretches: &[Stretch]) -> Vec<Overlapped> {
    let first_of_turn = |uttered: &Uttered| match uttered.what {
        What::Words(Meant::Stop | Meant::Turn) => {
            let mut turns = diary.truth.turns.iter();
            turns.any(|turn| turn.began_ms == uttered.began_ms)
        }
        What::Words(Meant::Backchannel | Meant::Background | Meant::SideTalk) | What::Sound(_) => {
            true
        }
    };
    let over = diary.truth.uttered.iter();
    let over = over.filter(|uttered| uttered.over_agent && first_of_turn(uttered));
    over.map(|uttered| one(role, diary, stretches, uttered))
        .collect()
}

fn one(role: &Role, diary: &Diary, stretches: &[Stretch], uttered: &Uttered) -> Overlapped {
    let onset = tick_of(uttered.began_ms);
    let silent = played::falls_silent(diary, onset).unwrap_or(diary.ticks.len());
    let last_chance = uttered.ended_ms + AFTERMATH_MS;
    let mut clears = diary.clears_ms.iter();
    let cleared = clears.any(|at| (uttered.began_ms..=last_chance).contains(at));
    let whole = stretches
        .iter()
        .rfind(|stretch| stretch.from <= silent)
        .is_none_or(Stretch::is_whole);
    let in_time = ms_of(silent) <= last_chance;
    let gave_way = in_time && (cleared || !whole);
    let since = |tick: usize| ms_of(tick).saturating_sub(uttered.began_ms);
    let ducked = (onset..silent).find(|at| is_quieter(role, diary, *at));
    Overlapped {
        source: Source::of(uttered.what),
        at_ms: uttered.began_ms,
        ducked_after: ducked.or(gave_way.then_some(silent)).map(since),
        silent_after: gave_way.then(|| since(silent)),
        restored_after: ducked
            .filter(|_| !gave_way)
            .and_then(|_| restored(role, diary, uttered.ended_ms)),
        ended_by_itself: in_time && !gave_way,
    }
}

/// Half of what the mildest sensible ducking does.
const QUIETER_DB: f32 = 5.0;

fn is_quieter(role: &Role, diary: &Diary, at: usize) -> bool {
    played::quieter_db(role, diary, at).is_some_and(|db| db > QUIETER_DB)
}

/// From the end of a sound to the first frames of the agent that are as loud as they were made.
fn restored(role: &Role, diary: &Diary, ended_ms: u64) -> Option<u64> {
    let from = tick_of(ended_ms);
    let loud =
        |at: &usize| played::quieter_db(role, diary, *at).is_some_and(|db| db < QUIETER_DB / 2.0);
    let at = (from..diary.ticks.len()).find(loud)?;
    Some(ms_of(at).saturating_sub(ended_ms))
}
