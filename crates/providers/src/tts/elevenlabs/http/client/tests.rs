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

fn voices(server: &Loopback) -> ElevenLabsHttp {
    let key = Secret::parse("key-1").expect("a key");
    ElevenLabsHttp::new(server.base(), key)
}

impl Call {
    fn begin(server: &Loopback, deadlines: Deadlines) -> Self {
        let voice = Voice {
            model: "eleven_flash_v2_5".into(),
            voice: "ana".into(),
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
        let client = voices(server).with_deadlines(deadlines);
        let ended = tokio::spawn(client.speak(voice, told, out));
        Self {
            orders,
            made,
            ended,
        }
    }

    /// A call whose connection stands.
    async fn open(server: &Loopback, deadlines: Deadlines) -> Self {
        let mut call = Self::begin(server, deadlines);
        server.answer(&answer("200 OK", "", "[]")).await;
        assert_eq!(call.next().await, "ready");
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

    /// What was made next: `r1-0 20 ms 3@10`, `all r1`.
    async fn next(&mut self) -> String {
        match self.made.recv().await {
            Some(FromVoice::Audio {
                reply,
                clause,
                bytes,
                words,
            }) => {
                let words = words.iter();
                let words: String = words
                    .map(|word| format!(" {}@{}", word.chars, word.at.0))
                    .collect();
                format!("{reply}-{} {} ms{words}", clause.0, bytes.len() / 8)
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

/// A request for a clause.
async fn asked(server: &Loopback, text: &str) -> ServerRequest {
    let request = server.request().await;
    let line = "post /v1/text-to-speech/ana/stream/with-timestamps?output_format=ulaw_8000 ";
    assert!(request.head.starts_with(line), "{}", request.head);
    let begin = format!(r#"{{"text":"{text}","model_id":"eleven_flash_v2_5""#);
    assert!(request.body.starts_with(&begin), "{}", request.body);
    request
}

/// Begins an answer; the next request comes over another connection.
async fn begin(request: &mut ServerRequest) {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
                transfer-encoding: chunked\r\n\r\n";
    request.write(head.as_bytes()).await;
}

/// A line of so much silence, without times.
fn silence(ms: usize) -> String {
    let audio = base64_simd::STANDARD.encode_to_string(vec![0xFF; ms * 8]);
    format!("{{\"audio_base64\":\"{audio}\",\"alignment\":null}}\n")
}

/// A whole answer.
async fn speak(request: &mut ServerRequest, ms: usize) {
    begin(request).await;
    request.chunk(&silence(ms)).await;
    request.end_stream().await;
}

#[tokio::test]
async fn a_clause_comes_with_its_words() {
    let server = Loopback::new().await;
    let mut call = Call::begin(&server, Deadlines::default());
    let mut warm = server.request().await;
    for line in ["get /v1/models http/1.1", "xi-api-key: key-1"] {
        let has = warm.head.lines().any(|header| header == line);
        assert!(has, "{line}: {}", warm.head);
    }
    warm.write(answer("200 OK", "", "[]").as_bytes()).await;
    assert_eq!(call.next().await, "ready");

    call.say(R1, 0, "Héy you.").await;
    // The warm connection is used.
    let mut request = warm.next().await;
    assert!(request.head.contains("xi-api-key: key-1"));
    begin(&mut request).await;
    let line = silence(250).replace(
        "null",
        r#"{"characters":["H","é","y"," ","y","o","u","."],
            "character_start_times_seconds":[0,0.02,0.04,0.1,0.2,0.21,0.22,0.23],
            "character_end_times_seconds":[0.02,0.04,0.1,0.2,0.21,0.22,0.23,0.24]}"#,
    );
    let line = line.replace('\n', " ") + "\n";
    // Pieces end within a character.
    let (one, two) = line.split_at(line.find("é").expect("it is there"));
    request.chunk(one).await;
    request.write(b"1\r\n\xC3\r\n1\r\n\xA9\r\n").await;
    request.chunk(&two["é".len()..]).await;
    assert_eq!(call.next().await, "r1-0 200 ms 3@100");
    assert_eq!(call.next().await, "r1-0 50 ms 8@240");
    request.end_stream().await;
    call.order(ToVoice::End(R1)).await;
    assert_eq!(call.next().await, "all r1");
    drop(call.orders);
    assert!(call.ended.await.expect("no panic").is_ok());
}

#[tokio::test]
async fn a_clause_is_told_what_its_reply_said_before() {
    let server = Loopback::new().await;
    let call = Call::open(&server, Deadlines::default()).await;
    call.say(R1, 0, "One. ").await;
    call.say(R1, 1, "…").await;
    call.say(R1, 2, "Two.").await;
    call.say(R1, 3, "Three.").await;
    let first = asked(&server, "One.").await;
    assert!(!first.body.contains("previous_text"), "{}", first.body);
    let second = asked(&server, "Two.").await;
    assert!(second.body.ends_with(r#""previous_text":"One."}"#));
    let third = asked(&server, "Three.").await;
    assert!(third.body.ends_with(r#""previous_text":"One. Two."}"#));
    call.say(R2, 0, &"é".repeat(400)).await;
    call.say(R2, 1, "Five.").await;
    let other = server.request().await;
    assert!(!other.body.contains("previous_text"), "{}", other.body);
    let last = asked(&server, "Five.").await;
    let some = format!(r#""previous_text":"{}"}}"#, "é".repeat(150));
    assert!(last.body.ends_with(&some), "{}", last.body);
}

#[tokio::test]
async fn the_next_clauses_are_made_meanwhile_and_handed_over_in_order() {
    let server = Loopback::new().await;
    let mut call = Call::open(&server, Deadlines::default()).await;
    for (clause, text) in (0..).zip(["One.", "Two.", "Three.", "Four."]) {
        call.say(R1, clause, text).await;
    }
    call.order(ToVoice::End(R1)).await;
    let mut one = asked(&server, "One.").await;
    let mut two = asked(&server, "Two.").await;
    let mut three = asked(&server, "Three.").await;
    speak(&mut three, 30).await;
    speak(&mut two, 20).await;
    speak(&mut one, 10).await;
    assert_eq!(call.next().await, "r1-0 10 ms");
    assert_eq!(call.next().await, "r1-1 20 ms");
    assert_eq!(call.next().await, "r1-2 30 ms");
    speak(&mut asked(&server, "Four.").await, 40).await;
    assert_eq!(call.next().await, "r1-3 40 ms");
    assert_eq!(call.next().await, "all r1");
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
    one.chunk(&silence(100)).await;
    assert_eq!(call.next().await, "r1-0 100 ms");
    call.order(ToVoice::Cancel(R1)).await;
    one.hung_up().await;
    two.hung_up().await;
    call.say(R2, 0, "Three.").await;
    speak(&mut asked(&server, "Three.").await, 20).await;
    assert_eq!(call.next().await, "r2-0 20 ms");
}

#[tokio::test]
async fn every_page_of_voices_is_read() {
    let server = Loopback::new().await;
    let client = voices(&server);
    let listing = tokio::spawn(async move { client.voices(Duration::from_secs(5)).await });
    let mut first = server.request().await;
    assert!(first.head.starts_with("get /v2/voices?page_size=100 "));
    assert!(first.head.contains("xi-api-key: key-1"));
    let body = r#"{"voices":[{"voice_id":"v1","name":"Ana","category":"premade"}],
        "has_more":true,"next_page_token":"p2"}"#;
    let close = "connection: close\r\n";
    first.write(answer("200 OK", close, body).as_bytes()).await;
    let mut second = server.request().await;
    assert!(
        second
            .head
            .starts_with("get /v2/voices?page_size=100&next_page_token=p2 ")
    );
    // A page that names itself as the next one is the last.
    let body = r#"{"voices":[{"voice_id":"v2"}],"has_more":true,"next_page_token":"p2"}"#;
    second.write(answer("200 OK", close, body).as_bytes()).await;
    let listed = listing.await.expect("no panic").expect("a list");
    let ids: Vec<&str> = listed.iter().map(|voice| voice.id.as_str()).collect();
    assert_eq!(ids, ["v1", "v2"]);
}
