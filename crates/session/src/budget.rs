use domain::Micros;

/// What one call may cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BudgetRules {
    /// The most. `None`: whatever it takes.
    pub limit: Option<Micros>,
    /// The part of it, in percent, at which everybody is warned.
    pub warn_percent: u8,
}

/// How the cost of a call stands to its budget.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Funds {
    #[default]
    Full,
    /// Nearly spent.
    Low,
    Empty,
}

impl BudgetRules {
    /// Five dollars.
    pub const USUAL: Self = Self {
        limit: Some(Micros(5_000_000)),
        warn_percent: 80,
    };

    /// How it stands when so much was spent.
    pub(crate) fn after(&self, spent: Micros) -> Funds {
        match self.limit {
            Some(limit) if spent >= limit => Funds::Empty,
            Some(limit) if spent >= limit.percent(self.warn_percent) => Funds::Low,
            Some(_) | None => Funds::Full,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_of_five_dollars_warn_and_five_are_the_end() {
        for (spent, funds) in [
            (0, Funds::Full),
            (3_999_999, Funds::Full),
            (4_000_000, Funds::Low),
            (4_999_999, Funds::Low),
            (5_000_000, Funds::Empty),
            (u64::MAX, Funds::Empty),
        ] {
            assert_eq!(BudgetRules::USUAL.after(Micros(spent)), funds, "{spent}");
        }
        let unlimited = BudgetRules {
            limit: None,
            ..BudgetRules::USUAL
        };
        assert_eq!(unlimited.after(Micros(u64::MAX)), Funds::Full);
    }
}
