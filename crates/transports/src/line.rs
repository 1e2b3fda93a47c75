use std::future::Future;

use bytes::Bytes;
use session::Mark;

/// What the caller's end of a line tells us.
#[derive(Clone, Debug, PartialEq)]
pub enum FromLine {
    /// The caller's audio: mu-law, 8 kHz, any length, gaps already filled.
    Audio(Bytes),
    /// A key was pressed.
    Digit(char),
    /// Everything before this mark was played, or thrown away.
    Played(Mark),
    /// The caller, or the carrier for him, ended the call properly.
    HungUp,
    /// The line broke, fell silent, or talked nonsense.
    Lost,
}

/// The ear's side of a line.
pub trait LineReader: Send {
    /// The next thing that arrives. After `HungUp` or `Lost` it is not asked again.
    fn next(&mut self) -> impl Future<Output = FromLine> + Send;
}

/// The mouth's side of a line.
pub trait LineWriter: Send {
    /// Sends frames of audio: mu-law, 8 kHz, `audio.len()` a multiple of 160 but for the last.
    ///
    /// # Errors
    /// When the line is gone. The reader will say so too.
    fn frames(&mut self, audio: &[u8]) -> impl Future<Output = Result<(), LineGone>> + Send;

    /// Asks to be told when everything before was played.
    ///
    /// # Errors
    /// When the line is gone.
    fn mark(&mut self, mark: Mark) -> impl Future<Output = Result<(), LineGone>> + Send;

    /// Throws away what the carrier still has queued.
    ///
    /// # Errors
    /// When the line is gone.
    fn clear(&mut self) -> impl Future<Output = Result<(), LineGone>> + Send;

    /// Puts down the receiver. The carrier then asks what to do with the call.
    fn close(&mut self) -> impl Future<Output = ()> + Send;
}

/// The line does not take anything any more.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the line is gone")]
pub struct LineGone;
