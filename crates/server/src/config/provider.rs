use std::collections::BTreeMap;

use domain::Language;
use providers::{BaseUrl, Secret};

use super::{meaning::Meaning, raw};
use crate::engines;

/// Where one provider is, and with which key.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The key. Absent for servers next door that want none.
    pub key: Option<Secret>,
    /// Where it is, if not at its usual place.
    pub base_url: Option<BaseUrl>,
}

impl Access {
    /// Whether it is used with a key at its usual place.
    pub(crate) fn is_usual(&self) -> bool {
        self.key.is_some() && self.base_url.is_none()
    }

    /// Whether enough is known to use it.
    #[must_use]
    pub fn usable(&self) -> bool {
        self.key.is_some() || self.base_url.is_some()
    }
}

/// Where each provider is.
#[derive(Clone, Debug, Default)]
pub struct ProviderAccess {
    /// Language models.
    pub anthropic: Access,
    /// Speech to text and text to speech.
    pub deepgram: Access,
    /// Text to speech.
    pub elevenlabs: Access,
    /// Everything.
    pub openai: Access,
    /// Servers that speak OpenAI's language, by the operator's names for them.
    pub compatible: BTreeMap<String, Access>,
}

/// One of the things that an agent needs someone for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Job {
    Listen,
    Speak,
    Talk,
    Think,
}

impl Job {
    /// Its section in an agent.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Listen => "stt",
            Self::Speak => "tts",
            Self::Talk => "realtime",
            Self::Think => "llm",
        }
    }

    /// What it is, in a sentence.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Listen => "speech recognition",
            Self::Speak => "speech synthesis",
            Self::Talk => "speech to speech",
            Self::Think => "the language model",
        }
    }

    /// Who does it, in the order in which they are taken unless the agent says otherwise.
    pub(crate) const fn providers(self) -> &'static [&'static str] {
        match self {
            Self::Listen => &["deepgram", "openai"],
            Self::Speak => &["elevenlabs", "deepgram", "openai"],
            Self::Talk => &["openai"],
            Self::Think => &["openai", "anthropic"],
        }
    }

    /// The model of a provider that is taken unless the agent names one. `None`: it has none for
    /// this language.
    pub(crate) fn usual_model(self, provider: &str, language: &Language) -> Option<&'static str> {
        Some(match (self, provider) {
            (Self::Listen, "deepgram") => "nova-3",
            (Self::Listen, _) => "gpt-transcribe",
            (Self::Speak, "deepgram") => match language.primary() {
                "en" => "aura-2-thalia-en",
                "es" => "aura-2-celeste-es",
                _ => return None,
            },
            (Self::Speak, "elevenlabs") => "eleven_flash_v2_5",
            (Self::Speak, _) => "gpt-4o-mini-tts",
            (Self::Talk, _) => return None,
            (Self::Think, "anthropic") => "claude-haiku-5-5",
            (Self::Think, _) => "gpt-6-luna",
        })
    }

    /// The engines that work offline.
    pub(crate) const fn engines(self) -> &'static [&'static str] {
        match self {
            Self::Listen => &engines::LISTEN,
            Self::Speak => &engines::SPEAK,
            Self::Talk => &[],
            Self::Think => &engines::THINK,
        }
    }
}

/// The variable that holds a provider's key.
pub(crate) fn key_variable(provider: &str) -> String {
    format!("{}_API_KEY", provider.to_ascii_uppercase())
}

impl ProviderAccess {
    /// The access to the provider of this name, if there is one.
    pub(crate) fn named(&self, provider: &str) -> Option<&Access> {
        match provider {
            "anthropic" => Some(&self.anthropic),
            "deepgram" => Some(&self.deepgram),
            "elevenlabs" => Some(&self.elevenlabs),
            "openai" => Some(&self.openai),
            other => self.compatible.get(other),
        }
    }

    /// Why a compatible server cannot have this name.
    fn bad_name(&self, name: &str) -> Option<String> {
        if name.is_empty() || name.contains('/') {
            let rule = "has no `/` and is not empty: it stands before the `/` of its models";
            return Some(format!("a name {rule}"));
        }
        if name == "offline" {
            let message = "`offline` are the engines of this machine: choose another name";
            return Some(message.to_owned());
        }
        let message = format!("`{name}` is set up in [providers.{name}]: choose another name");
        self.named(name).map(|_| message)
    }

    pub(crate) fn read(raw: &raw::Providers, meaning: &mut Meaning<'_>) -> Self {
        let mut access = |name: &str, raw: &raw::Provider| {
            let in_capitals = name.to_ascii_uppercase();
            let (key, url) = (key_variable(name), format!("{in_capitals}_BASE_URL"));
            read_access(&format!("providers.{name}"), raw, [&key, &url], meaning)
        };
        let mut all = Self {
            anthropic: access("anthropic", &raw.anthropic),
            deepgram: access("deepgram", &raw.deepgram),
            elevenlabs: access("elevenlabs", &raw.elevenlabs),
            openai: access("openai", &raw.openai),
            compatible: BTreeMap::new(),
        };
        for (name, raw) in &raw.compatible {
            let key = format!("providers.compatible.{name}");
            if let Some(problem) = all.bad_name(name) {
                meaning.problem(&key, problem);
                continue;
            }
            if raw.base_url.is_none() {
                meaning.problem(&key, "needs a base_url");
            }
            let access = read_access(&key, raw, ["", ""], meaning);
            all.compatible.insert(name.clone(), access);
        }
        all
    }
}

/// What is known of a provider: the file counts, then these variables.
fn read_access(
    at: &str,
    raw: &raw::Provider,
    [key_variable, url_variable]: [&str; 2],
    meaning: &mut Meaning<'_>,
) -> Access {
    let key_key = format!("{at}.api_key");
    let (key_name, key) = meaning.named_text(&key_key, raw.api_key.as_ref(), key_variable);
    let url_key = format!("{at}.base_url");
    let (url_name, url) = meaning.named_text(&url_key, raw.base_url.as_ref(), url_variable);
    Access {
        key: key.and_then(|key| meaning.ok(&key_name, Secret::parse(&key))),
        base_url: url.and_then(|url| {
            // The error begins with the name it is given; ours come with a place.
            let read = BaseUrl::parse("", &url);
            let told = read.map_err(|error| error.to_string().split_off(": ".len()));
            meaning.ok(&url_name, told)
        }),
    }
}
