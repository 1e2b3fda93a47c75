use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::{call_voice::CallVoice, wire};
use crate::{
    BaseUrl, ProviderError, Secret,
    deepgram::{self, NAME},
    socket::Dial,
    tts::{FromVoice, TextToSpeech, ToVoice, Voice},
};

/// Voices by Deepgram.
#[derive(Clone, Debug)]
pub struct Aura {
    base: BaseUrl,
    key: Secret,
    deadlines: Deadlines,
}

/// How long Deepgram may take, and we.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// From nothing to an open socket.
    pub connect: Duration,
    /// For the server to take a message; meanwhile no order is obeyed.
    pub send: Duration,
    /// From a flush to its first audio, when nothing else is being spoken.
    pub first_audio: Duration,
    /// Between two pieces of audio while some is missing.
    pub audio_gap: Duration,
    /// Before the audio runs out, the next clauses are flushed.
    pub flush_ahead: Duration,
    /// Between pings; a server that sends nothing for two of them is gone.
    pub ping: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            send: Duration::from_secs(1),
            first_audio: Duration::from_millis(1_500),
            audio_gap: Duration::from_secs(2),
            flush_ahead: Duration::from_secs(1),
            ping: Duration::from_secs(30),
        }
    }
}

impl Aura {
    /// Where Deepgram's own service is.
    pub const BASE_URL: &str = deepgram::BASE_URL;

    /// Voices at this address with this key.
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

impl TextToSpeech for Aura {
    fn speak(
        &self,
        voice: Voice,
        orders: mpsc::Receiver<ToVoice>,
        made: mpsc::Sender<FromVoice>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let dial = Dial {
            provider: NAME,
            url: wire::speak_url(&self.base, &voice),
            key: deepgram::authorization(&self.key),
            connect: self.deadlines.connect,
            send: self.deadlines.send,
        };
        let (key, deadlines) = (self.key.clone(), self.deadlines);
        Box::pin(async move {
            let call = CallVoice::new(dial, deadlines);
            let ended = call.run(orders, made).await;
            ended.map_err(|error| error.without(&key))
        })
    }
}

#[cfg(test)]
mod tests;
