//! A speech-to-speech model of channels: it says the next of its answers, 60 ms per character, in
//! bytes that tell the reply as those of the fake voice do.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{Language, ReplyId};
use driver::Station;
use futures_util::{FutureExt, future::BoxFuture};
use providers::{
    ProviderError,
    realtime::{
        FromSpeaker, RealtimeTokens, SpeechToSpeech, Talk, TalkSettings, ToSpeaker, TurnDetection,
    },
};
use session::ToolCall;
use tokio::sync::mpsc;

use crate::{
    line::sound,
    providers::{Plan, Plans, broken},
};

/// What it takes for every reply.
pub(crate) const USAGE: RealtimeTokens = RealtimeTokens {
    input_text: 100,
    input_audio: 50,
    cached_text: 40,
    cached_audio: 20,
    output_text: 8,
    output_audio: 30,
};

/// An answer.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The connection is gone after so many characters of it.
    Cut(&'static str, usize),
    Fails(ProviderError),
    /// Begins so many milliseconds late.
    Late(&'static str, u64),
    Panics,
    Says(&'static str),
    /// Asks for a tool in the middle.
    Tool(&'static str),
}

#[derive(Clone, Default)]
pub(crate) struct FakeTalker {
    /// One for each connection.
    pub(crate) plans: Plans,
    pub(crate) answers: Arc<Mutex<VecDeque<Answer>>>,
    /// How every connection began.
    pub(crate) talks: Arc<Mutex<Vec<Talk>>>,
    pub(crate) told: Arc<Mutex<Vec<ToSpeaker>>>,
}

impl FakeTalker {
    pub(crate) fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            answers: Arc::new(Mutex::new(answers.into_iter().collect())),
            ..Self::default()
        }
    }

    /// What it was told, without sound.
    pub(crate) fn orders(&self) -> Vec<String> {
        let told = self.told.lock().unwrap();
        let orders = told.iter().filter_map(|order| match order {
            ToSpeaker::Audio(_) => None,
            ToSpeaker::Cancel { reply, heard } => Some(format!("cancel {reply} after {heard}")),
            ToSpeaker::Clear => Some("clear".to_owned()),
            ToSpeaker::Commit { reply, .. } => Some(format!("commit {reply}")),
            ToSpeaker::Recall(_) => Some("recall".to_owned()),
            ToSpeaker::Respond { reply, .. } => Some(format!("respond {reply}")),
            ToSpeaker::Say { reply, text } => Some(format!("say {reply} {text}")),
            ToSpeaker::Stop(reply) => Some(format!("stop {reply}")),
            ToSpeaker::ToolAnswered { id, .. } => Some(format!("answered {id}")),
        });
        orders.collect()
    }

    async fn answer(
        &self,
        reply: ReplyId,
        told: &mpsc::Sender<FromSpeaker>,
    ) -> Result<(), ProviderError> {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let answer = self.answers.lock().unwrap().pop_front();
        match answer.unwrap_or(Answer::Says("And?")) {
            Answer::Cut(text, chars) => {
                say(reply, (text, chars), told).await;
                return Err(broken());
            }
            Answer::Fails(error) => {
                let failed = FromSpeaker::Failed {
                    reply,
                    error,
                    usage: USAGE,
                };
                drop(told.send(failed).await);
                return Ok(());
            }
            Answer::Late(text, ms) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                say(reply, (text, text.len()), told).await;
            }
            Answer::Panics => panic!("a bug in a talker"),
            Answer::Says(text) => say(reply, (text, text.len()), told).await,
            Answer::Tool(name) => {
                let call = ToolCall {
                    id: format!("call-{name}"),
                    name: name.to_owned(),
                    arguments: "{}".to_owned(),
                };
                drop(told.send(FromSpeaker::Tool { reply, call }).await);
            }
        }
        done(reply, told).await;
        Ok(())
    }
}

/// Tells all of a text, and the sound of so many of its characters.
async fn say(reply: ReplyId, (text, chars): (&str, usize), told: &mpsc::Sender<FromSpeaker>) {
    let whole = FromSpeaker::Text {
        reply,
        text: text.to_owned(),
    };
    drop(told.send(whole).await);
    let tag = 0x40 | u8::try_from(reply.0).unwrap();
    for _ in 0..chars {
        let bytes = sound(tag, 60);
        drop(told.send(FromSpeaker::Audio { reply, bytes }).await);
    }
}

async fn done(reply: ReplyId, told: &mpsc::Sender<FromSpeaker>) {
    let usage = USAGE;
    drop(told.send(FromSpeaker::Done { reply, usage }).await);
}

impl SpeechToSpeech for FakeTalker {
    fn talk(
        &self,
        talk: Talk,
        mut orders: mpsc::Receiver<ToSpeaker>,
        told: mpsc::Sender<FromSpeaker>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let this = self.clone();
        this.talks.lock().unwrap().push(talk);
        async move {
            match this.plans.next() {
                Plan::Fail(error) => return Err(error),
                Plan::Hang => std::future::pending().await,
                Plan::Panic => panic!("a bug in a talker"),
                Plan::Work => {}
            }
            drop(told.send(FromSpeaker::Ready).await);
            while let Some(order) = orders.recv().await {
                this.told.lock().unwrap().push(order.clone());
                match order {
                    ToSpeaker::Commit { reply, .. } | ToSpeaker::Respond { reply, .. } => {
                        this.answer(reply, &told).await?;
                    }
                    ToSpeaker::Say { reply, text } => {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        say(reply, (&text, text.chars().count()), &told).await;
                        done(reply, &told).await;
                    }
                    ToSpeaker::Audio(_)
                    | ToSpeaker::Cancel { .. }
                    | ToSpeaker::Clear
                    | ToSpeaker::Recall(_)
                    | ToSpeaker::Stop(_)
                    | ToSpeaker::ToolAnswered { .. } => {}
                }
            }
            Ok(())
        }
        .boxed()
    }
}

pub(crate) fn stations(
    talkers: &[FakeTalker],
) -> Vec<Station<dyn SpeechToSpeech, Arc<TalkSettings>>> {
    let settings = Arc::new(TalkSettings {
        model: "talker".to_owned(),
        voice: "v".to_owned(),
        language: Language::default(),
        transcription_model: None,
        turns: TurnDetection::Ours,
        max_output_tokens: None,
        tools: Vec::new(),
    });
    let station = |(index, talker): (usize, &FakeTalker)| Station {
        name: format!("talker{index}/fake").parse().unwrap(),
        provider: Arc::new(talker.clone()) as Arc<dyn SpeechToSpeech>,
        settings: Arc::clone(&settings),
    };
    talkers.iter().enumerate().map(station).collect()
}
