//! The reply being spoken: what of it was given to a provider, and what has come back.

use std::collections::VecDeque;

use audio::hiss::HissMeter;
use bytes::{Bytes, BytesMut};
use domain::{Millis, ReplyId};
use providers::{ProviderError, tts::ToVoice};
use session::{ClauseId, WordEnd};
use tokio::{sync::mpsc, time::Instant};

use crate::connection::{BYTES_PER_MS, Broken, is_loud, length};

/// As fast as an ordinary voice speaks.
const MS_PER_CHAR: u64 = 55;
/// So far may a voice be ahead of the caller's ear: what is made and never heard is paid for, too,
/// and the mouth keeps no more than a minute.
const AHEAD: Millis = Millis(30_000);

/// The reply being spoken.
pub(super) struct Speaking {
    pub(super) reply: ReplyId,
    /// Clauses of which not all audio has come, in order.
    pub(super) unspoken: VecDeque<Clause>,
    /// Clauses that no provider was given yet.
    pub(super) held: VecDeque<(ClauseId, String)>,
    pub(super) given: Given,
    /// No more clauses will come.
    pub(super) ended: bool,
    /// Bytes of audio that were handed over.
    pub(super) handed: u64,
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
    /// Characters that this connection was sent of it.
    sent: u64,
    /// The provider told where its words end.
    told: bool,
    /// Something of it sounded, on this connection.
    sounded: bool,
    hiss: HissMeter,
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
        held: VecDeque::new(),
        given: Given::Nothing,
        ended: false,
        handed: 0,
    })
}

impl Speaking {
    /// Whether another clause is worth making, so many bytes after the beginning: what there is and
    /// what is being made will soon have been heard.
    pub(super) fn has_room(&self, sent: u64) -> bool {
        let waiting = self.handed.saturating_sub(sent);
        let all_sent = self.handed > 0 && waiting == 0;
        let waiting = Millis(waiting / BYTES_PER_MS);
        all_sent || waiting + self.to_come() < AHEAD
    }

    /// About how much audio is being made.
    fn to_come(&self) -> Millis {
        let left = |clause: &Clause| {
            clause
                .text
                .chars()
                .count()
                .saturating_sub(clause.spoken_chars)
        };
        let chars: usize = self.unspoken.iter().map(left).sum();
        Millis(chars as u64 * MS_PER_CHAR)
    }

    /// Every clause was given, and no more will come.
    pub(super) fn is_all_given(&self) -> bool {
        self.ended && self.held.is_empty()
    }

    /// A clause that is to be spoken. Returns how many characters it has.
    pub(super) fn give(&mut self, id: ClauseId, text: &str) -> u64 {
        if self.given == Given::Nothing {
            self.given = Given::Asked(Instant::now());
        }
        let text = text.to_owned();
        let sent = text.chars().count() as u64;
        self.unspoken.push_back(Clause {
            id,
            text,
            spoken_chars: 0,
            sent,
            told: false,
            sounded: false,
            hiss: HissMeter::default(),
            made: Millis::ZERO,
            before: WordEnd {
                chars: 0,
                at: Millis::ZERO,
            },
            audio: BytesMut::new(),
        });
        sent
    }

    /// How many characters nobody bills, if the connection that they were sent to ended like this:
    /// what it refused, and everything if it has not answered at all.
    pub(super) fn unbilled(&self, error: &ProviderError, reached: bool) -> u64 {
        let silent = |clause: &&Clause| clause.made == clause.before.at;
        let came = if !self.unspoken.iter().all(|clause| silent(&clause)) {
            Came::ToSpeak
        } else if reached {
            Came::ToStand
        } else {
            Came::Nowhere
        };
        if is_billed(error, came) {
            return 0;
        }
        let unspoken = self.unspoken.iter().filter(silent);
        unspoken.map(|clause| clause.sent).sum()
    }

    /// Gives a new connection what the last one did not speak, without the words it did. Returns
    /// how many characters that are.
    pub(super) fn repeat(&mut self, voice: &mpsc::Sender<ToVoice>) -> u64 {
        let reply = self.reply;
        let mut characters = 0;
        for clause in &mut self.unspoken {
            let rest = clause.rest();
            // Another voice may make the rest, and a clause that counts as spoken may lack its end.
            clause.audio.clear();
            clause.sounded = false;
            clause.hiss = HissMeter::default();
            clause.before = WordEnd {
                chars: rest
                    .as_ref()
                    .map_or(clause.spoken_chars, |(chars, _)| *chars),
                at: clause.made,
            };
            clause.sent = 0;
            let Some((_, text)) = rest else {
                continue;
            };
            clause.sent = text.chars().count() as u64;
            characters += clause.sent;
            // The queue holds more clauses than any reply has.
            drop(voice.try_send(ToVoice::Say {
                reply,
                clause: clause.id,
                text,
            }));
        }
        if self.is_all_given() {
            drop(voice.try_send(ToVoice::End(reply)));
        }
        characters
    }

    /// Takes the clauses before this one: they are whole, and were to be heard.
    pub(super) fn take_until(&mut self, clause: ClauseId) -> Result<Vec<Clause>, Broken> {
        let before = self.unspoken.iter_mut().filter(|it| it.id < clause);
        all_sound(before)?;
        let mut whole = Vec::new();
        while self.unspoken.front().is_some_and(|front| front.id < clause) {
            whole.extend(self.unspoken.pop_front());
        }
        Ok(whole)
    }

    /// Makes sure that the last clause was to be heard, too.
    pub(super) fn all_sounds(&mut self) -> Result<(), Broken> {
        all_sound(self.unspoken.iter_mut())
    }

