//! Voices whose connections are played by the test.

mod overdue;

use domain::{Millis, Purpose};
use futures_util::{FutureExt, future::BoxFuture};
use providers::{ProviderError, Verdict};
use tokio::sync::oneshot;

use super::{tests::voice, *};
use crate::{
    breaker::{BreakerState, Whom, anna},
    meters::Job,
    stations::Stations,
    tally::Tally,
};

const ONE: ReplyId = ReplyId(1);

struct Scripted(mpsc::Sender<Connection>);

struct Connection {
    orders: mpsc::Receiver<ToVoice>,
    made: mpsc::Sender<FromVoice>,
    end: oneshot::Sender<ProviderError>,
}

impl TextToSpeech for Scripted {
    fn speak(
        &self,
        _voice: Voice,
        orders: mpsc::Receiver<ToVoice>,
        made: mpsc::Sender<FromVoice>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let (end, ended) = oneshot::channel();
        let connection = Connection { orders, made, end };
        self.0.try_send(connection).expect("the test goes on");
        async { ended.await.map_or(Ok(()), Err) }.boxed()
    }
}

impl Connection {
    async fn makes(&self, event: FromVoice) {
        self.made.send(event).await.expect("somebody listens");
        settle().await;
    }

    /// Speaks so much of a clause.
    async fn speaks(&self, clause: u32, ms: usize) {
        let audio = FromVoice::Audio {
            reply: ONE,
            clause: ClauseId(clause),
            bytes: vec![0x20; ms * 8].into(),
            words: Vec::new(),
        };
        self.makes(audio).await;
    }

    async fn fails(self, error: ProviderError) {
        self.end.send(error).expect("it was open");
        settle().await;
    }

    async fn breaks(self) {
        let detail = "reset".to_owned();
        let provider = "scripted";
        self.fails(ProviderError::Connection { provider, detail })
            .await;
    }

    /// The text it was given so far.
    fn given(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.orders.try_recv().ok())
            .filter_map(|order| match order {
                ToVoice::Say { text, .. } => Some(text),
                ToVoice::Cancel(_) | ToVoice::End(_) => None,
            })
            .collect()
    }
}

fn refused(verdict: Verdict) -> ProviderError {
    ProviderError::Refused {
        provider: "scripted",
        status: 402,
        detail: "quota_exceeded".to_owned(),
        verdict,
    }
}

fn late() -> ProviderError {
    ProviderError::Silent {
        provider: "scripted",
        stage: "first audio",
        waited: Duration::from_millis(1_500),
    }
}

fn paid(provider: &str, characters: u64) -> (String, u64) {
    (provider.to_owned(), characters)
}

/// A call with two voices, and an agent that says "Sure." by itself.
struct Rig {
    orders: mpsc::Sender<Order>,
    inputs: mpsc::Receiver<Input>,
    connections: [mpsc::Receiver<Connection>; 2],
    sent: watch::Sender<Sent>,
    tally: Arc<Tally>,
    commons: Commons,
}

impl Rig {
    fn start() -> Self {
        let commons = Commons::for_tests();
        let [(one, first), (two, second)] = [(); 2].map(|()| mpsc::channel(8));
        let station = |(name, connect): (&str, _)| Station::<dyn TextToSpeech, Voice> {
            name: name.parse().expect("a name"),
            provider: Arc::new(Scripted(connect)),
            settings: voice(),
        };
        let list = [("one/voice", one), ("two/voice", two)].map(station);
        let names = list.iter().map(|at| at.name.clone()).collect::<Vec<_>>();
        let tally = Arc::new(Tally::of_voices(&names));
        let (mailbox, inputs) = mpsc::channel(64);
        let (orders, taken) = mpsc::channel(QUEUE);
        let (tell_sent, sent) = watch::channel(Sent::default());
        let speaker = Speaker {
            stations: Stations::new(anna(), list.into(), (Job::Speak, RETRY), &commons),
            commons: commons.clone(),
            mailbox,
            bills: Bills::new(Arc::clone(&tally)),
            own_lines: Arc::new(BTreeSet::from(["Sure.".to_owned()])),
            trimming: Trimming::default(),
            begins: super::Begins::AtOnce,
            sent,
        };
        tokio::spawn(speaker.run(taken));
        Self {
            orders,
            inputs,
            connections: [first, second],
            sent: tell_sent,
            tally,
            commons,
        }
    }

