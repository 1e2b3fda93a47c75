use domain::Language;
use futures_util::future::BoxFuture;
use providers::{
    ProviderError,
    realtime::{FromSpeaker, SpeechToSpeech, Talk, TalkSettings, ToSpeaker, TurnDetection},
};

use super::*;
use crate::agent::Station;

/// Listens until nobody gives it orders.
struct Patient;

impl SpeechToSpeech for Patient {
    fn talk(
        &self,
        _talk: Talk,
        mut orders: mpsc::Receiver<ToSpeaker>,
        _told: mpsc::Sender<FromSpeaker>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        Box::pin(async move {
            while orders.recv().await.is_some() {}
            Ok(())
        })
    }
}

/// An agent that talks, and does nothing else.
fn agent() -> Arc<Agent> {
    let settings = TalkSettings {
        model: "model".to_owned(),
        voice: "v".to_owned(),
        language: Language::default(),
        transcription_model: None,
        turns: TurnDetection::Ours,
        max_output_tokens: None,
        tools: Vec::new(),
    };
    Arc::new(Agent {
        id: "anna".parse().expect("a name"),
        rules: Arc::new(Rules::defaults(&Language::default())),
        listen: Vec::new(),
        think: Vec::new(),
        speak: Vec::new(),
        talk: vec![Station {
            name: "talker/it".parse().expect("a name"),
            provider: Arc::new(Patient),
            settings: Arc::new(settings),
        }],
        ear: audio::HearingSettings::default(),
        carrier: "carrier/line".parse().expect("a name"),
        prices: Arc::default(),
        apology: None,
        remembers_calls: 0,
        budget_per_day: None,
    })
}

#[tokio::test(start_paused = true)]
async fn remembering_keeps_no_talker_whose_call_is_over() {
    let mut prepared = Prepared::open(&agent(), &Commons::for_tests(), Arc::default());
    prepared.recall(std::future::pending());
    tokio::task::yield_now().await;
    prepared.talker = None;
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
    let over = prepared.talks_in.try_join_next();
    assert!(over.is_some(), "it may send its last bill");
}
