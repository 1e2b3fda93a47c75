use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use reqwest::header::{HeaderMap, HeaderName};
use tokio::sync::mpsc;

use super::{
    super::{NAME, refusal},
    wire::{self, SoundReader, VoiceInfo},
};
use crate::{
    BaseUrl, ProviderError, Secret,
    endpoint::Endpoint,
    manners::Manners,
    socket::key_header,
    tts::{
        FromVoice, TextToSpeech, ToVoice, Voice,
        ahead::{ByClause, CallVoice, Clause, Deadlines, Gone, Pieces},
    },
};

/// The largest page of voices that is read.
const MAX_PAGE: usize = 4 << 20;
/// More pages than any account has.
const MAX_PAGES: usize = 200;

const MANNERS: Manners = Manners {
    name: NAME,
    request_id: "request-id",
    refused: wire::refused,
    is_unknown_key: refusal::is_unknown_key,
};

/// Voices by ElevenLabs, without a socket.
///
/// One request per clause; those of the next clauses begin while the sound of the first is still
/// coming, and their sound is handed over in order.
#[derive(Clone, Debug)]
pub struct ElevenLabsHttp {
    endpoint: Arc<Endpoint>,
    deadlines: Deadlines,
}

impl ElevenLabsHttp {
    /// Where ElevenLabs' own service is.
    pub const BASE_URL: &str = "https://api.elevenlabs.io";

    /// Voices at this address with this key.
    #[must_use]
    pub fn new(base: BaseUrl, key: Secret) -> Self {
        let name = HeaderName::from_static("xi-api-key");
        let headers = HeaderMap::from_iter([(name, key_header(key.reveal()))]);
        // Paths begin with their version, and not all with the same.
        let base = base.in_version("");
        Self {
            endpoint: Arc::new(Endpoint::new(&MANNERS, base, (Some(key), headers))),
            deadlines: Deadlines::default(),
        }
    }

    /// The same with other deadlines.
    #[must_use]
    pub fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// The voices that the account may use. Each page of the list may take so long.
    ///
    /// # Errors
    /// When a page cannot be had.
    pub async fn voices(&self, page_within: Duration) -> Result<Vec<VoiceInfo>, ProviderError> {
        let mut voices = Vec::new();
        let mut next: Option<String> = None;
        for _page in 0..MAX_PAGES {
            let path = wire::voices_path(next.as_deref());
            let asking = async { self.endpoint.get(&path).await?.whole(MAX_PAGE).await };
            let asked = self.endpoint.within("voices", page_within, asking).await;
            let page = asked.and_then(|body| wire::read_voices(&body));
            let page = page.map_err(|error| self.endpoint.shown(error))?;
            voices.extend(page.voices);
            let before = std::mem::replace(&mut next, page.next);
            if next.is_none() || next == before {
                break;
            }
        }
        Ok(voices)
    }
}

impl TextToSpeech for ElevenLabsHttp {
    fn speak(
        &self,
        voice: Voice,
        orders: mpsc::Receiver<ToVoice>,
        made: mpsc::Sender<FromVoice>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let endpoint = Arc::clone(&self.endpoint);
        let requests = Requests {
            endpoint: Arc::clone(&endpoint),
            path: wire::path(&voice),
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
    path: String,
    voice: Voice,
}

impl ByClause for Requests {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn models(&self) -> &'static str {
        wire::MODELS
    }

    fn make(
        self: Arc<Self>,
        clause: Clause,
        mut pieces: Pieces,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        Box::pin(async move {
            let request = wire::request(&self.voice, &clause.text, &clause.previous);
            let asking = self.endpoint.post(&self.path, "application/json", request);
            let mut answer = asking.await?;
            let content_type = answer.content_type();
            if wire::is_foreign(&content_type) {
                return Err(wire::foreign(&content_type));
            }
            let mut reader = SoundReader::new(&clause.text);
            while let Some(piece) = answer.piece().await? {
                reader.push(&piece);
                while let Some(sound) = reader.next_sound()? {
                    if let Err(Gone) = pieces.hand_on(sound.bytes, sound.words).await {
                        return Ok(());
                    }
                }
            }
            // Should nobody listen any more, nothing is left to do either.
            let rest = reader.finish()?;
            _ = pieces.hand_on(rest.bytes, rest.words).await;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
