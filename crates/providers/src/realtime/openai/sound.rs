//! The sound of a conversation: what was heard of the caller, and how long the model's plays. Pure.

use std::{collections::VecDeque, time::Duration};

use audio::g711::BYTES_PER_MS;
use bytes::Bytes;
use domain::Millis;
use tokio::time::Instant;

/// The server refuses to commit less sound than this: 100 ms.
const LEAST: u64 = 100 * BYTES_PER_MS;

/// A server that finds turns tells of speech so much later at most: 500 ms.
const UNANNOUNCED: u64 = 500 * BYTES_PER_MS;

/// How much sound there was, and what became of it.
#[derive(Debug)]
pub(super) struct Sound {
    /// Bytes of audio that were given.
    given: u64,
    /// Bytes that were given before the session's first.
    origin: u64,
    /// Bytes since the last commit.
    uncommitted: u64,
    /// Commits of ours that the server has not confirmed.
    commits: u32,
    /// The last sound, of which the server may still tell something.
    recent: VecDeque<Bytes>,
    /// When all of the model's sound so far has been played, if nothing holds it up.
    played: Instant,
}

impl Sound {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            given: 0,
            origin: 0,
            uncommitted: 0,
            commits: 0,
            recent: VecDeque::new(),
            played: now,
        }
    }

    /// So many bytes were given before there was a session, and are lost.
    pub(super) const fn dropped(&mut self, bytes: usize) {
        self.given = bytes as u64;
        self.origin = self.given;
    }

    /// The session hears more of the caller.
    pub(super) fn hear(&mut self, bytes: &Bytes) {
        self.given += bytes.len() as u64;
        self.uncommitted += bytes.len() as u64;
    }

    /// The session hears more of the caller, and finds turns by itself.
    pub(super) fn hear_for_turns(&mut self, bytes: &Bytes) {
        self.hear(bytes);
        self.recent.push_back(bytes.clone());
        self.forget_until(self.given.saturating_sub(UNANNOUNCED));
    }

    /// The server has told of speech up to here, counted from the session's first sound: the rest
    /// is all that another session would miss.
    pub(super) fn told_until(&mut self, at: Millis) {
        let end = self
            .origin
            .saturating_add(at.0.saturating_mul(BYTES_PER_MS));
        self.forget_until(end.min(self.given));
    }

    /// Pieces stay whole.
    fn forget_until(&mut self, end: u64) {
        let mut begins = self.given - self.recent_bytes();
        while let Some(first) = self.recent.front() {
            begins += first.len() as u64;
            if begins > end {
                return;
            }
            self.recent.pop_front();
        }
    }

    fn recent_bytes(&self) -> u64 {
        self.recent.iter().map(|bytes| bytes.len() as u64).sum()
    }

    /// When something was, counted from the first sound, that the session counts from its own.
    pub(super) fn since_first(&self, at: Millis) -> Millis {
        at + Millis(self.origin / BYTES_PER_MS)
    }

    /// What is not committed is forgotten.
    pub(super) fn clear(&mut self) {
        self.uncommitted = 0;
        self.recent.clear();
    }

    /// Whether some sound is not committed.
    pub(super) const fn is_open(&self) -> bool {
        self.uncommitted > 0
    }

    /// Whether what is not committed is enough for a turn.
    pub(super) const fn is_turn(&self) -> bool {
        self.uncommitted >= LEAST
    }

    /// The server is told that what there is is a turn.
    pub(super) fn commit(&mut self) {
        self.commits += 1;
        self.uncommitted = 0;
        self.recent.clear();
    }

    /// The server has made a turn. Returns whether it was told to.
    pub(super) const fn committed(&mut self) -> bool {
        let told = self.commits > 0;
        self.not_committed();
        told
    }

    /// The server has refused to.
    pub(super) const fn not_committed(&mut self) {
        self.commits = self.commits.saturating_sub(1);
    }

    /// The caller is to hear more of the model.
    pub(super) fn plays(&mut self, bytes: &Bytes, now: Instant) {
        let length = Duration::from_millis(bytes.len() as u64 / BYTES_PER_MS);
        self.played = self.played.max(now) + length;
    }

    /// The caller hears nothing any more.
    pub(super) const fn silenced(&mut self, now: Instant) {
        self.played = now;
    }

    /// Until when the caller hears the model, if he does.
    pub(super) fn plays_until(&self, now: Instant) -> Option<Instant> {
        (self.played > now).then_some(self.played)
    }

    /// Whether nothing plays, and every turn that was told is made.
    pub(super) fn is_settled(&self, now: Instant) -> bool {
        self.commits == 0 && self.plays_until(now).is_none()
    }

    /// Another session hears the caller from here on, and first of all what is returned: nobody
    /// may have told of it yet.
    pub(super) fn on_new_session(&mut self) -> impl Iterator<Item = &Bytes> {
        let recent = self.recent_bytes();
        self.origin = self.given - recent;
        self.uncommitted = recent;
        self.recent.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cleared_or_committed_is_not_heard_again() {
        let piece = Bytes::from_static(&[0x7f; 160]);
        for end in [Sound::clear, Sound::commit] {
            let mut sound = Sound::new(Instant::now());
            sound.hear_for_turns(&piece);
            sound.hear_for_turns(&piece);
            end(&mut sound);
            sound.hear_for_turns(&piece);
            assert_eq!(sound.on_new_session().count(), 1);
            assert_eq!(sound.since_first(Millis(5)), Millis(45));
        }
    }
}
