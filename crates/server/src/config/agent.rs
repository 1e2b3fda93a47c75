//! What an agent is: its rules, its models and how they are used.

mod jobs;
pub(crate) mod prices;
mod rules;
mod talking;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use domain::{AgentId, Language, Millis, ModelName, PriceBook};
use providers::{
    llm::ModelSettings, offline::Script, realtime::TalkSettings, stt::Listen, tts::Voice,
};
use session::Rules;

use super::{
    clip::Clips,
    meaning::Meaning,
    provider::{Job, ProviderAccess},
    raw,
};

/// The agent that there is when none is described.
pub(crate) const USUAL_AGENT: &str = "hotline";
const RACHEL: &str = "21m00Tcm4TlvDq8ikWAM";

/// An agent as the operator wants it; the server opens its providers.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentPlan {
    /// Its name.
    pub id: AgentId,
    /// How it behaves.
    pub rules: Rules,
    /// Who recognises speech, in order of preference.
    pub listen: Vec<(ModelName, Listen)>,
    /// Who writes replies, in order of preference.
    pub think: Vec<(ModelName, Arc<ModelSettings>)>,
    /// Who speaks, in order of preference.
    pub speak: Vec<(ModelName, Voice)>,
    /// Who hears, thinks and speaks in one, in order of preference. Usually nobody.
    pub talk: Vec<(ModelName, Arc<TalkSettings>)>,
    /// How a voice is reached that may be reached in two ways.
    pub speak_over: SpeakOver,
    /// What the ear takes for the caller's speech.
    pub ear: audio::HearingSettings,
    /// The apology that needs no provider, if its tenant has a recording of its own.
    pub apology: Option<Bytes>,
    /// How many earlier calls of a caller it remembers.
    pub remembers_calls: u32,
    /// What it all costs.
    pub prices: PriceBook,
}

/// How a voice is reached.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SpeakOver {
    /// One request per clause.
    Http,
    /// A socket that takes the clauses of a whole reply.
    Socket,
}

/// All agents as they were typed, and what they share.
pub(crate) struct Agents<'f> {
    typed: BTreeMap<String, &'f raw::Agent>,
    file: &'f raw::File,
    providers: &'f ProviderAccess,
}

/// What a tenant wants different for its calls.
#[derive(Default)]
pub(crate) struct Wishes<'t> {
    pub voice: Option<&'t str>,
    pub greeting: Option<&'t str>,
    pub company_name: Option<&'t str>,
    pub apologies: Clips,
}

static UNTOUCHED: std::sync::LazyLock<raw::Agent> = std::sync::LazyLock::new(raw::Agent::default);

impl<'f> Agents<'f> {
    pub(crate) fn read(
        file: &'f raw::File,
        providers: &'f ProviderAccess,
        meaning: &mut Meaning<'_>,
    ) -> Self {
        let mut typed: BTreeMap<String, &raw::Agent> = BTreeMap::new();
        for (name, agent) in &file.agents {
            if meaning
                .parse::<AgentId>(&format!("agents.{name}"), name)
                .is_some()
            {
                typed.insert(name.clone(), agent);
            }
        }
        if file.agents.is_empty() {
            typed.insert(USUAL_AGENT.to_owned(), &UNTOUCHED);
        }
        Self {
            typed,
            file,
            providers,
        }
    }

    /// The names of all agents.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.typed.keys().map(String::as_str)
    }

    /// The agent called `name` as a tenant wants it.
    pub(crate) fn plan(
        &self,
        name: &str,
        wishes: &Wishes<'_>,
        meaning: &mut Meaning<'_>,
    ) -> Option<AgentPlan> {
        let typed = *self.typed.get(name)?;
        let id = name.parse().ok()?;
        let key = format!("agents.{name}");
        let mut reading = Reading {
            key,
            typed,
            wishes,
            file: self.file,
            providers: self.providers,
            meaning,
        };
        Some(reading.plan(id))
    }
}

/// One agent being read.
struct Reading<'r, 'a> {
    key: String,
    typed: &'r raw::Agent,
    wishes: &'r Wishes<'r>,
    file: &'r raw::File,
    providers: &'r ProviderAccess,
    meaning: &'r mut Meaning<'a>,
}

impl Reading<'_, '_> {
    fn plan(&mut self, id: AgentId) -> AgentPlan {
        let language: Language = match self.typed.language.as_deref() {
            None => Language::default(),
            Some(text) => {
                let key = self.at("language");
                self.meaning.parse(&key, text).unwrap_or_default()
            }
        };
        let listen = self.models(Job::Listen, &self.typed.stt.models, &language);
        let think = self.models(Job::Think, &self.typed.llm.models, &language);
        let speak = self.models(Job::Speak, &self.typed.tts.models, &language);
        let talk = self.models(Job::Talk, &self.typed.realtime.models, &language);
        // A script knows its own lines, and what it understands.
        let scripted = think.first().is_some_and(|name| name.provider == "offline");
        let script = scripted.then(Script::demo);
        AgentPlan {
            id,
            rules: self.rules(&language, script.as_ref()),
            apology: self.wishes.apologies.of(&language),
            remembers_calls: self.remembers_calls(),
            ear: self.ear(),
            prices: self.prices([
                (Job::Listen, &listen),
                (Job::Think, &think),
                (Job::Speak, &speak),
                (Job::Talk, &talk),
            ]),
            listen: self.listening(listen, &language, script.as_ref()),
            talk: self.talking(talk, &language),
            think: self.thinking(think),
            speak: self.speaking(speak, &language),
            speak_over: self.speak_over(),
        }
    }

    fn remembers_calls(&mut self) -> u32 {
        let key = self.at("remembers_calls");
        self.meaning
            .within(&key, self.typed.remembers_calls, (0, 0, 50))
    }

    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.key)
    }

    fn millis(
        &mut self,
        key: &str,
        typed: Option<u64>,
        usual: Millis,
        range: (u64, u64),
    ) -> Millis {
        let key = self.at(key);
        let (least, most) = range;
        Millis(self.meaning.within(&key, typed, (least, usual.0, most)))
    }

    fn seconds(
        &mut self,
        key: &str,
        typed: Option<u64>,
        usual: Millis,
        range_s: (u64, u64),
    ) -> Millis {
        let key = self.at(key);
        let (least, most) = range_s;
        let usual_s = usual.0 / 1_000;
        Millis(1_000 * self.meaning.within(&key, typed, (least, usual_s, most)))
    }

    /// Notes that a value does not go with others.
    fn contradiction(&mut self, key: &str, message: &str) {
        let key = self.at(key);
        self.meaning.problem(&key, message);
    }
}
