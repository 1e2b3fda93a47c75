use bytes::Bytes;
use tokio::task::JoinHandle;

use super::*;
use crate::{
    Verdict,
    loopback::{Loopback, ServerRequest, answer},
    offline::fixtures::caller_phrase,
};

struct Call {
    audio: mpsc::Sender<ToRecogniser>,
    heard: mpsc::Receiver<Recognised>,
    ended: JoinHandle<Result<(), ProviderError>>,
    /// What it said it sent.
    sent: Millis,
}

impl Call {
    fn begin(server: &Loopback, deadlines: Deadlines) -> Self {
        let key = Secret::parse("key-1").expect("a key");
        let ears = OpenAiTranscription::new(server.base(), Some(key));
        Self::with(&ears.with_deadlines(deadlines))
    }

    fn with(ears: &OpenAiTranscription) -> Self {
        let listen = Listen {
            model: "whisper-1".into(),
            language: "en-GB".parse().expect("a language"),
            keyterms: vec!["Ana".into()],
            endpointing: Millis(300),
            utterance_end: Millis::ZERO,
            smart_format: true,
            filler_words: false,
        };
        let (audio, given) = mpsc::channel(256);
        let (tell, heard) = mpsc::channel(16);
        let ended = tokio::spawn(ears.listen(listen, given, tell));
        Self {
            audio,
            heard,
            ended,
            sent: Millis::ZERO,
        }
    }

    /// A call whose connection stands.
    async fn open(server: &Loopback, deadlines: Deadlines) -> Self {
        let mut call = Self::begin(server, deadlines);
        server.answer(&answer("404 Not Found", "", "")).await;
        assert_eq!(call.next().await, "ready");
        call
    }

    async fn order(&self, order: ToRecogniser) {
        self.audio.send(order).await.expect("the client listens");
    }

    /// The caller says something and falls silent for 200 ms.
    async fn say(&self) {
        let phrase = caller_phrase("party").expect("a fixture").ulaw;
        self.order(ToRecogniser::Audio(Bytes::from_static(phrase)))
            .await;
        self.order(ToRecogniser::Audio(Bytes::from_static(&[0xFF; 1_600])))
            .await;
    }

    async fn say_and_ask(&self) {
        self.say().await;
        self.order(ToRecogniser::Finalize).await;
    }

    /// What was told next: `ready`, `speech`, `"words" answer`.
    async fn next(&mut self) -> String {
        let told = loop {
            match self.heard.recv().await {
                Some(Recognised::Sent(sound)) => self.sent += sound,
                told => break told,
            }
        };
        match told {
            Some(Recognised::Ready) => "ready".to_owned(),
            Some(Recognised::Refused) => "refused".to_owned(),
            Some(Recognised::SpeechStarted) => "speech".to_owned(),
            Some(Recognised::Words(words)) => {
                assert!(words.settled && words.span.is_some());
                let answers = if words.answers_finalize {
                    " answer"
                } else {
                    ""
                };
                let ends = if words.ends_utterance { " end" } else { "" };
                format!("{:?}{answers}{ends}", words.text)
            }
            other => format!("{other:?}"),
        }
    }

    async fn failure(self) -> ProviderError {
        self.ended.await.expect("no panic").expect_err("a failure")
    }
}

