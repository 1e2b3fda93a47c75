//! The fake and our own clients: both read the protocol, and each keeps the other honest.

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use domain::{Language, Millis, ReplyId};
use providers::{
    BaseUrl, ProviderError, Secret, Verdict,
    offline::fixtures,
    stt::{Listen, OpenAiTranscription, Recognised, SpeechToText as _, ToRecogniser},
    tts::{FromVoice, OpenAiSpeech, TextToSpeech as _, ToVoice, Voice},
};
use reqwest::header::CONTENT_TYPE;
use session::ClauseId;
use tokio::sync::mpsc;

use super::*;
use crate::{
    Delay,
    fakes::{FakeOpenAi, Tones, What},
};

const KEY: &str = "openai-test-key";

async fn fake() -> FakeOpenAi {
    FakeOpenAi::start(quick()).await.unwrap()
}

fn quick() -> Settings {
    Settings {
        speech: SpeechSettings {
            first_audio: Delay::NONE,
            chunk_gap: Delay::NONE,
            ..SpeechSettings::default()
        },
        transcription: TranscriptionSettings {
            lag: Delay::NONE,
            ..TranscriptionSettings::default()
        },
        ..Settings::default()
    }
}

fn base(fake: &FakeOpenAi) -> BaseUrl {
    BaseUrl::parse("TEST", &fake.base_url()).unwrap()
}

fn key() -> Option<Secret> {
    Some(Secret::parse(KEY).unwrap())
}

/// Has clauses spoken; the sound of the reply, or why there is none.
async fn spoken(
    fake: &FakeOpenAi,
    clauses: &[&str],
    deadline: Duration,
) -> Result<Vec<u8>, ProviderError> {
    use providers::tts::openai::Deadlines;
    let deadlines = Deadlines {
        first_audio: deadline,
        audio_gap: deadline,
        ..Deadlines::default()
    };
    let client = OpenAiSpeech::new(base(fake), key()).with_deadlines(deadlines);
    let (orders, to_speak) = mpsc::channel(16);
    let (made, mut hears) = mpsc::channel(64);
    let speaking = tokio::spawn(client.speak(voice(), to_speak, made));
    let reply = ReplyId(1);
    for (clause, text) in (0..).zip(clauses) {
        let (clause, text) = (ClauseId(clause), (*text).to_owned());
        let say = ToVoice::Say {
            reply,
            clause,
            text,
        };
        orders.send(say).await.unwrap();
    }
    orders.send(ToVoice::End(reply)).await.unwrap();
    let mut sound = Vec::new();
    loop {
        match hears.recv().await {
            Some(FromVoice::Audio { bytes, .. }) => sound.extend(bytes),
            Some(FromVoice::All(_)) => return Ok(sound),
            Some(FromVoice::Ready) => {}
            None => return Err(speaking.await.unwrap().unwrap_err()),
        }
    }
}

fn voice() -> Voice {
    Voice {
        model: "tts-1-hd".to_owned(),
        voice: "nova".to_owned(),
        language: Language::default(),
        stability: None,
        similarity_boost: None,
        style: None,
        speed: Some(1.1),
        use_speaker_boost: None,
        chunk_length_schedule: Vec::new(),
        multi_context: false,
    }
}

/// Says a recorded phrase; the words that answer `Finalize`, or why there are none.
async fn recognised(
    fake: &FakeOpenAi,
    model: &str,
    deadline: Duration,
) -> Result<String, ProviderError> {
    use providers::stt::openai::Deadlines;
    let deadlines = Deadlines {
        words: deadline,
        ..Deadlines::default()
    };
    let client = OpenAiTranscription::new(base(fake), key());
    let listen = Listen {
        model: model.to_owned(),
        language: "en-GB".parse().unwrap(),
        keyterms: vec!["Harbour Table".to_owned()],
        endpointing: Millis(300),
        utterance_end: Millis::ZERO,
        smart_format: true,
        filler_words: false,
    };
    let (audio, to_listen) = mpsc::channel(1_024);
    let (heard, mut hears) = mpsc::channel(64);
    let client = client.with_deadlines(deadlines);
    let listening = tokio::spawn(client.listen(listen, to_listen, heard));
    let phrase = fixtures::caller_phrase("when").unwrap().ulaw;
    let sound = [&[0xFF; 4_000], phrase, &[0xFF; 1_600]].concat();
    for frame in sound.chunks(160) {
        let frame = ToRecogniser::Audio(Bytes::copy_from_slice(frame));
        audio.send(frame).await.unwrap();
    }
    audio.send(ToRecogniser::Finalize).await.unwrap();
    loop {
        match hears.recv().await {
            Some(Recognised::Words(words)) if words.answers_finalize => return Ok(words.text),
            Some(_) => {}
            None => return Err(listening.await.unwrap().unwrap_err()),
        }
    }
}

