use std::{sync::Arc, time::Duration};

use domain::{ModelName, ReplyId};
use providers::{
    ProviderError, Verdict,
    llm::{LanguageModel, ModelSettings, Think, Tokens, Written},
};
use session::{Input, Prompt};
use tokio::{sync::mpsc, time::Instant};
use tracing::warn;

use crate::{agent::Station, draft::Draft, exchange::Commons, meters::Job};

/// The longest that writing one reply may take, whoever writes it.
const LONGEST: Duration = Duration::from_secs(15);
/// The longest wait before the same provider is asked again.
const RETRY_WITHIN: Duration = Duration::from_millis(300);

/// Has one reply written: walks down the agent's list while nothing was written.
pub(crate) struct Thinking {
    pub(crate) stations: Vec<Station<dyn LanguageModel, Arc<ModelSettings>>>,
    pub(crate) commons: Commons,
    pub(crate) mailbox: mpsc::Sender<Input>,
    pub(crate) draft: Arc<Draft>,
    pub(crate) reply: ReplyId,
}

/// How far one attempt came.
enum Attempt {
    CallOver,
    Failed { error: ProviderError, began: bool },
    Written,
}

impl Thinking {
    /// Writes the reply, or says that nobody could. Dropping it cancels the reply.
    pub(crate) async fn run(self, prompt: Prompt) {
        let written = tokio::time::timeout(LONGEST, self.walk(&prompt)).await;
        let input = match written {
            Ok(Attempt::CallOver) => return,
            Ok(Attempt::Written) => Input::ThoughtAll(self.reply),
            Ok(Attempt::Failed { .. }) | Err(_) => Input::ThinkingFailed(self.reply),
        };
        // A closed mailbox means that the call is over, and nobody needs to know.
        drop(self.mailbox.send(input).await);
    }

    async fn walk(&self, prompt: &Prompt) -> Attempt {
        let mut last: Option<(&ModelName, Attempt)> = None;
        for station in &self.stations {
            if !self.commons.breakers.allows(&station.name) {
                continue;
            }
            if let Some((failed, _)) = &last {
                self.commons.meters.fell_back(failed, &station.name);
            }
            match self.ask_twice(station, prompt).await {
                Attempt::Failed { error, began } => {
                    warn!(provider = %station.name, %error, "language model failed");
                    let over = began || error.verdict() == Verdict::GiveUp;
                    let attempt = Attempt::Failed { error, began };
                    if over {
                        return attempt;
                    }
                    last = Some((&station.name, attempt));
                }
                done @ (Attempt::CallOver | Attempt::Written) => return done,
            }
        }
        last.map_or_else(none_allowed, |(_, attempt)| attempt)
    }

    /// Asks once, and once more where that is likely to help.
    async fn ask_twice(
        &self,
        station: &Station<dyn LanguageModel, Arc<ModelSettings>>,
        prompt: &Prompt,
    ) -> Attempt {
        let first = self.ask(station, prompt).await;
        let Attempt::Failed {
            error,
            began: false,
        } = &first
        else {
            return first;
        };
        let wait = match error.verdict() {
            Verdict::Retry => Duration::from_millis(100),
            Verdict::RetryAfter(wait) if wait <= RETRY_WITHIN => wait,
            Verdict::RetryAfter(_)
            | Verdict::GiveUp
            | Verdict::KeyRefused
            | Verdict::SwitchProvider => return first,
        };
        tokio::time::sleep(wait).await;
        self.ask(station, prompt).await
    }

    async fn ask(
        &self,
        station: &Station<dyn LanguageModel, Arc<ModelSettings>>,
        prompt: &Prompt,
    ) -> Attempt {
        let begun = Instant::now();
        let (tell, mut written) = mpsc::channel(64);
        let think = Think {
            prompt: prompt.clone(),
            settings: Arc::clone(&station.settings),
        };
        self.draft.asked(prompt);
        let request = station.provider.reply(think, tell);
        tokio::pin!(request);
        let mut began = false;
        let result = loop {
            tokio::select! {
                biased;
                piece = written.recv() => match piece {
                    Some(piece) => {
                        if !std::mem::replace(&mut began, true) {
                            self.commons.meters.provider_answered(&station.name, Job::Think, begun.elapsed());
                        }
                        if self.mailbox.send(self.input(piece)).await.is_err() {
                            return Attempt::CallOver;
                        }
                    }
                    None => break request.await,
                },
                result = &mut request, if written.is_empty() => {
                    // What was written just before the end is still in the channel.
                    while let Ok(piece) = written.try_recv() {
                        began = true;
                        if self.mailbox.send(self.input(piece)).await.is_err() {
                            return Attempt::CallOver;
                        }
                    }
                    break result;
                }
            }
        };
        self.settle(station, result, began)
    }

    fn settle(
        &self,
        station: &Station<dyn LanguageModel, Arc<ModelSettings>>,
        result: Result<Tokens, ProviderError>,
        began: bool,
    ) -> Attempt {
        match result {
            Ok(tokens) => {
                self.commons.breakers.succeeded(&station.name);
                self.draft.billed(tokens);
                Attempt::Written
            }
            Err(error) => {
                self.commons.breakers.failed(&station.name, &error);
                self.commons
                    .meters
                    .request(&station.name, Job::Think, error.kind());
                Attempt::Failed { error, began }
            }
        }
    }

    fn input(&self, piece: Written) -> Input {
        self.draft.came(&piece);
        match piece {
            Written::Text(text) => Input::Text {
                reply: self.reply,
                text,
            },
            Written::Tool(call) => Input::ToolAsked {
                reply: self.reply,
                id: call.id,
                name: call.name,
                arguments: call.arguments,
            },
        }
    }
}

/// All breakers are open.
fn none_allowed() -> Attempt {
    let error = ProviderError::Connection {
        provider: "any",
        detail: "every language model is resting after failures".to_owned(),
    };
    Attempt::Failed {
        error,
        began: false,
    }
}