async fn write(mut request: ServerRequest, text: &str) {
    let body = format!(r#"{{"text":"{text}"}}"#);
    request.write(answer("200 OK", "", &body).as_bytes()).await;
}

#[tokio::test]
async fn what_was_said_comes_back_as_words() {
    let server = Loopback::new().await;
    let mut call = Call::begin(&server, Deadlines::default());
    let mut warm = server.request().await;
    assert!(
        warm.head.starts_with("get /v1/models http/1.1\r\n"),
        "{}",
        warm.head
    );
    warm.write(answer("200 OK", "", "{}").as_bytes()).await;
    assert_eq!(call.next().await, "ready");

    call.say_and_ask().await;
    assert_eq!(call.next().await, "speech");
    // The warm connection is used.
    let request = warm.next().await;
    assert!(
        request
            .head
            .starts_with("post /v1/audio/transcriptions http/1.1\r\n"),
        "{}",
        request.head
    );
    for line in [
        "authorization: bearer key-1",
        "content-type: multipart/form-data; boundary=----repartee-form-boundary-0",
    ] {
        assert!(request.head.lines().any(|header| header == line), "{line}");
    }
    for part in [
        "name=\"model\"\r\n\r\nwhisper-1\r\n",
        "name=\"language\"\r\n\r\nen\r\n",
        "name=\"prompt\"\r\n\r\nAna\r\n",
        "filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF",
    ] {
        assert!(request.body.contains(part), "{part}");
    }
    write(request, " A table for two.").await;
    assert_eq!(call.next().await, r#""A table for two." answer"#);
    // The phrase, and what is kept of the silence around it.
    let phrase = caller_phrase("party").expect("a fixture").ulaw.len() as u64 / 8;
    assert!(
        call.sent.0.abs_diff(phrase) < 300,
        "{} of {phrase}",
        call.sent.0
    );

    drop(call.audio);
    assert!(call.ended.await.expect("no panic").is_ok());
}

#[tokio::test]
async fn silence_is_answered_without_a_request() {
    let server = Loopback::new().await;
    let mut call = Call::open(&server, Deadlines::default()).await;
    call.order(ToRecogniser::Finalize).await;
    assert_eq!(call.next().await, r#""" answer"#);
    call.order(ToRecogniser::Audio(Bytes::from_static(&[0xFF; 8_000])))
        .await;
    call.order(ToRecogniser::Finalize).await;
    assert_eq!(call.next().await, r#""" answer"#);
}

#[tokio::test]
async fn words_come_in_order_one_request_at_a_time() {
    let server = Loopback::new().await;
    let mut call = Call::open(&server, Deadlines::default()).await;
    call.say_and_ask().await;
    assert_eq!(call.next().await, "speech");
    let first = server.request().await;
    // Said while the request runs: it waits, and so does the answer about silence.
    call.say_and_ask().await;
    call.order(ToRecogniser::Finalize).await;
    let more = tokio::time::timeout(Duration::from_millis(30), server.request()).await;
    assert!(more.is_err(), "a second request at the same time");
    write(first, "One").await;
    assert_eq!(call.next().await, r#""One" answer"#);
    write(server.request().await, "Two").await;
    assert_eq!(call.next().await, r#""Two" answer"#);
    assert_eq!(call.next().await, r#""" answer"#);
}

#[tokio::test]
async fn the_last_words_come_after_the_last_audio() {
    let server = Loopback::new().await;
    let mut call = Call::open(&server, Deadlines::default()).await;
    call.say().await;
    assert_eq!(call.next().await, "speech");
    let Call {
        audio,
        mut heard,
        ended,
        ..
    } = call;
    drop(audio);
    write(server.request().await, "Bye").await;
    assert!(matches!(heard.recv().await, Some(Recognised::Sent(_))));
    let Some(Recognised::Words(words)) = heard.recv().await else {
        panic!("words");
    };
    assert_eq!((words.text.as_str(), words.ends_utterance), ("Bye", true));
    assert!(ended.await.expect("no panic").is_ok());
}

#[tokio::test]
async fn last_words_that_never_come_are_not_waited_for() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        last_words: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let mut call = Call::open(&server, deadlines).await;
    call.say().await;
    assert_eq!(call.next().await, "speech");
    drop(call.audio);
    let request = server.request().await;
    assert!(call.ended.await.expect("no panic").is_ok());
    request.hung_up().await;
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        words: Duration::from_millis(30),
        ..Deadlines::default()
    };
    let call = Call::open(&server, deadlines).await;
    call.say_and_ask().await;
    let mut request = server.request().await;
    // The head of an answer is none.
    request
        .write(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{")
        .await;
    assert!(matches!(
        call.failure().await,
        ProviderError::Silent { stage: "words", .. }
    ));
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    for (status, headers, body, verdict) in [
        (
            "401 Unauthorized",
            "",
            r#"{"error":{"code":"invalid_api_key"}}"#,
            Verdict::KeyRefused,
        ),
        (
            "429 Too Many Requests",
            "retry-after-ms: 40\r\n",
            "{}",
            Verdict::RetryAfter(Duration::from_millis(40)),
        ),
        (
            "429 Too Many Requests",
            "",
            r#"{"error":{"type":"insufficient_quota"}}"#,
            Verdict::KeyRefused,
        ),
        ("404 Not Found", "", "", Verdict::ModelRefused),
        ("503 Service Unavailable", "", "", Verdict::Retry),
        (
            "200 OK",
            "",
            "<html>Welcome</html>",
            Verdict::SwitchProvider,
        ),
        ("200 OK", "", r#"{"error":"broken"}"#, Verdict::Retry),
    ] {
        let server = Loopback::new().await;
        let call = Call::open(&server, Deadlines::default()).await;
        call.say_and_ask().await;
        server.answer(&answer(status, headers, body)).await;
        assert_eq!(call.failure().await.verdict(), verdict, "{status} {body}");
    }
}

#[test]
fn the_longest_segment_and_what_comes_meanwhile_is_worth_replaying() {
    let base = BaseUrl::parse("TEST_BASE_URL", "http://127.0.0.1:1").expect("loopback");
    let deadlines = Deadlines {
        words: Duration::from_secs(4),
        ..Deadlines::default()
    };
    let ears = OpenAiTranscription::new(base, None).with_deadlines(deadlines);
    assert_eq!(ears.capabilities().replay, Millis(34_000));
}

#[tokio::test]
async fn a_refused_segment_has_no_words_and_a_server_that_refuses_all_is_given_up() {
    let refusal = answer(
        "400 Bad Request",
        "",
        r#"{"error":{"message":"Audio file is too short."}}"#,
    );
    let server = Loopback::new().await;
    let mut call = Call::open(&server, Deadlines::default()).await;
    for answered in [false, false, true, false, false] {
        call.say_and_ask().await;
        if answered {
            write(server.request().await, "Hello").await;
        } else {
            server.answer(&refusal).await;
        }
        let mut told = call.next().await;
        if told == "speech" {
            told = call.next().await;
        }
        if !answered {
            assert_eq!(told, "refused");
            told = call.next().await;
        }
        let text = if answered { "Hello" } else { "" };
        assert_eq!(told, format!("{text:?} answer"));
    }
    call.say_and_ask().await;
    server.answer(&refusal).await;
    assert_eq!(call.failure().await.verdict(), Verdict::GiveUp);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_a_failed_connection_and_has_to_be_paid() {
    let server = Loopback::new().await;
    let mut call = Call::open(&server, Deadlines::default()).await;
    call.say_and_ask().await;
    let mut request = server.request().await;
    request
        .write(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"text\":")
        .await;
    drop(request);
    assert_eq!(call.next().await, "speech");
    assert_eq!(call.next().await, "Some(NoWords)", "it has listened");
    assert_eq!(call.failure().await.verdict(), Verdict::Retry);
}

#[tokio::test]
async fn an_answer_that_never_ends_is_not_read() {
    let server = Loopback::new().await;
    let call = Call::open(&server, Deadlines::default()).await;
    call.say_and_ask().await;
    let mut request = server.request().await;
    let body = format!("{{\"text\":\"{}\"}}", "a".repeat(2 * wire::MAX_ANSWER));
    request.write(answer("200 OK", "", &body).as_bytes()).await;
    let shown = call.failure().await.to_string();
    assert!(shown.contains("more than 1048576 bytes"), "{shown}");
}

#[tokio::test]
async fn a_key_that_is_repeated_is_not_shown() {
    for status in ["401 Unauthorized", "200 OK"] {
        let server = Loopback::new().await;
        let call = Call::open(&server, Deadlines::default()).await;
        call.say_and_ask().await;
        let body = r#"{"error":{"message":"Incorrect key: key-1."}}"#;
        server.answer(&answer(status, "", body)).await;
        let shown = call.failure().await.to_string();
        assert!(shown.ends_with("Incorrect key: ***."), "{shown}");
    }
}

#[tokio::test]
async fn an_unknown_key_is_told_before_the_caller_speaks() {
    let server = Loopback::new().await;
    let call = Call::begin(&server, Deadlines::default());
    let body = r#"{"error":{"message":"Incorrect key: key-1.","code":"invalid_api_key"}}"#;
    server.answer(&answer("401 Unauthorized", "", body)).await;
    let failure = call.failure().await;
    assert_eq!(failure.verdict(), Verdict::KeyRefused);
    assert!(!failure.to_string().contains("key-1"), "{failure}");
}

#[tokio::test]
async fn a_key_that_may_not_see_the_models_may_still_transcribe() {
    let server = Loopback::new().await;
    let mut call = Call::begin(&server, Deadlines::default());
    let body = r#"{"error":{"message":"Missing scopes: model.read","code":null}}"#;
    server.answer(&answer("401 Unauthorized", "", body)).await;
    assert_eq!(call.next().await, "ready");
}

#[tokio::test]
async fn nobody_there_is_told_before_the_caller_speaks() {
    let server = Loopback::new().await;
    let base = server.base();
    drop(server);
    let ears = OpenAiTranscription::new(base, None);
    let failure = Call::with(&ears).failure().await;
    assert!(
        matches!(failure, ProviderError::Unreachable { .. }),
        "{failure}"
    );
}

#[tokio::test]
async fn a_server_without_a_list_of_models_is_ready_in_time() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        warm: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let mut call = Call::begin(&server, deadlines);
    let _unanswered = server.request().await;
    assert_eq!(call.next().await, "ready");
}

#[tokio::test]
async fn words_before_the_models_are_listed_mean_ready() {
    let server = Loopback::new().await;
    let mut call = Call::begin(&server, Deadlines::default());
    let warm = server.request().await;
    call.say_and_ask().await;
    assert_eq!(call.next().await, "speech");
    write(server.request().await, "Early").await;
    assert_eq!(call.next().await, "ready");
    assert_eq!(call.next().await, r#""Early" answer"#);
    drop(warm);
    call.order(ToRecogniser::Finalize).await;
    assert_eq!(
        call.next().await,
        r#""" answer"#,
        "a lost warm-up is no failure"
    );
}

#[tokio::test]
async fn a_connection_grown_cold_is_warmed_when_the_caller_speaks_up() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        keep_warm: Duration::ZERO,
        ..Deadlines::default()
    };
    let mut call = Call::open(&server, deadlines).await;
    call.say().await;
    assert_eq!(call.next().await, "speech");
    let request = server.request().await;
    assert!(
        request.head.starts_with("get /v1/models "),
        "{}",
        request.head
    );
}

#[tokio::test]
async fn dropping_the_future_hangs_up() {
    let server = Loopback::new().await;
    let call = Call::open(&server, Deadlines::default()).await;
    call.say_and_ask().await;
    let request = server.request().await;
    call.ended.abort();
    request.hung_up().await;
}

#[tokio::test]
async fn a_call_that_ends_before_anyone_spoke_asks_nothing() {
    let server = Loopback::new().await;
    let call = Call::open(&server, Deadlines::default()).await;
    drop(call.audio);
    assert!(call.ended.await.expect("no panic").is_ok());
}
