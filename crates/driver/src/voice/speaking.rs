//! The reply being spoken: what of it was given to a provider, and what has come back.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use domain::{Millis, ReplyId};
use providers::tts::ToVoice;
use session::{ClauseId, WordEnd};
use tokio::{sync::mpsc, time::Instant};

use crate::connection::length;

/// The reply being spoken.
pub(super) struct Speaking {
    pub(super) reply: ReplyId,
    /// Clauses of which not all audio has come, in order.
    pub(super) unspoken: VecDeque<Clause>,
    pub(super) given: Given,
    /// No more clauses will come.
    pub(super) ended: bool,
}

/// Whether the provider has something to say of this reply.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Given {
    Answered,
    Asked(Instant),
    /// All of it came from the cache.
    Nothing,
}

pub(super) struct Clause {
    pub(super) id: ClauseId,
    pub(super) text: String,
    /// Characters that were spoken, as the provider says or the length of the audio suggests.
    pub(super) spoken_chars: usize,
    /// The provider told where its words end.
    told: bool,
    /// What earlier connections spoke of it: words of this one are counted from there.
    before: WordEnd,
    pub(super) made: Millis,
    pub(super) audio: BytesMut,
}

/// The reply being spoken, begun anew if it is another one.
pub(super) fn current(speaking: &mut Option<Speaking>, reply: ReplyId) -> &mut Speaking {
    if speaking
        .as_ref()
        .is_some_and(|current| current.reply != reply)
    {
        *speaking = None;
    }
    speaking.get_or_insert_with(|| Speaking {
        reply,
        unspoken: VecDeque::new(),
        given: Given::Nothing,
        ended: false,
    })
}

impl Speaking {
    pub(super) fn give(&mut self, id: ClauseId, text: &str) {
        if self.given == Given::Nothing {
            self.given = Given::Asked(Instant::now());
        }
        let text = text.to_owned();
        self.unspoken.push_back(Clause {
            id,
            text,
            spoken_chars: 0,
            told: false,
            made: Millis::ZERO,
            before: WordEnd {
                chars: 0,
                at: Millis::ZERO,
            },
            audio: BytesMut::new(),
        });
    }

    /// Gives a new connection what the last one did not speak, without the words it did. Returns
    /// how many characters that are.
    pub(super) fn repeat(&mut self, voice: &mpsc::Sender<ToVoice>) -> u64 {
        let reply = self.reply;
        let mut characters = 0;
        for clause in &mut self.unspoken {
            let Some((chars, text)) = clause.rest() else {
                continue;
            };
            clause.audio.clear();
            clause.before = WordEnd {
                chars,
                at: clause.made,
            };
            characters += text.chars().count() as u64;
            // The queue holds more clauses than any reply has.
            drop(voice.try_send(ToVoice::Say {
                reply,
                clause: clause.id,
                text,
            }));
        }
        if self.ended {
            drop(voice.try_send(ToVoice::End(reply)));
        }
        characters
    }

    /// Takes the clauses before this one: they are whole.
    pub(super) fn take_until(&mut self, clause: ClauseId) -> Vec<Clause> {
        let mut whole = Vec::new();
        while self.unspoken.front().is_some_and(|front| front.id < clause) {
            whole.extend(self.unspoken.pop_front());
        }
        whole
    }

    /// Notes a piece of a clause. Returns its words, counted from the clause's beginning.
    pub(super) fn note(
        &mut self,
        id: ClauseId,
        bytes: &Bytes,
        words: Vec<WordEnd>,
        keeps: impl Fn(&str) -> bool,
    ) -> Vec<WordEnd> {
        let Some(clause) = self.unspoken.front_mut().filter(|front| front.id == id) else {
            return words;
        };
        let WordEnd { chars, at } = clause.before;
        let words: Vec<WordEnd> = words
            .into_iter()
            .map(|word| WordEnd {
                chars: word.chars + chars,
                at: word.at + at,
            })
            .collect();
        clause.made += length(bytes);
        let told = words.iter().map(|word| word.chars).max();
        clause.told |= told.is_some();
        clause.spoken_chars = match told {
            Some(chars) => chars,
            None if clause.told => clause.spoken_chars,
            None => chars_spoken_within(clause.made).max(clause.spoken_chars),
        };
        // What was spoken in two parts is not worth keeping.
        if chars == 0 && keeps(&clause.text) {
            clause.audio.extend_from_slice(bytes);
        }
        words
    }
}

