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
    /// Whether enough is known to use it.
    #[must_use]
    pub fn usable(&self) -> bool {
        self.key.is_some() || self.base_url.is_some()
    }
}

/// Where each provider is.
#[derive(Clone, Debug, Default)]
pub struct ProviderAccess {
    /// Speech to text.
    pub deepgram: Access,
    /// Text to speech.
    pub elevenlabs: Access,
    /// Language models.
    pub openai: Access,
}

/// One of the things that an agent needs someone for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Job {
    Listen,
    Speak,
    Think,
}

impl Job {
    /// Its section in an agent.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Listen => "stt",
            Self::Speak => "tts",
            Self::Think => "llm",
        }
    }

    /// What it is, in a sentence.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Listen => "speech recognition",
            Self::Speak => "speech synthesis",
            Self::Think => "the language model",
        }
    }

    /// Who does it unless the agent says otherwise.
    pub(crate) const fn usual(self) -> &'static str {
        match self {
            Self::Listen => "deepgram",
            Self::Speak => "elevenlabs",
            Self::Think => "openai",
        }
    }

    /// The variable that holds the key of the usual provider.
    pub(crate) const fn key_variable(self) -> &'static str {
        match self {
            Self::Listen => "DEEPGRAM_API_KEY",
            Self::Speak => "ELEVENLABS_API_KEY",
            Self::Think => "OPENAI_API_KEY",
        }
    }

    /// The engines that work offline.
    pub(crate) const fn engines(self) -> &'static [&'static str] {
        match self {
            Self::Listen => &engines::LISTEN,
            Self::Speak => &engines::SPEAK,
            Self::Think => &engines::THINK,
        }
    }
}

impl ProviderAccess {
    /// The access to the usual provider of a job.
    pub(crate) const fn of(&self, job: Job) -> &Access {
        match job {
            Job::Listen => &self.deepgram,
            Job::Speak => &self.elevenlabs,
            Job::Think => &self.openai,
        }
    }

    pub(crate) fn read(raw: &raw::Providers, meaning: &mut Meaning<'_>) -> Self {
        let mut access = |name: &str, raw: &raw::Provider| {
            let in_capitals = name.to_ascii_uppercase();
            let (key_name, key) = meaning.named_text(
                &format!("providers.{name}.api_key"),
                raw.api_key.as_ref(),
                &format!("{in_capitals}_API_KEY"),
            );
            let (url_name, url) = meaning.named_text(
                &format!("providers.{name}.base_url"),
                raw.base_url.as_ref(),
                &format!("{in_capitals}_BASE_URL"),
            );
            Access {
                key: key.and_then(|key| meaning.ok(&key_name, Secret::parse(&key))),
                base_url: url.and_then(|url| {
                    // The error begins with the name it is given; ours come with a place.
                    let read = BaseUrl::parse("", &url);
                    let told = read.map_err(|error| error.to_string().split_off(": ".len()));
                    meaning.ok(&url_name, told)
                }),
            }
        };
        Self {
            deepgram: access("deepgram", &raw.deepgram),
            elevenlabs: access("elevenlabs", &raw.elevenlabs),
            openai: access("openai", &raw.openai),
        }
    }
}
