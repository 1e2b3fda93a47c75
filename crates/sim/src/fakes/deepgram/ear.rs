use audio::g711::ulaw;

/// What recognises words in one stream of mu-law audio.
pub trait Ear: Send {
    /// Takes the next stretch, at most 20 ms, and tells what it made out.
    fn hear(&mut self, audio: &[u8]) -> Vec<Word>;

    /// Gives what has passed of a phrase that is not over, now; its rest comes later.
    fn settle(&mut self) -> Option<String>;

    /// Whether somebody speaks in the stretch that was heard last. By its loudness, unless the ear
    /// knows better.
    fn speaks(&mut self, audio: &[u8]) -> bool {
        is_loud(audio)
    }
}

/// What an ear makes out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Word {
    /// A phrase began.
    Began,
    /// The words of it so far: replaces what was told before.
    SoFar(String),
    /// The phrase is over; these are its words.
    Whole(String),
}

/// Samples louder than this are speech; comfort noise and silence are below.
pub(crate) const LOUD: u16 = 600;

/// Whether any of these samples is loud enough for speech.
pub(crate) fn is_loud(audio: &[u8]) -> bool {
    audio
        .iter()
        .any(|code| ulaw::decode(*code).unsigned_abs() > LOUD)
}

/// An ear for load runs that cares for loudness alone: whatever is said, it hears these words.
pub struct LevelEar {
    words: Box<dyn FnMut() -> String + Send>,
    pause: usize,
    quiet: usize,
    speaking: Option<String>,
}

impl std::fmt::Debug for LevelEar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LevelEar")
            .field("speaking", &self.speaking)
            .finish_non_exhaustive()
    }
}

impl LevelEar {
    /// Bytes of silence that end a phrase: 100 ms.
    const PAUSE: usize = 800;

    /// Hears the same words each time.
    #[must_use]
    pub fn saying(words: String) -> Self {
        Self::asking(move || words.clone())
    }

    /// Asks for the words whenever a phrase begins.
    #[must_use]
    pub fn asking(words: impl FnMut() -> String + Send + 'static) -> Self {
        Self {
            words: Box::new(words),
            pause: Self::PAUSE,
            quiet: 0,
            speaking: None,
        }
    }

    /// Takes a phrase to be over after so many milliseconds of silence, 100 otherwise.
    #[must_use]
    pub fn pausing(mut self, ms: usize) -> Self {
        self.pause = ms * 8;
        self
    }
}

impl Ear for LevelEar {
    fn hear(&mut self, audio: &[u8]) -> Vec<Word> {
        if is_loud(audio) {
            self.quiet = 0;
            if self.speaking.is_none() {
                self.speaking = Some((self.words)());
                return vec![Word::Began];
            }
            return Vec::new();
        }
        self.quiet += audio.len();
        let over = self.quiet >= self.pause;
        over.then(|| self.speaking.take())
            .flatten()
            .map(Word::Whole)
            .into_iter()
            .collect()
    }

    fn settle(&mut self) -> Option<String> {
        // Whoever asks after a silence takes the phrase to be over.
        let quiet = self.quiet >= Self::PAUSE;
        quiet.then(|| self.speaking.take()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_after_a_silence_gets_the_phrase_at_once() {
        let mut ear = LevelEar::saying("Hello.".to_owned()).pausing(250);
        assert_eq!(ear.hear(&[ulaw::encode(5_000); 160]), [Word::Began]);
        assert_eq!(ear.settle(), None, "the caller is speaking");
        for _ in 0..5 {
            assert_eq!(ear.hear(&[0xFF; 160]), []);
        }
        assert_eq!(ear.settle().as_deref(), Some("Hello."));
        assert_eq!(ear.settle(), None);
    }
}
