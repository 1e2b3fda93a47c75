//! The messages of a media stream, both ways. Pure.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{
    Deserialize,
    de::{Deserializer, Visitor},
};
use session::Mark;

/// A message from Twilio.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FromTwilio<'a> {
    /// First of all.
    Connected,
    /// A key was pressed.
    Dtmf(Cow<'a, str>),
    /// Everything before a mark was played, or thrown away.
    Mark(Cow<'a, str>),
    /// Audio.
    Media(Media<'a>),
    /// A kind of event that we do not know.
    Other,
    /// Whose stream it is.
    Start(Box<Start<'a>>),
    /// The stream is over.
    Stop,
}

/// A piece of audio.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Media<'a> {
    /// Whose voice: `inbound` is the caller's.
    pub track: Option<Cow<'a, str>>,
    /// Milliseconds since the stream began, if it is a number.
    pub timestamp: Option<u64>,
    /// Base64 of mu-law.
    pub payload: Cow<'a, str>,
}

/// Whose stream it is and what it carries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Start<'a> {
    /// The carrier's id of the stream.
    pub stream_sid: Cow<'a, str>,
    /// The carrier's id of the call.
    pub call_sid: Cow<'a, str>,
    /// The carrier's account.
    pub account_sid: Option<Cow<'a, str>>,
    /// What the audio is. Mu-law if not said.
    pub format: Option<Format<'a>>,
    /// What our document gave it to bring along.
    pub parameters: BTreeMap<String, String>,
}

/// How the audio is encoded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Format<'a> {
    /// Such as `audio/x-mulaw`.
    pub encoding: Cow<'a, str>,
    /// In Hz.
    pub sample_rate: Option<u64>,
    /// One for phones.
    pub channels: Option<u64>,
}

/// Why a message cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON, or not of the shape it should have. What it says stays out of logs.
    #[error("not the JSON it should be, at column {column}")]
    Json {
        /// Where, counted in bytes from 1.
        column: usize,
    },
    /// The event has no meaning without this.
    #[error("`{0}` is missing")]
    Missing(&'static str),
}

/// Reads a message. Unknown events and unknown fields are fine, numbers may be strings.
///
/// # Errors
/// When it is not JSON, or lacks what its event is about.
pub fn read(text: &str) -> Result<FromTwilio<'_>, Unreadable> {
    let raw: Raw<'_> = serde_json::from_str(text).map_err(|why| Unreadable::Json {
        column: why.column(),
    })?;
    Ok(match &*raw.event.0 {
        "media" => FromTwilio::Media(raw.media.ok_or(Unreadable::Missing("media"))?.read()?),
        "mark" => FromTwilio::Mark(raw.mark.ok_or(Unreadable::Missing("mark"))?.name.0),
        "dtmf" => FromTwilio::Dtmf(raw.dtmf.ok_or(Unreadable::Missing("dtmf"))?.digit.0),
        "connected" => FromTwilio::Connected,
        "start" => {
            let start = raw.start.ok_or(Unreadable::Missing("start"))?;
            FromTwilio::Start(Box::new(start.read(raw.stream_sid)?))
        }
        "stop" => FromTwilio::Stop,
        _ => FromTwilio::Other,
    })
}

/// All events in one flat struct: a tagged enum would be buffered and cost half as much again.
#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    event: Text<'a>,
    #[serde(borrow, rename = "streamSid")]
    stream_sid: Option<Text<'a>>,
    #[serde(borrow)]
    media: Option<RawMedia<'a>>,
    #[serde(borrow)]
    mark: Option<RawMark<'a>>,
    #[serde(borrow)]
    dtmf: Option<RawDtmf<'a>>,
    #[serde(borrow)]
    start: Option<RawStart<'a>>,
}

/// A text that is borrowed unless it holds escapes, which some senders put even into base64.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct RawMedia<'a> {
    #[serde(borrow)]
    track: Option<Text<'a>>,
    #[serde(default)]
    timestamp: Decimal,
    #[serde(borrow)]
    payload: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct RawMark<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Deserialize)]
