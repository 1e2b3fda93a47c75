//! A simulated telephone carrier: it asks a server what to do with a call, and does it in real time.

mod document;
mod event;
mod gather;
mod lead;
mod media;
mod phone;
mod playback;
mod report;
mod webhook;
mod wire;

use std::{io, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout};
use transports::RoundHeard;

pub use document::{BadDocument, Gather, Input, Stream, Verb};
pub(crate) use event::Events;
pub use event::{CallEvent, Happening};
pub(crate) use lead::Lead;
pub use media::BadSocket;
use phone::{HungUp, Phone};
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
    /// The path that is told when a call is over, if the number is configured with one.
    pub status: Option<String>,
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
            status: Some("/v1/twilio/status".to_owned()),
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
        let mut phone = Phone::new(&plan, &ids.call, &events);
        let line = Line {
            carrier: self,
            plan: &plan,
            ids,
        };
        let end = match timeout(plan.limit, self.follow(&line, &mut phone)).await {
            Ok(Ok(end)) => end,
            Ok(Err(HungUp)) => CallEnd::CallerHungUp,
            Err(_) => CallEnd::TooLong,
        };
        self.tell_end(&line, &end).await;
        phone.hang_up(end)
    }

    /// Follows documents until one ends the call.
    async fn follow(&self, line: &Line<'_>, phone: &mut Phone<'_>) -> Result<CallEnd, HungUp> {
        let mut url = format!("{}{}", self.settings.public, line.plan.webhook);
        let mut told: Option<RoundHeard> = None;
        let mut status = "ringing";
        let mut in_a_row = 0;
        while in_a_row < MOST_DOCUMENTS {
            let asked = Instant::now();
            let fields = told.as_ref().map(gather::fields).unwrap_or_default();
            let asking = line.ask(&url, status, &fields);
            let answer = match status {
                // Nobody listens before the call is answered.
                "ringing" => asking.await,
                _ => phone.until(asking).await?,
            };
            let text = match answer {
                Ok(text) => text,
                Err(bad) => return Ok(CallEnd::ApplicationError(bad.to_string())),
            };
            phone.report.webhook_ms.push(millis(asked.elapsed()));
            phone.report.documents.push(text.clone());
            let verbs = match document::read(&text) {
                Ok(verbs) => verbs.into_iter().map(|verb| verb.seen_from(&url)).collect(),
                Err(bad) => return Ok(CallEnd::ApplicationError(bad.to_string())),
            };
            status = "in-progress";
            match self.run(verbs, line, phone).await? {
                Next::Document { url: next, heard } => {
                    phone.events.tell(CallEvent::Redirected(next.clone()));
                    let nothing = matches!(heard, None | Some(RoundHeard::Nothing));
                    in_a_row = if nothing { in_a_row + 1 } else { 0 };
                    (url, told) = (next, heard);
                }
                Next::End(end) => return Ok(end),
            }
        }
        let loops = "too many redirects in a row".to_owned();
        Ok(CallEnd::ApplicationError(loops))
    }

    async fn run(
        &self,
        verbs: Vec<Verb>,
        line: &Line<'_>,
        phone: &mut Phone<'_>,
    ) -> Result<Next, HungUp> {
        for verb in verbs {
            let next = match verb {
                Verb::Connect(stream) => self.connect(&stream, line, phone).await,
                Verb::Dial => Some(Next::End(CallEnd::PutThrough)),
                Verb::Gather(gather) => self.gather(&gather, phone).await?,
                Verb::Hangup => Some(Next::End(CallEnd::AgentHungUp)),
                Verb::Redirect(url) => Some(Next::Document { url, heard: None }),
                Verb::Reject => Some(Next::End(CallEnd::Rejected)),
                Verb::Pause(_) | Verb::Say(_) => {
                    let (time, sound) = self.sounds(&verb, phone);
                    phone.live(time, sound).await?;
                    None
                }
            };
            if let Some(next) = next {
                return Ok(next);
            }
        }
        Ok(Next::End(CallEnd::AgentHungUp))
    }

    /// Tells the number's status callback that an answered call is over.
    async fn tell_end(&self, line: &Line<'_>, end: &CallEnd) {
        match end {
            CallEnd::AgentHungUp
            | CallEnd::ApplicationError(_)
            | CallEnd::CallerHungUp
            | CallEnd::TooLong => {}
            CallEnd::PutThrough | CallEnd::Rejected => return,
        }
        let path = line.plan.status.as_ref();
        let url = path.map(|path| format!("{}{path}", self.settings.public));
        line.tell(url.as_deref(), "completed", &[]).await;
    }

    /// Runs a stream to its end. `None`: go on with the next verb.
    async fn connect(
        &self,
        stream: &Stream,
        line: &Line<'_>,
        phone: &mut Phone<'_>,
    ) -> Option<Next> {
        let ended = media::run(stream, line, phone).await;
        let status = stream.status_callback.as_deref();
        match ended {
            Err(bad) => {
                phone.report.violations.push(format!("stream: {bad}"));
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
                let action = stream.action.clone();
                action.map(|url| Next::Document { url, heard: None })
            }
        }
    }
}

/// How a document ends.
enum Next {
    /// With another document, of which this answers a question.
    Document {
        url: String,
        heard: Option<RoundHeard>,
    },
    /// With the call.
    End(CallEnd),
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
