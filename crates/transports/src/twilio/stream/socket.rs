use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use axum::{
    Error,
    extract::ws::{CloseCode, CloseFrame, Message, Utf8Bytes, WebSocket},
};
use futures_util::{Sink, Stream};

/// A WebSocket that one task reads and another writes.
///
/// The lock is held for a poll and never across an `await`: it is what splitting the socket would
/// do inside, but lets the reader send its probe.
#[derive(Debug)]
pub(super) struct Socket(Mutex<Shared>);

#[derive(Debug)]
struct Shared {
    web: WebSocket,
    /// We have said goodbye.
    closing: bool,
    /// Whoever waits until the socket takes more. The library remembers one waker only: a send
    /// that does not wait must not take its place.
    blocked: Option<Waker>,
}

/// How long the other end has to answer a close.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

impl Socket {
    pub(super) fn new(web: WebSocket) -> Self {
        Self(Mutex::new(Shared {
            web,
            closing: false,
            blocked: None,
        }))
    }

    /// The next message; `None` at the end. Dropping the future loses nothing.
    pub(super) async fn read(&self) -> Option<Result<Message, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut self.lock().web).poll_next(cx)).await
    }

    /// Writes messages in one go: together they leave in one system call.
    pub(super) async fn send(
        &self,
        mut messages: impl Iterator<Item = Message> + Send,
    ) -> Result<(), Error> {
        std::future::poll_fn(|cx| {
            let mut shared = self.lock();
            // The socket wakes whoever wrote last at every message that comes in. So we leave
            // our waker only when there is something to wait for.
            let sent = shared.poll_send(&mut messages, &mut Context::from_waker(Waker::noop()));
            if sent.is_ready() {
                shared.blocked = None;
                return sent;
            }
            shared.blocked = Some(cx.waker().clone());
            shared.poll_send(&mut messages, cx)
        })
        .await
    }

    /// Sends a message if that can be done without waiting. What is left goes with the next one,
    /// or never: the line is dead then.
    pub(super) fn try_send(&self, message: Message) {
        self.lock().try_send(message);
    }

    /// Says goodbye without waiting for an answer.
    pub(super) fn try_close(&self, code: CloseCode) {
        let mut shared = self.lock();
        if !std::mem::replace(&mut shared.closing, true) {
            shared.try_send(goodbye(code));
        }
    }

    /// Whether we have said goodbye.
    pub(super) fn is_closing(&self) -> bool {
        self.lock().closing
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn try_send(&mut self, message: Message) {
        let waker = self
            .blocked
            .clone()
            .unwrap_or_else(|| Waker::noop().clone());
        let mut messages = std::iter::once(message);
        let _ = self.poll_send(&mut messages, &mut Context::from_waker(&waker));
    }

    fn poll_send(
        &mut self,
        messages: &mut impl Iterator<Item = Message>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        let mut web = Pin::new(&mut self.web);
        loop {
            ready!(web.as_mut().poll_ready(cx))?;
            match messages.next() {
                Some(message) => web.as_mut().start_send(message)?,
                None => return web.as_mut().poll_flush(cx),
            }
        }
    }
}

/// Says goodbye. Whoever holds the socket alone also waits for the answer, because closing a
/// connection with unread audio in it would throw the goodbye away.
pub(super) async fn close(socket: &mut Arc<Socket>, code: CloseCode) {
    let closed = async {
        let was_closing = std::mem::replace(&mut socket.lock().closing, true);
        if !was_closing && socket.send(std::iter::once(goodbye(code))).await.is_err() {
            return;
        }
        if Arc::get_mut(socket).is_some() {
            while socket.read().await.is_some_and(|message| message.is_ok()) {}
        }
    };
    // A peer that does not answer has nothing to say any more.
    let _ = tokio::time::timeout(CLOSE_WITHIN, closed).await;
}

fn goodbye(code: CloseCode) -> Message {
    Message::Close(Some(CloseFrame {
        code,
        reason: Utf8Bytes::from_static(""),
    }))
}
