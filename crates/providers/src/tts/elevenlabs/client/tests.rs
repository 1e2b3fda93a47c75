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
const BEGIN: &str = r#"{"text":" ","voice_settings":{"stability":0.5}}"#;
/// 1 ms of silence, and 2.
const AUDIO: &str = r#"{"audio":"//////////8="}"#;
const AUDIO_FINAL: &str = r#"{"audio":"/////////////////////w==","isFinal":true}"#;
const FINAL: &str = r#"{"isFinal":true}"#;

fn voice(multi_context: bool) -> Voice {
    Voice {
        model: "eleven_flash_v2_5".into(),
        voice: "ana".into(),
        language: "en".parse().expect("a language"),
        stability: Some(0.5),
        similarity_boost: None,
        style: None,
        speed: None,
        use_speaker_boost: None,
        chunk_length_schedule: Vec::new(),
        multi_context,
    }
}

struct Call {
    orders: mpsc::Sender<ToVoice>,
    made: mpsc::Receiver<FromVoice>,
    ended: JoinHandle<Result<(), ProviderError>>,
}

impl Call {
    fn begin(server: &Loopback, multi_context: bool, deadlines: Deadlines) -> Self {
        let key = Secret::parse("key-1").expect("a key");
        let voices = ElevenLabs::new(server.base(), key).with_deadlines(deadlines);
        let (orders, told) = mpsc::channel(64);
        let (out, made) = mpsc::channel(1);
        let ended = tokio::spawn(voices.speak(voice(multi_context), told, out));
        Self {
            orders,
            made,
            ended,
        }
    }

    /// A call with one reply per connection, and the spare that it opened.
    async fn open(server: &Loopback, deadlines: Deadlines) -> (Self, ServerSocket) {
        let mut call = Self::begin(server, false, deadlines);
        let socket = spare(server).await;
        assert_eq!(call.made.recv().await, Some(FromVoice::Ready));
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
                ..
            }) => format!("{reply}-{} {} ms", clause.0, bytes.len() / 8),
            Some(FromVoice::All(reply)) => format!("all {reply}"),
            Some(FromVoice::Ready) => "ready".to_owned(),
            None => "nothing".to_owned(),
        }
    }

    async fn failure(self) -> ProviderError {
        self.ended.await.expect("no panic").expect_err("a failure")
    }
}

async fn spare(server: &Loopback) -> ServerSocket {
    let mut socket = server.socket().await;
    assert_eq!(socket.read().await.as_deref(), Some(BEGIN));
    socket
}

async fn read(socket: &mut ServerSocket) -> String {
    socket.read().await.unwrap_or_else(|| "hung up".to_owned())
}

#[tokio::test]
async fn a_reply_is_spoken_on_a_connection_of_its_own() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    assert!(
        socket
            .uri
            .starts_with("/v1/text-to-speech/ana/stream-input?model_id=")
    );
    assert_eq!(socket.header("xi-api-key"), Some("key-1"));

    call.say(R1, 0, "Hello.").await;
    assert_eq!(
        read(&mut socket).await,
        r#"{"text":"Hello. ","flush":true}"#
    );
    // The next spare is opened as soon as the first is used.
    let mut next = spare(&server).await;
    socket.write(AUDIO).await;
    assert_eq!(call.next().await, "r1-0 1 ms");
    call.say(R1, 1, " ").await;
    call.order(ToVoice::End(R1)).await;
    assert_eq!(read(&mut socket).await, wire::END);
    socket.write(AUDIO).await;
    socket.write(FINAL).await;
    assert_eq!(call.next().await, "r1-0 1 ms");
    assert_eq!(call.next().await, "all r1");
    assert_eq!(read(&mut socket).await, "hung up");

    call.say(R2, 0, "Bye.").await;
    assert_eq!(read(&mut next).await, r#"{"text":"Bye. ","flush":true}"#);
    drop(call.orders);
    assert!(call.ended.await.expect("no panic").is_ok());
    assert_eq!(read(&mut next).await, "hung up");
}

