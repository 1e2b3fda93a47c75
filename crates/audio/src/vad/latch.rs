//! Turns a probability per block into "began to speak" and "fell silent".

use super::{BLOCK_MS, PART, PARTS, SAMPLES_PER_MS, VadSettings, Voice, network::BLOCK};

/// Sound this far below the loudest of the same speech (30 dB) is not part of it.
const DROP: f32 = 1e-3;
/// How far the end of speech may lie before the last block that the network takes for speech.
const LINGER: u64 = 256 * SAMPLES_PER_MS;

/// What is known about one block.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// Where it begins, counted in samples since the stream began.
    pub(super) begins: u64,
    /// The power of each part of it.
    pub(super) powers: [f32; PARTS],
    /// How likely it is speech.
    pub(super) probability: f32,
}

impl Heard {
    fn ends(&self) -> u64 {
        self.begins + BLOCK as u64
    }

    fn loudest(&self) -> f32 {
        self.powers.iter().copied().fold(0.0, f32::max)
    }
}

/// Remembers whether the caller speaks. Two thresholds and two delays keep it from chattering.
#[derive(Clone, Debug)]
pub(super) struct Latch {
    settings: VadSettings,
    /// Below it nothing sounds.
    gate_power: f32,
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
    pub(super) fn new(settings: VadSettings, gate_power: f32) -> Self {
        Self {
            settings,
            gate_power,
            state: State::Quiet,
        }
    }

    pub(super) fn speaking(&self) -> bool {
        matches!(self.state, State::Speaking(_))
    }

    /// What `heard` changes, if anything.
    pub(super) fn hear(&mut self, heard: &Heard) -> Option<Voice> {
        let strong = heard.probability >= self.settings.start_threshold;
        // A start threshold below the one for stopping speaks for both.
        let weak = strong || heard.probability >= self.settings.stop_threshold;
        match &mut self.state {
            State::Quiet if strong => {
                let stretch = Stretch::begin(heard, self.gate_power);
                self.suspect(stretch, 1)
            }
            State::Quiet => None,
            State::Perhaps { .. } if !weak => {
                self.state = State::Quiet;
                None
            }
            State::Perhaps { stretch, blocks } => {
                stretch.extend(heard, self.gate_power);
                let (stretch, blocks) = (stretch.clone(), *blocks + u32::from(strong));
                self.suspect(stretch, blocks)
            }
            State::Speaking(stretch) if weak => {
                stretch.extend(heard, self.gate_power);
                None
            }
            State::Speaking(stretch) => {
                let until = stretch.until;
                self.doubt(until, heard.ends())
            }
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
    loudest: f32,
}

impl Stretch {
    fn begin(heard: &Heard, gate_power: f32) -> Self {
        let loudest = heard.loudest();
        let sounds = |power: &f32| *power >= floor(gate_power, loudest);
        // The network may hear speech below the gate.
        let first = heard.powers.iter().position(sounds).unwrap_or(0);
        let from = heard.begins + (first * PART) as u64;
        let mut stretch = Self {
            from,
            until: heard.ends(),
            loudest,
        };
        stretch.end_with(heard, gate_power);
        stretch
    }

    fn extend(&mut self, heard: &Heard, gate_power: f32) {
        self.loudest = self.loudest.max(heard.loudest());
        self.end_with(heard, gate_power);
        // A shout must not make what is said after it inaudible.
        self.until = self.until.max(heard.ends().saturating_sub(LINGER));
    }

    /// Moves the end to the last sound in the block, if there is one.
    fn end_with(&mut self, heard: &Heard, gate_power: f32) {
        let floor = floor(gate_power, self.loudest);
        if let Some(last) = heard.powers.iter().rposition(|power| *power >= floor) {
            self.until = heard.begins + ((last + 1) * PART) as u64;
        }
    }
}

fn floor(gate_power: f32, loudest: f32) -> f32 {
    gate_power.max(loudest * DROP)
}

#[cfg(test)]
mod tests;
