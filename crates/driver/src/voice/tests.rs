use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{FutureExt, future::BoxFuture};
use providers::ProviderError;
use tokio::time::{Duration, Instant};

use super::*;
use crate::{
    breaker::{BreakerSettings, Need, Whom, anna},
    cache::{CacheSettings, DiskSettings},
    meters::Job,
    stations::Stations,
    tally::Tally,
};

/// A voice that takes 100 ms to connect and 200 ms for a clause.
struct Slow;

impl TextToSpeech for Slow {
    fn speak(
        &self,
        _voice: Voice,
        mut orders: mpsc::Receiver<ToVoice>,
        made: mpsc::Sender<FromVoice>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            while let Some(order) = orders.recv().await {
                let event = match order {
                    ToVoice::Say { reply, clause, .. } => {
                        tokio::time::sleep(Duration::from_millis(200)).await;
                        FromVoice::Audio {
                            reply,
                            clause,
                            bytes: Bytes::from_static(&[0x30; 800]),
                            words: Vec::new(),
                        }
                    }
                    ToVoice::End(reply) => FromVoice::All(reply),
                    ToVoice::Cancel(_) => continue,
                };
                if made.send(event).await.is_err() {
                    break;
                }
            }
            Ok(())
        }
        .boxed()
    }
}

pub(super) fn voice() -> Voice {
    Voice::plain("slow", "anna")
}

fn station(provider: impl TextToSpeech + 'static) -> Station<dyn TextToSpeech, Voice> {
    Station {
        name: "slow/voice".parse().expect("a name"),
        provider: Arc::new(provider),
        settings: voice(),
    }
}

/// A voice that nobody may ask.
struct Forbidden;

impl TextToSpeech for Forbidden {
    fn speak(
        &self,
        _voice: Voice,
        _orders: mpsc::Receiver<ToVoice>,
        _made: mpsc::Sender<FromVoice>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        panic!("everything is on disk");
    }
}

struct Rig {
    orders: mpsc::Sender<Order>,
    inputs: mpsc::Receiver<Input>,
    tally: Arc<Tally>,
    commons: Commons,
    began: Instant,
}

impl Rig {
    /// A call with an agent that says "Sure." by itself, which is in the cache.
    fn start() -> Self {
        Self::with(Commons::for_tests())
    }

    fn with(commons: Commons) -> Self {
        let station = station(Slow);
        let sure = Bytes::from_static(&[0x20; 400]);
        commons.cache.keep(&station.name, &voice(), "Sure.", sure);
        let (mailbox, inputs) = mpsc::channel(64);
        let (orders, taken) = mpsc::channel(QUEUE);
        let (_, sent) = watch::channel(Sent::default());
        let tally = Arc::new(Tally::for_tests());
        let speaker = Speaker {
            stations: Stations::new(anna(), vec![station], (Job::Speak, RETRY), &commons),
            commons: commons.clone(),
            mailbox,
            bills: Bills::new(Arc::clone(&tally)),
            own_lines: Arc::new(BTreeSet::from(["Sure.".to_owned()])),
            trimming: Trimming::default(),
            begins: Begins::AtOnce,
            sent,
        };
        tokio::spawn(speaker.run(taken));
        Self {
            orders,
            inputs,
            tally,
            commons,
            began: Instant::now(),
        }
    }

    async fn say(&self, clause: u32, text: &str) {
        let say = ToVoice::Say {
            reply: ReplyId(1),
            clause: ClauseId(clause),
            text: text.to_owned(),
        };
        self.orders.send(say.into()).await.expect("taken");
    }

    /// When the next input comes, and what it is, shortly.
    async fn next(&mut self) -> (u128, String) {
        let input = self.inputs.recv().await.expect("the call goes on");
        (self.began.elapsed().as_millis(), input.to_string())
    }
}

