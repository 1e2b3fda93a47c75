mod failures;

use tokio::task::JoinHandle;

use super::*;
use crate::loopback::{Loopback, ServerSocket};

const CONNECTED: &str = r#"{"type":"Connected","request_id":"5a","sequence_id":0}"#;

struct Call {
    audio: mpsc::Sender<ToRecogniser>,
    heard: mpsc::Receiver<Recognised>,
    ended: JoinHandle<Result<(), ProviderError>>,
    /// Silence of its own that it said it sent, in milliseconds.
    silence: u64,
}

impl Call {
    fn begin(server: &Loopback, deadlines: Deadlines) -> Self {
        let key = Secret::parse("key-1").expect("a key");
        let flux = DeepgramFlux::new(server.base(), key).with_deadlines(deadlines);
        let (audio, orders) = mpsc::channel(64);
        let (told, heard) = mpsc::channel(64);
        let listen = Listen {
            model: "flux-general-en".into(),
            language: "en".parse().expect("a language"),
            keyterms: vec!["Ana María".into()],
            endpointing: Millis(300),
            utterance_end: Millis(1_000),
            smart_format: false,
            filler_words: true,
        };
        let ended = tokio::spawn(flux.listen(listen, orders, told));
        Self {
            audio,
            heard,
            ended,
            silence: 0,
        }
    }

    async fn open(server: &Loopback, deadlines: Deadlines) -> (Self, ServerSocket) {
        let mut call = Self::begin(server, deadlines);
        let mut socket = server.socket().await;
        socket.write(CONNECTED).await;
        assert_eq!(call.next().await, "ready");
        (call, socket)
    }

    async fn say(&self, length: usize) {
        let audio = ToRecogniser::Audio(vec![0x7f; length].into());
        self.audio.send(audio).await.expect("the client listens");
    }

    /// What was heard next: `words 0-1000 hello`, `settled over - hello`, `ended 80`.
    async fn next(&mut self) -> String {
        let told = loop {
            match self.heard.recv().await {
                Some(Recognised::Sent(silence)) => self.silence += silence.0,
                told => break told,
            }
        };
        match told {
            None => "nothing".to_owned(),
            Some(Recognised::NoWords) => "no words".to_owned(),
            Some(Recognised::Refused) => "refused".to_owned(),
            Some(Recognised::Sent(_)) => "sent".to_owned(),
            Some(Recognised::Ready) => "ready".to_owned(),
            Some(Recognised::SpeechStarted) => "started".to_owned(),
            Some(Recognised::TurnEnded { confidence }) => format!("ended {confidence}"),
            Some(Recognised::TurnLikely) => "likely".to_owned(),
            Some(Recognised::TurnResumed) => "resumed".to_owned(),
            Some(Recognised::UtteranceOver) => "over".to_owned(),
            Some(Recognised::Words(words)) => {
                let span = words.span.map_or_else(
                    || "-".to_owned(),
                    |span| format!("{}-{}", span.from.0, span.until.0),
                );
                let kind = match (words.settled, words.ends_utterance) {
                    (false, _) => "words",
                    (true, false) => "settled",
                    (true, true) => "settled over",
                };
                format!("{kind} {span} {}", words.text)
            }
        }
    }

    async fn failure(self) -> ProviderError {
        let ended = self.ended.await.expect("no panic");
        ended.expect_err("a failure")
    }
}

