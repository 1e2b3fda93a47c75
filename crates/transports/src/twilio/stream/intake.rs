use std::sync::Arc;

use base64_simd::AsOut;
use bytes::{Bytes, BytesMut};
use domain::Millis;
use session::Mark;

use super::{
    Oddities, Oddity,
    budget::{Budget, Verdict},
    timeline::Timeline,
    wire::{self, FromTwilio, Media},
};
use crate::FromLine;

/// Turns the messages of a running stream into what the driver wants to know. Pure.
#[derive(Debug)]
pub(super) struct Intake {
    budget: Budget,
    timeline: Timeline,
    /// Decoded audio is cut off its front. As soon as nobody has it any more, which is at once unless
    /// somebody is behind, the room is used again.
    buffer: BytesMut,
    owed: Owed,
    oddities: Arc<Oddities>,
}

/// Audio that follows a gap waits until the gap has been filled.
#[derive(Debug, Default)]
struct Owed {
    silence: usize,
    audio: Bytes,
}

impl Intake {
    const BUFFER_BYTES: usize = 512;

    pub(super) fn new(times_real_time: u32, oddities: Arc<Oddities>) -> Self {
        Self {
            budget: Budget::new(times_real_time),
            timeline: Timeline::default(),
            buffer: BytesMut::with_capacity(Self::BUFFER_BYTES),
            owed: Owed::default(),
            oddities,
        }
    }

    /// What is still to be told of the last message. Asked before the next one is read.
    pub(super) fn owed(&mut self) -> Option<FromLine> {
        /// Mu-law for nothing at all.
        static SILENCE: [u8; 8_000] = [0xff; 8_000];
        let silence = self.owed.silence.min(SILENCE.len());
        if silence > 0 {
            self.owed.silence -= silence;
            return Some(FromLine::Audio(Bytes::from_static(&SILENCE[..silence])));
        }
        let audio = std::mem::take(&mut self.owed.audio);
        if audio.is_empty() {
            None
        } else {
            Some(FromLine::Audio(audio))
        }
    }

    /// Takes a message; returns what it means to the driver, if anything.
    pub(super) fn text(&mut self, text: &str, now: Millis) -> Option<FromLine> {
        let Ok(message) = wire::read(text) else {
            return self.odd(Oddity::BadJson, now);
        };
        match message {
            FromTwilio::Media(media) => self.media(&media, now),
            FromTwilio::Mark(name) => match Mark::read(&name) {
                Some(mark) => self.charged(FromLine::Played(mark), now),
                None => self.odd(Oddity::BadMark, now),
            },
            FromTwilio::Dtmf(digit) => match read_digit(&digit) {
                Some(digit) => self.charged(FromLine::Digit(digit), now),
                None => self.odd(Oddity::BadDigit, now),
            },
            FromTwilio::Stop => Some(FromLine::HungUp),
            FromTwilio::Other => self.odd(Oddity::UnknownEvent, now),
            // A stream begins once. What does it again is not Twilio.
            FromTwilio::Connected | FromTwilio::Start(_) => Some(FromLine::Lost),
        }
    }

    /// Takes a binary frame, which the protocol does not have.
    pub(super) fn binary(&mut self, now: Millis) -> Option<FromLine> {
        self.odd(Oddity::BinaryFrame, now)
    }

    fn media(&mut self, media: &Media<'_>, now: Millis) -> Option<FromLine> {
        if media.track.as_ref().is_some_and(|track| track != "inbound") {
            return self.charge(Millis::ZERO, now).err();
        }
        let Some(audio) = self.decode(media.payload.as_bytes()) else {
            return self.odd(Oddity::BadPayload, now);
        };
        let silence = self.timeline.place(media.timestamp, audio.len());
        let ms = u64::try_from((silence + audio.len()) / 8).unwrap_or(u64::MAX);
        match self.charge(Millis(ms), now) {
            Ok(true) => {
                self.owed = Owed { silence, audio };
                self.owed()
            }
            Ok(false) => None,
            Err(lost) => Some(lost),
        }
    }

    fn decode(&mut self, payload: &[u8]) -> Option<Bytes> {
        let room = base64_simd::STANDARD.estimated_decoded_length(payload.len());
        self.buffer.clear();
        self.buffer.resize(room, 0);
        let decoded = base64_simd::STANDARD.decode(payload, self.buffer.as_mut().as_out());
        let length = decoded.ok()?.len();
        Some(self.buffer.split_to(length).freeze())
    }

    fn charged(&mut self, what: FromLine, now: Millis) -> Option<FromLine> {
        match self.charge(Millis::ZERO, now) {
            Ok(true) => Some(what),
            Ok(false) => None,
            Err(lost) => Some(lost),
        }
    }

    fn odd(&mut self, oddity: Oddity, now: Millis) -> Option<FromLine> {
        self.oddities.note(oddity);
        self.charge(Millis::ZERO, now).err()
    }

    /// Whether a message is within the budget; `Lost` when it has been beyond for long.
    fn charge(&mut self, audio: Millis, now: Millis) -> Result<bool, FromLine> {
        match self.budget.charge(now, audio) {
            Verdict::Take => Ok(true),
            Verdict::Drop => {
                self.oddities.note(Oddity::Flood);
                Ok(false)
            }
            Verdict::Close => {
                self.oddities.note(Oddity::Flood);
                Err(FromLine::Lost)
            }
        }
    }
}

fn read_digit(text: &str) -> Option<char> {
    let mut chars = text.chars();
    let digit = chars.next()?;
    let is_key = matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D');
    (is_key && chars.next().is_none()).then_some(digit)
}

#[cfg(test)]
mod tests;
