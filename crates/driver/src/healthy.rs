//! Healthy requests, one after the other, as calls make them: for measuring what everything costs
//! that stands between a call and its providers, when nothing goes wrong.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use domain::{Millis, ReplyId};
use providers::tts::ToVoice;
use session::{ClauseId, Input, Prompt};
use tokio::sync::{mpsc, watch};

use crate::{
    agent::Agent,
    draft::Draft,
    exchange::Commons,
    meters::Job,
    mouth::Sent,
    prepared::MAILBOX,
    recogniser::{self, Order, Recogniser, Sound},
    stations::Stations,
    tally::Tally,
    thinking::{self, Thinking},
    voice::{self, Begins, Bills, Speaker, Trimming},
};

/// An agent's providers, behind what every call has in front of them.
pub struct Healthy {
    agent: Arc<Agent>,
    commons: Commons,
    tally: Arc<Tally>,
}

impl Healthy {
    pub(crate) fn new(agent: &Arc<Agent>, commons: &Commons) -> Self {
        Self {
            agent: Arc::clone(agent),
            commons: commons.clone(),
            tally: Arc::new(Tally::of(agent)),
        }
    }

    /// Has so many replies written. Returns what a session was told of them.
    pub async fn think(&self, prompt: &Prompt, times: u32) -> usize {
        let (mailbox, mut inputs) = mpsc::channel(MAILBOX);
        let mut told = 0;
        for reply in 0..times {
            let models = self.agent.think.clone();
            let thinking = Thinking {
                draft: Arc::new(Draft::new(Arc::clone(&self.tally), models.len())),
                stations: Stations::new(
                    &self.agent.id,
                    models,
                    (Job::Think, thinking::RETRY),
                    &self.commons,
                ),
                mailbox: mailbox.clone(),
                reply: ReplyId(reply),
            };
            thinking.run(prompt.clone()).await;
            while inputs.try_recv().is_ok() {
                told += 1;
            }
        }
        told
    }

    /// Has a text spoken so many times over one connection. Returns what a session was told of it.
    pub async fn speak(&self, text: &str, times: u32) -> usize {
        let (mailbox, mut inputs) = mpsc::channel(MAILBOX);
        let (orders, taken) = mpsc::channel(voice::QUEUE);
        let (_heard, sent) = watch::channel(Sent::default());
        let speaker = Speaker {
            stations: Stations::new(
                &self.agent.id,
                self.agent.speak.clone(),
                (Job::Speak, voice::RETRY),
                &self.commons,
            ),
            commons: self.commons.clone(),
            mailbox,
            bills: Bills::new(Arc::clone(&self.tally)),
            own_lines: Arc::new(BTreeSet::new()),
            trimming: Trimming::default(),
            begins: Begins::AtOnce,
            sent,
        };
        let asking = async move {
            let mut told = 0;
            for reply in (0..times).map(ReplyId) {
                let say = ToVoice::Say {
                    reply,
                    clause: ClauseId(0),
                    text: text.to_owned(),
                };
                for order in [say, ToVoice::End(reply)] {
                    drop(orders.send(order.into()).await);
                }
                while let Some(input) = inputs.recv().await {
                    told += 1;
                    if input == Input::SpokenAll(reply) {
                        break;
                    }
                }
            }
            told
        };
        tokio::join!(speaker.run(taken), asking).1
    }

    /// Has so many utterances of the same sound understood over one connection, the words of each
    /// being asked for. Returns what a session was told of them.
    pub async fn listen(&self, pieces: &[Bytes], times: u32) -> usize {
        let (mailbox, mut inputs) = mpsc::channel(MAILBOX);
        let (orders, taken) = mpsc::channel(recogniser::QUEUE);
        let recogniser = Recogniser {
            stations: Stations::new(
                &self.agent.id,
                self.agent.listen.clone(),
                (Job::Listen, recogniser::RETRY),
                &self.commons,
            ),
            commons: self.commons.clone(),
            mailbox,
            tally: Arc::clone(&self.tally),
            only_writes: Arc::default(),
        };
        let asking = async move {
            let (mut told, mut from) = (0, Millis::ZERO);
            for _ in 0..times {
                for bytes in pieces {
                    let sound = Sound {
                        from,
                        bytes: bytes.clone(),
                        speech: true,
                    };
                    from = sound.until();
                    drop(orders.send(Order::Hear(sound)).await);
                }
                drop(orders.send(Order::Finalize).await);
                if inputs.recv().await.is_some() {
                    told += 1;
                }
            }
            told
        };
        tokio::join!(recogniser.run(taken), asking).1
    }
}
