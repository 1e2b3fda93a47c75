use std::io;

use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{client::IntoClientRequest as _, http::HeaderValue},
};
use transports::twilio::signature;

use super::{CallPlan, Carrier, Settings, Verb, document, webhook::Line, wire::StreamIds};

/// The way into a call's stream, for whoever speaks the media socket by itself.
#[derive(Clone, Debug)]
pub(crate) struct Lead {
    /// Who and what the stream is.
    pub(crate) ids: StreamIds,
    /// What the document wants to have back in `start`.
    pub(crate) parameters: Vec<(String, String)>,
    address: String,
    host: String,
    path: String,
    signature: Option<String>,
}

impl Lead {
    /// Asks for the document of a call, which has to connect it to a stream.
    pub(crate) async fn ask(
        settings: &Settings,
        http: &reqwest::Client,
        plan: &CallPlan,
    ) -> io::Result<Self> {
        let carrier = Carrier {
            settings: settings.clone(),
            http: http.clone(),
        };
        let ids = StreamIds::of_call(plan.seed);
        let line = Line {
            carrier: &carrier,
            plan,
            ids: ids.clone(),
        };
        let url = format!("{}{}", settings.public, plan.webhook);
        let text = line
            .ask(&url, "ringing", &[])
            .await
            .map_err(io::Error::other)?;
        let verbs = document::read(&text).map_err(io::Error::other)?;
        let stream = verbs.into_iter().find_map(|verb| match verb {
            Verb::Connect(stream) => Some(stream),
            Verb::Dial
            | Verb::Gather(_)
            | Verb::Hangup
            | Verb::Pause(_)
            | Verb::Redirect(_)
            | Verb::Reject
            | Verb::Say(_) => None,
        });
        let stream = stream.ok_or_else(|| io::Error::other(format!("no stream in {text}")))?;
        let (_, rest) = stream.url.split_once("://").unwrap_or(("", &stream.url));
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        Ok(Self {
            signature: line.signed(&stream.url),
            address: settings.address(),
            host: host.to_owned(),
            path: format!("/{path}"),
            parameters: stream.parameters,
            ids,
        })
    }

    /// Where to connect.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Opens the media socket.
    pub(crate) async fn open(&self) -> io::Result<WebSocketStream<TcpStream>> {
        let tcp = TcpStream::connect(&self.address).await?;
        tcp.set_nodelay(true)?;
        let url = format!("ws://{}{}", self.host, self.path);
        let mut request = url.into_client_request().map_err(io::Error::other)?;
        if let Some(signature) = &self.signature {
            let value = HeaderValue::from_str(signature).map_err(io::Error::other)?;
            request.headers_mut().insert(signature::HEADER, value);
        }
        let opened = client_async(request, tcp).await;
        opened.map(|(socket, _)| socket).map_err(io::Error::other)
    }

    /// The request that opens the media socket.
    pub(crate) fn handshake(&self) -> String {
        let signature = self.signature.as_deref();
        let signed = signature.map(|text| format!("X-Twilio-Signature: {text}\r\n"));
        format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}\r\n",
            self.path,
            self.host,
            signed.unwrap_or_default()
        )
    }
}
