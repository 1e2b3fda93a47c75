//! What a telephone line adds to a caller's voice, and takes away. Pure.

use std::collections::VecDeque;

use audio::g711::ulaw;

use super::{
    cast::{gain, scaled},
    stamp::{SLOT, Stamp},
};
use crate::{Dice, carrier::FRAME, turns::scenario::Line};

/// How loud recorded callers are on average.
pub(super) const VOICE_DBFS: f32 = -22.0;
/// Quieter echo is no words to a recogniser.
const FAINTEST_WORDS_DBFS: f32 = -48.0;

/// The way from a caller's mouth to the carrier.
#[derive(Debug)]
pub(super) struct Mixer {
    line: Line,
    dice: Dice,
    /// What the agent said, oldest first, and its stamp, slot by slot.
    said: VecDeque<([i16; SLOT], Option<Stamp>)>,
}

/// A frame as the carrier sends it, or loses it.
#[derive(Debug)]
pub(super) struct Mixed {
    pub(super) audio: [u8; FRAME],
    pub(super) lost: bool,
}

/// One slot of the caller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own {
    pub(super) samples: [i16; SLOT],
    pub(super) stamp: Option<Stamp>,
}

impl Own {
    pub(super) const SILENT: Self = Self {
        samples: [0; SLOT],
        stamp: None,
    };
}

impl Mixer {
    pub(super) fn new(line: Line, seed: u64) -> Self {
        let delay_ms = line.echo.map_or(0, |echo| echo.delay_ms);
        let slots = usize::try_from(delay_ms / 10).unwrap_or(0);
        Self {
            line,
            dice: Dice::new(seed),
            said: vec![([0; SLOT], None); slots].into(),
        }
    }

    /// Mixes 20 ms: what the caller does, what comes back of the agent, and noise.
    ///
    /// `heard` is what the caller's telephone plays meanwhile.
    pub(super) fn mix(
        &mut self,
        own: &[Own; 2],
        heard: &[u8; FRAME],
        stamps: [Option<Stamp>; 2],
    ) -> Mixed {
        let mut audio = [0; FRAME];
        let slots = audio.chunks_mut(SLOT).zip(own);
        for ((out, own), (heard, stamp)) in slots.zip(heard.chunks(SLOT).zip(stamps)) {
            let mut said = [0; SLOT];
            for (sample, code) in said.iter_mut().zip(heard) {
                *sample = ulaw::decode(*code);
            }
            self.said.push_back((said, stamp));
            let echo = self.said.pop_front().unwrap_or(([0; SLOT], None));
            self.slot(own, echo, out);
        }
        let lost = self.dice.happens(self.line.loss_percent / 100.0);
        Mixed { audio, lost }
    }

    fn slot(&mut self, own: &Own, echo: ([i16; SLOT], Option<Stamp>), out: &mut [u8]) {
        let quieter = self.line.echo.map(|echo| gain(-i32::from(echo.loss_db)));
        let returned = quieter.map(|quieter| echo.0.map(|sample| scaled(sample, quieter)));
        for (place, code) in out.iter_mut().enumerate() {
            let back = returned.map_or(0, |samples| samples[place]);
            let sum = own.samples[place]
                .saturating_add(back)
                .saturating_add(self.noise());
            *code = ulaw::encode(sum);
        }
        let audible = returned.is_some_and(|samples| {
            audio::level::dbfs(&samples) > FAINTEST_WORDS_DBFS.max(self.noise_dbfs())
        });
        let stamp = own.stamp.or(echo.1.filter(|_| audible));
        if let Some(stamp) = stamp {
            stamp.write(out);
        }
    }

    fn noise_dbfs(&self) -> f32 {
        let below = self.line.noise_db.map(f32::from);
        below.map_or(audio::level::FLOOR_DBFS, |below| VOICE_DBFS - below)
    }