    /// Notes a piece of a clause. Returns its words, counted from the clause's beginning.
    pub(super) fn note(
        &mut self,
        id: ClauseId,
        bytes: &Bytes,
        words: Vec<WordEnd>,
        keeps: impl Fn(&str) -> bool,
    ) -> Result<Vec<WordEnd>, Broken> {
        let Some(clause) = self.unspoken.front_mut().filter(|front| front.id == id) else {
            return Ok(words);
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
        clause.sounded |= is_loud(bytes);
        if clause.hiss.hears(bytes) {
            clause.spoken_chars = chars;
            return Err(Broken::Failed(garbled("noise in place of words")));
        }
        let left = clause.text.chars().count() - chars.min(clause.text.chars().count());
        if clause.made - at > longest(left) {
            if !clause.told {
                // What is in all that sound nobody knows: better twice than not at all.
                clause.spoken_chars = chars;
            }
            return Err(Broken::Failed(garbled("a clause has no end")));
        }
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
        Ok(words)
    }
}

/// How far a connection came before it ended.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Came {
    Nowhere,
    ToSpeak,
    ToStand,
}

/// Whether text is billed that nothing came of, if the connection that it was sent to ended like
/// this.
pub(super) const fn is_billed(error: &ProviderError, came: Came) -> bool {
    match error {
        ProviderError::Refused { .. } | ProviderError::Unreachable { .. } => false,
        ProviderError::Connection { .. } => matches!(came, Came::ToSpeak),
        ProviderError::Garbled { .. } | ProviderError::Silent { .. } => {
            matches!(came, Came::ToSpeak | Came::ToStand)
        }
    }
}

/// Fails if a clause came as nothing but silence: it is still to be spoken.
fn all_sound<'c>(clauses: impl Iterator<Item = &'c mut Clause>) -> Result<(), Broken> {
    for clause in clauses {
        if clause.made > clause.before.at && !clause.sounded {
            clause.spoken_chars = clause.before.chars;
            return Err(Broken::Failed(garbled("silence in place of words")));
        }
    }
    Ok(())
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
    usize::try_from(made.0 / MS_PER_CHAR).unwrap_or(usize::MAX)
}

/// The longest that a text can sound, whatever its digits and abbreviations stand for.
fn longest(characters: usize) -> Millis {
    const MS_PER_CHAR: u64 = 250;
    const MARGIN: Millis = Millis(3_000);
    MARGIN + Millis(characters as u64 * MS_PER_CHAR)
}

fn garbled(detail: &str) -> ProviderError {
    ProviderError::Garbled {
        provider: "voice",
        detail: detail.to_owned(),
    }
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
        let noted = speaking.note(first, &ms(600), vec![word(3, 300), word(7, 600)], |_| true);
        assert!(noted.is_ok());
        let (to, mut said) = mpsc::channel(8);
        assert_eq!(speaking.repeat(&to), 6);
        let again = ToVoice::Say {
            reply,
            clause: first,
            text: "three.".to_owned(),
        };
        assert_eq!(said.try_recv(), Ok(again), "from the word that was cut");
        let words = speaking.note(first, &ms(500), vec![word(3, 200)], |_| true);
        let words = words.ok().expect("no nonsense");
        assert_eq!(words, [word(11, 800)]);
        let whole = speaking.take_until(ClauseId(1));
        let whole = whole.ok().expect("it sounds");
        assert!(
            whole[0].audio.is_empty(),
            "what was spoken in two parts is not kept"
        );
    }

    #[test]
    fn silence_is_no_speech_and_a_clause_has_an_end() {
        let begun = || {
            let mut speaking = None;
            current(&mut speaking, ReplyId(1)).give(ClauseId(0), "One two.");
            speaking.expect("it was begun")
        };
        let mut speaking = begun();
        let silence = Bytes::from(vec![0xFF; 4_000]);
        let told = vec![word(3, 400)];
        assert!(speaking.note(ClauseId(0), &silence, told, |_| true).is_ok());
        assert!(speaking.take_until(ClauseId(1)).is_err());
        let (to, _said) = mpsc::channel(8);
        assert_eq!(speaking.repeat(&to), 8, "all of it is still to be spoken");
        let endless = Bytes::from(vec![0x20; 5_001 * 8]);
        let mut speaking = begun();
        let noted = speaking.note(ClauseId(0), &endless, Vec::new(), |_| true);
        assert!(noted.is_err());
        let (to, _said) = mpsc::channel(8);
        assert_eq!(speaking.repeat(&to), 8, "nobody knows what was in it");
    }

    #[test]
    fn a_voice_is_no_noise() {
        for line in providers::offline::fixtures::agent_lines() {
            assert!(!HissMeter::default().hears(line.ulaw), "{}", line.text);
        }
    }

    #[test]
    fn bytes_of_another_format_are_no_speech_and_the_clause_is_still_to_be_spoken() {
        let mut speaking = None;
        let speaking = current(&mut speaking, ReplyId(1));
        speaking.give(ClauseId(0), "One two.");
        // Where this was compressed sound, every byte is as likely as any other.
        let noise: Bytes = (0..3_200_u32).map(|n| (n * n * 31 % 251) as u8).collect();
        let told = vec![word(3, 200)];
        assert!(speaking.note(ClauseId(0), &noise, told, |_| true).is_err());
        let (to, _said) = mpsc::channel(8);
        assert_eq!(speaking.repeat(&to), 8);
    }

    #[test]
    fn where_ends_of_words_are_guessed_the_last_one_is_said_again() {
        let (first, reply) = (ClauseId(0), ReplyId(1));
        let mut speaking = None;
        let speaking = current(&mut speaking, reply);
        speaking.give(first, "One two three.");
        let ms = |ms: usize| Bytes::from(vec![0; ms * 8]);
        let noted = speaking.note(first, &ms(7 * 55), Vec::new(), |_| true);
        assert!(noted.is_ok());
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
