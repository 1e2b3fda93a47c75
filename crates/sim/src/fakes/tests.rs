//! The fakes against our own clients: both read the protocol, and each keeps the other honest.

mod aura;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use domain::{Language, Millis, ReplyId};
use providers::{
    BaseUrl, ProviderError, Secret, Verdict,
    llm::{LanguageModel as _, ModelSettings, OpenAi, Think, ToolOffer, Written, openai::Profile},
    offline::{Script, fixtures},
    stt::{Deepgram, DeepgramFlux, Listen, Recognised, SpeechToText as _, ToRecogniser},
    tts::{ElevenLabs, FromVoice, TextToSpeech as _, ToVoice, Voice},
};
use session::{ClauseId, Message, Prompt};
use tokio::sync::mpsc;

use super::*;
use crate::Delay;

fn base(url: &str) -> BaseUrl {
    BaseUrl::parse("TEST", url).unwrap()
}

fn key(text: &str) -> Secret {
    Secret::parse(text).unwrap()
}

fn listening() -> Listen {
    Listen {
        model: "nova-3".to_owned(),
        language: Language::default(),
        keyterms: vec!["Harbour Table".to_owned()],
        endpointing: Millis(300),
        utterance_end: Millis(1_000),
        smart_format: true,
        filler_words: true,
    }
}

