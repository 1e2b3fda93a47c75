//! Finds the sound in a WAV file that arrives in pieces, and writes headers.
//!
//! Text-to-speech services stream WAV files before they know their length, so sizes may be 0 or
//! all ones; chunks of other kinds may stand before the sound.

/// How the samples of a WAV file are coded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Coding {
    /// A-law, 8 bits.
    ALaw,
    /// mu-law, 8 bits.
    MuLaw,
    /// Linear, 16 bits, little-endian.
    Pcm16,
}

/// What the header of a WAV file says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Format {
    /// How samples are coded.
    pub coding: Coding,
    /// Sampling rate.
    pub rate_hz: u32,
    /// Interleaved channels.
    pub channels: u16,
}

/// Why a stream is not a WAV file that we can play.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadWav {
    /// There is more in front of the sound than any real file has.
    #[error("no sound within the first {LONGEST_HEADER} bytes of the WAV file")]
    EndlessHeader,
    /// The sound comes before its description.
    #[error("the WAV file does not say how its sound is coded")]
    NoFormat,
    /// It is something else.
    #[error("not a WAV file: it does not begin with RIFF and WAVE")]
    NotWav,
    /// It can be played, but not by us.
    #[error(
        "WAV coding {tag} with {bits} bits, {channels} channels, {rate_hz} Hz is not supported"
    )]
    Unsupported {
        /// The registered number of the coding.
        tag: u16,
        /// Bits per sample.
        bits: u16,
        /// Interleaved channels.
        channels: u16,
        /// Sampling rate.
        rate_hz: u32,
    },
}

/// Bytes in front of the sound beyond which a stream is refused.
pub const LONGEST_HEADER: usize = 65_536;

/// Length of the headers written by [`header`].
pub const HEADER_BYTES: usize = 44;

const TAG_PCM: u16 = 1;
const TAG_ALAW: u16 = 6;
const TAG_MULAW: u16 = 7;
/// The true tag follows further behind.
const TAG_EXTENSIBLE: u16 = 0xFFFE;

/// Bytes of `RIFF`, size, `WAVE`.
const RIFF_BYTES: usize = 12;
/// Bytes of a chunk's name and size.
const CHUNK_BYTES: usize = 8;
/// Bytes of a format chunk up to the true tag of an extensible format.
const FORMAT_BYTES: usize = 26;
/// The shortest format chunk there is.
const SHORTEST_FORMAT: usize = 16;
/// Sizes that stand for "not known yet".
const UNKNOWN_SIZES: [u32; 2] = [0, u32::MAX];

/// Reads one WAV file, piece by piece.
#[derive(Clone, Debug)]
pub struct WavReader {
    state: State,
    format: Option<Format>,
    /// Bytes in front of the sound so far.
    header: usize,
    /// The beginning of the structure being read.
    pending: [u8; FORMAT_BYTES],
    filled: usize,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Reading the first twelve bytes.
    Riff,
    /// Reading a chunk's name and size.
    Chunk,
    /// Reading a format chunk, of which so many bytes are of interest and so many follow.
    Format { wanted: usize, rest: u64 },
    /// Passing over so many bytes.
    Skip(u64),
    /// In the sound, of which so many bytes are left, if the header knew.
    Sound(Option<u64>),
}

impl Default for WavReader {
    fn default() -> Self {
        Self {
            state: State::Riff,
            format: None,
            header: 0,
            pending: [0; FORMAT_BYTES],
            filled: 0,
        }
    }
}

