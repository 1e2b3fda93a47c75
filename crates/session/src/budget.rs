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
pub(crate) enum Purse {
    #[default]
    Full,
    /// Nearly spent.
    Low,
    Empty,
}

impl BudgetRules {
    /// No limit.
    pub(crate) const USUAL: Self = Self {
        limit: None,
        warn_percent: 80,
    };

    /// How it stands when so much was spent.
    pub(crate) fn after(&self, spent: Micros) -> Purse {
        match self.limit {
            Some(limit) if spent >= limit => Purse::Empty,
            Some(limit) if spent >= limit.percent(self.warn_percent) => Purse::Low,
            Some(_) | None => Purse::Full,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_of_five_dollars_warn_and_five_are_the_end() {
        let rules = BudgetRules {
            limit: Some(Micros(5_000_000)),
            ..BudgetRules::USUAL
        };
        for (spent, purse) in [
            (0, Purse::Full),
            (3_999_999, Purse::Full),
            (4_000_000, Purse::Low),
            (4_999_999, Purse::Low),
            (5_000_000, Purse::Empty),
            (u64::MAX, Purse::Empty),
        ] {
            assert_eq!(rules.after(Micros(spent)), purse, "{spent}");
        }
        assert_eq!(BudgetRules::USUAL.after(Micros(u64::MAX)), Purse::Full);
    }
}
