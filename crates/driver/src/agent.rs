use std::{fmt::Debug, sync::Arc};

use bytes::Bytes;
use domain::{AgentId, Micros, Millis, ModelName, PriceBook};
use providers::{
    llm::{LanguageModel, ModelSettings},
    realtime::{SpeechToSpeech, TalkSettings},
    stt::{Listen, SpeechToText},
    tts::{TextToSpeech, Voice},
};
use session::Rules;

use crate::{
    breaker::{BreakerState, BreakerStatus, Breakers, Whom},
    ear,
};

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

impl<P: ?Sized, S: Debug> Station<P, S> {
    /// As an agent asks it.
    pub(crate) fn whom<'s>(&'s self, agent: &'s AgentId) -> Whom<'s> {
        Whom {
            name: &self.name,
            agent,
            settings: &self.settings,
        }
    }
}

impl Agent {
    /// After how long a silence nobody who listens for it waits for the end of a turn any more.
    pub(crate) fn quiet_after(&self) -> Millis {
        let listen = self.listen.iter();
        let pauses = listen.map(|ear| ear.provider.longest_pause(&ear.settings));
        ear::quiet_after(self.rules.turn.end, pauses.max().unwrap_or_default())
    }

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

    /// Begins to watch everyone in its lists.
    pub(crate) fn watch(&self, breakers: &Breakers) {
        let talk = self.talk.iter().map(|station| station.whom(&self.id));
        let listen = self.listen.iter().map(|station| station.whom(&self.id));
        let think = self.think.iter().map(|station| station.whom(&self.id));
        let speak = self.speak.iter().map(|station| station.whom(&self.id));
        for whom in talk.chain(listen).chain(think).chain(speak) {
            breakers.watch(whom);
        }
    }

    /// Whether a whole list of its own is left alone, and something of it was refused.
    fn has_lost<P: ?Sized, S: Debug>(
        &self,
        list: &[Station<P, S>],
        breakers: &[BreakerStatus],
    ) -> bool {
        let mut refused = false;
        let rests = |station: &Station<P, S>| {
            let open = breakers
                .iter()
                .filter(|breaker| breaker.state == BreakerState::Open)
                .filter(|breaker| station.whom(&self.id).needs(&breaker.of));
            let mut rests = false;
            for breaker in open {
                rests = true;
                refused |= breaker.refused;
            }
            rests
        };
        list.iter().all(rests) && refused
    }
}

/// Whether nobody is left who could do one of an agent's jobs, and somebody has to mend that: all
/// of its models are left alone, and one of them because of what was refused: its key, the model
/// itself, or what this agent asks of it.
///
/// Whoever merely failed is back within moments; calls are taken, and try. So they are when
/// what was refused is due for its next probe, since only a call can be one.
#[must_use]
pub fn nobody_is_left(agent: &Agent, breakers: &[BreakerStatus]) -> bool {
    let talks = !agent.talk.is_empty() && !agent.has_lost(&agent.talk, breakers);
    let cascade = agent.has_lost(&agent.think, breakers) || agent.has_lost(&agent.speak, breakers);
    agent.has_lost(&agent.listen, breakers) || !talks && cascade
}
