mod back;
mod ending;
mod writing;

use std::sync::Arc;

use domain::{ModelName, PriceBook};
use futures_util::{FutureExt, future::BoxFuture};
use providers::stt::{Listen, PaysFor, SpeechToText, SttCapabilities, ToRecogniser};
use session::{Delivery, Span, Words};
use tokio::sync::oneshot;

use super::*;
use crate::{
    agent::Station,
    breaker::{BreakerSettings, BreakerState, Whom, anna},
    meters::Job,
    stations::Stations,
};

/// Of a recogniser over a socket.
const USUAL: SttCapabilities = SttCapabilities {
    finalizes: true,
    words: Delivery::AsSpoken,
    replay: Millis(3_000),
    tells_within: Some(Millis(4_000)),
    pays_for: PaysFor::Given,
};

/// Of one that is sent parts of the sound, and hears each as a whole.
const IN_PARTS: SttCapabilities = SttCapabilities {
    finalizes: true,
    words: Delivery::InBatches,
    replay: Millis(38_000),
    tells_within: None,
    pays_for: PaysFor::Sent,
};

/// A provider whose connections are played by the test.
struct Scripted {
    connect: mpsc::Sender<Connection>,
    capabilities: SttCapabilities,
}

struct Connection {
    orders: mpsc::Receiver<ToRecogniser>,
    tell: mpsc::Sender<Recognised>,
    end: oneshot::Sender<ProviderError>,
}

impl SpeechToText for Scripted {
    fn capabilities(&self) -> SttCapabilities {
        self.capabilities
    }

    fn listen(
        &self,
        _listen: Listen,
        orders: mpsc::Receiver<ToRecogniser>,
        tell: mpsc::Sender<Recognised>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let (end, ended) = oneshot::channel();
        let connection = Connection { orders, tell, end };
        self.connect.try_send(connection).expect("the test goes on");
        async { ended.await.map_or(Ok(()), Err) }.boxed()
    }
}

impl Connection {
    async fn tell(&self, told: Recognised) {
        self.tell.send(told).await.expect("somebody listens");
    }

    async fn words(&self, text: &str, settled: bool, (from, until): (u64, u64)) {
        let words = Words {
            text: text.to_owned(),
            settled,
            span: Some(span(from, until)),
            word_spans: vec![span(from, until)],
            ..Words::default()
        };
        self.tell(Recognised::Words(words)).await;
    }

    fn breaks(self) {
        self.end.send(reset()).expect("it was open");
    }

    /// The audio it was given so far, in milliseconds.
    fn given(&mut self) -> u64 {
        let mut bytes = 0;
        while let Ok(order) = self.orders.try_recv() {
            if let ToRecogniser::Audio(audio) = order {
                bytes += audio.len() as u64;
            }
        }
        bytes / 8
    }
}

fn name() -> ModelName {
    "scripted/ears".parse().expect("a name")
}

fn reset() -> ProviderError {
    ProviderError::Connection {
        provider: "scripted",
        detail: "reset".to_owned(),
    }
}

struct Rig {
    orders: mpsc::Sender<Order>,
    mailbox: mpsc::Receiver<Input>,
    connections: mpsc::Receiver<Connection>,
    commons: Commons,
    tally: Arc<Tally>,
    only_writes: Arc<AtomicBool>,
}

impl Rig {
    fn start() -> Self {
        Self::with(USUAL, Commons::for_tests())
    }

    fn with(capabilities: SttCapabilities, commons: Commons) -> Self {
        let (connect, connections) = mpsc::channel(8);
        let (mailbox, inputs) = mpsc::channel(64);
        let (orders, taken) = mpsc::channel(QUEUE);
        let ears = vec![Station::<dyn SpeechToText, Listen> {
            name: name(),
            provider: Arc::new(Scripted {
                connect,
                capabilities,
            }),
            settings: listen(),
        }];
        let tally = Arc::new(Tally::for_tests());
        let only_writes = Arc::<AtomicBool>::default();
        let recogniser = Recogniser {
            stations: Stations::new(anna(), ears, (Job::Listen, RETRY), &commons),
            commons: commons.clone(),
            mailbox,
            tally: Arc::clone(&tally),
            only_writes: Arc::clone(&only_writes),
        };
        tokio::spawn(recogniser.run(taken));
        Self {
            orders,
            mailbox: inputs,
            connections,
            commons,
            tally,
            only_writes,
        }
    }

