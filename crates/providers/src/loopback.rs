//! A server for tests: real sockets on this machine, answers written out by hand.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::BaseUrl;

pub(crate) struct Loopback {
    listener: TcpListener,
}

/// The server's end of a WebSocket.
pub(crate) struct ServerSocket {
    pub(crate) uri: String,
    headers: Vec<(String, String)>,
    stream: WebSocketStream<TcpStream>,
}

/// The server's end of an HTTP request.
pub(crate) struct ServerRequest {
    pub(crate) head: String,
    pub(crate) body: String,
    stream: TcpStream,
}

impl Loopback {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self { listener }
    }

    /// A server whose system keeps little for a reader, so that a client soon has to wait.
    pub(crate) fn narrow() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4_096).expect("a size");
        socket
            .bind("127.0.0.1:0".parse().expect("an address"))
            .expect("a free port");
        let listener = socket.listen(8).expect("bound");
        Self { listener }
    }

    pub(crate) fn base(&self) -> BaseUrl {
        let address = self.listener.local_addr().expect("bound");
        BaseUrl::parse("TEST_BASE_URL", &format!("http://{address}")).expect("loopback")
    }

    pub(crate) async fn connection(&self) -> TcpStream {
        self.listener.accept().await.expect("a connection").0
    }

    pub(crate) async fn socket(&self) -> ServerSocket {
        let (mut uri, mut headers) = (String::new(), Vec::new());
        #[expect(clippy::result_large_err, reason = "the library's own type")]
        let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
            uri = request.uri().to_string();
            headers = request
                .headers()
                .iter()
                .map(|(name, value)| {
                    (
                        name.to_string(),
                        value.to_str().unwrap_or_default().to_owned(),
                    )
                })
                .collect();
            Ok(response)
        };
        let stream = accept_hdr_async(self.connection().await, look).await;
        let stream = stream.expect("a WebSocket handshake");
        ServerSocket {
            uri,
            headers,
            stream,
        }
    }

    /// Reads one request and answers it as written, closing the connection.
    pub(crate) async fn answer(&self, answer: &str) {
        let mut request = self.request().await;
        request.write(answer.as_bytes()).await;
    }

    pub(crate) async fn request(&self) -> ServerRequest {
        ServerRequest::read(self.connection().await).await
    }
}

/// An HTTP answer with a body of known length.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
}

impl ServerRequest {
    async fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(
                stream.read_buf(&mut bytes).await.expect("a request") > 0,
                "cut off"
            );
        };
        let head = String::from_utf8(bytes[..end].to_vec())
            .expect("ASCII")
            .to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().expect("a number"));
        while bytes.len() < end + length {
            assert!(
                stream.read_buf(&mut bytes).await.expect("a body") > 0,
                "cut off"
            );
        }
        // Audio in it is no text.
        let body = String::from_utf8_lossy(&bytes[end..]).into_owned();
        Self { head, body, stream }
    }

    /// The next request on the same connection.
    pub(crate) async fn next(self) -> Self {
        Self::read(self.stream).await
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("written");
    }

    /// Begins an answer in chunks.
    pub(crate) async fn begin_stream(&mut self) {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        self.write(head.as_bytes()).await;
    }

    pub(crate) async fn chunk(&mut self, text: &str) {
        self.write(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes())
            .await;
    }

    pub(crate) async fn end_stream(&mut self) {
        self.write(b"0\r\n\r\n").await;
    }

    /// Returns when the client has hung up.
    pub(crate) async fn hung_up(mut self) {
        let mut rest = Vec::new();
        while self
            .stream
            .read_buf(&mut rest)
            .await
            .is_ok_and(|read| read > 0)
        {}
    }
}

impl ServerSocket {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _value)| known == name);
        found.map(|(_name, value)| value.as_str())
    }

    /// The next text or audio, as text: audio shows its length.
    pub(crate) async fn read(&mut self) -> Option<String> {
        loop {
            match self.stream.next().await? {
                Ok(Message::Text(text)) => return Some(text.to_string()),
                Ok(Message::Binary(bytes)) => return Some(format!("{} bytes", bytes.len())),
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Ok(Message::Close(_)) | Err(_) => return None,
            }
        }
    }

    pub(crate) async fn write(&mut self, text: &str) {
        let sent = self.stream.send(Message::Text(text.into())).await;
        sent.expect("the client listens");
    }

    pub(crate) async fn write_binary(&mut self, bytes: &'static [u8]) {
        let sent = self.stream.send(Message::Binary(bytes.into())).await;
        sent.expect("the client listens");
    }

    pub(crate) async fn close(mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame {
            code: CloseCode::from(code),
            reason: reason.into(),
        };
        self.stream
            .send(Message::Close(Some(frame)))
            .await
            .expect("the client listens");
        // The client answers the close, or hangs up.
        while self
            .stream
            .next()
            .await
            .is_some_and(|message| message.is_ok())
        {}
    }

    /// Breaks the connection without a goodbye.
    pub(crate) fn break_off(self) {
        drop(self.stream);
    }
}
