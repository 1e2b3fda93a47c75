use std::{
    fmt,
    iter::Sum,
    ops::{Add, Sub},
};

/// Money: millionths of a US dollar.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Micros(pub u64);

impl Micros {
    /// `self` per `unit` of something of which `amount` was used, rounded half up.
    pub(crate) fn per(self, amount: u64, unit: u64) -> Self {
        let exact = u128::from(self.0) * u128::from(amount);
        let rounded = (exact + u128::from(unit / 2)) / u128::from(unit);
        Self(u64::try_from(rounded).unwrap_or(u64::MAX))
    }

    /// So many percent of it, rounded down.
    #[must_use]
    pub fn percent(self, percent: u8) -> Self {
        let part = u128::from(self.0) * u128::from(percent) / 100;
        Self(u64::try_from(part).unwrap_or(u64::MAX))
    }

    /// As dollars, for metrics and JSON.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a sum beyond 2^53 micro-dollars is not shown"
    )]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Add for Micros {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Micros {
    type Output = Self;
    /// Never below nothing.
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Micros {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}