const PATIENT: Duration = Duration::from_secs(20);
const IMPATIENT: Duration = Duration::from_millis(40);

#[tokio::test]
async fn our_recogniser_hears_a_recorded_caller() {
    for model in ["whisper-1", "gpt-4o-mini-transcribe", "gpt-transcribe"] {
        let fake = fake().await;
        let text = recognised(&fake, model, PATIENT).await.unwrap();
        assert_eq!(text, "Tomorrow at seven.", "{model}");
        let violations = fake.transcription().violations();
        assert!(violations.is_empty(), "{violations:?}");
        let seen = fake.transcription().seen();
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].rate_hz, seen[0].status), (8_000, 200));
        assert!((500..4_000).contains(&seen[0].ms), "{} ms", seen[0].ms);
        assert!(
            seen[0]
                .fields
                .contains(&("model".to_owned(), model.to_owned()))
        );
    }
}

#[tokio::test]
async fn our_recogniser_drops_what_nobody_said() {
    let fake = fake().await;
    for model in ["whisper-1", "gpt-transcribe"] {
        fake.transcription().fail_once(TranscriptionFault::Phantom);
        assert_eq!(recognised(&fake, model, PATIENT).await.unwrap(), "");
    }
}

#[tokio::test]
async fn our_recogniser_understands_every_fault() {
    let fake = fake().await;
    let retry_after = Duration::from_millis(20);
    for (fault, verdict) in [
        (
            TranscriptionFault::Busy { retry_after },
            Verdict::RetryAfter(retry_after),
        ),
        (TranscriptionFault::Cut, Verdict::Retry),
        (TranscriptionFault::Garbage, Verdict::SwitchProvider),
        (TranscriptionFault::KeyRefused, Verdict::KeyRefused),
        (TranscriptionFault::NoQuota, Verdict::KeyRefused),
        (TranscriptionFault::Refuse(503), Verdict::Retry),
    ] {
        fake.transcription().fail_once(fault);
        let failed = recognised(&fake, "whisper-1", PATIENT).await.unwrap_err();
        assert_eq!(failed.verdict(), verdict, "{fault:?}");
    }
    for fault in [
        TranscriptionFault::NoAnswer,
        TranscriptionFault::Slow(PATIENT),
        TranscriptionFault::Stall,
    ] {
        fake.transcription().fail_once(fault);
        let failed = recognised(&fake, "whisper-1", IMPATIENT).await.unwrap_err();
        let silent = matches!(failed, ProviderError::Silent { stage: "words", .. });
        assert!(silent, "{fault:?}: {failed}");
    }
    assert!(fake.transcription().violations().is_empty());
}

#[tokio::test]
async fn our_voice_speaks_clauses_in_order() {
    let (timeline, mut moments) = mpsc::channel(16);
    let settings = Settings {
        timeline: Some(timeline),
        ..quick()
    };
    let fake = FakeOpenAi::start(settings).await.unwrap();
    let lines = &fixtures::agent_lines()[..2];
    let clauses: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    let sound = spoken(&fake, &clauses, PATIENT).await.unwrap();
    let meant = [lines[0].ulaw, lines[1].ulaw].concat();
    assert_eq!(sound.len(), meant.len(), "up to 24 kHz and down again");
    assert!(
        distance(&sound, &meant) < -25.0,
        "{} dB",
        distance(&sound, &meant)
    );
    assert!(fake.speech().violations().is_empty());
    let seen = fake.speech().seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|clause| clause.sent == clause.pieces));
    let mut told = Vec::new();
    while let Ok(moment) = moments.try_recv() {
        told.push(moment.what);
    }
    for text in clauses {
        assert!(told.contains(&What::TextAsked(text.to_owned())));
        assert!(told.contains(&What::SpeechSent(text.to_owned())));
    }
}

/// How far two sounds are apart, against how loud they are, in decibels.
fn distance(one: &[u8], other: &[u8]) -> f64 {
    use ::audio::g711::ulaw::decode;
    let (mut error, mut power) = (0.0, 0.0);
    for (one, other) in one.iter().zip(other) {
        let (one, other) = (f64::from(decode(*one)), f64::from(decode(*other)));
        error += (one - other).powi(2);
        power += other.powi(2);
    }
    10.0 * (error / power).log10()
}

