mod failures;
mod sessions;

use std::sync::Arc;

use bytes::Bytes;
use domain::{Millis, ReplyId};
use serde_json::{Value, json};
use session::{Message, Prompt};
use tokio::task::JoinHandle;

use super::*;
use crate::{
    Verdict,
    loopback::{Loopback, ServerSocket, answer},
    realtime::{TalkSettings, TurnDetection},
};

const R1: ReplyId = ReplyId(1);
const R2: ReplyId = ReplyId(2);
const CREATED: &str = r#"{"type":"session.created","session":{"id":"sess_1"}}"#;
const UPDATED: &str = r#"{"type":"session.updated","session":{"id":"sess_1"}}"#;
const VAD: TurnDetection = TurnDetection::ServerVad {
    threshold: 0.5,
    padding: Millis(300),
    silence: Millis(500),
};

fn talk(turns: TurnDetection, messages: Vec<Message>) -> Talk {
    Talk {
        prompt: prompt(messages),
        settings: Arc::new(TalkSettings {
            model: "gpt-realtime-2.1".into(),
            voice: "marin".into(),
            language: "en".parse().expect("a language"),
            transcription_model: Some("gpt-4o-mini-transcribe".into()),
            turns,
            max_output_tokens: None,
            tools: Vec::new(),
        }),
    }
}

fn prompt(messages: Vec<Message>) -> Prompt {
    Prompt {
        system: "You are Ana.".into(),
        messages,
        may_press: false,
    }
}

fn caller(text: &str) -> Message {
    Message::Caller(text.into())
}

struct Call {
    orders: mpsc::Sender<ToSpeaker>,
    told: mpsc::Receiver<FromSpeaker>,
    ended: JoinHandle<Result<(), ProviderError>>,
}

impl Call {
    fn begin(server: &Loopback, talk: Talk, deadlines: Deadlines) -> Self {
        let key = Secret::parse("key-1").expect("a key");
        let client = OpenAiRealtime::new(server.base(), key).with_deadlines(deadlines);
        let (orders, given) = mpsc::channel(64);
        let (out, told) = mpsc::channel(1);
        let ended = tokio::spawn(client.talk(talk, given, out));
        Self {
            orders,
            told,
            ended,
        }
    }

    /// A call whose session stands.
    async fn open(
        server: &Loopback,
        turns: TurnDetection,
        deadlines: Deadlines,
    ) -> (Self, ServerSocket) {
        let mut call = Self::begin(server, talk(turns, Vec::new()), deadlines);
        let socket = session(server).await;
        assert_eq!(call.next().await, "ready");
        (call, socket)
    }

    async fn order(&self, order: ToSpeaker) {
        self.orders.send(order).await.expect("the client listens");
    }

    /// So many milliseconds of the caller's sound.
    async fn speak(&self, ms: usize) {
        let audio = Bytes::from(vec![0x2a; ms * 8]);
        self.order(ToSpeaker::Audio(audio)).await;
    }

    async fn commit(&self, reply: ReplyId, messages: Vec<Message>) {
        let prompt = prompt(messages);
        self.order(ToSpeaker::Commit { reply, prompt }).await;
    }

    async fn respond(&self, reply: ReplyId, messages: Vec<Message>) {
        let prompt = prompt(messages);
        self.order(ToSpeaker::Respond { reply, prompt }).await;
    }

    async fn cancel(&self, reply: ReplyId, heard: u64) {
        let heard = Millis(heard);
        self.order(ToSpeaker::Cancel { reply, heard }).await;
    }

    /// What is told next: `audio r1 2 ms`, `words Hello…`.
    async fn next(&mut self) -> String {
        match self.told.recv().await {
            Some(FromSpeaker::Ready) => "ready".to_owned(),
            Some(FromSpeaker::SpeechStarted { at }) => format!("started {at}"),
            Some(FromSpeaker::SpeechStopped { at }) => format!("stopped {at}"),
            Some(FromSpeaker::TurnEnded) => "turn ended".to_owned(),
            Some(FromSpeaker::Words { words, usage }) => {
                let end = if words.settled { "." } else { "…" };
                let cost = usage.map_or_else(String::new, |usage| format!(" {usage:?}"));
                format!("words {}{end}{cost}", words.text)
            }
            Some(FromSpeaker::Text { reply, text }) => format!("text {reply} {text}"),
            Some(FromSpeaker::Audio { reply, bytes }) => {
                format!("audio {reply} {} ms", bytes.len() / 8)
            }
            Some(FromSpeaker::Tool { reply, call }) => {
                format!("tool {reply} {} {} {}", call.id, call.name, call.arguments)
            }
            Some(FromSpeaker::Consumed(consumed)) => {
                format!("consumed {}", consumed.usage.output_text)
            }
            Some(FromSpeaker::Done { reply, usage }) => {
                format!("done {reply} {}", usage.output_audio)
            }
            Some(FromSpeaker::Dropped(reply)) => format!("dropped {reply}"),
            Some(FromSpeaker::Failed { reply, error, .. }) => {
                format!("failed {reply} {:?}", error.verdict())
            }
            None => "nothing".to_owned(),
        }
    }

