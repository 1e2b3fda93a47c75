use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use super::*;
use crate::{
    agent::Station,
    breaker::{BreakerSettings, Breakers, Whom, anna},
    exchange::Commons,
    meters::Job,
    stations::Stations,
    tally::Tally,
};
use domain::{Item, Millis, PriceBook, Purpose};
use futures_util::future::BoxFuture;
use providers::{
    Verdict,
    llm::{LanguageModel, ModelSettings},
};

/// What a model does with one request.
#[derive(Clone, Copy)]
enum Deed {
    /// Says a word after this long, and is done.
    Answers {
        after_ms: u64,
        word: &'static str,
    },
    /// Says nothing, after this long.
    SaysNothing {
        after_ms: u64,
    },
    /// Counts the prompt, thinks, and will not answer.
    Declines,
    /// Refuses at once.
    Refuses(Verdict),
    /// Says a word after this long, and breaks off.
    BeginsAndBreaksOff {
        after_ms: u64,
    },
    /// Says a word and breaks off.
    BreaksOff,
    /// The same, after so long.
    BreaksOffAfter {
        after_ms: u64,
    },
    Sleeps,
}

/// What a request takes.
const TOKENS: Tokens = Tokens {
    input: 100,
    cached: 0,
    output: 5,
    cache_writes: 0,
    long_cache_writes: 0,
};

/// A model that does these things in turn, the last one for ever.
struct Model {
    deeds: Mutex<VecDeque<Deed>>,
    asked: Arc<Mutex<Vec<u128>>>,
    began: Instant,
}

impl LanguageModel for Model {
    fn reply(
        &self,
        _think: Think,
        written: mpsc::Sender<Written>,
    ) -> BoxFuture<'static, Result<Tokens, ProviderError>> {
        let lock = |asked: &Mutex<Vec<u128>>, at| {
            asked
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(at);
        };
        lock(&self.asked, self.began.elapsed().as_millis());
        let mut deeds = self.deeds.lock().unwrap_or_else(PoisonError::into_inner);
        let deed = if deeds.len() > 1 {
            deeds.pop_front()
        } else {
            deeds.front().copied()
        };
        Box::pin(async move {
            match deed.expect("every model does something") {
                Deed::Answers { after_ms, word } => {
                    tokio::time::sleep(Duration::from_millis(after_ms)).await;
                    drop(written.send(Written::Text(word.to_owned())).await);
                    Ok(TOKENS)
                }
                Deed::SaysNothing { after_ms } => {
                    tokio::time::sleep(Duration::from_millis(after_ms)).await;
                    Ok(TOKENS)
                }
                Deed::Declines => {
                    drop(written.send(Written::Used(COUNTED)).await);
                    Err(ProviderError::Refused {
                        provider: "model",
                        status: 200,
                        detail: String::new(),
                        verdict: Verdict::SwitchProvider,
                    })
                }
                Deed::Refuses(verdict) => Err(ProviderError::Refused {
                    provider: "model",
                    status: 500,
                    detail: String::new(),
                    verdict,
                }),
                Deed::BeginsAndBreaksOff { after_ms } => {
                    tokio::time::sleep(Duration::from_millis(after_ms)).await;
                    drop(written.send(Written::Text("Half".to_owned())).await);
                    Err(broken())
                }
                Deed::BreaksOff => {
                    drop(written.send(Written::Text("Half".to_owned())).await);
                    Err(broken())
                }
                Deed::BreaksOffAfter { after_ms } => {
                    drop(written.send(Written::Text("Half".to_owned())).await);
                    tokio::time::sleep(Duration::from_millis(after_ms)).await;
                    Err(broken())
                }
                Deed::Sleeps => std::future::pending().await,
            }
        })
    }

    fn warm(&self) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

/// What came of one reply.
#[derive(Debug, PartialEq)]
struct Came {
    inputs: Vec<String>,
    /// When each model was asked, in ms.
    asked: Vec<Vec<u128>>,
    /// Prompt tokens paid for, for the call and for nothing.
    paid: [u64; 2],
    opened: Vec<bool>,
    /// Who is not asked again for this reply.
    tried: Tried,
}

struct Rig {
    commons: Commons,
    models: Vec<Vec<Deed>>,
}

impl Rig {
    fn of(models: &[&[Deed]]) -> Self {
        Self {
            commons: Commons::for_tests(),
            models: models.iter().map(|deeds| deeds.to_vec()).collect(),
        }
    }

