use std::{sync::Arc, time::Duration};

use domain::Millis;
use futures_util::future::BoxFuture;
use session::{Delivery, Words};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    segments::{Job, LONGEST_MS, Segments},
    wire,
};
use crate::{
    BaseUrl, ProviderError, Secret, Verdict,
    endpoint::{Endpoint, going_on},
    openai::{MODELS, NAME, endpoint},
    stt::{
        Listen, PaysFor, Recognised, SpeechToText, SttCapabilities, ToRecogniser, span_of_bytes,
    },
};

/// Segments in a row that may be refused for what they are.
const MOST_REFUSED: u32 = 2;

/// Recognition by OpenAI's transcription of files, or by a server of the same shape.
///
/// The voice detection cuts the call into segments; each is sent when someone asks for its words,
/// or when the caller pauses. One request at a time, so words come in order. Audio lives in memory
/// alone, and only until its words are there.
#[derive(Clone, Debug)]
pub struct OpenAiTranscription {
    endpoint: Arc<Endpoint>,
    deadlines: Deadlines,
}

/// How long transcription may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// For opening a connection ahead of time.
    pub warm: Duration,
    /// From a segment to its words.
    pub words: Duration,
    /// For the last words after the last audio.
    pub last_words: Duration,
    /// A connection that was not used for so long is warmed again when the caller speaks up.
    pub keep_warm: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            // Longer than a connection may take, so that a server that is not there is noticed.
            warm: Duration::from_millis(2_500),
            words: Duration::from_secs(8),
            last_words: Duration::from_secs(3),
            keep_warm: Duration::from_secs(60),
        }
    }
}

impl OpenAiTranscription {
    /// Where OpenAI's own service is.
    pub const BASE_URL: &str = "https://api.openai.com/v1";

    /// Recognition at this address. A base without any path gets `/v1`, where every server has it.
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

impl SpeechToText for OpenAiTranscription {
    fn capabilities(&self) -> SttCapabilities {
        SttCapabilities {
            finalizes: true,
            words: Delivery::InBatches,
            // Nothing is settled before its request is answered: all of the longest segment, and
            // what was said while the server had it, is in one connection's hands.
            replay: Millis(LONGEST_MS as u64) + millis(self.deadlines.words),
            // It has nothing to tell before the caller pauses.
            tells_within: None,
            pays_for: PaysFor::Sent,
        }
    }