struct RawDtmf<'a> {
    #[serde(borrow)]
    digit: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawStart<'a> {
    #[serde(borrow)]
    stream_sid: Option<Text<'a>>,
    #[serde(borrow)]
    call_sid: Option<Text<'a>>,
    #[serde(borrow)]
    account_sid: Option<Text<'a>>,
    #[serde(borrow)]
    media_format: Option<RawFormat<'a>>,
    custom_parameters: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawFormat<'a> {
    #[serde(borrow)]
    encoding: Text<'a>,
    #[serde(default)]
    sample_rate: Decimal,
    #[serde(default)]
    channels: Decimal,
}

impl<'a> RawMedia<'a> {
    fn read(self) -> Result<Media<'a>, Unreadable> {
        Ok(Media {
            track: self.track.map(|track| track.0),
            timestamp: self.timestamp.0,
            payload: self.payload.ok_or(Unreadable::Missing("media.payload"))?.0,
        })
    }
}

impl<'a> RawStart<'a> {
    fn read(self, outer_sid: Option<Text<'a>>) -> Result<Start<'a>, Unreadable> {
        let stream_sid = self.stream_sid.or(outer_sid);
        Ok(Start {
            stream_sid: stream_sid.ok_or(Unreadable::Missing("start.streamSid"))?.0,
            call_sid: self.call_sid.ok_or(Unreadable::Missing("start.callSid"))?.0,
            account_sid: self.account_sid.map(|sid| sid.0),
            format: self.media_format.map(|format| Format {
                encoding: format.encoding.0,
                sample_rate: format.sample_rate.0,
                channels: format.channels.0,
            }),
            parameters: self.custom_parameters.unwrap_or_default(),
        })
    }
}

/// A whole number, written as one or as text. Anything else that is JSON is no number, which is
/// no error: it only places audio in time.
#[derive(Default)]
struct Decimal(Option<u64>);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Lenient;
        impl Visitor<'_> for Lenient {
            type Value = Decimal;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or text with one")
            }
            fn visit_str<E>(self, text: &str) -> Result<Decimal, E> {
                Ok(Decimal(text.parse().ok()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Decimal, E> {
                Ok(Decimal(Some(number)))
            }
            fn visit_i64<E>(self, _negative: i64) -> Result<Decimal, E> {
                Ok(Decimal(None))
            }
            fn visit_f64<E>(self, _fraction: f64) -> Result<Decimal, E> {
                Ok(Decimal(None))
            }
            fn visit_unit<E>(self) -> Result<Decimal, E> {
                Ok(Decimal(None))
            }
        }
        from.deserialize_any(Lenient)
    }
}

/// Writes the messages to Twilio for one stream.
#[derive(Clone, Debug)]
pub struct ToTwilio {
    media: String,
    sid: String,
}

impl ToTwilio {
    /// For the stream of this id.
    #[must_use]
    pub fn new(stream_sid: &str) -> Self {
        let sid = serde_json::Value::from(stream_sid).to_string();
        let media = format!(r#"{{"event":"media","streamSid":{sid},"media":{{"payload":""#);
        Self { media, sid }
    }

    /// Audio to be played: mu-law of any length. One allocation, as it is done all the time.
    #[must_use]
    pub fn media(&self, audio: &[u8]) -> String {
        const END: &str = r#""}}"#;
        let base64 = base64_simd::STANDARD.encoded_length(audio.len());
        let mut text = String::with_capacity(self.media.len() + base64 + END.len());
        text.push_str(&self.media);
        base64_simd::STANDARD.encode_append(audio, &mut text);
        text.push_str(END);
        text
    }

    /// To be reported back when everything before was played.
    #[must_use]
    pub fn mark(&self, mark: Mark) -> String {
        let sid = &self.sid;
        format!(r#"{{"event":"mark","streamSid":{sid},"mark":{{"name":"{mark}"}}}}"#)
    }

    /// Throws away what is queued.
    #[must_use]
    pub fn clear(&self) -> String {
        format!(r#"{{"event":"clear","streamSid":{}}}"#, self.sid)
    }
}

#[cfg(test)]
mod tests;
