//! When what a fake is asked over HTTP came in: before it was taken apart, which is the fake's own
//! time.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use axum::{
    extract::connect_info::Connected,
    serve::{self, IncomingStream},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::Instant,
};

/// When something was last read from a connection: the end of a request, or of what came over the same
/// connection before somebody asked. Requests of many calls share one over HTTP/2.
#[derive(Clone, Debug)]
pub(crate) struct Arrivals(Arc<Mutex<Instant>>);

impl Arrivals {
    pub(crate) fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl Connected<IncomingStream<'_, Port>> for Arrivals {
    fn connect_info(stream: IncomingStream<'_, Port>) -> Self {
        stream.io().arrivals.clone()
    }
}

/// Listens, and has every connection remember.
pub(crate) struct Port(pub(crate) TcpListener);

impl serve::Listener for Port {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (socket, from) = serve::Listener::accept(&mut self.0).await;
        // Without it small frames wait for an acknowledgement: the only harm is delay.
        let _ = socket.set_nodelay(true);
        let arrivals = Arrivals(Arc::new(Mutex::new(Instant::now())));
        (Connection { socket, arrivals }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

pub(crate) struct Connection {
    socket: TcpStream,
    arrivals: Arrivals,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.socket).poll_read(context, into);
        if read.is_ready() {
            self.arrivals.now();
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Bytes, extract::ConnectInfo, routing::post};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        sync::mpsc,
    };

    use super::*;
    use crate::fakes::listener::{ANY_PORT, Listener};

    /// Neither when it began to come nor when somebody looked at it.
    #[tokio::test]
    async fn a_request_came_when_its_last_byte_did() {
        let (tell, mut told) = mpsc::channel(1);
        let (look, looks) = mpsc::channel::<()>(1);
        let looks = Arc::new(tokio::sync::Mutex::new(looks));
        let handler = async move |ConnectInfo(arrivals): ConnectInfo<Arrivals>, _body: Bytes| {
            tell.send(None).await.expect("a test");
            looks.lock().await.recv().await.expect("a test");
            tell.send(Some(arrivals.last())).await.expect("a test");
        };
        let routes = |_stop| Router::new().route("/", post(handler));
        let listener = Listener::start(ANY_PORT, routes).await.expect("a port");
        let mut socket = TcpStream::connect(listener.address()).await.expect("it");
        for _request in 0..2 {
            let head = b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 2\r\n\r\na";
            socket.write_all(head).await.expect("taken");
            let almost = Instant::now();
            socket.write_all(b"b").await.expect("taken");
            assert_eq!(told.recv().await, Some(None), "it is there");
            let there = Instant::now();
            look.send(()).await.expect("a fake");
            let came = told.recv().await.flatten().expect("a moment");
            assert!((almost..=there).contains(&came));
            let answered = socket.read(&mut [0; 1_024]).await.expect("an answer");
            assert!(answered > 0);
        }
    }
}
