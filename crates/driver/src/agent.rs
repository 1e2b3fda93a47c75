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

use crate::breaker::{BreakerState, BreakerStatus};

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

/// Whether nobody is left who could do one of an agent's jobs, and somebody has to mend that: all
/// of its models are left alone, and one of them because it was refused.
///
/// Whoever merely failed is back within moments; calls are taken, and try. So they are when a
/// refused model is due for its next probe, since only a call can be one.
#[must_use]
pub fn nobody_is_left(agent: &Agent, breakers: &[BreakerStatus]) -> bool {
    let at = |name: &ModelName| breakers.iter().find(|breaker| breaker.name == *name);
    let lost = |names: &[&ModelName]| {
        let resting: Vec<&BreakerStatus> = names
            .iter()
            .filter_map(|name| at(name))
            .filter(|breaker| breaker.state == BreakerState::Open)
            .collect();
        resting.len() == names.len() && resting.iter().any(|breaker| breaker.refused)
    };
    let listen: Vec<_> = agent.listen.iter().map(|station| &station.name).collect();
    let think: Vec<_> = agent.think.iter().map(|station| &station.name).collect();
    let speak: Vec<_> = agent.speak.iter().map(|station| &station.name).collect();
    let talk: Vec<_> = agent.talk.iter().map(|station| &station.name).collect();
    let talks = !talk.is_empty() && !lost(&talk);
    lost(&listen) || !talks && (lost(&think) || lost(&speak))
}
