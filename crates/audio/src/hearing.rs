//! Who speaks on the line: the caller, somebody behind him, or our own echo.
//!
//! The detector behind [`crate::vad`] hears voices, whoever's they are. Two gates stand between it
//! and what is told: one for our own voice coming back, one for voices too quiet to be the caller's.
//! What they keep out counts as silence.

mod echo;
mod floor;
mod loudness;
mod noise;

use crate::{
    framing::Blocks,
    level::{dbfs_to_power, power_to_dbfs},
    vad::{
        BLOCK, BLOCK_MS, Block, Detector, Latch, SAMPLES_PER_MS, Scored, Scorer, VadSettings,
        Voice, Whose,
    },
};

use echo::{Echo, Ours, Overheard};
use loudness::Loudness;
use noise::{Change, Noise};

/// Speech over our own must last this long before it is told: 3 blocks.
const START_OVER_US_MS: u32 = 3 * BLOCK_MS;
/// A voice over our own that may be somebody else's: 8 blocks.
const START_IN_DOUBT_MS: u32 = 8 * BLOCK_MS;
/// In a noisy place: 5 blocks.
const START_WHEN_NOISY_MS: u32 = 5 * BLOCK_MS;
/// How much closer to the caller's level the gate moves in a noisy place.
const NOISY_DB: f32 = 3.0;
/// If no more of a speech was loud before it turned out to be in the background, all of it was.
const ONE_SYLLABLE_MS: u64 = 250;
/// Ignored sound is told in pieces of this length, so that words of it can be dropped as they come.
const PIECE: u64 = 480 * SAMPLES_PER_MS;

/// What is heard, and what is not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HearingSettings {
    /// When sound counts as speech.
    pub vad: VadSettings,
    /// Whether our own voice, coming back by the line's echo, is recognised and ignored.
    pub echo: bool,
    /// A voice this many decibels under the caller's own level is ignored; 0 ignores none.
    pub level_db: f32,
    /// What tells speech from other sound.
    pub detector: Detector,
}

impl Default for HearingSettings {
    fn default() -> Self {
        Self {
            vad: VadSettings::default(),
            echo: true,
            level_db: 12.0,
            detector: Detector::default(),
        }
    }
}

/// What was heard. Times are counted in samples since the stream began.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Heard {
    /// A voice sounded that is not the caller's: our own echo, or somebody in the background.
    Ignored {
        /// Its first sample.
        from_ms: u64,
        /// Just after its last sample.
        until_ms: u64,
    },
    /// Something that is no speech began to sound, and has lasted for half a second.
    NoiseStarted {
        /// When it began.
        at_ms: u64,
    },
    /// It has been silent for half a second.
    NoiseStopped {
        /// When it ended.
        at_ms: u64,
    },
    /// The caller began to speak.
    SpeechStarted {
        /// When the first sound of it was made.
        at_ms: u64,
    },
    /// The caller fell silent. If that is when he began, it was not he who spoke.
    SpeechStopped {
        /// When the last sound ended.
        at_ms: u64,
    },
}

/// Listens to one call: 8 kHz mu-law from the caller, and what we play to him.
pub struct Hearing {
    blocks: Blocks<u8, BLOCK>,
    ear: Ear,
}

/// Everything behind the framing.
struct Ear {
    settings: HearingSettings,
    /// Quieter than this is quiet.
    gate_power: f32,
    scorer: Scorer,
    latch: Latch,
    echo: Echo,
    loudness: Loudness,
    noise: Noise,
    place: Place,
    /// Samples so far.
    heard: u64,
    /// Of the last block.
    power: f32,
    /// Where the ignored sound began that is not told yet.
    ignored_from: Option<u64>,
}

/// Where the caller calls from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Noisy,
    Usual,
}

impl Hearing {
    /// An ear at the beginning of a call.
    #[must_use]
    pub fn new(settings: HearingSettings) -> Self {
        let HearingSettings { vad, level_db, .. } = settings;
        let gate_power = dbfs_to_power(vad.gate_dbfs);
        Self {
            blocks: Blocks::default(),
            ear: Ear {
                settings,
                gate_power,
                scorer: Scorer::new(settings.detector, vad.gate_dbfs),
                latch: Latch::new(vad, gate_power),
                echo: Echo::new(),
                loudness: Loudness::new(level_db),
                noise: Noise::new(),
                place: Place::Usual,
                heard: 0,
                power: 0.0,
                ignored_from: None,
            },
        }
    }

    /// Hears some of the caller's audio, of any length, and appends what it means to `told`.
    pub fn hear(&mut self, ulaw: &[u8], told: &mut Vec<Heard>) {
        let ear = &mut self.ear;
        self.blocks.push(ulaw, |block| ear.hear(block, told));
    }

    /// Learns what the caller is played from `at_ms` on, on the clock of [`Self::heard_ms`]; best
    /// before its echo can arrive.
    pub fn played(&mut self, ulaw: &[u8], at_ms: u64) {
        self.ear.echo.played(ulaw, at_ms);
    }

    /// Learns that the caller is not played anything from `at_ms` on, whatever was said before.
    pub fn silenced(&mut self, at_ms: u64) {
        self.ear.echo.silenced(at_ms);
    }

    /// Takes the place for a noisy one, for the rest of the call: speech must last for five blocks
    /// and be closer to the caller's level. Asked twice, it does the same.
    pub fn harder(&mut self) {
        let ear = &mut self.ear;
        if ear.place == Place::Usual {
            ear.place = Place::Noisy;
            ear.loudness.raise(NOISY_DB);
        }
    }

    /// Whether the caller speaks, as far as was told.
    #[must_use]
    pub fn speaking(&self) -> bool {
        self.ear.latch.speaking()
    }