#[tokio::test]
async fn letters_come_as_ends_of_words() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "A b.").await;
    read(&mut socket).await;
    socket
        .write(
            r#"{"audio":"/////////////////////w==","alignment":{"chars":["A"," ","b","."],
            "charStartTimesMs":[0,1,1,1],"charDurationsMs":[1,0,0,1]}}"#,
        )
        .await;
    let Some(FromVoice::Audio { words, .. }) = call.made.recv().await else {
        panic!("audio");
    };
    let words: Vec<(usize, u64)> = words.iter().map(|word| (word.chars, word.at.0)).collect();
    assert_eq!(words, [(1, 1), (4, 2)]);
}

#[tokio::test]
async fn a_server_that_calls_every_clause_final_is_understood() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "One.").await;
    call.say(R1, 1, "Two.").await;
    call.order(ToVoice::End(R1)).await;
    for _message in 0..3 {
        read(&mut socket).await;
    }
    socket.write(AUDIO_FINAL).await;
    assert_eq!(call.next().await, "r1-0 2 ms");
    socket.write(AUDIO).await;
    assert_eq!(call.next().await, "r1-1 1 ms");
    socket.write(AUDIO_FINAL).await;
    assert_eq!(call.next().await, "r1-1 2 ms");
    assert_eq!(call.next().await, "all r1");

    // The end of the reply may also come after its last audio.
    let mut socket = spare(&server).await;
    call.say(R2, 0, "Three.").await;
    read(&mut socket).await;
    socket.write(AUDIO_FINAL).await;
    assert_eq!(call.next().await, "r2-0 2 ms");
    call.order(ToVoice::End(R2)).await;
    assert_eq!(call.next().await, "all r2");
}

#[tokio::test]
async fn one_final_word_or_close_ends_any_number_of_clauses() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        after_final: Duration::from_millis(5),
        ..Deadlines::default()
    };
    let (mut call, mut socket) = Call::open(&server, deadlines).await;
    call.say(R1, 0, "One.").await;
    call.say(R1, 1, "Two.").await;
    call.order(ToVoice::End(R1)).await;
    read(&mut socket).await;
    socket.write(AUDIO_FINAL).await;
    assert_eq!(call.next().await, "r1-0 2 ms");
    assert_eq!(call.next().await, "all r1");

    let mut socket = spare(&server).await;
    call.say(R2, 0, "One.").await;
    call.say(R2, 1, "Two.").await;
    call.order(ToVoice::End(R2)).await;
    for _message in 0..3 {
        read(&mut socket).await;
    }
    socket.write(AUDIO).await;
    assert_eq!(call.next().await, "r2-0 1 ms");
    socket.close(1000, "").await;
    assert_eq!(call.next().await, "all r2");
}

#[tokio::test]
async fn a_server_that_closes_after_each_clause_is_understood() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "One.").await;
    read(&mut socket).await;
    let mut next = spare(&server).await;
    socket.write(AUDIO_FINAL).await;
    assert_eq!(call.next().await, "r1-0 2 ms");
    socket.close(1000, "").await;
    call.say(R1, 1, "Two.").await;
    assert_eq!(read(&mut next).await, r#"{"text":"Two. ","flush":true}"#);
    next.write(AUDIO_FINAL).await;
    assert_eq!(call.next().await, "r1-1 2 ms");
    call.order(ToVoice::End(R1)).await;
    assert_eq!(call.next().await, "all r1");
}

#[tokio::test]
async fn a_server_that_never_says_when_it_is_done_is_understood() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        audio_gap: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let (mut call, mut socket) = Call::open(&server, deadlines).await;
    call.say(R1, 0, "One.").await;
    call.order(ToVoice::End(R1)).await;
    read(&mut socket).await;
    socket.write(AUDIO).await;
    assert_eq!(call.next().await, "r1-0 1 ms");
    assert_eq!(call.next().await, "all r1");
}

