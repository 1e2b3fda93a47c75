//! A simulated telephone carrier: it asks a server what to do with a call, and does it in real time.

mod document;
mod event;
mod lead;
mod media;
mod playback;
mod report;
mod webhook;
mod wire;

use std::{io, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout};

pub use document::{BadDocument, Stream, Verb};
pub(crate) use event::Events;
pub use event::{CallEvent, Happening};
pub(crate) use lead::Lead;
pub use media::BadSocket;
pub(crate) use playback::{FRAME, Playback, SAMPLES_PER_MS, SILENCE, TICK_MS};
pub use report::{CallEnd, CallReport};
pub use webhook::BadWebhook;
use webhook::Line;
pub(crate) use wire::{CONNECTED, FromServer, Messages};

use crate::caller::{Phrasebook, Script};

/// A carrier that knows one server.
#[derive(Debug)]
pub struct Carrier {
    settings: Settings,
    http: reqwest::Client,
}

/// Where a carrier finds its server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The server as it is reached from here: `http://127.0.0.1:8080`.
    pub server: String,
    /// The server as the world knows it, which is what is signed: `https://voice.example.com`.
    pub public: String,
    /// The account's token; without one nothing is signed.
    pub auth_token: Option<String>,
    /// Time that the carrier's own voice takes for a character.
    pub say_per_char: Duration,
}

impl Settings {
    /// A server on this machine that is its own public address.
    #[must_use]
    pub fn local(server: &str, auth_token: Option<String>) -> Self {
        let server = server.trim_end_matches('/').to_owned();
        Self {
            public: server.clone(),
            server,
            auth_token,
            say_per_char: Duration::from_millis(60),
        }
    }

    /// Host and port of the server.
    fn address(&self) -> String {
        let address = self.server.strip_prefix("http://").unwrap_or(&self.server);
        address.split('/').next().unwrap_or_default().to_owned()
    }
}

/// One call to be placed.
#[derive(Clone, Debug)]
pub struct CallPlan {
    /// Who calls.
    pub from: String,
    /// Which number.
    pub to: String,
    /// The path of the webhook that the number is configured with.
    pub webhook: String,
    /// What the caller does.
    pub script: Script,
    /// What the caller can say.
    pub book: Arc<Phrasebook>,
    /// The call is given up after this time.
    pub limit: Duration,
    /// For ids and frame loss.
    pub seed: u64,
}

impl CallPlan {
    /// A call by a caller who says nothing and has nothing to say.
    pub(crate) fn silent() -> Self {
        Self {
            book: Arc::default(),
            ..Self::by(Script::default())
        }
    }

    /// A call by this script, with the recorded phrases.
    #[must_use]
    pub fn by(script: Script) -> Self {
        Self {
            from: "+14155550100".to_owned(),
            to: "+14155550199".to_owned(),
            webhook: "/twiml".to_owned(),
            script,
            book: Arc::new(Phrasebook::recorded()),
            limit: Duration::from_secs(300),
            seed: 1,
        }
    }
}

/// Documents fetched in a row without anything heard in between: a loop.
const MOST_DOCUMENTS: usize = 20;

impl Carrier {
    /// Prepares to place calls.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(settings: Settings) -> io::Result<Self> {
        Ok(Self {
            settings,
            http: crate::http::client()?,
        })
    }

    /// Places a call and stays on the line until it is over.
    pub async fn place_call(&self, plan: CallPlan) -> CallReport {
        self.place(plan, Events::none()).await
    }

    /// Places a call and tells what happens while it does.
    pub(crate) async fn place(&self, plan: CallPlan, events: Events) -> CallReport {
        let ids = wire::StreamIds::of_call(plan.seed);
        let mut report = CallReport::new(&ids.call);
        let line = Line {
            carrier: self,
            plan: &plan,
            ids,
        };
        let end = timeout(plan.limit, self.follow(&line, &events, &mut report)).await;
        report.end = end.unwrap_or(CallEnd::TooLong);
        events.tell(CallEvent::Over(report.end.clone()));
        report
    }

    /// Follows documents until one ends the call.
    async fn follow(&self, line: &Line<'_>, events: &Events, report: &mut CallReport) -> CallEnd {
        let mut url = format!("{}{}", self.settings.public, line.plan.webhook);
        let mut status = "ringing";
        for _ in 0..MOST_DOCUMENTS {
            let asked = Instant::now();
            let text = match line.ask(&url, status, &[]).await {
                Ok(text) => text,
                Err(bad) => return CallEnd::ApplicationError(bad.to_string()),
            };
            report.webhook_ms.push(millis(asked.elapsed()));
            report.documents.push(text.clone());
            let verbs = match document::read(&text) {
                Ok(verbs) => verbs.into_iter().map(|verb| verb.seen_from(&url)).collect(),
                Err(bad) => return CallEnd::ApplicationError(bad.to_string()),
            };
            status = "in-progress";
            match self.run(verbs, line, events, report).await {
                Next::Document(next) => {
                    events.tell(CallEvent::Redirected(next.clone()));
                    url = next;
                }
                Next::End(end) => return end,
            }
        }
        CallEnd::ApplicationError("too many redirects in a row".to_owned())
    }

    async fn run(
        &self,
        verbs: Vec<Verb>,
        line: &Line<'_>,
        events: &Events,
        report: &mut CallReport,
    ) -> Next {
        for verb in verbs {
            match verb {
                Verb::Connect(stream) => {
                    if let Some(next) = self.connect(&stream, line, events, report).await {
                        return next;
                    }
                }
                Verb::Dial => return Next::End(CallEnd::PutThrough),
                Verb::Hangup => return Next::End(CallEnd::AgentHungUp),
                Verb::Pause(length) => tokio::time::sleep(length).await,
                Verb::Redirect(url) => return Next::Document(url),
                Verb::Reject => return Next::End(CallEnd::Rejected),
                Verb::Say(text) => {
                    events.tell(CallEvent::CarrierSays(text.clone()));
                    let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
                    tokio::time::sleep(self.settings.say_per_char * chars).await;
                }
            }
        }
        Next::End(CallEnd::AgentHungUp)
    }

    /// Runs a stream to its end. `None`: go on with the next verb.
    async fn connect(
        &self,
        stream: &Stream,
        line: &Line<'_>,
        events: &Events,
        report: &mut CallReport,
    ) -> Option<Next> {
        let ended = media::run(stream, line, events, report).await;
        let status = stream.status_callback.as_deref();
        match ended {
            Err(bad) => {
                report.violations.push(format!("stream: {bad}"));
                let error = bad.to_string();
                let fields = [
                    ("StreamEvent", "stream-error"),
                    ("StreamError", error.as_str()),
                ];
                line.tell(status, "in-progress", &fields).await;
                None
            }
            Ok(media::Ended::ByCaller) => {
                line.tell(status, "completed", &[("StreamEvent", "stream-stopped")])
                    .await;
                line.tell(stream.action.as_deref(), "completed", &[]).await;
                Some(Next::End(CallEnd::CallerHungUp))
            }
            Ok(media::Ended::ByServer) => {
                line.tell(status, "in-progress", &[("StreamEvent", "stream-stopped")])
                    .await;
                stream.action.clone().map(Next::Document)
            }
        }
    }
}

enum Next {
    Document(String),
    End(CallEnd),
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
