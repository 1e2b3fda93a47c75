//! What a call leaves behind, and should not.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{FakeEar, FakeVoice, Post, Stage};

/// What outlived a call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in super::super) struct Left {
    /// Connections of recognisers and voices.
    pub(in super::super) connections: usize,
    /// Requests over HTTP, whose connections are kept for the next call.
    pub(in super::super) requests: usize,
}

impl Stage {
    /// What stands, when it had five seconds to end.
    pub(super) async fn left(&self) -> Left {
        const WITHIN: Duration = Duration::from_secs(5);
        let until = Instant::now() + WITHIN;
        loop {
            let left = self.open();
            if left == Left::default() || Instant::now() > until {
                return left;
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    fn open(&self) -> Left {
        let mut left = Left::default();
        for post in &self.ears {
            match &post.fake {
                FakeEar::Files(fake) => left.requests += fake.transcription().open(),
                FakeEar::Socket(_) => left.connections += standing(post),
            }
        }
        for post in &self.models {
            let closed = post.fake.closed();
            left.requests += closed.iter().filter(|at| at.is_none()).count();
        }
        for post in &self.voices {
            match &post.fake {
                FakeVoice::Clauses(fake) => left.requests += fake.clauses().open(),
                FakeVoice::Socket(_) => left.connections += standing(post),
                FakeVoice::Wide(fake) => left.requests += fake.speech().open(),
            }
        }
        left
    }
}

fn standing<F>(post: &Post<F>) -> usize {
    let links = post.proxy.links();
    links.iter().filter(|link| link.closed.is_none()).count()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::ReplyId;
    use providers::{llm::Think, tts::ToVoice};
    use session::{ClauseId, Message, Prompt};
    use tokio::{sync::mpsc, time::timeout};

    use super::*;
    use crate::{
        chaos::{Set, stage::Setting},
        fakes::{LlmFault, TtsFault},
    };

    /// Waits until so many requests are open.
    async fn opens(stage: &Stage, requests: usize) {
        let wanted = Left {
            requests,
            ..Left::default()
        };
        let waits = async {
            while stage.open() != wanted {
                sleep(Duration::from_millis(1)).await;
            }
        };
        let waited = timeout(Duration::from_secs(5), waits).await;
        assert!(waited.is_ok(), "{:?} are left", stage.open());
    }

    #[tokio::test]
    async fn a_request_is_left_until_it_is_answered_or_not_wanted_any_more() {
        for set in [Set::Flux, Set::Files] {
            let stage = Stage::set(Setting::of(set)).await.unwrap();
            stage.models[0]
                .fake
                .fail_always(Some(LlmFault::StallAfter(1)));
            stage.voices[0].fake.fail_always(Some(TtsFault::Mute));
            opens(&stage, 0).await;
            let think = &stage.agent.think[0];
            let prompt = Prompt {
                system: "Be brief.".into(),
                messages: vec![Message::Caller("Hello?".to_owned())],
                may_press: false,
            };
            let settings = Arc::clone(&think.settings);
            let (written, _words) = mpsc::channel(16);
            let thinks = tokio::spawn(think.provider.reply(Think { prompt, settings }, written));
            opens(&stage, 1).await;
            let speak = &stage.agent.speak[0];
            let (orders, to_speak) = mpsc::channel(16);
            let (made, _sound) = mpsc::channel(16);
            let voice = speak.settings.clone();
            let speaks = tokio::spawn(speak.provider.speak(voice, to_speak, made));
            let say = ToVoice::Say {
                reply: ReplyId(1),
                clause: ClauseId(0),
                text: "Hello.".to_owned(),
            };
            orders.send(say).await.unwrap();
            opens(&stage, 2).await;
            thinks.abort();
            speaks.abort();
            opens(&stage, 0).await;
            stage.close().await.unwrap();
        }
    }
}
