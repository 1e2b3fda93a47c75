//! An exchange with one agent and two providers for each of its jobs, each a fake behind a proxy on
//! real sockets; and calls on it.

mod ears;
mod leftovers;
mod models;
mod rounds;
mod talker;
mod voices;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use domain::{
    CallBegun, CallEnded, CallId, Clock, Direction, Language, Micros, ModelName, Party, Receipt,
    Transport, TurnRecord, UnixMillis,
};
use driver::{Agent, BreakerSettings, Exchange, Meters, NoTools, Shared};
use prometheus_client::registry::Registry;
use providers::BaseUrl;
use session::{Rules, Speculate};
use store::{Memory, Store, Writer as Records, WriterTask};
use tokio::{sync::mpsc, time::Instant};

pub(super) use ears::FakeEar;
pub(super) use leftovers::Left;
pub(super) use models::{FakeModel, Question};
pub(super) use rounds::InRounds;
pub(super) use talker::Talker;
pub(super) use voices::FakeVoice;

use self::models::Writing;
use super::{
    Set,
    code::{CodedVoice, bare},
    ledger::Ledger,
    prices,
    telephone::{Ask, Heard, line},
};
use crate::{
    fakes::{
        Brain, Chat, FakeRealtime, Moment, Pieces, Reply, Timeline, Voice as Says, What, log::held,
    },
    proxy::Proxy,
};

/// What every call begins with.
pub(super) const GREETING: &str = "Hello.";
/// What models are told: the same in all calls, so that a cache can hold it.
const PROMPT: &str = "You answer the telephone of a restaurant by the sea. Be brief.";
/// From a request to a model's first piece, and between two pieces.
pub(super) const FIRST_TOKEN: Duration = Duration::from_millis(200);
pub(super) const TOKEN_GAP: Duration = Duration::from_millis(15);
/// Moments that wait to be looked at; more are lost, and then missed.
const MOMENTS: usize = 1 << 14;

/// A provider: the fake, and what stands in front of it.
pub(super) struct Post<F> {
    pub(super) fake: F,
    pub(super) proxy: Proxy,
    moments: Mutex<mpsc::Receiver<Moment>>,
}

impl<F> Post<F> {
    async fn of(
        fake: F,
        address: SocketAddr,
        moments: mpsc::Receiver<Moment>,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            fake,
            proxy: Proxy::start(address).await?,
            moments: Mutex::new(moments),
        })
    }

    /// What has passed over its sockets since this was last asked.
    pub(super) fn moments(&self) -> Vec<Moment> {
        let mut moments = held(&self.moments);
        std::iter::from_fn(|| moments.try_recv().ok()).collect()
    }

    /// When it was first told to say something since this was last asked.
    pub(super) fn text_asked(&self) -> Option<Instant> {
        let moments = self.moments();
        let mut asked = moments
            .iter()
            .filter(|moment| matches!(moment.what, What::TextAsked(_)));
        asked.next().map(|moment| moment.at)
    }
}

impl Post<FakeModel> {
    /// When its first text went out since it was last asked for its moments.
    pub(super) fn wrote(&self) -> Option<Instant> {
        let moments = self.moments().into_iter();
        let mut sent = moments.filter(|moment| matches!(moment.what, What::TextSent(_)));
        sent.next().map(|moment| moment.at)
    }
}

impl Post<FakeVoice> {
    /// When somebody tried to have something said: spare connections apart, which are opened for
    /// the next reply.
    ///
    /// Clauses are asked for one beside the other: those of a second are one try.
    pub(super) fn tries(&self) -> usize {
        const BESIDE: Duration = Duration::from_secs(1);
        let attempts = self.fake.attempts();
        match self.fake {
            FakeVoice::Clauses(_) | FakeVoice::Wide(_) => {
                let pairs = attempts.windows(2);
                let apart = pairs.filter(|pair| pair[1] - pair[0] > BESIDE);
                apart.count() + usize::from(!attempts.is_empty())
            }
            FakeVoice::Socket(_) => attempts.len() - self.fake.spares(),
        }
    }

