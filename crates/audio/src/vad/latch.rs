//! Turns a probability per block into "began to speak" and "fell silent".

use super::{
    BLOCK, BLOCK_MS, SAMPLES_PER_MS, VadSettings, Voice,
    scorer::{PART, PARTS, Scored},
};

/// Sound this far below the loudest of the same speech (30 dB) is not part of it.
const DROP: f32 = 1e-3;
/// How far the end of speech may lie before the last block that the network takes for speech.
const LINGER: u64 = 256 * SAMPLES_PER_MS;
/// Below this score a block tells how loud the line is without a voice.
const NOBODY: f32 = 0.1;
/// Sound must be this much above the line's own noise to be placed by it: 4 dB, which the level of
/// noise within 8 ms hardly ever exceeds.
const ABOVE_NOISE: f32 = 2.5;
/// The share of a new block in the level of the line's noise.
const NOISE_SHARE: f32 = 0.1;

/// How many parts before its first block speech may begin: 160 ms, the longest hiss.
const LEAD: usize = 20;
/// How many parts a voice may fade for after the network has lost it: 96 ms.
const FADE: usize = 12;
/// Fading begins 6 dB below the loudest: what goes on as loudly as before is another sound.
const FADED: f32 = 0.25;
/// Parts of silence within the beginning of a word, as between the S and the T of "stop".
const GAP: u64 = 7;

/// What is known about one block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// Where it begins, counted in samples since the stream began.
    pub(crate) begins: u64,
    /// What it sounds like.
    pub(crate) scored: Scored,
    /// Whether what sounds in it is the caller's.
    pub(crate) whose: Whose,
    /// Sound of less power than this may be somebody else's.
    pub(crate) veil: f32,
}

/// Who makes the sound of a block, if it is a voice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Whose {
    /// Somebody in the background.
    Background,
    /// The caller.
    Caller,
    /// We ourselves, by the line's echo.
    Ours,
}

impl Block {
    /// A block whose voice is the caller's, if there is one.
    pub(crate) fn of_anyone(begins: u64, scored: Scored) -> Self {
        Self {
            begins,
            scored,
            whose: Whose::Caller,
            veil: 0.0,
        }
    }

    pub(crate) fn ends(&self) -> u64 {
        self.begins + BLOCK as u64
    }

    fn loudest(&self) -> f32 {
        self.scored.powers.iter().copied().fold(0.0, f32::max)
    }

    /// The probability that the caller speaks.
    fn probability(&self) -> f32 {
        match self.whose {
            Whose::Caller => self.scored.probability,
            Whose::Background | Whose::Ours => 0.0,
        }
    }
}

/// Remembers whether the caller speaks. Two thresholds and two delays keep it from chattering.
#[derive(Clone, Debug)]
pub(crate) struct Latch {
    settings: VadSettings,
    /// Below it nothing sounds.
    gate_power: f32,
    /// How loud the line is when nobody speaks.
    noise: f32,
    /// The parts before this block.
    before: Before,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Quiet,
    /// It sounds like speech, but not for long enough yet.
    Perhaps {
        stretch: Stretch,
        blocks: u32,
    },
    Speaking(Stretch),
}

impl Latch {
    pub(crate) fn new(settings: VadSettings, gate_power: f32) -> Self {
        Self {
            settings,
            gate_power,
            noise: 0.0,
            before: Before::default(),
            state: State::Quiet,
        }
    }

    pub(crate) fn speaking(&self) -> bool {
        self.speaking_since().is_some()
    }

    /// Where the speech began that was told, in samples.
    pub(crate) fn speaking_since(&self) -> Option<u64> {
        match &self.state {
            State::Speaking(stretch) => Some(stretch.from),
            State::Quiet | State::Perhaps { .. } => None,
        }
    }

    /// How much speech there must be from here on before `Started` is told.
    pub(crate) fn start_after(&mut self, start_after_ms: u32) {
        self.settings.start_after_ms = start_after_ms;
    }

    /// What `block` changes, if anything.
    pub(crate) fn hear(&mut self, block: &Block) -> Option<Voice> {
        let told = self.weigh(block);
        self.before.keep(block);
        told
    }

    fn weigh(&mut self, block: &Block) -> Option<Voice> {
        let probability = block.probability();
        let strong = probability >= self.settings.start_threshold;
        // A start threshold below the one for stopping speaks for both.
        let weak = strong || probability >= self.settings.stop_threshold;
        self.learn_noise(block);
        let noise = self.noise * ABOVE_NOISE;
        let floor = self.gate_power.max(noise);
        match &mut self.state {
            State::Quiet if strong => {
                let stretch = Stretch::begin(block, floor, &self.before);
                self.suspect(stretch, 1)
            }
            State::Quiet => None,
            State::Perhaps { .. } if !weak => {
                self.state = State::Quiet;
                None
            }
            State::Perhaps { stretch, blocks } => {
                stretch.extend(block, floor);
                // A score that lingers on silence is no more speech than there was.
                let sounds = block.loudest() >= noise.max(block.veil).max(stretch.loudest * DROP);
                let (stretch, blocks) = (stretch.clone(), *blocks + u32::from(strong && sounds));
                self.suspect(stretch, blocks)
            }
            State::Speaking(stretch) if weak => {
                stretch.extend(block, floor);
                None
            }
            State::Speaking(stretch) => {
                let until = match block.whose {
                    Whose::Caller => {
                        stretch.fade(block, floor);
                        stretch.until
                    }
                    // The other voice was there before it could be told from the caller's.
                    Whose::Background | Whose::Ours => stretch.clear_until,
                };
                self.doubt(until, block.ends())
            }
        }
    }