fn turn(event: &str, text: &str, more: &str) -> String {
    format!(r#"{{"type":"TurnInfo","event":"{event}","turn_index":0,"transcript":"{text}"{more}}}"#)
}

fn window(until: &str) -> String {
    format!(r#","audio_window_start":0.5,"audio_window_end":{until}"#)
}

#[tokio::test]
async fn a_turn_is_heard_to_its_end() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    assert!(
        socket
            .uri
            .starts_with("/v2/listen?model=flux-general-en&encoding=mulaw&")
    );
    assert!(socket.uri.ends_with("&keyterm=Ana%20Mar%C3%ADa"));
    assert_eq!(socket.header("authorization"), Some("Token key-1"));

    call.say(160).await;
    call.say(0).await;
    call.audio.send(ToRecogniser::Finalize).await.expect("sent");
    call.say(80).await;
    assert_eq!(socket.read().await.as_deref(), Some("160 bytes"));
    assert_eq!(socket.read().await.as_deref(), Some("80 bytes"));

    for message in [
        turn("Update", "", ""),
        turn("StartOfTurn", "I", &window("0.75")),
        turn("Update", "I need", &window("1.0")),
        turn("EagerEndOfTurn", "I need a table.", &window("1.5")),
        turn("TurnResumed", "I need a table", &window("1.75")),
        turn("Update", "I need a table for", &window("2.0")),
        turn("EagerEndOfTurn", "I need a table for four.", &window("2.5")),
        turn(
            "EndOfTurn",
            "I need a table for four.",
            r#","end_of_turn_confidence":0.83"#,
        ),
        turn("Update", "", ""),
    ] {
        socket.write(&message).await;
    }
    for expected in [
        "no words",
        "started",
        "words 500-750 I",
        "words 500-1000 I need",
        "words 500-1500 I need a table.",
        "likely",
        "resumed",
        "words 500-1750 I need a table",
        "words 500-2000 I need a table for",
        "words 500-2500 I need a table for four.",
        "likely",
        "settled over - I need a table for four.",
        "ended 83",
        "no words",
    ] {
        assert_eq!(call.next().await, expected);
    }

    drop(call.audio);
    assert_eq!(socket.read().await.as_deref(), Some(wire::CLOSE_STREAM));
    socket.close(1000, "").await;
    assert_eq!(call.heard.recv().await, None);
    assert!(call.ended.await.expect("no panic").is_ok());
}

#[tokio::test]
async fn words_that_are_taken_back_are_told() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    for text in ["uh", "", ""] {
        socket.write(&turn("Update", text, "")).await;
    }
    assert_eq!(call.next().await, "words - uh");
    assert_eq!(call.next().await, "words - ");
    assert_eq!(call.next().await, "no words");
    socket.write(&turn("Update", "um", "")).await;
    socket.write(&turn("EndOfTurn", "", "")).await;
    assert_eq!(call.next().await, "words - um");
    assert_eq!(call.next().await, "settled over - ");
    assert_eq!(call.next().await, "ended 70");
    socket.write(&turn("EndOfTurn", "", "")).await;
    assert_eq!(call.next().await, "no words", "a turn of nothing");
}

#[tokio::test]
async fn a_turn_begins_where_its_first_words_did() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    let first = |start: &str, until: &str| {
        let window = window(until);
        format!(r#"{window},"words":[{{"word":"x","start":{start},"end":{start}}}]"#)
    };
    for message in [
        turn("Update", "", &window("1.0")),
        turn("StartOfTurn", "W", &first("1.1", "1.2")),
        turn("Update", "When", &first("1.25", "1.5")),
        turn("EndOfTurn", "When?", &first("1.25", "1.75")),
        turn("StartOfTurn", "Now", &first("3.0", "3.25")),
        // What came between did not.
        turn("StartOfTurn", "Then", &first("5.0", "5.25")),
    ] {
        socket.write(&message).await;
    }
    for expected in [
        "no words",
        "started",
        "words 1100-1200 W",
        "words 1100-1500 When",
        "settled over 1100-1750 When?",
        "ended 70",
        "started",
        "words 3000-3250 Now",
        "started",
        "words 5000-5250 Then",
    ] {
        assert_eq!(call.next().await, expected);
    }
}

#[tokio::test]
async fn a_turn_that_is_open_at_the_end_keeps_its_words() {
    let server = Loopback::new().await;
    let (mut call, mut socket) = Call::open(&server, Deadlines::default()).await;
    drop(call.audio);
    assert_eq!(socket.read().await.as_deref(), Some(wire::CLOSE_STREAM));
    let message = turn("Update", "and goodbye", &window("2.0"));
    socket.write(&message).await;
    socket.close(1000, "").await;
    assert!(call.ended.await.expect("no panic").is_ok());
    let mut heard = Vec::new();
    while let Some(Recognised::Words(words)) = call.heard.recv().await {
        heard.push((words.settled, words.text));
    }
    let text = || "and goodbye".to_owned();
    assert_eq!(heard, [(false, text()), (true, text())]);
}

