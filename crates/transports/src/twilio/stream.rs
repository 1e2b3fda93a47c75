//! The media socket: Twilio's audio in, ours out.

mod budget;
mod intake;
mod oddities;
mod opening;
mod reader;
mod silence;
mod socket;
mod timeline;
pub mod wire;
mod writer;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::extract::ws::{CloseCode, WebSocket, WebSocketUpgrade, close_code};
use domain::CarrierCallId;

use opening::Opening;
use socket::Socket;

pub use oddities::{Oddities, Oddity};
pub use opening::Start;
pub use reader::TwilioReader;
pub use writer::TwilioWriter;

/// Largest message that is read. A second of audio is 11 kB of it.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// How long we wait for what a stream must do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StreamLimits {
    /// From the upgrade to `start`.
    pub start_within: Duration,
    /// Without a message from Twilio, the connection is probed after this.
    pub probe_after: Duration,
    /// Without a message from Twilio, the line is lost after this.
    pub lost_after: Duration,
    /// What we send must be taken off our hands within this.
    pub write_within: Duration,
    /// How much faster than real time audio may come in for long.
    pub times_real_time: u32,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            start_within: Duration::from_secs(10),
            probe_after: Duration::from_secs(5),
            lost_after: Duration::from_secs(10),
            write_within: Duration::from_secs(5),
            times_real_time: 4,
        }
    }
}

/// A stream that has said whose it is. Nothing of that is proven before its token is redeemed.
#[derive(Debug)]
pub struct Started {
    /// The carrier's id of the call.
    pub call: CarrierCallId,
    /// The carrier's id of the stream.
    pub stream_sid: String,
    /// The carrier's account, if said.
    pub account: Option<String>,
    /// What our document gave it to bring along.
    pub parameters: BTreeMap<String, String>,
    /// What the caller says.
    pub reader: TwilioReader,
    /// What the caller hears.
    pub writer: TwilioWriter,
}

impl Started {
    /// Closes the socket of a stream whose token is no good (1008), within a second.
    pub async fn refuse(self) {
        let Self {
            reader, mut writer, ..
        } = self;
        drop(reader);
        writer.close_with(close_code::POLICY).await;
    }
}

/// Why a socket did not become a stream. It has been closed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Rejected {
    /// A message before `start`, or `start` itself, could not be read.
    #[error("the stream begins with an unreadable message: {0}")]
    BadStart(wire::Unreadable),
    /// The audio is not 8 kHz mu-law on one channel.
    #[error("the stream's audio is {0}, not audio/x-mulaw at 8000 Hz on one channel")]
    Format(String),
    /// The other end went away.
    #[error("the socket was closed before `start`")]
    Gone,
    /// `start` did not come in time.
    #[error("`start` did not come in time")]
    TooSlow,
    /// `connected` comes first, then `start`, then everything else.
    #[error("`{0}` came out of turn")]
    WrongOrder(&'static str),
}

impl Rejected {
    const fn close_code(&self) -> CloseCode {
        match self {
            Self::BadStart(_) | Self::Gone | Self::WrongOrder(_) => close_code::PROTOCOL,
            Self::Format(_) => close_code::UNSUPPORTED,
            Self::TooSlow => close_code::POLICY,
        }
    }
}

/// Sets an upgrade to small buffers and small messages.
///
/// Hundreds of calls share a core: the library's 128 KiB of read buffer per connection would cost
/// memory and time. A frame of the caller's comes in a message of 350 bytes, and a larger message
/// finds room all the same. The write buffer is only as large as a batch of frames ever was; while it
/// holds less than its size, a batch leaves in one system call: the usual one of five frames does.
pub fn upgrade_config(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(1024)
        .write_buffer_size(2048)
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES)
}

/// Waits for a stream to say whose it is. What is odd about it is counted in `oddities`.
///
/// # Errors
/// When it does not, in time and in order. The socket is closed then.
pub async fn accept(
    socket: WebSocket,
    limits: &StreamLimits,
    oddities: &Arc<Oddities>,
) -> Result<Started, Rejected> {
    let mut socket = Arc::new(Socket::new(socket));
    let opened = tokio::time::timeout(limits.start_within, open(&socket, oddities)).await;
    match opened.unwrap_or(Err(Rejected::TooSlow)) {
        Ok(start) => Ok(Started {
            writer: TwilioWriter::new(Arc::clone(&socket), &start.stream_sid, limits),
            reader: TwilioReader::new(socket, limits, Arc::clone(oddities)),
            call: start.call,
            stream_sid: start.stream_sid,
            account: start.account,
            parameters: start.parameters,
        }),
        Err(rejected) => {
            socket::close(&mut socket, rejected.close_code()).await;
            Err(rejected)
        }
    }
}

async fn open(socket: &Socket, oddities: &Oddities) -> Result<Start, Rejected> {
    use axum::extract::ws::Message;

    let mut opening = Opening::default();
    loop {
        let start = match socket.read().await {
            Some(Ok(Message::Text(text))) => opening.text(&text, oddities)?,
            Some(Ok(Message::Binary(_))) => {
                opening.binary(oddities)?;
                None
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_))) => None,
            Some(Err(_)) | None => return Err(Rejected::Gone),
        };
        if let Some(start) = start {
            return Ok(start);
        }
    }
}
