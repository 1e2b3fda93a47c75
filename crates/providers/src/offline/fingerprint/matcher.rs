use std::sync::Arc;

use super::book::{Anchor, Book, Recorded, shifted};

/// Without a further fingerprint for this long after one was due, the phrase was cut: 300 ms.
const PATIENCE: u64 = 2_400;
/// The stream is judged after every piece of this size, however it arrives: 20 ms.
const PIECE: usize = 160;

/// What a [`Matcher`] made out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Match {
    /// A known phrase has begun.
    Began,
    /// Some words of it passed; more will follow.
    Partial {
        /// The words so far, without those that a [`Match::Cut`] already gave.
        text: String,
    },
    /// The phrase passed to its end.
    Whole {
        /// All of it, without the words that a [`Match::Cut`] already gave.
        text: String,
    },
    /// The phrase broke off, or [`Matcher::settle`] asked for what there is.
    Cut {
        /// The words that passed. May be empty.
        text: String,
    },
}

/// Listens to one stream for the phrases of a [`Book`]. Takes about a microsecond per 20 ms.
#[derive(Debug)]
pub struct Matcher {
    book: Arc<Book>,
    window: u64,
    /// Bytes heard.
    heard: u64,
    current: Option<Current>,
}

/// The phrase that is passing.
#[derive(Debug)]
struct Current {
    phrase: usize,
    /// The newest fingerprint that was seen.
    index: usize,
    /// Where in the stream that fingerprint ended.
    seen: u64,
    /// Words that were told.
    told: usize,
    /// Words that were told as settled: they are not repeated.
    settled: usize,
}

impl Matcher {
    /// Begins to listen.
    #[must_use]
    pub const fn new(book: Arc<Book>) -> Self {
        Self {
            book,
            window: u64::MAX,
            heard: 0,
            current: None,
        }
    }

    /// Takes the next stretch of the stream, of any length, and tells what it made out.
    #[must_use = "what was recognised is told only once"]
    pub fn hear(&mut self, audio: &[u8]) -> Vec<Match> {
        let mut matches = Vec::new();
        for piece in audio.chunks(PIECE) {
            for byte in piece {
                self.heard += 1;
                self.window = shifted(self.window, *byte);
                if let Some(anchor) = self.book.look_up(self.window) {
                    self.on_anchor(anchor, &mut matches);
                }
            }
            self.judge(&mut matches);
        }
        matches
    }

    /// Gives what has passed of the current phrase, now. Its further words, if any, come later.
    pub fn settle(&mut self) -> Option<Match> {
        let heard = self.heard;
        let current = self.current.as_mut()?;
        let phrase = &self.book.phrases[current.phrase];
        current.told = current.words_passed(phrase, heard).max(current.told);
        let text = current.text(phrase, current.told);
        current.settled = current.told;
        Some(Match::Cut { text })
    }

    /// The stream ended or stalled: what passed of the current phrase, which will not go on.
    pub fn abandon(&mut self) -> Option<Match> {
        self.cut()
    }

    /// Whether a phrase is passing.
    #[must_use]
    pub const fn busy(&self) -> bool {
        self.current.is_some()
    }

    /// Where in the stream the phrase that is passing began, in bytes.
    #[must_use]
    pub fn began(&self) -> Option<u64> {
        let current = self.current.as_ref()?;
        let passed = self.book.phrases[current.phrase].anchors[current.index];
        Some(current.seen.saturating_sub(passed as u64))
    }

    fn on_anchor(&mut self, anchor: Anchor, matches: &mut Vec<Match>) {
        match &mut self.current {
            Some(current) if current.phrase == anchor.phrase && current.index < anchor.index => {
                current.index = anchor.index;
                current.seen = self.heard;
            }
            Some(_) | None => {
                self.judge(matches);
                matches.extend(self.cut());
                matches.push(Match::Began);
                self.current = Some(Current {
                    phrase: anchor.phrase,
                    index: anchor.index,
                    seen: self.heard,
                    told: 0,
                    settled: 0,
                });
            }
        }
    }

    /// Tells what is new about the current phrase, and whether it is over.
    fn judge(&mut self, matches: &mut Vec<Match>) {
        let Some(current) = &mut self.current else {
            return;
        };
        let phrase = &self.book.phrases[current.phrase];
        if current.is_over(phrase, self.heard) {
            let text = current.text(phrase, phrase.words.len());
            matches.push(Match::Whole { text });
            self.current = None;
            return;
        }
        if current.is_cut(phrase, self.heard) {
            matches.extend(self.cut());
            return;
        }
        let passed = current.words_passed(phrase, self.heard);
        if passed > current.told {
            current.told = passed;
            let text = current.text(phrase, passed);
            matches.push(Match::Partial { text });
        }
    }

    /// Ends the current phrase where its last fingerprint was seen.
    fn cut(&mut self) -> Option<Match> {
        let current = self.current.take()?;
        let phrase = &self.book.phrases[current.phrase];
        let passed = current.words_passed(phrase, current.seen).max(current.told);
        let text = current.text(phrase, passed);
        Some(Match::Cut { text })
    }
}

impl Current {
    /// Bytes of the phrase that passed, if it goes on as it should.
    fn passed(&self, phrase: &Recorded, heard: u64) -> usize {
        let since = usize::try_from(heard - self.seen).unwrap_or(usize::MAX);
        let next = self.next_due(phrase);
        phrase.anchors[self.index].saturating_add(since).min(next)
    }

    /// Where in the phrase the next fingerprint ends, or the phrase.
    fn next_due(&self, phrase: &Recorded) -> usize {
        let next = phrase.anchors.get(self.index + 1);
        next.copied().unwrap_or(phrase.bytes)
    }

    fn is_over(&self, phrase: &Recorded, heard: u64) -> bool {
        self.index + 1 == phrase.anchors.len() && self.passed(phrase, heard) == phrase.bytes
    }

    fn is_cut(&self, phrase: &Recorded, heard: u64) -> bool {
        let due = self.next_due(phrase) - phrase.anchors[self.index];
        heard - self.seen > due as u64 + PATIENCE
    }

    fn words_passed(&self, phrase: &Recorded, heard: u64) -> usize {
        let passed = self.passed(phrase, heard);
        phrase.words.partition_point(|word| word.bytes <= passed)
    }

    /// The words up to `until`, without those already settled.
    fn text(&self, phrase: &Recorded, until: usize) -> String {
        let end = |count: usize| {
            count
                .checked_sub(1)
                .map_or(0, |last| phrase.words[last].chars)
        };
        phrase.text[end(self.settled)..end(until)].trim().to_owned()
    }
}
