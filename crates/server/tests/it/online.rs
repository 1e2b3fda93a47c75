//! Variables alone, and providers as they speak on the wire.

use std::{sync::Arc, time::Duration};

use domain::{EndReason, Item, TurnRecord};
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
        FakeElevenLabs, FakeOpenAi, FakeRealtime, Manner, OpenAiSettings, RealtimeSettings,
        over_http2,
    },
};
use store::{CallFilter, Memory, Store, WholeCall};

use crate::app::{TOKEN, TestApp};

pub(crate) struct Providers {
    anthropic: FakeAnthropic,
    pub(crate) deepgram: FakeDeepgram,
    pub(crate) elevenlabs: FakeElevenLabs,
    openai: FakeOpenAi,
    realtime: FakeRealtime,
    /// What callers do.
    caller: &'static str,
}

impl Providers {
    /// For callers who book a table.
    async fn for_bookings() -> Self {
        Self {
            caller: BOOKING,
            ..Self::start().await
        }
    }

    pub(crate) async fn start() -> Self {
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
        let realtime = RealtimeSettings {
            brain: Arc::new(Desk::new(Arc::clone(&script))),
            first_audio: quick,
            ..RealtimeSettings::default()
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
            realtime: FakeRealtime::start(realtime).await.expect("a fake"),
            caller: CALLER,
        }
    }

    pub(crate) fn environment(&self) -> Environment {
        [
            ("TWILIO_AUTH_TOKEN", TOKEN.to_owned()),
            ("ANTHROPIC_API_KEY", AnthropicSettings::default().key),
            ("ANTHROPIC_BASE_URL", over_http2(&self.anthropic.base_url())),
            ("DEEPGRAM_API_KEY", "deepgram-test-key".to_owned()),
            ("DEEPGRAM_BASE_URL", self.deepgram.base_url()),
            ("OPENAI_API_KEY", "openai-test-key".to_owned()),
            ("OPENAI_BASE_URL", over_http2(&self.openai.base_url())),
            ("ELEVENLABS_API_KEY", "elevenlabs-test-key".to_owned()),
            (
                "ELEVENLABS_BASE_URL",
                over_http2(&self.elevenlabs.base_url()),
            ),
            ("COMPANY_NAME", "Harbour Table".to_owned()),
        ]
        .into_iter()
        .collect()
    }

    pub(crate) fn violations(&self) -> Vec<sim::fakes::Violation> {
        let mut all = self.deepgram.violations();
        all.extend(self.elevenlabs.violations());
        all.extend(self.elevenlabs.clauses().violations());
        all.extend(self.openai.violations());
        all.extend(self.openai.speech().violations());
        all.extend(self.openai.transcription().violations());
        all.extend(self.anthropic.violations());
        all.extend(self.realtime.violations());
        all
    }
}

const CALLER: &str = "wait agent\nsay book\nwait agent\nsay party\nwait agent\nhang up\n";
/// Up to the tool that books the table.
const BOOKING: &str = "wait agent\nsay book\nwait agent\nsay party\nwait agent\nsay when\nwait agent\n\
                       say name\nwait agent\nsay yes\nwait agent\nhang up\n";

impl Providers {
    /// Has the conversation on each of these paths, with such a configuration; what was kept.
    async fn conversations(&self, file: &str, paths: &[&str]) -> Vec<WholeCall> {
        let number = CallPlan::by(Script::default()).to;
        let calls: Vec<_> = paths.iter().map(|path| (*path, number.as_str())).collect();
        self.conversations_with(file, &calls).await
    }

    /// The same, with these numbers on these paths.
    async fn conversations_with(&self, file: &str, calls: &[(&str, &str)]) -> Vec<WholeCall> {
        let store: Arc<dyn Store> = Arc::new(Memory::default());
        self.with_store(file, calls, &store).await
    }

