mod failures;

use domain::ReplyId;
use session::ClauseId;
use tokio::task::JoinHandle;

use super::*;
use crate::loopback::{Loopback, ServerRequest, answer};

const R1: ReplyId = ReplyId(1);
const R2: ReplyId = ReplyId(2);

struct Call {
    orders: mpsc::Sender<ToVoice>,
    made: mpsc::Receiver<FromVoice>,
    ended: JoinHandle<Result<(), ProviderError>>,
}

impl Call {
    fn begin(server: &Loopback, deadlines: Deadlines) -> Self {
        let key = Secret::parse("key-1").expect("a key");
        let voices = OpenAiSpeech::new(server.base(), Some(key));
        Self::with(&voices.with_deadlines(deadlines))
    }

    fn with(voices: &OpenAiSpeech) -> Self {
        let voice = Voice {
            model: "tts-1-hd".into(),
            voice: "nova".into(),
            language: "en".parse().expect("a language"),
            stability: None,
            similarity_boost: None,
            style: None,
            speed: None,
            use_speaker_boost: None,
            chunk_length_schedule: Vec::new(),
            multi_context: false,
        };
        let (orders, told) = mpsc::channel(64);
        let (out, made) = mpsc::channel(1);
        let ended = tokio::spawn(voices.speak(voice, told, out));
        Self {
            orders,
            made,
            ended,
        }
    }

    /// A call whose connection stands.
    async fn open(server: &Loopback, deadlines: Deadlines) -> Self {
        let mut call = Self::begin(server, deadlines);
        server.answer(&answer("200 OK", "", "{}")).await;
        assert_eq!(call.made.recv().await, Some(FromVoice::Ready));
        call
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

    /// What was made next: `r1-0 100 ms`, `all r1`. Pieces of one clause count together up to the
    /// given length.
    async fn next(&mut self, ms: usize) -> String {
        let mut whose = None;
        let mut total = 0;
        loop {
            match self.made.recv().await {
                Some(FromVoice::Audio {
                    reply,
                    clause,
                    bytes,
                    words,
                }) => {
                    assert!(words.is_empty() && !bytes.is_empty());
                    let whole = *whose.get_or_insert((reply, clause));
                    assert_eq!(whole, (reply, clause), "clauses are mixed");
                    total += bytes.len();
                    if total >= ms * 8 {
                        return format!("{reply}-{} {} ms", clause.0, total / 8);
                    }
                }
                Some(FromVoice::All(reply)) => return format!("all {reply}"),
                Some(FromVoice::Ready) => return "ready".to_owned(),
                None => return "nothing".to_owned(),
            }
        }
    }

    async fn failure(self) -> ProviderError {
        self.ended.await.expect("no panic").expect_err("a failure")
    }
}

/// A request for a clause.
async fn asked(server: &Loopback, text: &str) -> ServerRequest {
    let request = server.request().await;
    assert!(
        request
            .head
            .starts_with("post /v1/audio/speech http/1.1\r\n"),
        "{}",
        request.head
    );
    assert!(
        request.body.contains(&format!(r#""input":"{text}""#)),
        "{}",
        request.body
    );
    request
}

/// Begins an answer; the next request comes over another connection.
async fn begin(request: &mut ServerRequest) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: audio/pcm\r\nconnection: close\r\n\
                transfer-encoding: chunked\r\n\r\n";
    request.write(head.as_bytes()).await;
}

/// So much silence, at 24 kHz.
async fn silence(request: &mut ServerRequest, ms: usize) {
    request.chunk(&"\0".repeat(48 * ms)).await;
}

#[tokio::test]
async fn a_clause_streams() {
    let server = Loopback::new().await;
    let mut call = Call::begin(&server, Deadlines::default());
    let mut warm = server.request().await;
    assert!(
        warm.head.starts_with("get /v1/models http/1.1\r\n"),
        "{}",
        warm.head
    );
    warm.write(answer("200 OK", "", "{}").as_bytes()).await;
    assert_eq!(call.next(0).await, "ready");

    call.say(R1, 0, "Hello.").await;
    // The warm connection is used.
    let mut request = warm.next().await;
    for line in [
        "post /v1/audio/speech http/1.1",
        "authorization: bearer key-1",
        "content-type: application/json",
    ] {
        assert!(
            request.head.lines().any(|header| header == line),
            "{line}: {}",
            request.head
        );
    }
    assert_eq!(
        request.body,
        r#"{"model":"tts-1-hd","voice":"nova","input":"Hello.","response_format":"pcm"}"#
    );
    begin(&mut request).await;
    // Pieces end within samples.
    request.chunk(&"\0".repeat(4_801)).await;
    assert_eq!(call.next(90).await, "r1-0 98 ms");
    request.chunk(&"\0".repeat(4_799)).await;
    request.end_stream().await;
    assert_eq!(call.next(102).await, "r1-0 102 ms");
    call.order(ToVoice::End(R1)).await;
    assert_eq!(call.next(0).await, "all r1");
    drop(call.orders);
    assert!(call.ended.await.expect("no panic").is_ok());
}

#[tokio::test]
async fn the_next_clauses_are_made_meanwhile_and_handed_over_in_order() {
    let server = Loopback::new().await;
    let mut call = Call::open(&server, Deadlines::default()).await;
    for (clause, text) in ["One.", "Two.", "Three.", "Four."].iter().enumerate() {
        call.say(R1, clause as u32, text).await;
    }
    call.order(ToVoice::End(R1)).await;
    let mut one = asked(&server, "One.").await;
    let mut two = asked(&server, "Two.").await;
    let mut three = asked(&server, "Three.").await;
    let more = tokio::time::timeout(Duration::from_millis(30), server.request()).await;
    assert!(more.is_err(), "more than three requests at a time");

    for later in [&mut three, &mut two] {
        begin(later).await;
        silence(later, 300).await;
        later.end_stream().await;
    }
    begin(&mut one).await;
    silence(&mut one, 100).await;
    assert_eq!(call.next(90).await, "r1-0 98 ms");
    silence(&mut one, 100).await;
    one.end_stream().await;
    assert_eq!(call.next(102).await, "r1-0 102 ms");
    assert_eq!(call.next(300).await, "r1-1 300 ms");
    let mut four = asked(&server, "Four.").await;
    assert_eq!(call.next(300).await, "r1-2 300 ms");
    begin(&mut four).await;
    silence(&mut four, 20).await;
    four.end_stream().await;
    assert_eq!(call.next(20).await, "r1-3 20 ms");
    assert_eq!(call.next(0).await, "all r1");
}

#[tokio::test]
async fn a_cancelled_reply_hangs_up_and_falls_silent() {
    let server = Loopback::new().await;
    let mut call = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "One.").await;
    call.say(R1, 1, "Two.").await;
    let mut one = asked(&server, "One.").await;
    let two = asked(&server, "Two.").await;
    begin(&mut one).await;
    silence(&mut one, 500).await;
    assert!(call.next(1).await.starts_with("r1-0"));
    call.order(ToVoice::Cancel(R1)).await;
    one.hung_up().await;
    two.hung_up().await;
    call.say(R2, 0, "Three.").await;
    let mut three = asked(&server, "Three.").await;
    begin(&mut three).await;
    silence(&mut three, 20).await;
    three.end_stream().await;
    // One piece was already on its way.
    let mut next = call.next(1).await;
    if next.starts_with("r1-0") {
        next = call.next(1).await;
    }
    assert!(next.starts_with("r2-0"), "{next}");
}

#[tokio::test]
async fn a_new_reply_ends_the_old_one() {
    let server = Loopback::new().await;
    let mut call = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "One.").await;
    let one = asked(&server, "One.").await;
    call.say(R2, 0, "Two.").await;
    one.hung_up().await;
    let mut two = asked(&server, "Two.").await;
    begin(&mut two).await;
    silence(&mut two, 20).await;
    two.end_stream().await;
    assert_eq!(call.next(20).await, "r2-0 20 ms");
}

