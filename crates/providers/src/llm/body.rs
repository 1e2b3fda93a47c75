//! The body of an answer, cut into what can be parsed: events, or one whole text. Pure.

use crate::{
    ProviderError,
    sse::{EventReader, TooLong},
    text::{brief, in_place_of},
};

/// The longest answer that is read where a server does not stream.
const MAX_WHOLE: usize = 1 << 20;
/// Unreadable events in a row that are skipped before the stream counts as garbled.
const SKIPPED: u32 = 3;

/// How the body is read; its first character tells.
#[derive(Debug, Default)]
pub(super) enum Body {
    #[default]
    Unknown,
    Events(EventReader),
    Whole(Vec<u8>),
}

/// What is left when a body ends.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Rest {
    Nothing,
    /// The last event, whose blank line did not come.
    Event(String),
    /// All of it: the server does not stream, or something else answered.
    Whole(String),
}

impl Body {
    /// Takes the next piece and returns the events that it completes.
    pub(super) fn read(&mut self, piece: &[u8]) -> Result<Vec<String>, TooLong> {
        let piece = match self {
            Self::Unknown => self.begin(piece),
            Self::Events(_) | Self::Whole(_) => piece,
        };
        match self {
            Self::Events(events) => events.read(piece),
            Self::Whole(body) if body.len() + piece.len() > MAX_WHOLE => Err(TooLong::Whole),
            Self::Whole(body) => {
                body.extend_from_slice(piece);
                Ok(Vec::new())
            }
            Self::Unknown => Ok(Vec::new()),
        }
    }

    /// The body has ended.
    pub(super) fn finish(&mut self) -> Result<Rest, TooLong> {
        match std::mem::take(self) {
            Self::Unknown => Ok(Rest::Nothing),
            Self::Events(events) => Ok(events.finish()?.map_or(Rest::Nothing, Rest::Event)),
            Self::Whole(body) => Ok(Rest::Whole(String::from_utf8_lossy(&body).into_owned())),
        }
    }

    /// Sees by the first character what the body is; blanks before it belong to neither.
    fn begin<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let begin = piece.iter().take_while(|byte| blank(byte)).count();
        let piece = &piece[begin..];
        match piece.first() {
            None => {}
            Some(b'{' | b'[' | b'<') => *self = Self::Whole(Vec::new()),
            Some(_) => *self = Self::Events(EventReader::default()),
        }
        piece
    }
}

/// Counts unreadable events in a row.
#[derive(Debug, Default)]
pub(super) struct Skipped(u32);

impl Skipped {
    /// An event was readable.
    pub(super) fn reset(&mut self) {
        self.0 = 0;
    }

    /// Skips an unreadable event, unless there were too many.
    pub(super) fn skip(
        &mut self,
        provider: &'static str,
        event: &str,
    ) -> Result<(), ProviderError> {
        self.0 += 1;
        tracing::debug!(provider, skipped = self.0, "unreadable event skipped");
        if self.0 > SKIPPED {
            return Err(no_answer(provider, event));
        }
        Ok(())
    }
}

/// What came in place of an answer. It may hold words of the conversation.
pub(super) fn no_answer(provider: &'static str, body: &str) -> ProviderError {
    garbled(provider, &in_place_of("an answer", body))
}

/// It is not the provider's protocol, for a reason in our own words.
pub(super) fn garbled(provider: &'static str, what: &str) -> ProviderError {
    ProviderError::Garbled {
        provider,
        detail: brief(what),
    }
}
