use std::{sync::Arc, time::Duration};

use audio::{
    g711::ulaw,
    resample::Resampler,
    wav::{self, Coding, Format},
};
use axum::{
    body::{Body, Bytes},
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde_json::Value;

use super::{
    super::{LlmFault, Settings, authorization, request::Refusal, wire},
    refused_as_chat, refused_with,
};
use crate::{
    Delay,
    fakes::{
        Recorded, Voice,
        arrivals::Arrivals,
        listener::Stop,
        moment::{What, report},
        playing::Playing,
        requests::{Open, Requests},
    },
};

/// The rate of the format called `pcm`.
const RATE_HZ: u32 = 24_000;
/// Bytes of it in a millisecond.
const BYTES_PER_MS: usize = 48;
const LONGEST_INPUT: usize = 4_096;

/// How the fake speaks.
#[derive(Clone)]
pub struct SpeechSettings {
    /// What makes the sound.
    pub voice: Arc<dyn Voice>,
    /// From the request to the first sound.
    pub first_audio: Delay,
    /// Sound in one piece of the body; pieces end within a sample all the same.
    pub chunk: Duration,
    /// Between two pieces.
    pub chunk_gap: Delay,
}

impl Default for SpeechSettings {
    fn default() -> Self {
        Self {
            voice: Arc::new(Recorded::default()),
            first_audio: Delay::spread_ms(300, 600),
            chunk: Duration::from_millis(200),
            chunk_gap: Delay::fixed_ms(20),
        }
    }
}

/// What goes wrong with one request for speech.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SpeechFault {
    /// 429 `rate_limit_exceeded` with `retry-after`.
    Busy {
        /// Told to the client.
        retry_after: Duration,
    },
    /// The connection breaks after so many pieces.
    CutAfter(usize),
    /// The sound goes on for ever.
    Endless,
    /// A page of HTML with status 200.
    Garbage,
    /// 401 `invalid_api_key`.
    KeyRefused,
    /// The request is never answered.
    NoAnswer,
    /// 429 `insufficient_quota`.
    NoQuota,
    /// This status.
    Refuse(u16),
    /// The first sound comes so much later.
    Slow(Duration),
    /// Nothing more after so many pieces, and the connection stays open.
    StallAfter(usize),
    /// A WAV file, whatever was asked for.
    Wav,
}

/// One request for speech.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpokenClause {
    /// The `Authorization` header.
    pub authorization: String,
    /// The body, if it was JSON.
    pub body: Value,
    /// The status it was answered with.
    pub status: u16,
    /// Pieces of sound that went out.
    pub sent: usize,
    /// Of so many.
    pub pieces: usize,
}

/// The voice of a fake OpenAI.
pub struct FakeSpeech {
    pub(super) shared: Arc<Shared>,
}

pub(super) type Shared = Requests<Settings, SpokenClause, SpeechFault>;

memory_and_faults!(FakeSpeech, SpokenClause, SpeechFault);

impl FakeSpeech {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            shared: Arc::new(Shared::new(settings.clone())),
        }
    }

    /// How many requests are not over: somebody still wants the answer.
    #[must_use]
    pub fn open(&self) -> usize {
        self.shared.open()
    }

    /// The path below the server's base.
    const fn base_url(&self) -> &'static str {
        "/v1/audio/speech"
    }
}

pub(super) async fn speak(
    State((shared, mut stop)): State<(Arc<Shared>, Stop)>,
    ConnectInfo(arrivals): ConnectInfo<Arrivals>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let at = arrivals.last();
    let fault = shared.faults.take();
    let parsed = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    let authorization = authorization(&headers);
    let read = read(&parsed);
    let refused = if let Some(refused) = fault.and_then(refused_by) {
        Some(refused)
    } else if authorization != format!("Bearer {}", shared.settings.key) {
        shared.log.violation("invalid_api_key on /audio/speech");
        Some(wire::key_refused())
    } else {
        read.as_ref().err().map(|refusal| {
            shared.log.violation(refusal.message.clone());
            wire::refusal(refusal)
        })
    };
    let status = refused
        .as_ref()
        .map_or(200, |answer| answer.status().as_u16());
    let place = shared.log.add(SpokenClause {
        authorization,
        body: parsed.clone(),
        status,
        ..SpokenClause::default()
    });
    if let Some(refused) = refused {
        return refused;
    }
    let text = match read {
        Ok(text) => text,
        Err(refusal) => return wire::refusal(&refusal),
    };
    let open = shared.taken();
    report(shared.settings.timeline.as_ref(), at, || {
        What::TextAsked(text.clone())
    });
    if fault == Some(SpeechFault::NoAnswer) {
        stop.wait().await;
        return wire::server_error();
    }
    shared.answer(text, fault, place, (stop, open))
}

