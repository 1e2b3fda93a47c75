//! Makes mu-law quieter while it plays, as a voice is lowered when somebody else begins to speak.

use std::array;

use crate::g711::ulaw;

/// A change of loudness takes 10 ms: at once it would click, and slowly it would come late.
const RAMP: u16 = 80;

/// How loud a stream is played, and how it gets there.
#[derive(Clone, Debug)]
pub struct Gain {
    /// What the last sample was multiplied by.
    factor: f32,
    /// What samples are to be multiplied by.
    target: f32,
    /// Samples until it is reached.
    ramp: u16,
    /// Every code at the target.
    codes: [u8; 256],
}

impl Default for Gain {
    fn default() -> Self {
        Self {
            factor: 1.0,
            target: 1.0,
            ramp: 0,
            codes: array::from_fn(|code| code as u8),
        }
    }
}

impl Gain {
    /// Plays what comes `db` decibels quieter than it is; 0 plays it as it is.
    pub fn lower(&mut self, db: f32) {
        self.target = 10f32.powf(-db / 20.0);
        self.ramp = RAMP;
        self.codes = array::from_fn(|code| scaled(code as u8, self.target));
    }

    /// Whether sound passes unchanged.
    #[must_use]
    pub fn is_even(&self) -> bool {
        self.ramp == 0 && self.target == 1.0
    }

    /// Changes the next piece of the stream.
    pub fn apply(&mut self, ulaw: &mut [u8]) {
        let ramp = ulaw.len().min(usize::from(self.ramp));
        let (ramping, steady) = ulaw.split_at_mut(ramp);
        for code in ramping {
            self.factor += (self.target - self.factor) / f32::from(self.ramp);
            self.ramp -= 1;
            *code = scaled(*code, self.factor);
        }
        if self.is_even() {
            return;
        }
        for code in steady {
            *code = self.codes[usize::from(*code)];
        }
    }
}

fn scaled(code: u8, factor: f32) -> u8 {
    ulaw::encode((f32::from(ulaw::decode(code)) * factor).round() as i16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(codes: &[u8]) -> f32 {
        let samples: Vec<i16> = codes.iter().map(|&code| ulaw::decode(code)).collect();
        crate::level::dbfs(&samples)
    }

    fn tone() -> Vec<u8> {
        let sample = |n: u16| 8_000.0 * (f32::from(n) * 0.7).sin();
        (0..1_600).map(|n| ulaw::encode(sample(n) as i16)).collect()
    }

    #[test]
    fn untouched_sound_is_untouched() {
        let every: Vec<u8> = (0..=255).collect();
        let mut codes = every.clone();
        Gain::default().apply(&mut codes);
        assert_eq!(codes, every);
    }

    #[test]
    fn twelve_decibels_are_taken_off_and_given_back() {
        let (mut gain, mut codes) = (Gain::default(), tone());
        gain.lower(12.0);
        gain.apply(&mut codes);
        assert!((level(&tone()) - level(&codes[160..]) - 12.0).abs() < 0.2);
        gain.lower(0.0);
        let mut codes = tone();
        gain.apply(&mut codes);
        assert!(gain.is_even());
        assert_eq!(codes[80..], tone()[80..]);
    }

    #[test]
    fn nothing_clicks() {
        let (mut gain, mut codes) = (Gain::default(), vec![ulaw::encode(8_000); 320]);
        gain.lower(20.0);
        for piece in codes.chunks_mut(33) {
            gain.apply(piece);
        }
        let samples: Vec<i16> = codes.iter().map(|&code| ulaw::decode(code)).collect();
        // Steps of the code itself at this level are 256.
        assert!(
            samples
                .windows(2)
                .all(|pair| (0..=300).contains(&(pair[0] - pair[1])))
        );
    }

    #[test]
    fn a_change_of_mind_goes_on_from_where_it_was() {
        let (mut gain, mut codes) = (Gain::default(), vec![ulaw::encode(8_000); 400]);
        gain.lower(40.0);
        gain.apply(&mut codes[..40]);
        gain.lower(0.0);
        gain.apply(&mut codes[40..]);
        let samples: Vec<i16> = codes.iter().map(|&code| ulaw::decode(code)).collect();
        let lowest = samples.iter().copied().min().unwrap();
        assert!((3_500..4_500).contains(&lowest), "{lowest}");
        assert_eq!(samples[399], samples[200]);
    }
}
