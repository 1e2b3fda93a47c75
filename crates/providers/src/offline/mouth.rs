//! What the offline voices share: orders in, pieces of audio out, silence at once when cancelled.

use std::{collections::VecDeque, future::Future};

use bytes::Bytes;
use domain::ReplyId;
use session::ClauseId;
use tokio::sync::mpsc;

use crate::tts::{FromVoice, ToVoice};

/// Bytes of a piece of audio: 200 ms.
const PIECE: usize = 1_600;
/// Clauses that may wait here. Beyond that orders stay in their channel.
const MAX_WAITING: usize = 64;

/// A clause to be spoken, or the end of a reply.
#[derive(Debug)]
enum Job {
    End(ReplyId),
    Say(ReplyId, ClauseId, String),
}

/// Whether the job at hand is still wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wanted {
    No,
    Yes,
}

/// The listener has gone.
struct Gone;

/// Serves one call's voice; `make` turns a clause into mu-law audio.
pub(super) async fn serve<F: Future<Output = Bytes>>(
    mut orders: mpsc::Receiver<ToVoice>,
    made: mpsc::Sender<FromVoice>,
    make: impl Fn(String) -> F,
) {
    if made.send(FromVoice::Ready).await.is_err() {
        return;
    }
    let mut waiting = VecDeque::new();
    loop {
        let Some(job) = waiting.pop_front() else {
            match orders.recv().await {
                Some(order) => _ = take(order, None, &mut waiting),
                None => return,
            }
            continue;
        };
        let reply = match job {
            Job::End(reply) | Job::Say(reply, ..) => reply,
        };
        let work = carry_out(job, &made, &make);
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                Some(order) = orders.recv(), if waiting.len() < MAX_WAITING => {
                    if take(order, Some(reply), &mut waiting) == Wanted::No {
                        break;
                    }
                }
                done = &mut work => match done {
                    Ok(()) => break,
                    Err(Gone) => return,
                },
            }
        }
    }
}

/// Notes an order, and tells whether what is being done for `current` is still wanted.
fn take(order: ToVoice, current: Option<ReplyId>, waiting: &mut VecDeque<Job>) -> Wanted {
    let replied = |job: &Job| match job {
        Job::End(reply) | Job::Say(reply, ..) => *reply,
    };
    match order {
        ToVoice::Cancel(reply) => {
            waiting.retain(|job| replied(job) != reply);
            return if current == Some(reply) {
                Wanted::No
            } else {
                Wanted::Yes
            };
        }
        ToVoice::End(reply) => waiting.push_back(Job::End(reply)),
        ToVoice::Say {
            reply,
            clause,
            text,
        } => {
            // A new reply means that the old one is over, unless its end was ordered.
            let ended = |old: ReplyId, waiting: &VecDeque<Job>| {
                waiting
                    .iter()
                    .any(|job| matches!(job, Job::End(ended) if *ended == old))
            };
            let stale = current.filter(|old| *old != reply && !ended(*old, waiting));
            waiting.push_back(Job::Say(reply, clause, text));
            if stale.is_some() {
                waiting.retain(|job| Some(replied(job)) != stale);
                return Wanted::No;
            }
        }
    }
    Wanted::Yes
}

async fn carry_out<F: Future<Output = Bytes>>(
    job: Job,
    made: &mpsc::Sender<FromVoice>,
    make: &impl Fn(String) -> F,
) -> Result<(), Gone> {
    match job {
        Job::End(reply) => made.send(FromVoice::All(reply)).await.map_err(|_| Gone),
        Job::Say(reply, clause, text) => {
            let mut sound = make(text).await;
            while !sound.is_empty() {
                let bytes = sound.split_to(sound.len().min(PIECE));
                let piece = FromVoice::Audio {
                    reply,
                    clause,
                    bytes,
                    words: Vec::new(),
                };
                made.send(piece).await.map_err(|_| Gone)?;
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