    /// The next connection to the voice at this place.
    async fn connection(&mut self, place: usize) -> Connection {
        let connections = &mut self.connections[place];
        connections.recv().await.expect("a connection")
    }

    /// The same, and it stands.
    async fn connected(&mut self, place: usize) -> Connection {
        let connection = self.connection(place).await;
        connection.makes(FromVoice::Ready).await;
        connection
    }

    async fn order(&self, order: impl Into<Order>) {
        self.orders.send(order.into()).await.expect("taken");
        settle().await;
    }

    async fn say(&self, clause: u32, text: &str) {
        self.order(ToVoice::Say {
            reply: ONE,
            clause: ClauseId(clause),
            text: text.to_owned(),
        })
        .await;
    }

    /// The mouth sends so much more.
    async fn sends(&self, ms: u64) {
        self.sent.send_modify(|sent| sent.add(ONE, ms * 8));
        settle().await;
    }

    /// What was told since it was asked last, without the sound.
    fn told(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.inputs.try_recv().ok())
            .filter(|input| !matches!(input, Input::Audio(_)))
            .map(|input| input.to_string())
            .collect()
    }

    /// The first voice failed so often in other calls, just now.
    fn failed_before(&self, times: u32) {
        let name = "one/voice".parse().expect("a name");
        for _ in 0..times {
            let error = refused(Verdict::SwitchProvider);
            self.commons.breakers.failed(Whom::named(&name), &error);
        }
    }

    fn breaker(&self, place: usize) -> BreakerState {
        self.commons.breakers.statuses()[place].state
    }

    /// Characters to pay for, by what they were used for.
    fn purposes(&self) -> Vec<(Purpose, u64)> {
        let prices = domain::PriceBook::default();
        let lines = self.tally.receipt(Millis::ZERO, &prices).0.into_iter();
        lines.map(|line| (line.purpose, line.amount)).collect()
    }

    /// Characters to pay for, of each voice.
    fn characters(&self) -> Vec<(String, u64)> {
        let receipt = self
            .tally
            .receipt(Millis::ZERO, &domain::PriceBook::default());
        let lines = receipt.0.into_iter();
        lines
            .map(|line| (line.payee.provider, line.amount))
            .collect()
    }
}

