//! Providers as agents use them: each is opened once and shared by all calls.

use std::{collections::BTreeMap, sync::Arc};

use domain::ModelName;
use driver::{Agent, Station};
use providers::{
    BaseUrl, Secret,
    llm::{
        Anthropic, LanguageModel,
        openai::{OpenAi, Profile},
    },
    realtime::{OpenAiRealtime, SpeechToSpeech},
    stt::{Deepgram, DeepgramFlux, OpenAiTranscription, SpeechToText, deepgram::flux},
    tts::{Aura, ElevenLabs, ElevenLabsHttp, OpenAiSpeech, TextToSpeech},
};

use crate::{
    config::{Access, AgentPlan, CARRIER, ProviderAccess, SpeakOver},
    engines::{self, Found},
};

/// Who was opened so far.
pub(crate) struct Stations {
    access: ProviderAccess,
    listen: Opened<dyn SpeechToText>,
    talk: Opened<dyn SpeechToSpeech>,
    think: Opened<dyn LanguageModel>,
    speak: BTreeMap<SpeakOver, Opened<dyn TextToSpeech>>,
}

/// Providers of one job, by the provider's name, or the engine's with its own.
type Opened<P> = BTreeMap<ModelName, Found<P>>;

impl Stations {
    /// Nothing is opened yet.
    pub(crate) fn new(access: &ProviderAccess) -> Self {
        Self {
            access: access.clone(),
            listen: BTreeMap::new(),
            talk: BTreeMap::new(),
            think: BTreeMap::new(),
            speak: BTreeMap::new(),
        }
    }

    /// An agent with its providers. Connections are made when calls come.
    ///
    /// # Errors
    /// When an engine is not installed.
    pub(crate) fn agent(&mut self, plan: &AgentPlan) -> anyhow::Result<Agent> {
        let access = &self.access;
        let over = plan.speak_over;
        let speak = self.speak.entry(over).or_default();
        Ok(Agent {
            id: plan.id.clone(),
            rules: Arc::new(plan.rules.clone()),
            listen: stations(&mut self.listen, &plan.listen, engines::listen, |name| {
                listens(access, name)
            })?,
            think: stations(
                &mut self.think,
                &plan.think,
                |_| Ok(engines::think()),
                |name| thinks(access, name),
            )?,
            speak: stations(speak, &plan.speak, engines::speak, |name| {
                speaks(access, name, over)
            })?,
            talk: stations(
                &mut self.talk,
                &plan.talk,
                |name| anyhow::bail!("no engine talks: offline/{name}"),
                |name| talks(access, name),
            )?,
            ear: plan.ear,
            carrier: CARRIER.parse().expect("a constant names a model"),
            prices: Arc::new(plan.prices.clone()),
            apology: plan.apology.clone(),
            remembers_calls: plan.remembers_calls,
            budget_per_day: None,
        })
    }
}

fn stations<P: ?Sized, S: Clone>(
    opened: &mut Opened<P>,
    plans: &[(ModelName, S)],
    engine: impl Fn(&str) -> anyhow::Result<Found<P>>,
    online: impl Fn(&ModelName) -> Arc<P>,
) -> anyhow::Result<Vec<Station<P, S>>> {
    let mut stations = Vec::with_capacity(plans.len());
    for (name, settings) in plans {
        let offline = name.provider == "offline";
        // One connection pool serves all models of a provider; engines are apart.
        let key = ModelName {
            provider: name.provider.clone(),
            model: if offline {
                name.model.clone()
            } else {
                protocol(name).to_owned()
            },
        };
        let (model, provider) = match opened.get(&key) {
            Some(found) => found.clone(),
            None => {
                let found = if offline {
                    engine(&name.model)?
                } else {
                    ("", online(name))
                };
                opened.insert(key, found.clone());
                found
            }
        };
        stations.push(Station {
            // `auto` tells nobody who spoke: records carry the engine's own name.
            name: ModelName {
                provider: name.provider.clone(),
                model: if offline {
                    model.to_owned()
                } else {
                    name.model.clone()
                },
            },
            provider,
            settings: settings.clone(),
        });
    }
    Ok(stations)
}

/// Which of a provider's protocols a model speaks, where there are several for one job.
fn protocol(name: &ModelName) -> &'static str {
    if flux::is_flux(&name.model) {
        "flux"
    } else {
        ""
    }
}

fn listens(access: &ProviderAccess, name: &ModelName) -> Arc<dyn SpeechToText> {
    let access = access_to(access, name);
    match name.provider.as_str() {
        "deepgram" if flux::is_flux(&name.model) => Arc::new(DeepgramFlux::new(
            address(access, DeepgramFlux::BASE_URL),
            key(access),
        )),
        "deepgram" => Arc::new(Deepgram::new(
            address(access, Deepgram::BASE_URL),
            key(access),
        )),
        _ => Arc::new(OpenAiTranscription::new(
            address(access, OpenAiTranscription::BASE_URL),
            access.key.clone(),
        )),
    }
}

