//! The reply being spoken: what of it was given to a provider, and what has come back.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use domain::{Millis, ReplyId};
use providers::tts::ToVoice;
use session::{ClauseId, WordEnd};
use tokio::{sync::mpsc, time::Instant};

use super::BYTES_PER_MS;

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
            made: Millis::ZERO,
            audio: BytesMut::new(),
        });
    }

    /// Gives a new connection what the last one did not speak, without the words it did.
    pub(super) fn repeat(&mut self, voice: &mpsc::Sender<ToVoice>) {
        let reply = self.reply;
        for clause in &mut self.unspoken {
            clause.audio.clear();
            let Some(text) = rest_of(&clause.text, clause.spoken_chars) else {
                continue;
            };
            drop(voice.try_send(ToVoice::Say {
                reply,
                clause: clause.id,
                text,
            }));
        }
        if self.ended {
            drop(voice.try_send(ToVoice::End(reply)));
        }
    }

    /// Takes the clauses before this one: they are whole.
    pub(super) fn take_until(&mut self, clause: ClauseId) -> Vec<Clause> {
        let mut whole = Vec::new();
        while self.unspoken.front().is_some_and(|front| front.id < clause) {
            whole.extend(self.unspoken.pop_front());
        }
        whole
    }

    pub(super) fn note(
        &mut self,
        id: ClauseId,
        bytes: &Bytes,
        words: &[WordEnd],
        keeps: impl Fn(&str) -> bool,
    ) {
        if let Some(clause) = self.unspoken.front_mut().filter(|front| front.id == id) {
            clause.made += Millis(bytes.len() as u64 / BYTES_PER_MS);
            clause.spoken_chars = match words.iter().map(|word| word.chars).max() {
                Some(chars) => chars,
                None => clause.spoken_chars.max(chars_spoken_within(clause.made)),
            };
            if keeps(&clause.text) {
                clause.audio.extend_from_slice(bytes);
            }
        }
    }
}

/// The text after so many characters, from the word that was being spoken.
fn rest_of(text: &str, spoken: usize) -> Option<String> {
    let (at, _) = text.char_indices().nth(spoken)?;
    let from = text[..at]
        .rfind(char::is_whitespace)
        .map_or(0, |space| space + 1);
    let rest = text[from..].trim();
    rest.chars()
        .any(char::is_alphanumeric)
        .then(|| rest.to_owned())
}

/// How much text an ordinary voice speaks within some time. A clause that is nearly done counts as
/// done: its last word twice would sound worse than a clipped one.
fn chars_spoken_within(made: Millis) -> usize {
    const MS_PER_CHAR: u64 = 55;
    usize::try_from(made.0 / MS_PER_CHAR).unwrap_or(usize::MAX)
}
