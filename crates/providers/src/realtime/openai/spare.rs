//! The session that will take over from the one that talks.

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::{
    ProviderError,
    socket::{Frame, Socket},
};

/// The session that will take over.
pub(super) enum Spare {
    Due(Instant),
    Opening(BoxFuture<'static, Result<Socket, ProviderError>>),
    Ready(Socket),
}

/// What happened to the spare session.
pub(super) enum SpareEvent {
    Opened(Result<Socket, ProviderError>),
    Closed,
    Other,
}

impl Spare {
    /// What happens next; never, while there is none. May be dropped and called again.
    pub(super) async fn next(&mut self) -> SpareEvent {
        match self {
            Self::Due(_) => std::future::pending().await,
            Self::Opening(opening) => SpareEvent::Opened(opening.await),
            Self::Ready(socket) => match socket.next().await {
                Frame::Closed(_) => SpareEvent::Closed,
                Frame::Binary(_) | Frame::Other | Frame::Text(_) => SpareEvent::Other,
            },
        }
    }
}
