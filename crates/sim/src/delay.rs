use std::{f64::consts::TAU, time::Duration};

/// How long something takes, drawn anew each time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delay {
    /// Always the same.
    Fixed(Duration),
    /// Log-normal, as the answers of real providers are: a half is faster than `p50`.
    Spread {
        /// Half take no longer.
        p50: Duration,
        /// Nineteen of twenty take no longer.
        p95: Duration,
    },
}

impl Delay {
    /// No time at all.
    pub const NONE: Self = Self::Fixed(Duration::ZERO);

    /// Always so many milliseconds.
    #[must_use]
    pub const fn fixed_ms(ms: u64) -> Self {
        Self::Fixed(Duration::from_millis(ms))
    }

    /// Median and 95th percentile in milliseconds.
    #[must_use]
    pub const fn spread_ms(p50: u64, p95: u64) -> Self {
        Self::Spread {
            p50: Duration::from_millis(p50),
            p95: Duration::from_millis(p95),
        }
    }

    /// Draws one.
    pub fn draw(&self, dice: &mut Dice) -> Duration {
        match *self {
            Self::Fixed(delay) => delay,
            Self::Spread { p50, p95 } => {
                /// Standard deviations between the median and the 95th percentile.
                const SIGMAS: f64 = 1.645;
                let spread = (p95.as_secs_f64() / p50.as_secs_f64().max(1e-6))
                    .max(1.0)
                    .ln();
                let factor = (dice.normal() * spread / SIGMAS).exp();
                p50.mul_f64(factor.min(20.0))
            }
        }
    }
}

/// Random numbers that a seed makes again: a failing run is repeated by its seed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same throws.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits (splitmix64).
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, not including, 1.
    pub fn unit(&mut self) -> f64 {
        const STEPS: u64 = 1 << 32;
        (self.throw() % STEPS) as f64 / STEPS as f64
    }

    /// Whether something of this probability happens.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    fn normal(&mut self) -> f64 {
        let (radius, angle) = (1.0 - self.unit(), self.unit());
        (-2.0 * radius.ln()).sqrt() * (TAU * angle).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_the_quantiles_it_names() {
        let delay = Delay::spread_ms(200, 400);
        let mut dice = Dice::new(7);
        let mut drawn: Vec<_> = (0..4_000)
            .map(|_| delay.draw(&mut dice).as_millis())
            .collect();
        drawn.sort_unstable();
        assert!((190..=210).contains(&drawn[2_000]), "p50 {}", drawn[2_000]);
        assert!((370..=430).contains(&drawn[3_800]), "p95 {}", drawn[3_800]);
    }

    #[test]
    fn the_same_seed_throws_the_same() {
        let throws = |seed| {
            let mut dice = Dice::new(seed);
            [dice.throw(), dice.throw(), dice.throw()]
        };
        assert_eq!(throws(1), throws(1));
        assert_ne!(throws(1), throws(2));
    }
}