    /// How often it was given the same to say, since it had been given so many texts.
    pub(super) fn times_asked(&self, since: usize) -> usize {
        let texts = self.fake.texts().split_off(since);
        match self.fake {
            FakeVoice::Clauses(_) | FakeVoice::Wide(_) => most_alike(&texts),
            FakeVoice::Socket(_) => texts.len(),
        }
    }

    /// How often it refused to say the same clause.
    pub(super) fn times_refused(&self) -> usize {
        let requests = self.fake.requests().into_iter();
        let refused = requests.filter(|(status, _text)| *status != 200);
        most_alike(&refused.map(|(_status, text)| text).collect::<Vec<_>>())
    }
}

/// How often the one that is there most often is there.
fn most_alike(texts: &[String]) -> usize {
    let alike = |text| texts.iter().filter(|other| *other == text).count();
    texts.iter().map(alike).max().unwrap_or_default()
}

/// What differs from row to row.
pub(super) struct Setting {
    pub(super) set: Set,
    pub(super) brains: [Arc<dyn Brain>; 2],
    pub(super) first_voice: Arc<dyn Says>,
    pub(super) breakers: BreakerSettings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) token_gap: Duration,
    pub(super) pieces: Pieces,
    /// Who hears, thinks and speaks in one, if anybody does.
    pub(super) talker: Option<Talker>,
    pub(super) speculate: Speculate,
    pub(super) budget_per_day: Option<Micros>,
    /// Whether the carrier can listen and speak by itself.
    pub(super) rounds: bool,
    /// What the models of all its providers are called in records and in the log.
    pub(super) models: String,
}

impl Setting {
    pub(super) fn of(set: Set) -> Self {
        Self {
            set,
            brains: [Arc::new(answered), Arc::new(answered)],
            first_voice: Arc::new(CodedVoice::default()),
            breakers: BreakerSettings::default(),
            clock: Arc::new(Stopped),
            token_gap: TOKEN_GAP,
            pieces: Pieces::Tokens,
            talker: None,
            speculate: Speculate::Speak,
            budget_per_day: None,
            rounds: false,
            models: "usual".to_owned(),
        }
    }
}

/// A clock that stands still.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> UnixMillis {
        UnixMillis(1_800_000_000_000)
    }
}

pub(super) struct Stage {
    pub(super) ears: [Post<FakeEar>; 2],
    pub(super) models: [Post<FakeModel>; 2],
    pub(super) voices: [Post<FakeVoice>; 2],
    pub(super) talkers: Vec<Post<FakeRealtime>>,
    pub(super) exchange: Exchange,
    pub(super) agent: Arc<Agent>,
    store: Arc<Memory>,
    writer: Mutex<Option<WriterTask>>,
    calls: AtomicU64,
    /// What was used before the first call.
    rehearsal: Ledger,
}

/// A call, as its caller and its records have it.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) heard: Heard,
    pub(super) ended: CallEnded,
    pub(super) turns: Vec<TurnRecord>,
    pub(super) receipt: Receipt,
    /// How long it lasted by a clock that nobody moves.
    pub(super) lasted: Duration,
    /// What the fakes were asked for meanwhile, if it was the only call.
    pub(super) fakes: Option<Ledger>,
    /// What outlived it.
    pub(super) left: Left,
}

