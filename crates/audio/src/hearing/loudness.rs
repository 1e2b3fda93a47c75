//! How loud this caller speaks, and who is too quiet to be him.

use crate::{level::power_to_dbfs, vad::BLOCK_MS};

/// A voice is as loud as its last 400 ms on average: syllables between are its own.
const SYLLABLES: usize = 12;
/// Over ours, it is as loud as its last 1.3 s: somebody who speaks to others in the room has loud
/// syllables too.
const PHRASE: usize = 40;
/// Syllables this much louder than the phrase around them are the caller's, who speaks up while
/// somebody murmurs.
const SPOKEN_UP_DB: f32 = 3.0;
/// After so many blocks without a voice, another one may begin.
const PAUSE: u32 = 5;
/// A voice that has just begun tells little about how loud it is.
const ENOUGH: usize = 4;
/// The level counts once so much speech was heard ...
const KNOWN_AFTER_MS: u32 = 3_000;
/// ... and roughly from here on: who calls says so much before we answer.
const GUESSED_AFTER_MS: u32 = 1_000;
/// How far a guess may be off.
const GUESS_DB: f32 = 3.0;
/// Over our own voice the gate is so much closer to the caller's level: whoever interrupts does not
/// lower his voice.
const CLOSER_DB: f32 = 6.0;
/// The gate never comes closer than this.
const CLOSEST_DB: f32 = 3.0;
/// So far above that gate it is surely the caller.
const SURE_DB: f32 = 4.0;
/// A voice between both gates that goes on for so long over ours means us: nobody else is spoken to
/// for that long.
const INSISTS_BLOCKS: u32 = 2_000 / BLOCK_MS;
/// It may pause for breath.
const BREATH: u32 = 1_000 / BLOCK_MS;
/// Over our own voice, a caller whose level is not known must be louder than this.
const UNKNOWN_DBFS: f32 = -42.0;
/// A voice that was too quiet for so long, with nobody louder, is the caller: a shy one, or one who
/// put down the receiver. Only speech counts, and only while we are silent ourselves.
const ALONE_MS: u32 = 5_000;
/// The share of a block in the running level: about 3 s of speech count.
const SHARE: f32 = BLOCK_MS as f32 / KNOWN_AFTER_MS as f32;

/// Follows the level of the caller's speech.
#[derive(Clone, Debug)]
pub(super) struct Loudness {
    /// The powers of the last blocks with a voice, a ring.
    recent: [f32; PHRASE],
    /// How many there were since the voice began.
    blocks: usize,
    /// How many blocks without a voice there were since.
    silent: u32,
    caller: Voice,
    /// Whoever speaks too quietly.
    other: Voice,
    /// Blocks over our own voice that were too quiet for it, but not for the usual gate.
    insisted: u32,
    /// So much below the caller's level is background.
    below_db: f32,
    unknown_dbfs: f32,
}

/// How loud somebody speaks.
#[derive(Clone, Copy, Debug, Default)]
struct Voice {
    dbfs: f32,
    heard_ms: u32,
}

/// How well the caller's level is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Knows {
    Nothing,
    Roughly,
    Well,
}

impl Voice {
    fn hear(&mut self, dbfs: f32) {
        // At first the plain mean.
        let share = SHARE.max(BLOCK_MS as f32 / (self.heard_ms + BLOCK_MS) as f32);
        self.dbfs += (dbfs - self.dbfs) * share;
        self.heard_ms = self.heard_ms.saturating_add(BLOCK_MS);
    }
}

impl Loudness {
    /// Takes what is `below_db` under the caller's level for background; 0 lets everything pass.
    pub(super) fn new(below_db: f32) -> Self {
        Self {
            recent: [0.0; PHRASE],
            blocks: 0,
            silent: 0,
            caller: Voice::default(),
            other: Voice::default(),
            insisted: 0,
            below_db,
            unknown_dbfs: UNKNOWN_DBFS,
        }
    }

    /// Brings the gate this much closer to the caller's level.
    pub(super) fn raise(&mut self, db: f32) {
        if self.below_db > 0.0 {
            self.below_db = (self.below_db - db).max(db);
            self.unknown_dbfs += db;
        }
    }

    /// Takes note of a block, whosever voice it has, if it has one.
    pub(super) fn hear(&mut self, power: f32, voice: bool) {
        if !voice {
            self.silent = self.silent.saturating_add(1);
            return;
        }
        if self.silent > PAUSE {
            self.blocks = 0;
        }
        if self.silent > BREATH {
            self.insisted = 0;
        }
        self.silent = 0;
        self.recent[self.blocks % PHRASE] = power;
        self.blocks += 1;
    }

