use std::{fmt, str::FromStr};

use domain::Language;

use crate::words;

/// What the caller is expected to say next: it decides when the answer is complete.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Expect {
    /// Street, number, town.
    Address,
    /// One of the things that were offered.
    Choice,
    /// A day, perhaps with a time.
    Date,
    /// A number of so many digits.
    Digits {
        /// Complete from here on.
        min: u8,
        /// Certainly complete.
        max: u8,
    },
    /// An e-mail address.
    Email,
    /// A name, spelled.
    Name,
    /// Anything.
    #[default]
    Open,
    /// A telephone number.
    Phone,
    /// Yes or no.
    YesNo,
}

/// What an agent said about the answer to its question.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Expected {
    /// What the answer will be.
    pub what: Expect,
    /// The model gets the answer, records and logs do not.
    pub secret: bool,
}

/// Why a text is nothing to expect.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadExpect {
    /// No such kind.
    #[error(
        "`{0}` is nothing to expect: one of `open`, `yes_no`, `choice`, `digits 4-6`, `phone`, \
         `date`, `email`, `name_spelled`, `address`"
    )]
    Kind(String),
    /// Digits without a usable count.
    #[error(
        "`digits` needs how many, such as `digits 6` or `digits 4-6` (1 to {MOST_DIGITS}), not `{0}`"
    )]
    Count(String),
    /// A count where none belongs.
    #[error("`{kind}` takes nothing after it, but got `{more}`")]
    More {
        /// The kind, as it was written.
        kind: String,
        /// What came after it.
        more: String,
    },
}

/// Nobody dictates more.
const MOST_DIGITS: u8 = 32;
/// The usual pace, in percent.
const USUAL_PACE: u32 = 100;
/// What answers that need thought get.
const SLOW_PACE: u32 = 130;

impl Expect {
    /// The name in records, traces and configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Choice => "choice",
            Self::Date => "date",
            Self::Digits { .. } => "digits",
            Self::Email => "email",
            Self::Name => "name_spelled",
            Self::Open => "open",
            Self::Phone => "phone",
            Self::YesNo => "yes_no",
        }
    }

    /// What the answer to a sentence will be, guessed from how it asks. A language without lists
    /// tells nothing.
    #[must_use]
    pub fn guess(last_sentence: &str, language: &Language) -> Self {
        words::lists(language).map_or(Self::Open, |lists| lists.questions.expects(last_sentence))
    }

    /// How long waits for such an answer are, in percent of the usual: addresses are remembered
    /// piece by piece, and stories ("tell me about …") have long pauses.
    #[must_use]
    pub fn pace_percent(self, last_sentence: &str, language: &Language) -> u32 {
        let asks_openly = || {
            words::lists(language).is_some_and(|lists| lists.questions.asks_openly(last_sentence))
        };
        match self {
            Self::Address => SLOW_PACE,
            Self::Open if asks_openly() => SLOW_PACE,
            Self::Choice
            | Self::Date
            | Self::Digits { .. }
            | Self::Email
            | Self::Name
            | Self::Open
            | Self::Phone
            | Self::YesNo => USUAL_PACE,
        }
    }

    /// Whether such an answer is dictated piece by piece.
    pub(crate) const fn is_dictated(self) -> bool {
        match self {
            Self::Address | Self::Digits { .. } | Self::Email | Self::Name | Self::Phone => true,
            Self::Choice | Self::Date | Self::Open | Self::YesNo => false,
        }
    }

    /// Reads a kind and, for digits, a count.
    fn read(kind: &str, more: &str) -> Result<Self, BadExpect> {
        let expected = match kind {
            "address" => Self::Address,
            "choice" => Self::Choice,
            "date" => Self::Date,
            "digits" => return digits(more).ok_or_else(|| BadExpect::Count(more.to_owned())),
            "email" => Self::Email,
            "name_spelled" => Self::Name,
            "open" => Self::Open,
            "phone" => Self::Phone,
            "yes_no" => Self::YesNo,
            _ => return Err(BadExpect::Kind(kind.to_owned())),
        };
        if more.is_empty() {
            return Ok(expected);
        }
        Err(BadExpect::More {
            kind: kind.to_owned(),
            more: more.to_owned(),
        })
    }
}

fn digits(count: &str) -> Option<Expect> {
    let (min, max) = count.split_once('-').unwrap_or((count, count));
    let min = min.trim().parse().ok()?;
    let max = max.trim().parse().ok()?;
    ((1..=max).contains(&min) && max <= MOST_DIGITS).then_some(Expect::Digits { min, max })
}

impl fmt::Display for Expect {
    /// As it is written in configuration: `digits 4-6`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits { min, max } if min == max => write!(f, "digits {min}"),
            Self::Digits { min, max } => write!(f, "digits {min}-{max}"),
            Self::Address
            | Self::Choice
            | Self::Date
            | Self::Email
            | Self::Name
            | Self::Open
            | Self::Phone
            | Self::YesNo => f.write_str(self.as_str()),
        }
    }
}

impl FromStr for Expect {
    type Err = BadExpect;
    fn from_str(text: &str) -> Result<Self, BadExpect> {
        let text = text.trim();
        let (kind, more) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        Self::read(kind, more.trim())
    }
}

impl Expected {
    /// Reads what a model wrote between `[[` and `]]`: `expect digits 4-6 secret`. What is no such
    /// note is `None`: models write what they like.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let text = text.strip_prefix("expect")?;
        let text = text.strip_prefix([':', ' '])?.trim();
        let (what, secret) = text
            .strip_suffix("secret")
            .map_or((text, false), |what| (what, true));
        let what = match what.trim() {
            "e-mail" => Expect::Email,
            "name" => Expect::Name,
            "yes/no" | "yes-no" => Expect::YesNo,
            written => written.parse().ok()?,
        };
        Some(Self { what, secret })
    }
}

#[cfg(test)]
mod tests;