/// Sends a phrase and half a second of silence, 20 ms at a time but without waiting.
async fn speak(phrase: &str, audio: &mpsc::Sender<ToRecogniser>) {
    let phrase = fixtures::caller_phrase(phrase).unwrap();
    let sound = [phrase.ulaw, &[0xFF; 4_000]].concat();
    for frame in sound.chunks(160) {
        audio
            .send(ToRecogniser::Audio(Bytes::copy_from_slice(frame)))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn our_recogniser_hears_a_recorded_caller() {
    let settings = DeepgramSettings {
        manner: Manner::default().lagging(Delay::NONE).for_all(),
        ..DeepgramSettings::default()
    };
    let fake = FakeDeepgram::start(settings).await.unwrap();
    let client = Deepgram::new(base(&fake.base_url()), key("deepgram-test-key"));
    let (audio, to_listen) = mpsc::channel(1_024);
    let (heard, mut hears) = mpsc::channel(64);
    let listening = tokio::spawn(client.listen(listening(), to_listen, heard));
    speak("when", &audio).await;
    let mut said = String::new();
    loop {
        if let Recognised::Words(words) = hears.recv().await.unwrap() {
            if words.settled {
                said.push_str(&words.text);
            }
            if words.ends_utterance {
                break;
            }
        }
    }
    assert_eq!(said, "Tomorrow at seven.");
    drop(audio);
    while hears.recv().await.is_some() {}
    assert!(listening.await.unwrap().is_ok());
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
    assert_eq!(
        fake.seen()[0].texts.last().unwrap(),
        r#"{"type":"CloseStream"}"#
    );
}

#[tokio::test]
async fn our_recogniser_of_turns_hears_a_recorded_caller() {
    let settings = DeepgramSettings {
        manner: Manner::default().lagging(Delay::NONE).for_all(),
        ..DeepgramSettings::default()
    };
    let fake = FakeDeepgram::start(settings).await.unwrap();
    let client = DeepgramFlux::new(base(&fake.base_url()), key("deepgram-test-key"));
    let (audio, to_listen) = mpsc::channel(1_024);
    let (heard, mut hears) = mpsc::channel(64);
    let listen = Listen {
        model: "flux-general-en".to_owned(),
        ..listening()
    };
    let listening = tokio::spawn(client.listen(listen, to_listen, heard));
    speak("when", &audio).await;
    let mut told = Vec::new();
    let text = loop {
        match hears.recv().await.unwrap() {
            Recognised::Words(words) if words.settled => break words.text,
            Recognised::Words(_) => told.push("words"),
            Recognised::SpeechStarted => told.push("started"),
            Recognised::TurnLikely => told.push("likely"),
            Recognised::Ready => told.push("ready"),
            Recognised::NoWords | Recognised::Refused | Recognised::Sent(_) => {}
            Recognised::TurnEnded { .. } | Recognised::TurnResumed | Recognised::UtteranceOver => {
                told.push("odd")
            }
        }
    };
    assert_eq!(text, "Tomorrow at seven.");
    assert!(matches!(
        hears.recv().await,
        Some(Recognised::TurnEnded { confidence: 70.. })
    ));
    told.dedup();
    assert_eq!(told, ["ready", "started", "words", "likely"]);
    drop(audio);
    while hears.recv().await.is_some() {}
    assert!(listening.await.unwrap().is_ok());
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
}

#[tokio::test]
async fn our_recogniser_of_turns_keeps_the_whole_words_of_a_turn_that_is_cut() {
    let settings = DeepgramSettings {
        manner: Manner::default().lagging(Delay::NONE).for_all(),
        ..DeepgramSettings::default()
    };
    let fake = FakeDeepgram::start(settings).await.unwrap();
    let sound = fixtures::caller_phrase("when").unwrap().ulaw;
    let length = Duration::from_millis(sound.len() as u64 / 8);
    fake.fail_once(SttFault::DropAfter(length));
    let client = DeepgramFlux::new(base(&fake.base_url()), key("deepgram-test-key"));
    let (audio, to_listen) = mpsc::channel(1_024);
    let (heard, mut hears) = mpsc::channel(64);
    let listen = Listen {
        model: "flux-general-multi".to_owned(),
        ..listening()
    };
    let listening = tokio::spawn(client.listen(listen, to_listen, heard));
    let (most, rest) = sound.split_at(sound.len() - 1_600);
    let mut told = Vec::new();
    for frame in most.chunks(160) {
        let frame = ToRecogniser::Audio(Bytes::copy_from_slice(frame));
        audio.send(frame).await.unwrap();
    }
    while let Some(recognised) = hears.recv().await {
        if let Recognised::Words(words) = recognised {
            // Something was understood: the rest is too much for the connection.
            if told.is_empty() {
                let rest = ToRecogniser::Audio(Bytes::from_static(rest));
                audio.send(rest).await.unwrap();
            }
            told.push((words.settled, words.text));
        }
    }
    assert!(listening.await.unwrap().is_err());
    let [.., (false, interim), (true, settled)] = told.as_slice() else {
        panic!("{told:?}");
    };
    let (before, _half) = interim.rsplit_once(' ').expect("two words");
    assert_eq!(settled, before, "the last word is heard again");
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
}

#[tokio::test]
async fn our_recogniser_understands_a_refused_key() {
    let fake = FakeDeepgram::start(DeepgramSettings::default())
        .await
        .unwrap();
    let client = Deepgram::new(base(&fake.base_url()), key("wrong"));
    let (_audio, to_listen) = mpsc::channel(1);
    let (heard, _hears) = mpsc::channel(1);
    let refused = client
        .listen(listening(), to_listen, heard)
        .await
        .unwrap_err();
    assert_eq!(refused.verdict(), Verdict::KeyRefused);
}

/// Arguments that a provider can guarantee.
const CLOSED: &str =
    r#"{"type":"object","properties":{},"required":[],"additionalProperties":false}"#;

async fn ask(
    fake: &FakeOpenAi,
    messages: Vec<Message>,
) -> (Result<(), ProviderError>, Vec<Written>) {
    let key = Some(key("openai-test-key"));
    let client = OpenAi::new(base(&fake.base_url()), key, Profile::OPENAI);
    let offer = ToolOffer {
        name: "book_table".to_owned(),
        description: "Books a table.".to_owned(),
        parameters: CLOSED.to_owned(),
    };
    let settings = ModelSettings {
        model: "gpt-6-luna".to_owned(),
        max_tokens: 200,
        temperature: None,
        presence_penalty: None,
        frequency_penalty: None,
        reasoning_effort: None,
        tools: vec![offer],
    };
    let think = Think {
        prompt: Prompt {
            system: "You are a desk.".into(),
            messages,
            may_press: false,
        },
        settings: Arc::new(settings),
    };
    let (written, mut reads) = mpsc::channel(1_024);
    let outcome = client.reply(think, written).await.map(|_| ());
    let mut pieces = Vec::new();
    while let Some(piece) = reads.recv().await {
        pieces.push(piece);
    }
    (outcome, pieces)
}

async fn openai(brain: impl Brain + 'static) -> FakeOpenAi {
    let brain = Arc::new(brain);
    let (first_token, token_gap) = (Delay::NONE, Delay::NONE);
    let settings = OpenAiSettings {
        brain,
        first_token,
        token_gap,
        ..OpenAiSettings::default()
    };
    FakeOpenAi::start(settings).await.unwrap()
}

#[tokio::test]
async fn our_model_talks_to_the_scripted_desk() {
    let fake = openai(Desk::new(Arc::new(Script::demo()))).await;
    let said = vec![Message::Caller(
        "Hi, I would like to book a table.".to_owned(),
    )];
    let (outcome, pieces) = ask(&fake, said).await;
    assert!(outcome.is_ok(), "{outcome:?}");
    let text: String = pieces
        .iter()
        .filter_map(|piece| {
            if let Written::Text(text) = piece {
                Some(text.as_str())
            } else {
                None
            }
        })
        .collect();
    assert_eq!(text, "With pleasure. For how many people?");
    let asked = fake.seen();
    let function = &asked[0].body["tools"][0]["function"];
    assert_eq!(
        function["strict"], true,
        "the fake has looked at the schema"
    );
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
}

#[tokio::test]
async fn our_model_puts_tool_calls_together() {
    let arguments = r#"{"party":"4","day":"tomorrow"}"#.to_owned();
    let tool = ReplyTool {
        name: "book_table".to_owned(),
        arguments,
    };
    let fake = openai(Scripted::new(vec![Reply {
        text: "One moment.".to_owned(),
        tools: vec![tool],
    }]));
    let (outcome, pieces) = ask(&fake.await, vec![Message::Caller("Yes.".to_owned())]).await;
    assert!(outcome.is_ok(), "{outcome:?}");
    let tool = pieces.iter().find_map(|piece| match piece {
        Written::Tool(tool) => Some(tool),
        Written::Text(_) | Written::Used(_) => None,
    });
    let tool = tool.expect("a call");
    assert_eq!(
        (tool.name.as_str(), tool.arguments.as_str()),
        ("book_table", r#"{"party":"4","day":"tomorrow"}"#)
    );
}

#[tokio::test]
async fn our_model_reads_every_refusal() {
    let fake = openai(Echo).await;
    let wait = Duration::from_millis(20);
    for (fault, verdict) in [
        (
            LlmFault::Busy { retry_after: wait },
            Verdict::RetryAfter(wait),
        ),
        (LlmFault::NoQuota, Verdict::KeyRefused),
        (LlmFault::KeyRefused, Verdict::KeyRefused),
    ] {
        fake.fail_once(fault);
        let (outcome, _) = ask(&fake, vec![Message::Caller("Hi.".to_owned())]).await;
        assert_eq!(outcome.unwrap_err().verdict(), verdict, "{fault:?}");
    }
    for fault in [
        LlmFault::CutAfter(2),
        LlmFault::ErrorAfter(2),
        LlmFault::GarbageAfter(2),
    ] {
        fake.fail_once(fault);
        let (outcome, _) = ask(&fake, vec![Message::Caller("Hi.".to_owned())]).await;
        assert!(outcome.is_err(), "{fault:?}");
    }
}

#[tokio::test]
async fn our_voice_speaks_with_one_context_or_many() {
    for multi_context in [false, true] {
        let (first_audio, chunk_gap) = (Delay::NONE, Delay::NONE);
        let settings = ElevenLabsSettings {
            first_audio,
            chunk_gap,
            ..Default::default()
        };
        let fake = FakeElevenLabs::start(settings).await.unwrap();
        let client = ElevenLabs::new(base(&fake.base_url()), key("elevenlabs-test-key"));
        let (orders, to_speak) = mpsc::channel(16);
        let (made, mut hears) = mpsc::channel(64);
        let speaking = tokio::spawn(client.speak(voice(multi_context), to_speak, made));
        let line = &fixtures::agent_lines()[0];
        for number in 1..=2 {
            let reply = ReplyId(number);
            let text = line.text.clone();
            orders
                .send(ToVoice::Say {
                    reply,
                    clause: ClauseId(0),
                    text,
                })
                .await
                .unwrap();
            orders.send(ToVoice::End(reply)).await.unwrap();
            let mut sound = Vec::new();
            loop {
                match hears.recv().await.unwrap() {
                    FromVoice::Audio {
                        bytes, reply: of, ..
                    } if of == reply => sound.extend(bytes),
                    FromVoice::All(of) if of == reply => break,
                    FromVoice::Ready | FromVoice::Audio { .. } | FromVoice::All(_) => {}
                }
            }
            assert!(
                sound == line.ulaw,
                "{} bytes of {}",
                sound.len(),
                line.ulaw.len()
            );
        }
        drop(orders);
        assert!(speaking.await.unwrap().is_ok());
        assert!(fake.violations().is_empty(), "{:?}", fake.violations());
    }
}

fn voice(multi_context: bool) -> Voice {
    Voice {
        model: "eleven_flash_v2_5".to_owned(),
        voice: "Ana".to_owned(),
        language: Language::default(),
        stability: Some(0.6),
        similarity_boost: Some(0.75),
        style: None,
        speed: Some(0.92),
        use_speaker_boost: None,
        chunk_length_schedule: vec![50, 80],
        multi_context,
    }
}