    /// Whether the voice in the last block is too quiet to be the caller's.
    pub(super) fn is_background(&self, playing: bool) -> bool {
        self.heard_dbfs(playing) < self.gate_dbfs(playing)
    }

    /// Whether a voice over ours may yet turn out to be somebody else's.
    pub(super) fn is_doubtful(&self) -> bool {
        self.knows() != Knows::Nothing && self.heard_dbfs(true) < self.gate_dbfs(true) + SURE_DB
    }

    /// The level under which a voice is not the caller's.
    pub(super) fn gate_dbfs(&self, playing: bool) -> f32 {
        if self.below_db <= 0.0 {
            return f32::NEG_INFINITY;
        }
        match (self.knows(), playing) {
            (Knows::Nothing, false) => f32::NEG_INFINITY,
            (Knows::Nothing, true) => self.unknown_dbfs,
            (Knows::Roughly | Knows::Well, true) if self.insisted < INSISTS_BLOCKS => {
                let closer = (self.below_db - CLOSER_DB).max(CLOSEST_DB);
                self.caller.dbfs - closer.min(self.below_db)
            }
            (Knows::Roughly | Knows::Well, true) | (Knows::Well, false) => self.usual_dbfs(),
            (Knows::Roughly, false) => self.usual_dbfs() - GUESS_DB,
        }
    }

    fn usual_dbfs(&self) -> f32 {
        self.caller.dbfs - self.below_db
    }

    fn knows(&self) -> Knows {
        match self.caller.heard_ms {
            KNOWN_AFTER_MS.. => Knows::Well,
            GUESSED_AFTER_MS.. => Knows::Roughly,
            _ => Knows::Nothing,
        }
    }

    /// The last block was a voice too quiet to interrupt us.
    pub(super) fn learn_insistence(&mut self) {
        if self.heard_dbfs(true) >= self.usual_dbfs() {
            self.insisted = self.insisted.saturating_add(1);
        }
    }

    /// The last block was the caller's speech.
    pub(super) fn learn_caller(&mut self) {
        self.other = Voice::default();
        if self.blocks >= ENOUGH {
            self.caller.hear(self.recent_dbfs(SYLLABLES));
        }
    }

    /// The last block was a voice in the background, and nobody else spoke.
    pub(super) fn learn_background(&mut self) {
        if self.blocks >= ENOUGH {
            self.other.hear(self.recent_dbfs(SYLLABLES));
        }
        if self.other.heard_ms >= ALONE_MS {
            self.caller = std::mem::take(&mut self.other);
        }
    }

    /// How loud the voice is that is heard.
    fn heard_dbfs(&self, playing: bool) -> f32 {
        let syllables = self.recent_dbfs(SYLLABLES);
        if playing {
            (syllables - SPOKEN_UP_DB).max(self.recent_dbfs(PHRASE))
        } else {
            syllables
        }
    }

