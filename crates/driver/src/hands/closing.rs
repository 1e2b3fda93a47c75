//! How the hands see the tasks of a call end, and let go of it.

use std::time::Duration;

use session::Input;
use tokio::{sync::mpsc, task::JoinError, time::timeout};

use super::Hands;
use crate::{recogniser, rounds, voice};

/// The longest that putting down the receiver may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

impl Hands {
    /// Ends the call if one of its tasks has met a bug.
    pub(crate) fn propagate_panics(&mut self) {
        for tasks in [&mut self.tasks, &mut self.thoughts, &mut self.talks_in] {
            while let Some(done) = tasks.try_join_next() {
                propagate_panic(done);
            }
        }
    }

    /// What comes of the rounds, where there are any. Meanwhile tasks of the call may end.
    pub(crate) async fn next_round(&mut self) -> Input {
        loop {
            let done = tokio::select! {
                biased;
                Some(done) = self.tasks.join_next() => done,
                Some(done) = self.thoughts.join_next() => done,
                Some(done) = self.talks_in.join_next() => done,
                input = rounds::next(&mut self.sheet) => return input.unwrap_or(Input::Tick),
            };
            propagate_panic(done);
        }
    }

    /// Puts down the receiver, and lets the providers know. Afterwards all that was used is counted.
    ///
    /// A bug that shows only here is one in the call as well: it may be what has ended it.
    pub(crate) async fn close(mut self: Box<Self>) {
        let mut ended = Vec::new();
        let recogniser = tell_the_end(&self.recogniser, recogniser::Order::Over);
        let voice = tell_the_end(&self.voice, voice::Order::Over);
        let closing = async {
            while !self.closed.is_finished() {
                let Some(done) = self.tasks.join_next().await else {
                    break;
                };
                ended.push(done);
            }
        };
        // A line that does not even take a goodbye is cut, and nobody is waited for who counts
        // nothing: both have the same second.
        let all = async { tokio::join!(recogniser, voice, closing) };
        drop(timeout(CLOSE_WITHIN, all).await);
        self.ear.abort();
        // What they consumed is known once they are gone.
        self.thoughts.abort_all();
        while let Some(done) = self.thoughts.join_next().await {
            ended.push(done);
        }
        drop(self.talker);
        let bills = async {
            while let Some(done) = self.talks_in.join_next().await {
                ended.push(done);
            }
        };
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
        // A panic of one that is over already is the call's; nobody learns of a later one.
        while let Some(done) = tasks.try_join_next() {
            ended.push(done);
        }
        tokio::spawn(async move {
            let goodbyes = async { while tasks.join_next().await.is_some() {} };
            drop(timeout(CLOSE_WITHIN, goodbyes).await);
        });
        ended.into_iter().for_each(propagate_panic);
    }
}

/// A bug in any task of the call is a bug in the call.
fn propagate_panic(done: Result<(), JoinError>) {
    if let Err(error) = done
        && let Ok(panic) = error.try_into_panic()
    {
        std::panic::resume_unwind(panic);
    }
}

/// Tells somebody that the call is over, and waits until it has counted what was used.
async fn tell_the_end<O>(to: &mpsc::Sender<O>, over: O) {
    // Whoever is gone has counted everything.
    if to.send(over).await.is_ok() {
        to.closed().await;
    }
}
