use std::{fmt, sync::Arc, time::Duration};

use audio::{g711::ulaw, resample::Resampler};
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    super::{LlmFault, Settings, authorization, request::Refusal, wire},
    form::{self, Part, Sound},
    refused_as_chat, refused_with,
};
use crate::{
    Delay,
    fakes::{
        Ear, FingerprintEar, Word,
        body::{Step, Write, body},
        listener::Stop,
        moment::{What, report},
        requests::{Open, Requests},
    },
};

/// What an ear hears at a time: 20 ms.
const PIECE: usize = 160;
/// Silence after a file, in which an ear comes to an end: a second.
const AFTER: usize = 8_000;
/// The service refuses less.
const SHORTEST_MS: u64 = 100;
const PHANTOM: &str = "Thank you for watching.";

/// How the fake hears.
#[derive(Clone)]
pub struct TranscriptionSettings {
    /// What recognises the words of one file.
    pub ear: Arc<dyn Fn() -> Box<dyn Ear> + Send + Sync>,
    /// From the file to its words.
    pub lag: Delay,
}

impl Default for TranscriptionSettings {
    fn default() -> Self {
        Self {
            ear: Arc::new(|| Box::new(FingerprintEar::recorded())),
            lag: Delay::spread_ms(400, 900),
        }
    }
}

impl fmt::Debug for TranscriptionSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TranscriptionSettings")
            .field("lag", &self.lag)
            .finish_non_exhaustive()
    }
}

/// What goes wrong with one file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TranscriptionFault {
    /// 429 `rate_limit_exceeded` with `retry-after`.
    Busy {
        /// Told to the client.
        retry_after: Duration,
    },
    /// The connection breaks in the middle of the answer.
    Cut,
    /// A page of HTML with status 200.
    Garbage,
    /// 401 `invalid_api_key`.
    KeyRefused,
    /// The request is never answered.
    NoAnswer,
    /// 429 `insufficient_quota`.
    NoQuota,
    /// A sentence of a film in place of the words, as Whisper writes it over silence.
    Phantom,
    /// This status.
    Refuse(u16),
    /// The words come so much later.
    Slow(Duration),
    /// Half an answer, and the connection stays open.
    Stall,
}

/// One file that was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeardFile {
    /// The `Authorization` header.
    pub authorization: String,
    /// The fields of the form but the file, in their order.
    pub fields: Vec<(String, String)>,
    /// How long the sound was.
    pub ms: u64,
    /// What it was sampled at.
    pub rate_hz: u32,
    /// The words that were made out.
    pub text: String,
    /// The status it was answered with.
    pub status: u16,
}

/// The recogniser of a fake OpenAI. It hears every file anew: an ear that knows recordings tells
/// the words up to the end of a file, also if an earlier file held the first of them.
pub struct FakeTranscription {
    pub(super) shared: Arc<Shared>,
}

pub(super) type Shared = Requests<Settings, HeardFile, TranscriptionFault>;

memory_and_faults!(FakeTranscription, HeardFile, TranscriptionFault);

impl FakeTranscription {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            shared: Arc::new(Shared::new(settings.clone())),
        }
    }

    /// How many files are not answered: somebody still wants the words.
    #[must_use]
    pub fn open(&self) -> usize {
        self.shared.open()
    }

    /// The path below the server's base.
    const fn base_url(&self) -> &'static str {
        "/v1/audio/transcriptions"
    }
}

pub(super) async fn transcribe(
    State((shared, mut stop)): State<(Arc<Shared>, Stop)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fault = shared.faults.take();
    let mut file = HeardFile {
        authorization: authorization(&headers),
        status: 200,
        ..HeardFile::default()
    };
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let read = read(content_type.unwrap_or_default(), &body, &mut file);
    let taken = if let Some(refused) = fault.and_then(refused_by) {
        Err(refused)
    } else if file.authorization != format!("Bearer {}", shared.settings.key) {
        shared
            .log
            .violation("invalid_api_key on /audio/transcriptions");
        Err(wire::key_refused())
    } else {
        read.map_err(|message| {
            shared.log.violation(message.clone());
            wire::refusal(&Refusal::of("file", message))
        })
    };
    let sound = match taken {
        Ok(sound) => sound,
        Err(refused) => {
            file.status = refused.status().as_u16();
            shared.log.add(file);
            return refused;
        }
    };
    file.text = if fault == Some(TranscriptionFault::Phantom) {
        PHANTOM.to_owned()
    } else {
        heard((shared.settings.transcription.ear)(), &sound)
    };
    let open = shared.taken();
    shared.log.add(file.clone());
    if fault == Some(TranscriptionFault::NoAnswer) {
        stop.wait().await;
        return wire::server_error();
    }
    shared.answer(&file, fault, (stop, open)).await
}

impl Shared {
    async fn answer(
        &self,
        file: &HeardFile,
        fault: Option<TranscriptionFault>,
        kept: (Stop, Open),
    ) -> Response {
        let (_, mut dice) = self.next(self.settings.seed);
        let mut lag = self.settings.transcription.lag.draw(&mut dice);
        if let Some(TranscriptionFault::Slow(more)) = fault {
            lag += more;
        }
        if !lag.is_zero() {
            sleep(lag).await;
        }
        let text = words(file, fault).to_string();
        let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
        let spoilt = |end| [Step::at_once(Write::Bytes(half)), Step::at_once(end)].into_iter();
        match fault {
            Some(TranscriptionFault::Cut) => {
                wire::answer(StatusCode::OK, body(spoilt(Write::Break), |_sent| {}, kept))
            }
            Some(TranscriptionFault::Stall) => {
                wire::answer(StatusCode::OK, body(spoilt(Write::Hang), |_sent| {}, kept))
            }
            Some(TranscriptionFault::Garbage) => {
                let page = "<html><h1>Welcome</h1></html>";
                let mut response = wire::answer(StatusCode::OK, page.to_owned());
                wire::set(&mut response, "content-type", "text/html");
                response
            }
            Some(_) | None => {
                let timeline = self.settings.timeline.as_ref();
                report(timeline, Instant::now(), || {
                    What::FinalSent(file.text.clone())
                });
                wire::answer(StatusCode::OK, text)
            }
        }
    }
}

