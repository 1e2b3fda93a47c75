//! The agent's side of a call as the caller's telephone played it. Pure.

use super::{
    call::Diary,
    cast::{Piece, Role},
    ear,
};
use crate::carrier::FRAME;

pub(super) const TICK_MS: u64 = 20;
/// Levels are compared over so many ticks.
const WINDOW: usize = 3;

/// A stretch of ticks in which one clip was played.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) piece: Piece,
    /// The tick in which it begins.
    pub(super) from: usize,
    /// The tick after its last one.
    pub(super) to: usize,
    /// The sample of the clip that was played last.
    pub(super) until: usize,
}

impl Stretch {
    /// Whether all of it was played, but for a rest that nobody misses.
    pub(super) fn is_whole(&self) -> bool {
        const REST: usize = 100 * 8;
        self.until + REST >= self.piece.ulaw.len()
    }

    /// Words that were played to their end.
    pub(super) fn words(&self) -> usize {
        let words = ear::timed(&self.piece.text, self.piece.ulaw.len());
        let until = if self.is_whole() {
            self.piece.ulaw.len()
        } else {
            self.until
        };
        words.iter().filter(|(_, end)| *end <= until).count()
    }
}

/// Everything that was played, in order.
pub(super) fn stretches(role: &Role, diary: &Diary) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for (at, tick) in diary.ticks.iter().enumerate() {
        if let Some(playing) = tick.playing {
            if playing.begins
                && let Some(piece) = role.piece(playing.clip)
            {
                stretches.push(Stretch {
                    piece,
                    from: at,
                    to: at,
                    until: 0,
                });
            }
            if let Some(stretch) = stretches.last_mut() {
                stretch.to = at + 1;
                stretch.until = playing.until;
            }
        }
    }
    stretches
}

/// By how many decibels the agent is quieter around this tick than its voice was made. `None` where
/// nothing is played that could be compared.
pub(super) fn quieter_db(role: &Role, diary: &Diary, at: usize) -> Option<f32> {
    /// Where the voice itself is quieter, nothing can be said.
    const LOUD_ENOUGH_DBFS: f32 = -38.0;
    let playing = diary.ticks.get(at)?.playing?;
    let piece = role.piece(playing.clip)?;
    let from = playing.until.saturating_sub(WINDOW * FRAME);
    let made = level(piece.ulaw.get(from..playing.until.min(piece.ulaw.len()))?);
    let until = (at + 1) * FRAME;
    let heard = diary
        .audio
        .agent
        .get(until.saturating_sub(WINDOW * FRAME)..until)?;
    (made > LOUD_ENOUGH_DBFS).then(|| made - level(heard))
}

fn level(ulaw: &[u8]) -> f32 {
    let samples: Vec<i16> = ulaw
        .iter()
        .map(|code| audio::g711::ulaw::decode(*code))
        .collect();
    audio::level::dbfs(&samples)
}

/// The first tick from `from` on after which the agent is quiet for a breath.
pub(super) fn falls_silent(diary: &Diary, from: usize) -> Option<usize> {
    const BREATH_TICKS: usize = 15;
    let quiet = |at: usize| {
        let next = diary.ticks.iter().skip(at).take(BREATH_TICKS);
        !next.into_iter().any(super::listener::Tick::audible)
    };
    (from..diary.ticks.len()).find(|at| quiet(*at))
}

pub(super) fn tick_of(ms: u64) -> usize {
    usize::try_from(ms / TICK_MS).unwrap_or(usize::MAX)
}

pub(super) fn ms_of(tick: usize) -> u64 {
    tick as u64 * TICK_MS
}
