use std::{io, net::SocketAddr};

use axum::{
    Router,
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::arrivals::{Arrivals, Port};

/// Loopback, any free port.
pub(crate) const ANY_PORT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// A server that stops, with all its sockets, when it is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    address: SocketAddr,
    stop: watch::Sender<()>,
    serving: JoinHandle<()>,
}

impl Listener {
    /// Listens, then serves what `routes` makes of the signal that ends sockets.
    pub(crate) async fn start(
        address: SocketAddr,
        routes: impl FnOnce(Stop) -> Router,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(());
        let router = routes(Stop(stopped.clone()));
        let service = router.into_make_service_with_connect_info::<Arrivals>();
        let serving = tokio::spawn(async move {
            let stop = async move { Stop(stopped).wait().await };
            // Serving ends only by the signal: axum keeps accept errors to itself.
            let _ = axum::serve(Port(listener), service)
                .with_graceful_shutdown(stop)
                .await;
        });
        Ok(Self {
            address,
            stop,
            serving,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Sockets listen to the signal; the rest is cut off.
        let _ = self.stop.send(());
        self.serving.abort();
    }
}

/// Tells the tasks of a fake that it is over.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<()>);

impl Stop {
    /// Ends when the fake was dropped.
    pub(crate) async fn wait(&mut self) {
        // A closed channel means the same as the signal.
        let _ = self.0.changed().await;
    }
}

/// Buffers fit for many small frames.
pub fn lean(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(4_096)
        .write_buffer_size(0)
        .max_message_size(1 << 20)
        .max_frame_size(1 << 20)
}

/// Closes with a code and a reason, as the provider words it. A peer that is gone does not mind.
pub(crate) async fn close(socket: &mut WebSocket, code: u16, reason: &str) {
    /// What the WebSocket protocol leaves for a reason.
    const LONGEST: usize = 123;
    let mut end = reason.len().min(LONGEST);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let frame = CloseFrame {
        code,
        reason: reason[..end].into(),
    };
    let _ = socket.send(Message::Close(Some(frame))).await;
}

/// The query of a URL, decoded, in its order; repeated names stay apart.
pub(crate) fn query_pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        let escaped = escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        at += if escaped.is_some() { 3 } else { 1 };
        out.push(escaped.unwrap_or(if byte == b'+' { b' ' } else { byte }));
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_and_escaped_parameters_are_kept_apart() {
        let pairs = query_pairs("keyterm=Jos%C3%A9+Ruiz&keyterm=50%&smart_format=true&");
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let expected = [
            ("keyterm", "José Ruiz"),
            ("keyterm", "50%"),
            ("smart_format", "true"),
        ];
        assert_eq!(pairs, expected);
    }
}
