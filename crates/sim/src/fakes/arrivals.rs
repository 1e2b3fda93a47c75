//! When what a fake is asked came in: before it was taken apart, which is the fake's own time.

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

/// When something was last read from a connection.
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
    use axum::{Router, extract::ConnectInfo, routing::get};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        sync::mpsc,
    };

    use super::*;
    use crate::fakes::listener::{ANY_PORT, Listener};

    #[tokio::test]
    async fn a_request_came_when_its_last_byte_did() {
        let (tell, mut told) = mpsc::channel(1);
        let handler = async move |ConnectInfo(arrivals): ConnectInfo<Arrivals>| {
            tell.send(arrivals.last()).await.expect("a test");
        };
        let routes = |_stop| Router::new().route("/", get(handler));
        let listener = Listener::start(ANY_PORT, routes).await.expect("a port");
        let mut socket = TcpStream::connect(listener.address()).await.expect("it");
        for _request in 0..2 {
            let sent = Instant::now();
            let request = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n";
            socket.write_all(request).await.expect("taken");
            let came = told.recv().await.expect("a request");
            assert!((sent..=Instant::now()).contains(&came));
            let answered = socket.read(&mut [0; 1_024]).await.expect("an answer");
            assert!(answered > 0);
        }
    }
}