impl Stage {
    pub(super) async fn set(setting: Setting) -> anyhow::Result<Self> {
        let set = setting.set;
        let [one, two] = setting.brains.map(|brain| Writing {
            brain,
            token_gap: setting.token_gap,
            pieces: setting.pieces,
        });
        let ears = [ear(set).await?, ear(set).await?];
        let models = [model(set, one).await?, model(set, two).await?];
        let voices = [
            voice(set, setting.first_voice).await?,
            voice(set, Arc::new(CodedVoice::default())).await?,
        ];
        let mut talkers = Vec::new();
        let recycle = setting.talker.as_ref().map(|talker| talker.recycle);
        if let Some(talker) = setting.talker {
            talkers.push(talker::talker(talker).await?);
        }
        let mut registry = Registry::default();
        let store = Arc::new(Memory::default());
        let (records, writer) = Records::start(Arc::clone(&store) as Arc<dyn Store>);
        let exchange = Exchange::new(Shared {
            meters: Meters::new(&mut registry),
            records,
            clock: setting.clock,
            tools: Arc::new(NoTools),
        })
        .with_breakers(setting.breakers);
        let mut agent = Agent {
            id: "anna".parse()?,
            rules: Arc::new(rules(setting.speculate, setting.rounds)),
            listen: ears::listen(&ears, (set, &setting.models))?,
            think: models::think(&models, (set, &setting.models))?,
            speak: voices::speak(&voices, (set, &setting.models))?,
            talk: talker::talk(&talkers, recycle)?,
            ear: audio::HearingSettings {
                detector: audio::Detector::Energy,
                ..audio::HearingSettings::default()
            },
            carrier: "carrier/line".parse()?,
            prices: Arc::default(),
            budget_per_day: setting.budget_per_day,
            remembers_calls: 0,
            apology: None,
        };
        agent.prices = Arc::new(prices::of(&payees(&agent)));
        let agent = Arc::new(agent);
        exchange.rehearse(&agent).await;
        let mut stage = Self {
            ears,
            models,
            voices,
            talkers,
            exchange,
            agent,
            store,
            writer: Mutex::new(Some(writer)),
            calls: AtomicU64::new(0),
            rehearsal: Ledger::default(),
        };
        stage.rehearsal = Ledger::of(&stage);
        stage.voices.iter().for_each(|voice| drop(voice.moments()));
        Ok(stage)
    }

    /// Places a call that asks these questions, the only one there is.
    pub(super) async fn call(&self, asks: &[Ask]) -> anyhow::Result<Call> {
        let before = self.ledger();
        let mut call = self.call_among_others(asks).await?;
        call.left = self.left().await;
        call.fakes = Some(self.ledger().since(&before));
        Ok(call)
    }

    pub(super) async fn call_among_others(&self, asks: &[Ask]) -> anyhow::Result<Call> {
        let prepared = self.exchange.prepare(&self.agent);
        let (id, begun) = self.next_call()?;
        let (telephone, ear, mouth) = line();
        let began = Instant::now();
        let driven = self.exchange.run(prepared, begun, ear, mouth);
        let (heard, ended) = tokio::join!(telephone.call(GREETING, asks.to_vec()), driven);
        let lasted = began.elapsed();
        let kept = self.kept(id, &ended).await?;
        Ok(Call {
            heard,
            turns: kept.turns,
            receipt: kept.receipt,
            ended,
            lasted,
            fakes: None,
            left: Left::default(),
        })
    }

    fn next_call(&self) -> anyhow::Result<(CallId, CallBegun)> {
        let id = CallId::new(self.calls.fetch_add(1, Ordering::Relaxed) + 1, [7; 10]);
        Ok((id, begun(id)?))
    }

    /// What was kept of a call: records are written behind its back.
    async fn kept(&self, id: CallId, ended: &CallEnded) -> anyhow::Result<store::WholeCall> {
        const TRIES: u32 = 200;
        for _ in 0..TRIES {
            let kept = self.store.call(id).await?;
            if let Some(kept) = kept.filter(|kept| kept.call.ended.as_ref() == Some(ended)) {
                return Ok(kept);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        anyhow::bail!("the end of a call was not kept")
    }

    /// What the fakes were asked for since the curtain rose.
    pub(super) fn ledger(&self) -> Ledger {
        Ledger::of(self).since(&self.rehearsal)
    }

    /// What they were asked for before that.
    pub(super) const fn rehearsal(&self) -> &Ledger {
        &self.rehearsal
    }

    /// Ends it: nobody calls any more.
    pub(super) async fn close(&self) -> anyhow::Result<()> {
        let writer = held(&self.writer).take().context("it is closed once")?;
        writer.finish(Duration::from_secs(1)).await?;
        Ok(())
    }
}

/// What everybody answers, whoever asks.
const ANSWERS: [(&str, &str); 4] = [
    (
        "sunday",
        "We open at nine on Sunday. Breakfast is served until noon.",
    ),
    (
        "dogs",
        "Dogs are welcome on the terrace. Please keep them on a leash.",
    ),
    (
        "parking",
        "There is parking behind the house. It is free for our guests.",
    ),
    (
        "wine",
        "We have wine from Spain and Italy. The list is on every table.",
    ),
];

/// A question to each of the answers.
pub(super) const QUESTIONS: [Ask; 4] = [
    ask("When do you open on Sunday?", "until noon."),
    ask("May I bring my two dogs?", "on a leash."),
    ask("Do you have any parking there?", "for our guests."),
    ask("What kind of wine do you have?", "on every table."),
];

pub(super) const fn ask(words: &'static str, until: &'static str) -> Ask {
    Ask {
        words,
        until,
        patience: Duration::from_secs(15),
    }
}

/// The answer to what the caller asked last: a model that goes on for another one says it again.
pub(super) fn answered(chat: &Chat) -> Reply {
    Reply::saying(answer_to(chat))
}

pub(super) fn answer_to(chat: &Chat) -> &'static str {
    let said = chat.messages.iter().rev();
    let mut users = said.filter(|message| message["role"] == "user");
    users
        .find_map(|message| known(message["content"].as_str()?))
        .unwrap_or("I did not get that. Please say it again.")
}

/// What is answered to a question.
pub(super) fn answer_of(ask: &Ask) -> &'static str {
    known(ask.words).unwrap_or_default()
}

