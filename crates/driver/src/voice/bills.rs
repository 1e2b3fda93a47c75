//! What has to be paid for speech, and for what: replies that nobody was to hear are named apart.

use std::{collections::VecDeque, sync::Arc};

use domain::{Purpose, ReplyId};

use crate::{meters::Job, tally::Tally};

/// Replies that may still turn out to be for nothing, or of which more may come to be paid.
const KEPT: usize = 8;

/// Characters of replies, whenever it is known what they were for.
pub(crate) struct Bills {
    tally: Arc<Tally>,
    /// Counted for the conversation.
    counted: VecDeque<Counted>,
    too_soon: VecDeque<ReplyId>,
}

/// What one voice was given of one reply.
struct Counted {
    reply: ReplyId,
    place: usize,
    characters: u64,
}

impl Bills {
    pub(crate) fn new(tally: Arc<Tally>) -> Self {
        Self {
            tally,
            counted: VecDeque::new(),
            too_soon: VecDeque::new(),
        }
    }

    /// The voice at this place speaks.
    pub(crate) fn works(&self, place: usize) {
        self.tally.works(Job::Speak, place);
    }

    /// The voice at this place was sent so much of a reply.
    pub(crate) fn spoke(&mut self, place: usize, reply: ReplyId, characters: u64) {
        if self.too_soon.contains(&reply) {
            return self.tally.spoke(place, Purpose::Speculation, characters);
        }
        self.tally.spoke(place, Purpose::Call, characters);
        if let Some(counted) = self.of(place, reply) {
            counted.characters += characters;
            return;
        }
        self.counted.push_back(Counted {
            reply,
            place,
            characters,
        });
        if self.counted.len() > KEPT {
            self.counted.pop_front();
        }
    }

    /// It refused so much of that: nobody bills it.
    pub(crate) fn spoke_not(&mut self, place: usize, reply: ReplyId, characters: u64) {
        if self.too_soon.contains(&reply) {
            return self
                .tally
                .spoke_not(place, Purpose::Speculation, characters);
        }
        self.tally.spoke_not(place, Purpose::Call, characters);
        if let Some(counted) = self.of(place, reply) {
            counted.characters -= characters;
        }
    }

    /// Nobody was to hear this reply.
    pub(crate) fn too_soon(&mut self, reply: ReplyId) {
        for counted in self.counted.iter().filter(|counted| counted.reply == reply) {
            self.tally.spoke_too_soon(counted.place, counted.characters);
        }
        self.counted.retain(|counted| counted.reply != reply);
        if self.too_soon.contains(&reply) {
            return;
        }
        self.too_soon.push_back(reply);
        if self.too_soon.len() > KEPT {
            self.too_soon.pop_front();
        }
    }

    fn of(&mut self, place: usize, reply: ReplyId) -> Option<&mut Counted> {
        let mut counted = self.counted.iter_mut();
        counted.find(|counted| (counted.place, counted.reply) == (place, reply))
    }
}
