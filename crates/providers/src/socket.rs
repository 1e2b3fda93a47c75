//! A WebSocket to a provider: opened with a deadline, its end read with code and reason.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{
        Error, Message, Utf8Bytes,
        client::IntoClientRequest as _,
        http::{HeaderMap, HeaderName, HeaderValue, Request, header},
        protocol::{CloseFrame, WebSocketConfig},
    },
};

use crate::{
    ProviderError,
    http::{USER_AGENT, tls},
    verdict::CONNECT,
};

/// The largest message that we read. Generous: a sentence of audio comes in one message.
const MAX_MESSAGE: usize = 1 << 20;

/// Whom to open a socket to.
#[derive(Clone, Debug)]
pub(crate) struct Dial {
    /// Who, for errors.
    pub provider: &'static str,
    /// The whole address.
    pub url: String,
    /// The header that carries the key; its value is marked as sensitive.
    pub key: (HeaderName, HeaderValue),
    /// From nothing to an open socket.
    pub connect: Duration,
    /// For the server to take a message.
    pub send: Duration,
}

/// Why no socket was opened.
#[derive(Debug)]
pub(crate) enum NotOpened {
    /// No answer, or none that makes sense.
    Failed(ProviderError),
    /// An HTTP status instead of a socket.
    Refused(Refusal),
}

/// An HTTP answer that refuses the upgrade.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

/// What comes out of a socket.
#[derive(Debug)]
pub(crate) enum Frame {
    /// A binary message.
    Binary(Bytes),
    /// A text message.
    Text(Utf8Bytes),
    /// A ping or a pong: a sign of life.
    Other,
    /// The end.
    Closed(Closed),
}

/// How a socket ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Closed {
    /// With a code and a reason. 1005: it gave none.
    Said {
        /// The close code.
        code: u16,
        /// Its reason, cut short.
        reason: String,
    },
    /// Without a goodbye.
    Broke(String),
    /// It sent more than we read, or not WebSocket.
    Garbled(String),
    /// It takes no more messages.
    Stuck {
        /// How long one was offered.
        waited: Duration,
    },
}

/// An open socket. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Socket {
    // Boxed, for it is large with its encryption, and every future that it passes through would have
    // room for it for as long as the call lasts.
    stream: Box<WebSocketStream<MaybeTlsStream<TcpStream>>>,
    send: Duration,
}

impl Dial {
    /// Opens the socket.
    pub(crate) async fn open(self) -> Result<Socket, NotOpened> {
        let Self {
            provider,
            url,
            key,
            connect,
            send,
        } = self;
        // Boxed, for it is as large as all the rest of a call's connection, and soon over.
        let connecting = Box::pin(async {
            let request = request(&url, key)?;
            let connector = Connector::Rustls(shared_tls());
            connect_async_tls_with_config(request, Some(settings()), true, Some(connector)).await
        });
        match timeout(connect, connecting).await {
            Ok(Ok((stream, _answer))) => Ok(Socket {
                stream: Box::new(stream),
                send,
            }),
            Ok(Err(error)) => Err(not_opened(provider, error)),
            Err(_elapsed) => Err(NotOpened::Failed(ProviderError::Silent {
                provider,
                stage: CONNECT,
                waited: connect,
            })),
        }
    }
}

impl Socket {
    /// The next frame. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Frame {
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => Frame::Text(text),
            Some(Ok(Message::Close(frame))) => Frame::Closed(said(frame)),
            Some(Ok(Message::Binary(bytes))) => Frame::Binary(bytes),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Frame::Other,
            Some(Err(error)) => Frame::Closed(broke(&error)),
            None => Frame::Closed(Closed::Broke("the connection ended".to_owned())),
        }
    }

    /// Sends a message. It waits only once the system's own buffer is full, which holds seconds of
    /// audio: a server that takes nothing even then is as good as gone.
    pub(crate) async fn send(&mut self, message: Message) -> Result<(), Closed> {
        match timeout(self.send, self.stream.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(broke(&error)),
            Err(_elapsed) => Err(Closed::Stuck { waited: self.send }),
        }
    }

    /// After a failed `send`: the reason may have arrived before the line broke.
    pub(crate) async fn last_words(&mut self, how: Closed) -> Closed {
        let reading = async {
            loop {
                if let Frame::Closed(closed) = self.next().await {
                    return closed;
                }
            }
        };
        match timeout(Duration::from_millis(100), reading).await {
            Ok(said @ Closed::Said { .. }) => said,
            Ok(Closed::Broke(_) | Closed::Garbled(_) | Closed::Stuck { .. }) | Err(_) => how,
        }
    }

    /// Sends text.
    pub(crate) async fn send_text(&mut self, text: String) -> Result<(), Closed> {
        self.send(Message::Text(text.into())).await
    }
}