    async fn failure(self) -> ProviderError {
        self.ended.await.expect("no panic").expect_err("a failure")
    }
}

/// A session that has taken its settings.
async fn session(server: &Loopback) -> ServerSocket {
    let mut socket = server.socket().await;
    socket.write(CREATED).await;
    let settings = read(&mut socket).await;
    assert_eq!(settings["type"], "session.update");
    socket.write(UPDATED).await;
    socket
}

/// The client's next message.
async fn read(socket: &mut ServerSocket) -> Value {
    let message = socket.read().await.expect("a message");
    serde_json::from_str(&message).expect("JSON")
}

/// The next message in short: `response.create r1`, `input_audio_buffer.append 20 ms`.
async fn sent(socket: &mut ServerSocket) -> String {
    let Some(message) = socket.read().await else {
        return "hung up".to_owned();
    };
    let message: Value = serde_json::from_str(&message).expect("JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let detail = match message["type"].as_str().expect("a type") {
        "input_audio_buffer.append" => {
            let audio = base64_simd::STANDARD.decode_to_vec(text(&message["audio"]));
            format!("{} ms", audio.expect("base64").len() / 8)
        }
        "response.create" => text(&message["response"]["metadata"]["reply"]),
        "response.cancel" => text(&message["response_id"]),
        "conversation.item.create" => {
            let item = &message["item"];
            let words = [&item["role"], &item["content"][0]["text"], &item["output"]];
            words.map(text).join(" ").trim().to_owned()
        }
        "conversation.item.truncate" => {
            format!("{} {}", text(&message["item_id"]), message["audio_end_ms"])
        }
        "session.update" => text(&message["session"]["instructions"]),
        _ => text(&message["item_id"]),
    };
    let kind = text(&message["type"]);
    format!("{kind} {detail}").trim().to_owned()
}

async fn write(socket: &mut ServerSocket, message: Value) {
    socket.write(&message.to_string()).await;
}

/// Begins a response of a reply's name, without a word on what asked for it.
async fn begin(socket: &mut ServerSocket, reply: &str) {
    write(
        socket,
        json!({ "type": "response.created", "response": { "id": reply } }),
    )
    .await;
}

async fn audio(socket: &mut ServerSocket, response: &str, ms: usize) {
    let delta = base64_simd::STANDARD.encode_to_string(vec![0xff_u8; ms * 8]);
    write(
        socket,
        json!({ "type": "response.output_audio.delta", "response_id": response,
            "item_id": format!("item-{response}"), "delta": delta }),
    )
    .await;
}

async fn say(socket: &mut ServerSocket, response: &str, text: &str) {
    write(
        socket,
        json!({ "type": "response.output_audio_transcript.delta", "response_id": response,
            "item_id": format!("item-{response}"), "delta": text }),
    )
    .await;
}

async fn done(socket: &mut ServerSocket, response: &str, status: &str) {
    write(
        socket,
        json!({ "type": "response.done", "response": { "id": response, "status": status,
            "usage": { "output_token_details": { "audio_tokens": 20 } } } }),
    )
    .await;
}

#[tokio::test]
async fn a_turn_is_committed_and_answered() {
    let server = Loopback::new().await;
    let (mut call, mut socket) =
        Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
    assert_eq!(socket.uri, "/v1/realtime?model=gpt-realtime-2.1");
    assert_eq!(socket.header("authorization"), Some("Bearer key-1"));
    assert_eq!(socket.header("openai-beta"), None);

    call.speak(100).await;
    call.commit(R1, vec![caller("Hello.")]).await;
    assert_eq!(sent(&mut socket).await, "input_audio_buffer.append 100 ms");
    assert_eq!(sent(&mut socket).await, "input_audio_buffer.commit");
    assert_eq!(sent(&mut socket).await, "response.create r1");
    begin(&mut socket, "r1").await;
    say(&mut socket, "r1", "Hi!").await;
    audio(&mut socket, "r1", 40).await;
    done(&mut socket, "r1", "completed").await;
    assert_eq!(call.next().await, "text r1 Hi!");
    assert_eq!(call.next().await, "audio r1 40 ms");
    assert_eq!(call.next().await, "done r1 20");
}