    /// The same, kept with what is in this store already.
    async fn with_store(
        &self,
        file: &str,
        calls: &[(&str, &str)],
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
        let calls = calls.iter().zip(1..).map(|((webhook, to), seed)| {
            let script = Script::parse(self.caller, &book).expect("a script");
            carrier.place_call(CallPlan {
                to: (*to).to_owned(),
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

/// Every turn of a booking was answered, the last one with the help of a tool.
fn assert_booked(turns: &[TurnRecord]) {
    assert_eq!(turns.len(), 6, "{turns:?}");
    assert_eq!(turns[5].tools, ["book_table"], "{turns:?}");
    assert!(turns[5].heard.contains("reference"), "{turns:?}");
}

pub(crate) async fn whole_calls(store: &dyn Store) -> Vec<WholeCall> {
    let filter = CallFilter {
        limit: 10,
        ..CallFilter::default()
    };
    let mut whole = Vec::new();
    for call in store.calls(&filter).await.expect("calls") {
        whole.extend(store.call(call.begun.id).await.expect("a store"));
    }
    for call in &mut whole {
        // On a busy machine words may be so late that a filler comes first.
        let fills = |turn: &TurnRecord| turn.number > 0 && turn.caller.is_empty();
        call.turns.retain(|turn| !fills(turn));
    }
    whole
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_alone_hold_a_conversation_on_both_paths() {
    let providers = Providers::for_bookings().await;
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
        assert_booked(&turns);
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
    let number = CallPlan::by(Script::default()).to;
    for call in 0..2 {
        let calls = providers
            .with_store(file, &[("/twiml", &number)], &store)
            .await;
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
async fn holds(set: [&str; 3], transport: &str) {
    let providers = Providers::for_bookings().await;
    let [stt, llm, tts] = set;
    let compatible = providers.openai.base_url();
    let file = format!(
        "[providers.compatible.near]\nbase_url = \"{compatible}\"\n\
         api_key = \"openai-test-key\"\n[agents.desk]\ncompany_name = \"Harbour Table\"\n\
         stt = [\"{stt}\"]\nllm = [\"{llm}\"]\n\
         tts = {{ models = [\"{tts}\"], transport = \"{transport}\" }}\n"
    );
    let calls = providers.conversations(&file, &["/twiml"]).await;
    let WholeCall { turns, receipt, .. } = &calls[0];
    assert_booked(turns);
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
    holds(set, "socket").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whisper_in_batches_holds_a_conversation() {
    let set = [
        "openai/whisper-1",
        "openai/gpt-6-luna",
        "elevenlabs/eleven_flash_v2_5",
    ];
    holds(set, "http").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compatible_server_and_aura_hold_a_conversation() {
    let set = ["deepgram/nova-3", "near/llama", "deepgram/aura-2-thalia-en"];
    holds(set, "socket").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_over_http_holds_a_conversation() {
    let providers = Providers::for_bookings().await;
    let file = "[agents.desk.tts]\nmodels = [\"elevenlabs/eleven_v3\"]\ntransport = \"http\"\n";
    let calls = providers.conversations(file, &["/twiml"]).await;
    assert_booked(&calls[0].turns);
    let spoken = providers.elevenlabs.clauses().seen();
    assert!(spoken.iter().all(|asked| asked.status == 200), "{spoken:?}");
    assert!(!spoken.is_empty() && providers.elevenlabs.seen().is_empty());
}

/// Holds the conversation with one model that hears, thinks and speaks, whose turns end like this.
async fn talks(providers: &Providers, turns: &str) -> WholeCall {
    let file = format!(
        "[providers.compatible.near]\nbase_url = \"{}\"\napi_key = \"openai-test-key\"\n\
         [agents.desk]\ncompany_name = \"Harbour Table\"\nstt = [\"deepgram/nova-3\"]\n\
         realtime = {{ models = [\"near/gpt-realtime-2.1\"], turns = \"{turns}\" }}\n",
        providers.realtime.base_url()
    );
    let mut calls = providers.conversations(&file, &["/twiml"]).await;
    calls.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_model_that_hears_thinks_and_speaks_holds_a_conversation() {
    let providers = Providers::for_bookings().await;
    let WholeCall { turns, receipt, .. } = &talks(&providers, "ours").await;
    assert_booked(turns);
    assert_eq!(turns[1].caller, "Hi, I would like to book a table.");
    assert!(turns[2].caller.starts_with("For four"), "{turns:?}");
    assert!(turns[1].heard.ends_with('?'), "{turns:?}");
    let sessions = providers.realtime.seen();
    let [session] = sessions.as_slice() else {
        panic!("one session: {sessions:?}");
    };
    // It heard what the recogniser wrote down, and knows what the caller heard.
    let said = |turn: &TurnRecord| {
        [
            format!("user: {}", turn.caller),
            format!("assistant: {}", turn.heard),
        ]
    };
    let items: Vec<String> = turns[1..5].iter().flat_map(said).collect();
    let (before, booking) = session.items[2..].split_at(items.len());
    assert_eq!(before, items, "behind two sentences of a greeting");
    let kinds = booking.iter().map(|item| item.split(' ').next());
    let kinds: Vec<_> = kinds.flatten().collect();
    let expected = ["user:", "assistant:", "call:", "output:", "assistant:"];
    assert_eq!(kinds, expected, "{booking:?}");
    let sound = Duration::from_micros(session.audio_bytes * 125);
    assert!(
        sound < Duration::from_secs(12),
        "silence is not sent: {sound:?}"
    );
    let spoken = receipt.0.iter().find(|line| line.item == Item::AudioOutput);
    assert_eq!(
        spoken.expect("a line").payee.to_string(),
        "near/gpt-realtime-2.1"
    );
    assert!(providers.openai.seen().is_empty());
    assert_eq!(receipt.usage().tts_characters, 0, "nobody else spoke");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_hears_says_itself_when_turns_are_over() {
    let providers = Providers::start().await;
    let WholeCall { turns, .. } = &talks(&providers, "semantic_vad").await;
    let callers: Vec<_> = turns.iter().map(|turn| turn.caller.as_str()).collect();
    assert_eq!(callers.len(), 3, "{turns:?}");
    assert_eq!(callers[1], "Hi, I would like to book a table.");
    assert!(callers[2].starts_with("For four"), "{callers:?}");
    let sessions = providers.realtime.seen();
    let [session] = sessions.as_slice() else {
        panic!("one session: {sessions:?}");
    };
    let users = session.items.iter();
    let users: Vec<_> = users
        .filter_map(|item| item.strip_prefix("user: "))
        .collect();
    assert_eq!(users, callers[1..], "each turn once, as it was heard");
    let sent = |what: &str| session.messages.iter().any(|one| one.contains(what));
    assert!(sent(r#""eagerness":"auto""#) && sent(r#""create_response":false"#));
    assert!(
        !sent("input_audio_buffer.commit"),
        "it committed them itself"
    );
    for turn in &turns[1..] {
        assert_eq!(turn.ended_by, "provider", "{turn:?}");
    }
}

/// An example's configuration.
fn example(name: &str) -> String {
    let path = format!(
        "{}/../../examples/{name}/repartee.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).expect("an example")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hotline_holds_a_conversation() {
    let providers = Providers::start().await;
    let calls = providers
        .conversations(&example("hotline"), &["/twiml"])
        .await;
    assert_eq!(calls[0].turns.len(), 3, "{:?}", calls[0].turns);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_companion_holds_a_conversation_and_counts_its_cost() {
    let providers = Providers::start().await;
    let calls = providers
        .conversations(&example("companion"), &["/twiml"])
        .await;
    let WholeCall { turns, receipt, .. } = &calls[0];
    assert_eq!(turns.len(), 3, "{turns:?}");
    assert!(
        !receipt.cost().partly,
        "everything has a price: {receipt:?}"
    );
    let asked = providers.anthropic.seen();
    assert!(!asked.is_empty());
    for request in asked {
        assert_eq!(request.body["model"], "claude-haiku-5-5");
        assert_eq!(request.body["max_tokens"], 150);
    }
    for clause in providers.openai.speech().seen() {
        assert_eq!(
            (&clause.body["model"], &clause.body["voice"]),
            (&"tts-1-hd".into(), &"nova".into())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_councils_answer_their_own_number_with_their_own_voice() {
    let providers = Providers::start().await;
    let numbers = [
        ("/voice/incoming", "+61255500101"),
        ("/voice/incoming", "+61255500102"),
    ];
    let calls = providers
        .conversations_with(&example("council"), &numbers)
        .await;
    assert_eq!(calls.len(), 2);
    for WholeCall {
        call,
        turns,
        receipt,
    } in &calls
    {
        let expected = match call.begun.to.as_str() {
            "+61255500101" => ("hillside", "Hillside Council"),
            _ => ("lakeview", "Lakeview Shire"),
        };
        assert_eq!(call.begun.tenant.as_str(), expected.0);
        assert_eq!(turns.len(), 3, "{turns:?}");
        let greeting = turns[0].heard.as_str();
        assert!(greeting.contains(expected.1), "{greeting}");
        assert!(
            !receipt.cost().partly,
            "everything has a price: {receipt:?}"
        );
    }
    let streams = providers.elevenlabs.seen();
    for voice in ["21m00Tcm4TlvDq8ikWAM", "EXAVITQu4vr4xnSDxMaL"] {
        let stream = streams.iter().find(|stream| stream.voice == voice);
        let first = &stream.expect(voice).messages[0];
        assert!(
            first.contains(r#""chunk_length_schedule":[120,160,250,290]"#),
            "{first}"
        );
        assert!(
            first.contains(r#""similarity_boost":0.75,"style":0.0,"use_speaker_boost":true"#),
            "{first}"
        );
    }
    assert!(!providers.openai.transcription().seen().is_empty());
    for request in providers.openai.seen() {
        assert_eq!(request.body["model"], "gpt-4o-mini");
        assert_eq!(request.body["temperature"], 0.5);
    }
}

/// The first call finds out that the key is refused; the next one is not taken.
#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_taken_that_nobody_would_listen_to() {
    drop(crate::app::client());
    let providers = Providers::start().await;
    let file = "[providers.deepgram]\napi_key = \"an-old-key\"\n";
    let mut config = Config::parse("", file, &providers.environment()).expect("a configuration");
    config.listen = ([127, 0, 0, 1], 0).into();
    let app = TestApp::of(config, Options::default()).await;
    assert!(app.call("CA1").await.contains("<Connect"));
    app.counts("repartee_provider_refused{provider=\"deepgram\"}")
        .await;
    let health: serde_json::Value = app.get("/health").await.json().await.expect("JSON");
    assert_eq!(health["breakers"]["deepgram"], "refused");
    let refused = app.call("CA2").await;
    assert!(
        refused.contains("something went wrong on our side"),
        "{refused}"
    );
    assert!(refused.contains("<Hangup/>"), "{refused}");
    app.counts("repartee_admission_total{result=\"refused\",reason=\"providers\"}")
        .await;
}