#[tokio::test]
async fn audio_waits_until_the_server_takes_it() {
    let server = Loopback::new().await;
    let call = Call::begin(&server, Deadlines::default());
    call.say(160).await;
    let mut socket = server.socket().await;
    call.say(320).await;
    drop(call.audio);
    // A server that said nothing yet has got nothing.
    socket.write(r#"{"type":"Warning","code":"X"}"#).await;
    socket.write(CONNECTED).await;
    assert_eq!(socket.read().await.as_deref(), Some("160 bytes"));
    assert_eq!(socket.read().await.as_deref(), Some("320 bytes"));
    assert_eq!(socket.read().await.as_deref(), Some(wire::CLOSE_STREAM));
    socket.close(1000, "").await;
    assert!(call.ended.await.expect("no panic").is_ok());
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
    while call.audio.capacity() < 64 {
        tokio::task::yield_now().await;
    }
    socket.write(CONNECTED).await;
    for _ in 0..10 {
        assert_eq!(socket.read().await.as_deref(), Some("8000 bytes"));
    }
    assert_eq!(call.next().await, "ready");
    socket.write(&turn("Update", "hi", &window("1.0"))).await;
    assert_eq!(call.next().await, "words 2500-3000 hi");
}

#[tokio::test]
async fn a_gap_is_filled_with_silence_that_no_span_counts() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        gap: Duration::from_millis(8),
        ..Deadlines::default()
    };
    let (mut call, mut socket) = Call::open(&server, deadlines).await;
    call.say(7_777).await;
    let mut silence = 0;
    let mut begun = false;
    // 200 ms of it, in whatever pieces the clock makes.
    while silence < 1_600 {
        let read = socket.read().await.expect("silence");
        while let Ok(Recognised::Sent(silence)) = call.heard.try_recv() {
            call.silence += silence.0;
        }
        let bytes: usize = read
            .strip_suffix(" bytes")
            .expect("audio")
            .parse()
            .expect("a number");
        match (begun, bytes) {
            (false, 7_777) => begun = true,
            (false, _) => {}
            (true, bytes) => silence += bytes,
        }
        // 7,777 bytes leave one over, silence is whole milliseconds.
        assert_eq!(bytes % 8, usize::from(bytes == 7_777), "{bytes}");
    }
    let message = turn(
        "Update",
        "hi",
        r#","audio_window_start":0.0,"audio_window_end":9.0"#,
    );
    socket.write(&message).await;
    let told = call.next().await;
    let until = told
        .strip_prefix("words 0-")
        .and_then(|rest| rest.strip_suffix(" hi"));
    let until: u64 = until.expect(&told).parse().expect("a number");
    assert!(until <= 9_000 - 200, "{until}");
    assert_eq!(call.silence, 9_000 - until, "all of it has to be paid for");
}

#[test]
fn a_last_word_that_may_be_half_a_word_is_not_kept() {
    let span = |from, until| Span {
        from: Millis(from),
        until: Millis(until),
    };
    let cut = |text: &str, last: Span| {
        let turn = Turn {
            text: text.to_owned(),
            span: Some(span(200, 2_000)),
            last_word: Some(last),
            ..Turn::default()
        };
        let kept = whole_words(turn)?;
        Some((kept.text, kept.last_word?.until.0))
    };
    let kept = |text: &str, until| Some((text.to_owned(), until));
    assert_eq!(
        cut("I come on Sun", span(1_700, 2_000)),
        kept("I come on", 1_700)
    );
    assert_eq!(cut("Sun", span(1_700, 2_000)), None);
    let without_blanks = Turn {
        text: "日曜日に行きます".to_owned(),
        span: Some(span(200, 2_000)),
        words: 3,
        last_word: Some(span(1_700, 2_000)),
        ..Turn::default()
    };
    assert_eq!(whole_words(without_blanks.clone()), Some(without_blanks));
    assert_eq!(
        cut("I come on Sunday.", span(1_300, 1_800)),
        kept("I come on Sunday.", 1_800)
    );
}