    async fn reply(&self) -> Came {
        self.reply_in(1).await
    }

    /// One reply that takes so many requests of the session.
    async fn reply_in(&self, requests: usize) -> Came {
        let began = Instant::now();
        let mut asked = Vec::new();
        let stations: Vec<Station<dyn LanguageModel, Arc<ModelSettings>>> = self
            .models
            .iter()
            .enumerate()
            .map(|(place, deeds)| {
                let log = Arc::<Mutex<Vec<u128>>>::default();
                asked.push(Arc::clone(&log));
                let model = Model {
                    deeds: Mutex::new(deeds.iter().copied().collect()),
                    asked: log,
                    began,
                };
                Station {
                    name: name(place),
                    provider: Arc::new(model) as Arc<dyn LanguageModel>,
                    settings: settings(),
                }
            })
            .collect();
        let tally = Arc::new(Tally::of_models(&[0, 1].map(name)));
        let (mailbox, mut inputs) = mpsc::channel(64);
        let models = stations.len();
        let draft = Arc::new(Draft::new(Arc::clone(&tally), models));
        for _ in 0..requests {
            let list = stations.clone();
            let thinking = Thinking {
                stations: Stations::new(anna(), list, (Job::Think, RETRY), &self.commons),
                mailbox: mailbox.clone(),
                draft: Arc::clone(&draft),
                reply: ReplyId(1),
            };
            thinking.run(prompt()).await;
        }
        drop(mailbox);
        let mut told = Vec::new();
        while let Some(input) = inputs.recv().await {
            told.push(input.to_string());
        }
        let receipt = tally.receipt(Millis::ZERO, &PriceBook::default());
        let paid = [Purpose::Call, Purpose::Hedge].map(|purpose| {
            let lines = receipt.0.iter();
            let input = lines.filter(|line| (line.purpose, line.item) == (purpose, Item::Input));
            input.map(|line| line.amount).sum()
        });
        Came {
            inputs: told,
            tried: draft.tried(),
            asked: asked
                .iter()
                .map(|log| log.lock().unwrap_or_else(PoisonError::into_inner).clone())
                .collect(),
            paid,
            opened: (0..models)
                .map(|place| {
                    !self
                        .commons
                        .breakers
                        .rests(Whom::named(&name(place)))
                        .is_zero()
                })
                .collect(),
        }
    }
}

fn prompt() -> Prompt {
    Prompt {
        system: "You are Anna.".into(),
        messages: Vec::new(),
        may_press: false,
    }
}

fn name(place: usize) -> domain::ModelName {
    format!("model{place}/it").parse().expect("a name")
}

fn broken() -> ProviderError {
    ProviderError::Connection {
        provider: "model",
        detail: "it broke".to_owned(),
    }
}

fn settings() -> Arc<ModelSettings> {
    Arc::new(ModelSettings::plain("model", 100))
}

const SOON: Deed = Deed::Answers {
    after_ms: 300,
    word: "Soon.",
};
const LATE: Deed = Deed::Answers {
    after_ms: 4_000,
    word: "Late.",
};
/// What a model counts that declines.
const COUNTED: Tokens = Tokens {
    input: 70,
    cached: 0,
    cache_writes: 0,
    long_cache_writes: 0,
    output: 20,
};
/// Tokens of the prompt, as they are guessed.
const GUESS: u64 = 4;

