use serde::Serialize;

use crate::tts::Voice;

/// How a voice sounds; what is not set is the provider's own.
#[derive(Default, PartialEq, Serialize)]
pub(super) struct VoiceSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    stability: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    similarity_boost: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    use_speaker_boost: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speed: Option<f32>,
}

impl VoiceSettings {
    /// What is set, if anything is.
    pub(super) fn of(voice: &Voice) -> Option<Self> {
        let settings = if is_expressive(&voice.model) {
            Self {
                stability: voice.stability,
                ..Self::default()
            }
        } else {
            Self {
                stability: voice.stability,
                similarity_boost: voice.similarity_boost,
                style: voice.style,
                use_speaker_boost: voice.use_speaker_boost,
                speed: voice.speed,
            }
        };
        (settings != Self::default()).then_some(settings)
    }
}

/// The language that a model is told. Other models refuse to be told any, and know it by the text.
pub(super) fn language(voice: &Voice) -> Option<&str> {
    let takes_one = voice.model.ends_with("_v2_5") || is_expressive(&voice.model);
    takes_one.then(|| voice.language.primary())
}

/// The third generation of models and later: of the settings they take stability alone, and they
/// refuse to be told what was said before.
pub(super) fn is_expressive(model: &str) -> bool {
    model.starts_with("eleven_v")
}
