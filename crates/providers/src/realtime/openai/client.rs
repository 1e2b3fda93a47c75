use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::{conversation::Conversation, opening, wire};
use crate::{
    BaseUrl, ProviderError, Secret,
    llm::openai::{Profile, authorization},
    openai::NAME,
    realtime::{FromSpeaker, SpeechToSpeech, Talk, ToSpeaker},
    socket::Dial,
};

/// Conversations by OpenAI's realtime models, or by a server of the same shape.
#[derive(Clone, Debug)]
pub struct OpenAiRealtime {
    base: BaseUrl,
    key: Secret,
    deadlines: Deadlines,
}

/// How long OpenAI may take, and how long a session may last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// From nothing to a session that has taken its settings.
    pub connect: Duration,
    /// For the server to take a message; meanwhile no order is obeyed.
    pub send: Duration,
    /// From asking for a reply to the first of it.
    pub first_output: Duration,
    /// Between two pieces of a reply. Its sound is made faster than it plays.
    pub output_gap: Duration,
    /// For the server to end a reply that was cancelled.
    pub cancelled: Duration,
    /// For a turn's words to be written down.
    pub words: Duration,
    /// Between pings; a server that sends nothing for two of them is gone.
    pub ping: Duration,
    /// The age at which a session is replaced, in the next pause. The server ends it at an hour.
    pub recycle: Duration,
    /// Until the next attempt, should there be no session to replace it with.
    pub recycle_again: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            send: Duration::from_secs(1),
            first_output: Duration::from_secs(3),
            output_gap: Duration::from_secs(2),
            cancelled: Duration::from_secs(2),
            words: Duration::from_secs(5),
            ping: Duration::from_secs(20),
            recycle: Duration::from_secs(20 * 60),
            recycle_again: Duration::from_secs(60),
        }
    }
}

impl OpenAiRealtime {
    /// Where OpenAI's own service is.
    pub const BASE_URL: &str = crate::llm::OpenAi::BASE_URL;

    /// Conversations at this address with this key. A base without any path gets `/v1`.
    #[must_use]
    pub fn new(base: BaseUrl, key: Secret) -> Self {
        Self {
            base,
            key,
            deadlines: Deadlines::default(),
        }
    }

    /// The same with other deadlines.
    #[must_use]
    pub fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }
}

impl SpeechToSpeech for OpenAiRealtime {
    fn talk(
        &self,
        talk: Talk,
        mut orders: mpsc::Receiver<ToSpeaker>,
        told: mpsc::Sender<FromSpeaker>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let dial = Dial {
            provider: NAME,
            url: wire::url(&self.base, &talk.settings),
            key: authorization(&self.key, Profile::of(&self.base).authorisation),
            connect: self.deadlines.connect,
            send: self.deadlines.send,
        };
        let deadlines = self.deadlines;
        let key = self.key.clone();
        Box::pin(async move {
            let talking = async {
                let mut waiting = opening::Waiting::default();
                let opening = opening::open(dial.clone(), talk.clone());
                let opened = opening::while_opening(opening, &mut orders, &mut waiting).await?;
                let Some(socket) = opened else { return Ok(()) };
                let conversation = Conversation::new((dial, talk), deadlines, socket);
                conversation.run(waiting, orders, told).await
            };
            talking
                .await
                .map_err(|error: ProviderError| error.without(&key))
        })
    }
}

#[cfg(test)]
mod tests;
