use futures_util::future::BoxFuture;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::{NAME, wire};
use crate::{
    ProviderError,
    socket::{Closed, Frame, NotOpened, Socket},
};

/// A connection, from before it stands until after it is gone.
#[derive(Default)]
pub(super) enum Line {
    /// There is none.
    #[default]
    Gone,
    /// It is being made.
    Opening(BoxFuture<'static, Result<Box<Socket>, NotOpened>>),
    /// It stands.
    Open(Box<Socket>),
    /// The server has stopped reading; nothing more is sent.
    Stuck(Closed),
}

/// What happened on a line.
pub(super) enum LineEvent {
    /// It stands.
    Opened,
    /// It could not be made.
    NotOpened(NotOpened),
    /// A message came.
    Text(Utf8Bytes),
    /// A sign of life.
    Alive,
    /// It is gone.
    Closed(Closed),
}

impl Line {
    pub(super) const fn is_gone(&self) -> bool {
        matches!(self, Self::Gone)
    }

    /// What happens next; never, on a line that is gone. May be dropped and called again.
    pub(super) async fn next(&mut self) -> LineEvent {
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
    pub(super) async fn send(&mut self, message: String) {
        let Self::Open(socket) = self else { return };
        let Err(how) = socket.send_text(message).await else {
            return;
        };
        tracing::debug!(provider = NAME, ?how, "a message was not sent");
        // A line that broke may hold audio and a reason in what it sent before. One that is stuck
        // would hold up every other order, cancels included, once more.
        if let Closed::Stuck { .. } = how {
            *self = Self::Stuck(how);
        }
    }
}

/// Why a line could not be made.
pub(super) fn not_opened(why: NotOpened) -> ProviderError {
    match why {
        NotOpened::Failed(error) => error,
        NotOpened::Refused(refusal) => wire::refused(refusal.status, &refusal.body),
    }
}

/// An error that no reply suffers from. The age of a connection is none.
pub(super) fn on_idle_error(error: ProviderError) -> Result<(), ProviderError> {
    if let ProviderError::Refused { status, detail, .. } = &error
        && !wire::is_idle_close(*status, detail)
    {
        return Err(error);
    }
    tracing::debug!(provider = NAME, %error, "an idle line complained");
    Ok(())
}

/// The end of a line that no reply was on.
pub(super) fn on_idle_closed(how: Closed) -> Result<(), ProviderError> {
    if let Closed::Said { code, reason } = &how
        && !wire::is_idle_close(*code, reason)
    {
        return Err(wire::closed(*code, reason));
    }
    tracing::debug!(provider = NAME, ?how, "an idle line ended");
    Ok(())
}

/// The end of a line in the middle of a reply.
pub(super) fn closed(how: Closed) -> ProviderError {
    match how {
        Closed::Said { code, reason } => wire::closed(code, &reason),
        how @ (Closed::Broke(_) | Closed::Garbled(_) | Closed::Stuck { .. }) => {
            how.into_error(NAME)
        }
    }
}
