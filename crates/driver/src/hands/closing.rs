//! How the hands let go of a call.

use std::time::Duration;

use tokio::{sync::mpsc, time::timeout};

use super::Hands;
use crate::{recogniser, voice};

/// The longest that putting down the receiver may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

impl Hands {
    /// Puts down the receiver, and lets the providers know. Afterwards all that was used is counted.
    pub(crate) async fn close(mut self: Box<Self>) {
        let recogniser = tell_the_end(&self.recogniser, recogniser::Order::Over);
        let voice = tell_the_end(&self.voice, voice::Order::Over);
        let closing = async {
            while !self.closed.is_finished() {
                if self.tasks.join_next().await.is_none() {
                    break;
                }
            }
        };
        // A line that does not even take a goodbye is cut, and nobody is waited for who counts
        // nothing: both have the same second.
        let all = async { tokio::join!(recogniser, voice, closing) };
        drop(timeout(CLOSE_WITHIN, all).await);
        self.ear.abort();
        // What they consumed is known once they are gone.
        self.thoughts.shutdown().await;
        drop(self.talker);
        let bills = async { while self.talks_in.join_next().await.is_some() {} };
        drop(timeout(CLOSE_WITHIN, bills).await);
        // The recogniser and the voice say goodbye to their providers. The call does not wait for
        // it.
        let Self {
            recogniser,
            voice,
            mut tasks,
            ..
        } = *self;
        drop((recogniser, voice));
        tokio::spawn(async move {
            let goodbyes = async { while tasks.join_next().await.is_some() {} };
            drop(timeout(CLOSE_WITHIN, goodbyes).await);
        });
    }
}

/// Tells somebody that the call is over, and waits until it has counted what was used.
async fn tell_the_end<O>(to: &mpsc::Sender<O>, over: O) {
    // Whoever is gone has counted everything.
    if to.send(over).await.is_ok() {
        to.closed().await;
    }
}