#[tokio::test]
async fn our_voice_understands_every_fault() {
    let fake = FakeOpenAi::start(Settings {
        speech: SpeechSettings {
            voice: Arc::new(Tones::default()),
            ..quick().speech
        },
        ..quick()
    });
    let fake = fake.await.unwrap();
    let retry_after = Duration::from_millis(20);
    for (fault, verdict) in [
        (
            SpeechFault::Busy { retry_after },
            Verdict::RetryAfter(retry_after),
        ),
        (SpeechFault::CutAfter(2), Verdict::Retry),
        (SpeechFault::Endless, Verdict::SwitchProvider),
        (SpeechFault::Garbage, Verdict::SwitchProvider),
        (SpeechFault::KeyRefused, Verdict::KeyRefused),
        (SpeechFault::NoQuota, Verdict::KeyRefused),
        (SpeechFault::Refuse(400), Verdict::GiveUp),
        (SpeechFault::Wav, Verdict::SwitchProvider),
    ] {
        fake.speech().fail_once(fault);
        let failed = spoken(&fake, &["Good morning."], PATIENT)
            .await
            .unwrap_err();
        assert_eq!(failed.verdict(), verdict, "{fault:?}");
    }
    for fault in [
        SpeechFault::NoAnswer,
        SpeechFault::Slow(PATIENT),
        SpeechFault::StallAfter(2),
    ] {
        fake.speech().fail_once(fault);
        let failed = spoken(&fake, &["Good morning."], IMPATIENT)
            .await
            .unwrap_err();
        assert!(
            matches!(failed, ProviderError::Silent { .. }),
            "{fault:?}: {failed}"
        );
    }
    assert!(fake.speech().violations().is_empty());
    let cut = &fake.speech().seen()[1];
    assert!(cut.sent <= 2 && cut.pieces > 2, "{cut:?}");
}

#[tokio::test]
async fn other_keys_are_refused() {
    let fake = fake().await;
    for path in ["speech", "transcriptions"] {
        let url = format!("{}/audio/{path}", fake.base_url());
        let client = crate::http::client().unwrap();
        let answer = client.post(url).bearer_auth("other").send().await.unwrap();
        assert_eq!(answer.status(), 401);
    }
    assert_eq!(fake.speech().violations().len(), 1);
    assert_eq!(fake.transcription().violations().len(), 1);
}

#[tokio::test]
async fn odd_requests_for_speech_are_violations() {
    let good = r#"{"model":"tts-1","voice":"nova","input":"Hi","response_format":"pcm"}"#;
    for body in [
        "{".to_owned(),
        good.replace("tts-1", ""),
        good.replace("nova", ""),
        good.replace("Hi", " "),
        good.replace("Hi", &"a".repeat(5_000)),
        good.replace("pcm", "mp3"),
        good.replace('}', r#","speed":9}"#),
        good.replace('}', r#","speed":null}"#),
        good.replace('}', r#","stability":1}"#),
    ] {
        let fake = fake().await;
        let url = format!("{}/audio/speech", fake.base_url());
        let request = crate::http::client().unwrap().post(url).bearer_auth(KEY);
        let answer = request.body(body.clone()).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{body}");
        assert_eq!(fake.speech().violations().len(), 1, "{body}");
    }
}

#[tokio::test]
async fn odd_files_and_fields_are_violations() {
    let field = |name: &str, value: &str| {
        format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = |ms: usize| {
        use ::audio::wav::{Coding, Format, header};
        let (coding, rate_hz, channels) = (Coding::Pcm16, 8_000, 1);
        let format = Format {
            coding,
            rate_hz,
            channels,
        };
        let head = "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\
                    Content-Type: audio/wav\r\n\r\n";
        let sound = vec![0; 16 * ms];
        let wav = [&header(format, sound.len() as u32)[..], &sound].concat();
        [head.as_bytes(), &wav, b"\r\n"].concat()
    };
    let model = field("model", "whisper-1");
    for (case, status, fields, file) in [
        ("good", 200, model.clone(), file(100)),
        ("too short", 400, model.clone(), file(99)),
        ("no model", 400, String::new(), file(100)),
        ("no file", 400, model.clone(), Vec::new()),
        ("two files", 400, model.clone(), file(100).repeat(2)),
        (
            "unknown",
            400,
            model.clone() + &field("keyterm", "a"),
            file(100),
        ),
        (
            "empty",
            400,
            model.clone() + &field("prompt", ""),
            file(100),
        ),
        (
            "language",
            400,
            model.clone() + &field("language", "en-GB"),
            file(100),
        ),
        (
            "keywords",
            400,
            model.clone() + &field("keywords[]", "a"),
            file(100),
        ),
        (
            "format",
            400,
            model + &field("response_format", "text"),
            file(100),
        ),
    ] {
        let fake = fake().await;
        let url = format!("{}/audio/transcriptions", fake.base_url());
        let request = crate::http::client().unwrap().post(url).bearer_auth(KEY);
        let request = request.header(CONTENT_TYPE, "multipart/form-data; boundary=XX");
        let body = [fields.as_bytes(), &file, b"--XX--\r\n"].concat();
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{case}");
        let violations = fake.transcription().violations().len();
        assert_eq!(violations, usize::from(status == 400), "{case}");
    }
}