fn thinks(access: &ProviderAccess, name: &ModelName) -> Arc<dyn LanguageModel> {
    let access = access_to(access, name);
    match name.provider.as_str() {
        "anthropic" => Arc::new(Anthropic::new(
            address(access, Anthropic::BASE_URL),
            access.key.clone(),
        )),
        _ => {
            let address = address(access, OpenAi::BASE_URL);
            let profile = Profile::of(&address);
            let key = access.key.clone();
            Arc::new(OpenAi::new(address, key, profile))
        }
    }
}

fn talks(access: &ProviderAccess, name: &ModelName) -> Arc<dyn SpeechToSpeech> {
    let access = access_to(access, name);
    let address = address(access, OpenAiRealtime::BASE_URL);
    Arc::new(OpenAiRealtime::new(address, key(access)))
}

fn speaks(access: &ProviderAccess, name: &ModelName, over: SpeakOver) -> Arc<dyn TextToSpeech> {
    let access = access_to(access, name);
    match (name.provider.as_str(), over) {
        ("deepgram", _) => Arc::new(Aura::new(address(access, Aura::BASE_URL), key(access))),
        ("elevenlabs", SpeakOver::Http) => Arc::new(elevenlabs_over_http(access)),
        ("elevenlabs", SpeakOver::Socket) => {
            let address = address(access, ElevenLabs::BASE_URL);
            Arc::new(ElevenLabs::new(address, key(access)))
        }
        _ => Arc::new(OpenAiSpeech::new(
            address(access, OpenAiSpeech::BASE_URL),
            access.key.clone(),
        )),
    }
}

/// ElevenLabs without a socket.
pub(crate) fn elevenlabs_over_http(access: &Access) -> ElevenLabsHttp {
    let address = address(access, ElevenLabsHttp::BASE_URL);
    ElevenLabsHttp::new(address, key(access))
}

/// The access to a model's provider. The configuration names only those that it knows.
fn access_to<'a>(access: &'a ProviderAccess, name: &ModelName) -> &'a Access {
    access
        .named(&name.provider)
        .expect("models of unknown providers are refused when the configuration is read")
}

fn address(access: &Access, usual: &str) -> BaseUrl {
    access.base_url.clone().unwrap_or_else(|| {
        BaseUrl::parse("", usual).expect("the usual addresses are well-formed constants")
    })
}

/// The key; compatible servers next door take any.
fn key(access: &Access) -> Secret {
    access
        .key
        .clone()
        .unwrap_or_else(|| Secret::parse("none").expect("a plain word fits into a header"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Environment};

    #[test]
    fn every_provider_can_be_opened_without_a_network() {
        let keys = ["DEEPGRAM_API_KEY", "ELEVENLABS_API_KEY", "OPENAI_API_KEY"];
        let environment: Environment = keys.map(|name| (name, "k")).into_iter().collect();
        let config = Config::parse("", "", &environment).expect("a configuration");
        let mut stations = Stations::new(&config.providers);
        let agent = stations.agent(&config.tenants[0].agent).expect("an agent");
        assert_eq!(agent.listen[0].name.to_string(), "deepgram/nova-3");
        assert_eq!(agent.think[0].name.to_string(), "openai/gpt-6-luna");
    }

    #[test]
    fn every_job_can_be_done_by_whoever_does_it() {
        let keys = [
            "ANTHROPIC_API_KEY",
            "DEEPGRAM_API_KEY",
            "ELEVENLABS_API_KEY",
            "OPENAI_API_KEY",
        ];
        let environment: Environment = keys.map(|name| (name, "k")).into_iter().collect();
        let file = r#"
[providers.compatible.near]
base_url = "http://127.0.0.1:9"

[agents.desk]
stt = ["deepgram/nova-3", "deepgram/flux-general-en", "openai/whisper-1", "near/whisper"]
llm = ["openai/gpt-6-luna", "anthropic/claude-haiku-5-5", "near/llama"]
tts = ["elevenlabs/eleven_flash_v2_5", "deepgram/aura-2-thalia-en", "openai/tts-1", "near/kokoro"]
realtime = ["openai/gpt-realtime-2.1", "near/talker"]
"#;
        let config = Config::parse("", file, &environment).expect("a configuration");
        let agent = Stations::new(&config.providers).agent(&config.tenants[0].agent);
        let agent = agent.expect("an agent");
        let finalizes = agent
            .listen
            .iter()
            .map(|at| at.provider.capabilities().finalizes);
        assert_eq!(finalizes.collect::<Vec<_>>(), [true, false, true, true]);
        let others = (agent.think.len(), agent.speak.len(), agent.talk.len());
        assert_eq!(others, (3, 4, 2));
    }

    #[test]
    fn an_engine_goes_by_its_own_name() {
        let config = Config::parse("", "", &Environment::default()).expect("a configuration");
        let mut stations = Stations::new(&config.providers);
        let agent = stations.agent(&config.tenants[0].agent).expect("an agent");
        assert_ne!(agent.listen[0].name.model, engines::AUTO);
        assert_eq!(agent.think[0].name.to_string(), "offline/script");
    }
}