    /// The next connection, which stands.
    async fn connected(&mut self) -> Connection {
        let connection = self.connections.recv().await.expect("a connection");
        connection.tell(Recognised::Ready).await;
        settle().await;
        connection
    }

    fn breaker(&self) -> BreakerState {
        self.commons.breakers.statuses()[0].state
    }

    /// The caller speaks for so long from this moment on.
    async fn hear(&self, from: u64, ms: u64) {
        self.hear_sound(from, ms, true).await;
    }

    async fn hear_sound(&self, from: u64, ms: u64, speech: bool) {
        hear(&self.orders, (from, ms), (speech, 0x20)).await;
    }

    /// The audio that there is to pay for, in milliseconds.
    fn to_pay(&self) -> u64 {
        let receipt = self.tally.receipt(Millis::ZERO, &PriceBook::default());
        receipt.0.iter().map(|line| line.amount).sum()
    }

    /// Where the next words were placed, and with them their only word.
    async fn span(&mut self) -> Option<Span> {
        match self.mailbox.recv().await {
            Some(Input::Words(words)) => {
                assert_eq!(words.word_spans, Vec::from_iter(words.span));
                words.span
            }
            other => panic!("no words: {other:?}"),
        }
    }
}

/// So much sound from this moment on, of one sample.
async fn hear(orders: &mpsc::Sender<Order>, (from, ms): (u64, u64), (speech, sample): (bool, u8)) {
    for at in (from..from + ms).step_by(60) {
        let sound = Sound {
            from: Millis(at),
            bytes: vec![sample; 480].into(),
            speech,
        };
        orders.send(Order::Hear(sound)).await.expect("taken");
        settle().await;
    }
}

fn listen() -> Listen {
    Listen::plain("scripted")
}

/// Lets the recogniser do what it has to do now.
async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

fn span(from: u64, until: u64) -> Span {
    Span {
        from: Millis(from),
        until: Millis(until),
    }
}

