//! Turns a probability per block into "began to speak" and "fell silent".

use std::ops::Range;

use super::{BLOCK_MS, SAMPLES_PER_MS, VadSettings, Voice};

/// What is known about one block.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// The block, counted in samples since the stream began.
    pub(super) samples: Range<u64>,
    /// The part of it that is loud enough to be anything; empty when all of it is quiet.
    pub(super) sounding: Range<u64>,
    /// How likely it is speech.
    pub(super) probability: f32,
}

/// Remembers whether the caller speaks. Two thresholds and two delays keep it from chattering.
#[derive(Clone, Debug)]
pub(super) struct Latch {
    settings: VadSettings,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Quiet,
    /// It sounds like speech, but not for long enough yet.
    Perhaps {
        sound: Range<u64>,
        blocks: u32,
    },
    Speaking {
        /// Where the last sound of it ended.
        until: u64,
    },
}

impl Latch {
    pub(super) fn new(settings: VadSettings) -> Self {
        Self {
            settings,
            state: State::Quiet,
        }
    }

    pub(super) fn speaking(&self) -> bool {
        matches!(self.state, State::Speaking { .. })
    }

    /// What `heard` changes, if anything.
    pub(super) fn hear(&mut self, heard: &Heard) -> Option<Voice> {
        let strong = heard.probability >= self.settings.start_threshold;
        // A start threshold below the one for stopping speaks for both.
        let weak = strong || heard.probability >= self.settings.stop_threshold;
        match &mut self.state {
            State::Quiet if strong => self.suspect(heard.sound(), 1),
            State::Quiet => None,
            State::Perhaps { .. } if !weak => {
                self.state = State::Quiet;
                None
            }
            State::Perhaps { sound, blocks } => {
                let sound = sound.start..heard.sound_after(sound.end);
                let blocks = *blocks + u32::from(strong);
                self.suspect(sound, blocks)
            }
            State::Speaking { until } if weak => {
                *until = heard.sound_after(*until);
                None
            }
            State::Speaking { until } => {
                let until = *until;
                self.doubt(until, heard.samples.end)
            }
        }
    }

    fn suspect(&mut self, sound: Range<u64>, blocks: u32) -> Option<Voice> {
        if blocks.saturating_mul(BLOCK_MS) < self.settings.start_after_ms {
            self.state = State::Perhaps { sound, blocks };
            return None;
        }
        self.state = State::Speaking { until: sound.end };
        Some(Voice::Started {
            at_ms: sound.start / SAMPLES_PER_MS,
        })
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

impl Heard {
    /// The sounding part, or all of it if the network hears speech below the gate.
    fn sound(&self) -> Range<u64> {
        if self.sounding.is_empty() {
            self.samples.clone()
        } else {
            self.sounding.clone()
        }
    }

    /// Where sound ends that ended at `before` until this block came.
    ///
    /// The network lingers: its scores fall some 80 ms after the last word. Silence below the gate
    /// cannot be speech, so it does not move the end.
    fn sound_after(&self, before: u64) -> u64 {
        if self.sounding.is_empty() {
            before
        } else {
            self.sounding.end
        }
    }
}

#[cfg(test)]
mod tests;