    /// One sample of hiss at the line's level.
    fn noise(&mut self) -> i16 {
        if self.line.noise_db.is_none() {
            return 0;
        }
        // Evenly distributed noise has a third of the power of its peak.
        let peak = 32_768.0 * 10_f32.powf(self.noise_dbfs() / 20.0) * 3_f32.sqrt();
        ((self.dice.unit() * 2.0 - 1.0) as f32 * peak) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turns::{layer2::stamp::Reader, scenario::Echo};

    fn level(audio: &[u8]) -> f32 {
        let samples: Vec<i16> = audio.iter().map(|code| ulaw::decode(*code)).collect();
        audio::level::dbfs(&samples)
    }

    fn loud() -> [u8; FRAME] {
        std::array::from_fn(|at| ulaw::encode(if at % 16 < 8 { 12_000 } else { -12_000 }))
    }

    const NOBODY: [Own; 2] = [Own::SILENT; 2];

    #[test]
    fn echo_comes_back_later_and_quieter() {
        for (loss_db, delay_ms) in [(12, 80), (20, 180), (30, 340)] {
            let echo = Some(Echo { loss_db, delay_ms });
            let line = Line {
                echo,
                ..Line::default()
            };
            let mut mixer = Mixer::new(line, 1);
            let frames = usize::try_from(delay_ms / 20).unwrap();
            for frame in 0..frames {
                let mixed = mixer.mix(&NOBODY, &loud(), [None; 2]);
                assert!(level(&mixed.audio) < -90.0, "{frame} of {frames}");
            }
            let came = level(&mixer.mix(&NOBODY, &loud(), [None; 2]).audio);
            let expected = level(&loud()) - f32::from(loss_db);
            assert!((came - expected).abs() < 0.5, "{came} for {expected}");
        }
    }

    #[test]
    fn echo_carries_the_agents_words_while_it_is_loud_enough() {
        let stamp = Stamp {
            clip: 0x801,
            slot: 4,
        };
        for (loss_db, expected) in [(12, Some(stamp)), (40, None)] {
            let echo = Some(Echo {
                loss_db,
                delay_ms: 0,
            });
            let line = Line {
                echo,
                ..Line::default()
            };
            let mixed = Mixer::new(line, 1).mix(&NOBODY, &loud(), [Some(stamp); 2]);
            assert_eq!(Reader::default().last(&mixed.audio), expected);
        }
    }

    #[test]
    fn noise_has_the_level_that_was_asked_for() {
        for noise_db in [5, 10, 20] {
            let line = Line {
                noise_db: Some(noise_db),
                ..Line::default()
            };
            let mut mixer = Mixer::new(line, 3);
            let audio: Vec<u8> = (0..100)
                .flat_map(|_| mixer.mix(&NOBODY, &[0xFF; FRAME], [None; 2]).audio)
                .collect();
            let expected = VOICE_DBFS - f32::from(noise_db);
            assert!((level(&audio) - expected).abs() < 0.5, "{noise_db}");
        }
    }

    #[test]
    fn one_frame_in_a_hundred_is_lost() {
        let line = Line {
            loss_percent: 1.0,
            ..Line::default()
        };
        let mut mixer = Mixer::new(line, 3);
        let lost = (0..10_000)
            .filter(|_| mixer.mix(&NOBODY, &[0xFF; FRAME], [None; 2]).lost)
            .count();
        assert!((70..=130).contains(&lost), "{lost}");
    }

    #[test]
    fn the_callers_own_words_are_louder_than_the_echo() {
        let (own, echoed) = (
            Stamp { clip: 1, slot: 0 },
            Stamp {
                clip: 0x801,
                slot: 0,
            },
        );
        let echo = Some(Echo {
            loss_db: 12,
            delay_ms: 0,
        });
        let line = Line {
            echo,
            ..Line::default()
        };
        let speaking = [Own {
            samples: [9_000; SLOT],
            stamp: Some(own),
        }; 2];
        let mixed = Mixer::new(line, 1).mix(&speaking, &loud(), [Some(echoed); 2]);
        assert_eq!(Reader::default().last(&mixed.audio), Some(own));
    }
}
