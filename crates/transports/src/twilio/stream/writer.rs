use std::{sync::Arc, time::Duration};

use axum::extract::ws::{CloseCode, Message, close_code};
use session::Mark;

use super::{
    StreamLimits,
    socket::{self, Socket},
    wire::ToTwilio,
};
use crate::{LineGone, LineWriter};

/// The mouth's side of a Twilio stream.
#[derive(Debug)]
pub struct TwilioWriter {
    socket: Arc<Socket>,
    wire: ToTwilio,
    write_within: Duration,
}

impl TwilioWriter {
    /// 20 ms of mu-law at 8 kHz.
    const FRAME_BYTES: usize = 160;

    pub(super) fn new(socket: Arc<Socket>, stream_sid: &str, limits: &StreamLimits) -> Self {
        Self {
            socket,
            wire: ToTwilio::new(stream_sid),
            write_within: limits.write_within,
        }
    }

    /// Puts down the receiver for a reason.
    pub(super) async fn close_with(&mut self, code: CloseCode) {
        socket::close(&mut self.socket, code).await;
    }

    /// A peer that takes nothing for seconds is gone, whatever its TCP stack says.
    async fn send(&self, texts: impl Iterator<Item = String> + Send) -> Result<(), LineGone> {
        let messages = texts.map(|text| Message::Text(text.into()));
        match tokio::time::timeout(self.write_within, self.socket.send(messages)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(LineGone),
        }
    }
}

impl LineWriter for TwilioWriter {
    async fn frames(&mut self, audio: &[u8]) -> Result<(), LineGone> {
        let frames = audio.chunks(Self::FRAME_BYTES);
        self.send(frames.map(|frame| self.wire.media(frame))).await
    }

    async fn mark(&mut self, mark: Mark) -> Result<(), LineGone> {
        self.send(std::iter::once(self.wire.mark(mark))).await
    }

    async fn clear(&mut self) -> Result<(), LineGone> {
        self.send(std::iter::once(self.wire.clear())).await
    }

    async fn close(&mut self) {
        self.close_with(close_code::NORMAL).await;
    }
}
