mod failures;

use domain::ReplyId;
use session::ClauseId;
use tokio::task::JoinHandle;

use super::*;
use crate::{
    Verdict,
    loopback::{Loopback, ServerSocket, answer},
};

const R1: ReplyId = ReplyId(1);
const R2: ReplyId = ReplyId(2);
const FLUSHED: &str = r#"{"type":"Flushed","sequence_id":0}"#;
const CLEARED: &str = r#"{"type":"Cleared","sequence_id":0}"#;
/// So many milliseconds of silence.
static AUDIO: [u8; 80_000] = [0xff; 80_000];

fn audio(ms: usize) -> &'static [u8] {
    &AUDIO[..ms * 8]
}

struct Call {
    orders: mpsc::Sender<ToVoice>,
    made: mpsc::Receiver<FromVoice>,
    ended: JoinHandle<Result<(), ProviderError>>,
}

impl Call {
    fn begin(server: &Loopback, deadlines: Deadlines) -> Self {
        let key = Secret::parse("key-1").expect("a key");
        let voices = Aura::new(server.base(), key).with_deadlines(deadlines);
        let (orders, told) = mpsc::channel(64);
        let (out, made) = mpsc::channel(1);
        let voice = Voice {
            model: "aura-2-thalia-en".into(),
            voice: String::new(),
            language: "en".parse().expect("a language"),
            stability: None,
            similarity_boost: None,
            style: None,
            speed: None,
            use_speaker_boost: None,
            chunk_length_schedule: Vec::new(),
            multi_context: false,
        };
        let ended = tokio::spawn(voices.speak(voice, told, out));
        Self {
            orders,
            made,
            ended,
        }
    }

    async fn open(server: &Loopback, deadlines: Deadlines) -> (Self, ServerSocket) {
        let mut call = Self::begin(server, deadlines);
        let mut socket = server.socket().await;
        socket
            .write(r#"{"type":"Metadata","request_id":"5a"}"#)
            .await;
        assert_eq!(call.next().await, "ready");
        (call, socket)
    }

    async fn say(&self, reply: ReplyId, clause: u32, text: &str) {
        self.order(ToVoice::Say {
            reply,
            clause: ClauseId(clause),
            text: text.into(),
        })
        .await;
    }

    async fn order(&self, order: ToVoice) {
        self.orders.send(order).await.expect("the client listens");
    }

    /// What was made next: `r1-0 1 ms`, `all r1`.
    async fn next(&mut self) -> String {
        match self.made.recv().await {
            Some(FromVoice::Audio {
                reply,
                clause,
                bytes,
                words,
            }) => {
                assert_eq!(words, [], "this voice tells no words");
                format!("{reply}-{} {} ms", clause.0, bytes.len() / 8)
            }
            Some(FromVoice::All(reply)) => format!("all {reply}"),
            Some(FromVoice::Ready) => "ready".to_owned(),
            None => "nothing".to_owned(),
        }
    }

    async fn failure(self) -> ProviderError {
        self.ended.await.expect("no panic").expect_err("a failure")
    }
}

/// The next message: `Speak: Hello. `, `Flush`.
async fn read(socket: &mut ServerSocket) -> String {
    let Some(message) = socket.read().await else {
        return "hung up".to_owned();
    };
    let message: serde_json::Value = serde_json::from_str(&message).expect("JSON");
    let kind = message["type"].as_str().expect("a type");
    match message["text"].as_str() {
        Some(text) => format!("{kind}: {text}"),
        None => kind.to_owned(),
    }
}

async fn expect(socket: &mut ServerSocket, messages: &[&str]) {
    for message in messages {
        assert_eq!(read(socket).await, *message);
    }
}

#[tokio::test]
async fn the_first_clause_is_flushed_at_once_and_the_rest_at_the_end() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    assert_eq!(
        socket.uri,
        "/v1/speak?model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000"
    );
    assert_eq!(socket.header("authorization"), Some("Token key-1"));

    call.say(R1, 0, "Hello.").await;
    expect(&mut socket, &["Speak: Hello. ", "Flush"]).await;
    call.say(R1, 1, "How are").await;
    call.say(R1, 2, " \n").await;
    call.say(R1, 3, "you?").await;
    expect(&mut socket, &["Speak: How are ", "Speak: you? "]).await;
    socket.write_binary(audio(100)).await;
    assert_eq!(call.next().await, "r1-0 100 ms");
    call.order(ToVoice::End(R1)).await;
    expect(&mut socket, &["Flush"]).await;
    socket.write_binary(audio(200)).await;
    socket.write(FLUSHED).await;
    socket.write_binary(audio(500)).await;
    socket.write(FLUSHED).await;
    assert_eq!(call.next().await, "r1-0 200 ms");
    assert_eq!(call.next().await, "r1-1 455 ms");
    assert_eq!(call.next().await, "r1-3 45 ms");
    assert_eq!(call.next().await, "all r1");

    // The same connection speaks the next reply.
    call.say(R2, 0, "Bye.").await;
    expect(&mut socket, &["Speak: Bye. ", "Flush"]).await;
    drop(call.orders);
    expect(&mut socket, &["Close", "hung up"]).await;
    assert!(call.ended.await.expect("no panic").is_ok());
}

