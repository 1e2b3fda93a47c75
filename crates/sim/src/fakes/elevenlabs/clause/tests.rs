//! The fake and our own client: both read the protocol, and each keeps the other honest.

use std::time::Duration;

use domain::{Language, Millis, ReplyId};
use providers::{
    BaseUrl, ProviderError, Secret, Verdict,
    tts::{
        ElevenLabsHttp, FromVoice, TextToSpeech as _, ToVoice, Voice as HowToSpeak,
        elevenlabs::http::Deadlines,
    },
};
use session::{ClauseId, WordEnd};
use tokio::sync::mpsc;

use super::*;
use crate::{
    Delay,
    fakes::{FakeElevenLabs, Tones, Voice as _},
};

const PATIENT: Duration = Duration::from_secs(20);
const IMPATIENT: Duration = Duration::from_millis(40);

fn quick() -> Settings {
    Settings {
        first_audio: Delay::NONE,
        chunk_gap: Delay::NONE,
        ..Settings::default()
    }
}

async fn fake() -> FakeElevenLabs {
    FakeElevenLabs::start(quick()).await.unwrap()
}

fn client(fake: &FakeElevenLabs, key: &str) -> ElevenLabsHttp {
    let base = BaseUrl::parse("TEST", &fake.base_url()).unwrap();
    ElevenLabsHttp::new(base, Secret::parse(key).unwrap())
}

fn voice(model: &str) -> HowToSpeak {
    HowToSpeak {
        model: model.to_owned(),
        voice: "Ana".to_owned(),
        language: Language::default(),
        stability: Some(0.5),
        similarity_boost: Some(0.75),
        style: Some(0.0),
        speed: None,
        use_speaker_boost: Some(true),
        chunk_length_schedule: Vec::new(),
        multi_context: false,
    }
}

/// Has clauses spoken; the sound of the reply and where words end in each clause, or why there
/// are none.
async fn spoken(
    fake: &FakeElevenLabs,
    (clauses, model): (&[&str], &str),
    deadline: Duration,
) -> Result<(Vec<u8>, Vec<WordEnd>), ProviderError> {
    let deadlines = Deadlines {
        first_audio: deadline,
        audio_gap: deadline,
        ..Deadlines::default()
    };
    let client = client(fake, "elevenlabs-test-key").with_deadlines(deadlines);
    let (orders, to_speak) = mpsc::channel(16);
    let (made, mut hears) = mpsc::channel(64);
    let speaking = tokio::spawn(client.speak(voice(model), to_speak, made));
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
    let (mut sound, mut ends) = (Vec::new(), Vec::new());
    loop {
        match hears.recv().await {
            Some(FromVoice::Audio { bytes, words, .. }) => {
                sound.extend(bytes);
                ends.extend(words);
            }
            Some(FromVoice::All(_)) => return Ok((sound, ends)),
            Some(FromVoice::Ready) => {}
            None => return Err(speaking.await.unwrap().unwrap_err()),
        }
    }
}

const FLASH: &str = "eleven_flash_v2_5";

#[tokio::test]
async fn our_voice_speaks_clauses_in_order_with_their_words() {
    let fake = fake().await;
    let clauses = ["Good morning to you.", "Hello."];
    let (sound, ends) = spoken(&fake, (&clauses, FLASH), PATIENT).await.unwrap();
    let hum = Tones::default();
    assert_eq!(sound, [hum.say(clauses[0]), hum.say(clauses[1])].concat());
    let end = |chars: usize| WordEnd {
        chars,
        at: Millis(60 * chars as u64),
    };
    assert_eq!(ends, [4, 12, 15, 20, 6].map(end));
    assert_eq!(fake.violations(), []);
    assert_eq!(fake.clauses().violations(), []);
    let seen = fake.clauses().seen();
    assert_eq!((seen.len(), seen[0].status), (2, 200));
    assert_eq!(seen[0].voice, "Ana");
    assert!(seen.iter().all(|asked| asked.sent == asked.lines));
    let told = seen.iter().find(|asked| asked.body["text"] == "Hello.");
    assert_eq!(told.unwrap().body["previous_text"], clauses[0]);
}

#[tokio::test]
async fn every_generation_of_models_is_asked_as_it_wants() {
    let fake = fake().await;
    for model in ["eleven_multilingual_v2", "eleven_v3", "eleven_v4_turbo"] {
        let made = spoken(&fake, (&["One.", "Two."], model), PATIENT).await;
        assert!(made.is_ok(), "{model}: {made:?}");
    }
    assert_eq!(fake.clauses().violations(), []);
}

