use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::{sync::mpsc, time::timeout};

use super::wire::{self, SoundReader};
use crate::{
    BaseUrl, ProviderError, Secret,
    endpoint::Endpoint,
    openai::{MODELS, endpoint},
    tts::{
        FromVoice, TextToSpeech, ToVoice, Voice,
        ahead::{ByClause, CallVoice, Clause, Deadlines, Gone, Pieces},
    },
};

/// As much as is read of a text that came in place of sound.
const MAX_TEXT: usize = 16 * 1024;
/// For the rest of such a text.
const TEXT_WITHIN: Duration = Duration::from_secs(1);

/// Voices by OpenAI's speech, or by a server of the same shape.
///
/// One request per clause; those of the next clauses begin while the sound of the first is still
/// coming, and their sound is handed over in order.
#[derive(Clone, Debug)]
pub struct OpenAiSpeech {
    endpoint: Arc<Endpoint>,
    deadlines: Deadlines,
}

impl OpenAiSpeech {
    /// Where OpenAI's own service is.
    pub const BASE_URL: &str = "https://api.openai.com/v1";

    /// Voices at this address. A base without any path gets `/v1`, where every server has it.
    /// Local servers want no key.
    #[must_use]
    pub fn new(base: BaseUrl, key: Option<Secret>) -> Self {
        Self {
            endpoint: Arc::new(endpoint(base, key)),
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
        let requests = Requests {
            endpoint: Arc::clone(&endpoint),
            voice,
        };
        let call = CallVoice::new(Arc::new(requests), self.deadlines);
        Box::pin(async move {
            let ended = call.run(orders, made).await;
            ended.map_err(|error| endpoint.shown(error))
        })
    }
}

/// One call's requests.
struct Requests {
    endpoint: Arc<Endpoint>,
    voice: Voice,
}

impl ByClause for Requests {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn models(&self) -> &'static str {
        MODELS
    }

    fn make(
        self: Arc<Self>,
        clause: Clause,
        mut pieces: Pieces,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        Box::pin(async move {
            let path = "/audio/speech";
            let request = wire::request(&self.voice, &clause.text);
            let asking = self.endpoint.post(path, "application/json", request);
            let mut answer = asking.await?;
            if wire::is_text(&answer.content_type()) {
                let body = timeout(TEXT_WITHIN, answer.beginning(MAX_TEXT)).await;
                return Err(wire::no_sound(&body.unwrap_or_default()));
            }
            let mut reader = SoundReader::new(&clause.text);
            while let Some(piece) = answer.piece().await? {
                let sound = reader.read(&piece)?;
                if let Err(Gone) = pieces.hand_on(sound.into(), Vec::new()).await {
                    return Ok(());
                }
            }
            // Should nobody listen any more, nothing is left to do either.
            let rest = reader.finish()?;
            _ = pieces.hand_on(rest.into(), Vec::new()).await;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