/// Lets the speaker do what it has to do now.
async fn settle() {
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_voice_says_what_the_last_one_did_not() {
    let mut rig = Rig::start();
    let mut first = rig.connected(0).await;
    rig.say(0, "We open at nine.").await;
    assert_eq!(first.given(), ["We open at nine."]);
    first.speaks(0, 8 * 55).await;
    first.fails(refused(Verdict::SwitchProvider)).await;
    let mut second = rig.connected(1).await;
    assert_eq!(second.given(), ["at nine."]);
    second.speaks(0, 400).await;
    rig.order(ToVoice::End(ONE)).await;
    second.makes(FromVoice::All(ONE)).await;
    assert_eq!(rig.told(), ["spoken r1"]);
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_only_ever_connects_is_left_alone() {
    let mut rig = Rig::start();
    rig.failed_before(2);
    let first = rig.connected(0).await;
    assert_eq!(rig.breaker(0), BreakerState::Closed);
    first.fails(refused(Verdict::SwitchProvider)).await;
    assert_eq!(rig.breaker(0), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_reply_spoken_to_its_end_makes_up_for_failures_before_it() {
    let mut rig = Rig::start();
    rig.failed_before(2);
    let first = rig.connected(0).await;
    rig.say(0, "Nine.").await;
    rig.order(ToVoice::End(ONE)).await;
    first.speaks(0, 400).await;
    first.makes(FromVoice::All(ONE)).await;
    first.fails(refused(Verdict::SwitchProvider)).await;
    assert_eq!(rig.breaker(0), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_voice_may_have_a_hiccup_in_every_reply() {
    let mut rig = Rig::start();
    let mut voice = rig.connected(0).await;
    for _ in 0..3 {
        rig.say(0, "We open at nine.").await;
        voice.speaks(0, 8 * 55).await;
        voice.breaks().await;
        voice = rig.connected(0).await;
        voice.speaks(0, 400).await;
        rig.order(ToVoice::End(ONE)).await;
        voice.makes(FromVoice::All(ONE)).await;
        assert_eq!(rig.told(), ["spoken r1"]);
    }
    assert!(rig.connections[1].try_recv().is_err(), "it was not needed");
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_breaks_twice_in_one_sentence_gives_way() {
    let mut rig = Rig::start();
    let first = rig.connected(0).await;
    rig.say(0, "We open at nine.").await;
    first.breaks().await;
    rig.connected(0).await.breaks().await;
    assert_eq!(rig.connected(1).await.given(), ["We open at nine."]);
}

#[tokio::test(start_paused = true)]
async fn only_voices_that_got_the_words_are_paid_for_them() {
    let mut rig = Rig::start();
    // Nobody is there, twice; the queue of the first attempt was lost with it.
    let first = rig.connection(0).await;
    rig.say(0, "We open at nine.").await;
    first.breaks().await;
    rig.connection(0).await.fails(late()).await;
    let second = rig.connected(1).await;
    assert_eq!(rig.characters(), [paid("two", 16)]);
    second.speaks(0, 1_000).await;
    rig.say(1, "And close at six.").await;
    // What it has said, it bills; what it refuses, it does not.
    second.fails(refused(Verdict::KeyRefused)).await;
    assert_eq!(rig.characters(), [paid("two", 16)]);
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_used_up_costs_nothing() {
    let mut rig = Rig::start();
    let first = rig.connected(0).await;
    rig.say(0, "We open at nine.").await;
    rig.say(1, "And close at six.").await;
    first.fails(refused(Verdict::KeyRefused)).await;
    rig.connected(1).await.breaks().await;
    assert_eq!(rig.characters(), []);
    let again = rig.connected(1).await;
    again.speaks(0, 1_000).await;
    again.breaks().await;
    assert_eq!(rig.characters(), [paid("two", 33)], "it took both");
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_stands_and_keeps_silent_has_the_words() {
    let mut rig = Rig::start();
    let first = rig.connected(0).await;
    rig.say(0, "We open at nine.").await;
    first.fails(late()).await;
    rig.connection(1).await;
    let both = [paid("one", 16), paid("two", 16)];
    assert_eq!(rig.characters(), both);
}

#[tokio::test(start_paused = true)]
async fn a_line_that_was_clipped_is_kept_as_nobodys() {
    let mut rig = Rig::start();
    let first = rig.connected(0).await;
    rig.say(0, "Sure.").await;
    rig.say(1, "We open at nine.").await;
    // As long as five letters take: perhaps all of it.
    first.speaks(0, 5 * 55).await;
    first.fails(refused(Verdict::SwitchProvider)).await;
    let mut second = rig.connected(1).await;
    assert_eq!(second.given(), ["We open at nine."]);
    second.speaks(1, 1_000).await;
    rig.order(ToVoice::End(ONE)).await;
    second.makes(FromVoice::All(ONE)).await;
    assert_eq!(rig.told(), ["spoken r1"]);
    assert_eq!(rig.commons.meters.cache.bytes.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_voice_is_not_far_ahead_of_what_the_caller_has_heard() {
    // Ten seconds of speech.
    let text = "word ".repeat(36);
    let ten_seconds = 10_000;
    let mut rig = Rig::start();
    let mut voice = rig.connected(0).await;
    for clause in 0..5 {
        rig.say(clause, &text).await;
    }
    rig.order(ToVoice::End(ONE)).await;
    assert_eq!(voice.given().len(), 4, "30 s are not there yet");
    for clause in 0..4 {
        voice.speaks(clause, ten_seconds).await;
    }
    rig.sends(9_000).await;
    assert!(voice.orders.try_recv().is_err(), "31 s are waiting");
    rig.sends(2_000).await;
    assert_eq!(voice.given().len(), 1);
    voice.speaks(4, ten_seconds).await;
    voice.makes(FromVoice::All(ONE)).await;
    assert_eq!(rig.told(), ["spoken r1"]);
    assert_eq!(rig.characters(), [paid("one", 5 * 180)]);
}

#[tokio::test(start_paused = true)]
async fn what_was_held_back_is_forgotten_with_its_reply_and_costs_nothing() {
    let mut rig = Rig::start();
    let mut voice = rig.connected(0).await;
    for clause in 0..9 {
        rig.say(clause, &"word ".repeat(36)).await;
    }
    assert_eq!(voice.given().len(), 4);
    voice.speaks(0, 10_000).await;
    rig.order(ToVoice::Cancel(ONE)).await;
    rig.sends(10_000).await;
    assert_eq!(voice.given(), [""; 0]);
    assert_eq!(rig.characters(), [paid("one", 4 * 180)]);
}

#[tokio::test(start_paused = true)]
async fn what_was_spoken_too_soon_stands_apart_whenever_it_is_sent() {
    let mut rig = Rig::start();
    let voice = rig.connected(0).await;
    rig.say(0, "We open at nine.").await;
    assert_eq!(rig.purposes(), [(Purpose::Call, 16)]);
    voice.breaks().await;
    let _again = rig.connected(0).await;
    assert_eq!(rig.purposes(), [(Purpose::Call, 16)], "the first lost it");
    rig.order(Order::TooSoon(ONE)).await;
    assert_eq!(rig.purposes(), [(Purpose::Speculation, 16)]);
    rig.say(1, "And close at six.").await;
    assert_eq!(rig.purposes(), [(Purpose::Speculation, 33)]);
    let reply = ReplyId(ONE.0 + 1);
    rig.order(ToVoice::Cancel(ONE)).await;
    rig.order(ToVoice::Say {
        reply,
        clause: ClauseId(0),
        text: "At nine.".to_owned(),
    })
    .await;
    let both = [(Purpose::Call, 8), (Purpose::Speculation, 33)];
    assert_eq!(rig.purposes(), both, "another reply is none of that");
}

#[tokio::test(start_paused = true)]
async fn what_was_spoken_too_soon_and_refused_costs_nothing() {
    let mut rig = Rig::start();
    let voice = rig.connected(0).await;
    rig.say(0, "We open at nine.").await;
    rig.order(Order::TooSoon(ONE)).await;
    voice.fails(refused(Verdict::KeyRefused)).await;
    assert_eq!(rig.connected(1).await.given(), ["We open at nine."]);
    assert_eq!(
        rig.purposes(),
        [(Purpose::Speculation, 16)],
        "of the second"
    );
    assert_eq!(rig.characters(), [paid("two", 16)]);
}

#[tokio::test(start_paused = true)]
async fn when_the_call_is_over_everything_is_counted_before_the_queue_is_closed() {
    let mut rig = Rig::start();
    let _voice = rig.connected(0).await;
    let say = ToVoice::Say {
        reply: ONE,
        clause: ClauseId(0),
        text: "We open at nine.".to_owned(),
    };
    for order in [say.into(), Order::TooSoon(ONE), Order::Over] {
        rig.orders.try_send(order).expect("there is room");
    }
    rig.orders.closed().await;
    assert_eq!(rig.purposes(), [(Purpose::Speculation, 16)]);
}

impl Rig {
    /// A reply that this voice speaks to its end.
    async fn replies(&mut self, voice: &Connection) {
        self.say(0, "Nine.").await;
        self.order(ToVoice::End(ONE)).await;
        voice.speaks(0, 400).await;
        voice.makes(FromVoice::All(ONE)).await;
        assert_eq!(self.told(), ["spoken r1"]);
    }

    /// The second voice has stood in for a while.
    async fn stood_in(&mut self) -> Connection {
        let first = self.connected(0).await;
        first.fails(refused(Verdict::SwitchProvider)).await;
        let second = self.connected(1).await;
        self.replies(&second).await;
        assert!(self.connections[0].try_recv().is_err(), "too soon");
        tokio::time::advance(Duration::from_secs(30)).await;
        second
    }
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_works_again_is_called_after_a_reply() {
    let mut rig = Rig::start();
    let second = rig.stood_in().await;
    rig.say(0, "Until nine.").await;
    assert!(rig.connections[0].try_recv().is_err(), "not within a reply");
    second.speaks(0, 400).await;
    rig.order(ToVoice::End(ONE)).await;
    second.makes(FromVoice::All(ONE)).await;
    assert_eq!(rig.told(), ["spoken r1"]);
    let first = rig.connected(0).await;
    rig.replies(&first).await;
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_rests_is_not_called_back() {
    let mut rig = Rig::start();
    let second = rig.stood_in().await;
    rig.failed_before(3);
    rig.replies(&second).await;
    assert!(rig.connections[0].try_recv().is_err());
}
