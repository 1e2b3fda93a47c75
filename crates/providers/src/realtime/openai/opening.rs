//! From nothing to a session that takes audio, and the orders that come meanwhile.

use std::collections::VecDeque;

use session::Prompt;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

use super::{
    NAME,
    wire::{self, FromRealtime},
};
use crate::{
    Hints, ProviderError,
    llm::openai::MANNERS,
    realtime::{Talk, ToSpeaker},
    socket::{Closed, Dial, Frame, NotOpened, Socket},
};

/// Audio kept while the session is made: ten seconds.
const WAITING_BYTES: usize = 80_000;

/// Orders that come before the session stands. When there is too much audio the oldest goes.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) orders: VecDeque<ToSpeaker>,
    bytes: usize,
    pub(super) dropped: usize,
}

impl Waiting {
    fn push(&mut self, order: ToSpeaker) {
        self.bytes += length(&order);
        self.orders.push_back(order);
        while self.bytes > WAITING_BYTES {
            let oldest = self.orders.iter().position(|order| length(order) > 0);
            let Some(oldest) = oldest.and_then(|at| self.orders.remove(at)) else {
                break;
            };
            self.bytes -= length(&oldest);
            self.dropped += length(&oldest);
        }
    }
}

fn length(order: &ToSpeaker) -> usize {
    match order {
        ToSpeaker::Audio(bytes) => bytes.len(),
        ToSpeaker::Cancel { .. }
        | ToSpeaker::Clear
        | ToSpeaker::Commit { .. }
        | ToSpeaker::Recall(_)
        | ToSpeaker::Respond { .. }
        | ToSpeaker::Say { .. }
        | ToSpeaker::Stop(_)
        | ToSpeaker::ToolAnswered { .. } => 0,
    }
}

/// Waits for a session while orders gather. `None`: nobody wants it any more.
pub(super) async fn while_opening(
    opening: impl Future<Output = Result<Socket, ProviderError>>,
    orders: &mut mpsc::Receiver<ToSpeaker>,
    waiting: &mut Waiting,
) -> Result<Option<Socket>, ProviderError> {
    tokio::pin!(opening);
    loop {
        tokio::select! {
            opened = &mut opening => return opened.map(Some),
            order = orders.recv() => match order {
                Some(order) => waiting.push(order),
                None => return Ok(None),
            },
        }
    }
}

/// Opens a session, settles it, and fills it with what was said before.
pub(super) async fn open(dial: Dial, talk: Talk) -> Result<Socket, ProviderError> {
    let begun = Instant::now();
    let waited = dial.connect;
    let mut socket = dial.open().await.map_err(not_opened)?;
    let left = waited.saturating_sub(begun.elapsed());
    let settings = wire::configure(&talk.settings, &talk.prompt.system);
    let Ok(settled) = timeout(left, settle(&mut socket, settings)).await else {
        return Err(ProviderError::Silent {
            provider: NAME,
            stage: "session",
            waited,
        });
    };
    settled?;
    fill(&mut socket, &talk.prompt).await?;
    Ok(socket)
}

/// Makes a conversation out of what was said before.
pub(super) async fn fill(socket: &mut Socket, prompt: &Prompt) -> Result<(), ProviderError> {
    for item in wire::history(&prompt.messages) {
        send(socket, item).await?;
    }
    Ok(())
}

/// The server speaks first; then it is told how to, and says that it has understood.
async fn settle(socket: &mut Socket, settings: String) -> Result<(), ProviderError> {
    let mut settings = Some(settings);
    loop {
        let text = match socket.next().await {
            Frame::Text(text) => text,
            Frame::Binary(_) | Frame::Other => continue,
            Frame::Closed(how) => return Err(failed(how)),
        };
        match wire::read(&text)? {
            FromRealtime::SessionCreated => {
                if let Some(settings) = settings.take() {
                    send(socket, settings).await?;
                }
            }
            // One that comes unasked settles nothing.
            FromRealtime::SessionUpdated if settings.is_none() => return Ok(()),
            FromRealtime::Complaint(complaint) => return Err(complaint.of_settings()),
            FromRealtime::Alive { .. }
            | FromRealtime::Audio { .. }
            | FromRealtime::Committed { .. }
            | FromRealtime::ItemAdded { .. }
            | FromRealtime::ItemDone { .. }
            | FromRealtime::NotTranscribed { .. }
            | FromRealtime::Nothing
            | FromRealtime::ResponseCreated { .. }
            | FromRealtime::ResponseDone(_)
            | FromRealtime::SessionUpdated
            | FromRealtime::SpeechStarted { .. }
            | FromRealtime::SpeechStopped { .. }
            | FromRealtime::Text { .. }
            | FromRealtime::Transcribed { .. }
            | FromRealtime::Transcribing { .. } => {}
        }
    }
}

/// A line that broke while we sent may still hold the reason in what it sent before.
pub(super) async fn send(socket: &mut Socket, message: String) -> Result<(), ProviderError> {
    let Err(how) = socket.send_text(message).await else {
        return Ok(());
    };
    Err(failed(socket.last_words(how).await))
}

fn not_opened(why: NotOpened) -> ProviderError {
    match why {
        NotOpened::Failed(error) => error,
        NotOpened::Refused(refusal) => {
            let header = |name: &str| {
                refusal
                    .headers
                    .get(name)
                    .and_then(|text| text.to_str().ok())
            };
            let request = header(MANNERS.request_id).unwrap_or("none");
            tracing::debug!(provider = NAME, request, status = refusal.status, "refused");
            wire::refused(refusal.status, Hints::read(header), &refusal.body)
        }
    }
}

/// A connection that ended by itself.
pub(super) fn failed(how: Closed) -> ProviderError {
    match how {
        Closed::Said { code, reason } => wire::closed(code, &reason),
        how @ (Closed::Broke(_) | Closed::Garbled(_) | Closed::Stuck { .. }) => {
            how.into_error(NAME)
        }
    }
}
