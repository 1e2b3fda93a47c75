use std::sync::Arc;

use bytes::Bytes;
use domain::{AgentId, Micros, ModelName, PriceBook};
use providers::{
    llm::{LanguageModel, ModelSettings},
    realtime::{SpeechToSpeech, TalkSettings},
    stt::{Listen, SpeechToText},
    tts::{TextToSpeech, Voice},
};
use session::Rules;

/// An agent ready to answer: its rules, and whom it listens, thinks and speaks with.
///
/// Each list is in order of preference and has at least one entry, but for those who talk.
#[derive(Clone)]
pub struct Agent {
    /// Its name in the configuration.
    pub id: AgentId,
    /// How it behaves.
    pub rules: Arc<Rules>,
    /// Who recognises speech.
    pub listen: Vec<Station<dyn SpeechToText, Listen>>,
    /// Who writes replies.
    pub think: Vec<Station<dyn LanguageModel, Arc<ModelSettings>>>,
    /// Who speaks.
    pub speak: Vec<Station<dyn TextToSpeech, Voice>>,
    /// Who hears, thinks and speaks in one. If there is anybody, those who think and speak step in
    /// when nobody of these works.
    pub talk: Vec<Station<dyn SpeechToSpeech, Arc<TalkSettings>>>,
    /// What the ear takes for the caller's speech.
    pub ear: audio::HearingSettings,
    /// Who is paid for the line.
    pub carrier: ModelName,
    /// What it all costs.
    pub prices: Arc<PriceBook>,
    /// The apology that needs no provider, in mu-law at 8 kHz. Default: the built-in recording of
    /// its language.
    pub apology: Option<Bytes>,
    /// How many earlier calls of a caller it remembers.
    pub remembers_calls: u32,
    /// The most that calls of whom it works for may cost in a day of UTC.
    pub budget_per_day: Option<Micros>,
}

/// One provider doing one job with an agent's settings.
pub struct Station<P: ?Sized, S> {
    /// Which model of whom, for records and metrics.
    pub name: ModelName,
    /// The provider.
    pub provider: Arc<P>,
    /// How it is to do it.
    pub settings: S,
}

impl<P: ?Sized, S: Clone> Clone for Station<P, S> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            provider: Arc::clone(&self.provider),
            settings: self.settings.clone(),
        }
    }
}

impl Agent {
    /// Everyone in its lists.
    #[must_use]
    pub fn names(&self) -> Vec<ModelName> {
        let talk = self.talk.iter().map(|station| &station.name);
        let listen = self.listen.iter().map(|station| &station.name);
        let think = self.think.iter().map(|station| &station.name);
        let speak = self.speak.iter().map(|station| &station.name);
        let all = talk.chain(listen).chain(think).chain(speak);
        all.cloned().collect()
    }
}
