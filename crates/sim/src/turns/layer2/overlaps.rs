//! What became of sounds over the agent's words. Pure.

use std::ops::RangeInclusive;

use serde::Serialize;

use super::{
    call::Diary,
    cast::Role,
    played::{self, BREATH_TICKS, Stop, Stretch, ms_of, tick_of},
    truth::{Uttered, What},
};
use crate::turns::{
    bounds::{AFTERMATH, END_EDGE},
    scenario::{Overlapping, Role as Meant, SoundKind},
};

/// A sound over the agent's words, and what the agent did. Times are milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overlapped {
    /// What it was.
    pub source: Source,
    /// When it began.
    pub at_ms: u64,
    /// From its beginning to the first quieter frame that the server sent, or to silence.
    pub ducked_after: Option<u64>,
    /// The same, as the telephone played it: what was sent before cannot be called back.
    pub ducked_played_after: Option<u64>,
    /// From its beginning to the `clear`, if the agent gave way; where the server sent none, to the
    /// agent's last audible frame.
    pub silent_after: Option<u64>,
    /// From its end to the voice as it was, if it had become quieter and the agent went on.
    pub restored_after: Option<u64>,
    /// What was left of the agent's words, as far as they were made.
    pub left_ms: u64,
    /// The agent had to decide something: enough was left of its words, and of the call.
    pub decided: bool,
    /// Nobody may interrupt the words that it sounds over.
    pub protected: bool,
}

impl Overlapped {
    /// Whether the agent should give way.
    #[must_use]
    pub const fn wants_the_floor(&self) -> bool {
        self.source.wants_the_floor() && !self.protected
    }
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
    /// Whether the agent should give way, if it may.
    const fn wants_the_floor(self) -> bool {
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
    let line = Line {
        role,
        diary,
        stretches,
    };
    over.map(|uttered| line.judge(uttered)).collect()
}

/// What the agent's side of a call was like.
struct Line<'c> {
    role: &'c Role,
    diary: &'c Diary,
    stretches: &'c [Stretch],
}

impl Line<'_> {
    fn judge(&self, uttered: &Uttered) -> Overlapped {
        let began = uttered.began_ms;
        let onset = tick_of(began);
        let last_chance = uttered.ended_ms + AFTERMATH.0;
        let stop = played::stop(self.role, self.diary, self.stretches, onset);
        let silent = self.gave_way(&stop, began..=last_chance);
        let ended = stop.at.unwrap_or(self.diary.ticks.len());
        let watched = ended
            .max(silent.map_or(0, tick_of))
            .min(tick_of(last_chance));
        let shaken = (onset..watched).find(|at| self.is_shaken(*at));
        let mut sent = self.diary.arrived.iter();
        let sent = sent.find(|sent| {
            let meanwhile =
                (began..=last_chance).contains(&sent.at_ms) && sent.at_ms <= ms_of(watched);
            meanwhile && is_lowered(played::sent_quieter_db(self.role, sent))
        });
        let since = |at: Option<u64>| at.into_iter().chain(silent).min().map(|ms| ms - began);
        let ducked = shaken.map(ms_of);
        let left_ms = played::left_ms(self.role, self.diary, self.stretches, onset);
        // A caller who hangs up does not wait for what the agent decides.
        let lasted = stop.at.is_some() || ms_of(ended) > last_chance;
        Overlapped {
            source: Source::of(uttered.what),
            at_ms: began,
            ducked_after: since(sent.map(|sent| sent.at_ms).or(ducked)),
            ducked_played_after: since(ducked),
            silent_after: silent.map(|ms| ms - began),
            restored_after: shaken
                .filter(|_| silent.is_none())
                .map(|shaken| self.restored(shaken.max(tick_of(uttered.ended_ms)), ended))
                .map(|ms| ms.saturating_sub(uttered.ended_ms)),
            left_ms,
            decided: left_ms > END_EDGE.0 && (lasted || silent.is_some()),
            protected: self.is_protected(onset),
        }
    }

    fn is_protected(&self, at: usize) -> bool {
        let mut stretches = self.stretches.iter();
        let playing = stretches.rfind(|stretch| stretch.from <= at);
        playing.is_some_and(|stretch| self.role.protects(&stretch.piece))
    }

    /// When the agent gave way, if it did so within this time: by a `clear`, or by stopping in the
    /// middle of its words.
    fn gave_way(&self, stop: &Stop<'_>, within: RangeInclusive<u64>) -> Option<u64> {
        let cut_off = stop.last.is_some_and(|last| !last.is_whole());
        // What is cleared after the reply has come to its end is another one.
        let ended = stop.last.map_or(0, |last| ms_of(last.to + BREATH_TICKS));
        let mut clears = self.diary.clears_ms.iter().copied();
        let clear = clears.find(|at| within.contains(at) && (cut_off || *at <= ended));
        let stopped = stop.at.map(|at| ms_of(at).max(*within.start()));
        clear.or(stopped.filter(|at| cut_off && within.contains(at)))
    }

    /// Whether the voice is quieter than it was made, or pauses.
    fn is_shaken(&self, at: usize) -> bool {
        let Some(tick) = self.diary.ticks.get(at) else {
            return false;
        };
        match tick.playing {
            Some(playing) if playing.stamped => false,
            Some(_) => is_lowered(played::quieter_db(self.role, self.diary, at)),
            None => self.role.scenario.agent.overlap == Overlapping::Pause,
        }
    }

    /// When the voice is as it was made, from this tick on. One that ends meanwhile has nothing to
    /// restore.
    fn restored(&self, from: usize, ended: usize) -> u64 {
        let as_made = |at: &usize| {
            let playing = self.diary.ticks[*at].playing;
            playing.is_some_and(|playing| playing.stamped)
        };
        ms_of((from..ended).find(as_made).unwrap_or(ended))
    }
}

/// Half of what the mildest sensible ducking does.
const QUIETER_DB: f32 = 5.0;

fn is_lowered(by_db: Option<f32>) -> bool {
    by_db.is_some_and(|db| db > QUIETER_DB)
}

#[cfg(test)]
mod tests;