/// The answer, in the format that was asked for.
fn words(file: &HeardFile, fault: Option<TranscriptionFault>) -> Value {
    let seconds = file.ms as f64 / 1_000.0;
    let mut answer = json!({ "text": file.text,
        "usage": { "type": "duration", "seconds": seconds.ceil() } });
    if one(&file.fields, "response_format") == Some("verbose_json") {
        let (sure, doubt) = match fault {
            Some(TranscriptionFault::Phantom) => (-1.4, 0.92),
            Some(_) | None => (-0.21, 0.02),
        };
        answer["task"] = json!("transcribe");
        answer["language"] = json!("english");
        answer["duration"] = json!(seconds);
        answer["segments"] = json!([{ "id": 0, "seek": 0, "start": 0.0, "end": seconds,
            "text": format!(" {}", file.text), "tokens": [50_364], "temperature": 0.0,
            "avg_logprob": sure, "compression_ratio": 1.1, "no_speech_prob": doubt }]);
    }
    answer
}

/// What an ear makes out in a file.
fn heard(mut ear: Box<dyn Ear>, sound: &Sound) -> String {
    let mut narrow = Vec::new();
    if let Ok(mut down) = Resampler::new(sound.rate_hz, 8_000) {
        down.push(&sound.samples, &mut narrow);
        down.flush(&mut narrow);
    }
    let mut codes = Vec::with_capacity(narrow.len() + AFTER);
    ulaw::encode_into(&narrow, &mut codes);
    let end = codes.len();
    codes.resize(end + AFTER, ulaw::SILENCE);
    let mut phrases: Vec<String> = Vec::new();
    let mut passing = None;
    for piece in codes.chunks(PIECE) {
        for word in ear.hear(piece) {
            match word {
                Word::Began => passing = Some(String::new()),
                Word::SoFar(text) => passing = Some(text),
                Word::Whole(text) => {
                    passing = None;
                    phrases.push(text);
                }
            }
        }
    }
    phrases.extend(ear.settle().or(passing));
    phrases.retain(|phrase| !phrase.is_empty());
    phrases.join(" ")
}

fn refused_by(fault: TranscriptionFault) -> Option<Response> {
    match fault {
        TranscriptionFault::Busy { retry_after } => {
            Some(refused_as_chat(LlmFault::Busy { retry_after }))
        }
        TranscriptionFault::KeyRefused => Some(refused_as_chat(LlmFault::KeyRefused)),
        TranscriptionFault::NoQuota => Some(refused_as_chat(LlmFault::NoQuota)),
        TranscriptionFault::Refuse(status) => Some(refused_with(status)),
        TranscriptionFault::Cut
        | TranscriptionFault::Garbage
        | TranscriptionFault::NoAnswer
        | TranscriptionFault::Phantom
        | TranscriptionFault::Slow(_)
        | TranscriptionFault::Stall => None,
    }
}

const KNOWN: [&str; 10] = [
    "chunking_strategy",
    "include[]",
    "keywords[]",
    "language",
    "languages[]",
    "model",
    "prompt",
    "response_format",
    "temperature",
    "timestamp_granularities[]",
];

/// Reads a form as strictly as the real service; the error says what is wrong with it.
fn read(content_type: &str, body: &[u8], file: &mut HeardFile) -> Result<Sound, String> {
    let parts = form::parts(content_type, body)?;
    let (files, fields): (Vec<Part<'_>>, Vec<_>) =
        parts.into_iter().partition(|part| part.name == "file");
    for field in &fields {
        let value = std::str::from_utf8(field.bytes).map_err(|_| "a field is no text")?;
        if !KNOWN.contains(&field.name) || value.is_empty() || field.file_name.is_some() {
            return Err(format!("Unknown or empty parameter: '{}'.", field.name));
        }
        file.fields.push((field.name.to_owned(), value.to_owned()));
    }
    let model = one(&file.fields, "model").ok_or("you must provide a model parameter")?;
    check(model, &file.fields)?;
    let [only] = &files[..] else {
        return Err(format!("one file is expected, not {}", files.len()));
    };
    let sound = form::sound(only)?;
    (file.ms, file.rate_hz) = (sound.ms(), sound.rate_hz);
    if file.ms < SHORTEST_MS {
        return Err("Audio file is too short. Minimum audio length is 0.1 seconds.".to_owned());
    }
    Ok(sound)
}

/// What each model takes.
fn check(model: &str, fields: &[(String, String)]) -> Result<(), String> {
    let has = |name| one(fields, name).is_some();
    let format = one(fields, "response_format").unwrap_or("json");
    let is_whisper = model.contains("whisper");
    if format != "json" && !(is_whisper && format == "verbose_json") {
        return Err(format!(
            "response_format '{format}' is not compatible with '{model}'"
        ));
    }
    if one(fields, "language").is_some_and(|language| language.len() != 2) {
        return Err("language must be an ISO-639-1 code".to_owned());
    }
    let takes_keywords = model.starts_with("gpt-transcribe");
    if (has("keywords[]") || has("languages[]")) && !takes_keywords {
        return Err(format!("'{model}' takes no keywords and one language"));
    }
    if has("prompt") && (takes_keywords || model.contains("diarize")) {
        return Err(format!("'{model}' takes no prompt"));
    }
    Ok(())
}

fn one<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = fields.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}
