use std::sync::Arc;

use domain::Millis;
use providers::{
    ProviderError,
    stt::{PaysFor, Recognised, SttCapabilities, ToRecogniser},
};
use tokio::{sync::mpsc, time::Instant};

use super::{Sound, WORDS_WITHIN, ruler::Ruler};
use crate::{meters::Job, tally::Tally};

/// One connection to a recogniser, as seen from our side.
pub(super) struct Open {
    /// Gone when no more orders come.
    to: Option<mpsc::Sender<ToRecogniser>>,
    pub(super) ruler: Ruler,
    pub(super) begun: Instant,
    /// It takes audio.
    ready: bool,
    /// Words of it were settled.
    proven: bool,
    /// Given before it took any: nobody has to be paid for that yet.
    waiting: Millis,
    /// When words that were asked for have to be there.
    pub(super) owed: Option<Instant>,
    /// Speech given since it told anything.
    unanswered: Millis,
    /// The most of it that is no failure.
    tells_within: Option<Millis>,
    meter: Meter,
}

/// Counts what a provider is sent.
pub(super) struct Meter {
    tally: Arc<Tally>,
    /// Of the provider in the agent's list.
    place: usize,
    pays_for: PaysFor,
    /// It said that it sent so much, and has not answered yet. That counts: who is left while it
    /// works charges all the same, and the call may end before it answers.
    unanswered: Millis,
}

impl Meter {
    pub(super) fn new(tally: &Arc<Tally>, place: usize, capabilities: SttCapabilities) -> Self {
        Self {
            tally: Arc::clone(tally),
            place,
            pays_for: capabilities.pays_for,
            unanswered: Millis::ZERO,
        }
    }

    fn given(&self, audio: Millis) {
        match self.pays_for {
            PaysFor::Given => self.tally.heard(self.place, audio),
            PaysFor::Sent => {}
        }
    }

    fn sent(&mut self, audio: Millis) {
        self.tally.heard(self.place, audio);
        self.unanswered += audio;
    }

    fn answered(&mut self) {
        self.unanswered = Millis::ZERO;
    }

    fn refused(&mut self) {
        self.tally
            .heard_not(self.place, std::mem::take(&mut self.unanswered));
    }
}

impl Open {
    pub(super) fn new(
        to: mpsc::Sender<ToRecogniser>,
        tells_within: Option<Millis>,
        meter: Meter,
    ) -> Self {
        Self {
            to: Some(to),
            ruler: Ruler::default(),
            begun: Instant::now(),
            ready: false,
            proven: false,
            waiting: Millis::ZERO,
            owed: None,
            unanswered: Millis::ZERO,
            tells_within,
            meter,
        }
    }

    pub(super) const fn takes_orders(&self) -> bool {
        self.to.is_some()
    }

    /// Passes sound on. Returns whether there was room: lost sound is not on the ruler.
    #[must_use]
    pub(super) fn hear(&mut self, sound: &Sound) -> bool {
        if !self.send(ToRecogniser::Audio(sound.bytes.clone())) {
            return false;
        }
        self.ruler.give(sound);
        if self.ready {
            self.meter.given(sound.length());
        } else {
            self.waiting += sound.length();
        }
        if self.ready && sound.speech {
            self.unanswered += sound.length();
        }
        true
    }

    /// It takes audio, and what waited for that.
    pub(super) fn is_ready(&mut self) {
        self.ready = true;
        self.meter.given(std::mem::take(&mut self.waiting));
        self.meter.tally.works(Job::Listen, self.meter.place);
    }

    /// It gave words. Returns whether they are its first.
    pub(super) fn proves_itself(&mut self) -> bool {
        !std::mem::replace(&mut self.proven, true)
    }

    /// Asks for the words of the unsettled sound. They are owed if there is speech in it.
    #[must_use]
    pub(super) fn finalize(&mut self, has_speech: bool) -> bool {
        if has_speech {
            self.owed.get_or_insert(Instant::now() + WORDS_WITHIN);
        }
        self.send(ToRecogniser::Finalize)
    }

    pub(super) fn close(&mut self) {
        self.to = None;
    }

    /// Counts what it sent, and what was refused of it.
    pub(super) fn counts(&mut self, event: &Recognised) {
        match event {
            Recognised::Refused => self.meter.refused(),
            Recognised::Sent(sound) => self.meter.sent(*sound),
            Recognised::NoWords
            | Recognised::Ready
            | Recognised::SpeechStarted
            | Recognised::TurnEnded { .. }
            | Recognised::TurnLikely
            | Recognised::TurnResumed
            | Recognised::UtteranceOver
            | Recognised::Words(_) => {}
        }
    }

    /// It failed. Nobody charges for what was refused.
    pub(super) fn failed(&mut self, error: &ProviderError) {
        match error {
            ProviderError::Connection { .. }
            | ProviderError::Refused { .. }
            | ProviderError::Unreachable { .. } => self.meter.refused(),
            ProviderError::Garbled { .. } | ProviderError::Silent { .. } => {}
        }
    }

    /// It told something, whatever it was.
    pub(super) fn told(&mut self) {
        self.meter.answered();
        self.owed = None;
        self.unanswered = Millis::ZERO;
    }

    /// How much speech it took without a word, if that is too much.
    pub(super) fn mute_for(&self) -> Option<Millis> {
        let most = self.tells_within?;
        (self.unanswered >= most).then_some(self.unanswered)
    }

    fn send(&self, order: ToRecogniser) -> bool {
        self.to.as_ref().is_none_or(|to| to.try_send(order).is_ok())
    }
}
