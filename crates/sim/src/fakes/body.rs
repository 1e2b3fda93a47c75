use std::{io, time::Duration};

use axum::body::{Body, Bytes};
use futures_util::stream;
use tokio::time::sleep;

use crate::fakes::{listener::Stop, requests::Open};

/// A connection that breaks at once takes with it what was just written.
const FLUSHED: Duration = Duration::from_millis(5);

/// One write of a body.
pub(crate) struct Step {
    pub(crate) after: Duration,
    pub(crate) write: Write,
}

/// What is written.
pub(crate) enum Write {
    /// The connection breaks.
    Break,
    Bytes(Bytes),
    /// Nothing more ever comes, and the connection stays open.
    Hang,
}

impl Step {
    pub(crate) const fn at_once(write: Write) -> Self {
        Self {
            after: Duration::ZERO,
            write,
        }
    }
}

struct Writing<I, F> {
    steps: I,
    stop: Stop,
    sent: usize,
    tell: F,
    /// Gone with the body, whether it came to its end or nobody wanted it any more.
    _open: Open,
}

impl<I: Iterator<Item = Step>, F: FnMut(usize)> Writing<I, F> {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        let step = self.steps.next()?;
        if !step.after.is_zero() {
            sleep(step.after).await;
        }
        match step.write {
            Write::Break => {
                sleep(FLUSHED).await;
                Some(Err(io::ErrorKind::ConnectionReset.into()))
            }
            Write::Bytes(bytes) => {
                self.sent += 1;
                (self.tell)(self.sent);
                Some(Ok(bytes))
            }
            Write::Hang => {
                self.stop.wait().await;
                None
            }
        }
    }
}

/// The body that these steps write; `tell` learns how many pieces went out so far.
pub(crate) fn body(
    steps: impl Iterator<Item = Step> + Send + 'static,
    tell: impl FnMut(usize) + Send + 'static,
    (stop, open): (Stop, Open),
) -> Body {
    let writing = Writing {
        steps,
        stop,
        sent: 0,
        tell,
        _open: open,
    };
    Body::from_stream(stream::unfold(writing, |mut writing| async {
        let bytes = writing.next().await?;
        Some((bytes, writing))
    }))
}
