use tokio::task::JoinHandle;

use super::*;
use crate::{
    Verdict,
    loopback::{Loopback, ServerSocket, answer},
};

struct Call {
    audio: mpsc::Sender<ToRecogniser>,
    heard: mpsc::Receiver<Recognised>,
    ended: JoinHandle<Result<(), ProviderError>>,
}

impl Call {
    fn begin(server: &Loopback, deadlines: Deadlines) -> Self {
        let key = Secret::parse("key-1").expect("a key");
        let deepgram = Deepgram::new(server.base(), key).with_deadlines(deadlines);
        let (audio, orders) = mpsc::channel(64);
        let (told, heard) = mpsc::channel(64);
        let listen = Listen {
            model: "nova-3".into(),
            language: "en".parse().expect("a language"),
            keyterms: vec!["Ana María".into()],
            endpointing: Millis(300),
            utterance_end: Millis(1_000),
            smart_format: true,
            filler_words: true,
        };
        let ended = tokio::spawn(deepgram.listen(listen, orders, told));
        Self {
            audio,
            heard,
            ended,
        }
    }

    async fn open(server: &Loopback, deadlines: Deadlines) -> (Self, ServerSocket) {
        let mut call = Self::begin(server, deadlines);
        let socket = server.socket().await;
        assert_eq!(call.heard.recv().await, Some(Recognised::Ready));
        (call, socket)
    }

    async fn say(&self, length: usize) {
        let audio = ToRecogniser::Audio(vec![0x7f; length].into());
        self.audio.send(audio).await.expect("the client listens");
    }

    async fn failure(self) -> ProviderError {
        let ended = self.ended.await.expect("no panic");
        ended.expect_err("a failure")
    }
}

fn results(text: &str) -> String {
    format!(
        r#"{{"type":"Results","is_final":true,"channel":{{"alternatives":[{{"transcript":"{text}"}}]}}}}"#
    )
}

fn settled(text: &str) -> Option<Recognised> {
    Some(Recognised::Words(Words {
        text: text.into(),
        settled: true,
        ..Words::default()
    }))
}

