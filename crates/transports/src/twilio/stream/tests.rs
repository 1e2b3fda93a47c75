use axum::{Router, extract::State, routing::any};
use futures_util::{SinkExt, StreamExt};
use session::{ClauseId, Mark};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, protocol::Role},
};

use super::{wire::Unreadable, *};
use crate::{FromLine, LineGone, LineReader, LineWriter};

const CONNECTED: &str = r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#;
const START: &str = r#"{"event":"start","sequenceNumber":"1","streamSid":"MZ1","start":{"accountSid":"AC2","streamSid":"MZ1","callSid":"CA3","tracks":["inbound"],"mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"token":"t0k"}}}"#;
const MEDIA: &str = r#"{"event":"media","media":{"track":"inbound","chunk":"1","timestamp":"0","payload":"//////////8="}}"#;
const STOP: &str = r#"{"event":"stop","streamSid":"MZ1","stop":{"callSid":"CA3"}}"#;

/// Fails a test that would hang.
const PATIENCE: Duration = Duration::from_secs(10);

type Carrier = WebSocketStream<TcpStream>;
type Accepted = Result<Started, Rejected>;

#[derive(Clone)]
struct Host {
    limits: StreamLimits,
    oddities: Arc<Oddities>,
    accepted: mpsc::Sender<Accepted>,
}

/// A server with one media socket, and what came of the streams that were opened on it.
struct Line {
    address: std::net::SocketAddr,
    accepted: mpsc::Receiver<Accepted>,
    oddities: Arc<Oddities>,
}

impl Line {
    async fn listen(limits: StreamLimits) -> Self {
        let (sender, accepted) = mpsc::channel(1);
        let oddities = Arc::new(Oddities::default());
        let host = Host {
            limits,
            oddities: Arc::clone(&oddities),
            accepted: sender,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/media", any(upgrade)).with_state(host);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            accepted,
            oddities,
        }
    }

    async fn dial(&self) -> Carrier {
        let socket = TcpStream::connect(self.address).await.unwrap();
        client_async(format!("ws://{}/media", self.address), socket)
            .await
            .unwrap()
            .0
    }

    async fn accepted(&mut self) -> Accepted {
        timeout(PATIENCE, self.accepted.recv())
            .await
            .unwrap()
            .unwrap()
    }

    /// A stream that has begun.
    async fn begin(limits: StreamLimits) -> (Self, Carrier, Started) {
        let mut line = Self::listen(limits).await;
        let mut carrier = line.dial().await;
        say(&mut carrier, &[CONNECTED, START]).await;
        let started = line.accepted().await.unwrap();
        (line, carrier, started)
    }
}

async fn upgrade(State(host): State<Host>, upgrade: WebSocketUpgrade) -> axum::response::Response {
    upgrade_config(upgrade).on_upgrade(move |socket| async move {
        let accepted = accept(socket, &host.limits, &host.oddities).await;
        host.accepted.send(accepted).await.unwrap();
    })
}

async fn say(carrier: &mut Carrier, texts: &[&str]) {
    for text in texts {
        // The other end may have closed by now, which the test looks at itself.
        let _ = carrier.send(Message::text(*text)).await;
    }
}

/// What the carrier gets next: the text, or the kind of anything else.
async fn got(carrier: &mut Carrier) -> String {
    match timeout(PATIENCE, carrier.next()).await.unwrap() {
        Some(Ok(Message::Text(text))) => text.to_string(),
        Some(Ok(Message::Close(Some(frame)))) => {
            // Sends the answer, unless the other end has left already.
            let _ = carrier.flush().await;
            format!("close {}", u16::from(frame.code))
        }
        Some(Ok(Message::Ping(_))) => "ping".to_owned(),
        other => format!("{other:?}"),
    }
}

async fn next(started: &mut Started) -> FromLine {
    timeout(PATIENCE, started.reader.next()).await.unwrap()
}