#[tokio::test(start_paused = true)]
async fn words_are_dated_by_the_sound_they_are_about() {
    let mut rig = Rig::start();
    let connection = rig.connected().await;
    rig.hear(2_000, 120).await;
    // The ear could not pass on what was said from 2.120 to 2.480.
    rig.hear(2_480, 120).await;
    connection.words("Two", false, (30, 120)).await;
    assert_eq!(rig.span().await, Some(span(2_030, 2_120)));
    connection.words("Two three", false, (30, 240)).await;
    assert_eq!(rig.span().await, Some(span(2_030, 2_600)));
    connection.words("Never heard", false, (9_000, 9_100)).await;
    assert_eq!(rig.span().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_hears_again_what_was_not_settled_and_dates_it_as_before() {
    let mut rig = Rig::start();
    let connection = rig.connected().await;
    rig.hear(1_000, 600).await;
    connection.words("One", true, (0, 300)).await;
    assert_eq!(rig.span().await, Some(span(1_000, 1_300)));
    connection.breaks();
    assert_eq!(rig.mailbox.recv().await, Some(Input::RecogniserLost));
    let mut again = rig.connected().await;
    assert_eq!(rig.mailbox.recv().await, Some(Input::RecogniserBack));
    assert_eq!(again.given(), 300, "what came after the settled words");
    rig.hear(1_900, 60).await;
    again.words("two three", true, (0, 360)).await;
    assert_eq!(rig.span().await, Some(span(1_300, 1_960)));
}

#[tokio::test(start_paused = true)]
async fn half_a_minute_without_a_settled_word_is_heard_again_whole() {
    let mut rig = Rig::with(IN_PARTS, Commons::for_tests());
    let connection = rig.connected().await;
    let told = Input::WordsCome(Delivery::InBatches);
    assert_eq!(rig.mailbox.recv().await, Some(told));
    rig.hear(0, 30_000).await;
    connection.breaks();
    assert_eq!(rig.mailbox.recv().await, Some(Input::RecogniserLost));
    assert_eq!(rig.connected().await.given(), 30_000);
}

#[tokio::test(start_paused = true)]
async fn the_session_learns_once_that_words_come_in_batches() {
    let words = Delivery::InBatches;
    let mut rig = Rig::with(SttCapabilities { words, ..USUAL }, Commons::for_tests());
    let connection = rig.connected().await;
    assert_eq!(rig.mailbox.recv().await, Some(Input::WordsCome(words)));
    connection.breaks();
    assert_eq!(rig.mailbox.recv().await, Some(Input::RecogniserLost));
    let _again = rig.connected().await;
    assert_eq!(rig.mailbox.recv().await, Some(Input::RecogniserBack));
}

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_never_stood_is_not_missed() {
    let mut rig = Rig::start();
    let connection = rig.connections.recv().await.expect("a connection");
    connection.breaks();
    let connection = rig.connected().await;
    connection.words("Hello", false, (0, 0)).await;
    assert_eq!(rig.span().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_says_nothing_while_the_caller_speaks_is_lost() {
    let mut rig = Rig::start();
    let connection = rig.connected().await;
    rig.hear(0, 3_960).await;
    connection.tell(Recognised::NoWords).await;
    settle().await;
    rig.hear(3_960, 3_960).await;
    assert!(rig.mailbox.try_recv().is_err(), "it listens");
    rig.hear(7_920, 60).await;
    assert_eq!(rig.mailbox.recv().await, Some(Input::RecogniserLost));
    let mut again = rig.connected().await;
    assert_eq!(rig.mailbox.recv().await, Some(Input::RecogniserBack));
    assert_eq!(again.given(), 3_000, "no more than is worth it");
}

#[tokio::test(start_paused = true)]
async fn a_recognisers_own_model_of_turns_is_passed_on() {
    let mut rig = Rig::start();
    let connection = rig.connected().await;
    for (told, expected) in [
        (Recognised::TurnLikely, Input::TurnLikely),
        (Recognised::TurnResumed, Input::TurnResumed),
        (
            Recognised::TurnEnded { confidence: 83 },
            Input::TurnEnded { confidence: 83 },
        ),
        (Recognised::UtteranceOver, Input::UtteranceOver),
    ] {
        connection.tell(Recognised::SpeechStarted).await;
        connection.tell(told).await;
        assert_eq!(rig.mailbox.recv().await, Some(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn words_that_come_late_are_passed_on_and_spare_what_was_said_since() {
    let mut rig = Rig::start();
    let connection = rig.connected().await;
    rig.hear(0, 600).await;
    rig.orders.send(Order::Finalize).await.expect("taken");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    rig.hear(2_100, 300).await;
    connection.words("Late but true", true, (0, 600)).await;
    assert_eq!(rig.span().await, Some(span(0, 600)));
    connection.breaks();
    assert_eq!(rig.mailbox.recv().await, Some(Input::RecogniserLost));
    assert_eq!(rig.connected().await.given(), 300);
}

#[tokio::test(start_paused = true)]
async fn the_next_connection_is_asked_for_the_words_that_are_owed() {
    let mut rig = Rig::start();
    let connection = rig.connected().await;
    rig.hear(0, 900).await;
    rig.orders.send(Order::Finalize).await.expect("taken");
    settle().await;
    connection.breaks();
    assert_eq!(rig.mailbox.recv().await, Some(Input::RecogniserLost));
    let mut again = rig.connected().await;
    assert_eq!(rig.mailbox.recv().await, Some(Input::RecogniserBack));
    let given = std::iter::from_fn(|| again.orders.try_recv().ok());
    assert_eq!(given.last(), Some(ToRecogniser::Finalize));
    again.words("All of it", true, (0, 900)).await;
    assert_eq!(rig.span().await, Some(span(0, 900)));
    again.breaks();
    assert_eq!(rig.mailbox.recv().await, Some(Input::RecogniserLost));
    let mut third = rig.connected().await;
    assert!(third.orders.try_recv().is_err(), "nothing is owed any more");
}

#[tokio::test(start_paused = true)]
async fn words_are_asked_for_once_there_is_room_behind_the_sound() {
    let (orders, mut taken) = mpsc::channel(1);
    let sound = Sound {
        from: Millis(0),
        bytes: Bytes::from_static(&[0x20; 480]),
        speech: true,
    };
    orders.try_send(Order::Hear(sound)).expect("room for one");
    let mut tasks = JoinSet::new();
    finalize(&orders, &mut tasks, &Commons::for_tests().meters);
    drop(orders);
    assert!(matches!(taken.recv().await, Some(Order::Hear(_))));
    assert!(matches!(taken.recv().await, Some(Order::Finalize)));
    assert!(taken.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_only_ever_connects_is_left_alone() {
    let mut rig = Rig::start();
    for _ in 0..2 {
        rig.connected().await.breaks();
    }
    let working = rig.connected().await;
    assert_eq!(rig.breaker(), BreakerState::Closed);
    working.breaks();
    settle().await;
    assert_eq!(rig.breaker(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn words_make_up_for_failures_before_them() {
    let mut rig = Rig::start();
    for _ in 0..2 {
        rig.connected().await.breaks();
    }
    let working = rig.connected().await;
    rig.hear(0, 60).await;
    working.words("Yes.", true, (0, 60)).await;
    settle().await;
    working.breaks();
    settle().await;
    assert_eq!(rig.breaker(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_words_of_a_short_answer_are_owed_too() {
    let mut rig = Rig::start();
    let _mute = rig.connected().await;
    rig.hear(0, 240).await;
    rig.orders.send(Order::Finalize).await.expect("taken");
    let asked = Instant::now();
    assert_eq!(rig.mailbox.recv().await, Some(Input::RecogniserLost));
    assert_eq!(asked.elapsed(), WORDS_WITHIN);
    assert_eq!(rig.connected().await.given(), 240);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_owed_of_sound_that_is_no_speech() {
    let mut rig = Rig::start();
    let _connection = rig.connected().await;
    rig.hear_sound(0, 1_800, false).await;
    rig.orders.send(Order::Finalize).await.expect("taken");
    tokio::time::sleep(2 * WORDS_WITHIN).await;
    assert!(rig.mailbox.try_recv().is_err(), "it is not missed");
}

#[tokio::test(start_paused = true)]
async fn what_is_said_while_every_recogniser_rests_is_heard_afterwards() {
    let commons = Commons::for_tests();
    let BreakerSettings { failures, open, .. } = BreakerSettings::default();
    for _ in 0..failures {
        commons.breakers.failed(Whom::named(&name()), &reset());
    }
    let rests = Duration::from_secs(6);
    tokio::time::advance(open - rests).await;
    let began = Instant::now();
    let mut rig = Rig::with(USUAL, commons);
    assert_eq!(rig.mailbox.recv().await, Some(Input::RecogniserLost));
    assert_eq!(began.elapsed(), Duration::ZERO, "it is known at once");
    // More than the queue holds.
    for second in 0..5 {
        rig.hear(second * 1_000, 960).await;
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    rig.orders.send(Order::Finalize).await.expect("taken");
    let mut connection = rig.connected().await;
    assert_eq!(began.elapsed(), rests);
    assert_eq!(rig.mailbox.recv().await, Some(Input::RecogniserBack));
    assert_eq!(connection.given(), 3_000, "all that is worth it");
    connection.words("So I said it", true, (0, 3_000)).await;
    assert_eq!(rig.span().await, Some(span(1_840, 4_960)));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ends_before_a_word_leaves_the_probe_to_the_next() {
    let commons = Commons::for_tests();
    for _ in 0..BreakerSettings::default().failures {
        commons.breakers.failed(Whom::named(&name()), &reset());
    }
    tokio::time::advance(BreakerSettings::default().open).await;
    let mut first = Rig::with(USUAL, commons.clone());
    let _connection = first.connected().await;
    drop(first);
    settle().await;
    let mut second = Rig::with(USUAL, commons);
    settle().await;
    assert!(second.connections.try_recv().is_ok(), "at once");
}
