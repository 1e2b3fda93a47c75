//! Where others decide, or have an opinion, when the caller's turn is over.

use domain::Millis;

use super::CallSession;
use crate::{CancelReason, TurnEnd, timers::Timer, turn::Opinion};

/// What a recogniser that ends turns alone gets on top: its own timers run longer than ours.
const PROVIDER_PATIENCE: Millis = Millis(4_000);
/// The same for a model that hears the caller: by meaning, it may wait for so long.
const TALKER_PATIENCE: Millis = Millis(8_000);

impl CallSession {
    /// Whether only somebody else can say that the turn is over, and has not.
    pub(super) fn somebody_owes_an_end(&self) -> bool {
        self.rules.turn.end != TurnEnd::Words && !self.is_over_for_others()
    }

    /// Whether somebody else has said that the turn is over.
    pub(super) fn is_over_for_others(&self) -> bool {
        let by_talker = match self.rules.turn.end {
            TurnEnd::Talker => self.turn.is_over_for_talker() && self.turn.is_covered(),
            TurnEnd::Provider | TurnEnd::Words => false,
        };
        self.turn.is_over_for_provider() || by_talker && !self.turn.is_empty()
    }

    /// How long after the last sound or word the recogniser may take, and whoever ends turns.
    pub(super) fn words_deadline(&self) -> Millis {
        let usual = self.rules.turn.words_deadline;
        match self.rules.turn.end {
            TurnEnd::Provider => usual + PROVIDER_PATIENCE,
            TurnEnd::Talker if !self.turn.is_empty() && !self.turn.is_over_for_talker() => {
                usual + TALKER_PATIENCE
            }
            TurnEnd::Talker | TurnEnd::Words => self.lag.deadline(usual),
        }
    }

    pub(super) fn utterance_over(&mut self, now: Millis) {
        self.turn.utterance_over(now);
        self.reconsider(now);
    }

    /// Somebody else's model of turns tells what it thinks.
    pub(super) fn opinion(&mut self, now: Millis, opinion: Opinion) {
        if let (TurnEnd::Talker, Opinion::Over { since }) = (self.rules.turn.end, opinion) {
            return self.talker_ends(now, since);
        }
        // It comes after the words that it is about: these were answered already.
        if self.turn.is_empty() {
            return;
        }
        self.turn.think_of_it(opinion);
        if opinion == Opinion::GoesOn
            && self
                .reply
                .as_ref()
                .is_some_and(|reply| reply.is_speculative())
        {
            self.cancel_unheard(CancelReason::Resumed);
        }
        self.reconsider(now);
    }

    /// The model that hears the caller says that the turn is over: it may be sooner than the words,
    /// which are waited for no longer than usual.
    fn talker_ends(&mut self, now: Millis, since: Millis) {
        if self.turn.is_empty() && !self.turn.awaits_words() {
            return;
        }
        self.turn.ended_by_talker(since);
        if self.turn.awaits_words() {
            self.timers.arm(Timer::Unheard, now + self.words_deadline());
        }
        self.reconsider(now);
    }
}
