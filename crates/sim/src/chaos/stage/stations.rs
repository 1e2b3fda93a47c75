//! The agent's lists of providers, each reached through its proxy.

use std::sync::Arc;

use domain::{Language, Millis};
use driver::Station;
use providers::{
    BaseUrl, HttpClient, Secret,
    llm::{
        LanguageModel, ModelSettings,
        openai::{OpenAi, Profile},
    },
    stt::{Deepgram, Listen, SpeechToText},
    tts::{ElevenLabs, TextToSpeech, Voice},
};

use super::Post;
use crate::fakes::{
    DeepgramSettings, ElevenLabsSettings, FakeDeepgram, FakeElevenLabs, FakeOpenAi, OpenAiSettings,
};

pub(super) fn base<F>(post: &Post<F>) -> anyhow::Result<BaseUrl> {
    Ok(BaseUrl::parse(
        "",
        &format!("http://{}", post.proxy.address()),
    )?)
}

pub(super) fn listen(
    ears: &[Post<FakeDeepgram>; 2],
    name: &str,
) -> anyhow::Result<Vec<Station<dyn SpeechToText, Listen>>> {
    let settings = Listen {
        model: "nova-3".to_owned(),
        language: Language::default(),
        keyterms: Vec::new(),
        endpointing: Millis(300),
        utterance_end: Millis(1_000),
        smart_format: true,
        filler_words: true,
    };
    let station = |(place, post)| -> anyhow::Result<_> {
        let key = Secret::parse(&DeepgramSettings::default().key)?;
        Ok(Station {
            name: format!("ears{place}/{name}").parse()?,
            provider: Arc::new(Deepgram::new(base(post)?, key)) as Arc<dyn SpeechToText>,
            settings: settings.clone(),
        })
    };
    ears.iter().enumerate().map(station).collect()
}

pub(super) fn think(
    models: &[Post<FakeOpenAi>; 2],
    name: &str,
) -> anyhow::Result<Vec<Station<dyn LanguageModel, Arc<ModelSettings>>>> {
    let settings = Arc::new(ModelSettings {
        model: "gpt-4o-mini".to_owned(),
        max_tokens: 300,
        temperature: None,
        presence_penalty: None,
        frequency_penalty: None,
        reasoning_effort: None,
        tools: Vec::new(),
    });
    let station = |(place, post)| -> anyhow::Result<_> {
        let key = Secret::parse(&OpenAiSettings::default().key)?;
        let base = base(post)?;
        let profile = Profile::of(&base);
        let model = OpenAi::new(base, Some(key), HttpClient::new(), profile);
        Ok(Station {
            name: format!("model{place}/{name}").parse()?,
            provider: Arc::new(model) as Arc<dyn LanguageModel>,
            settings: Arc::clone(&settings),
        })
    };
    models.iter().enumerate().map(station).collect()
}

pub(super) fn speak(
    voices: &[Post<FakeElevenLabs>; 2],
    name: &str,
) -> anyhow::Result<Vec<Station<dyn TextToSpeech, Voice>>> {
    let settings = Voice {
        model: "eleven_flash_v2_5".to_owned(),
        voice: "v".to_owned(),
        language: Language::default(),
        stability: None,
        similarity_boost: None,
        style: None,
        speed: None,
        use_speaker_boost: None,
        chunk_length_schedule: Vec::new(),
        multi_context: false,
    };
    let station = |(place, post)| -> anyhow::Result<_> {
        let key = Secret::parse(&ElevenLabsSettings::default().key)?;
        Ok(Station {
            name: format!("voice{place}/{name}").parse()?,
            provider: Arc::new(ElevenLabs::new(base(post)?, key)) as Arc<dyn TextToSpeech>,
            settings: settings.clone(),
        })
    };
    voices.iter().enumerate().map(station).collect()
}
