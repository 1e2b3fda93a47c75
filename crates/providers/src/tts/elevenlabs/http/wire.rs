//! What goes over the wire: a request per clause, lines of JSON that answer it, pages of voices.
//! Pure.

use std::mem;

use bytes::{Bytes, BytesMut};
use domain::Millis;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use session::WordEnd;

use super::super::{
    NAME,
    letters::Letters,
    refusal,
    settings::{self, VoiceSettings},
    wire::Letter,
};
use crate::{
    Hints, ProviderError, Verdict,
    address::Address,
    text::{Text, brief, unreadable},
    tts::{
        Voice,
        ahead::{BYTES_PER_MS, known_format, longest},
    },
};

/// The longest line that is read: half a minute of sound, with its times.
pub const MAX_LINE: usize = 1 << 20;
/// Where models are listed.
pub const MODELS: &str = "/v1/models";

#[derive(Serialize)]
struct Request<'a> {
    text: &'a str,
    model_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    language_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice_settings: Option<VoiceSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_text: Option<&'a str>,
}

/// Where a voice is asked for a clause.
#[must_use]
pub fn path(voice: &Voice) -> String {
    Address::new("/v1/text-to-speech".to_owned())
        .segment(&voice.voice)
        .segment("stream")
        .segment("with-timestamps")
        .with("output_format", "ulaw_8000")
        .finish()
}

/// The request for a clause. What was said before it makes it sound as one with that.
#[must_use]
pub fn request(voice: &Voice, text: &str, previous: &str) -> Vec<u8> {
    let takes_previous = !previous.is_empty() && !settings::is_expressive(&voice.model);
    let request = Request {
        text: text.trim(),
        model_id: &voice.model,
        language_code: settings::language(voice),
        voice_settings: VoiceSettings::of(voice),
        previous_text: takes_previous.then_some(previous),
    };
    serde_json::to_vec(&request).expect("text and finite numbers are always JSON")
}

/// Whether a body of this content type cannot be lines of JSON.
#[must_use]
pub fn is_foreign(content_type: &str) -> bool {
    ["audio/", "text/html"]
        .iter()
        .any(|kind| content_type.starts_with(kind))
}

/// A body of a content type that cannot be what was asked for.
#[must_use]
pub fn foreign(content_type: &str) -> ProviderError {
    garbled(&format!("{content_type} in place of lines of JSON"))
}

/// What an answer with an error status means.
#[must_use]
pub fn refused(status: u16, hints: Hints, body: &str) -> ProviderError {
    let mut error = refusal::refused(status, body);
    if let ProviderError::Refused { verdict, .. } = &mut error
        && let (Verdict::RetryAfter(_), Some(wait)) = (*verdict, hints.wait)
    {
        *verdict = Verdict::RetryAfter(wait);
    }
    error
}

/// Turns the body of an answer into sound and the words that end in it. Pieces may end anywhere.
pub struct SoundReader {
    body: BytesMut,
    /// As much of the body as has no end of a line.
    scanned: usize,
    letters: Letters,
    times: Times,
    /// Bytes of mu-law made.
    made: usize,
    most: usize,
}

/// Mu-law, and where words end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sound {
    /// Any length, also none.
    pub bytes: Bytes,
    /// Counted from the beginning of the clause; they may end in sound that is yet to come.
    pub words: Vec<WordEnd>,
}

/// What the times of letters are counted from: the beginning of the clause, until they step back.
#[derive(Default)]
struct Times {
    from_line: bool,
    /// When the newest letter begins.
    newest: u64,
    /// When the newest word ends.
    word: u64,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default, alias = "audio")]
    audio_base64: Text<'a>,
    #[serde(borrow, default)]
    alignment: Option<&'a RawValue>,
    #[serde(borrow, default)]
    normalized_alignment: Option<&'a RawValue>,
    #[serde(borrow, default)]
    detail: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Alignment<'a> {
    #[serde(borrow)]
    characters: Vec<Text<'a>>,
    character_start_times_seconds: Vec<f64>,
    character_end_times_seconds: Vec<f64>,
}

