//! What the callers of the scenarios say, recorded: `crates/sim/fixtures/turns`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::turns::scenario::{Scenario, Step, VoiceName};

/// A phrase in a voice.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Wanted {
    /// Who says it.
    pub voice: VoiceName,
    /// What.
    pub text: String,
}

/// One line of the index.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    voice: String,
    text: String,
    bytes: usize,
    /// Of the sound: FNV-1a, 64 bits, hexadecimal.
    hash: String,
}

/// Recorded phrases: mu-law, 8 kHz, no silence around them.
#[derive(Clone, Debug, Default)]
pub struct Recordings(BTreeMap<(VoiceName, String), Vec<u8>>);

/// Why recordings are of no use.
#[derive(Debug, thiserror::Error)]
pub enum BadRecordings {
    /// A file cannot be read or written.
    #[error("{file}: {why}")]
    File {
        /// Which.
        file: String,
        /// What the system says.
        why: io::Error,
    },
    /// The index is not of its form.
    #[error("index.json: {0}")]
    Index(serde_json::Error),
    /// The sound is not what the index says.
    #[error("phrases.ulaw: {0:?} is damaged: make the recordings anew")]
    Damaged(String),
    /// A scenario needs a phrase that nobody recorded.
    #[error("{0:?} is not recorded: `cargo run -p sim --example record_phrases`")]
    Missing(String),
    /// The index names a voice that does not exist.
    #[error("index.json: there is no voice {0:?}")]
    Voice(String),
}

const INDEX: &str = "index.json";
const SOUND: &str = "phrases.ulaw";

impl Recordings {
    /// Reads the recordings of a folder and checks their hashes.
    ///
    /// # Errors
    /// When a file is missing, damaged, or not of its form.
    pub fn load(folder: &Path) -> Result<Self, BadRecordings> {
        let text = fs::read(folder.join(INDEX)).map_err(|why| at_file(INDEX, why))?;
        let sound = fs::read(folder.join(SOUND)).map_err(|why| at_file(SOUND, why))?;
        let lines: Vec<Line> = serde_json::from_slice(&text).map_err(BadRecordings::Index)?;
        let mut phrases = BTreeMap::new();
        let mut rest = sound.as_slice();
        for line in lines {
            let voice = VoiceName::parse(&line.voice).ok_or(BadRecordings::Voice(line.voice))?;
            let bytes = line.bytes.min(rest.len());
            let (ulaw, after) = rest.split_at(bytes);
            if ulaw.len() < line.bytes || hash(ulaw) != line.hash {
                return Err(BadRecordings::Damaged(line.text));
            }
            phrases.insert((voice, line.text), ulaw.to_vec());
            rest = after;
        }
        Ok(Self(phrases))
    }

    /// Writes the recordings into a folder.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), BadRecordings> {
        let mut lines = Vec::new();
        let mut sound = Vec::new();
        for ((voice, text), ulaw) in &self.0 {
            let line = Line {
                voice: voice.as_str().to_owned(),
                text: text.clone(),
                bytes: ulaw.len(),
                hash: hash(ulaw),
            };
            lines.push(serde_json::to_string(&line).map_err(BadRecordings::Index)?);
            sound.extend_from_slice(ulaw);
        }
        let index = format!("[\n{}\n]\n", lines.join(",\n"));
        fs::create_dir_all(folder).map_err(|why| at_file("the folder", why))?;
        fs::write(folder.join(INDEX), index).map_err(|why| at_file(INDEX, why))?;
        fs::write(folder.join(SOUND), sound).map_err(|why| at_file(SOUND, why))
    }

    /// Adds one.
    pub fn add(&mut self, wanted: Wanted, ulaw: Vec<u8>) {
        self.0.insert((wanted.voice, wanted.text), ulaw);
    }

    /// The sound of a phrase.
    #[must_use]
    pub fn find(&self, wanted: &Wanted) -> Option<&[u8]> {
        let key = (wanted.voice, wanted.text.clone());
        self.0.get(&key).map(Vec::as_slice)
    }
}

impl VoiceName {
    /// The name in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EnF => "en_f",
            Self::EnM => "en_m",
            Self::EsF => "es_f",
            Self::EsM => "es_m",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let all = [Self::EnF, Self::EnM, Self::EsF, Self::EsM];
        all.into_iter().find(|voice| voice.as_str() == name)
    }

    /// Who speaks a language where nobody is named.
    pub(super) fn usual(language: &str) -> Self {
        if language.starts_with("es") {
            Self::EsM
        } else {
            Self::EnM
        }
    }
}

/// Every phrase that these scenarios need.
#[must_use]
pub fn wanted(scenarios: &[Scenario]) -> BTreeSet<Wanted> {
    let mut all = BTreeSet::new();
    for scenario in scenarios {
        for step in &scenario.steps {
            if let Step::Say(say) = step {
                let usual = || VoiceName::usual(&scenario.language);
                all.insert(Wanted {
                    voice: say.voice.unwrap_or_else(usual),
                    text: say.text.clone(),
                });
            }
        }
    }
    all
}

fn at_file(file: &str, why: io::Error) -> BadRecordings {
    BadRecordings::File {
        file: file.to_owned(),
        why,
    }
}

fn hash(bytes: &[u8]) -> String {
    let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
    format!("{:016x}", bytes.iter().fold(0xCBF2_9CE4_8422_2325, fold))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(path: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
    }

    #[test]
    fn every_phrase_of_the_scenarios_is_recorded() {
        let recordings = Recordings::load(&repository("fixtures/turns")).unwrap();
        let scenarios = Scenario::load_folder(&repository("../../scenarios/turns")).unwrap();
        let missing: Vec<_> = wanted(&scenarios)
            .into_iter()
            .filter(|wanted| recordings.find(wanted).is_none())
            .collect();
        assert!(
            missing.is_empty(),
            "not recorded: {missing:?}; `cargo run -p sim --example record_phrases` records them"
        );
    }

    #[test]
    fn damage_is_noticed() {
        let folder = std::env::temp_dir().join(format!("repartee-rec-{}", std::process::id()));
        let mut recordings = Recordings::default();
        let hello = Wanted {
            voice: VoiceName::EnF,
            text: "Hello.".to_owned(),
        };
        recordings.add(hello.clone(), vec![1, 2, 3]);
        recordings.save(&folder).unwrap();
        let loaded = Recordings::load(&folder).unwrap();
        assert_eq!(loaded.find(&hello), Some(&[1, 2, 3][..]));
        fs::write(folder.join(SOUND), [1, 2, 4]).unwrap();
        let bad = Recordings::load(&folder).unwrap_err();
        assert!(bad.to_string().contains("damaged"), "{bad}");
        fs::remove_dir_all(folder).unwrap();
    }
}
