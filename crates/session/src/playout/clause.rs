use domain::Millis;

use crate::{WordEnd, spoken::Spoken};

/// One clause: its text, and its audio as stretches on the call's clock.
#[derive(Debug)]
pub(super) struct Clause {
    spoken: Spoken,
    stretches: Vec<Stretch>,
    length: Millis,
    words: Vec<WordEnd>,
    made: Made,
    /// The line reported that it was played.
    acknowledged: bool,
}

/// How much of a clause's audio has come. Once no more will, the line is asked to report it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Made {
    Broken,
    Partly,
    Whole,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) from: Millis,
    pub(super) length: Millis,
}

/// Voices do not spread their words evenly: without word times, a word counts as heard when its
/// place in the text was passed by this much.
const UNSURE: Millis = Millis(300);
/// How long a slow speaker takes for one character.
const SLOW_MS_PER_CHAR: u64 = 80;

impl Clause {
    pub(super) fn new(spoken: Spoken) -> Self {
        Self {
            spoken,
            stretches: Vec::new(),
            length: Millis::ZERO,
            words: Vec::new(),
            made: Made::Partly,
            acknowledged: false,
        }
    }

    pub(super) fn extend(&mut self, text: &str) {
        self.spoken.extend(text);
    }

    pub(super) fn add(&mut self, stretch: Stretch, words: &[WordEnd]) {
        self.words.extend_from_slice(words);
        self.length += stretch.length;
        match self.stretches.last_mut() {
            Some(last) if last.from + last.length == stretch.from => last.length += stretch.length,
            Some(_) | None => self.stretches.push(stretch),
        }
    }

    /// No more audio will come. Returns whether there is some of which that was not known.
    pub(super) fn settle(&mut self, made: Made) -> bool {
        let news = self.made == Made::Partly && !self.stretches.is_empty();
        if news {
            self.made = made;
        }
        news
    }

    /// Whether the line was asked to report it.
    pub(super) fn has_mark(&self) -> bool {
        self.made != Made::Partly
    }

    pub(super) fn acknowledge(&mut self) {
        self.acknowledged = true;
    }

    pub(super) fn owes_no_mark(&self) -> bool {
        self.acknowledged || self.stretches.is_empty()
    }

    pub(super) fn source(&self) -> &str {
        self.spoken.source().trim_end()
    }

    /// How much of its audio was played by `until`.
    pub(super) fn heard(&self, until: Millis) -> Millis {
        if self.acknowledged {
            return self.length;
        }
        self.stretches
            .iter()
            .map(|stretch| stretch.length.or_earlier(until - stretch.from))
            .fold(Millis::ZERO, |sum, heard| sum + heard)
    }

    /// The part of what was written of which every word was played by `until`.
    pub(super) fn heard_text(&self, until: Millis) -> &str {
        let heard = self.heard(until);
        if heard == Millis::ZERO {
            return "";
        }
        if self.made == Made::Whole && heard == self.length {
            return self.source();
        }
        self.spoken.source_of(self.heard_chars(heard)).trim_end()
    }

    /// How much was played of the word that is cut at `cut`, while more of the clause waits.
    pub(super) fn cut_word(&self, cut: Millis) -> Millis {
        let heard = self.heard(cut);
        if self.acknowledged || heard == self.length {
            return Millis::ZERO;
        }
        heard - self.word_boundary(heard)
    }

    /// Moves what would be played from `cut` on.
    pub(super) fn delay(&mut self, cut: Millis, wait: Millis) {
        let mut moved = Vec::with_capacity(self.stretches.len() + 1);
        for Stretch { from, length } in self.stretches.drain(..) {
            let played = length.or_earlier(cut - from);
            if played > Millis::ZERO {
                moved.push(Stretch {
                    from,
                    length: played,
                });
            }
            if length > played {
                moved.push(Stretch {
                    from: from.or_later(cut) + wait,
                    length: length - played,
                });
            }
        }
        self.stretches = moved;
    }

    /// The end of the last whole word within the first `heard` of the audio.
    fn word_boundary(&self, heard: Millis) -> Millis {
        if self.words.is_empty() {
            let chars = self.heard_chars(heard) as u64;
            return Millis(chars * self.paced_length().0 / self.chars().max(1)).or_earlier(heard);
        }
        let last = self.words_by(heard).map(|word| word.at).max();
        last.unwrap_or_default()
    }

    /// Characters of the whole words within the first `heard` of the audio.
    fn heard_chars(&self, heard: Millis) -> usize {
        let chars = if self.words.is_empty() {
            let sure = heard - UNSURE;
            let spoken = self.chars() * sure.0 / self.paced_length().0.max(1);
            usize::try_from(spoken).unwrap_or(usize::MAX)
        } else {
            let last = self.words_by(heard).map(|word| word.chars).max();
            last.unwrap_or_default()
        };
        self.whole_words(chars)
    }

    fn words_by(&self, heard: Millis) -> impl Iterator<Item = &WordEnd> {
        self.words.iter().take_while(move |word| word.at <= heard)
    }

    /// The length over which the text is spread where no word times are known. While audio is
    /// still coming, its final length is not known: a slow speaker's pace stands in, so that less
    /// is claimed.
    fn paced_length(&self) -> Millis {
        match self.made {
            Made::Whole => self.length,
            Made::Broken | Made::Partly => self
                .length
                .or_later(Millis(self.chars() * SLOW_MS_PER_CHAR)),
        }
    }

    fn chars(&self) -> u64 {
        self.spoken.text().chars().count() as u64
    }

    /// Characters of the longest beginning of at most `chars` that ends with a word.
    fn whole_words(&self, chars: usize) -> usize {
        let text = self.spoken.text();
        let end = text
            .char_indices()
            .nth(chars)
            .map_or(text.len(), |(at, _)| at);
        let cut = text[end..].starts_with(char::is_alphanumeric);
        let whole = if cut {
            let space = text[..end].rfind(char::is_whitespace);
            &text[..space.unwrap_or(0)]
        } else {
            &text[..end]
        };
        whole.trim_end().chars().count()
    }
}
