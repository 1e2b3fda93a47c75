use std::sync::Arc;

use super::{FliteVoice, Pace, PhraseEars, PhraseVoice, Script, Scripted, SphinxEars};
use crate::{llm::LanguageModel, stt::SpeechToText, tts::TextToSpeech};

/// Which engine does a job, and how well.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EngineStatus {
    /// What it does: `listen`, `think` or `speak`.
    pub job: &'static str,
    /// Its name, as in a configuration.
    pub name: &'static str,
    /// What to expect of it, in one line.
    pub quality: &'static str,
    /// The command that installs a better one.
    pub install: Option<&'static str>,
}

/// The engines that [`voice`], [`ears`] and [`script`] choose on this machine.
#[must_use]
pub fn describe() -> Vec<EngineStatus> {
    let listen = match SphinxEars::open() {
        Ok(_) => EngineStatus {
            job: "listen",
            name: "offline/sphinx",
            quality: "pocketsphinx: near-exact on the agent's phrases, many errors on anything else",
            install: None,
        },
        Err(missing) => EngineStatus {
            job: "listen",
            name: "offline/phrases",
            quality: "built in: knows the simulated caller's recordings, is deaf to real speech",
            install: Some(missing.install),
        },
    };
    let think = EngineStatus {
        job: "think",
        name: "offline/script",
        quality: "a script: books a table and answers a few questions, understands nothing else",
        install: None,
    };
    let speak = match FliteVoice::open() {
        Ok(_) => EngineStatus {
            job: "speak",
            name: "offline/flite",
            quality: "flite: says anything in English, clear but robotic",
            install: None,
        },
        Err(missing) => EngineStatus {
            job: "speak",
            name: "offline/recorded",
            quality: "built in: says the demo agent's recorded lines, hums other words",
            install: Some(missing.install),
        },
    };
    vec![listen, think, speak]
}

/// The best voice of this machine: flite, else the recorded lines.
#[must_use]
pub fn voice() -> Arc<dyn TextToSpeech> {
    match FliteVoice::open() {
        Ok(flite) => Arc::new(flite),
        Err(_missing) => Arc::new(PhraseVoice::new()),
    }
}

/// The best recogniser of this machine: pocketsphinx, else the one that knows the recordings.
///
/// A simulated call with recorded phrases is better served by [`PhraseEars`] in any case.
#[must_use]
pub fn ears() -> Arc<dyn SpeechToText> {
    match SphinxEars::open() {
        Ok(sphinx) => Arc::new(sphinx),
        Err(_missing) => Arc::new(PhraseEars::new()),
    }
}

/// The demo's desk in the place of a model.
#[must_use]
pub fn script(pace: Pace) -> Arc<dyn LanguageModel> {
    Arc::new(Scripted::new(Arc::new(Script::demo()), pace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_named_with_what_would_be_better() {
        let engines = describe();
        let jobs: Vec<_> = engines.iter().map(|engine| engine.job).collect();
        assert_eq!(jobs, ["listen", "think", "speak"]);
        for engine in engines {
            let built_in = engine.quality.starts_with("built in");
            assert_eq!(built_in, engine.install.is_some(), "{}", engine.name);
        }
    }
}
