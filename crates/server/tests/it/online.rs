//! Variables alone, and providers as they speak on the wire.

use std::{sync::Arc, time::Duration};

use domain::EndReason;
use futures_util::future::join_all;
use server::{
    Options, Running,
    config::{Config, Environment},
};
use sim::{
    Delay,
    caller::{Phrasebook, Script},
    carrier::{CallEnd, CallPlan, Carrier, Settings},
    fakes::{
        AnthropicSettings, DeepgramSettings, Desk, ElevenLabsSettings, FakeAnthropic, FakeDeepgram,
        FakeElevenLabs, FakeOpenAi, Manner, OpenAiSettings,
    },
};
use store::{CallFilter, Memory, Store, WholeCall};

use crate::app::TOKEN;

struct Providers {
    anthropic: FakeAnthropic,
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
            brain: Arc::new(Desk::new(Arc::clone(&script))),
            first_token: quick,
            ..OpenAiSettings::default()
        };
        let anthropic = AnthropicSettings {
            brain: Arc::new(Desk::new(script)),
            first_token: quick,
            ..AnthropicSettings::default()
        };
        Self {
            anthropic: FakeAnthropic::start(anthropic).await.expect("a fake"),
            deepgram: FakeDeepgram::start(deepgram).await.expect("a fake"),
            elevenlabs: FakeElevenLabs::start(elevenlabs).await.expect("a fake"),
            openai: FakeOpenAi::start(openai).await.expect("a fake"),
        }
    }

    fn environment(&self) -> Environment {
        [
            ("TWILIO_AUTH_TOKEN", TOKEN.to_owned()),
            ("ANTHROPIC_API_KEY", AnthropicSettings::default().key),
            ("ANTHROPIC_BASE_URL", self.anthropic.base_url()),
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
        all.extend(self.openai.speech().violations());
        all.extend(self.openai.transcription().violations());
        all.extend(self.anthropic.violations());
        all
    }
}

const CALLER: &str = "wait agent\nsay book\nwait agent\nsay party\nwait agent\nhang up\n";

impl Providers {
    /// Has the conversation on each of these paths, with such a configuration; what was kept.
    async fn conversations(&self, file: &str, paths: &[&str]) -> Vec<WholeCall> {
        let store: Arc<dyn Store> = Arc::new(Memory::default());
        self.with_store(file, paths, &store).await
    }

    /// The same, kept with what is in this store already.
    async fn with_store(
        &self,
        file: &str,
        paths: &[&str],
        store: &Arc<dyn Store>,
    ) -> Vec<WholeCall> {
        drop(crate::app::client());
        let mut config = Config::parse("", file, &self.environment()).expect("a configuration");
        config.listen = ([127, 0, 0, 1], 0).into();
        let options = Options {
            store: Some(Arc::clone(store)),
            ..Options::default()
        };
        let running = Running::start(config, options).await.expect("a server");
        let book = Arc::new(Phrasebook::recorded());
        let url = format!("http://{}", running.address());
        let carrier = Carrier::new(Settings::local(&url, Some(TOKEN.to_owned())));
        let carrier = carrier.expect("a carrier");
        let calls = paths.iter().zip(1..).map(|(webhook, seed)| {
            let script = Script::parse(CALLER, &book).expect("a script");
            carrier.place_call(CallPlan {
                webhook: (*webhook).to_owned(),
                limit: Duration::from_secs(60),
                seed,
                ..CallPlan::by(script)
            })
        });
        for report in join_all(calls).await {
            assert_eq!(report.end, CallEnd::CallerHungUp);
            assert_eq!(report.violations, Vec::<String>::new());
            assert_eq!(report.gave_up, 0, "every question was answered");
        }
        running.stop(std::future::pending()).await;
        assert_eq!(self.violations(), []);
        whole_calls(&**store).await
    }
}

async fn whole_calls(store: &dyn Store) -> Vec<WholeCall> {
    let filter = CallFilter {
        limit: 10,
        ..CallFilter::default()
    };
    let mut whole = Vec::new();
    for call in store.calls(&filter).await.expect("calls") {
        whole.extend(store.call(call.begun.id).await.expect("a store"));
    }
    whole
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_alone_hold_a_conversation_on_both_paths() {
    let providers = Providers::start().await;
    let config = Config::parse("", "", &providers.environment()).expect("a configuration");
    assert_eq!(config.warnings, Vec::<String>::new());
    let calls = providers
        .conversations("", &["/twiml", "/voice/incoming"])
        .await;
    assert_eq!(calls.len(), 2);
    for WholeCall { call, turns, .. } in calls {
        assert_eq!(
            call.ended.map(|ended| ended.reason),
            Some(EndReason::CallerHungUp)
        );
        assert_eq!(turns.len(), 3, "{turns:?}");
        assert_eq!(turns[1].caller, "Hi, I would like to book a table.");
        let names: Vec<_> = turns[1].providers.iter().map(ToString::to_string).collect();
        assert!(names.contains(&"deepgram/nova-3".to_owned()), "{names:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_remembers_what_a_number_said_before() {
    let providers = Providers::start().await;
    let file = "[agents.desk]\nremembers_calls = 2\n";
    let store: Arc<dyn Store> = Arc::new(Memory::default());
    for call in 0..2 {
        let calls = providers.with_store(file, &["/twiml"], &store).await;
        assert_eq!(calls.len(), call + 1);
    }
    let asked = providers.openai.seen();
    let remembers = |asked: &sim::fakes::Asked| {
        let text = asked.body.to_string();
        text.contains("this is from earlier calls") && text.contains("I would like to book")
    };
    assert!(!remembers(asked.first().expect("a request")));
    assert!(remembers(asked.last().expect("a request")));
}

/// Holds the conversation with one recogniser, one model and one voice; the receipt names all.
async fn holds(set: [&str; 3], more: &str) {
    let providers = Providers::start().await;
    let [stt, llm, tts] = set;
    let compatible = providers.openai.base_url();
    let file = format!(
        "[providers.compatible.near]\nbase_url = \"{compatible}\"\n\
         api_key = \"openai-test-key\"\n[agents.desk]\ncompany_name = \"Harbour Table\"\n\
         stt = [\"{stt}\"]\nllm = [\"{llm}\"]\ntts = [\"{tts}\"]\n{more}"
    );
    let calls = providers.conversations(&file, &["/twiml"]).await;
    let WholeCall { turns, receipt, .. } = &calls[0];
    assert_eq!(turns.len(), 3, "{turns:?}");
    assert_eq!(turns[1].caller, "Hi, I would like to book a table.");
    assert!(
        turns[2].caller.starts_with("For four"),
        "{}",
        turns[2].caller
    );
    for name in set {
        let paid = receipt.0.iter().any(|line| line.payee.to_string() == name);
        assert!(paid, "{name} is not on the receipt: {receipt:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flux_claude_and_openais_voice_hold_a_conversation() {
    let set = [
        "deepgram/flux-general-en",
        "anthropic/claude-haiku-5-5",
        "openai/tts-1-hd",
    ];
    holds(set, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whisper_in_batches_holds_a_conversation() {
    let set = [
        "openai/whisper-1",
        "openai/gpt-6-luna",
        "elevenlabs/eleven_flash_v2_5",
    ];
    holds(set, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compatible_server_and_aura_hold_a_conversation() {
    let set = ["deepgram/nova-3", "near/llama", "deepgram/aura-2-thalia-en"];
    holds(set, "").await;
}