    fn learn_noise(&mut self, block: &Block) {
        if block.scored.probability < NOBODY {
            self.noise += (block.scored.power() - self.noise) * NOISE_SHARE;
        }
    }

    fn suspect(&mut self, stretch: Stretch, blocks: u32) -> Option<Voice> {
        if blocks.saturating_mul(BLOCK_MS) < self.settings.start_after_ms {
            self.state = State::Perhaps { stretch, blocks };
            return None;
        }
        let at_ms = stretch.from / SAMPLES_PER_MS;
        self.state = State::Speaking(stretch);
        Some(Voice::Started { at_ms })
    }

    fn doubt(&mut self, until: u64, now: u64) -> Option<Voice> {
        if now - until < u64::from(self.settings.stop_after_ms) * SAMPLES_PER_MS {
            return None;
        }
        self.before.stopped_at = until;
        self.state = State::Quiet;
        Some(Voice::Stopped {
            at_ms: until / SAMPLES_PER_MS,
        })
    }
}

/// Speech without a pause in it.
///
/// The network tells speech from other sound, but its scores linger after the last word, on a
/// quiet line for 200 ms. The level says more exactly where the sound of the speech ended.
#[derive(Clone, Debug)]
struct Stretch {
    from: u64,
    until: u64,
    /// Where sound ended last that could be nobody's but the caller's.
    clear_until: u64,
    loudest: f32,
    /// Parts that may yet count to a voice that fades.
    fades: usize,
}

impl Stretch {
    fn begin(block: &Block, floor: f32, before: &Before) -> Self {
        let loudest = block.loudest();
        let floor = floor.max(loudest * DROP);
        let clear = floor.max(block.veil);
        let sounds = |power: &f32| *power >= clear;
        // The network may hear speech below the gate.
        let from = match block.scored.powers.iter().position(sounds).unwrap_or(0) {
            0 => before.sound_from(block.begins, clear),
            first => block.begins + (first * PART) as u64,
        };
        let mut stretch = Self {
            from,
            until: block.ends(),
            clear_until: from,
            loudest,
            fades: FADE,
        };
        stretch.end_with(block, floor);
        stretch
    }

    fn extend(&mut self, block: &Block, floor: f32) {
        self.fades = FADE;
        self.loudest = self.loudest.max(block.loudest());
        self.end_with(block, floor.max(self.loudest * DROP));
        // A shout must not make what is said after it inaudible.
        if block.loudest() >= floor {
            self.until = self.until.max(block.ends().saturating_sub(LINGER));
        }
    }

    /// Moves the end on while a voice fades that the network does not hear any more.
    fn fade(&mut self, block: &Block, floor: f32) {
        let floor = floor.max(self.loudest * DROP);
        for (part, power) in block.scored.powers.iter().enumerate() {
            let begins = block.begins + (part * PART) as u64;
            let fading = (floor..self.loudest * FADED).contains(power);
            if self.until == begins && fading && self.fades > 0 {
                self.until = begins + PART as u64;
                self.fades -= 1;
            }
        }
    }

    /// Moves the ends to the last sounds in the block, if there are any.
    fn end_with(&mut self, block: &Block, floor: f32) {
        if let Some(end) = last_sound(block, floor) {
            self.until = end;
        }
        if let Some(end) = last_sound(block, floor.max(block.veil)) {
            self.clear_until = end;
        }
    }
}

/// The sound before a block: the network takes a hiss for speech only when a vowel follows.
#[derive(Clone, Debug, Default)]
struct Before {
    /// A ring, the part that begins at sample `n` at `n / PART`.
    powers: [f32; LEAD],
    /// Nothing before this belongs to the next stretch.
    stopped_at: u64,
}

impl Before {
    fn keep(&mut self, block: &Block) {
        let first = (block.begins / PART as u64) as usize % LEAD;
        self.powers[first..][..PARTS].copy_from_slice(&block.scored.powers);
    }

    /// Where the sound begins that goes on at `until`, with gaps no longer than within a word.
    fn sound_from(&self, until: u64, floor: f32) -> u64 {
        let parts = until / PART as u64;
        let oldest = parts
            .saturating_sub(LEAD as u64)
            .max(self.stopped_at.div_ceil(PART as u64));
        let mut from = parts;
        for part in (oldest..parts).rev() {
            if self.powers[part as usize % LEAD] >= floor {
                from = part;
            } else if from - part > GAP {
                break;
            }
        }
        from * PART as u64
    }
}

/// Where the last part of the block ends that reaches `floor`.
fn last_sound(block: &Block, floor: f32) -> Option<u64> {
    let last = block
        .scored
        .powers
        .iter()
        .rposition(|power| *power >= floor)?;
    Some(block.begins + ((last + 1) * PART) as u64)
}

#[cfg(test)]
mod tests;
