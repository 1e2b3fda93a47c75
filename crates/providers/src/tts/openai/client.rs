use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use super::call_voice::CallVoice;
use crate::{
    BaseUrl, HttpClient, ProviderError, Secret,
    openai::Endpoint,
    tts::{FromVoice, TextToSpeech, ToVoice, Voice},
};

/// Voices by OpenAI's speech, or by a server of the same shape.
///
/// One request per clause; those of the next clauses begin while the sound of the first is still
/// coming, and their sound is handed over in order.
#[derive(Clone, Debug)]
pub struct OpenAiSpeech {
    endpoint: Arc<Endpoint>,
    deadlines: Deadlines,
}

/// How long speech may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// For opening a connection ahead of time.
    pub warm: Duration,
    /// From a clause to its first audio, counted once the sound of the one before is over.
    pub first_audio: Duration,
    /// Between two pieces of audio of a clause.
    pub audio_gap: Duration,
    /// A connection that was not used for so long is warmed again.
    pub keep_warm: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            // Longer than a connection may take, so that a server that is not there is noticed.
            warm: Duration::from_millis(2_500),
            first_audio: Duration::from_millis(1_500),
            audio_gap: Duration::from_secs(2),
            keep_warm: Duration::from_secs(60),
        }
    }
}

impl OpenAiSpeech {
    /// Where OpenAI's own service is.
    pub const BASE_URL: &str = "https://api.openai.com/v1";

    /// Voices at this address. A base without any path gets `/v1`, where every server has it.
    /// Local servers want no key.
    #[must_use]
    pub fn new(base: BaseUrl, key: Option<Secret>, http: HttpClient) -> Self {
        Self {
            endpoint: Arc::new(Endpoint::new(base, key, http)),
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

impl TextToSpeech for OpenAiSpeech {
    fn speak(
        &self,
        voice: Voice,
        orders: mpsc::Receiver<ToVoice>,
        made: mpsc::Sender<FromVoice>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let endpoint = Arc::clone(&self.endpoint);
        let call = CallVoice::new(Arc::clone(&endpoint), voice, self.deadlines);
        Box::pin(async move {
            let ended = call.run(orders, made).await;
            ended.map_err(|error| endpoint.shown(error))
        })
    }
}

#[cfg(test)]
mod tests;
