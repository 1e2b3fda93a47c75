use domain::Millis;

/// The last few measurements of something, and where most of them lie.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    values: Vec<Millis>,
    next: usize,
}

/// Enough for a stable picture of one call, few enough to follow a change.
const KEPT: usize = 32;

impl Recent {
    pub(crate) fn add(&mut self, value: Millis) {
        if self.values.len() < KEPT {
            self.values.push(value);
        } else {
            self.values[self.next] = value;
        }
        self.next = (self.next + 1) % KEPT;
    }

    /// The value that so many percent do not exceed. `None` before anything was measured.
    pub(crate) fn percentile(&self, percent: usize) -> Option<Millis> {
        let mut sorted = self.values.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_follow_the_newest_values() {
        let mut recent = Recent::default();
        assert_eq!(recent.percentile(95), None);
        for value in 1..=10 {
            recent.add(Millis(value));
        }
        assert_eq!(recent.percentile(50), Some(Millis(5)));
        assert_eq!(recent.percentile(95), Some(Millis(10)));
        for _ in 0..KEPT {
            recent.add(Millis(7));
        }
        assert_eq!(recent.percentile(100), Some(Millis(7)));
        assert_eq!(recent.len(), KEPT);
    }
}
