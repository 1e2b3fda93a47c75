mod runner;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use domain::ReplyId;
use providers::{
    ProviderError,
    llm::{Think, Tokens, Written},
};
use session::{Input, Prompt};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tracing::{info, warn};

use self::runner::{Runner, Step};
use crate::{
    backoff::{Backoff, Retry},
    draft::{Bill, Draft},
    keys,
    stations::{Models, Tried},
};

/// The longest that writing one reply may take, whoever writes it.
const LONGEST: Duration = Duration::from_secs(15);
/// A model that has not begun by then is late: another one is asked as well.
const HEDGE_AFTER: Duration = Duration::from_millis(2_500);
/// When the same model is asked once more.
pub(crate) const RETRY: Retry = Retry {
    backoff: Backoff {
        least: Duration::from_millis(100),
        most: Duration::from_millis(300),
    },
    longest: Duration::from_millis(300),
    times: 1,
};

/// Has one reply written: walks down the agent's list while nothing was written.
pub(crate) struct Thinking {
    pub(crate) stations: Models,
    pub(crate) mailbox: mpsc::Sender<Input>,
    pub(crate) draft: Arc<Draft>,
    pub(crate) reply: ReplyId,
}

/// What is to be written, and by when.
#[derive(Clone, Copy)]
struct Wanted<'p> {
    prompt: &'p Prompt,
    by: Instant,
}

impl Wanted<'_> {
    fn is_late(self) -> bool {
        Instant::now() >= self.by
    }
}

/// How it went.
enum Outcome {
    /// In the middle, and somebody else can go on.
    Broke,
    CallOver,
    Failed,
    Written,
}

/// How the beginning of a reply went.
enum Start<'s> {
    Began(Box<Runner<'s>>, Written),
    /// At this place, after which nobody else runs.
    Failed(usize, ProviderError),
    /// Nothing was written, and nothing was wrong.
    Silent,
}

/// Which of two requests.
#[derive(Clone, Copy)]
enum Which {
    First,
    Second,
}

impl Thinking {
    /// Writes the reply, or says that nobody could. Dropping it cancels the reply.
    pub(crate) async fn run(self, prompt: Prompt) {
        let wanted = Wanted {
            prompt: &prompt,
            by: self.draft.begun() + LONGEST,
        };
        let input = match self.walk(wanted).await {
            Outcome::CallOver => return,
            Outcome::Broke => Input::ThinkingBroke(self.reply),
            Outcome::Written => {
                self.draft.written();
                Input::ThoughtAll(self.reply)
            }
            Outcome::Failed => Input::ThinkingFailed(self.reply),
        };
        // A closed mailbox means that the call is over, and nobody needs to know.
        drop(self.mailbox.send(input).await);
    }

    async fn walk(&self, wanted: Wanted<'_>) -> Outcome {
        let mut tried = self.draft.tried();
        let Some(mut runner) = self.ask_next(&mut tried, wanted) else {
            warn!("every language model is resting after failures");
            return Outcome::Failed;
        };
        loop {
            let (place, error) = match self.race(runner, &mut tried, wanted).await {
                Start::Began(runner, first) => {
                    return self.hand_over(*runner, first, (tried, wanted)).await;
                }
                Start::Silent => return Outcome::Written,
                Start::Failed(place, error) => (place, error),
            };
            warn!(provider = %self.stations.name(place), %error, "language model failed");
            if wanted.is_late() {
                return Outcome::Failed;
            }
            if let Some(wait) = self.stations.retry(&mut tried, place, error.verdict()) {
                tokio::time::sleep(wait).await;
                runner = self.ask(place, wanted);
                continue;
            }
            let Some(instead) = self.ask_next(&mut tried, wanted) else {
                return Outcome::Failed;
            };
            runner = instead;
        }
    }

    /// Asks the model whose turn it is.
    fn ask_next(&self, tried: &mut Tried, wanted: Wanted<'_>) -> Option<Runner<'_>> {
        let place = self.stations.next(tried)?;
        Some(self.ask(place, wanted))
    }

    fn ask(&self, place: usize, Wanted { prompt, by }: Wanted<'_>) -> Runner<'_> {
        let station = &self.stations[place];
        let (tell, written) = mpsc::channel(64);
        let think = Think {
            prompt: prompt.clone(),
            settings: keys::settings(&station.settings, prompt),
        };
        let bill = Bill::asked(&self.draft, place, prompt);
        let request = station.provider.reply(think, tell);
        let paid = (bill, self.stations.probe(place));
        Runner::new((place, &station.name), paid, written, (request, by))
    }

    /// Waits for the first words. When they are late, a second model is asked, and the first to
    /// begin writes the reply.
    async fn race<'s>(
        &'s self,
        mut first: Runner<'s>,
        tried: &mut Tried,
        wanted: Wanted<'_>,
    ) -> Start<'s> {
        let late = sleep_until(first.begun + HEDGE_AFTER);
        tokio::pin!(late);
        let mut second: Option<Runner<'s>> = None;
        let mut hedged = false;
        loop {
            let (which, step) = tokio::select! {
                biased;
                step = first.next() => (Which::First, step),
                step = next_of(second.as_mut()) => (Which::Second, step),
                () = &mut late, if !hedged => {
                    hedged = true;
                    second = self.hedge(first.place, tried, wanted);
                    continue;
                }
            };
            // From here on `first` is who made the step.
            if let (Which::Second, Some(other)) = (which, second.as_mut()) {
                std::mem::swap(&mut first, other);
            }
            match step {
                Step::Piece(piece) => {
                    if let Some(loser) = second {
                        self.lost_race(loser, (which, first.place), tried);
                    }
                    return Start::Began(Box::new(first), piece);
                }
                Step::Over(Ok(tokens)) => match second.take() {
                    // The other one may yet say something.
                    Some(other) => {
                        self.stations.succeeded(first.place);
                        first.bill.hedged().billed(tokens);
                        first = other;
                    }
                    None => {
                        self.wrote_all(first, tokens);
                        return Start::Silent;
                    }
                },
                Step::Over(Err(error)) => {
                    let place = first.place;
                    self.failed(tried, first, &error);
                    match second.take() {
                        Some(other) => first = other,
                        None => return Start::Failed(place, error),
                    }
                }
            }
        }
    }