impl WavReader {
    /// The format, once the header was read.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// The part of `piece` that is sound; empty while the header goes on, and behind the sound.
    ///
    /// The format is known before the first sound is returned.
    ///
    /// # Errors
    /// When the stream is no WAV file or one of a coding that we do not know.
    pub fn sound<'a>(&mut self, piece: &'a [u8]) -> Result<&'a [u8], BadWav> {
        let mut rest = piece;
        loop {
            if let State::Sound(left) = &mut self.state {
                return Ok(take_sound(left, rest));
            }
            if rest.is_empty() {
                return Ok(rest);
            }
            let before = rest.len();
            rest = self.header(rest)?;
            self.header += before - rest.len();
            if self.header > LONGEST_HEADER {
                return Err(BadWav::EndlessHeader);
            }
        }
    }

    /// Reads on in the header; returns what it did not need.
    fn header<'a>(&mut self, rest: &'a [u8]) -> Result<&'a [u8], BadWav> {
        let wanted = match self.state {
            State::Riff => RIFF_BYTES,
            State::Chunk => CHUNK_BYTES,
            State::Format { wanted, .. } => wanted,
            State::Skip(left) => return Ok(self.skip(left, rest)),
            State::Sound(_) => return Ok(rest),
        };
        let (head, rest) = rest.split_at(rest.len().min(wanted - self.filled));
        self.pending[self.filled..][..head.len()].copy_from_slice(head);
        self.filled += head.len();
        if self.filled == wanted {
            self.filled = 0;
            self.state = self.complete()?;
        }
        Ok(rest)
    }

    fn skip<'a>(&mut self, left: u64, rest: &'a [u8]) -> &'a [u8] {
        let skipped = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
        let left = left - skipped as u64;
        self.state = if left == 0 {
            State::Chunk
        } else {
            State::Skip(left)
        };
        &rest[skipped..]
    }

    /// What comes after the structure in `pending`.
    fn complete(&mut self) -> Result<State, BadWav> {
        match self.state {
            State::Riff if &self.pending[..4] != b"RIFF" || &self.pending[8..12] != b"WAVE" => {
                Err(BadWav::NotWav)
            }
            State::Riff | State::Skip(_) | State::Sound(_) => Ok(State::Chunk),
            State::Chunk => self.chunk(),
            State::Format { wanted, rest } => {
                self.format = Some(read_format(&self.pending[..wanted])?);
                Ok(State::Skip(rest))
            }
        }
    }

    fn chunk(&self) -> Result<State, BadWav> {
        let size = word(&self.pending, 4);
        // Chunks begin at even places.
        let padded = u64::from(size) + u64::from(size % 2);
        match &self.pending[..4] {
            b"fmt " => {
                let wanted = FORMAT_BYTES.min(size as usize);
                if wanted < SHORTEST_FORMAT {
                    return Err(BadWav::NoFormat);
                }
                Ok(State::Format {
                    wanted,
                    rest: padded - wanted as u64,
                })
            }
            b"data" if self.format.is_none() => Err(BadWav::NoFormat),
            b"data" if UNKNOWN_SIZES.contains(&size) => Ok(State::Sound(None)),
            b"data" => Ok(State::Sound(Some(u64::from(size)))),
            _ => Ok(State::Skip(padded)),
        }
    }
}

fn take_sound<'a>(left: &mut Option<u64>, rest: &'a [u8]) -> &'a [u8] {
    let Some(left) = left else { return rest };
    let taken = usize::try_from(*left).map_or(rest.len(), |left| left.min(rest.len()));
    *left -= taken as u64;
    &rest[..taken]
}

fn read_format(chunk: &[u8]) -> Result<Format, BadWav> {
    let tag = match half_word(chunk, 0) {
        TAG_EXTENSIBLE if chunk.len() == FORMAT_BYTES => half_word(chunk, 24),
        tag => tag,
    };
    let (channels, rate_hz, bits) = (half_word(chunk, 2), word(chunk, 4), half_word(chunk, 14));
    let coding = match (tag, bits) {
        (TAG_PCM, 16) => Some(Coding::Pcm16),
        (TAG_ALAW, 8) => Some(Coding::ALaw),
        (TAG_MULAW, 8) => Some(Coding::MuLaw),
        _ => None,
    };
    match coding {
        Some(coding) if channels > 0 && rate_hz > 0 => Ok(Format {
            coding,
            rate_hz,
            channels,
        }),
        _ => Err(BadWav::Unsupported {
            tag,
            bits,
            channels,
            rate_hz,
        }),
    }
}

/// The header to be put in front of `sound_bytes` bytes of sound.
#[must_use]
pub fn header(format: Format, sound_bytes: u32) -> [u8; HEADER_BYTES] {
    let (tag, bytes) = match format.coding {
        Coding::ALaw => (TAG_ALAW, 1),
        Coding::MuLaw => (TAG_MULAW, 1),
        Coding::Pcm16 => (TAG_PCM, 2),
    };
    let frame_bytes = format.channels.saturating_mul(bytes);
    let behind_riff_size = (HEADER_BYTES - CHUNK_BYTES) as u32;
    let mut header = [0; HEADER_BYTES];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        header[at..][..bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    put(b"RIFF");
    put(&sound_bytes.saturating_add(behind_riff_size).to_le_bytes());
    put(b"WAVEfmt ");
    put(&(SHORTEST_FORMAT as u32).to_le_bytes());
    put(&tag.to_le_bytes());
    put(&format.channels.to_le_bytes());
    put(&format.rate_hz.to_le_bytes());
    put(&format
        .rate_hz
        .saturating_mul(u32::from(frame_bytes))
        .to_le_bytes());
    put(&frame_bytes.to_le_bytes());
    put(&(8 * bytes).to_le_bytes());
    put(b"data");
    put(&sound_bytes.to_le_bytes());
    header
}

fn half_word(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests;