#[tokio::test]
async fn a_reply_whose_end_was_ordered_is_spoken_to_its_end() {
    let server = Loopback::new().await;
    let mut call = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "One.").await;
    call.order(ToVoice::End(R1)).await;
    call.say(R2, 0, "Two.").await;
    let mut one = asked(&server, "One.").await;
    let _two = asked(&server, "Two.").await;
    begin(&mut one).await;
    silence(&mut one, 20).await;
    one.end_stream().await;
    assert_eq!(call.next(20).await, "r1-0 20 ms");
    assert_eq!(call.next(0).await, "all r1");
}

#[tokio::test]
async fn nothing_to_speak_is_spoken_at_once() {
    let server = Loopback::new().await;
    let mut call = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, " … ").await;
    call.order(ToVoice::End(R1)).await;
    assert_eq!(call.next(0).await, "all r1");
}

#[tokio::test]
async fn a_call_that_does_not_take_its_sound_makes_the_server_wait() {
    let server = Loopback::narrow();
    let deadlines = Deadlines {
        audio_gap: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let mut call = Call::open(&server, deadlines).await;
    call.say(R1, 0, &"word ".repeat(300)).await;
    let mut request = server.request().await;
    begin(&mut request).await;
    // A minute of sound does not fit between here and there.
    let writing = tokio::spawn(async move {
        for _second in 0..59 {
            silence(&mut request, 1_000).await;
        }
        request.end_stream().await;
    });
    tokio::task::yield_now().await;
    assert_eq!(call.next(59_000).await, "r1-0 59000 ms");
    writing.await.expect("no panic");
    call.order(ToVoice::End(R1)).await;
    assert_eq!(call.next(0).await, "all r1");
}

#[tokio::test]
async fn sound_before_the_models_are_listed_means_ready() {
    let server = Loopback::new().await;
    let mut call = Call::begin(&server, Deadlines::default());
    let warm = server.request().await;
    call.say(R1, 0, "Early.").await;
    let mut early = asked(&server, "Early.").await;
    begin(&mut early).await;
    silence(&mut early, 20).await;
    early.end_stream().await;
    assert_eq!(call.next(0).await, "ready");
    assert_eq!(call.next(20).await, "r1-0 20 ms");
    drop(warm);
    call.order(ToVoice::End(R1)).await;
    assert_eq!(call.next(0).await, "all r1", "a lost warm-up is no failure");
}

#[tokio::test]
async fn an_idle_connection_is_kept_warm() {
    let server = Loopback::new().await;
    let deadlines = Deadlines {
        keep_warm: Duration::from_millis(20),
        ..Deadlines::default()
    };
    let _call = Call::open(&server, deadlines).await;
    let request = server.request().await;
    assert!(
        request.head.starts_with("get /v1/models "),
        "{}",
        request.head
    );
}