    /// Somebody beside the model at `place`, which is late; the same one if there is nobody else.
    fn hedge(&self, place: usize, tried: &mut Tried, wanted: Wanted<'_>) -> Option<Runner<'_>> {
        let late = self.stations.name(place);
        let second = self.ask_next(tried, wanted).or_else(|| {
            let again = self.stations.takes_another(place);
            again.then(|| self.ask(place, wanted))
        })?;
        info!(%late, instead = %second.name, "language model is late, asking again");
        Some(second)
    }

    /// One of two was not needed. If it is the one that was asked first, it was too late; the other
    /// may be asked again.
    fn lost_race(&self, loser: Runner<'_>, (winner, place): (Which, usize), tried: &mut Tried) {
        let late = match winner {
            Which::First => {
                tried.spared(loser.place, place);
                None
            }
            Which::Second => Some(ProviderError::Silent {
                provider: "language model",
                stage: "first token",
                waited: loser.begun.elapsed(),
            }),
        };
        self.stations.lost_race(loser.place, late.as_ref());
        drop(loser.bill.hedged());
    }

    /// Hands the whole reply to the session.
    async fn hand_over(
        &self,
        mut runner: Runner<'_>,
        first: Written,
        (mut tried, wanted): (Tried, Wanted<'_>),
    ) -> Outcome {
        self.draft.written_by(runner.place);
        self.stations.answers(runner.place, runner.begun.elapsed());
        let mut piece = first;
        loop {
            if let Some(input) = self.input(piece)
                && self.mailbox.send(input).await.is_err()
            {
                return Outcome::CallOver;
            }
            piece = match runner.next().await {
                Step::Piece(piece) => piece,
                Step::Over(Ok(tokens)) => {
                    self.wrote_all(runner, tokens);
                    return Outcome::Written;
                }
                Step::Over(Err(error)) => {
                    warn!(provider = %runner.name, %error, "language model broke off");
                    self.failed(&mut tried, runner, &error);
                    if wanted.is_late() {
                        return Outcome::Failed;
                    }
                    return self.broke_off(&tried);
                }
            };
        }
    }

    /// Half a reply is there. Somebody who was not asked yet goes on, if there is one.
    fn broke_off(&self, tried: &Tried) -> Outcome {
        if !self.stations.has_other(tried) {
            return Outcome::Failed;
        }
        self.draft.broke_off(tried);
        Outcome::Broke
    }

    fn wrote_all(&self, runner: Runner<'_>, tokens: Tokens) {
        self.stations.succeeded(runner.place);
        runner.bill.billed(tokens);
    }

    fn failed(&self, tried: &mut Tried, runner: Runner<'_>, error: &ProviderError) {
        if runner.had_no_time() {
            self.stations.had_no_time(runner.place, error);
        } else {
            self.stations.failed(tried, runner.place, error);
        }
        let refused = match error {
            ProviderError::Connection { .. } | ProviderError::Unreachable { .. } => true,
            // An answer that broke off with an error had a good status: the model was at work.
            ProviderError::Refused { status, .. } => *status >= 400,
            ProviderError::Garbled { .. } | ProviderError::Silent { .. } => false,
        };
        if refused && !runner.bill.began() {
            runner.bill.refused();
        }
    }

    /// What the session is told of a piece: counts are on the bill.
    fn input(&self, piece: Written) -> Option<Input> {
        match piece {
            Written::Text(text) => Some(Input::Text {
                reply: self.reply,
                text,
            }),
            Written::Tool(call) => Some(Input::ToolAsked {
                reply: self.reply,
                id: call.id,
                name: call.name,
                arguments: call.arguments,
            }),
            Written::Used(_) => None,
        }
    }
}

async fn next_of(runner: Option<&mut Runner<'_>>) -> Step {
    match runner {
        Some(runner) => runner.next().await,
        None => std::future::pending().await,
    }
}
