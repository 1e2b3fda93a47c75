use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use session::WordEnd;
use tokio::sync::mpsc;

use super::{BYTES_PER_MS, ByClause, Clause};
use crate::ProviderError;

/// The longest piece of sound that is handed on: 200 ms.
const PIECE: usize = 200 * BYTES_PER_MS;
/// Pieces that wait for their turn; beyond that the server waits. With as many clauses as are
/// fetched at a time, a minute.
const QUEUE: usize = 100;

/// A piece of mu-law with the words that end in it.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) bytes: Bytes,
    pub(super) words: Vec<WordEnd>,
}

/// Where the sound of a clause goes.
pub(crate) struct Pieces {
    queue: mpsc::Sender<Result<Piece, ProviderError>>,
    /// Bytes handed on so far.
    made: usize,
    /// Words that end in sound which is yet to come.
    words: Vec<WordEnd>,
}

/// Nobody wants the clause any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gone;

/// Begins to fetch a clause. Nothing happens unless the future is polled; it ends when the sound
/// is there, or nobody wants it any more. The pieces end with the clause.
pub(super) fn fetch(
    voice: Arc<dyn ByClause>,
    clause: Clause,
) -> (
    BoxFuture<'static, ()>,
    mpsc::Receiver<Result<Piece, ProviderError>>,
) {
    let (queue, made) = mpsc::channel(QUEUE);
    let fetching = Box::pin(async move {
        let pieces = Pieces {
            queue: queue.clone(),
            made: 0,
            words: Vec::new(),
        };
        let work = async {
            if let Err(error) = voice.make(clause, pieces).await {
                // Nobody is interested in a clause that was cancelled.
                drop(queue.send(Err(error)).await);
            }
        };
        tokio::select! {
            () = work => {}
            // Dropping the request is what cancels it.
            () = queue.closed() => {}
        }
    });
    (fetching, made)
}

impl Pieces {
    /// Hands on sound, and words that end in it or later.
    pub(crate) async fn hand_on(&mut self, sound: Bytes, words: Vec<WordEnd>) -> Result<(), Gone> {
        self.words.extend(words);
        let mut sound = sound;
        while !sound.is_empty() {
            let bytes = sound.split_to(sound.len().min(PIECE));
            self.made += bytes.len();
            let until = (self.made / BYTES_PER_MS) as u64;
            let ended = self.words.partition_point(|word| word.at.0 <= until);
            let piece = Piece {
                bytes,
                words: self.words.drain(..ended).collect(),
            };
            self.queue.send(Ok(piece)).await.map_err(|_closed| Gone)?;
        }
        Ok(())
    }
}