#[tokio::test]
async fn a_call_goes_both_ways() {
    let (_line, mut carrier, mut started) = Line::begin(StreamLimits::default()).await;
    assert_eq!(
        (started.call.as_str(), &*started.stream_sid),
        ("CA3", "MZ1")
    );
    assert_eq!(started.account.as_deref(), Some("AC2"));
    assert_eq!(started.parameters["token"], "t0k");

    say(
        &mut carrier,
        &[MEDIA, r#"{"event":"mark","mark":{"name":"r1-2"}}"#, STOP],
    )
    .await;
    let mark = Mark {
        reply: domain::ReplyId(1),
        clause: ClauseId(2),
    };
    assert_eq!(
        next(&mut started).await,
        FromLine::Audio(vec![0xff; 8].into())
    );
    assert_eq!(next(&mut started).await, FromLine::Played(mark));

    started.writer.frames(&[0xff; 400]).await.unwrap();
    started.writer.mark(mark).await.unwrap();
    started.writer.clear().await.unwrap();
    let wire = wire::ToTwilio::new("MZ1");
    for text in [
        wire.media(&[0xff; 160]),
        wire.media(&[0xff; 160]),
        wire.media(&[0xff; 80]),
        wire.mark(mark),
        wire.clear(),
    ] {
        assert_eq!(got(&mut carrier).await, text);
    }

    assert_eq!(next(&mut started).await, FromLine::HungUp);
    let (closed, seen) = tokio::join!(started.writer.close(), got(&mut carrier));
    assert_eq!((closed, &*seen), ((), "close 1000"));
    assert_eq!(started.writer.frames(&[0xff; 160]).await, Err(LineGone));
    assert_eq!(started.writer.clear().await, Err(LineGone));
    started.writer.close().await;
}

#[tokio::test]
async fn a_bad_beginning_is_closed() {
    let no_call = r#"{"event":"start","streamSid":"MZ1","start":{}}"#;
    let odd_call = r#"{"event":"start","streamSid":"MZ1","start":{"callSid":"../CA3"}}"#;
    let odd_stream = r#"{"event":"start","streamSid":"\"","start":{"callSid":"CA3"}}"#;
    let linear = r#"{"event":"start","streamSid":"MZ1","start":{"callSid":"CA3","mediaFormat":{"encoding":"audio/l16","sampleRate":16000,"channels":1}}}"#;
    let ids = Unreadable::Missing("a callSid and a streamSid of letters and digits");
    let many_media = [[CONNECTED].as_slice(), &[MEDIA; 51]].concat();
    let deep = format!(r#"{{"event":"start","start":{{"x":{}"#, "[".repeat(9_000));
    for (texts, why, code) in [
        (&[START][..], Rejected::WrongOrder("start"), 1002),
        (
            &[CONNECTED, CONNECTED],
            Rejected::WrongOrder("connected"),
            1002,
        ),
        (&[CONNECTED, STOP], Rejected::WrongOrder("stop"), 1002),
        (
            &[r#"{"event":"mark","mark":{"name":"r1-1"}}"#],
            Rejected::WrongOrder("mark"),
            1002,
        ),
        (
            &[r#"{"event":"dtmf","dtmf":{"digit":"1"}}"#],
            Rejected::WrongOrder("dtmf"),
            1002,
        ),
        (&many_media, Rejected::WrongOrder("media"), 1002),
        (
            &["{"],
            Rejected::BadStart(Unreadable::Json { column: 1 }),
            1002,
        ),
        (
            &[&deep],
            Rejected::BadStart(Unreadable::Json { column: 9_030 }),
            1002,
        ),
        (
            &[CONNECTED, no_call],
            Rejected::BadStart(Unreadable::Missing("start.callSid")),
            1002,
        ),
        (&[CONNECTED, odd_call], Rejected::BadStart(ids), 1002),
        (&[CONNECTED, odd_stream], Rejected::BadStart(ids), 1002),
        (
            &[CONNECTED, linear],
            Rejected::Format("audio/l16 Some(16000) Some(1)".to_owned()),
            1003,
        ),
    ] {
        let mut line = Line::listen(StreamLimits::default()).await;
        let mut carrier = line.dial().await;
        say(&mut carrier, texts).await;
        assert_eq!(got(&mut carrier).await, format!("close {code}"), "{why}");
        assert_eq!(line.accepted().await.map(|_started| ()), Err(why));
    }
}

#[tokio::test]
async fn media_before_start_is_ignored_at_first() {
    let mut line = Line::listen(StreamLimits::default()).await;
    let mut carrier = line.dial().await;
    say(
        &mut carrier,
        &[MEDIA, CONNECTED, MEDIA, r#"{"event":"sneeze"}"#],
    )
    .await;
    carrier.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    say(&mut carrier, &[START, STOP]).await;
    let mut started = line.accepted().await.unwrap();
    assert_eq!(next(&mut started).await, FromLine::HungUp);
    let counts = [
        Oddity::EarlyMedia,
        Oddity::UnknownEvent,
        Oddity::BinaryFrame,
    ]
    .map(|oddity| line.oddities.count(oddity));
    assert_eq!(counts, [2, 1, 1]);
}

#[tokio::test]
async fn a_stream_that_never_starts_is_closed() {
    let limits = StreamLimits {
        start_within: Duration::from_millis(20),
        ..StreamLimits::default()
    };
    let mut line = Line::listen(limits).await;
    let mut carrier = line.dial().await;
    say(&mut carrier, &[CONNECTED]).await;
    assert_eq!(got(&mut carrier).await, "close 1008");
    assert_eq!(
        line.accepted().await.map(|_started| ()),
        Err(Rejected::TooSlow)
    );

    let carrier = line.dial().await;
    drop(carrier);
    assert_eq!(
        line.accepted().await.map(|_started| ()),
        Err(Rejected::Gone)
    );
}

#[tokio::test]
async fn a_stream_without_a_good_token_is_refused_at_once() {
    let (_line, mut carrier, started) = Line::begin(StreamLimits::default()).await;
    say(&mut carrier, &[MEDIA; 20]).await;
    let refused = tokio::spawn(started.refuse());
    assert_eq!(got(&mut carrier).await, "close 1008");
    timeout(Duration::from_secs(1), refused)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_peer_that_does_not_answer_a_close_is_left() {
    let (_line, carrier, started) = Line::begin(StreamLimits::default()).await;
    timeout(PATIENCE, started.refuse()).await.unwrap();
    drop(carrier);
}

#[tokio::test]
async fn a_line_that_ends_without_stop_is_lost() {
    let (_line, mut carrier, mut started) = Line::begin(StreamLimits::default()).await;
    carrier.close(None).await.unwrap();
    assert_eq!(next(&mut started).await, FromLine::Lost);

    let (_line, carrier, mut started) = Line::begin(StreamLimits::default()).await;
    drop(carrier);
    assert_eq!(next(&mut started).await, FromLine::Lost);
}

#[tokio::test]
async fn a_line_that_we_close_ends_well() {
    let (_line, mut carrier, mut started) = Line::begin(StreamLimits::default()).await;
    started.writer.close().await;
    let (seen, told) = tokio::join!(got(&mut carrier), next(&mut started));
    assert_eq!((&*seen, told), ("close 1000", FromLine::HungUp));
}

#[tokio::test]
async fn a_second_start_ends_the_line() {
    let (_line, mut carrier, mut started) = Line::begin(StreamLimits::default()).await;
    say(&mut carrier, &[START]).await;
    assert_eq!(next(&mut started).await, FromLine::Lost);
    assert_eq!(got(&mut carrier).await, "close 1008");
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_the_line() {
    let (_line, mut carrier, mut started) = Line::begin(StreamLimits::default()).await;
    let fits = format!(
        r#"{{"event":"sneeze","x":"{}"}}"#,
        "x".repeat(MAX_MESSAGE_BYTES - 100)
    );
    let large = format!(
        r#"{{"event":"sneeze","x":"{}"}}"#,
        "x".repeat(MAX_MESSAGE_BYTES)
    );
    say(&mut carrier, &[&fits, MEDIA, &large]).await;
    assert!(matches!(next(&mut started).await, FromLine::Audio(_)));
    assert_eq!(next(&mut started).await, FromLine::Lost);
    assert_eq!(got(&mut carrier).await, "close 1002");
}

#[tokio::test]
async fn frames_against_the_protocol_end_the_line() {
    for (what, bytes) in [
        ("unmasked", &[0x81, 0x02, b'{', b'}'][..]),
        ("reserved bits", &[0xf1, 0x80, 0, 0, 0, 0]),
        ("reserved opcode", &[0x83, 0x80, 0, 0, 0, 0]),
        ("fragmented ping", &[0x09, 0x80, 0, 0, 0, 0]),
        ("not UTF-8", &[0x81, 0x81, 0, 0, 0, 0, 0xff]),
        (
            "endless",
            &[
                0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
            ],
        ),
    ] {
        let (_line, carrier, mut started) = Line::begin(StreamLimits::default()).await;
        let mut raw = carrier.into_inner();
        raw.write_all(bytes).await.unwrap();
        assert_eq!(next(&mut started).await, FromLine::Lost, "{what}");
        let mut carrier = WebSocketStream::from_raw_socket(raw, Role::Client, None).await;
        assert_eq!(got(&mut carrier).await, "close 1002", "{what}");
    }
}

#[tokio::test]
async fn a_silent_line_is_probed_and_then_lost() {
    let limits = StreamLimits {
        probe_after: Duration::from_millis(20),
        lost_after: Duration::from_millis(60),
        ..StreamLimits::default()
    };
    let (line, mut carrier, mut started) = Line::begin(limits).await;
    let (told, seen) = tokio::join!(next(&mut started), got(&mut carrier));
    assert_eq!(
        (told, &*seen),
        (FromLine::Lost, "ping"),
        "a pong alone is no call"
    );
    assert_eq!(line.oddities.count(Oddity::Probe), 1);
    assert_eq!(got(&mut carrier).await, "close 1008");
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_gone() {
    let limits = StreamLimits {
        write_within: Duration::from_millis(20),
        ..StreamLimits::default()
    };
    let (_line, carrier, mut started) = Line::begin(limits).await;
    let minute = vec![0xff; 480_000];
    let mut minutes = 0;
    while started.writer.frames(&minute).await.is_ok() {
        minutes += 1;
        assert!(minutes < 1_000, "the system's buffers are not that large");
    }
    drop(carrier);
}

#[tokio::test]
async fn waiting_for_a_message_may_be_given_up() {
    let (_line, mut carrier, mut started) = Line::begin(StreamLimits::default()).await;
    let given_up = timeout(Duration::from_millis(1), started.reader.next()).await;
    assert!(given_up.is_err());
    say(&mut carrier, &[MEDIA, STOP]).await;
    assert!(matches!(next(&mut started).await, FromLine::Audio(_)));
    assert_eq!(next(&mut started).await, FromLine::HungUp);
}

#[tokio::test]
async fn no_compression_is_agreed_on() {
    let line = Line::listen(StreamLimits::default()).await;
    let mut request = format!("ws://{}/media", line.address)
        .into_client_request()
        .unwrap();
    let offer = "permessage-deflate; client_max_window_bits"
        .parse()
        .unwrap();
    request
        .headers_mut()
        .insert("sec-websocket-extensions", offer);
    let socket = TcpStream::connect(line.address).await.unwrap();
    let (_carrier, response) = client_async(request, socket).await.unwrap();
    assert!(!response.headers().contains_key("sec-websocket-extensions"));
}
