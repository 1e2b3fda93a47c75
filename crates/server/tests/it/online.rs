//! Variables alone, and providers as they speak on the wire.

use std::{sync::Arc, time::Duration};

use domain::EndReason;
use server::{
    Options, Running,
    config::{Config, Environment},
};
use sim::{
    Delay,
    caller::{Phrasebook, Script},
    carrier::{CallEnd, CallPlan, Carrier, Settings},
    fakes::{
        DeepgramSettings, Desk, ElevenLabsSettings, FakeDeepgram, FakeElevenLabs, FakeOpenAi,
        Manner, OpenAiSettings,
    },
};
use store::{CallFilter, Memory, Store};

use crate::app::TOKEN;

struct Providers {
    deepgram: FakeDeepgram,
    elevenlabs: FakeElevenLabs,
    openai: FakeOpenAi,
}

impl Providers {
    async fn start() -> Self {
        let quick = Delay::fixed_ms(20);
        let script = Arc::new(providers::offline::Script::demo());
        let deepgram = DeepgramSettings {
            manner: Manner::default().lagging(quick).for_all(),
            ..DeepgramSettings::default()
        };
        let elevenlabs = ElevenLabsSettings {
            first_audio: quick,
            ..ElevenLabsSettings::default()
        };
        let openai = OpenAiSettings {
            brain: Arc::new(Desk::new(script)),
            first_token: quick,
            ..OpenAiSettings::default()
        };
        Self {
            deepgram: FakeDeepgram::start(deepgram).await.expect("a fake"),
            elevenlabs: FakeElevenLabs::start(elevenlabs).await.expect("a fake"),
            openai: FakeOpenAi::start(openai).await.expect("a fake"),
        }
    }

    fn environment(&self) -> Environment {
        [
            ("TWILIO_AUTH_TOKEN", TOKEN.to_owned()),
            ("DEEPGRAM_API_KEY", "deepgram-test-key".to_owned()),
            ("DEEPGRAM_BASE_URL", self.deepgram.base_url()),
            ("OPENAI_API_KEY", "openai-test-key".to_owned()),
            ("OPENAI_BASE_URL", self.openai.base_url()),
            ("ELEVENLABS_API_KEY", "elevenlabs-test-key".to_owned()),
            ("ELEVENLABS_BASE_URL", self.elevenlabs.base_url()),
            ("COMPANY_NAME", "Harbour Table".to_owned()),
        ]
        .into_iter()
        .collect()
    }

    fn violations(&self) -> Vec<sim::fakes::Violation> {
        let mut all = self.deepgram.violations();
        all.extend(self.elevenlabs.violations());
        all.extend(self.openai.violations());
        all
    }
}

const CALLER: &str = "wait agent\nsay book\nwait agent\nsay party\nwait agent\nhang up\n";

#[tokio::test(flavor = "multi_thread")]
async fn variables_alone_hold_a_conversation_on_both_paths() {
    drop(crate::app::client());
    let providers = Providers::start().await;
    let mut config = Config::parse("", "", &providers.environment()).expect("a configuration");
    config.listen = ([127, 0, 0, 1], 0).into();
    assert_eq!(config.warnings, Vec::<String>::new());
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    let options = Options {
        store: Some(Arc::clone(&store)),
        ..Options::default()
    };
    let running = Running::start(config, options).await.expect("a server");
    let book = Arc::new(Phrasebook::recorded());
    let url = format!("http://{}", running.address());
    let carrier = Carrier::new(Settings::local(&url, Some(TOKEN.to_owned()))).expect("a carrier");
    let call = |webhook: &str, seed| {
        let script = Script::parse(CALLER, &book).expect("a script");
        carrier.place_call(CallPlan {
            webhook: webhook.to_owned(),
            limit: Duration::from_secs(60),
            seed,
            ..CallPlan::by(script)
        })
    };
    for report in <[_; 2]>::from(tokio::join!(call("/twiml", 1), call("/voice/incoming", 2))) {
        assert_eq!(report.end, CallEnd::CallerHungUp);
        assert_eq!(report.violations, Vec::<String>::new());
        assert_eq!(report.gave_up, 0, "every question was answered");
    }
    running.stop(std::future::pending()).await;
    assert_eq!(providers.violations(), []);
    let calls = store
        .calls(&CallFilter {
            tenant: None,
            limit: 10,
            ..CallFilter::default()
        })
        .await
        .expect("calls");
    assert_eq!(calls.len(), 2);
    for call in calls {
        assert_eq!(
            call.ended.map(|ended| ended.reason),
            Some(EndReason::CallerHungUp)
        );
        let whole = store
            .call(call.begun.id)
            .await
            .expect("a store")
            .expect("a call");
        let turns = whole.turns;
        assert_eq!(turns.len(), 3, "{turns:?}");
        assert_eq!(turns[1].caller, "Hi, I would like to book a table.");
        let names: Vec<_> = turns[1].providers.iter().map(ToString::to_string).collect();
        assert!(names.contains(&"deepgram/nova-3".to_owned()), "{names:?}");
    }
}
