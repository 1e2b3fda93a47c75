//! Takes needless silence out of the voice of a reply, and moves its words forward accordingly.

use audio::trim::{Cut, Trim};
use bytes::Bytes;
use domain::{Millis, ReplyId};
use session::{Audio, ClauseId, WordEnd};

use super::piece;

/// Trims reply after reply.
#[derive(Default)]
pub(crate) struct Trimming {
    trim: Trim,
    /// What is being spoken.
    at: Option<(ReplyId, ClauseId)>,
    /// What was cut from this clause.
    cuts: Vec<Cut>,
}

impl Trimming {
    /// What is to be played of a piece; nothing if all of it is silence that may yet be cut.
    pub(super) fn trimmed(
        &mut self,
        reply: ReplyId,
        clause: ClauseId,
        bytes: &Bytes,
        words: Vec<WordEnd>,
    ) -> Option<Audio> {
        self.turn_to(reply, clause);
        if !bytes.is_empty() && self.trim.pass(bytes) {
            let words = words.into_iter().map(|word| self.moved(word)).collect();
            return Some(piece(reply, clause, bytes.clone(), words));
        }
        let mut kept = Vec::with_capacity(bytes.len());
        self.trim.push(bytes, &mut kept, &mut self.cuts);
        if kept.is_empty() && words.is_empty() {
            return None;
        }
        if kept.is_empty() {
            // Words have to go with some sound.
            self.trim.end_clause(&mut kept);
        }
        let words = words.into_iter().map(|word| self.moved(word)).collect();
        Some(piece(reply, clause, kept.into(), words))
    }

    fn turn_to(&mut self, reply: ReplyId, clause: ClauseId) {
        let before = self.at.replace((reply, clause));
        if before == self.at {
            return;
        }
        self.cuts.clear();
        if before.is_some_and(|(before, _)| before == reply) {
            self.trim.begin_clause();
        } else {
            self.trim.begin_reply();
        }
    }

    /// A word that ends inside a silence that was cut ends where the silence did, and no sooner: what
    /// was said before it was not cut.
    fn moved(&self, word: WordEnd) -> WordEnd {
        let pending = self.trim.pending();
        let cut_before = self.cuts.iter().chain(&pending).map(|cut| {
            let since = word.at.0.saturating_sub(cut.at_ms.into());
            since.min(cut.cut_ms.into())
        });
        let cut_ms: u64 = cut_before.sum();
        WordEnd {
            at: Millis(word.at.0.saturating_sub(cut_ms)),
            ..word
        }
    }
}

#[cfg(test)]
mod tests {
    use audio::g711::ulaw;

    use super::*;

    const ONE: ReplyId = ReplyId(1);

    fn silence(ms: usize) -> Bytes {
        vec![ulaw::SILENCE; ms * 8].into()
    }

    fn sound(ms: usize) -> Bytes {
        vec![0x20; ms * 8].into()
    }

    fn word(at: u64) -> WordEnd {
        WordEnd {
            chars: 3,
            at: Millis(at),
        }
    }

    #[test]
    fn a_reply_begins_at_once_and_its_words_move_with_it() {
        let mut trimming = Trimming::default();
        let first = ClauseId(0);
        assert_eq!(trimming.trimmed(ONE, first, &silence(200), vec![]), None);
        let audio = trimming.trimmed(ONE, first, &sound(300), vec![word(500)]);
        let audio = audio.expect("there is sound");
        assert_eq!(audio.duration, Millis(320));
        assert_eq!(audio.words, [word(320)]);
        // The next clause counts from its own beginning, and keeps a pause.
        let next = trimming.trimmed(ONE, ClauseId(1), &silence(100), vec![]);
        assert_eq!(next.map(|audio| audio.duration), Some(Millis(100)));
        let next = trimming.trimmed(ONE, ClauseId(1), &sound(100), vec![word(200)]);
        assert_eq!(next.map(|audio| audio.words), Some(vec![word(200)]));
    }

    #[test]
    fn words_in_silence_are_told_all_the_same() {
        let mut trimming = Trimming::default();
        let audio = trimming.trimmed(ONE, ClauseId(0), &silence(100), vec![word(80)]);
        let audio = audio.expect("there is a word");
        assert_eq!(audio.words.len(), 1);
        assert_eq!(audio.duration, Millis(20));
    }

    #[test]
    fn a_word_that_ends_in_a_cut_silence_is_not_told_before_the_sound() {
        let mut trimming = Trimming::default();
        let first = ClauseId(0);
        let one = [sound(300), silence(700), sound(100)].concat().into();
        let audio = trimming.trimmed(ONE, first, &one, vec![word(300), word(600), word(1_100)]);
        let audio = audio.expect("there is sound");
        assert_eq!(audio.duration, Millis(650));
        // The silence was cut at 550: that is where a word at 600 ends, and not at 150.
        assert_eq!(audio.words, [word(300), word(550), word(650)]);
    }

    #[test]
    fn a_word_that_comes_with_nothing_but_silence_moves_too() {
        let mut trimming = Trimming::default();
        let first = ClauseId(0);
        trimming.trimmed(ONE, first, &sound(300), vec![]);
        trimming.trimmed(ONE, first, &silence(400), vec![]);
        let audio = trimming.trimmed(ONE, first, &silence(300), vec![word(900)]);
        let audio = audio.expect("there is a word");
        assert_eq!(audio.words, [word(550)]);
    }

    #[test]
    fn what_needs_no_cut_is_not_copied() {
        let mut trimming = Trimming::default();
        let first = ClauseId(0);
        let (one, two) = (sound(100), [silence(100), sound(60)].concat().into());
        for piece in [&one, &two] {
            let audio = trimming.trimmed(ONE, first, piece, vec![]);
            let audio = audio.expect("there is sound");
            assert_eq!(audio.bytes.as_ptr(), piece.as_ptr());
            assert_eq!(audio.bytes.len(), piece.len());
        }
    }

    #[test]
    fn another_reply_begins_anew() {
        let mut trimming = Trimming::default();
        trimming.trimmed(ONE, ClauseId(0), &sound(100), vec![]);
        assert_eq!(
            trimming.trimmed(ReplyId(2), ClauseId(0), &silence(90), vec![]),
            None
        );
    }
}
