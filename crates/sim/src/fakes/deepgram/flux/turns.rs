use super::{
    super::{
        ear::{Ear, Word},
        query::BYTES_PER_MS,
        recognition::{TimedWord, is_filler, timed},
    },
    query::Options,
};

/// Audio is judged in pieces of this size: 10 ms.
const PIECE: usize = 80;
/// Audio between two updates.
const UPDATE_EVERY: u64 = 250 * BYTES_PER_MS;
/// The model is never surer than this.
const SUREST: f64 = 0.99;

/// How a turn stands. Times are in bytes of audio since the stream began.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Said {
    pub(in super::super) event: Event,
    pub(in super::super) index: u64,
    pub(in super::super) start: u64,
    pub(in super::super) end: u64,
    pub(in super::super) words: Vec<TimedWord>,
    pub(in super::super) confidence: f64,
}

/// What happened to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) enum Event {
    EagerEndOfTurn,
    EndOfTurn(Trigger),
    StartOfTurn,
    TurnResumed,
    Update,
}

/// What ended it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in super::super) enum Trigger {
    Manual,
    Model,
    Timeout,
}

/// Turns audio into turns. Pure: its clock is the audio.
///
/// The model grows surer of an end with the silence after the last sound.
pub(in super::super) struct Turns {
    options: Options,
    /// Silence, in bytes, after which the model could not be surer.
    sure_after: u64,
    ear: Box<dyn Ear>,
    state: State,
    index: u64,
    heard: u64,
    quiet: u64,
    told_at: u64,
    began: u64,
    /// Words of the turn that are sure.
    words: Vec<TimedWord>,
    /// Where the phrase that is passing began, and its words so far.
    passing: Option<(u64, String)>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// An eager end was told.
    Awaiting,
    /// No turn.
    Idle,
    Speaking,
}

impl Turns {
    pub(in super::super) fn new(options: Options, ear: Box<dyn Ear>, sure_after_ms: u64) -> Self {
        Self {
            options,
            sure_after: (sure_after_ms * BYTES_PER_MS).max(1),
            ear,
            state: State::Idle,
            index: 0,
            heard: 0,
            quiet: 0,
            told_at: 0,
            began: 0,
            words: Vec::new(),
            passing: None,
        }
    }

    /// Bytes heard so far.
    pub(in super::super) fn heard(&self) -> u64 {
        self.heard
    }

    /// Takes audio of any length.
    pub(in super::super) fn hear(&mut self, audio: &[u8], said: &mut Vec<Said>) {
        for piece in audio.chunks(PIECE) {
            self.heard += piece.len() as u64;
            let words = self.ear.hear(piece);
            let loud = self.ear.speaks(piece);
            self.quiet = if loud {
                0
            } else {
                self.quiet + piece.len() as u64
            };
            let before = self.transcript().len();
            for word in words {
                self.on_word(word);
            }
            let goes_on = loud || self.transcript().len() != before;
            self.step(goes_on, said);
        }
    }

    /// Ends the turn now, if there is one.
    pub(in super::super) fn force(&mut self, said: &mut Vec<Said>) {
        if self.state != State::Idle {
            self.end(Trigger::Manual, said);
        }
    }

    fn on_word(&mut self, word: Word) {
        match word {
            Word::Began => self.passing = Some((self.heard, String::new())),
            Word::SoFar(text) => self.passing_now().1 = text,
            Word::Whole(text) => {
                self.passing_now().1 = text;
                self.shelve();
            }
        }
    }

    fn passing_now(&mut self) -> &mut (u64, String) {
        let began = self.told_at.min(self.heard);
        self.passing.get_or_insert((began, String::new()))
    }

    /// Moves the passing phrase to the sure words.
    fn shelve(&mut self) {
        if let Some((began, text)) = self.passing.take() {
            let end = (self.heard - self.quiet.min(self.heard)).max(began);
            self.words.extend(written(&text, began, end));
        }
    }

    /// Takes the words so far from a phrase that is not over; one without a word stays.
    fn take_passing(&mut self) {
        if let Some(text) = self.ear.settle() {
            self.passing_now().1 = text;
        }
        if self
            .passing
            .as_ref()
            .is_some_and(|(_, text)| !text.is_empty())
        {
            self.shelve();
        }
    }

    /// All words of the turn so far.
    fn transcript(&self) -> Vec<TimedWord> {
        let mut words = self.words.clone();
        if let Some((began, text)) = &self.passing {
            words.extend(written(text, *began, self.heard));
        }
        words
    }

    fn confidence(&self) -> f64 {
        (self.quiet as f64 / self.sure_after as f64).min(SUREST)
    }

    fn step(&mut self, goes_on: bool, said: &mut Vec<Said>) {
        let is_likely = self
            .options
            .eager
            .is_some_and(|eager| self.confidence() >= eager);
        match self.state {
            State::Idle if !self.transcript().is_empty() => {
                self.state = State::Speaking;
                self.began = self.transcript()[0].start;
                self.say(Event::StartOfTurn, said);
            }
            State::Speaking if is_likely => {
                self.take_passing();
                self.state = State::Awaiting;
                self.say(Event::EagerEndOfTurn, said);
            }
            State::Awaiting if goes_on => {
                self.state = State::Speaking;
                self.say(Event::TurnResumed, said);
            }
            State::Awaiting | State::Idle | State::Speaking => {}
        }
        if self.state != State::Idle && self.confidence() >= self.options.over {
            self.end(Trigger::Model, said);
        } else if self.state != State::Idle && self.quiet >= self.options.timeout {
            self.end(Trigger::Timeout, said);
        } else if self.heard - self.told_at >= UPDATE_EVERY {
            self.say(Event::Update, said);
        }
    }

    fn end(&mut self, trigger: Trigger, said: &mut Vec<Said>) {
        // After an eager end the words are those that it told.
        if self.state == State::Speaking {
            self.take_passing();
        }
        self.say(Event::EndOfTurn(trigger), said);
        self.state = State::Idle;
        self.index += 1;
        self.began = self.heard;
        self.words.clear();
    }

    fn say(&mut self, event: Event, said: &mut Vec<Said>) {
        self.told_at = self.heard;
        let start = if self.state == State::Idle {
            self.heard
        } else {
            self.began
        };
        said.push(Said {
            event,
            index: self.index,
            start,
            end: self.heard,
            words: self.transcript(),
            confidence: self.confidence(),
        });
    }
}

/// Words as they are written down: without fillers.
fn written(text: &str, start: u64, end: u64) -> Vec<TimedWord> {
    let mut words = timed(text, start, end);
    words.retain(|word| !is_filler(&word.word));
    words
}

#[cfg(test)]
mod tests;
