mod runner;
#[cfg(test)]
mod tests;

use std::{ops::Range, sync::Arc, time::Duration};

use domain::ReplyId;
use providers::{
    ProviderError, Verdict,
    llm::{LanguageModel, ModelSettings, Think, Tokens, Written},
};
use session::{Input, Prompt};
use tokio::{sync::mpsc, time::sleep_until};
use tracing::{info, warn};

use self::runner::{Runner, Step};
use crate::{
    agent::Station,
    backoff::Backoff,
    draft::{Bill, Draft},
    exchange::Commons,
    meters::Job,
};

/// The longest that writing one reply may take, whoever writes it.
const LONGEST: Duration = Duration::from_secs(15);
/// A model that has not begun by then is late: another one is asked as well.
const HEDGE_AFTER: Duration = Duration::from_millis(2_500);
/// The longest wait before the same provider is asked again.
const RETRY_WITHIN: Duration = Duration::from_millis(300);
/// Between two requests to one provider.
const RETRY: Backoff = Backoff {
    least: Duration::from_millis(100),
    most: RETRY_WITHIN,
};

/// Has one reply written: walks down the agent's list while nothing was written.
pub(crate) struct Thinking {
    pub(crate) stations: Vec<Station<dyn LanguageModel, Arc<ModelSettings>>>,
    pub(crate) commons: Commons,
    pub(crate) mailbox: mpsc::Sender<Input>,
    pub(crate) draft: Arc<Draft>,
    pub(crate) reply: ReplyId,
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
        let written = tokio::time::timeout(LONGEST, self.walk(&prompt)).await;
        let input = match written {
            Ok(Outcome::CallOver) => return,
            Ok(Outcome::Broke) => Input::ThinkingBroke(self.reply),
            Ok(Outcome::Written) => Input::ThoughtAll(self.reply),
            Ok(Outcome::Failed) | Err(_) => Input::ThinkingFailed(self.reply),
        };
        // A closed mailbox means that the call is over, and nobody needs to know.
        drop(self.mailbox.send(input).await);
    }

    async fn walk(&self, prompt: &Prompt) -> Outcome {
        let mut next = self.draft.from();
        let mut retried = None;
        let Some(mut runner) = self.begin_at(&mut next, prompt) else {
            warn!("every language model is resting after failures");
            return Outcome::Failed;
        };
        loop {
            let (place, error) = match self.race(runner, &mut next, prompt).await {
                Start::Began(runner, first) => return self.hand_over(*runner, first).await,
                Start::Silent => return Outcome::Written,
                Start::Failed(place, error) => (place, error),
            };
            let name = &self.stations[place].name;
            warn!(provider = %name, %error, "language model failed");
            if error.verdict() == Verdict::GiveUp {
                return Outcome::Failed;
            }
            let wait = retry_after(&error).filter(|_| retried.replace(place) != Some(place));
            if let Some(wait) = wait {
                tokio::time::sleep(wait).await;
                runner = self.ask(place, prompt);
                continue;
            }
            let Some(instead) = self.begin_at(&mut next, prompt) else {
                return Outcome::Failed;
            };
            self.commons.meters.fell_back(name, instead.name);
            runner = instead;
        }
    }

    /// Asks the next model that may be asked.
    fn begin_at(&self, next: &mut usize, prompt: &Prompt) -> Option<Runner<'_>> {
        let place = self.allowed(*next..self.stations.len())?;
        *next = place + 1;
        Some(self.ask(place, prompt))
    }

    fn allowed(&self, places: Range<usize>) -> Option<usize> {
        let names = places.map(|place| (place, &self.stations[place].name));
        self.commons.breakers.first_allowed(names)
    }

    fn ask(&self, place: usize, prompt: &Prompt) -> Runner<'_> {
        let station = &self.stations[place];
        let (tell, written) = mpsc::channel(64);
        let think = Think {
            prompt: prompt.clone(),
            settings: Arc::clone(&station.settings),
        };
        let bill = Bill::asked(&self.draft, place, prompt);
        let request = station.provider.reply(think, tell);
        Runner::new((place, &station.name), bill, written, request)
    }

    /// Waits for the first words. When they are late, a second model is asked, and the first to
    /// begin writes the reply.
    async fn race<'s>(
        &'s self,
        mut first: Runner<'s>,
        next: &mut usize,
        prompt: &Prompt,
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
                    second = self.hedge(first.place, next, prompt);
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
                        self.lost_race(loser, which);
                    }
                    return Start::Began(Box::new(first), piece);
                }
                Step::Over(Ok(tokens)) => {
                    self.wrote_all(first, tokens);
                    return Start::Silent;
                }
                Step::Over(Err(error)) => {
                    let place = first.place;
                    self.failed(first, &error, false);
                    match second.take() {
                        Some(other) => first = other,
                        None => return Start::Failed(place, error),
                    }
                }
            }
        }
    }

    /// Somebody beside the model at `place`, which is late; the same one if there is nobody else.
    fn hedge(&self, place: usize, next: &mut usize, prompt: &Prompt) -> Option<Runner<'_>> {
        let late = &self.stations[place].name;
        let second = self.begin_at(next, prompt).or_else(|| {
            let again = self.allowed(place..place + 1)?;
            Some(self.ask(again, prompt))
        })?;
        info!(%late, instead = %second.name, "language model is late, asking again");
        Some(second)
    }

    /// One of two was not needed. If it is the one that was asked first, it was too late.
    fn lost_race(&self, loser: Runner<'_>, winner: Which) {
        let name = &self.stations[loser.place].name;
        match winner {
            Which::First => self.commons.breakers.answered(name),
            Which::Second => {
                let late = ProviderError::Silent {
                    provider: "language model",
                    stage: "first token",
                    waited: loser.begun.elapsed(),
                };
                self.commons.breakers.failed(name, &late);
            }
        }
        self.commons.meters.request(name, Job::Think, "lost_race");
        loser.bill.lost_race();
    }

    /// Hands the whole reply to the session.
    async fn hand_over(&self, mut runner: Runner<'_>, first: Written) -> Outcome {
        self.draft.written_by(runner.place);
        let after = runner.begun.elapsed();
        self.commons
            .meters
            .provider_answered(runner.name, Job::Think, after);
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
                    let place = runner.place;
                    self.failed(runner, &error, true);
                    return self.broke_off_at(place);
                }
            };
        }
    }

    /// Half a reply is there. Whoever comes next in the list goes on, if somebody does.
    fn broke_off_at(&self, place: usize) -> Outcome {
        if self.allowed(place + 1..self.stations.len()).is_none() {
            return Outcome::Failed;
        }
        self.draft.broke_off_at(place);
        if let Some(instead) = self.stations.get(place + 1) {
            let failed = &self.stations[place].name;
            self.commons.meters.fell_back(failed, &instead.name);
        }
        Outcome::Broke
    }

    fn wrote_all(&self, runner: Runner<'_>, tokens: Tokens) {
        self.commons.breakers.succeeded(runner.name);
        runner.bill.billed(tokens);
    }

    fn failed(&self, runner: Runner<'_>, error: &ProviderError, began: bool) {
        self.commons.breakers.failed(runner.name, error);
        self.commons
            .meters
            .request(runner.name, Job::Think, error.kind());
        let refused = match error {
            ProviderError::Connection { .. } => !began,
            // An answer that broke off with an error had a good status: the model was at work.
            ProviderError::Refused { status, .. } => !began && *status >= 400,
            ProviderError::Garbled { .. } | ProviderError::Silent { .. } => false,
        };
        if refused {
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

/// How long to wait before the same provider is asked once more, where that is likely to help.
fn retry_after(error: &ProviderError) -> Option<Duration> {
    match error.verdict() {
        Verdict::Retry => Some(RETRY.wait(0)),
        Verdict::RetryAfter(wait) if wait <= RETRY_WITHIN => Some(wait),
        Verdict::RetryAfter(_)
        | Verdict::GiveUp
        | Verdict::KeyRefused
        | Verdict::SwitchProvider => None,
    }
}

async fn next_of(runner: Option<&mut Runner<'_>>) -> Step {
    match runner {
        Some(runner) => runner.next().await,
        None => std::future::pending().await,
    }
}
