//! Which engines do the work of providers on a machine without keys.

use std::sync::Arc;

use anyhow::Context;
use providers::{
    llm::LanguageModel,
    offline::{self, FliteVoice, Pace, PhraseEars, PhraseVoice, SphinxEars},
    stt::SpeechToText,
    tts::TextToSpeech,
};

/// The best that is installed, whatever it is.
pub(crate) const AUTO: &str = "auto";

/// The engines of each job, by the names that a configuration uses.
pub(crate) const LISTEN: [&str; 3] = [AUTO, "phrases", "sphinx"];
/// Models of language.
pub(crate) const THINK: [&str; 2] = [AUTO, "script"];
/// Voices.
pub(crate) const SPEAK: [&str; 3] = [AUTO, "flite", "recorded"];

/// An engine, and what it is called.
pub(crate) type Found<P> = (&'static str, Arc<P>);

/// Opens the recogniser `name`.
///
/// # Errors
/// When its library is not installed; says which command installs it.
pub(crate) fn listen(name: &str) -> anyhow::Result<Found<dyn SpeechToText>> {
    let sphinx = || SphinxEars::open().map(|ears| ("sphinx", Arc::new(ears) as Arc<_>));
    let phrases = || ("phrases", Arc::new(PhraseEars::new()) as Arc<_>);
    match name {
        "phrases" => Ok(phrases()),
        "sphinx" => sphinx().context("offline/sphinx"),
        _ => Ok(sphinx().unwrap_or_else(|_missing| phrases())),
    }
}

/// Opens the script.
pub(crate) fn think() -> Found<dyn LanguageModel> {
    ("script", offline::script(Pace::default()))
}

/// Opens the voice `name`.
///
/// # Errors
/// When its library is not installed; says which command installs it.
pub(crate) fn speak(name: &str) -> anyhow::Result<Found<dyn TextToSpeech>> {
    let flite = || FliteVoice::open().map(|voice| ("flite", Arc::new(voice) as Arc<_>));
    let recorded = || ("recorded", Arc::new(PhraseVoice::new()) as Arc<_>);
    match name {
        "flite" => flite().context("offline/flite"),
        "recorded" => Ok(recorded()),
        _ => Ok(flite().unwrap_or_else(|_missing| recorded())),
    }
}
