//! The connection of a voice, which may come and go while nobody speaks.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::socket::{Closed, Frame, NotOpened, Socket};

/// A connection, from before it stands until after it is gone.
#[derive(Default)]
pub(crate) enum Line {
    /// There is none.
    #[default]
    Gone,
    /// It is being made.
    Opening(BoxFuture<'static, Result<Socket, NotOpened>>),
    /// It stands.
    Open(Socket),
    /// The server has stopped reading; nothing more is sent.
    Stuck(Closed),
}

/// What happened on a line.
pub(crate) enum LineEvent {
    /// It stands.
    Opened,
    /// It could not be made.
    NotOpened(NotOpened),
    /// A binary message came.
    Binary(Bytes),
    /// A message came.
    Text(Utf8Bytes),
    /// A sign of life.
    Alive,
    /// It is gone.
    Closed(Closed),
}

impl Line {
    pub(crate) const fn is_gone(&self) -> bool {
        matches!(self, Self::Gone)
    }

    /// What happens next; never, on a line that is gone. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> LineEvent {
        match self {
            Self::Gone => std::future::pending().await,
            Self::Opening(opening) => match opening.await {
                Ok(socket) => {
                    *self = Self::Open(socket);
                    LineEvent::Opened
                }
                Err(why) => {
                    *self = Self::Gone;
                    LineEvent::NotOpened(why)
                }
            },
            Self::Open(socket) => match socket.next().await {
                Frame::Binary(bytes) => LineEvent::Binary(bytes),
                Frame::Text(text) => LineEvent::Text(text),
                Frame::Other => LineEvent::Alive,
                Frame::Closed(how) => {
                    *self = Self::Gone;
                    LineEvent::Closed(how)
                }
            },
            Self::Stuck(how) => {
                let how = how.clone();
                *self = Self::Gone;
                LineEvent::Closed(how)
            }
        }
    }

    /// Sends, if the line stands. Should that fail, `next` tells why.
    pub(crate) async fn send(&mut self, message: String) {
        self.send_message(Message::Text(message.into())).await;
    }

    /// Asks for a sign of life.
    pub(crate) async fn ping(&mut self) {
        self.send_message(Message::Ping(Bytes::new())).await;
    }

    async fn send_message(&mut self, message: Message) {
        let Self::Open(socket) = self else { return };
        let Err(how) = socket.send(message).await else {
            return;
        };
        tracing::debug!(?how, "a message was not sent");
        // A line that broke may hold audio and a reason in what it sent before. One that is stuck
        // would hold up every other order, cancels included, once more.
        if let Closed::Stuck { .. } = how {
            *self = Self::Stuck(how);
        }
    }
}