    fn listen(
        &self,
        listen: Listen,
        audio: mpsc::Receiver<ToRecogniser>,
        heard: mpsc::Sender<Recognised>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let call = CallEar {
            endpoint: Arc::clone(&self.endpoint),
            deadlines: self.deadlines,
            listen: Arc::new(listen),
            segments: Segments::new(),
            asking: None,
            warming: None,
            used: Instant::now(),
            heard,
            ready: false,
            refused: 0,
        };
        Box::pin(async move {
            let endpoint = Arc::clone(&call.endpoint);
            let ended = call.run(audio).await;
            ended.map_err(|error| endpoint.shown(error))
        })
    }
}

fn millis(duration: Duration) -> Millis {
    Millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

type Asking = BoxFuture<'static, Result<Words, Unheard>>;
type Warming = BoxFuture<'static, Result<(), ProviderError>>;

/// A segment whose words did not come.
struct Unheard {
    error: ProviderError,
    /// The server had begun to answer: it has heard the segment, and charges for it.
    answering: bool,
    /// Everything but the text.
    words: Words,
}

/// One call being listened to.
struct CallEar {
    endpoint: Arc<Endpoint>,
    deadlines: Deadlines,
    listen: Arc<Listen>,
    segments: Segments,
    /// The request that is under way.
    asking: Option<Asking>,
    warming: Option<Warming>,
    /// When the connection was used last.
    used: Instant,
    heard: mpsc::Sender<Recognised>,
    /// `Ready` was told.
    ready: bool,
    /// Segments in a row that were refused.
    refused: u32,
}

/// Whoever took the words is gone; nothing is left to do.
struct NobodyListens;

enum Event {
    Answered(Result<Words, Unheard>),
    Order(Option<ToRecogniser>),
    OutOfTime,
    Warmed(Result<(), ProviderError>),
}

impl CallEar {
    async fn run(mut self, mut audio: mpsc::Receiver<ToRecogniser>) -> Result<(), ProviderError> {
        let mut until = None;
        self.warm();
        loop {
            if until.is_some() && self.asking.is_none() {
                return Ok(());
            }
            let has_room = until.is_none() && self.segments.has_room();
            let event = tokio::select! {
                biased;
                answer = going_on(&mut self.asking) => Event::Answered(answer),
                warmed = going_on(&mut self.warming) => Event::Warmed(warmed),
                order = audio.recv(), if has_room => Event::Order(order),
                () = sleep_until(until.unwrap_or(self.used)), if until.is_some() => Event::OutOfTime,
            };
            match event {
                Event::Answered(answer) => {
                    if self.answered(answer).await?.is_err() {
                        return Ok(());
                    }
                }
                // Whoever has answered before is there.
                Event::Warmed(Err(error)) if !self.ready => return Err(error),
                Event::Warmed(_) => {
                    if self.stands().await.is_err() {
                        return Ok(());
                    }
                }
                Event::Order(Some(ToRecogniser::Audio(bytes))) => self.segments.hear(&bytes),
                Event::Order(Some(ToRecogniser::Finalize)) => self.segments.finalize(),
                Event::Order(None) => {
                    self.segments.end();
                    until = Some(Instant::now() + self.deadlines.last_words);
                }
                Event::OutOfTime => return Ok(()),
            }
            if self.work().await.is_err() {
                return Ok(());
            }
        }
    }

    /// Hands over the words of a segment. One that is refused for what it is, too short perhaps,
    /// has none; a server that refuses them all is of no use.
    async fn answered(
        &mut self,
        answer: Result<Words, Unheard>,
    ) -> Result<Result<(), NobodyListens>, ProviderError> {
        self.used = Instant::now();
        let words = match answer {
            Ok(words) => {
                self.refused = 0;
                words
            }
            Err(Unheard { error, words, .. })
                if error.verdict() == Verdict::GiveUp && self.refused < MOST_REFUSED =>
            {
                self.refused += 1;
                let error = self.endpoint.shown(error);
                tracing::warn!(provider = NAME, %error, "a segment was refused");
                if self.tell(Recognised::Refused).await.is_err() {
                    return Ok(Err(NobodyListens));
                }
                words
            }
            Err(Unheard {
                error, answering, ..
            }) => {
                if answering {
                    // Whoever takes this pays; whoever is gone has paid.
                    drop(self.tell(Recognised::NoWords).await);
                }
                return Err(error);
            }
        };
        if self.stands().await.is_err() {
            return Ok(Err(NobodyListens));
        }
        Ok(self.tell(Recognised::Words(words)).await)
    }

    /// Does what can be done without waiting for a server.
    async fn work(&mut self) -> Result<(), NobodyListens> {
        while self.asking.is_none()
            && let Some(job) = self.segments.next_job()
        {
            match job {
                Job::Ask { sound, words } => {
                    let length = span_of_bytes(0, sound.len() as u64).until;
                    self.tell(Recognised::Sent(length)).await?;
                    self.ask(&sound, words);
                }
                Job::Tell(Recognised::SpeechStarted) => {
                    if self.used.elapsed() >= self.deadlines.keep_warm {
                        self.warm();
                    }
                    self.tell(Recognised::SpeechStarted).await?;
                }
                Job::Tell(told) => self.tell(told).await?,
            }
        }
        Ok(())
    }

    fn ask(&mut self, sound: &[u8], words: Words) {
        self.used = Instant::now();
        let form = wire::form(&self.listen, sound);
        let (endpoint, listen) = (Arc::clone(&self.endpoint), Arc::clone(&self.listen));
        let wait = self.deadlines.words;
        self.asking = Some(Box::pin(async move {
            let asking = async {
                let path = "/audio/transcriptions";
                let answer = endpoint.post(path, &form.content_type, form.body).await?;
                let body = answer.whole(wire::MAX_ANSWER).await;
                Ok(body.and_then(|body| wire::read(&body, &listen.language)))
            };
            let (error, answering) = match endpoint.within("words", wait, asking).await {
                Ok(Ok(text)) => return Ok(Words { text, ..words }),
                Ok(Err(error)) => (error, true),
                Err(error) => (error, false),
            };
            Err(Unheard {
                error,
                answering,
                words,
            })
        }));
    }

    fn warm(&mut self) {
        self.used = Instant::now();
        let (endpoint, within) = (Arc::clone(&self.endpoint), self.deadlines.warm);
        self.warming = Some(Box::pin(async move { endpoint.warm(MODELS, within).await }));
    }

    /// The server is there.
    async fn stands(&mut self) -> Result<(), NobodyListens> {
        if std::mem::replace(&mut self.ready, true) {
            return Ok(());
        }
        self.tell(Recognised::Ready).await
    }

    async fn tell(&mut self, told: Recognised) -> Result<(), NobodyListens> {
        self.heard.send(told).await.map_err(|_gone| NobodyListens)
    }
}

#[cfg(test)]
mod tests;