impl Clause {
    /// What was not spoken of it, from the word that was cut, and where that is. A word whose end
    /// the provider told was spoken; where that is only guessed, the last one may have been cut.
    fn rest(&self) -> Option<(usize, String)> {
        let (at, next) = self.text.char_indices().nth(self.spoken_chars)?;
        let whole = self.told && next.is_whitespace();
        let spoken = if whole { at + next.len_utf8() } else { at };
        rest_of(&self.text, spoken)
    }
}

/// The text from the word that has this byte in it, and how many characters come before.
fn rest_of(text: &str, at: usize) -> Option<(usize, String)> {
    let from = text[..at]
        .rfind(char::is_whitespace)
        .map_or(0, |space| space + 1);
    let rest = text[from..].trim_end();
    rest.chars()
        .any(char::is_alphanumeric)
        .then(|| (text[..from].chars().count(), rest.to_owned()))
}

/// How much text an ordinary voice speaks within some time. A clause that is nearly done counts as
/// done: its last word twice would sound worse than a clipped one.
fn chars_spoken_within(made: Millis) -> usize {
    const MS_PER_CHAR: u64 = 55;
    usize::try_from(made.0 / MS_PER_CHAR).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(chars: usize, at: u64) -> WordEnd {
        WordEnd {
            chars,
            at: Millis(at),
        }
    }

    #[test]
    fn what_was_not_spoken_is_said_again_and_counted_from_the_beginning() {
        let (first, reply) = (ClauseId(0), ReplyId(1));
        let mut speaking = None;
        let speaking = current(&mut speaking, reply);
        speaking.give(first, "One two three.");
        let ms = |ms: usize| Bytes::from(vec![0; ms * 8]);
        speaking.note(first, &ms(600), vec![word(3, 300), word(7, 600)], |_| true);
        let (to, mut said) = mpsc::channel(8);
        assert_eq!(speaking.repeat(&to), 6);
        let again = ToVoice::Say {
            reply,
            clause: first,
            text: "three.".to_owned(),
        };
        assert_eq!(said.try_recv(), Ok(again), "from the word that was cut");
        let words = speaking.note(first, &ms(500), vec![word(3, 200)], |_| true);
        assert_eq!(words, [word(11, 800)]);
        let whole = speaking.take_until(ClauseId(1));
        assert!(
            whole[0].audio.is_empty(),
            "what was spoken in two parts is not kept"
        );
    }

    #[test]
    fn where_ends_of_words_are_guessed_the_last_one_is_said_again() {
        let (first, reply) = (ClauseId(0), ReplyId(1));
        let mut speaking = None;
        let speaking = current(&mut speaking, reply);
        speaking.give(first, "One two three.");
        let ms = |ms: usize| Bytes::from(vec![0; ms * 8]);
        speaking.note(first, &ms(7 * 55), Vec::new(), |_| true);
        let (to, _said) = mpsc::channel(8);
        assert_eq!(speaking.repeat(&to), 10, "two three.");
    }

    #[test]
    fn a_clause_that_was_spoken_is_not_said_again() {
        let rest = |spoken_chars| {
            let mut speaking = None;
            let speaking = current(&mut speaking, ReplyId(1));
            speaking.give(ClauseId(0), "One two.");
            let clause = &mut speaking.unspoken[0];
            clause.spoken_chars = spoken_chars;
            clause.rest()
        };
        assert_eq!(rest(8), None);
        assert_eq!(rest(7), Some((4, "two.".to_owned())));
        assert_eq!(rest(0), Some((0, "One two.".to_owned())));
    }
}