#[tokio::test]
async fn a_call_is_heard_to_its_last_word() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    assert!(
        socket
            .uri
            .starts_with("/v1/listen?model=nova-3&language=en&encoding=mulaw&")
    );
    assert!(socket.uri.ends_with("&keyterm=Ana%20Mar%C3%ADa"));
    assert_eq!(socket.header("authorization"), Some("Token key-1"));

    call.say(160).await;
    call.say(0).await;
    call.audio.send(ToRecogniser::Finalize).await.expect("sent");
    assert_eq!(socket.read().await.as_deref(), Some("160 bytes"));
    assert_eq!(socket.read().await.as_deref(), Some(wire::FINALIZE));

    socket
        .write(r#"{"type":"SpeechStarted","channel":[0]}"#)
        .await;
    socket.write("what is this?").await;
    socket.write_binary(b"or this").await;
    socket.write(&results("hello")).await;
    socket
        .write(r#"{"type":"UtteranceEnd","channel":[0,1]}"#)
        .await;
    assert_eq!(call.heard.recv().await, Some(Recognised::SpeechStarted));
    assert_eq!(call.heard.recv().await, settled("hello"));
    assert_eq!(call.heard.recv().await, Some(Recognised::UtteranceOver));

    drop(call.audio);
    assert_eq!(socket.read().await.as_deref(), Some(wire::CLOSE_STREAM));
    socket.write(&results("goodbye")).await;
    socket.write(r#"{"type":"Metadata","duration":1.0}"#).await;
    assert_eq!(call.heard.recv().await, settled("goodbye"));
    assert!(call.ended.await.expect("no panic").is_ok());
}

#[tokio::test]
async fn audio_waits_for_the_connection() {
    let server = Loopback::new().await;
    let call = Call::begin(&server, Deadlines::default());
    call.say(160).await;
    call.say(320).await;
    drop(call.audio);
    let mut socket = server.socket().await;
    assert_eq!(socket.read().await.as_deref(), Some("160 bytes"));
    assert_eq!(socket.read().await.as_deref(), Some("320 bytes"));
    assert_eq!(socket.read().await.as_deref(), Some(wire::CLOSE_STREAM));
    socket.close(1000, "").await;
    assert!(call.ended.await.expect("no panic").is_ok());
}

#[test]
fn the_oldest_audio_goes_when_too_much_waits() {
    let mut waiting = Waiting::default();
    for n in 0..=100 {
        waiting.push(ToRecogniser::Audio(vec![n; 8_000].into()));
    }
    assert_eq!((waiting.bytes, waiting.dropped), (80_000, 91 * 8_000));
    assert_eq!(
        waiting.orders[0],
        ToRecogniser::Audio(vec![91; 8_000].into())
    );
}

#[test]
fn a_turn_may_end_by_either_pause() {
    let key = Secret::parse("key-1").expect("a key");
    let base = BaseUrl::parse("", "http://127.0.0.1:1").expect("an address");
    let deepgram = Deepgram::new(base, key);
    for (endpointing, utterance_end) in [(300, 1_000), (4_000, 1_000), (300, 0)] {
        let listen = Listen {
            endpointing: Millis(endpointing),
            utterance_end: Millis(utterance_end),
            ..Listen::plain("nova-3")
        };
        let longest = endpointing.max(utterance_end);
        assert_eq!(deepgram.longest_pause(&listen), Millis(longest));
    }
}

#[tokio::test]
async fn a_call_that_ends_before_it_is_connected_wants_nothing() {
    let server = Loopback::new().await;
    let call = Call::begin(&server, Deadlines::default());
    drop(call.audio);
    assert!(call.ended.await.expect("no panic").is_ok());
}

/// Of half a second that holds one word, in milliseconds: when it was spoken, and its word.
async fn spans_of_words(call: &mut Call, socket: &mut ServerSocket) -> Vec<(u64, u64)> {
    let words = r#"[{"word":"hi","start":10.1,"end":10.4}]"#;
    let message = format!(
        r#"{{"start":10.0,"duration":0.5,"channel":{{"alternatives":[{{"transcript":"hi","words":{words}}}]}}}}"#
    );
    socket.write(&message).await;
    match call.heard.recv().await {
        Some(Recognised::Words(words)) => {
            let spans = words.span.into_iter().chain(words.word_spans);
            spans.map(|span| (span.from.0, span.until.0)).collect()
        }
        other => panic!("no words: {other:?}"),
    }
}

#[tokio::test]
async fn spans_count_the_audio_that_never_reached_the_server() {
    let server = Loopback::new().await;
    let mut call = Call::begin(&server, Deadlines::default());
    for _ in 0..12 {
        call.say(8_000).await;
    }
    tokio::task::yield_now().await;
    let mut socket = server.socket().await;
    for _ in 0..10 {
        assert_eq!(socket.read().await.as_deref(), Some("8000 bytes"));
    }
    assert_eq!(call.heard.recv().await, Some(Recognised::Ready));
    let spans = spans_of_words(&mut call, &mut socket).await;
    assert_eq!(spans, [(12_100, 12_500), (12_100, 12_400)]);
}

#[tokio::test]
async fn spans_do_not_count_the_silence_that_we_made_up() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        keep_alive: Duration::from_millis(8),
        ..Deadlines::default()
    };
    let (mut call, mut socket) = Call::open(&server, deadlines).await;
    assert_eq!(socket.read().await.as_deref(), Some("160 bytes"));
    let paid = call.heard.recv().await;
    assert_eq!(paid, Some(Recognised::Sent(Millis(20))));
    let spans = spans_of_words(&mut call, &mut socket).await;
    assert_eq!(spans, [(10_080, 10_480), (10_080, 10_380)]);
}

