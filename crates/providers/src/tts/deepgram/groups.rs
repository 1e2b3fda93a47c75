use std::collections::VecDeque;

use audio::g711::BYTES_PER_MS;
use bytes::Bytes;
use domain::ReplyId;
use session::ClauseId;

use crate::tts::FromVoice;

/// The clauses of one reply of which audio is missing, by the flush that they are spoken with.
///
/// Audio belongs to the oldest flush that was not answered. Within it, clauses share the audio by
/// their length: the server does not say where one ends.
#[derive(Debug)]
pub(super) struct Groups {
    reply: ReplyId,
    groups: VecDeque<Group>,
    /// Audio so far.
    bytes: u64,
    /// Characters so far.
    chars: u64,
}

#[derive(Debug, Default)]
struct Group {
    clauses: Vec<Clause>,
    /// The clause being spoken.
    at: usize,
    /// It was flushed: nothing is added any more.
    flushed: bool,
}

#[derive(Debug)]
struct Clause {
    id: ClauseId,
    chars: u64,
    bytes: u64,
}

/// How much audio a voice makes of a character.
#[derive(Debug, Default)]
pub(super) struct Pace {
    bytes: u64,
    chars: u64,
}

impl Pace {
    /// An ordinary voice, in bytes: 65 ms.
    const USUAL: u64 = 65 * BYTES_PER_MS;
    /// Characters after which the voice is known.
    const ENOUGH: u64 = 40;

    fn bytes_for(&self, chars: u64) -> u64 {
        if self.chars < Self::ENOUGH {
            return chars * Self::USUAL;
        }
        chars * self.bytes / self.chars
    }

    fn learn(&mut self, group: &Group) {
        self.bytes += group.bytes();
        self.chars += group.chars();
    }
}

impl Groups {
    pub(super) const fn new(reply: ReplyId) -> Self {
        Self {
            reply,
            groups: VecDeque::new(),
            bytes: 0,
            chars: 0,
        }
    }

    pub(super) const fn reply(&self) -> ReplyId {
        self.reply
    }

    /// Another clause was sent.
    pub(super) fn add(&mut self, id: ClauseId, text: &str) {
        let chars = text.trim().chars().count() as u64;
        self.chars += chars;
        let clause = Clause {
            id,
            chars,
            bytes: 0,
        };
        match self.groups.back_mut() {
            Some(last) if !last.flushed => last.clauses.push(clause),
            Some(_) | None => self.groups.push_back(Group {
                clauses: vec![clause],
                ..Group::default()
            }),
        }
    }

    /// What was sent so far was flushed.
    pub(super) fn flush(&mut self) {
        if let Some(last) = self.groups.back_mut() {
            last.flushed = true;
        }
    }

    /// Whether some text was sent and not flushed.
    pub(super) fn has_unflushed(&self) -> bool {
        self.groups.back().is_some_and(|last| !last.flushed)
    }

    /// How many flushes were not answered.
    pub(super) fn owed(&self) -> usize {
        self.groups.iter().filter(|group| group.flushed).count()
    }

    /// Whether every clause was spoken.
    pub(super) fn is_over(&self) -> bool {
        self.groups.is_empty()
    }

    /// More audio than any voice makes of this text.
    pub(super) const fn is_endless(&self) -> bool {
        self.bytes > BYTES_PER_MS * (10_000 + 500 * self.chars)
    }

    /// Whether any audio came for the oldest flush.
    pub(super) fn has_audio(&self) -> bool {
        self.groups.front().is_some_and(|group| group.bytes() > 0)
    }

    /// The oldest flush was answered.
    pub(super) fn answered(&mut self, pace: &mut Pace) {
        if let Some(group) = self.groups.pop_front_if(|group| group.flushed) {
            pace.learn(&group);
        }
    }

    /// Cuts audio into the clauses that it belongs to.
    pub(super) fn cut(&mut self, mut audio: Bytes, pace: &Pace) -> Vec<FromVoice> {
        self.bytes += audio.len() as u64;
        let mut pieces = Vec::new();
        let Some(group) = self.groups.front_mut() else {
            return pieces;
        };
        while !audio.is_empty() {
            let is_last = group.at + 1 == group.clauses.len();
            let clause = &mut group.clauses[group.at];
            let left = pace.bytes_for(clause.chars).saturating_sub(clause.bytes);
            if left == 0 && !is_last {
                group.at += 1;
                continue;
            }
            let most = if is_last { u64::MAX } else { left };
            let length = usize::try_from(most).map_or(audio.len(), |most| most.min(audio.len()));
            clause.bytes += length as u64;
            pieces.push(FromVoice::Audio {
                reply: self.reply,
                clause: clause.id,
                bytes: audio.split_to(length),
                words: Vec::new(),
            });
        }
        pieces
    }
}

impl Group {
    fn bytes(&self) -> u64 {
        self.clauses.iter().map(|clause| clause.bytes).sum()
    }

    fn chars(&self) -> u64 {
        self.clauses.iter().map(|clause| clause.chars).sum()
    }
}

#[cfg(test)]
mod tests;
