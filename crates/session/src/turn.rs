//! What the caller is saying: words, sound, and which of both are not the caller's.

mod answered;
mod ended;
mod foreign;
mod text;
mod voice;

use std::collections::VecDeque;

use domain::Millis;

use crate::{
    Span, Words,
    words::{normalised, words},
};

use answered::Answered;
pub(crate) use foreign::Disowned;
use foreign::Foreign;
use text::{KEYPAD, Piece, join};
pub(crate) use text::{gist, hidden_keys};
pub(crate) use voice::Opinion;
use voice::{Before, Coverage, Onset, Sound, Voice};

/// What the caller is saying: the words so far, and whether there is sound.
///
/// A turn opens with the first sound or word and is taken when the agent becomes audible.
#[derive(Debug, Default)]
pub(crate) struct CallerTurn {
    voice: Voice,
    /// How this turn began.
    onset: Option<Onset>,
    settled: Vec<Piece>,
    /// Words that may change yet.
    interim: Piece,
    /// When the last new word came.
    words_at: Option<Millis>,
    coverage: Coverage,
    /// The sound up to here has its words.
    words_until: Millis,
    /// The recogniser heard the end of the utterance.
    utterance_over: bool,
    opinion: Opinion,
    /// Interim words of the turn before: their settled form comes late and is not new.
    answered_interim: Option<Answered>,
    /// Sound up to here was answered.
    answered_until: Option<Millis>,
    /// The caller's last sounds, as the ear told them; the newest may go on.
    sounds: VecDeque<Sound>,
    foreign: Foreign,
    keys: String,
    /// Replies begun before this turn was surely over.
    speculations: u32,
    /// No more are.
    spent: bool,
    /// Times that it was taken too soon, and given back.
    taken_back: u32,
}

/// Each costs a request: a turn that goes on and on is answered when it is over.
const MOST_SPECULATIONS: u32 = 3;
/// The end of the sound may lie this far behind the recogniser's last word.
const TAIL: Millis = Millis(120);
/// Words are about the last few seconds, and no more sounds than these fit in there.
const MOST_SOUNDS: usize = 16;
/// The ear and the recogniser may place the same sound so far apart.
const APART: Millis = Millis(150);
const MOST_KEYS: usize = 64;
/// By then the recogniser would have had a word of it.
const JUST_BEGUN: Millis = Millis(1_000);

impl CallerTurn {
    /// Sound begins. Returns the pause inside the turn that it ends, if it does.
    pub(crate) fn speech_started(&mut self, at: Millis) -> Option<Millis> {
        let (pause, before) = match self.voice {
            Voice::Quiet { since, .. } => (
                self.onset.map(|_| at - since),
                Before {
                    quiet_since: since,
                    coverage: self.coverage,
                },
            ),
            Voice::Speaking { before, .. } => (None, before),
        };
        self.voice = Voice::Speaking { since: at, before };
        if self.sounds.len() == MOST_SOUNDS {
            self.sounds.pop_front();
        }
        self.sounds.push_back(Sound {
            from: at,
            until: None,
        });
        if !matches!(self.onset, Some(Onset::Sound(_))) {
            self.onset = Some(Onset::Sound(at));
        }
        self.coverage = Coverage::Owed;
        self.utterance_over = false;
        self.opinion = Opinion::None;
        pause
    }

    pub(crate) fn speech_stopped(&mut self, at: Millis) {
        let (Voice::Quiet { before, .. } | Voice::Speaking { before, .. }) = self.voice;
        self.voice = Voice::Quiet { since: at, before };
        if let Some(sound) = self.sounds.back_mut() {
            sound.until.get_or_insert(at);
        }
        if self.words_until > Millis::ZERO && self.words_until + TAIL >= at {
            self.coverage = Coverage::Whole;
        }
    }