#[tokio::test]
async fn a_word_that_was_taken_back_is_told_to_be_gone() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    let result = |text: &str, times: &str| {
        format!(
            r#"{{"type":"Results",{times},"channel":{{"alternatives":[{{"transcript":"{text}"}}]}}}}"#
        )
    };
    socket.write(&result("", r#""start":0,"duration":1"#)).await;
    assert_eq!(call.heard.recv().await, Some(Recognised::NoWords));
    socket
        .write(&result("uh", r#""start":0,"duration":2"#))
        .await;
    let words = |told| match told {
        Some(Recognised::Words(words)) => (words.text, words.settled, words.begins),
        other => panic!("no words: {other:?}"),
    };
    let begin = Some(Millis(0));
    let told = words(call.heard.recv().await);
    assert_eq!(told, ("uh".to_owned(), false, begin));
    for told_before in [true, false] {
        socket
            .write(&result(
                "",
                r#""start":0,"duration":3,"is_final":true,"speech_final":false"#,
            ))
            .await;
        let told = call.heard.recv().await;
        if told_before {
            assert_eq!(words(told), (String::new(), true, begin));
        } else {
            assert_eq!(told, Some(Recognised::NoWords));
        }
    }
}

#[tokio::test]
async fn silence_is_bridged() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        keep_alive: Duration::from_millis(8),
        ..Deadlines::default()
    };
    let (_call, mut socket) = Call::open(&server, deadlines).await;
    assert_eq!(socket.read().await.as_deref(), Some("160 bytes"));
    assert_eq!(socket.read().await.as_deref(), Some(wire::KEEP_ALIVE));
    assert_eq!(socket.read().await.as_deref(), Some(wire::KEEP_ALIVE));
}

#[tokio::test]
async fn a_refusal_tells_its_reason_without_the_key() {
    let server = Loopback::new().await;
    let call = Call::begin(&server, Deadlines::default());
    let reason = "dg-error: Invalid credentials: key-1\r\ndg-request-id: 7\r\n";
    server
        .answer(&answer("401 Unauthorized", reason, "{}"))
        .await;
    let error = call.failure().await;
    assert_eq!(error.verdict(), Verdict::KeyRefused);
    assert_eq!(
        error.to_string(),
        "deepgram: refused with 401: Invalid credentials: ***"
    );
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        connect: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let call = Call::begin(&server, deadlines);
    let _connection = server.connection().await;
    assert!(matches!(
        call.failure().await,
        ProviderError::Silent {
            stage: "connect",
            ..
        }
    ));
}

#[tokio::test]
async fn an_end_in_the_middle_is_a_failure() {
    let server = Loopback::new().await;
    let (call, socket) = Call::open(&server, Deadlines::default()).await;
    socket.break_off();
    assert!(matches!(
        call.failure().await,
        ProviderError::Connection { .. }
    ));

    let (call, socket) = Call::open(&server, Deadlines::default()).await;
    socket.close(1011, "NET-0001").await;
    let error = call.failure().await;
    assert_eq!(error.to_string(), "deepgram: refused with 1011: NET-0001");
    assert_eq!(error.verdict(), Verdict::Retry);
}

#[tokio::test]
async fn a_server_that_has_gone_quiet_is_given_up() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        keep_alive: Duration::from_millis(4),
        ping: Duration::from_millis(4),
        ..Deadlines::default()
    };
    // The socket is held, but nobody reads it, so no ping is answered.
    let (call, _socket) = Call::open(&server, deadlines).await;
    assert!(matches!(
        call.failure().await,
        ProviderError::Connection { .. }
    ));
}

#[tokio::test]
async fn a_server_that_stops_reading_is_given_up() {
    let server = Loopback::narrow();
    let deadlines = Deadlines {
        send: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let (call, _unread) = Call::open(&server, deadlines).await;
    let piece = Bytes::from(vec![0xFF; 500_000]);
    while call
        .audio
        .send(ToRecogniser::Audio(piece.clone()))
        .await
        .is_ok()
    {}
    let error = call.failure().await.to_string();
    assert_eq!(
        error,
        "deepgram: connection failed: no message was taken for 20ms"
    );
}

#[tokio::test]
async fn dropping_the_future_hangs_up() {
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, Deadlines::default()).await;
    call.ended.abort();
    assert_eq!(socket.read().await, None);
}

#[tokio::test]
async fn last_words_are_not_waited_for_for_ever() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        last_words: Duration::from_millis(10),
        ..Deadlines::default()
    };
    let (call, mut socket) = Call::open(&server, deadlines).await;
    drop(call.audio);
    assert_eq!(socket.read().await.as_deref(), Some(wire::CLOSE_STREAM));
    assert!(call.ended.await.expect("no panic").is_ok());
}

#[tokio::test]
async fn a_server_that_only_says_what_nobody_can_read_is_given_up() {
    let server = Loopback::new().await;
    let (call, mut socket) = Call::open(&server, Deadlines::default()).await;
    for _ in 0..9 {
        socket.write("{\"channel\": \"my card ends in 4242\"").await;
    }
    let error = call.failure().await;
    assert_eq!(error.verdict(), Verdict::SwitchProvider);
    assert!(!error.to_string().contains("4242"), "{error}");
}

#[tokio::test]
async fn an_end_that_repeats_the_key_does_not_show_it() {
    let server = Loopback::new().await;
    let (call, socket) = Call::open(&server, Deadlines::default()).await;
    socket.close(1008, "no credits for key-1").await;
    let error = call.failure().await.to_string();
    assert!(error.contains("no credits for ***"), "{error}");
}
