use super::{
    ear::{Ear, Word},
    query::{BYTES_PER_MS, Options},
};

/// Audio is judged in pieces of this size: 10 ms.
const PIECE: usize = 80;
/// A span of speech is settled after so much audio, even when nobody pauses: 4 s.
const LONGEST_SPAN: u64 = 4_000 * BYTES_PER_MS;

/// What the recogniser says. Times are in bytes of audio since the stream began.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Results(Results),
    SpeechStarted { at: u64 },
    UtteranceEnd { last_word: u64 },
}

/// Words of one span of audio.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Results {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) words: Vec<TimedWord>,
    pub(super) why: Why,
}

/// Why results are told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Why {
    /// The caller paused: the utterance is over.
    Endpoint,
    /// The client asked.
    Finalize,
    /// They may still change.
    #[default]
    Interim,
    /// The span grew long.
    Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct TimedWord {
    pub(super) word: String,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// Turns audio into results as the real recogniser times them. Pure: its clock is the audio.
pub(super) struct Recognition {
    options: Options,
    ear: Box<dyn Ear>,
    interim_every: u64,
    heard: u64,
    span_start: u64,
    /// Words of the span that are sure.
    words: Vec<TimedWord>,
    /// The phrase that is passing.
    passing: Option<Passing>,
    told_at: u64,
    speaking: bool,
    quiet: u64,
    /// An utterance has words and no end yet.
    open: bool,
    /// Where the last word ended that no `UtteranceEnd` was told about.
    last_word: Option<u64>,
}

struct Passing {
    began: u64,
    text: String,
}

impl Recognition {
    pub(super) fn new(options: Options, ear: Box<dyn Ear>, interim_ms: u64) -> Self {
        Self {
            options,
            ear,
            interim_every: interim_ms * BYTES_PER_MS,
            heard: 0,
            span_start: 0,
            words: Vec::new(),
            passing: None,
            told_at: 0,
            speaking: false,
            quiet: 0,
            open: false,
            last_word: None,
        }
    }

    /// Bytes heard so far.
    pub(super) fn heard(&self) -> u64 {
        self.heard
    }

    /// Takes audio of any length.
    pub(super) fn hear(&mut self, audio: &[u8], said: &mut Vec<Said>) {
        for piece in audio.chunks(PIECE) {
            self.heard += piece.len() as u64;
            let words = self.ear.hear(piece);
            let loud = self.ear.speaks(piece);
            self.quiet = if loud {
                0
            } else {
                self.quiet + piece.len() as u64
            };
            for word in words {
                self.on_word(word);
            }
            self.on_level(loud, said);
            self.on_time(said);
        }
    }

    /// Says now what there is, be it nothing.
    pub(super) fn finalize(&mut self, said: &mut Vec<Said>) {
        self.settle(Why::Finalize, said);
    }

    /// The stream is over: the last words, if there are any.
    pub(super) fn end(&mut self, said: &mut Vec<Said>) {
        self.take_passing();
        if self.open || !self.words.is_empty() {
            self.end_utterance(said);
        }
    }

    fn on_word(&mut self, word: Word) {
        match word {
            Word::Began => {
                self.passing = Some(Passing {
                    began: self.heard,
                    text: String::new(),
                });
            }
            Word::SoFar(text) => self.passing_now().text = text,
            Word::Whole(text) => {
                self.passing_now().text = text;
                self.shelve();
            }
        }
    }

    /// The phrase that is passing. One whose beginning was told already goes on where the span does.
    fn passing_now(&mut self) -> &mut Passing {
        let began = self.span_start;
        self.passing.get_or_insert(Passing {
            began,
            text: String::new(),
        })
    }

    /// Moves the passing phrase to the sure words.
    fn shelve(&mut self) {
        if let Some(passing) = self.passing.take() {
            let end = self.speech_end().max(passing.began);
            let words = self.written(timed(&passing.text, passing.began, end));
            self.words.extend(words);
        }
    }

    /// Those of the words that the client asked for.
    fn written(&self, mut words: Vec<TimedWord>) -> Vec<TimedWord> {
        words.retain(|word| self.options.fillers || !is_filler(&word.word));
        words
    }

    /// Where the last loud sample was.
    fn speech_end(&self) -> u64 {
        self.heard - self.quiet.min(self.heard)
    }

    fn on_level(&mut self, loud: bool, said: &mut Vec<Said>) {
        if loud {
            if !self.speaking {
                self.speaking = true;
                if self.options.vad_events {
                    said.push(Said::SpeechStarted { at: self.heard });
                }
            }
            return;
        }
        let pause = self
            .options
            .endpointing
            .is_some_and(|pause| self.quiet >= pause);
        if self.speaking && pause {
            self.speaking = false;
            self.take_passing();
            if self.open || !self.words.is_empty() {
                self.end_utterance(said);
            }
        }
    }

    fn on_time(&mut self, said: &mut Vec<Said>) {
        let has_words = !self.words.is_empty()
            || self
                .passing
                .as_ref()
                .is_some_and(|passing| !passing.text.is_empty());
        if has_words && self.heard - self.span_start.min(self.heard) >= LONGEST_SPAN {
            self.settle(Why::Span, said);
        } else if !has_words && !self.speaking && self.heard - self.span_start >= LONGEST_SPAN {
            // Silence is settled too: the real one sends empty finals all the time.
            self.settle(Why::Span, said);
        } else if self.options.interim && self.heard - self.told_at >= self.interim_every {
            // Words or not: the real one lets nobody wait.
            self.interim(said);
        }
        self.on_word_gap(said);
    }

    /// The word-gap timer looks at all words, settled or not.
    fn on_word_gap(&mut self, said: &mut Vec<Said>) {
        let last_word = self.words.last().map(|word| word.end).or(self.last_word);
        let Some((gap, last_word)) = self.options.utterance_end.zip(last_word) else {
            return;
        };
        if self.passing.is_some() || self.heard < last_word + gap {
            return;
        }
        if !self.words.is_empty() {
            self.settle(Why::Span, said);
        }
        self.last_word = None;
        self.open = false;
        said.push(Said::UtteranceEnd { last_word });
    }

    fn interim(&mut self, said: &mut Vec<Said>) {
        self.told_at = self.heard;
        let mut words = self.words.clone();
        if let Some(passing) = &self.passing {
            words.extend(self.written(timed(&passing.text, passing.began, self.heard)));
        }
        let (start, end) = (self.span_start, self.heard);
        said.push(Said::Results(Results {
            start,
            end,
            words,
            why: Why::Interim,
        }));
    }

    fn end_utterance(&mut self, said: &mut Vec<Said>) {
        self.settle(Why::Endpoint, said);
        self.open = false;
    }

    /// Takes the words so far from a phrase that is not over.
    fn take_passing(&mut self) {
        if let Some(text) = self.ear.settle() {
            self.passing_now().text = text;
        }
        // A phrase without a word yet keeps its beginning: its words are still to come.
        if self
            .passing
            .as_ref()
            .is_some_and(|passing| !passing.text.is_empty())
        {
            self.shelve();
        }
    }

    /// Closes the span.
    fn settle(&mut self, why: Why, said: &mut Vec<Said>) {
        self.take_passing();
        let words = std::mem::take(&mut self.words);
        if let Some(last) = words.last() {
            self.open = true;
            self.last_word = Some(last.end);
        }
        let (start, end) = (self.span_start, self.heard);
        self.span_start = end;
        self.told_at = end;
        said.push(Said::Results(Results {
            start,
            end,
            words,
            why,
        }));
    }
}

/// Whether the recogniser writes a word only if it is asked for fillers.
pub(crate) fn is_filler(word: &str) -> bool {
    const FILLERS: [&str; 9] = [
        "eh", "er", "mhmm", "mm-mm", "nuh-uh", "uh", "uh-huh", "uh-uh", "um",
    ];
    let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
    FILLERS.contains(&bare.to_lowercase().as_str())
}

/// Words with times, spread over a stretch by their lengths.
pub(super) fn timed(text: &str, start: u64, end: u64) -> Vec<TimedWord> {
    let total = text.chars().count().max(1) as u64;
    let at = |chars: usize| start + (end - start) * chars as u64 / total;
    let mut chars = 0;
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        let from = at(chars.min(total as usize));
        chars += word.chars().count() + 1;
        let until = at((chars - 1).min(total as usize));
        words.push(TimedWord {
            word: word.to_owned(),
            start: from,
            end: until,
        });
    }
    words
}

#[cfg(test)]
mod tests;
