//! Providers of channels: a recogniser that hears what the test says, a model with fixed replies,
//! a voice whose audio tells which reply it belongs to.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::Millis;
use futures_util::{FutureExt, future::BoxFuture};
use providers::{
    ProviderError,
    llm::{LanguageModel, Think, Tokens, Written},
    stt::{Listen, PaysFor, Recognised, SpeechToText, SttCapabilities, ToRecogniser},
    tts::{FromVoice, TextToSpeech, ToVoice, Voice},
};
use session::Delivery;
use tokio::sync::mpsc;

use crate::line::sound;

/// What a provider does when it is asked next.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    Fail(ProviderError),
    /// It never answers.
    Hang,
    Panic,
    Work,
}

pub(crate) fn silent() -> ProviderError {
    ProviderError::Silent {
        provider: "fake",
        stage: "connect",
        waited: Duration::from_secs(2),
    }
}

pub(crate) fn broken() -> ProviderError {
    ProviderError::Connection {
        provider: "fake",
        detail: "reset".to_owned(),
    }
}

/// What it is asked for, in order, and what it does each time; then it works.
#[derive(Clone, Default)]
pub(crate) struct Plans(Arc<Mutex<VecDeque<Plan>>>);

impl Plans {
    pub(crate) fn of(plans: impl IntoIterator<Item = Plan>) -> Self {
        Self(Arc::new(Mutex::new(plans.into_iter().collect())))
    }

    pub(crate) fn next(&self) -> Plan {
        self.0.lock().unwrap().pop_front().unwrap_or(Plan::Work)
    }
}

/// A recogniser that hears what the test says through `ears`.
#[derive(Clone, Default)]
pub(crate) struct FakeEars {
    pub(crate) plans: Plans,
    pub(crate) open: Arc<Mutex<Option<mpsc::Sender<Recognised>>>>,
    pub(crate) heard: Arc<Mutex<Vec<ToRecogniser>>>,
}

impl SpeechToText for FakeEars {
    fn capabilities(&self) -> SttCapabilities {
        SttCapabilities {
            finalizes: true,
            words: Delivery::AsSpoken,
            replay: Millis(3_000),
            tells_within: Some(Millis(4_000)),
            pays_for: PaysFor::Given,
        }
    }

    fn listen(
        &self,
        _listen: Listen,
        mut audio: mpsc::Receiver<ToRecogniser>,
        heard: mpsc::Sender<Recognised>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let this = self.clone();
        async move {
            match this.plans.next() {
                Plan::Fail(error) => return Err(error),
                Plan::Hang => std::future::pending().await,
                Plan::Panic => panic!("a bug in a recogniser"),
                Plan::Work => {}
            }
            drop(heard.send(Recognised::Ready).await);
            *this.open.lock().unwrap() = Some(heard);
            while let Some(piece) = audio.recv().await {
                this.heard.lock().unwrap().push(piece);
                // A closed ear is a connection that the test has cut.
                if this.open.lock().unwrap().is_none() {
                    return Err(broken());
                }
            }
            Ok(())
        }
        .boxed()
    }
}

/// A model that says the next of its replies, word by word.
#[derive(Clone, Default)]
pub(crate) struct FakeModel {
    pub(crate) plans: Plans,
    pub(crate) replies: Arc<Mutex<VecDeque<Vec<Written>>>>,
    pub(crate) asked: Arc<Mutex<Vec<Think>>>,
}

impl FakeModel {
    pub(crate) fn saying(replies: &[&str]) -> Self {
        let replies = replies.iter().map(|text| {
            text.split_inclusive(' ')
                .map(|word| Written::Text(word.to_owned()))
                .collect()
        });
        Self {
            replies: Arc::new(Mutex::new(replies.collect())),
            ..Self::default()
        }
    }

    /// How many hold it: whoever may ask it, and each of its requests that is under way.
    pub(crate) fn holders(&self) -> usize {
        Arc::strong_count(&self.plans.0)
    }
}

impl LanguageModel for FakeModel {
    fn reply(
        &self,
        think: Think,
        written: mpsc::Sender<Written>,
    ) -> BoxFuture<'static, Result<Tokens, ProviderError>> {
        let this = self.clone();
        this.asked.lock().unwrap().push(think);
        async move {
            match this.plans.next() {
                Plan::Fail(error) => return Err(error),
                Plan::Hang => std::future::pending().await,
                Plan::Panic => panic!("a bug in a model"),
                Plan::Work => {}
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            let reply = this.replies.lock().unwrap().pop_front();
            for piece in reply.unwrap_or_else(|| vec![Written::Text("And?".to_owned())]) {
                drop(written.send(piece).await);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok(Tokens {
                input: 100,
                output: 10,
                ..Tokens::default()
            })
        }
        .boxed()
    }

    fn warm(&self) -> BoxFuture<'static, ()> {
        async {}.boxed()
    }
}

/// A voice that speaks 60 ms per character, in bytes that tell the reply: 0x40 and its id.
#[derive(Clone, Default)]
pub(crate) struct FakeVoice {
    pub(crate) plans: Plans,
    pub(crate) said: Arc<Mutex<Vec<String>>>,
}

impl TextToSpeech for FakeVoice {
    fn speak(
        &self,
        _voice: Voice,
        mut orders: mpsc::Receiver<ToVoice>,
        made: mpsc::Sender<FromVoice>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let this = self.clone();
        async move {
            while let Some(order) = orders.recv().await {
                match order {
                    ToVoice::Say {
                        reply,
                        clause,
                        text,
                    } => {
                        match this.plans.next() {
                            Plan::Fail(error) => return Err(error),
                            Plan::Hang => std::future::pending().await,
                            Plan::Panic => panic!("a bug in a voice"),
                            Plan::Work => {}
                        }
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        // As loud as speech: silence in place of words is given up.
                        let tag = 0x40 | u8::try_from(reply.0).unwrap();
                        let bytes = sound(tag, text.chars().count() as u64 * 60);
                        this.said.lock().unwrap().push(text);
                        drop(
                            made.send(FromVoice::Audio {
                                reply,
                                clause,
                                bytes,
                                words: vec![],
                            })
                            .await,
                        );
                    }
                    ToVoice::End(reply) => drop(made.send(FromVoice::All(reply)).await),
                    ToVoice::Cancel(_) => {}
                }
            }
            Ok(())
        }
        .boxed()
    }
}
