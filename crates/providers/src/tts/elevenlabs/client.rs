use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::http::HeaderName;

use super::{NAME, call_voice::CallVoice, wire};
use crate::{
    BaseUrl, ProviderError, Secret,
    socket::{Dial, key_header},
    tts::{FromVoice, TextToSpeech, ToVoice, Voice},
};

/// Voices by ElevenLabs.
#[derive(Clone, Debug)]
pub struct ElevenLabs {
    base: BaseUrl,
    key: Secret,
    deadlines: Deadlines,
}

/// How long ElevenLabs may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// From nothing to an open socket.
    pub connect: Duration,
    /// For the server to take a message; meanwhile no order is obeyed.
    pub send: Duration,
    /// From a clause to its first audio, when nothing else is being spoken.
    pub first_audio: Duration,
    /// Between two pieces of audio while some is missing.
    pub audio_gap: Duration,
    /// For anything more, once the server called something final.
    pub after_final: Duration,
    /// Between signs of life on a connection that waits. The server is asked for 180 seconds;
    /// servers that do not listen to that allow 20.
    pub keep_alive: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            send: Duration::from_secs(1),
            first_audio: Duration::from_millis(1_500),
            audio_gap: Duration::from_secs(2),
            after_final: Duration::from_millis(300),
            keep_alive: Duration::from_secs(15),
        }
    }
}

impl ElevenLabs {
    /// Where ElevenLabs' own service is.
    pub const BASE_URL: &str = "https://api.elevenlabs.io";

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

impl TextToSpeech for ElevenLabs {
    fn speak(
        &self,
        voice: Voice,
        orders: mpsc::Receiver<ToVoice>,
        made: mpsc::Sender<FromVoice>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let dial = Dial {
            provider: NAME,
            url: wire::url(&self.base, &voice),
            key: (
                HeaderName::from_static("xi-api-key"),
                key_header(self.key.reveal()),
            ),
            connect: self.deadlines.connect,
            send: self.deadlines.send,
        };
        let call = CallVoice::new(dial, voice, self.deadlines);
        let key = self.key.clone();
        Box::pin(async move {
            let ended = call.run(orders, made).await;
            ended.map_err(|error| error.without(&key))
        })
    }
}

#[cfg(test)]
mod tests;