    /// How much audio was heard.
    #[must_use]
    pub fn heard_ms(&self) -> u64 {
        (self.ear.heard + self.blocks.pending() as u64) / SAMPLES_PER_MS
    }

    /// The level of the last whole block.
    #[must_use]
    pub fn level_dbfs(&self) -> f32 {
        power_to_dbfs(self.ear.power)
    }
}

impl Ear {
    fn hear(&mut self, codes: &[u8; BLOCK], told: &mut Vec<Heard>) {
        let mut overheard = Overheard::NOTHING;
        let (echo, gate) = (&mut self.echo, self.settings.echo);
        let scored = self.scorer.score_unless(codes, |powers| {
            overheard = echo.hear(powers);
            gate && overheard.ours == Ours::Yes
        });
        self.power = scored.power();
        let begins = self.heard;
        self.heard += BLOCK as u64;
        let voice = scored.probability >= self.settings.vad.stop_threshold;
        self.loudness.hear(self.power, voice);
        let whose = self.whose(&scored, overheard);
        let block = Block {
            begins,
            scored,
            whose,
            veil: self.veil(overheard),
        };
        self.latch.start_after(self.start_after_ms(overheard));
        let since = self.latch.speaking_since();
        match self.latch.hear(&block) {
            Some(Voice::Started { at_ms }) => told.push(Heard::SpeechStarted { at_ms }),
            Some(Voice::Stopped { at_ms }) => {
                let at_ms = self.stopped(since, at_ms, whose);
                told.push(Heard::SpeechStopped { at_ms });
            }
            None => {}
        }
        self.learn(&block, overheard);
        self.ignore(&block, told);
        told.extend(self.listen_for_noise(&block, overheard));
    }

    fn whose(&self, scored: &Scored, overheard: Overheard) -> Whose {
        let voice = scored.probability >= self.settings.vad.stop_threshold;
        let ours = match overheard.ours {
            Ours::No => false,
            Ours::Perhaps => voice,
            // The detector may be resting.
            Ours::Yes => voice || self.power >= self.gate_power,
        };
        if self.settings.echo && ours {
            Whose::Ours
        } else if voice && self.loudness.is_background(overheard.playing) {
            Whose::Background
        } else {
            Whose::Caller
        }
    }

    /// Sound of less power may be somebody else's.
    fn veil(&self, overheard: Overheard) -> f32 {
        let gate = dbfs_to_power(self.loudness.gate_dbfs(overheard.playing));
        let echo = if self.settings.echo {
            overheard.at_most
        } else {
            0.0
        };
        gate.max(echo)
    }

    fn start_after_ms(&self, overheard: Overheard) -> u32 {
        let usual = self.settings.vad.start_after_ms;
        match (self.place, overheard.playing) {
            (Place::Noisy | Place::Usual, true) if self.loudness.is_doubtful() => {
                usual.max(START_IN_DOUBT_MS)
            }
            (Place::Noisy, _) => usual.max(START_WHEN_NOISY_MS),
            (Place::Usual, true) => usual.max(START_OVER_US_MS),
            (Place::Usual, false) => usual,
        }
    }

    /// When the caller fell silent, if he was the one who spoke.
    fn stopped(&mut self, since: Option<u64>, at_ms: u64, whose: Whose) -> u64 {
        let Some(since) = since else { return at_ms };
        let since_ms = since / SAMPLES_PER_MS;
        let mistaken = match whose {
            Whose::Background => at_ms - since_ms < ONE_SYLLABLE_MS,
            Whose::Caller => false,
            // It may not have been known that our voice comes back like that.
            Whose::Ours => self.echo.repeats(self.heard - since),
        };
        if !mistaken {
            return at_ms;
        }
        self.ignored_from = Some(since);
        since_ms
    }

    fn learn(&mut self, block: &Block, overheard: Overheard) {
        let voice = block.scored.probability >= self.settings.vad.start_threshold;
        if !voice {
            return;
        }
        // Over our own voice nobody's level is certain.
        if overheard.playing {
            if block.whose == Whose::Background {
                self.loudness.learn_insistence();
            }
            return;
        }
        match block.whose {
            Whose::Background => self.loudness.learn_background(),
            Whose::Caller => self.loudness.learn_caller(),
            Whose::Ours => {}
        }
    }

    /// Tells of ignored sound when it ends, and piece by piece while it goes on.
    fn ignore(&mut self, block: &Block, told: &mut Vec<Heard>) {
        let goes_on = match block.whose {
            Whose::Background | Whose::Ours => true,
            Whose::Caller => false,
        };
        let until = if goes_on { block.ends() } else { block.begins };
        let from = match (self.ignored_from, goes_on) {
            (Some(from), _) => from,
            (None, true) => block.begins,
            (None, false) => return,
        };
        self.ignored_from = goes_on.then_some(from);
        if (!goes_on && until > from) || until - from >= PIECE {
            told.push(Heard::Ignored {
                from_ms: from / SAMPLES_PER_MS,
                until_ms: until / SAMPLES_PER_MS,
            });
            self.ignored_from = goes_on.then_some(until);
        }
    }

    fn listen_for_noise(&mut self, block: &Block, overheard: Overheard) -> Option<Heard> {
        let voice = block.scored.probability >= self.settings.vad.stop_threshold;
        let echo = self.settings.echo && self.power <= overheard.at_most;
        let foreign = !voice && !echo && !self.latch.speaking();
        let at_ms = (self.heard / SAMPLES_PER_MS).saturating_sub(noise::TOLD_AFTER_MS);
        Some(match self.noise.hear(self.power, foreign)? {
            Change::Started => Heard::NoiseStarted { at_ms },
            Change::Stopped => Heard::NoiseStopped { at_ms },
        })
    }
}

#[cfg(test)]
mod tests;