fn known(asked: &str) -> Option<&'static str> {
    let asked = bare(asked);
    let mut answers = ANSWERS.iter();
    let found = answers.find(|(word, _)| asked.contains(word));
    found.map(|(_, answer)| *answer)
}

/// Everybody who may be paid.
fn payees(agent: &Agent) -> Vec<ModelName> {
    let listen = agent.listen.iter().map(|at| &at.name);
    let think = agent.think.iter().map(|at| &at.name);
    let speak = agent.speak.iter().map(|at| &at.name);
    let talk = agent.talk.iter().map(|at| &at.name);
    let all = listen.chain(think).chain(speak).chain(talk);
    all.chain([&agent.carrier]).cloned().collect()
}

fn rules(speculate: Speculate, rounds: bool) -> Rules {
    let mut rules = Rules::defaults(&Language::default());
    rules.line.rounds = rounds;
    rules.turn.speculate = speculate;
    rules.system = Arc::from(PROMPT);
    GREETING.clone_into(&mut rules.lines.greeting);
    rules
}

fn begun(id: CallId) -> anyhow::Result<CallBegun> {
    Ok(CallBegun {
        id,
        tenant: "acme".parse()?,
        agent: "anna".parse()?,
        transport: Transport::TwilioStream,
        direction: Direction::Inbound,
        carrier_call: None,
        from: Party::read("+14155550100"),
        to: Party::read("+14155550199"),
        at: UnixMillis(1_800_000_000_000),
    })
}

/// Where a fake reports what passes over its sockets.
fn timeline() -> (Timeline, mpsc::Receiver<Moment>) {
    mpsc::channel(MOMENTS)
}

async fn ear(set: Set) -> anyhow::Result<Post<FakeEar>> {
    let (timeline, moments) = timeline();
    let fake = FakeEar::start(set, timeline).await?;
    let address = fake.address();
    Post::of(fake, address, moments).await
}

async fn model(set: Set, writing: Writing) -> anyhow::Result<Post<FakeModel>> {
    let (timeline, moments) = timeline();
    let fake = FakeModel::start(set, writing, timeline).await?;
    let address = fake.address();
    Post::of(fake, address, moments).await
}

async fn voice(set: Set, voice: Arc<dyn Says>) -> anyhow::Result<Post<FakeVoice>> {
    let (timeline, moments) = timeline();
    let fake = FakeVoice::start(set, voice, timeline).await?;
    let address = fake.address();
    Post::of(fake, address, moments).await
}

/// Where clients find a fake. One set is asked over HTTP/2, where requests share a connection and its fate.
fn base<F>(post: &Post<F>, set: Set) -> anyhow::Result<BaseUrl> {
    let scheme = match set {
        Set::Flux => "h2c",
        Set::Nova | Set::Files => "http",
    };
    let address = format!("{scheme}://{}", post.proxy.address());
    Ok(BaseUrl::parse("", &address)?)
}
