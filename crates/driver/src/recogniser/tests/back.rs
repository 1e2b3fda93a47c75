//! Going back to a recogniser that works again.

use super::*;

/// A call with two recognisers.
struct Rig {
    orders: mpsc::Sender<Order>,
    mailbox: mpsc::Receiver<Input>,
    connections: [mpsc::Receiver<Connection>; 2],
}

impl Rig {
    fn start(commons: &Commons) -> Self {
        let [(one, first), (two, second)] = [(); 2].map(|()| mpsc::channel(8));
        let station = |(name, connect): (&str, _)| Station::<dyn SpeechToText, Listen> {
            name: name.parse().expect("a name"),
            provider: Arc::new(Scripted {
                connect,
                capabilities: USUAL,
            }),
            settings: listen(),
        };
        let ears = [("one/ears", one), ("two/ears", two)].map(station);
        let names: Vec<_> = ears.iter().map(|at| at.name.clone()).collect();
        let (mailbox, inputs) = mpsc::channel(64);
        let (orders, taken) = mpsc::channel(QUEUE);
        let recogniser = Recogniser {
            stations: Stations::new(anna(), ears.into(), (Job::Listen, RETRY), commons),
            commons: commons.clone(),
            mailbox,
            tally: Arc::new(Tally::of_ears(&names)),
            only_writes: Arc::default(),
        };
        tokio::spawn(recogniser.run(taken));
        Self {
            orders,
            mailbox: inputs,
            connections: [first, second],
        }
    }

    async fn connected(&mut self, place: usize) -> Connection {
        let connection = self.connections[place].recv().await.expect("a connection");
        connection.tell(Recognised::Ready).await;
        settle().await;
        connection
    }

    /// The second recogniser stands in since so long.
    async fn stood_in(&mut self, seconds: u64) -> Connection {
        let first = self.connected(0).await;
        first
            .end
            .send(mute(Duration::from_secs(4)))
            .expect("it was open");
        let second = self.connected(1).await;
        tokio::time::advance(Duration::from_secs(seconds)).await;
        second
    }

    async fn hear(&self, from: u64, ms: u64, speech: bool) {
        let sample = if speech { 0x20 } else { 0xFF };
        hear(&self.orders, (from, ms), (speech, sample)).await;
    }

    fn told(&mut self) -> Vec<String> {
        let told = std::iter::from_fn(|| self.mailbox.try_recv().ok());
        told.map(|input| input.to_string()).collect()
    }

    fn goes_back(&mut self) -> bool {
        self.connections[0].try_recv().is_ok()
    }
}

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_works_again_is_called_in_a_long_pause() {
    let mut rig = Rig::start(&Commons::for_tests());
    let second = rig.stood_in(30).await;
    rig.hear(0, 600, true).await;
    rig.hear(600, 6_000, false).await;
    assert!(!rig.goes_back(), "words are to come");
    second.words("One", true, (0, 600)).await;
    settle().await;
    rig.told();
    rig.hear(6_600, 60, false).await;
    let mut first = rig.connected(0).await;
    assert_eq!(rig.told(), [""; 0], "nobody has to know");
    rig.hear(6_660, 300, true).await;
    assert_eq!(
        first.given(),
        60 + 300,
        "the pause after the last word, too"
    );
    first.words("Two", true, (60, 360)).await;
    settle().await;
    assert_eq!(rig.told().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_goes_back_to_a_recogniser_soon_or_while_it_rests() {
    let commons = Commons::for_tests();
    let mut rig = Rig::start(&commons);
    let _second = rig.stood_in(20).await;
    rig.hear(0, 6_600, false).await;
    assert!(!rig.goes_back(), "soon");
    tokio::time::advance(Duration::from_secs(10)).await;
    let name = "one/ears".parse().expect("a name");
    for _ in 0..BreakerSettings::default().failures {
        commons.breakers.failed(Whom::named(&name), &reset());
    }
    rig.hear(6_600, 600, false).await;
    assert!(!rig.goes_back(), "it rests");
}
