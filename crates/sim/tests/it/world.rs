//! An exchange with one agent, one call on it, and what can be seen of both.

use std::{sync::Arc, time::Duration};

use domain::{
    CallBegun, CallEnded, CallId, Clock, Direction, Language, Party, PriceBook, Receipt, Transport,
    TurnRecord, UnixMillis,
};
use driver::{Agent, Exchange, Meters, NoTools, Shared, Station};
use prometheus_client::registry::Registry;
use providers::{
    llm::{LanguageModel, ModelSettings},
    stt::{Listen, Recognised, SpeechToText},
    tts::{TextToSpeech, Voice},
};
use session::{Rules, Words};
use store::{Memory, Store, StoredCall, WholeCall, Writer as Records, WriterTask};
use tokio::{task::JoinHandle, time::Instant};
use transports::FromLine;

use crate::{
    line::{Far, Sent, line},
    providers::{FakeEars, FakeModel, FakeVoice},
    talkers::{self, FakeTalker},
};

/// Who listens, thinks and speaks, in order of preference.
#[derive(Default)]
pub(crate) struct Cast {
    pub(crate) ears: Vec<FakeEars>,
    pub(crate) models: Vec<FakeModel>,
    pub(crate) voices: Vec<FakeVoice>,
    pub(crate) talkers: Vec<FakeTalker>,
    pub(crate) prices: PriceBook,
}

pub(crate) struct World {
    pub(crate) far: Far,
    pub(crate) began: Instant,
    pub(crate) exchange: Exchange,
    call: JoinHandle<CallEnded>,
    store: Arc<Memory>,
    writer: WriterTask,
    pub(crate) registry: Registry,
    id: CallId,
}

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(1_800_000_000_000)
    }
}

impl World {
    pub(crate) fn answer(rules: Rules, cast: &Cast) -> Self {
        Self::answer_as(agent(rules, cast))
    }

    /// The same with an agent that is made already.
    pub(crate) fn answer_as(agent: Agent) -> Self {
        Self::answer_again(agent, Vec::new())
    }

    /// The same with somebody who has called before.
    pub(crate) fn answer_again(agent: Agent, earlier: Vec<TurnRecord>) -> Self {
        let mut registry = Registry::default();
        let store = Arc::new(Memory::default());
        let (records, writer) = Records::start(Arc::clone(&store) as Arc<dyn Store>);
        let exchange = Exchange::new(Shared {
            meters: Meters::new(&mut registry),
            records,
            clock: Arc::new(StoppedClock),
            tools: Arc::new(NoTools),
        });
        let agent = Arc::new(agent);
        let mut prepared = exchange.prepare(&agent);
        prepared.recall(async { earlier });
        let (far, reader, writer_half) = line();
        let begun = begun();
        let id = begun.id;
        let began = Instant::now();
        let exchanges = exchange.clone();
        let call =
            tokio::spawn(async move { exchanges.run(prepared, begun, reader, writer_half).await });
        Self {
            far,
            began,
            exchange,
            call,
            store,
            writer,
            registry,
            id,
        }
    }

    pub(crate) async fn wait(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    /// The caller says something, and the recogniser is sure of it.
    pub(crate) async fn say(&self, ears: &FakeEars, text: &str) {
        let text = text.to_owned();
        let words = Words {
            text,
            settled: true,
            ends_utterance: true,
            ..Words::default()
        };
        let open = ears.open.lock().unwrap().clone();
        open.expect("the recogniser listens")
            .send(Recognised::Words(words))
            .await
            .unwrap();
    }

    /// The caller hangs up; what was kept of the call.
    pub(crate) async fn hang_up(self) -> (CallEnded, Vec<TurnRecord>) {
        drop(self.far.caller.send(FromLine::HungUp).await);
        self.end().await
    }

    /// Waits for the end of the call; what was kept of it.
    pub(crate) async fn end(self) -> (CallEnded, Vec<TurnRecord>) {
        let (ended, whole) = self.whole().await;
        (ended, whole.turns)
    }

    /// Waits for the end of the call; what it cost.
    pub(crate) async fn bill(self) -> (CallEnded, Receipt) {
        let (ended, whole) = self.whole().await;
        (ended, whole.receipt)
    }

    async fn whole(self) -> (CallEnded, WholeCall) {
        let ended = self.call.await.expect("a bug inside is caught");
        self.writer.finish(Duration::from_secs(1)).await.unwrap();
        let whole = self
            .store
            .call(self.id)
            .await
            .unwrap()
            .expect("it was kept");
        assert_eq!(
            whole.call.ended.as_ref(),
            Some(&ended),
            "exactly one end is recorded"
        );
        assert_eq!(self.exchange.live(), 0);
        (ended, whole)
    }

    /// What is kept of the call while it goes on.
    pub(crate) async fn kept(&self) -> StoredCall {
        let whole = self.store.call(self.id).await.unwrap();
        whole.expect("its beginning was kept").call
    }

    /// What the mouth did, with times since the beginning.
    pub(crate) fn sent(&self) -> Vec<(Duration, Sent)> {
        let sent = self.far.sent.lock().unwrap();
        sent.iter()
            .map(|(at, sent)| (*at - self.began, sent.clone()))
            .collect()
    }
}

/// An agent that greets with five characters: 300 ms of the fake voice.
pub(crate) fn rules() -> Rules {
    let mut rules = Rules::defaults(&Language::default());
    rules.lines.greeting = "Hello".to_owned();
    rules
}

fn begun() -> CallBegun {
    CallBegun {
        id: CallId::new(1, [7; 10]),
        tenant: "acme".parse().unwrap(),
        agent: "anna".parse().unwrap(),
        transport: Transport::TwilioStream,
        direction: Direction::Inbound,
        carrier_call: Some("CA1".parse().unwrap()),
        from: Party::read("+14155550100"),
        to: Party::read("+14155550199"),
        at: UnixMillis(1_800_000_000_000),
    }
}

pub(crate) fn agent(rules: Rules, cast: &Cast) -> Agent {
    let listen = Listen::plain("ears");
    let think = Arc::new(ModelSettings::plain("model", 100));
    let voice = Voice::plain("voice", "v");
    let name = |job: &str, index: usize| format!("{job}{index}/fake").parse().unwrap();
    let ears = cast.ears.iter().enumerate().map(|(index, ears)| Station {
        name: name("ears", index),
        provider: Arc::new(ears.clone()) as Arc<dyn SpeechToText>,
        settings: listen.clone(),
    });
    let models = cast
        .models
        .iter()
        .enumerate()
        .map(|(index, model)| Station {
            name: name("model", index),
            provider: Arc::new(model.clone()) as Arc<dyn LanguageModel>,
            settings: Arc::clone(&think),
        });
    let voices = cast
        .voices
        .iter()
        .enumerate()
        .map(|(index, speaks)| Station {
            name: name("voice", index),
            provider: Arc::new(speaks.clone()) as Arc<dyn TextToSpeech>,
            settings: voice.clone(),
        });
    Agent {
        id: "anna".parse().unwrap(),
        rules: Arc::new(rules),
        listen: ears.collect(),
        think: models.collect(),
        speak: voices.collect(),
        talk: talkers::stations(&cast.talkers),
        ear: audio::HearingSettings::default(),
        carrier: "carrier/line".parse().unwrap(),
        prices: Arc::new(cast.prices.clone()),
        budget_per_day: None,
        remembers_calls: 0,
        apology: None,
    }
}