#[tokio::test]
async fn a_cancelled_reply_falls_silent_at_once() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "Hello.").await;
    let mut next = spare(&server).await;
    read(&mut socket).await;
    // More than the call takes: it waits in the outbox, and is thrown away there.
    for _piece in 0..5 {
        socket.write(AUDIO).await;
    }
    assert_eq!(call.next().await, "r1-0 1 ms");
    call.order(ToVoice::Cancel(R1)).await;
    assert_eq!(read(&mut socket).await, "hung up");
    call.say(R2, 0, "Yes?").await;
    assert_eq!(read(&mut next).await, r#"{"text":"Yes? ","flush":true}"#);
    next.write(AUDIO).await;
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
async fn another_reply_takes_the_place_of_the_first() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "Hello.").await;
    let mut next = spare(&server).await;
    read(&mut socket).await;
    call.say(R2, 0, "Yes?").await;
    assert_eq!(read(&mut socket).await, "hung up");
    read(&mut next).await;
    next.write(AUDIO_FINAL).await;
    assert_eq!(call.next().await, "r2-0 2 ms");
}

#[tokio::test]
async fn a_reply_without_words_is_over_at_once() {
    let server = Loopback::new().await;
    let (mut call, _socket) = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, " \n").await;
    call.order(ToVoice::End(R1)).await;
    assert_eq!(call.next().await, "all r1");
}

#[tokio::test]
async fn a_clause_waits_for_its_connection() {
    let server = Loopback::new().await;
    let call = Call::begin(&server, false, Deadlines::default());
    call.say(R1, 0, "Hello.").await;
    call.order(ToVoice::End(R1)).await;
    let mut socket = spare(&server).await;
    assert_eq!(
        read(&mut socket).await,
        r#"{"text":"Hello. ","flush":true}"#
    );
    assert_eq!(read(&mut socket).await, wire::END);
}

#[tokio::test]
async fn many_replies_share_a_connection_where_the_plan_has_it() {
    let server = Loopback::new().await;
    let mut call = Call::begin(&server, true, Deadlines::default());
    let mut socket = server.socket().await;
    assert!(
        socket
            .uri
            .starts_with("/v1/text-to-speech/ana/multi-stream-input?")
    );
    assert_eq!(call.next().await, "ready");

    call.say(R1, 0, "Hello.").await;
    assert_eq!(
        read(&mut socket).await,
        r#"{"text":" ","context_id":"r1","voice_settings":{"stability":0.5}}"#
    );
    assert_eq!(
        read(&mut socket).await,
        r#"{"text":"Hello. ","context_id":"r1","flush":true}"#
    );
    call.order(ToVoice::Cancel(R1)).await;
    assert_eq!(
        read(&mut socket).await,
        r#"{"context_id":"r1","close_context":true}"#
    );

    call.say(R2, 0, "Yes?").await;
    call.order(ToVoice::End(R2)).await;
    read(&mut socket).await;
    assert_eq!(
        read(&mut socket).await,
        r#"{"text":"Yes? ","context_id":"r2","flush":true}"#
    );
    assert_eq!(
        read(&mut socket).await,
        r#"{"context_id":"r2","flush":true}"#
    );
    assert_eq!(
        read(&mut socket).await,
        r#"{"context_id":"r2","close_context":true}"#
    );
    // What was queued for the cancelled reply still comes, and has no owner.
    socket
        .write(r#"{"audio":"//////////8=","contextId":"r1"}"#)
        .await;
    socket.write(r#"{"isFinal":true,"contextId":"r1"}"#).await;
    socket
        .write(r#"{"audio":"//////////8=","context_id":"r2"}"#)
        .await;
    socket.write(r#"{"is_final":true,"context_id":"r2"}"#).await;
    assert_eq!(call.next().await, "r2-0 1 ms");
    assert_eq!(call.next().await, "all r2");
}
