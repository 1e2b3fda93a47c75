//! Recordings of a tenant's own.

use std::{collections::BTreeMap, fs, io, path::Path};

use audio::{
    g711::{alaw, ulaw},
    resample::{Resampler, UnsupportedRate},
    wav::{BadWav, Coding, WavReader},
};
use bytes::Bytes;
use domain::Language;

use super::meaning::Meaning;

/// A clip is spoken while somebody waits for help: nobody listens for longer.
const LONGEST_S: usize = 30;
const SHORTEST_MS: usize = 200;
/// Bytes of the largest file: the longest clip at 48 kHz, with some room.
const LARGEST: u64 = 4 << 20;
const LINE_HZ: u32 = 8_000;

/// One recording per language, ready for the line.
#[derive(Default)]
pub(crate) struct Clips(BTreeMap<Language, Bytes>);

/// Why a file is no clip.
#[derive(Debug, thiserror::Error)]
enum BadClip {
    #[error("{0}")]
    BadWav(#[from] BadWav),
    #[error("it lasts {ms} ms, and a clip {SHORTEST_MS} ms to {LONGEST_S} s")]
    Length { ms: usize },
    #[error("cannot be read: {0}")]
    Missing(#[from] io::Error),
    #[error("neither a WAV file nor named `.ulaw`")]
    OtherKind,
    #[error("it has {bytes} bytes, and a clip at most {LARGEST}")]
    Size { bytes: u64 },
    #[error("it has {0} channels: make it mono")]
    Stereo(u16),
    #[error("{0}")]
    UnsupportedRate(#[from] UnsupportedRate),
}

impl Clips {
    /// Reads the files that stand under `key` by language.
    pub(crate) fn read(
        key: &str,
        typed: &BTreeMap<String, String>,
        meaning: &mut Meaning<'_>,
    ) -> Self {
        let mut clips = BTreeMap::new();
        for (tag, path) in typed {
            let key = format!("{key}.{tag}");
            let language: Option<Language> = meaning.parse(&key, tag);
            let path = meaning.beside(&key, path);
            let clip = load(&path).map_err(|error| format!("{}: {error}", path.display()));
            clips.extend(language.zip(meaning.ok(&key, clip)));
        }
        Self(clips)
    }

    /// The clip for who speaks this language: of the region, or of the language alone.
    pub(crate) fn of(&self, language: &Language) -> Option<Bytes> {
        self.chosen(language).map(|(_, clip)| clip.clone())
    }

    /// Warns of clips that an agent who speaks this language never plays.
    pub(crate) fn warn_of_unused(&self, key: &str, speaks: &Language, meaning: &mut Meaning<'_>) {
        let used = self.chosen(speaks).map(|(language, _)| language);
        for language in self.0.keys().filter(|language| Some(*language) != used) {
            let warning = format!("{key}.{language} is not used: the agent speaks {speaks}");
            meaning.warnings.push(warning);
        }
    }

    fn chosen(&self, speaks: &Language) -> Option<(&Language, &Bytes)> {
        let by_tag = |tag: &str| self.0.iter().find(|(language, _)| language.tag() == tag);
        by_tag(speaks.tag()).or_else(|| by_tag(speaks.primary()))
    }
}

/// The file as mu-law at 8 kHz.
fn load(path: &Path) -> Result<Bytes, BadClip> {
    let bytes = fs::metadata(path)?.len();
    if bytes > LARGEST {
        return Err(BadClip::Size { bytes });
    }
    let file = fs::read(path)?;
    let clip = if file.starts_with(b"RIFF") {
        from_wav(&file)?
    } else if path.extension().is_some_and(|kind| kind == "ulaw") {
        file
    } else {
        return Err(BadClip::OtherKind);
    };
    let ms = clip.len() / 8;
    if (SHORTEST_MS..=LONGEST_S * 1_000).contains(&ms) {
        Ok(clip.into())
    } else {
        Err(BadClip::Length { ms })
    }
}

fn from_wav(file: &[u8]) -> Result<Vec<u8>, BadClip> {
    let mut reader = WavReader::default();
    let sound = reader.sound(file)?;
    let format = reader.format().ok_or(BadWav::NoFormat)?;
    if format.channels != 1 {
        return Err(BadClip::Stereo(format.channels));
    }
    let mut samples = Vec::new();
    match format.coding {
        Coding::ALaw => alaw::decode_into(sound, &mut samples),
        Coding::MuLaw => ulaw::decode_into(sound, &mut samples),
        Coding::Pcm16 => {
            let pairs = sound.chunks_exact(2);
            samples.extend(pairs.map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
        }
    }
    let mut resampler = Resampler::new(format.rate_hz, LINE_HZ)?;
    let mut resampled = Vec::new();
    resampler.push(&samples, &mut resampled);
    resampler.flush(&mut resampled);
    let mut clip = Vec::with_capacity(resampled.len());
    ulaw::encode_into(&resampled, &mut clip);
    Ok(clip)
}

#[cfg(test)]
mod tests;
