//! A model that hears, thinks and speaks, for the rows that are about one.

use std::{sync::Arc, time::Duration};

use domain::Language;
use driver::Station;
use providers::{
    Secret,
    realtime::{OpenAiRealtime, SpeechToSpeech, TalkSettings, TurnDetection, openai::Deadlines},
};

use super::{Post, base, timeline};
use crate::{
    chaos::{
        Set,
        code::{CodedEar, CodedVoice},
    },
    fakes::{Brain, FakeRealtime, RealtimeSettings},
};

/// How it is.
pub(in crate::chaos) struct Talker {
    pub(in crate::chaos) brain: Arc<dyn Brain>,
    /// How long its sessions may last.
    pub(in crate::chaos) lasts: Duration,
    /// After how long we replace one.
    pub(in crate::chaos) recycle: Duration,
}

pub(super) async fn talker(talker: Talker) -> anyhow::Result<Post<FakeRealtime>> {
    let (timeline, moments) = timeline();
    let fake = FakeRealtime::start(RealtimeSettings {
        ear: Arc::new(|| Box::new(CodedEar::default())),
        brain: talker.brain,
        longest: talker.lasts,
        voice: Arc::new(CodedVoice::default()),
        first_audio: crate::Delay::fixed_ms(300),
        timeline: Some(timeline),
        ..RealtimeSettings::default()
    });
    let fake = fake.await?;
    let address = fake.address();
    Post::of(fake, address, moments).await
}

pub(super) fn talk(
    talkers: &[Post<FakeRealtime>],
    recycle: Option<Duration>,
) -> anyhow::Result<Vec<Station<dyn SpeechToSpeech, Arc<TalkSettings>>>> {
    let settings = Arc::new(TalkSettings {
        model: "gpt-realtime-2.1".to_owned(),
        voice: "marin".to_owned(),
        language: Language::default(),
        transcription_model: None,
        turns: TurnDetection::Ours,
        max_output_tokens: None,
        tools: Vec::new(),
    });
    let station = |(place, post)| -> anyhow::Result<_> {
        let key = Secret::parse(&RealtimeSettings::default().key)?;
        let usual = Deadlines::default();
        let deadlines = Deadlines {
            recycle: recycle.unwrap_or(usual.recycle),
            ..usual
        };
        let talker = OpenAiRealtime::new(base(post, Set::Nova)?, key).with_deadlines(deadlines);
        Ok(Station {
            name: format!("talker{place}/gpt-realtime-2.1").parse()?,
            provider: Arc::new(talker) as Arc<dyn SpeechToSpeech>,
            settings: Arc::clone(&settings),
        })
    };
    talkers.iter().enumerate().map(station).collect()
}
