use std::collections::VecDeque;

use domain::{Millis, ReplyId};
use session::Mark;

use super::seen::Audible;
use crate::Dice;

/// Plays the agent's audio at the speed of speech, and reports marks.
#[derive(Debug)]
pub(crate) struct Line {
    /// From a mark's sending to its coming back, beside what plays before it.
    round_trip: Millis,
    pieces: Vec<Piece>,
    marks: VecDeque<Waiting>,
    ends: Millis,
    /// What comes after this place waits for `resume`.
    held: Option<Millis>,
}

#[derive(Debug)]
struct Piece {
    reply: ReplyId,
    from: Millis,
    until: Millis,
    words: Vec<Millis>,
}

/// A mark, after so much was played.
#[derive(Debug)]
struct Waiting {
    mark: Mark,
    after: Millis,
    lag: Millis,
}

/// What was sent ahead plays on.
const AHEAD: Millis = Millis(200);
/// The carrier begins to play a little after the first frame left us.
const BUFFER: Millis = Millis(20);
/// Shorter gaps are inside of a reply.
const BREATH: Millis = Millis(400);

/// The way to the carrier, or back.
const NEAREST: u64 = 20;
const FARTHEST: u64 = 150;
/// How much a mark differs from another of the same call.
const JITTER: u64 = 20;

impl Line {
    /// A line of some length, drawn for the call. Usually both ways are alike.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        const UNEQUAL: f64 = 0.25;
        let mut way = || NEAREST + dice.throw() % (FARTHEST - NEAREST + 1);
        let (there, other) = (way(), way());
        let back = if dice.happens(UNEQUAL) { other } else { there };
        Self {
            round_trip: BUFFER + Millis(there + back),
            pieces: Vec::new(),
            marks: VecDeque::new(),
            ends: Millis::ZERO,
            held: None,
        }
    }

    pub(crate) fn play(&mut self, now: Millis, reply: ReplyId, length: Millis, words: &[Millis]) {
        let from = self.ends.or_later(now);
        self.ends = from + length;
        self.pieces.push(Piece {
            reply,
            from,
            until: self.ends,
            words: words.iter().map(|end| from + *end).collect(),
        });
    }

    pub(crate) fn mark(&mut self, mark: Mark, dice: &mut Dice) {
        let lag = self.round_trip + Millis(dice.throw() % JITTER);
        let after = self.ends;
        self.marks.push_back(Waiting { mark, after, lag });
    }

    /// When the next mark comes back.
    pub(crate) fn next_mark(&self) -> Option<Millis> {
        let next = self.marks.front()?;
        let plays = self.held.is_none_or(|held| next.after <= held);
        plays.then_some(next.after + next.lag)
    }

    pub(crate) fn take_mark(&mut self) -> Option<Mark> {
        self.marks.pop_front().map(|waiting| waiting.mark)
    }

    /// Throws away what was not played.
    pub(crate) fn silence(&mut self, now: Millis, reply: ReplyId) {
        let now = self.held.map_or(now, |held| held.or_earlier(now));
        self.pieces.retain_mut(|piece| {
            piece.until = piece.until.or_earlier(now);
            piece.words.retain(|end| *end <= now);
            piece.from < now
        });
        self.marks.retain(|waiting| waiting.mark.reply != reply);
        self.ends = self.ends.or_earlier(now);
        self.held = None;
    }

    pub(crate) fn pause(&mut self, now: Millis) {
        self.held.get_or_insert(self.ends.or_earlier(now + AHEAD));
    }

    /// Goes on; the last so much is played again.
    pub(crate) fn resume(&mut self, now: Millis, again: Millis) {
        let Some(held) = self.held.take() else { return };
        let shift = (now - held) + again;
        let mut rest = Vec::new();
        for piece in &mut self.pieces {
            if piece.until > held {
                rest.push(piece.split(held, shift));
            }
        }
        self.pieces.retain(|piece| piece.from < piece.until);
        self.pieces.extend(rest);
        for waiting in &mut self.marks {
            if waiting.after > held {
                waiting.after += shift;
            }
        }
        if self.ends > held {
            self.ends += shift;
        }
    }

    /// When the agent will have spoken for so long, in what began after `since`.
    pub(crate) fn speaking_for(&self, length: Millis, since: Millis) -> Option<Millis> {
        let begins = self
            .pieces
            .iter()
            .find(|piece| piece.from > since || piece.until > since)?
            .from
            .or_later(since);
        let at = begins + length;
        (self.ends > at).then_some(at)
    }

    /// When the last audio ends, if there is any that ends after `since`.
    pub(crate) fn ends_after(&self, since: Millis) -> Option<Millis> {
        let last = self.pieces.last()?;
        (self.held.is_none() && last.until > since).then_some(self.ends)
    }

    /// Whose audio plays at that moment.
    pub(crate) fn playing(&self, at: Millis) -> Option<ReplyId> {
        if self.held.is_some_and(|held| at >= held) {
            return None;
        }
        let piece = self.pieces.iter().rev().find(|piece| piece.from <= at)?;
        (at < piece.until).then_some(piece.reply)
    }

    /// What is left to be played.
    pub(crate) fn left(&self, now: Millis) -> Millis {
        self.ends - now
    }

    pub(crate) fn is_new(&self, reply: ReplyId) -> bool {
        !self.pieces.iter().any(|piece| piece.reply == reply)
    }

    /// How many words of a reply were wholly played by then.
    pub(crate) fn words_played(&self, reply: ReplyId, now: Millis) -> usize {
        self.pieces
            .iter()
            .filter(|piece| piece.reply == reply)
            .flat_map(|piece| &piece.words)
            .filter(|end| **end + BUFFER <= now)
            .count()
    }

    /// Every stretch in which the agent was audible.
    pub(crate) fn audible(&self) -> Vec<Audible> {
        let mut stretches: Vec<Audible> = Vec::new();
        for piece in &self.pieces {
            match stretches.last_mut() {
                Some(last) if last.reply == piece.reply && piece.from <= last.until + BREATH => {
                    last.until = piece.until;
                }
                Some(_) | None => stretches.push(Audible {
                    reply: piece.reply,
                    from: piece.from,
                    until: piece.until,
                }),
            }
        }
        stretches
    }
}

impl Piece {
    /// Cuts itself at a place; what comes after is played later.
    fn split(&mut self, at: Millis, shift: Millis) -> Self {
        let from = self.from.or_later(at);
        let (played, rest): (Vec<Millis>, Vec<Millis>) =
            self.words.iter().partition(|end| **end <= at);
        let later = Self {
            reply: self.reply,
            from: from + shift,
            until: self.until + shift,
            words: rest.into_iter().map(|end| end + shift).collect(),
        };
        self.words = played;
        self.until = from;
        later
    }
}