#[tokio::test]
async fn a_turn_without_sound_is_sent_as_words() {
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
    call.commit(R1, vec![caller("4711")]).await;
    assert_eq!(
        sent(&mut socket).await,
        "conversation.item.create user 4711"
    );
    assert_eq!(sent(&mut socket).await, "response.create r1");

    // A click of the line is no turn either, and must not stand before the next one.
    call.speak(20).await;
    call.commit(R1, vec![caller("12")]).await;
    assert_eq!(sent(&mut socket).await, "input_audio_buffer.append 20 ms");
    assert_eq!(sent(&mut socket).await, "input_audio_buffer.clear");
    assert_eq!(sent(&mut socket).await, "conversation.item.create user 12");

    call.speak(200).await;
    call.order(ToSpeaker::Clear).await;
    assert_eq!(sent(&mut socket).await, "input_audio_buffer.append 200 ms");
    assert_eq!(sent(&mut socket).await, "input_audio_buffer.clear");
}

#[tokio::test]
async fn a_barge_in_cancels_and_truncates() {
    let server = Loopback::new().await;
    let (mut call, mut socket) =
        Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
    call.respond(R1, Vec::new()).await;
    assert_eq!(sent(&mut socket).await, "response.create r1");
    begin(&mut socket, "r1").await;
    audio(&mut socket, "r1", 400).await;
    assert_eq!(call.next().await, "audio r1 400 ms");

    call.cancel(R1, 250).await;
    call.respond(R2, Vec::new()).await;
    assert_eq!(sent(&mut socket).await, "response.cancel r1");
    audio(&mut socket, "r1", 100).await;
    done(&mut socket, "r1", "cancelled").await;
    assert_eq!(
        sent(&mut socket).await,
        "conversation.item.truncate item-r1 250"
    );
    assert_eq!(sent(&mut socket).await, "response.create r2");
    assert_eq!(call.next().await, "done r1 20", "late audio is not told");
}

#[tokio::test]
async fn a_cancelled_reply_leaves_the_queue() {
    let server = Loopback::new().await;
    let (mut call, mut socket) =
        Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
    call.respond(R1, Vec::new()).await;
    assert_eq!(sent(&mut socket).await, "response.create r1");
    begin(&mut socket, "r1").await;
    // The call takes one and leaves the rest.
    for _piece in 0..20 {
        audio(&mut socket, "r1", 20).await;
    }
    assert_eq!(call.next().await, "audio r1 20 ms");
    call.cancel(R1, 0).await;
    assert_eq!(sent(&mut socket).await, "response.cancel r1");
    done(&mut socket, "r1", "cancelled").await;
    assert_eq!(sent(&mut socket).await, "conversation.item.delete item-r1");
    // One piece may have been on its way to the call.
    let mut next = call.next().await;
    if next.starts_with("audio") {
        next = call.next().await;
    }
    assert_eq!(next, "done r1 20");
}

