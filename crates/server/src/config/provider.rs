use super::{Secret, meaning::Meaning, raw};

/// Where one provider is, and with which key.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Access {
    /// The key. Absent for servers next door that want none.
    pub key: Option<Secret>,
    /// Where it is, if not at its usual place.
    pub base_url: Option<String>,
}

impl Access {
    /// Whether enough is known to use it.
    #[must_use]
    pub fn usable(&self) -> bool {
        self.key.is_some() || self.base_url.is_some()
    }
}

/// Where each provider is.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
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

    /// What steps in when nothing else is configured.
    pub(crate) const fn offline(self) -> &'static str {
        match self {
            Self::Listen => "offline/recogniser",
            Self::Speak => "offline/voice",
            Self::Think => "offline/script",
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
            let variable = name.to_ascii_uppercase();
            let key = meaning.text(raw.api_key.as_ref(), &[&format!("{variable}_API_KEY")]);
            let url = meaning.text(raw.base_url.as_ref(), &[&format!("{variable}_BASE_URL")]);
            Access {
                key: key.map(|key| Secret::new(key.trim().to_owned())),
                base_url: meaning.base_url(&format!("providers.{name}.base_url"), url),
            }
        };
        Self {
            deepgram: access("deepgram", &raw.deepgram),
            elevenlabs: access("elevenlabs", &raw.elevenlabs),
            openai: access("openai", &raw.openai),
        }
    }
}
