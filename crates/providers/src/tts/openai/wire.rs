//! What goes over the wire: a request per clause, and bare samples that answer it.

use audio::{
    g711::ulaw,
    resample::{RATES_HZ, Resampler},
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    ProviderError,
    openai::{NAME, broke_off},
    text::{brief, in_place_of},
    tts::{
        Voice,
        ahead::{known_format, longest},
    },
};

/// The rate of the format called `pcm`.
const RATE_HZ: u32 = 24_000;
/// Bytes that are turned at a time, 40 ms, so that what lies between the two formats does not grow
/// with the piece.
const BLOCK: usize = 1_920;
/// Bytes by which anything but bare samples is known.
const HEAD: usize = 16;
/// How slowly and how fast it speaks.
const SPEEDS: std::ops::RangeInclusive<f32> = 0.25..=4.0;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    voice: VoiceName<'a>,
    input: &'a str,
    response_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    speed: Option<f32>,
}

/// Voices of one's own are named by an object.
#[derive(Serialize)]
#[serde(untagged)]
enum VoiceName<'a> {
    BuiltIn(&'a str),
    Own { id: &'a str },
}

/// The request for a clause.
#[must_use]
pub fn request(voice: &Voice, text: &str) -> Vec<u8> {
    let own = voice.voice.starts_with("voice_");
    let request = Request {
        model: &voice.model,
        voice: if own {
            VoiceName::Own { id: &voice.voice }
        } else {
            VoiceName::BuiltIn(&voice.voice)
        },
        input: text.trim(),
        response_format: "pcm",
        speed: voice
            .speed
            .map(|speed| speed.clamp(*SPEEDS.start(), *SPEEDS.end())),
    };
    serde_json::to_vec(&request).expect("text and numbers are always JSON")
}

/// Turns the body of an answer into mu-law. Pieces may end anywhere, also within a sample.
pub struct SoundReader {
    resampler: Resampler,
    /// The beginning, until it is long enough to be known for what it is.
    head: Option<Vec<u8>>,
    /// The first half of a sample.
    odd: Option<u8>,
    /// Bytes of mu-law made.
    made: usize,
    most: usize,
    /// Of a block, as they came and at the lower rate.
    samples: Vec<i16>,
    narrow: Vec<i16>,
}

impl SoundReader {
    /// Reads the sound of this text.
    ///
    /// # Panics
    /// Never: its rates are among those that are supported.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            resampler: Resampler::new(RATE_HZ, RATES_HZ[0]).expect("both rates are supported"),
            head: Some(Vec::new()),
            odd: None,
            made: 0,
            most: longest(text),
            samples: Vec::new(),
            narrow: Vec::new(),
        }
    }

    /// Takes the next piece of the body, and returns the sound that it completes.
    pub fn read(&mut self, piece: &[u8]) -> Result<Vec<u8>, ProviderError> {
        let Some(head) = &mut self.head else {
            return self.sound(piece);
        };
        head.extend_from_slice(piece);
        if head.len() < HEAD {
            return Ok(Vec::new());
        }
        let head = self.head.take().unwrap_or_default();
        // Never by more: what a body is taken for does not depend on how it was cut.
        refuse_known(&head[..HEAD])?;
        self.sound(&head)
    }

    /// The body has ended: the rest of the sound. A half sample at the end is dropped.
    pub fn finish(mut self) -> Result<Vec<u8>, ProviderError> {
        let mut sound = Vec::new();
        if let Some(head) = self.head.take() {
            refuse_known(&head)?;
            sound = self.sound(&head)?;
        }
        let mut rest = Vec::new();
        self.resampler.flush(&mut rest);
        ulaw::encode_into(&rest, &mut sound);
        if self.made + rest.len() == 0 {
            return Err(garbled("no sound at all"));
        }
        Ok(sound)
    }

    fn sound(&mut self, piece: &[u8]) -> Result<Vec<u8>, ProviderError> {
        let mut sound = Vec::with_capacity(piece.len() / 6 + 1);
        for block in piece.chunks(BLOCK) {
            self.turn(block, &mut sound);
        }
        self.made += sound.len();
        if self.made > self.most {
            return Err(garbled("far more audio than the text can fill"));
        }
        Ok(sound)
    }

    fn turn(&mut self, mut block: &[u8], sound: &mut Vec<u8>) {
        self.samples.clear();
        self.narrow.clear();
        if let (Some(low), [high, rest @ ..]) = (self.odd, block) {
            self.samples.push(i16::from_le_bytes([low, *high]));
            self.odd = None;
            block = rest;
        }
        let (pairs, odd) = block.as_chunks::<2>();
        self.samples
            .extend(pairs.iter().map(|pair| i16::from_le_bytes(*pair)));
        if let [odd] = odd {
            self.odd = Some(*odd);
        }
        self.resampler.push(&self.samples, &mut self.narrow);
        ulaw::encode_into(&self.narrow, sound);
    }
}

/// Refuses what is known to be something else: played as samples it would be a burst of noise.
fn refuse_known(head: &[u8]) -> Result<(), ProviderError> {
    let is_text =
        |byte: &u8| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    if let Some(format) = known_format(head) {
        return Err(garbled(&format!("{format} in place of bare samples")));
    }
    if !head.is_empty() && head.iter().all(is_text) {
        return Err(garbled("text in place of sound"));
    }
    Ok(())
}

/// Whether a body of this content type cannot be sound.
#[must_use]
pub fn is_text(content_type: &str) -> bool {
    ["text/", "application/json", "application/problem+json"]
        .iter()
        .any(|kind| content_type.starts_with(kind))
}

/// What is wrong, when an answer with status 200 is a text.
#[must_use]
pub fn no_sound(body: &[u8]) -> ProviderError {
    #[derive(serde::Deserialize)]
    struct Body<'a> {
        #[serde(borrow, default)]
        error: Option<&'a RawValue>,
    }
    let body = String::from_utf8_lossy(body);
    match serde_json::from_str::<Body<'_>>(&body) {
        Ok(Body { error: Some(error) }) => broke_off(error),
        // It may repeat what was to be spoken.
        Ok(_) | Err(_) => garbled(&in_place_of("sound", &body)),
    }
}

fn garbled(what: &str) -> ProviderError {
    ProviderError::Garbled {
        provider: NAME,
        detail: brief(what),
    }
}

#[cfg(test)]
mod tests;