    /// Some sound is not the caller's. Tells what of the turn was about it, and is gone.
    pub(crate) fn ignore(&mut self, span: Span) -> Disowned {
        self.foreign.add(span);
        // Words first: a turn that loses its last one forgets how it began.
        let words = self.drop_foreign_words();
        let sound = self.drop_last_sound(span);
        Disowned { words, sound }
    }

    /// Drops words that came before it was known that their sound is not the caller's. Returns
    /// whether there were any.
    fn drop_foreign_words(&mut self) -> bool {
        let mut dropped = false;
        for piece in self.settled.iter_mut().chain([&mut self.interim]) {
            dropped |= piece.drop_foreign(&self.foreign, &self.sounds);
        }
        if !dropped {
            return false;
        }
        self.settled.retain(|piece| !piece.text.is_empty());
        let ends = self.settled.iter().filter_map(|piece| piece.span);
        self.words_until = ends.map(|span| span.until).max().unwrap_or_default();
        if self.is_empty() {
            self.begin_anew();
        }
        true
    }

    /// All words were foreign: what they led to goes with them. A sound of the caller's that still
    /// waits for its words stays.
    fn begin_anew(&mut self) {
        let waiting = self.awaits_words();
        let onset = self.onset.filter(
            |onset| matches!(onset, Onset::Sound(at) if waiting && !self.foreign.holds(*at)),
        );
        self.forget();
        self.onset = onset.or(self.onset);
    }

    /// If the turn's last sound began in this foreign one, there was none. Returns whether that is
    /// so.
    fn drop_last_sound(&mut self, span: Span) -> bool {
        let within = |at: Millis| at >= span.from && at <= span.until;
        if !self.sounds.back().is_some_and(|last| within(last.from)) {
            return false;
        }
        let (Voice::Quiet { before, .. } | Voice::Speaking { before, .. }) = self.voice;
        if let Some(Onset::Sound(at)) = self.onset
            && within(at)
            && self.is_empty()
        {
            self.onset = None;
        }
        self.sounds.pop_back();
        self.coverage = before.coverage;
        self.voice = Voice::Quiet {
            since: before.quiet_since,
            before,
        };
        true
    }

    /// Whether the ear heard the caller where these words were spoken. Without spans there is no
    /// telling.
    pub(crate) fn sounded(&self, words: &Words) -> bool {
        words.span.is_none_or(|span| {
            self.sounds.iter().any(|sound| {
                let until = sound.until.unwrap_or(span.until);
                sound.from < span.until + APART && span.from < until + APART
            })
        })
    }

    /// Takes words. Returns false if they are nothing new.
    pub(crate) fn hear(&mut self, now: Millis, words: &Words) -> bool {
        let mut piece = Piece::of(words);
        let foreign = piece.drop_foreign(&self.foreign, &self.sounds) && piece.text.is_empty();
        if foreign {
            self.settle_interim(words);
            return false;
        }
        let answered = self.answered_interim.as_ref();
        let answered = answered.map_or(0, |answered| answered.begins(&piece));
        if self.is_echo_of_last_turn(&piece, words.settled) {
            return false;
        }
        piece.drop_first(answered);
        if let Some(span) = piece.span {
            self.words_until = self.words_until.or_later(span.until);
        }
        // What is settled stays: only the last words can be others than before.
        let new = self.take(piece, words.settled);
        if self.is_covered_by(words) {
            self.coverage = Coverage::Whole;
        } else if !self.is_settled() {
            self.coverage = Coverage::Owed;
        }
        self.utterance_over |= words.ends_utterance;
        if new {
            self.note_new_words(now);
        }
        new
    }

    fn note_new_words(&mut self, now: Millis) {
        if self.opinion == Opinion::GoesOn {
            self.opinion = Opinion::None;
        }
        self.words_at = Some(now);
        let onset = *self.onset.get_or_insert(Onset::Words(now));
        if let (Voice::Quiet { before, .. }, Onset::Words(_)) = (self.voice, onset) {
            self.voice = Voice::Quiet { since: now, before };
        }
    }