#[tokio::test]
async fn faults_mean_to_our_voice_what_they_should() {
    let busy = Duration::from_secs(1);
    for (fault, verdict) in [
        (
            SpeechFault::Busy { retry_after: busy },
            Verdict::RetryAfter(busy),
        ),
        (SpeechFault::CutAfter(1), Verdict::Retry),
        (SpeechFault::Endless, Verdict::SwitchProvider),
        (SpeechFault::Garbage, Verdict::SwitchProvider),
        (SpeechFault::KeyRefused, Verdict::KeyRefused),
        (SpeechFault::NoQuota, Verdict::KeyRefused),
        (SpeechFault::Refuse(500), Verdict::Retry),
        (SpeechFault::Wav, Verdict::SwitchProvider),
    ] {
        let fake = fake().await;
        fake.clauses().fail_once(fault);
        let made = spoken(&fake, (&["A clause of several lines."], FLASH), PATIENT).await;
        assert_eq!(made.unwrap_err().verdict(), verdict, "{fault:?}");
    }
}

#[tokio::test]
async fn faults_that_wait_meet_a_deadline() {
    for fault in [
        SpeechFault::NoAnswer,
        SpeechFault::Slow(PATIENT),
        SpeechFault::StallAfter(1),
    ] {
        let fake = fake().await;
        fake.clauses().fail_always(Some(fault));
        let made = spoken(&fake, (&["A clause of several lines."], FLASH), IMPATIENT).await;
        let why = made.unwrap_err();
        assert!(
            matches!(why, ProviderError::Silent { .. }),
            "{fault:?}: {why}"
        );
    }
}

#[tokio::test]
async fn our_list_of_voices_reads_every_page() {
    let fake = fake().await;
    let listed = client(&fake, "elevenlabs-test-key").voices(PATIENT).await;
    let listed = listed.unwrap();
    let names: Vec<_> = listed.iter().map(|voice| voice.name.as_str()).collect();
    assert_eq!(names, ["Rachel", "Sarah", "Front desk"]);
    assert_eq!(listed[2].category, "cloned");
    assert_eq!(fake.clauses().violations(), []);

    let strange = client(&fake, "other").voices(PATIENT).await;
    assert_eq!(strange.unwrap_err().verdict(), Verdict::KeyRefused);
    assert_eq!(fake.clauses().violations().len(), 1);
}

#[test]
fn what_the_real_one_refuses_is_refused() {
    let mu_law = [("output_format".to_owned(), "ulaw_8000".to_owned())];
    let fine = json!({ "text": "Hi.", "model_id": FLASH, "language_code": "en" });
    assert_eq!(read(&mu_law, &fine), Ok(()));
    assert!(read(&[], &fine).is_err());
    for body in [
        json!([]),
        json!({ "text": "Hi." }),
        json!({ "text": " ", "model_id": FLASH }),
        json!({ "text": "a".repeat(3_001), "model_id": "eleven_v3" }),
        json!({ "text": "Hi.", "model_id": FLASH, "seed": null }),
        json!({ "text": "Hi.", "model_id": FLASH, "speed": 1 }),
        json!({ "text": "Hi.", "model_id": FLASH, "voice_settings": { "speed": 2 } }),
        json!({ "text": "Hi.", "model_id": "eleven_v3", "voice_settings": { "speed": 1 } }),
        json!({ "text": "Hi.", "model_id": "eleven_v3", "previous_text": "Ho." }),
        json!({ "text": "Hi.", "model_id": "eleven_multilingual_v2", "language_code": "en" }),
    ] {
        assert!(read(&mu_law, &body).is_err(), "{body}");
    }
}

#[tokio::test]
async fn moments_are_told() {
    let (timeline, mut moments) = mpsc::channel(8);
    let settings = Settings {
        timeline: Some(timeline),
        ..quick()
    };
    let fake = FakeElevenLabs::start(settings).await.unwrap();
    spoken(&fake, (&["Hello."], FLASH), PATIENT).await.unwrap();
    let told = [moments.recv().await, moments.recv().await].map(|moment| moment.unwrap().what);
    let text = || "Hello.".to_owned();
    assert_eq!(told, [What::TextAsked(text()), What::SpeechSent(text())]);
}
