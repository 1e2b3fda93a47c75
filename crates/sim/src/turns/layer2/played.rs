//! The agent's side of a call as the caller's telephone played it. Pure.

use super::{
    arrivals::Arrived,
    call::Diary,
    cast::{Piece, Role},
    ear,
    listener::{AUDIBLE_DBFS, Playing, Tick},
};
use crate::{
    carrier::{FRAME, SAMPLES_PER_MS, TICK_MS},
    turns::text::bare_words,
};

/// Who is quiet for so many ticks has stopped, or paused.
pub(super) const BREATH_TICKS: usize = 15;
/// Levels are compared over so many ticks.
const WINDOW: usize = 3;

/// A stretch of ticks in which one clip was played, with the pauses that were made in it.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) clip: u16,
    pub(super) piece: Piece,
    /// The tick in which it begins.
    pub(super) from: usize,
    /// The tick after its last one.
    pub(super) to: usize,
    /// The last sample of the clip that was played.
    pub(super) until: usize,
}

impl Stretch {
    /// Whether all of it was played, but for a rest that nobody misses.
    pub(super) fn is_whole(&self) -> bool {
        const REST: usize = 100 * 8;
        let rest = self.piece.ulaw.get(self.until..).unwrap_or_default();
        rest.len() <= REST || rest.chunks(FRAME).all(|frame| level(frame) <= AUDIBLE_DBFS)
    }

    /// Words that were played to their end.
    pub(super) fn words(&self) -> usize {
        let words = ear::timed(&self.piece.text, self.piece.ulaw.len());
        let whole = self.is_whole();
        let played = words
            .iter()
            .filter(|(_, end)| whole || *end <= self.until)
            .map(|(word, _)| bare_words(word).len());
        played.sum()
    }

    /// Whether this clip, cut off without a `clear`, goes on with this part of it: the voice had
    /// paused.
    fn goes_on(&self, diary: &Diary, playing: Playing, at: usize) -> bool {
        self.clip == playing.clip && !self.is_whole() && !self.was_cleared(diary, at)
    }

    /// Whether what was left of it was thrown away, by this tick.
    fn was_cleared(&self, diary: &Diary, at: usize) -> bool {
        let since = self.to.saturating_sub(1)..=at;
        let mut clears = diary.clears_ms.iter();
        clears.any(|ms| since.contains(&tick_of(*ms)))
    }
}

/// Everything that was played, in order.
pub(super) fn stretches(role: &Role, diary: &Diary) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for (at, tick) in diary.ticks.iter().enumerate() {
        let Some(playing) = tick.playing else {
            continue;
        };
        let goes_on = |last: &Stretch| !playing.begins || last.goes_on(diary, playing, at);
        if !stretches.last().is_some_and(goes_on)
            && let Some(piece) = role.piece(playing.clip)
        {
            stretches.push(Stretch {
                clip: playing.clip,
                piece,
                from: at,
                to: at,
                until: 0,
            });
        }
        if let Some(stretch) = stretches.last_mut() {
            stretch.to = at + 1;
            stretch.until = playing.until.max(stretch.until);
        }
    }
    stretches
}

/// By how many decibels a frame that was sent is quieter than the voice was made.
pub(super) fn sent_quieter_db(role: &Role, sent: &Arrived) -> Option<f32> {
    let playing = sent.tick.playing.filter(|playing| !playing.stamped)?;
    let piece = role.piece(playing.clip)?;
    let from = playing.until.saturating_sub(FRAME);
    let made = piece.ulaw.get(from..playing.until)?;
    lowered_db(level(made), sent.tick.db)
}

/// By how many decibels the agent is quieter around this tick than its voice was made. `None` where
/// nothing is played that could be compared.
pub(super) fn quieter_db(role: &Role, diary: &Diary, at: usize) -> Option<f32> {
    let playing = diary.ticks.get(at)?.playing?;
    let piece = role.piece(playing.clip)?;
    let made = piece.ulaw.get(..playing.until)?;
    let made = &made[made.len().saturating_sub(WINDOW * FRAME)..];
    let heard = diary.audio.agent.get(..(at + 1) * FRAME)?;
    let heard = &heard[heard.len().saturating_sub(made.len())..];
    lowered_db(level(made), level(heard))
}

/// How much quieter something is heard than it was made.
fn lowered_db(made: f32, heard: f32) -> Option<f32> {
    /// Where the voice itself is quieter, nothing can be said.
    const LOUD_ENOUGH_DBFS: f32 = -38.0;
    (made > LOUD_ENOUGH_DBFS).then_some(made - heard)
}

fn level(ulaw: &[u8]) -> f32 {
    let samples: Vec<i16> = ulaw
        .iter()
        .map(|code| audio::g711::ulaw::decode(*code))
        .collect();
    audio::level::dbfs(&samples)
}

/// Where a reply comes to its end, or to its cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop<'s> {
    /// The first tick in which nothing of it is heard. `None`: it is heard as long as the call lasts.
    pub(super) at: Option<usize>,
    /// What was played last.
    pub(super) last: Option<&'s Stretch>,
}

/// Where the reply that is played at a tick stops for good. A voice that pauses and then goes on
/// with the same words, or with the next ones of its reply, has not stopped.
pub(super) fn stop<'s>(
    role: &Role,
    diary: &Diary,
    stretches: &'s [Stretch],
    from: usize,
) -> Stop<'s> {
    let mut quiet = falls_silent(diary, from);
    loop {
        let until = quiet.unwrap_or(diary.ticks.len());
        let place = stretches.iter().rposition(|it| it.from <= until);
        let last = place.map(|place| &stretches[place]);
        let next = quiet.and_then(|quiet| {
            let this = last?;
            let rest = (quiet..this.to).find(|at| diary.ticks[*at].audible());
            let following = stretches.get(place? + 1);
            let following = following.filter(|next| role.next_of(this.clip) == Some(next.clip));
            rest.or_else(|| (following?.from..following?.to).find(|at| diary.ticks[*at].audible()))
        });
        match next {
            Some(next) => quiet = falls_silent(diary, next),
            None => return Stop { at: quiet, last },
        }
    }
}

/// How much of the words that are played at a tick is left, as far as they were made.
pub(super) fn left_ms(role: &Role, diary: &Diary, stretches: &[Stretch], at: usize) -> u64 {
    let Some(stretch) = stretches.iter().rfind(|stretch| stretch.from <= at) else {
        return 0;
    };
    if stretch.was_cleared(diary, at) {
        return 0;
    }
    let mut before = diary.ticks.iter().take(at + 1).rev();
    let until = before
        .find_map(|tick| tick.playing)
        .map_or(0, |playing| playing.until);
    let mut left = stretch.piece.ulaw.len().saturating_sub(until);
    let mut clip = stretch.clip;
    while let Some(next) = role.next_of(clip) {
        left += role.piece(next).map_or(0, |piece| piece.ulaw.len());
        clip = next;
    }
    left as u64 / SAMPLES_PER_MS
}

/// The first tick from `from` on after which the agent is quiet for a breath.
fn falls_silent(diary: &Diary, from: usize) -> Option<usize> {
    let quiet = |at: usize| {
        let next = diary.ticks.iter().skip(at).take(BREATH_TICKS);
        !next.into_iter().any(Tick::audible)
    };
    (from..diary.ticks.len()).find(|at| quiet(*at))
}

pub(super) fn tick_of(ms: u64) -> usize {
    usize::try_from(ms / TICK_MS).unwrap_or(usize::MAX)
}

pub(super) fn ms_of(tick: usize) -> u64 {
    tick as u64 * TICK_MS
}

#[cfg(test)]
mod tests;