    /// Words of which none was the caller's settle what was heard before: of that, what was is kept.
    fn settle_interim(&mut self, foreign: &Words) {
        if !foreign.settled {
            return;
        }
        self.interim.drop_foreign(&self.foreign, &self.sounds);
        let interim = std::mem::take(&mut self.interim);
        if interim.text.is_empty() {
            return;
        }
        self.settled.push(interim);
        if self.is_covered_by(foreign) {
            self.coverage = Coverage::Whole;
        }
    }

    /// Puts words where the interim ones were. Returns whether they are others than those.
    fn take(&mut self, piece: Piece, settled: bool) -> bool {
        let mut new = !words(&piece.text).eq(words(&self.interim.text));
        if self.interim.is_before(&piece) {
            // Its settled form was lost, and never comes.
            new = !piece.text.is_empty();
            self.settled.push(std::mem::take(&mut self.interim));
        }
        if !settled {
            self.interim = piece;
            return new;
        }
        self.interim = Piece::default();
        if !piece.text.is_empty() {
            self.settled.push(piece);
        }
        new
    }

    fn is_covered_by(&self, words: &Words) -> bool {
        let Voice::Quiet { since, .. } = self.voice else {
            return false;
        };
        match words.span {
            _ if words.answers_finalize => true,
            Some(span) => span.until + TAIL >= since,
            None => words.settled,
        }
    }

    /// Whether these words were answered already: the settled form of what was answered as
    /// interim, the same interim once more, or words about sound before the answer.
    fn is_echo_of_last_turn(&mut self, piece: &Piece, settled: bool) -> bool {
        let text = normalised(&piece.text);
        let old_sound = piece.span.zip(self.answered_until);
        let is_old = old_sound.is_some_and(|(span, answered)| span.until <= answered + TAIL);
        let repeats = self
            .answered_interim
            .as_ref()
            .is_some_and(|answered| answered.echoes(&text));
        let echoes = !text.is_empty() && (is_old || repeats);
        if settled {
            self.answered_interim = None;
        }
        echoes
    }

    /// Words were waited for long enough: what is there has to do.
    pub(crate) fn give_up_waiting(&mut self) {
        if self.coverage == Coverage::Owed {
            self.coverage = Coverage::GivenUp;
        }
    }

    pub(crate) fn gave_up_waiting(&self) -> bool {
        self.coverage == Coverage::GivenUp
    }

    /// Counts a reply begun ahead of time, if one more is allowed.
    pub(crate) fn may_speculate(&mut self) -> bool {
        let allowed = !self.spent && self.speculations < MOST_SPECULATIONS;
        self.speculations += u32::from(allowed);
        allowed
    }

    /// Nothing more is begun ahead of time in this turn.
    pub(crate) fn stop_speculating(&mut self) {
        self.spent = true;
    }

    /// Replies begun ahead of time.
    pub(crate) fn speculations(&self) -> u32 {
        self.speculations
    }

    /// It was taken too soon: the caller goes on.
    pub(crate) fn taken_back(&mut self) {
        self.taken_back += 1;
    }

    /// How often it was taken too soon.
    pub(crate) fn times_taken_back(&self) -> u32 {
        self.taken_back
    }

    pub(crate) fn press(&mut self, key: char) {
        if self.keys.len() < MOST_KEYS {
            self.keys.push(key);
        }
    }

    pub(crate) fn keys(&self) -> &str {
        &self.keys
    }

    pub(crate) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// What the caller said so far, and typed.
    pub(crate) fn text(&self) -> String {
        let mut text = self.said();
        if !self.keys.is_empty() {
            join(&mut text, &format!("{KEYPAD}{}", self.keys));
        }
        text
    }

    fn said(&self) -> String {
        let mut text = String::new();
        for piece in self.settled.iter().chain([&self.interim]) {
            join(&mut text, &piece.text);
        }
        text
    }

    /// The same words and keys, come just now, without what is known of their sound.
    pub(crate) fn in_writing(&self, now: Millis) -> Self {
        let mut turn = Self {
            keys: self.keys.clone(),
            ..Self::default()
        };
        let said = self.said();
        if !said.is_empty() {
            turn.hear(now, &Words::whole(said));
        }
        turn
    }

