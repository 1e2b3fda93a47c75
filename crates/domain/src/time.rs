use std::{
    fmt,
    ops::{Add, AddAssign, Sub},
};

/// A point on a call's own clock, or a length of it: milliseconds since the call was answered.
///
/// Subtraction stops at zero: a reply that began before its caller fell silent waited for nothing.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Millis(pub u64);

impl Millis {
    /// The moment of answering, and the empty length.
    pub const ZERO: Self = Self(0);

    /// The later of two moments.
    #[must_use]
    pub const fn or_later(self, other: Self) -> Self {
        if self.0 >= other.0 { self } else { other }
    }

    /// The earlier of two moments.
    #[must_use]
    pub const fn or_earlier(self, other: Self) -> Self {
        if self.0 <= other.0 { self } else { other }
    }

    /// As seconds, for metrics.
    #[must_use]
    pub fn seconds(self) -> f64 {
        std::time::Duration::from_millis(self.0).as_secs_f64()
    }
}

impl Add for Millis {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Millis {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Millis {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Millis {
    /// Seconds with three decimals, as in call scripts: `1.250`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// Wall-clock time, in milliseconds since 1970. Stands only in records.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct UnixMillis(pub i64);

/// Where wall-clock time comes from, so that tests can set it.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> UnixMillis;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_seconds() {
        assert_eq!(Millis(1250).to_string(), "1.250");
        assert_eq!(Millis(13_007).to_string(), "13.007");
    }

    #[test]
    fn differences_stop_at_zero() {
        assert_eq!(Millis(3) - Millis(5), Millis::ZERO);
    }
}