#[tokio::test]
async fn a_tool_is_asked_for_answered_and_used() {
    let server = Loopback::new().await;
    let (mut call, mut socket) =
        Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
    call.respond(R1, Vec::new()).await;
    assert_eq!(sent(&mut socket).await, "response.create r1");
    begin(&mut socket, "r1").await;
    write(
        &mut socket,
        json!({ "type": "response.output_item.done", "response_id": "r1",
            "item": { "id": "item_5", "type": "function_call", "status": "completed",
                "call_id": "call_3", "name": "book", "arguments": "{\"day\":1}" } }),
    )
    .await;
    assert_eq!(call.next().await, r#"tool r1 call_3 book {"day":1}"#);
    let answered = ToSpeaker::ToolAnswered {
        id: "call_3".into(),
        output: "booked".into(),
    };
    call.order(answered).await;
    call.respond(R2, Vec::new()).await;
    done(&mut socket, "r1", "completed").await;
    assert_eq!(sent(&mut socket).await, "conversation.item.create booked");
    assert_eq!(sent(&mut socket).await, "response.create r2");
}

#[tokio::test]
async fn a_line_of_ours_is_spoken() {
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
    let text = "Goodbye.".to_owned();
    call.order(ToSpeaker::Say { reply: R1, text }).await;
    let asked = read(&mut socket).await;
    assert_eq!(asked["response"]["metadata"]["reply"], "r1");
    let instructions = asked["response"]["instructions"].as_str().expect("text");
    assert!(instructions.ends_with("Goodbye."));
}

#[tokio::test]
async fn notes_and_other_instructions_are_told_once() {
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, TurnDetection::Ours, Deadlines::default()).await;
    let note = Message::Note("The caller is silent.");
    call.respond(R1, vec![note.clone()]).await;
    assert_eq!(
        sent(&mut socket).await,
        "conversation.item.create system The caller is silent."
    );
    assert_eq!(sent(&mut socket).await, "response.create r1");
    call.cancel(R1, 0).await;
    assert_eq!(sent(&mut socket).await, "response.cancel");

    let changed = Prompt {
        system: "You are Bea.".into(),
        messages: vec![note, caller("1")],
        may_press: false,
    };
    begin(&mut socket, "r1").await;
    done(&mut socket, "r1", "cancelled").await;
    call.order(ToSpeaker::Commit {
        reply: R2,
        prompt: changed,
    })
    .await;
    assert_eq!(sent(&mut socket).await, "session.update You are Bea.");
    assert_eq!(sent(&mut socket).await, "conversation.item.create user 1");
    assert_eq!(sent(&mut socket).await, "response.create r2");
}

#[tokio::test]
async fn the_providers_own_detection_is_told() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, VAD, Deadlines::default()).await;
    for message in [
        r#"{"type":"input_audio_buffer.speech_started","audio_start_ms":120,"item_id":"a"}"#,
        r#"{"type":"input_audio_buffer.speech_stopped","audio_end_ms":900,"item_id":"a"}"#,
        r#"{"type":"input_audio_buffer.committed","item_id":"a","previous_item_id":null}"#,
        r#"{"type":"conversation.item.input_audio_transcription.delta","item_id":"a","delta":"Hel"}"#,
        r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"a","transcript":"Hello","usage":{"type":"duration","seconds":2}}"#,
    ] {
        socket.write(message).await;
    }
    for told in [
        "started 0.120",
        "stopped 0.900",
        "turn ended",
        "words Hel…",
        "words Hello. Duration(Millis(2000))",
    ] {
        assert_eq!(call.next().await, told);
    }
    // The turn is an item already.
    call.respond(R1, vec![caller("Hello")]).await;
    assert_eq!(sent(&mut socket).await, "response.create r1");

    // One that we end while it is heard is not told as ended by the provider.
    socket
        .write(
            r#"{"type":"input_audio_buffer.speech_started","audio_start_ms":2000,"item_id":"b"}"#,
        )
        .await;
    assert_eq!(call.next().await, "started 2.000");
    call.commit(R2, vec![caller("Hm")]).await;
    assert_eq!(sent(&mut socket).await, "input_audio_buffer.commit");
    for message in [
        r#"{"type":"input_audio_buffer.committed","item_id":"b","previous_item_id":"a"}"#,
        r#"{"type":"conversation.item.input_audio_transcription.failed","item_id":"b"}"#,
    ] {
        socket.write(message).await;
    }
    assert_eq!(call.next().await, "words .");
}

#[tokio::test]
async fn orders_wait_for_the_session_and_old_audio_goes_first() {
    let server = Loopback::new().await;
    let call = Call::begin(
        &server,
        talk(TurnDetection::Ours, Vec::new()),
        Deadlines::default(),
    );
    let mut socket = server.socket().await;
    call.speak(4_000).await;
    call.commit(R1, vec![caller("Hello.")]).await;
    call.speak(4_000).await;
    call.speak(3_000).await;
    // Everything is in the client's hands before the session stands.
    while call.orders.capacity() < call.orders.max_capacity() {
        tokio::task::yield_now().await;
    }
    socket.write(CREATED).await;
    assert_eq!(sent(&mut socket).await, "session.update You are Ana.");
    socket.write(UPDATED).await;
    for message in [
        "conversation.item.create user Hello.",
        "response.create r1",
        "input_audio_buffer.append 4000 ms",
        "input_audio_buffer.append 3000 ms",
    ] {
        assert_eq!(sent(&mut socket).await, message);
    }
}
