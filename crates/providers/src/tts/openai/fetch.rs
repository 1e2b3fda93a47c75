use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::{sync::mpsc, time::timeout};

use super::wire::{self, SoundReader};
use crate::{ProviderError, openai::Endpoint};

/// The longest piece of sound that is handed on: 200 ms.
const PIECE: usize = 1_600;
/// Pieces that wait for their turn; beyond that the server waits. With as many clauses as are
/// fetched at a time, a minute.
const QUEUE: usize = 100;
/// As much as is read of a text that came in place of sound.
const MAX_TEXT: usize = 16 * 1024;
/// For the rest of such a text.
const TEXT_WITHIN: Duration = Duration::from_secs(1);

/// A piece of mu-law, or why there is no more.
pub(super) type Piece = Result<Bytes, ProviderError>;

/// A clause to be made.
#[derive(Default)]
pub(super) struct Order {
    /// The body of the request.
    pub(super) request: Vec<u8>,
    /// What is to be spoken.
    pub(super) text: String,
}

/// Begins to fetch a clause. Nothing happens unless the future is polled; it ends when the sound
/// is there, or nobody wants it any more. The pieces end with the clause.
pub(super) fn fetch(
    endpoint: Arc<Endpoint>,
    order: Order,
) -> (BoxFuture<'static, ()>, mpsc::Receiver<Piece>) {
    let (pieces, made) = mpsc::channel(QUEUE);
    let fetching = Box::pin(async move {
        let work = async {
            if let Err(error) = stream(&endpoint, order, &pieces).await {
                // Nobody is interested in a clause that was cancelled.
                drop(pieces.send(Err(error)).await);
            }
        };
        tokio::select! {
            () = work => {}
            // Dropping the request is what cancels it.
            () = pieces.closed() => {}
        }
    });
    (fetching, made)
}

async fn stream(
    endpoint: &Endpoint,
    order: Order,
    pieces: &mpsc::Sender<Piece>,
) -> Result<(), ProviderError> {
    let path = "/audio/speech";
    let asking = endpoint.post(path, "application/json", order.request);
    let mut answer = asking.await?;
    if wire::is_text(&answer.content_type()) {
        let body = timeout(TEXT_WITHIN, answer.beginning(MAX_TEXT)).await;
        return Err(wire::no_sound(&body.unwrap_or_default()));
    }
    let mut reader = SoundReader::new(&order.text);
    while let Some(piece) = answer.piece().await? {
        let sound = reader.read(&piece)?;
        if hand_on(sound, pieces).await.is_err() {
            return Ok(());
        }
    }
    // Should nobody listen any more, nothing is left to do either.
    _ = hand_on(reader.finish()?, pieces).await;
    Ok(())
}

async fn hand_on(
    sound: Vec<u8>,
    pieces: &mpsc::Sender<Piece>,
) -> Result<(), mpsc::error::SendError<Piece>> {
    let mut sound = Bytes::from(sound);
    while !sound.is_empty() {
        let piece = sound.split_to(sound.len().min(PIECE));
        pieces.send(Ok(piece)).await?;
    }
    Ok(())
}
