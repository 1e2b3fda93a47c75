//! What others say about the end of the turn.

use domain::Millis;

use super::{CallerTurn, Coverage, JUST_BEGUN, Opinion, Voice};

impl CallerTurn {
    /// The recogniser says that the utterance is over. If our ear still hears something, that is
    /// not speech, unless it has only just begun: then it is the next utterance.
    pub(crate) fn utterance_over(&mut self, now: Millis) {
        if let Voice::Speaking { since, .. } = self.voice
            && self.words_at.is_none_or(|words| since > words)
            && now - since < JUST_BEGUN
        {
            return;
        }
        self.utterance_over = true;
        self.coverage = Coverage::Whole;
        if let Voice::Speaking { before, .. } = self.voice {
            self.voice = Voice::Quiet {
                since: self.words_at.unwrap_or(now),
                before,
            };
        }
    }

    /// The recogniser's model of turns tells what it thinks.
    pub(crate) fn think_of_it(&mut self, opinion: Opinion) {
        self.opinion = opinion;
        if let Opinion::Over { .. } = opinion {
            self.coverage = Coverage::Whole;
        }
    }

    pub(crate) fn opinion(&self) -> Opinion {
        self.opinion
    }

    /// The model that hears the caller says that the turn is over. Its words come from somebody else,
    /// in their own time.
    pub(crate) fn ended_by_talker(&mut self, since: Millis) {
        self.opinion = Opinion::Over { since };
    }

    /// Whether the recogniser alone says that the turn is over.
    pub(crate) fn is_over_for_provider(&self) -> bool {
        self.utterance_over && !self.is_empty()
    }

    /// Whether the model that hears the caller says that the turn is over.
    pub(crate) fn is_over_for_talker(&self) -> bool {
        matches!(self.opinion, Opinion::Over { .. })
    }
}