#[tokio::test(start_paused = true)]
async fn a_model_that_answers_is_the_only_one_asked() {
    let came = Rig::of(&[&[SOON], &[SOON]]).reply().await;
    assert_eq!(came.inputs, [r#"text r1 "Soon.""#, "done r1"]);
    assert_eq!(came.asked, [vec![0], vec![]]);
    assert_eq!(came.paid, [100, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_model_is_hedged_and_both_are_paid() {
    let came = Rig::of(&[&[Deed::Sleeps], &[SOON]]).reply().await;
    assert_eq!(came.inputs, [r#"text r1 "Soon.""#, "done r1"]);
    assert_eq!(came.asked, [vec![0], vec![2_500]]);
    assert_eq!(came.paid, [100, GUESS]);
}

#[tokio::test(start_paused = true)]
async fn a_late_model_may_still_win() {
    let came = Rig::of(&[&[LATE], &[Deed::Sleeps]]).reply().await;
    assert_eq!(came.inputs, [r#"text r1 "Late.""#, "done r1"]);
    assert_eq!(came.paid, [100, GUESS]);
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_in_a_race_leaves_it_to_the_other() {
    let nothing = Deed::SaysNothing { after_ms: 2_600 };
    let came = Rig::of(&[&[nothing], &[SOON]]).reply().await;
    assert_eq!(came.inputs, [r#"text r1 "Soon.""#, "done r1"]);
    assert_eq!(came.paid, [100, 100]);
}

#[tokio::test(start_paused = true)]
async fn two_who_say_nothing_are_no_failure() {
    let nothing = |after_ms| Deed::SaysNothing { after_ms };
    let came = Rig::of(&[&[nothing(2_600)], &[nothing(300)]]).reply().await;
    assert_eq!(came.inputs, ["done r1"]);
    assert_eq!(came.paid, [100, 100]);
    assert_eq!(came.opened, [false, false]);
}

#[tokio::test(start_paused = true)]
async fn the_only_model_is_asked_twice_when_it_is_late() {
    let came = Rig::of(&[&[Deed::Sleeps, SOON]]).reply().await;
    assert_eq!(came.inputs, [r#"text r1 "Soon.""#, "done r1"]);
    assert_eq!(came.asked, [vec![0, 2_500]]);
}

#[tokio::test(start_paused = true)]
async fn a_hiccup_is_tried_again_once_and_then_somebody_else_is_asked() {
    let again = Deed::Refuses(Verdict::Retry);
    let came = Rig::of(&[&[again], &[SOON]]).reply().await;
    assert_eq!(came.inputs, [r#"text r1 "Soon.""#, "done r1"]);
    let [first, second] = [&came.asked[0], &came.asked[1]];
    assert_eq!(first.len(), 2);
    assert!((100..=300).contains(&(first[1] - first[0])), "{first:?}");
    assert_eq!(second, &first[1..]);
    assert_eq!(came.paid, [100, 0], "refusals cost nothing");
}

#[tokio::test(start_paused = true)]
async fn an_overloaded_model_is_not_asked_again() {
    let came = Rig::of(&[&[Deed::Refuses(Verdict::SwitchProvider)], &[SOON]])
        .reply()
        .await;
    assert_eq!(came.asked, [vec![0], vec![0]]);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_declines_is_paid_for_its_thoughts() {
    let came = Rig::of(&[&[Deed::Declines], &[SOON]]).reply().await;
    assert_eq!(came.inputs, [r#"text r1 "Soon.""#, "done r1"]);
    assert_eq!(came.paid, [170, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_one_model_cannot_take_another_may_and_nobody_is_blamed() {
    let rig = Rig::of(&[&[Deed::Refuses(Verdict::GiveUp)], &[SOON]]);
    for _ in 0..=BreakerSettings::default().failures {
        let came = rig.reply().await;
        assert_eq!(came.inputs, [r#"text r1 "Soon.""#, "done r1"]);
        assert_eq!(came.asked, [vec![0], vec![0]]);
        assert_eq!(came.opened, [false, false]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_can_take_fails() {
    let refuses: &[Deed] = &[Deed::Refuses(Verdict::GiveUp)];
    let came = Rig::of(&[refuses; 2]).reply().await;
    assert_eq!(came.inputs, ["no-thought r1"]);
    assert_eq!(came.asked, [[0]; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_rests_at_once() {
    let rig = Rig::of(&[&[Deed::Refuses(Verdict::KeyRefused)], &[SOON]]);
    assert_eq!(rig.reply().await.opened, [true, false]);
    assert_eq!(rig.reply().await.asked[0], [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_always_late_rests_after_three_times() {
    let rig = Rig::of(&[&[Deed::Sleeps], &[SOON]]);
    for _ in 0..3 {
        rig.reply().await;
    }
    let came = rig.reply().await;
    assert_eq!(came.asked, [vec![], vec![0]]);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_nobody_writes_fails_in_time() {
    let began = Instant::now();
    let came = Rig::of(&[&[Deed::Sleeps]]).reply().await;
    assert_eq!(came.inputs, ["no-thought r1"]);
    assert_eq!(began.elapsed(), LONGEST);
    assert_eq!(came.paid, [2 * GUESS, 0]);
}

#[tokio::test(start_paused = true)]
async fn whoever_writes_a_reply_has_what_is_left_of_its_time_and_is_blamed_for_the_rest() {
    let breaks_off = Deed::BreaksOffAfter { after_ms: 10_000 };
    let mut rig = Rig::of(&[&[breaks_off], &[Deed::Sleeps]]);
    rig.commons.breakers = Breakers::with(BreakerSettings {
        failures: 1,
        ..BreakerSettings::default()
    });
    let began = Instant::now();
    let came = rig.reply_in(2).await;
    let told = [r#"text r1 "Half""#, "half-thought r1", "no-thought r1"];
    assert_eq!(came.inputs, told);
    assert_eq!(began.elapsed(), LONGEST);
    assert_eq!(came.opened, [true, true]);
}

#[tokio::test(start_paused = true)]
async fn half_a_reply_is_left_at_that_when_its_time_is_over() {
    let mut rig = Rig::of(&[&[Deed::BreaksOffAfter { after_ms: 60_000 }], &[SOON]]);
    rig.commons.breakers = Breakers::with(BreakerSettings {
        failures: 1,
        ..BreakerSettings::default()
    });
    let came = rig.reply().await;
    assert_eq!(came.inputs, [r#"text r1 "Half""#, "no-thought r1"]);
    assert_eq!(came.opened, [true, false]);
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_after_tools_has_its_own_time() {
    let slow = Deed::Answers {
        after_ms: 9_000,
        word: "Slow.",
    };
    let came = Rig::of(&[&[slow]]).reply_in(2).await;
    let told = [r#"text r1 "Slow.""#, "done r1"];
    assert_eq!(came.inputs, [told, told].concat());
}

#[tokio::test(start_paused = true)]
async fn half_a_reply_is_paid_as_far_as_it_came() {
    let came = Rig::of(&[&[Deed::BreaksOff]]).reply().await;
    assert_eq!(came.inputs, [r#"text r1 "Half""#, "no-thought r1"]);
    assert_eq!(came.paid, [GUESS, 0]);
}

#[tokio::test(start_paused = true)]
async fn somebody_else_goes_on_with_half_a_reply() {
    let rig = Rig::of(&[&[Deed::BreaksOff], &[SOON]]);
    let came = rig.reply().await;
    assert_eq!(came.inputs, [r#"text r1 "Half""#, "half-thought r1"]);
    assert_eq!(came.tried, Tried::of([0], Some(0)));
    let whole = rig.reply_in(2).await;
    assert_eq!(whole.inputs[2..], [r#"text r1 "Soon.""#, "done r1"]);
    assert_eq!(whole.asked, [vec![0], vec![0]]);
    assert_eq!(whole.tried, Tried::of([0], None), "counted once");
}

#[tokio::test(start_paused = true)]
async fn somebody_goes_on_with_half_a_reply_as_the_one_probe_after_a_rest() {
    let rig = Rig::of(&[&[Deed::BreaksOff], &[SOON]]);
    for _ in 0..BreakerSettings::default().failures {
        rig.commons
            .breakers
            .failed(Whom::named(&name(1)), &broken());
    }
    tokio::time::advance(BreakerSettings::default().open).await;
    let came = rig.reply_in(2).await;
    assert_eq!(
        came.inputs[1..],
        ["half-thought r1", r#"text r1 "Soon.""#, "done r1"]
    );
}

#[tokio::test(start_paused = true)]
async fn who_was_not_needed_in_a_race_goes_on_when_its_winner_breaks_off() {
    let late = Deed::BeginsAndBreaksOff { after_ms: 4_000 };
    let came = Rig::of(&[&[late], &[Deed::Sleeps, SOON]]).reply_in(2).await;
    let told = [r#"text r1 "Half""#, "half-thought r1"];
    assert_eq!(came.inputs[..2], told);
    assert_eq!(came.inputs[2..], [r#"text r1 "Soon.""#, "done r1"]);
    assert_eq!(came.asked, [vec![0], vec![2_500, 4_000]]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_blamed_for_time_that_it_never_had() {
    let breaks_off = Deed::BreaksOffAfter { after_ms: 13_000 };
    let mut rig = Rig::of(&[&[breaks_off], &[Deed::Sleeps]]);
    rig.commons.breakers = Breakers::with(BreakerSettings {
        failures: 1,
        ..BreakerSettings::default()
    });
    let came = rig.reply_in(2).await;
    assert_eq!(
        came.inputs.last().map(String::as_str),
        Some("no-thought r1")
    );
    assert_eq!(came.opened, [true, false]);
}
