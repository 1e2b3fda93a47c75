//! From the first audio of a call to a connection that takes it, and what the end of one means.

use std::collections::VecDeque;

use domain::Millis;
use tokio::sync::mpsc;

use super::wire;
use crate::{ProviderError, deepgram::NAME, socket::Closed, stt::ToRecogniser};

/// Audio kept while the connection is made: ten seconds.
const WAITING_BYTES: usize = 80_000;

/// What comes before the connection stands. When it is full the oldest audio goes.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) orders: VecDeque<ToRecogniser>,
    pub(super) bytes: usize,
    pub(super) dropped: usize,
}

impl Waiting {
    pub(super) fn push(&mut self, order: ToRecogniser) {
        self.bytes += length(&order);
        self.orders.push_back(order);
        while self.bytes > WAITING_BYTES {
            let Some(oldest) = self.orders.pop_front() else {
                break;
            };
            self.bytes -= length(&oldest);
            self.dropped += length(&oldest);
        }
    }
}

fn length(order: &ToRecogniser) -> usize {
    match order {
        ToRecogniser::Audio(bytes) => bytes.len(),
        ToRecogniser::Finalize => 0,
    }
}

/// Waits for a connection while audio gathers. `None`: nobody wants it any more.
pub(super) async fn while_opening<T, E>(
    opening: impl Future<Output = Result<T, E>>,
    audio: &mut mpsc::Receiver<ToRecogniser>,
    waiting: &mut Waiting,
) -> Result<Option<T>, E> {
    tokio::pin!(opening);
    let mut more = true;
    loop {
        tokio::select! {
            opened = &mut opening => return opened.map(Some),
            order = audio.recv(), if more => match order {
                Some(order) => waiting.push(order),
                None if waiting.bytes == 0 => return Ok(None),
                None => more = false,
            },
        }
    }
}

pub(super) fn length_in_ms(bytes: usize) -> Millis {
    Millis(bytes as u64 / 8)
}

/// A connection that ended by itself.
pub(super) fn failed(how: Closed) -> ProviderError {
    match how {
        Closed::Said { code, reason } => wire::closed(code, &reason),
        how @ (Closed::Broke(_) | Closed::Garbled(_) | Closed::Stuck { .. }) => {
            how.into_error(NAME)
        }
    }
}
