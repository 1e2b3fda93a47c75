//! The scenarios of the repository on a clock that is paused and a socket in memory, against the
//! simplest agent there is: a minute of call takes a moment.

use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::*;
use crate::{
    caller::{Kind, Phrasebook, Script},
    carrier::{CallPlan, CallReport, Events, wire::StreamIds},
};

/// Milliseconds of tone that are an answer.
const ANSWER_MS: u64 = 2_000;
/// Quiet of the caller that ends a turn.
const TURN_MS: u64 = 400;
/// Quiet after which the agent asks again, or hangs up when it has asked twice.
const IDLE_MS: u64 = 8_000;

/// An agent that answers with a tone, falls silent when it is spoken to for long, and asks twice
/// into silence before it hangs up.
#[derive(Default)]
struct ToneAgent {
    stream: Value,
    /// Audio that is still to be heard.
    playing_ms: u64,
    /// The caller has been audible for so long, breaths included.
    spoken_ms: u64,
    quiet_ms: u64,
    asked: u32,
}

impl ToneAgent {
    async fn answer(mut self, mut socket: WebSocketStream<DuplexStream>) {
        while let Some(Ok(message)) = socket.next().await {
            let Message::Text(text) = message else { break };
            // A scenario may send what is no JSON at all.
            let message: Value = serde_json::from_str(text.as_str()).unwrap_or_default();
            let messages = match message["event"].as_str() {
                Some("start") => {
                    self.stream = message["streamSid"].clone();
                    self.say()
                }
                Some("media") if message["streamSid"] == self.stream => self.hear(&message),
                Some("stop") => break,
                Some(_) | None => Vec::new(),
            };
            for message in messages {
                let sent = socket.send(Message::text(message.to_string())).await;
                sent.unwrap();
            }
            if self.asked > 2 {
                break;
            }
        }
        // The carrier may have closed first.
        let _ = socket.close(None).await;
    }

    fn say(&mut self) -> Vec<Value> {
        self.playing_ms = ANSWER_MS;
        let tone = vec![0x10; usize::try_from(ANSWER_MS * 8).unwrap()];
        let payload = base64_simd::STANDARD.encode_to_string(tone);
        vec![json!({ "event": "media", "streamSid": self.stream, "media": { "payload": payload } })]
    }

    fn hear(&mut self, message: &Value) -> Vec<Value> {
        let payload = message["media"]["payload"].as_str().unwrap();
        let audio = base64_simd::STANDARD.decode_to_vec(payload).unwrap();
        let loud = audio
            .iter()
            .any(|code| ulaw::decode(*code).unsigned_abs() >= AUDIBLE);
        self.playing_ms = self.playing_ms.saturating_sub(TICK_MS);
        self.quiet_ms = if loud { 0 } else { self.quiet_ms + TICK_MS };
        if loud || self.spoken_ms > 0 {
            self.spoken_ms += TICK_MS;
            self.asked = 0;
        }
        if self.spoken_ms > 0 && self.quiet_ms >= TURN_MS {
            self.spoken_ms = 0;
            // "Uh huh" into the agent's words wants no answer.
            return if self.playing_ms > 0 {
                Vec::new()
            } else {
                self.say()
            };
        }
        if loud && self.spoken_ms >= 700 && self.playing_ms > 0 {
            self.playing_ms = 0;
            return vec![json!({ "event": "clear", "streamSid": self.stream })];
        }
        if self.playing_ms > 0 {
            self.quiet_ms = 0;
        }
        if self.quiet_ms >= IDLE_MS {
            self.quiet_ms = 0;
            self.asked += 1;
            return self.say();
        }
        Vec::new()
    }
}

/// How a scenario of the repository went.
async fn play(name: &str) -> (Ended, CallReport) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let text = std::fs::read_to_string(format!("{folder}/{name}.call")).unwrap();
    let script = Script::parse(&text, &Phrasebook::recorded()).unwrap();
    let (near, far) = tokio::io::duplex(1 << 20);
    let far = WebSocketStream::from_raw_socket(far, Role::Server, None).await;
    let agent = tokio::spawn(ToneAgent::default().answer(far));
    let near = WebSocketStream::from_raw_socket(near, Role::Client, None).await;
    let events = Events::none();
    let mut phone = Phone::new(&CallPlan::by(script), "CA1", &events);
    let messages = Messages::new(StreamIds::of_call(1));
    let ended = live(near, &[], messages, &mut phone).await;
    agent.await.unwrap();
    let report = phone.report;
    assert_eq!((report.gave_up, &report.violations), (0, &vec![]), "{name}");
    (ended, report)
}

#[tokio::test(start_paused = true)]
async fn a_caller_books_a_table() {
    let (ended, report) = play("book-a-table").await;
    assert_eq!(ended, Ended::ByServer);
    let of = |kind| report.turns.iter().filter(move |turn| turn.kind == kind);
    assert_eq!(of(Kind::Said).count(), 9);
    assert!(of(Kind::Said).all(|turn| turn.answered_after_ms.is_some()));
    let interrupted: Vec<_> = of(Kind::Interrupted).collect();
    assert_eq!((interrupted.len(), report.clears), (1, 1));
    assert!(interrupted[0].silent_after_ms.is_some_and(|ms| ms < 1_000));
    assert_eq!(interrupted[0].messages_after_clear, 0);
    assert_eq!(of(Kind::Acknowledged).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_hangs_up_in_the_greeting() {
    let (ended, report) = play("hang-up-in-the-greeting").await;
    assert_eq!((ended, report.turns.len()), (Ended::ByCaller, 0));
    assert!(report.agent_audio.len() < 8_000, "half a second was heard");
}

#[tokio::test(start_paused = true)]
async fn an_odd_line_is_survived() {
    let (ended, report) = play("odd-line").await;
    assert_eq!(ended, Ended::ByServer);
    let answered = report.turns.iter().map(|turn| turn.answered_after_ms);
    assert_eq!(answered.flatten().count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_says_nothing_is_left() {
    let (ended, report) = play("silent-caller").await;
    assert_eq!((ended, report.turns.len()), (Ended::ByServer, 0));
    assert_eq!(report.messages, 4, "a greeting, two questions, a goodbye");
}