    /// How many words the text has; typed keys are one, and what announces them another.
    pub(crate) fn word_count(&self) -> usize {
        let pieces = self.settled.iter().chain([&self.interim]);
        let said = pieces.map(|piece| piece.text.split_whitespace().count());
        let typed = if self.keys.is_empty() { 0 } else { 2 };
        said.sum::<usize>() + typed
    }

    /// Since when there is sound, if there is.
    pub(crate) fn speaking_since(&self) -> Option<Millis> {
        match self.voice {
            Voice::Speaking { since, .. } => Some(since),
            Voice::Quiet { .. } => None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.settled.is_empty() && self.is_settled() && self.keys.is_empty()
    }

    pub(crate) fn is_speaking(&self) -> bool {
        matches!(self.voice, Voice::Speaking { .. })
    }

    /// How long the caller's sound lasted, from its first to its last.
    pub(crate) fn sounded_for(&self) -> Millis {
        match (self.onset, self.voice) {
            (Some(Onset::Sound(from)), Voice::Quiet { since, .. }) => since - from,
            (Some(Onset::Words(_)) | None, _) | (_, Voice::Speaking { .. }) => Millis::ZERO,
        }
    }

    /// Whether the text will not change any more.
    pub(crate) fn is_settled(&self) -> bool {
        self.interim.text.is_empty()
    }

    /// Whether the words cover the sound.
    pub(crate) fn is_covered(&self) -> bool {
        self.coverage != Coverage::Owed
    }

    /// Since when the caller is silent.
    pub(crate) fn quiet_since(&self) -> Option<Millis> {
        match self.voice {
            Voice::Quiet { since, .. } => Some(since),
            Voice::Speaking { .. } => None,
        }
    }

    /// When the first sound or word came.
    pub(crate) fn onset(&self) -> Option<Millis> {
        self.onset.map(|(Onset::Sound(at) | Onset::Words(at))| at)
    }

    /// When the last new word came.
    pub(crate) fn words_at(&self) -> Option<Millis> {
        self.words_at
    }

    /// Whether the recogniser still owes words for the last sound.
    pub(crate) fn awaits_words(&self) -> bool {
        self.onset.is_some() && !self.is_covered()
    }

    /// Nothing came of the sound so far, and nobody has answered it: should words come for it after
    /// all, they count.
    pub(crate) fn forget(&mut self) {
        let (interim, until) = (self.answered_interim.take(), self.answered_until);
        self.close();
        self.answered_interim = self.answered_interim.take().or(interim);
        self.answered_until = until;
    }

    /// The agent has answered: the next word opens a new turn. Sound that goes on belongs to it.
    pub(crate) fn close(&mut self) {
        let (onset, answered_until) = match self.voice {
            Voice::Speaking { since, .. } => (Some(Onset::Sound(since)), since),
            Voice::Quiet { since, .. } => (None, since),
        };
        *self = Self {
            voice: self.voice,
            onset,
            words_until: self.words_until,
            answered_interim: Answered::with(
                self.answered_interim.take(),
                &self.interim.text,
                answered_until,
            ),
            answered_until: Some(answered_until),
            foreign: std::mem::take(&mut self.foreign),
            sounds: std::mem::take(&mut self.sounds),
            ..Self::default()
        };
    }

    /// The agent had cut in: what it took for a whole turn was the beginning of this one.
    pub(crate) fn reopen(&mut self, beginning: &str, onset: Option<Millis>, speculations: u32) {
        self.speculations += speculations;
        if !beginning.is_empty() {
            self.settled.insert(0, Piece::of_text(beginning));
        }
        if let Some(at) = onset {
            self.onset = Some(Onset::Sound(at));
        }
        self.answered_until = None;
        self.taken_back += 1;
    }
}

#[cfg(test)]
mod tests;
