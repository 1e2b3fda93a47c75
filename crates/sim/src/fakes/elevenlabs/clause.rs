//! The voice over HTTP: one request per clause, answered by lines of sound and times.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{ConnectInfo, Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::{
    Settings,
    connection::timed,
    voice::BYTES_PER_MS,
    wire::{self, VoiceSettings},
};
use crate::fakes::{
    SpeechFault,
    arrivals::Arrivals,
    listener::{Stop, query_pairs},
    moment::{What, report},
    playing::Playing,
    requests::{Open, Requests},
};

/// One request for a clause.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpokenText {
    /// The voice in the path.
    pub voice: String,
    /// The query, decoded, in its order.
    pub query: Vec<(String, String)>,
    /// The `xi-api-key` header.
    pub key: String,
    /// The body, if it was JSON.
    pub body: Value,
    /// The status it was answered with.
    pub status: u16,
    /// Lines that went out.
    pub sent: usize,
    /// Of so many.
    pub lines: usize,
}

/// The voice over HTTP of a fake ElevenLabs.
pub struct FakeClauses {
    pub(super) shared: Arc<Shared>,
}

pub(super) type Shared = Requests<Settings, SpokenText, SpeechFault>;

memory_and_faults!(FakeClauses, SpokenText, SpeechFault);

impl FakeClauses {
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
        "/v1/text-to-speech"
    }
}

pub(super) type Served = (Arc<Shared>, Stop);

pub(super) async fn speak(
    State((shared, mut stop)): State<Served>,
    ConnectInfo(arrivals): ConnectInfo<Arrivals>,
    (Path(voice), RawQuery(query)): (Path<String>, RawQuery),
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let at = arrivals.last();
    let fault = shared.faults.take();
    let mut asked = SpokenText {
        voice,
        query: query_pairs(query.as_deref().unwrap_or_default()),
        key: key(&headers),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        ..SpokenText::default()
    };
    let refused = fault.and_then(refused_by).or_else(|| shared.refuse(&asked));
    asked.status = refused.as_ref().map_or(200, |no| no.status().as_u16());
    let text = asked.body["text"].as_str().unwrap_or_default().to_owned();
    let place = shared.log.add(asked);
    if let Some(refused) = refused {
        return refused;
    }
    let open = shared.taken();
    report(shared.settings.timeline.as_ref(), at, || {
        What::TextAsked(text.clone())
    });
    if fault == Some(SpeechFault::NoAnswer) {
        stop.wait().await;
    }
    shared.answer(text, fault, place, (stop, open))
}

/// What the account may use. It gives few at a time, however many are asked for.
pub(super) async fn voices(
    State((shared, _)): State<Served>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    const A_PAGE: usize = 2;
    const ALL: [(&str, &str, &str); 3] = [
        ("21m00Tcm4TlvDq8ikWAM", "Rachel", "premade"),
        ("EXAVITQu4vr4xnSDxMaL", "Sarah", "premade"),
        ("own-voice-1", "Front desk", "cloned"),
    ];
    if let Some(refused) = shared.refuse_key(&key(&headers)) {
        return refused;
    }
    let query = query_pairs(query.as_deref().unwrap_or_default());
    let mut from = 0;
    for (name, value) in &query {
        let number = value.parse::<usize>().ok();
        match (name.as_str(), number) {
            ("page_size", Some(1..=100)) => {}
            ("next_page_token", Some(token)) if token < ALL.len() => from = token,
            _ => return shared.refuse_for(422, &format!("{name}={value} is not understood")),
        }
    }
    let until = (from + A_PAGE).min(ALL.len());
    let more = until < ALL.len();
    let page = ALL[from..until].iter().map(|(id, name, category)| {
        json!({ "voice_id": id, "name": name, "category": category, "labels": {}, "settings": null })
    });
    let token = more.then(|| until.to_string());
    Json(
        json!({ "voices": page.collect::<Vec<_>>(), "has_more": more, "total_count": ALL.len(),
        "next_page_token": token }),
    )
    .into_response()
}

pub(super) async fn models(State((shared, _)): State<Served>, headers: HeaderMap) -> Response {
    let refused = shared.refuse_key(&key(&headers));
    refused.unwrap_or_else(|| {
        let model = json!({ "model_id": "eleven_flash_v2_5", "can_do_text_to_speech": true,
            "languages": [{ "language_id": "en" }] });
        Json(json!([model])).into_response()
    })
}

fn key(headers: &HeaderMap) -> String {
    let key = headers.get("xi-api-key").and_then(|key| key.to_str().ok());
    key.unwrap_or_default().to_owned()
}

impl Shared {
    fn refuse(&self, asked: &SpokenText) -> Option<Response> {
        self.refuse_key(&asked.key).or_else(|| {
            let wrong = read(&asked.query, &asked.body).err()?;
            Some(self.refuse_for(422, &wrong))
        })
    }

    fn refuse_key(&self, key: &str) -> Option<Response> {
        (key != self.settings.key).then(|| {
            self.log
                .violation("invalid_api_key: wrong or missing xi-api-key");
            wire::refusal(401, "invalid_api_key", "Invalid API key")
        })
    }

    fn refuse_for(&self, status: u16, wrong: &str) -> Response {
        self.log.violation(wrong);
        wire::refusal(status, "invalid_parameters", wrong)
    }