impl Shared {
    fn answer(
        self: &Arc<Self>,
        text: String,
        fault: Option<SpeechFault>,
        place: Option<usize>,
        kept: (Stop, Open),
    ) -> Response {
        let timeline = self.settings.timeline.clone();
        let pieces = self.pieces(&text, fault);
        let count = pieces.len();
        self.log.change(place, |clause| clause.pieces = count);
        let speech = &self.settings.speech;
        let playing = Playing {
            text,
            pieces,
            more: Bytes::from_static(&[1; 4_801]),
            fault,
            first_audio: speech.first_audio,
            gap: speech.chunk_gap,
        };
        let (_, dice) = self.next(self.settings.seed);
        let shared = Arc::clone(self);
        let sent = move |sent| shared.log.change(place, |clause| clause.sent = sent);
        let body = playing.body(dice, timeline, sent, kept);
        sound(body, fault)
    }

    /// The pieces of the body; the samples of most of them are cut in two.
    fn pieces(&self, text: &str, fault: Option<SpeechFault>) -> Vec<Bytes> {
        if fault == Some(SpeechFault::Garbage) {
            return vec![Bytes::from_static(b"<html><h1>Welcome</h1></html>")];
        }
        let codes = self.settings.speech.voice.say(text);
        let mut narrow = Vec::with_capacity(codes.len());
        ulaw::decode_into(&codes, &mut narrow);
        let mut up = Resampler::new(8_000, RATE_HZ).expect("both rates are supported");
        let mut wide = Vec::with_capacity(3 * narrow.len());
        up.push(&narrow, &mut wide);
        up.flush(&mut wide);
        let mut bytes = Vec::with_capacity(2 * wide.len());
        if fault == Some(SpeechFault::Wav) {
            let format = Format {
                coding: Coding::Pcm16,
                rate_hz: RATE_HZ,
                channels: 1,
            };
            bytes.extend_from_slice(&wav::header(format, u32::MAX));
        }
        bytes.extend(wide.iter().flat_map(|sample| sample.to_le_bytes()));
        let chunk = self.settings.speech.chunk.as_millis() as usize * BYTES_PER_MS;
        let pieces = bytes.chunks(chunk.max(1) | 1);
        pieces.map(Bytes::copy_from_slice).collect()
    }
}

fn sound(body: Body, fault: Option<SpeechFault>) -> Response {
    let mut response = wire::answer(StatusCode::OK, body);
    let kind = match fault {
        Some(SpeechFault::Garbage) => "text/html",
        Some(SpeechFault::Wav) => "audio/wav",
        Some(_) | None => "audio/pcm",
    };
    wire::set(&mut response, "content-type", kind);
    response
}

fn refused_by(fault: SpeechFault) -> Option<Response> {
    match fault {
        SpeechFault::Busy { retry_after } => Some(refused_as_chat(LlmFault::Busy { retry_after })),
        SpeechFault::KeyRefused => Some(refused_as_chat(LlmFault::KeyRefused)),
        SpeechFault::NoQuota => Some(refused_as_chat(LlmFault::NoQuota)),
        SpeechFault::Refuse(status) => Some(refused_with(status)),
        SpeechFault::CutAfter(_)
        | SpeechFault::Endless
        | SpeechFault::Garbage
        | SpeechFault::NoAnswer
        | SpeechFault::Slow(_)
        | SpeechFault::StallAfter(_)
        | SpeechFault::Wav => None,
    }
}

const KNOWN: [&str; 7] = [
    "input",
    "instructions",
    "model",
    "response_format",
    "speed",
    "stream_format",
    "voice",
];

/// Reads a request as strictly as the real one; what is to be spoken.
fn read(body: &Value) -> Result<String, Refusal> {
    let fields = body.as_object().ok_or_else(Refusal::unreadable)?;
    for (name, value) in fields {
        if !KNOWN.contains(&name.as_str()) || value.is_null() {
            return Err(Refusal::of(
                name,
                format!("Unknown or null parameter: '{name}'."),
            ));
        }
    }
    let model = body["model"].as_str().filter(|model| !model.is_empty());
    model.ok_or_else(|| Refusal::of("model", "you must provide a model parameter"))?;
    let voice = body["voice"].as_str().or(body["voice"]["id"].as_str());
    voice
        .filter(|voice| !voice.is_empty())
        .ok_or_else(|| Refusal::of("voice", "you must provide a voice"))?;
    if body["response_format"] != "pcm" {
        let message = "this simulation speaks response_format=pcm";
        return Err(Refusal::of("response_format", message));
    }
    if let Some(speed) = fields.get("speed") {
        let fits = speed
            .as_f64()
            .is_some_and(|speed| (0.25..=4.0).contains(&speed));
        if !fits {
            return Err(Refusal::of("speed", "speed must be between 0.25 and 4.0"));
        }
    }
    let input = body["input"].as_str().unwrap_or_default();
    if input.trim().is_empty() || input.chars().count() > LONGEST_INPUT {
        return Err(Refusal::of("input", "input must have 1 to 4096 characters"));
    }
    Ok(input.to_owned())
}