impl Closed {
    /// As an error where the code tells nothing more.
    pub(crate) fn into_error(self, provider: &'static str) -> ProviderError {
        match self {
            Self::Said { code, reason } => ProviderError::Connection {
                provider,
                detail: format!("closed with {code} {reason}").trim_end().to_owned(),
            },
            Self::Broke(detail) => ProviderError::Connection { provider, detail },
            Self::Garbled(detail) => ProviderError::Garbled { provider, detail },
            Self::Stuck { waited } => ProviderError::Connection {
                provider,
                detail: format!("no message was taken for {waited:?}"),
            },
        }
    }
}

/// A header value that debug output never shows.
pub(crate) fn key_header(value: &str) -> HeaderValue {
    let mut value =
        HeaderValue::from_str(value).expect("a Secret is printable ASCII, and so is its prefix");
    value.set_sensitive(true);
    value
}

fn request(url: &str, (name, key): (HeaderName, HeaderValue)) -> Result<Request<()>, Error> {
    let mut request = url.into_client_request()?;
    let headers = request.headers_mut();
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    headers.insert(name, key);
    Ok(request)
}

fn settings() -> WebSocketConfig {
    // A call has three sockets, which mostly rest. Room for a whole message is made when its length is
    // known, so that sound which is kept as it came keeps no more memory than it needs.
    WebSocketConfig::default()
        .read_buffer_size(1024)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_MESSAGE)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
}

fn shared_tls() -> Arc<rustls::ClientConfig> {
    static TLS: OnceLock<Arc<rustls::ClientConfig>> = OnceLock::new();
    Arc::clone(TLS.get_or_init(|| Arc::new(tls(&[b"http/1.1"]))))
}

fn not_opened(provider: &'static str, error: Error) -> NotOpened {
    if let Error::Http(answer) = error {
        let (head, body) = answer.into_parts();
        return NotOpened::Refused(Refusal {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8_lossy(&body.unwrap_or_default()).into_owned(),
        });
    }
    NotOpened::Failed(match broke(&error) {
        Closed::Broke(detail) => ProviderError::Unreachable { provider, detail },
        how @ (Closed::Garbled(_) | Closed::Said { .. } | Closed::Stuck { .. }) => {
            how.into_error(provider)
        }
    })
}

fn said(frame: Option<CloseFrame>) -> Closed {
    frame.map_or(
        Closed::Said {
            code: 1005,
            reason: String::new(),
        },
        |frame| Closed::Said {
            code: frame.code.into(),
            reason: frame.reason.to_string(),
        },
    )
}

fn broke(error: &Error) -> Closed {
    if matches!(
        error,
        Error::Capacity(_) | Error::Utf8(_) | Error::Protocol(_) | Error::AttackAttempt
    ) && !is_reset(error)
    {
        Closed::Garbled(error.to_string())
    } else {
        Closed::Broke(error.to_string())
    }
}

/// The library calls an end without a closing handshake a protocol error; it is a broken line.
fn is_reset(error: &Error) -> bool {
    use tokio_tungstenite::tungstenite::error::ProtocolError;
    matches!(
        error,
        Error::Protocol(
            ProtocolError::ResetWithoutClosingHandshake
                | ProtocolError::SendAfterClosing
                | ProtocolError::ReceivedAfterClosing
                | ProtocolError::HandshakeIncomplete
        )
    )
}