#[tokio::test(start_paused = true)]
async fn an_opener_from_the_cache_sounds_at_once_and_the_models_words_follow_it() {
    let mut rig = Rig::start();
    rig.say(0, "Sure.").await;
    assert_eq!(rig.next().await, (0, "audio r1/0 0.050".to_owned()));
    rig.say(1, "We open at nine.").await;
    rig.orders
        .send(ToVoice::End(ReplyId(1)).into())
        .await
        .expect("taken");
    // 100 ms to connect and 200 ms to speak, counted from the beginning: the opener cost nothing.
    let (at, told) = rig.next().await;
    assert!(at <= 301, "{at}");
    assert!(told.starts_with("audio r1/1 "), "{told}");
    assert_eq!(rig.next().await.1, "spoken r1");
    let receipt = rig
        .tally
        .receipt(domain::Millis(0), &domain::PriceBook::default());
    assert_eq!(receipt.usage().tts_characters, 16);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ends_before_a_word_leaves_the_probe_to_the_next() {
    let commons = Commons::for_tests();
    let (name, breakers) = (station(Slow).name, commons.breakers.clone());
    for _ in 0..BreakerSettings::default().failures {
        breakers.failed(
            Whom::named(&name),
            &ProviderError::Silent {
                provider: "slow",
                stage: "audio",
                waited: Duration::ZERO,
            },
        );
    }
    tokio::time::advance(BreakerSettings::default().open).await;
    let rig = Rig::with(commons);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(
        !breakers.allows(Whom::named(&name), Need::Usual),
        "the voice is tried"
    );
    drop(rig);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(breakers.allows(Whom::named(&name), Need::Usual), "at once");
}

#[tokio::test(start_paused = true)]
async fn what_is_in_the_cache_waits_for_the_clauses_before_it() {
    let mut rig = Rig::start();
    rig.say(0, "We open at nine.").await;
    rig.say(1, "Sure.").await;
    rig.orders
        .send(ToVoice::End(ReplyId(1)).into())
        .await
        .expect("taken");
    for clause in [0, 1] {
        let Some(Input::Audio(audio)) = rig.inputs.recv().await else {
            panic!("no audio of {clause}");
        };
        assert_eq!(audio.clause, ClauseId(clause));
    }
}

#[tokio::test(start_paused = true)]
async fn hits_and_misses_of_own_lines_are_counted() {
    let mut rig = Rig::start();
    rig.say(0, "Sure.").await;
    rig.say(1, "We open at nine.").await;
    rig.next().await;
    rig.next().await;
    let meters = &rig.commons.meters;
    assert_eq!(meters.cache.hits.get(), 1);
    assert_eq!(meters.cache.misses.get(), 0, "the model's own words");
    assert!(meters.cache.bytes.get() > 400);
}

#[tokio::test]
async fn a_restart_finds_what_was_rehearsed_on_disk() {
    let folder = std::env::temp_dir().join(format!("repartee-rehearsal-{}", std::process::id()));
    let settings = CacheSettings {
        disk: Some(DiskSettings {
            folder: folder.clone(),
            bytes: 1 << 20,
        }),
        ..CacheSettings::default()
    };
    let lines = ["Hello.".to_owned(), "Goodbye.".to_owned()];
    let first = Commons::keeping(settings.clone());
    let sent = AtomicU64::new(0);
    assert_eq!(rehearse(&station(Slow), &first, &lines, &sent).await, 0);
    let characters: usize = lines.iter().map(|line| line.chars().count()).sum();
    assert_eq!(sent.load(Ordering::Relaxed), characters as u64);
    let second = Commons::keeping(settings);
    let sent = AtomicU64::new(0);
    assert_eq!(
        rehearse(&station(Forbidden), &second, &lines, &sent).await,
        0
    );
    assert_eq!(sent.load(Ordering::Relaxed), 0, "nothing has to be made");
    let name = station(Forbidden).name;
    let greeting = second.cache.get(&name, &voice(), "Hello.");
    assert_eq!(greeting.map(|audio| audio.len()), Some(800));
    drop(std::fs::remove_dir_all(folder));
}

/// A voice that speaks one line and refuses the next.
struct Poor;

impl TextToSpeech for Poor {
    fn speak(
        &self,
        _voice: Voice,
        mut orders: mpsc::Receiver<ToVoice>,
        made: mpsc::Sender<FromVoice>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        async move {
            while let Some(order) = orders.recv().await {
                let event = match order {
                    ToVoice::Say { reply, .. } if reply > ReplyId(1) => break,
                    ToVoice::Say { reply, clause, .. } => FromVoice::Audio {
                        reply,
                        clause,
                        bytes: Bytes::from_static(&[0x30; 800]),
                        words: Vec::new(),
                    },
                    ToVoice::End(reply) => FromVoice::All(reply),
                    ToVoice::Cancel(_) => continue,
                };
                drop(made.send(event).await);
            }
            Err(ProviderError::Refused {
                provider: "poor",
                status: 402,
                detail: "quota_exceeded".to_owned(),
                verdict: providers::Verdict::KeyRefused,
            })
        }
        .boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_voice_refuses_to_rehearse_is_not_paid() {
    let lines = ["Hello.", "Goodbye.", "Sure."].map(str::to_owned);
    let (commons, sent) = (Commons::for_tests(), AtomicU64::new(0));
    assert_eq!(rehearse(&station(Poor), &commons, &lines, &sent).await, 2);
    assert_eq!(sent.load(Ordering::Relaxed), 6);
}
