use std::fmt;

use domain::ModelName;
use providers::tts::Voice;
use ring::digest::{Context, SHA256};

/// Everything that changes how a line sounds, as one number.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Key([u8; 32]);

/// How the audio is written: a cache of one version must not be played by another.
const FORMAT: &str = "mulaw/8000/1";

impl Key {
    pub(super) fn of(model: &ModelName, voice: &Voice, text: &str) -> Self {
        let Voice {
            model: provider_model,
            voice,
            language,
            stability,
            similarity_boost,
            style,
            speed,
            use_speaker_boost,
            // How the provider cuts and carries text is not how it sounds.
            chunk_length_schedule: _,
            multi_context: _,
        } = voice;
        let mut sum = Sum(Context::new(&SHA256));
        sum.text(FORMAT);
        sum.text(&model.to_string());
        sum.text(provider_model);
        sum.text(voice);
        sum.text(language.tag());
        for number in [stability, similarity_boost, style, speed] {
            sum.text(&format!("{number:?}"));
        }
        sum.text(&format!("{use_speaker_boost:?}"));
        sum.text(text);
        Self(sum.finish())
    }
}

/// The digest of any bytes.
pub(super) fn digest(bytes: &[u8]) -> [u8; 32] {
    let mut sum = Sum(Context::new(&SHA256));
    sum.0.update(bytes);
    sum.finish()
}

struct Sum(Context);

impl Sum {
    /// The length goes first, so that no two lists of texts run together into one.
    fn text(&mut self, text: &str) {
        self.0.update(&(text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    fn finish(self) -> [u8; 32] {
        let mut sum = [0; 32];
        sum.copy_from_slice(self.0.finish().as_ref());
        sum
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn voice() -> Voice {
        Voice::plain("flash", "anna")
    }

    pub(in super::super) fn model() -> ModelName {
        "elevenlabs/flash".parse().expect("a name")
    }

    #[test]
    fn whatever_changes_the_sound_changes_the_key() {
        let plain = Key::of(&model(), &voice(), "Hello.");
        assert_eq!(plain, Key::of(&model(), &voice(), "Hello."));
        let carried = Voice {
            multi_context: true,
            ..voice()
        };
        assert_eq!(plain, Key::of(&model(), &carried, "Hello."));
        let faster = Voice {
            speed: Some(1.1),
            ..voice()
        };
        let other = Voice {
            voice: "anna2".to_owned(),
            ..voice()
        };
        let others = [
            Key::of(&model(), &voice(), "Hello!"),
            Key::of(&model(), &faster, "Hello."),
            Key::of(&model(), &other, "Hello."),
            Key::of(&"eleven/flash".parse().expect("a name"), &voice(), "Hello."),
        ];
        assert!(others.iter().all(|key| *key != plain));
        assert_eq!(plain.to_string().len(), 64);
    }
}