    /// The mean of the last blocks of the voice that is heard, at most so many.
    fn recent_dbfs(&self, most: usize) -> f32 {
        let count = self.blocks.min(most);
        let powers = (1..=count).map(|back| self.recent[(self.blocks - back) % PHRASE]);
        power_to_dbfs(powers.sum::<f32>() / count.max(1) as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::dbfs_to_power;

    /// Hears a voice at this level for so long, and learns from it as an ear does.
    fn speak(loudness: &mut Loudness, dbfs: f32, ms: u32) -> bool {
        for _ in 0..ms / BLOCK_MS {
            loudness.hear(dbfs_to_power(dbfs), true);
            if loudness.is_background(false) {
                loudness.learn_background();
            } else {
                loudness.learn_caller();
            }
        }
        loudness.is_background(false)
    }

    #[test]
    fn twelve_decibels_under_the_caller_is_background() {
        let mut loudness = Loudness::new(12.0);
        assert!(!speak(&mut loudness, -50.0, 400));
        assert!(!speak(&mut loudness, -20.0, 3_200));
        assert!(!speak(&mut loudness, -30.0, 1_000));
        assert!(speak(&mut loudness, -42.0, 1_000));
        assert!(!speak(&mut loudness, -22.0, 1_000));
    }

    #[test]
    fn syllables_between_are_the_callers_own() {
        let mut loudness = Loudness::new(12.0);
        speak(&mut loudness, -20.0, 3_200);
        assert!(!speak(&mut loudness, -40.0, 320));
        assert!(speak(&mut loudness, -40.0, 96));
        // Whoever begins after a pause is judged by himself.
        for _ in 0..6 {
            loudness.hear(0.0, false);
        }
        assert!(!speak(&mut loudness, -22.0, 32));
    }

    /// Hears a voice at this level over our own for so long, after a pause.
    fn speak_over_us(loudness: &mut Loudness, dbfs: f32, ms: u32) -> bool {
        for _ in 0..=PAUSE {
            loudness.hear(0.0, false);
        }
        for _ in 0..ms / BLOCK_MS {
            loudness.hear(dbfs_to_power(dbfs), true);
            if loudness.is_background(true) {
                loudness.learn_insistence();
            }
        }
        loudness.is_background(true)
    }

    #[test]
    fn over_us_a_voice_must_be_nearly_as_loud_as_the_caller() {
        let mut loudness = Loudness::new(12.0);
        speak(&mut loudness, -20.0, 3_200);
        assert!(speak_over_us(&mut loudness, -28.0, 400));
        assert!(!loudness.is_background(false), "nobody else speaks");
        assert!(!speak_over_us(&mut loudness, -24.0, 400));
        assert!(loudness.is_doubtful());
        assert!(!speak_over_us(&mut loudness, -20.0, 400));
        assert!(!loudness.is_doubtful());
    }

    #[test]
    fn a_loud_syllable_of_side_talk_does_not_count() {
        let mut loudness = Loudness::new(12.0);
        speak(&mut loudness, -20.0, 3_200);
        speak_over_us(&mut loudness, -30.0, 960);
        loudness.hear(dbfs_to_power(-20.0), true);
        assert!(!loudness.is_background(false));
        assert!(loudness.is_background(true));
    }

    #[test]
    fn a_caller_speaks_up_while_somebody_murmurs() {
        let mut loudness = Loudness::new(12.0);
        speak(&mut loudness, -20.0, 3_200);
        speak_over_us(&mut loudness, -38.0, 1_280);
        let blocks = (1..=SYLLABLES).find(|_| {
            loudness.hear(dbfs_to_power(-20.0), true);
            !loudness.is_background(true)
        });
        assert!(blocks.is_some_and(|blocks| blocks <= 8), "{blocks:?}");
    }

    #[test]
    fn a_low_voice_that_insists_interrupts_and_a_distant_one_does_not() {
        let mut loudness = Loudness::new(12.0);
        speak(&mut loudness, -20.0, 3_200);
        assert!(speak_over_us(&mut loudness, -35.0, 5_000));
        assert!(speak_over_us(&mut loudness, -28.0, 1_500));
        assert!(!speak_over_us(&mut loudness, -28.0, 800), "a breath later");
        // Another sentence, much later, begins anew.
        for _ in 0..=BREATH {
            loudness.hear(0.0, false);
        }
        assert!(speak_over_us(&mut loudness, -28.0, 400));
    }

    #[test]
    fn one_short_turn_makes_a_guess() {
        let mut loudness = Loudness::new(12.0);
        speak(&mut loudness, -20.0, 1_200);
        assert!(speak_over_us(&mut loudness, -28.0, 400));
        assert!(!speak_over_us(&mut loudness, -22.0, 400));
        assert!(!speak(&mut loudness, -33.5, 640), "it may be off by 3 dB");
        let mut loudness = Loudness::new(12.0);
        speak(&mut loudness, -20.0, 1_200);
        assert!(speak(&mut loudness, -37.0, 640));
    }

    #[test]
    fn an_unknown_caller_must_be_louder_only_while_we_speak() {
        let mut loudness = Loudness::new(12.0);
        loudness.hear(dbfs_to_power(-45.0), true);
        assert!(!loudness.is_background(false));
        assert!(loudness.is_background(true));
        loudness.hear(dbfs_to_power(-38.0), true);
        assert!(!loudness.is_background(true));
        loudness.raise(3.0);
        assert!(loudness.is_background(true));
    }

    #[test]
    fn a_shy_caller_is_believed_after_five_seconds_alone() {
        let mut loudness = Loudness::new(12.0);
        speak(&mut loudness, -15.0, 6_000);
        assert!(speak(&mut loudness, -40.0, 4_800));
        assert!(!speak(&mut loudness, -40.0, 800));
        // And a loud one is so at once, and soon the measure.
        assert!(!speak(&mut loudness, -15.0, 6_000));
        assert!(speak(&mut loudness, -40.0, 1_000));
    }

    #[test]
    fn zero_lets_everything_pass() {
        let mut loudness = Loudness::new(0.0);
        speak(&mut loudness, -15.0, 6_000);
        loudness.raise(3.0);
        assert!(!speak(&mut loudness, -60.0, 1_000));
    }
}