#[tokio::test]
async fn later_clauses_are_flushed_before_the_audio_runs_out() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "Hello.").await;
    expect(&mut socket, &["Speak: Hello. ", "Flush"]).await;
    call.say(R1, 1, "One.").await;
    expect(&mut socket, &["Speak: One. "]).await;
    // A second is left of it when it comes.
    socket.write_binary(audio(1_020)).await;
    assert_eq!(call.next().await, "r1-0 1020 ms");
    socket.write(FLUSHED).await;
    expect(&mut socket, &["Flush"]).await;
    call.say(R1, 2, "Two.").await;
    expect(&mut socket, &["Speak: Two. "]).await;
    // Ten seconds are far from running out: only the end flushes what is left.
    socket.write_binary(audio(10_000)).await;
    assert_eq!(call.next().await, "r1-1 10000 ms");
    socket.write(FLUSHED).await;
    call.say(R1, 3, "Three.").await;
    expect(&mut socket, &["Speak: Three. "]).await;
    call.order(ToVoice::End(R1)).await;
    expect(&mut socket, &["Flush"]).await;
    socket.write_binary(audio(400)).await;
    socket.write(FLUSHED).await;
    assert_eq!(call.next().await, "r1-2 260 ms");
    assert_eq!(call.next().await, "r1-3 140 ms");
    assert_eq!(call.next().await, "all r1");
}

#[tokio::test]
async fn an_end_after_all_audio_needs_no_flush() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "Hello.").await;
    expect(&mut socket, &["Speak: Hello. ", "Flush"]).await;
    socket.write_binary(audio(100)).await;
    socket.write(FLUSHED).await;
    assert_eq!(call.next().await, "r1-0 100 ms");
    call.order(ToVoice::End(R1)).await;
    assert_eq!(call.next().await, "all r1");
    call.order(ToVoice::End(R2)).await;
    assert_eq!(call.next().await, "all r2", "a reply of nothing");
}

#[tokio::test]
async fn a_cancelled_reply_falls_silent_at_once() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "Hello.").await;
    expect(&mut socket, &["Speak: Hello. ", "Flush"]).await;
    socket.write_binary(audio(100)).await;
    assert_eq!(call.next().await, "r1-0 100 ms");
    call.order(ToVoice::Cancel(R1)).await;
    call.say(R2, 0, "Yes?").await;
    expect(&mut socket, &["Clear", "Speak: Yes? ", "Flush"]).await;
    // What was under way when we asked for silence, and a flush that is answered late.
    socket.write_binary(audio(100)).await;
    socket.write(CLEARED).await;
    socket.write(FLUSHED).await;
    socket.write_binary(audio(50)).await;
    socket.write(FLUSHED).await;
    assert_eq!(call.next().await, "r2-0 50 ms");
    call.order(ToVoice::End(R2)).await;
    assert_eq!(call.next().await, "all r2");

    // Nothing of it is under way: there is nothing to clear.
    call.order(ToVoice::Cancel(R2)).await;
    call.say(R1, 0, "So.").await;
    expect(&mut socket, &["Speak: So. ", "Flush"]).await;
}

#[tokio::test]
async fn another_reply_takes_the_place_of_the_first() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "Hello.").await;
    call.say(R2, 0, "Yes?").await;
    let messages = ["Speak: Hello. ", "Flush", "Clear", "Speak: Yes? ", "Flush"];
    expect(&mut socket, &messages).await;
    socket.write(FLUSHED).await;
    socket.write(CLEARED).await;
    socket.write_binary(audio(50)).await;
    assert_eq!(call.next().await, "r2-0 50 ms");
}

#[tokio::test]
async fn audio_that_waits_is_dropped_with_its_reply() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "Hello.").await;
    expect(&mut socket, &["Speak: Hello. ", "Flush"]).await;
    // More than the call takes.
    for _piece in 0..5 {
        socket.write_binary(audio(20)).await;
    }
    assert_eq!(call.next().await, "r1-0 20 ms");
    call.order(ToVoice::Cancel(R1)).await;
    call.say(R2, 0, "Yes?").await;
    expect(&mut socket, &["Clear", "Speak: Yes? ", "Flush"]).await;
    socket.write(CLEARED).await;
    socket.write_binary(audio(50)).await;
    let mut after = Vec::new();
    while after
        .last()
        .is_none_or(|piece: &String| !piece.starts_with("r2"))
    {
        after.push(call.next().await);
    }
    // One piece was already on its way to the call.
    assert!(after.len() <= 2, "{after:?}");
}

#[tokio::test]
async fn a_clause_waits_for_its_connection() {
    let server = Loopback::new().await;
    let call = Call::begin(&server, Deadlines::default());
    call.say(R1, 0, "Hello.").await;
    call.order(ToVoice::Cancel(R1)).await;
    call.say(R2, 0, "Yes?").await;
    call.order(ToVoice::End(R2)).await;
    let mut socket = server.socket().await;
    expect(&mut socket, &["Speak: Yes? ", "Flush"]).await;
}

#[tokio::test]
async fn a_line_without_flushes_is_replaced_before_a_reply() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    for number in 1..=19 {
        let reply = ReplyId(number);
        call.say(reply, 0, "Hello.").await;
        expect(&mut socket, &["Speak: Hello. ", "Flush"]).await;
        socket.write_binary(audio(1)).await;
        socket.write(FLUSHED).await;
        call.order(ToVoice::End(reply)).await;
        assert_eq!(call.next().await, format!("{reply}-0 1 ms"));
        assert_eq!(call.next().await, format!("all {reply}"));
    }
    call.say(ReplyId(20), 0, "Hello.").await;
    let mut fresh = server.socket().await;
    expect(&mut fresh, &["Speak: Hello. ", "Flush"]).await;
    expect(&mut socket, &["hung up"]).await;
}

#[tokio::test]
async fn long_clauses_are_handed_over_in_pieces() {
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, &"word ".repeat(500)).await;
    let lengths = [read(&mut socket).await.len(), read(&mut socket).await.len()];
    assert_eq!(lengths, [2_000 + 7, 500 + 7]);
    expect(&mut socket, &["Flush"]).await;
}