impl SoundReader {
    /// Reads the sound of this text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            body: BytesMut::new(),
            scanned: 0,
            letters: Letters::of(text),
            times: Times::default(),
            made: 0,
            most: longest(text),
        }
    }

    /// Takes the next piece of the body.
    pub fn push(&mut self, piece: &[u8]) {
        self.body.extend_from_slice(piece);
    }

    /// The sound of the next line, unless more of the body is needed first.
    pub fn next_sound(&mut self) -> Result<Option<Sound>, ProviderError> {
        let new = &self.body[self.scanned..];
        let Some(end) = new.iter().position(|byte| *byte == b'\n') else {
            self.scanned = self.body.len();
            return self.bounded(self.scanned).map(|()| None);
        };
        let end = mem::take(&mut self.scanned) + end;
        self.bounded(end)?;
        let line = self.body.split_to(end + 1);
        self.sound(&line).map(Some)
    }

    /// The body has ended: the sound of a line whose end is missing.
    pub fn finish(mut self) -> Result<Sound, ProviderError> {
        let line = mem::take(&mut self.body);
        let sound = self.sound(&line)?;
        if self.made == 0 {
            return Err(garbled("no sound at all"));
        }
        Ok(sound)
    }

    fn bounded(&self, length: usize) -> Result<(), ProviderError> {
        if length > MAX_LINE {
            return Err(garbled("a line that never ends"));
        }
        Ok(())
    }

    fn sound(&mut self, line: &[u8]) -> Result<Sound, ProviderError> {
        let line = String::from_utf8_lossy(line);
        if line.trim().is_empty() {
            return Ok(Sound::default());
        }
        let read: Line<'_> =
            serde_json::from_str(&line).map_err(|why| garbled(&unreadable(&line, &why)))?;
        if read.detail.is_some() || read.error.is_some() {
            return Err(refusal::broke_off(&line));
        }
        let bytes = base64_simd::forgiving_decode_to_vec(read.audio_base64.as_bytes())
            .map_err(|why| garbled(&why.to_string()))?;
        if self.made == 0
            && let Some(format) = known_format(&bytes)
        {
            return Err(garbled(&format!("{format} in place of mu-law")));
        }
        let before = (self.made / BYTES_PER_MS) as u64;
        self.made += bytes.len();
        if self.made > self.most {
            return Err(garbled("far more audio than the text can fill"));
        }
        // The plain alignment has our own characters, the other what was made of them.
        let letters = [read.alignment, read.normalized_alignment]
            .into_iter()
            .flatten()
            .find_map(letters);
        Ok(Sound {
            bytes: bytes.into(),
            words: self.words(&letters.unwrap_or_default(), before),
        })
    }

    fn words(&mut self, letters: &[Letter], before: u64) -> Vec<WordEnd> {
        let mut words = Vec::new();
        self.times.look_at(letters, before);
        for letter in letters {
            if self.letters.is_spoken() {
                break;
            }
            if let Some(chars) = self.letters.speak(letter.chars) {
                let at = Millis(self.times.end_of(letter, before));
                words.push(WordEnd { chars, at });
            }
        }
        words
    }
}

impl Times {
    /// Finds out how the times of a line are counted, before which there was so much sound.
    fn look_at(&mut self, letters: &[Letter], before: u64) {
        let (Some(first), Some(last)) = (letters.first(), letters.last()) else {
            return;
        };
        self.from_line |= first.begins < self.newest;
        self.newest = self.in_clause(last.begins, before);
    }

    const fn in_clause(&self, time: u64, before: u64) -> u64 {
        if self.from_line {
            time.saturating_add(before)
        } else {
            time
        }
    }

    /// When a word ends with this letter; no word ends before another that comes first.
    fn end_of(&mut self, letter: &Letter, before: u64) -> u64 {
        self.word = self.word.max(self.in_clause(letter.ends, before));
        self.word
    }
}

/// An alignment that cannot be read is none: the audio is worth more.
fn letters(raw: &RawValue) -> Option<Vec<Letter>> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and such a word does not end in any sound"
    )]
    let millis = |seconds: f64| (seconds * 1_000.0).round() as u64;
    let alignment: Alignment<'_> = serde_json::from_str(raw.get()).ok()?;
    let times = alignment
        .character_start_times_seconds
        .iter()
        .zip(&alignment.character_end_times_seconds);
    let letters = alignment.characters.iter().zip(times);
    let letters: Vec<Letter> = letters
        .map(|(text, (&begins, &ends))| Letter {
            chars: text.chars().filter(|c| !c.is_whitespace()).count(),
            begins: millis(begins),
            ends: millis(ends),
        })
        .filter(|letter| letter.chars > 0)
        .collect();
    (!letters.is_empty()).then_some(letters)
}

/// A voice that an account may use.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VoiceInfo {
    /// What a configuration names.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// `premade`, `cloned` and so on; may be empty.
    pub category: String,
}

/// A page of the list of voices.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct VoicePage {
    /// In the provider's order.
    pub voices: Vec<VoiceInfo>,
    /// What to ask for next.
    pub next: Option<String>,
}

/// Where a page of voices is: the first, or the one that the page before named.
#[must_use]
pub fn voices_path(next: Option<&str>) -> String {
    let address = Address::new("/v2/voices".to_owned()).with("page_size", "100");
    match next {
        Some(token) => address.with("next_page_token", token).finish(),
        None => address.finish(),
    }
}

/// Reads a page of voices. A voice without an id is none.
pub fn read_voices(body: &[u8]) -> Result<VoicePage, ProviderError> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        voices: Vec<Listed<'a>>,
        #[serde(default)]
        has_more: Option<bool>,
        #[serde(borrow, default)]
        next_page_token: Text<'a>,
    }
    #[derive(Deserialize)]
    struct Listed<'a> {
        #[serde(borrow, default)]
        voice_id: Text<'a>,
        #[serde(borrow, default)]
        name: Text<'a>,
        #[serde(borrow, default)]
        category: Text<'a>,
    }
    let body = String::from_utf8_lossy(body);
    let read: Body<'_> =
        serde_json::from_str(&body).map_err(|why| garbled(&unreadable(&body, &why)))?;
    let more = read.has_more != Some(false) && !read.next_page_token.is_empty();
    let listed = read
        .voices
        .into_iter()
        .filter(|voice| !voice.voice_id.is_empty());
    let voices = listed.map(|voice| VoiceInfo {
        id: voice.voice_id.0.into_owned(),
        name: voice.name.0.into_owned(),
        category: voice.category.0.into_owned(),
    });
    Ok(VoicePage {
        voices: voices.collect(),
        next: more.then(|| read.next_page_token.0.into_owned()),
    })
}

fn garbled(what: &str) -> ProviderError {
    ProviderError::Garbled {
        provider: NAME,
        detail: brief(what),
    }
}

#[cfg(test)]
mod tests;
