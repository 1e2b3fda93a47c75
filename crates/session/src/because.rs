//! Why a turn was taken when it was, in words: the one place that has them.

use crate::{Expect, WaitClass};

impl WaitClass {
    /// Every class, in the order of their names.
    pub const ALL: [Self; 11] = [
        Self::Complete,
        Self::Filler,
        Self::Fragment,
        Self::Hold,
        Self::Incomplete,
        Self::Keys,
        Self::Number,
        Self::Provider,
        Self::ShortAnswer,
        Self::Terminal,
        Self::Unknown,
    ];

    /// The class that goes by this name in records.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }

    /// Completes the sentence "waited 1,200 ms because …".
    #[must_use]
    pub const fn because(self, expected: Expect) -> &'static str {
        match self {
            Self::Complete => "the words looked finished",
            Self::Filler => "the caller was looking for words",
            Self::Fragment => "a few words that answer nothing are a beginning",
            Self::Hold => "the caller asked for a moment",
            Self::Incomplete => "the last word cannot end a sentence",
            Self::Keys => "the caller typed",
            Self::Number => unfinished(expected),
            Self::Provider => "the provider decides",
            Self::ShortAnswer => "it was a short answer to a question",
            Self::Terminal => "the sentence was finished",
            Self::Unknown => "there are no word lists for the language",
        }
    }
}

const fn unfinished(expected: Expect) -> &'static str {
    match expected {
        Expect::Address => "an address was unfinished",
        Expect::Date => "a date was unfinished",
        Expect::Email => "an e-mail address was unfinished",
        Expect::Name => "a name was being spelled",
        Expect::Phone => "a phone number was unfinished",
        Expect::Choice | Expect::Digits { .. } | Expect::Open | Expect::YesNo => {
            "a number was unfinished"
        }
    }
}

/// [`WaitClass::because`] from the two names that a record has. `None` for a foreign class, as in
/// a turn that the agent began.
#[must_use]
pub fn because(ended_by: &str, expected: &str) -> Option<&'static str> {
    let expected = EXPECTATIONS
        .into_iter()
        .find(|known| known.as_str() == expected)
        .unwrap_or_default();
    Some(WaitClass::named(ended_by)?.because(expected))
}

/// One of each kind.
const EXPECTATIONS: [Expect; 9] = [
    Expect::Address,
    Expect::Choice,
    Expect::Date,
    Expect::Digits { min: 1, max: 1 },
    Expect::Email,
    Expect::Name,
    Expect::Open,
    Expect::Phone,
    Expect::YesNo,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_tells_why_in_words() {
        for (ended_by, expected, why) in [
            ("number", "phone", Some("a phone number was unfinished")),
            ("number", "digits", Some("a number was unfinished")),
            ("number", "", Some("a number was unfinished")),
            (
                "incomplete",
                "open",
                Some("the last word cannot end a sentence"),
            ),
            ("", "open", None),
        ] {
            assert_eq!(because(ended_by, expected), why, "{ended_by} {expected}");
        }
    }

    #[test]
    fn every_class_is_found_by_its_name() {
        for class in WaitClass::ALL {
            assert_eq!(WaitClass::named(class.as_str()), Some(class));
        }
    }
}