    fn answer(
        self: &Arc<Self>,
        text: String,
        fault: Option<SpeechFault>,
        place: Option<usize>,
        kept: (Stop, Open),
    ) -> Response {
        let timeline = self.settings.timeline.clone();
        let lines = self.lines(&text, fault);
        let count = lines.len();
        self.log.change(place, |asked| asked.lines = count);
        let playing = Playing {
            text,
            pieces: lines,
            more: line(&[0x7F; 1_000 * BYTES_PER_MS], &Value::Null),
            fault,
            first_audio: self.settings.first_audio,
            gap: self.settings.chunk_gap,
        };
        let (_, dice) = self.next(self.settings.seed);
        let shared = Arc::clone(self);
        let sent = move |sent| shared.log.change(place, |asked| asked.sent = sent);
        let body = playing.body(dice, timeline, sent, kept);
        let mut response = Response::new(body);
        let kind = if fault == Some(SpeechFault::Garbage) {
            "text/html"
        } else {
            "application/json"
        };
        let kind = HeaderValue::from_static(kind);
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }

    /// The lines of the body.
    fn lines(&self, text: &str, fault: Option<SpeechFault>) -> Vec<Bytes> {
        if fault == Some(SpeechFault::Garbage) {
            return vec![Bytes::from_static(b"<html><h1>Welcome</h1></html>")];
        }
        if fault == Some(SpeechFault::Wav) {
            return vec![line(b"RIFF\0\0\0\0WAVEfmt ", &Value::Null)];
        }
        let sound = self.settings.voice.say(text);
        let chars: Vec<char> = text.chars().collect();
        let size = self.settings.chunk.as_millis() as usize * BYTES_PER_MS;
        let size = size.max(BYTES_PER_MS);
        let pieces = sound.chunks(size).enumerate();
        let line = |(number, bytes): (usize, &[u8])| {
            let part = number * size..number * size + bytes.len();
            let before_ms = part.start / BYTES_PER_MS;
            let timed = timed(&chars, sound.len(), part);
            let seconds = |ms: usize| (before_ms + ms) as f64 / 1_000.0;
            let alignment = json!({
                "characters": timed.iter().map(|it| it.char).collect::<Vec<_>>(),
                "character_start_times_seconds":
                    timed.iter().map(|it| seconds(it.begins_ms)).collect::<Vec<_>>(),
                "character_end_times_seconds":
                    timed.iter().map(|it| seconds(it.ends_ms)).collect::<Vec<_>>(),
            });
            self::line(bytes, &alignment)
        };
        pieces.map(line).collect()
    }
}

fn line(bytes: &[u8], alignment: &Value) -> Bytes {
    let audio = base64_simd::STANDARD.encode_to_string(bytes);
    let line = json!({ "audio_base64": audio, "alignment": alignment,
        "normalized_alignment": alignment });
    format!("{line}\n").into()
}

fn refused_by(fault: SpeechFault) -> Option<Response> {
    let refusal = |status, code| Some(wire::refusal(status, code, "the simulation refuses"));
    match fault {
        SpeechFault::Busy { retry_after } => {
            let mut busy = refusal(429, "too_many_concurrent_requests")?;
            let wait = HeaderValue::from(retry_after.as_secs());
            busy.headers_mut().insert(header::RETRY_AFTER, wait);
            Some(busy)
        }
        SpeechFault::KeyRefused => refusal(401, "invalid_api_key"),
        SpeechFault::NoQuota => refusal(401, "quota_exceeded"),
        SpeechFault::Refuse(status) => refusal(status, "refused"),
        SpeechFault::CutAfter(_)
        | SpeechFault::Endless
        | SpeechFault::Garbage
        | SpeechFault::NoAnswer
        | SpeechFault::Slow(_)
        | SpeechFault::StallAfter(_)
        | SpeechFault::Wav => None,
    }
}

const KNOWN: [&str; 8] = [
    "apply_text_normalization",
    "language_code",
    "model_id",
    "next_text",
    "previous_text",
    "seed",
    "text",
    "voice_settings",
];

/// Reads a request as strictly as the real one; the error says what is wrong with it.
fn read(query: &[(String, String)], body: &Value) -> Result<(), String> {
    if !matches!(query, [(name, value)] if name == "output_format" && value == "ulaw_8000") {
        return Err("this simulation speaks output_format=ulaw_8000".to_owned());
    }
    let fields = body.as_object().ok_or("the body is no JSON object")?;
    for (name, value) in fields {
        if !KNOWN.contains(&name.as_str()) || value.is_null() {
            return Err(format!("{name} is unknown or null"));
        }
    }
    let model = body["model_id"].as_str().filter(|model| !model.is_empty());
    let model = model.ok_or("model_id is missing")?;
    let expressive = model.starts_with("eleven_v3") || model.starts_with("eleven_v4");
    if fields.contains_key("language_code") && !expressive && !model.ends_with("v2_5") {
        return Err(format!("language_code is not supported by {model}"));
    }
    let about_others = fields.contains_key("previous_text") || fields.contains_key("next_text");
    if about_others && expressive {
        return Err(format!("previous_text is not supported by {model}"));
    }
    if let Some(settings) = fields.get("voice_settings") {
        let read: VoiceSettings = serde_json::from_value(settings.clone())
            .map_err(|why| format!("voice_settings: {why}"))?;
        let only = settings
            .as_object()
            .is_some_and(|all| all.keys().eq(["stability"]));
        if !read.in_range() || (expressive && !only) {
            return Err("voice_settings are out of range or not supported".to_owned());
        }
    }
    let text = body["text"].as_str().unwrap_or_default();
    let most = if expressive { 3_000 } else { 10_000 };
    if text.trim().is_empty() || text.chars().count() > most {
        return Err(format!("text must have 1 to {most} characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
