//! Something that the model is to say, and what has come of it.

use std::time::Duration;

use domain::{Millis, ReplyId};
use session::{ClauseId, Prompt};
use tokio::time::Instant;

/// Something that the model is to say.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) reply: ReplyId,
    pub(super) what: What,
    /// When this connection was asked. `None`: it was not.
    given: Option<Instant>,
    /// The sound that came of it.
    made: Millis,
}

#[derive(Debug)]
pub(super) enum What {
    /// A reply of its own.
    Answer {
        prompt: Prompt,
        turn: Turn,
        /// What it says, and how many bytes of that were told.
        text: String,
        told: usize,
    },
    /// A line of the agent's.
    Line { clause: ClauseId, text: String },
}

/// How the model learns of the turn that it answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Turn {
    /// By its sound, or by words where there is none.
    Committed,
    /// It knows already.
    Known,
}

impl Ask {
    pub(super) fn answer(reply: ReplyId, prompt: Prompt, turn: Turn) -> Self {
        let what = What::Answer {
            prompt,
            turn,
            text: String::new(),
            told: 0,
        };
        Self::new(reply, what)
    }

    pub(super) fn line(reply: ReplyId, clause: ClauseId, text: String) -> Self {
        Self::new(reply, What::Line { clause, text })
    }

    fn new(reply: ReplyId, what: What) -> Self {
        Self {
            reply,
            what,
            given: None,
            made: Millis::ZERO,
        }
    }

    pub(super) fn is_answer(&self) -> bool {
        matches!(self.what, What::Answer { .. })
    }

    pub(super) fn is_given(&self) -> bool {
        self.given.is_some()
    }

    pub(super) fn give(&mut self) {
        self.given = Some(Instant::now());
    }

    /// How long its first sound took, if this is it.
    pub(super) fn first_sound(&self) -> Option<Duration> {
        let given = self.given.filter(|_| self.made == Millis::ZERO)?;
        Some(given.elapsed())
    }

    pub(super) fn wrote(&mut self, more: &str) {
        if let What::Answer { text, .. } = &mut self.what {
            text.push_str(more);
        }
    }

    /// More of its sound came. Returns the words of an answer that were spoken by the end of it:
    /// those of later sound may never be.
    pub(super) fn sounds(&mut self, length: Millis, pace: &Pace) -> Option<String> {
        let is_first = self.made == Millis::ZERO;
        self.made += length;
        let chars = pace.chars_within(self.made);
        let What::Answer { text, told, .. } = &mut self.what else {
            return None;
        };
        let end = text
            .char_indices()
            .nth(chars)
            .map_or(text.len(), |(at, _)| at);
        // More of the text may come, and go on in its last word.
        let goes_on = end == text.len() && text.ends_with(char::is_alphanumeric);
        let words = if goes_on {
            words_before(text, end)
        } else {
            whole_words(text, end)
        };
        let more = text.get(*told..words).unwrap_or_default().to_owned();
        *told = words.max(*told);
        (is_first || !more.is_empty()).then_some(more)
    }

    /// All of it came. Returns the words that were not told.
    pub(super) fn rest(&self) -> Option<String> {
        match &self.what {
            What::Answer { text, told, .. } => {
                let rest = text.get(*told..).unwrap_or_default();
                (!rest.trim().is_empty()).then(|| rest.to_owned())
            }
            What::Line { .. } => None,
        }
    }

    /// The connection is gone. Returns whether there is something left of a line to be said: from
    /// the word that was cut.
    pub(super) fn cut(&mut self, pace: &Pace) -> bool {
        self.given = None;
        let made = std::mem::take(&mut self.made);
        if made == Millis::ZERO {
            return matches!(self.what, What::Line { .. });
        }
        let chars = pace.chars_within(made);
        let What::Line { text, .. } = &mut self.what else {
            return false;
        };
        let end = text
            .char_indices()
            .nth(chars)
            .map_or(text.len(), |(at, _)| at);
        text.drain(..whole_words(text, end));
        text.chars().any(char::is_alphanumeric)
    }

    /// Characters, and how long they sound.
    pub(super) fn measure(&self) -> (u64, Millis) {
        let (What::Answer { text, .. } | What::Line { text, .. }) = &self.what;
        (text.chars().count() as u64, self.made)
    }
}

/// The end of the last word that ends by `end`, with the blanks behind it.
fn whole_words(text: &str, end: usize) -> usize {
    if end == text.len() {
        return end;
    }
    words_before(text, end)
}

/// The end of the last word that has a blank behind it, and of these.
fn words_before(text: &str, end: usize) -> usize {
    text[..end].rfind(char::is_whitespace).map_or(0, |space| {
        space + text[space..].chars().next().map_or(0, char::len_utf8)
    })
}

/// How fast the model speaks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    chars: u64,
    sound: Millis,
}

impl Default for Pace {
    /// An ordinary voice.
    fn default() -> Self {
        Self {
            chars: 20,
            sound: Millis(1_300),
        }
    }
}

impl Pace {
    /// So many characters took so long.
    pub(super) fn learn(&mut self, (chars, sound): (u64, Millis)) {
        if chars > 0 && sound > Millis::ZERO {
            self.chars += chars;
            self.sound += sound;
        }
    }

    /// How much text was spoken within some sound. A word that is nearly out counts: its last
    /// letter twice would sound worse than none.
    fn chars_within(&self, sound: Millis) -> usize {
        const NEARLY: usize = 2;
        let chars = self.chars * sound.0 / self.sound.0;
        usize::try_from(chars)
            .unwrap_or(usize::MAX)
            .saturating_add(NEARLY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_word_of_a_text_that_goes_on_is_not_told() {
        let prompt = Prompt {
            system: "".into(),
            messages: Vec::new(),
            may_press: false,
        };
        let mut ask = Ask::answer(ReplyId(1), prompt, Turn::Known);
        let pace = Pace::default();
        let mut told = String::new();
        for (more, ms) in [("We ope", 400), ("n at nine.", 300), (" Do come", 1_000)] {
            ask.wrote(more);
            told.push_str(&ask.sounds(Millis(ms), &pace).unwrap_or_default());
            told.push('|');
        }
        assert_eq!(told, "We |open at |nine. Do |");
        assert_eq!(ask.rest().as_deref(), Some("come"));
    }
}
