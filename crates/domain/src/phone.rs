use std::{fmt, str::FromStr};

/// Why a text is not a phone number.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a phone number in E.164 form (`+` and 7 to 15 digits, as in +14155550100)")]
pub struct BadNumber;

/// A phone number in E.164 form, so every number in the system can be dialled as it is.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// The number with its `+`, for dialling and records; never for logs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PhoneNumber {
    type Err = BadNumber;
    fn from_str(text: &str) -> Result<Self, BadNumber> {
        let digits = text.strip_prefix('+').ok_or(BadNumber)?;
        let fits = (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadNumber)
        }
    }
}

impl fmt::Display for PhoneNumber {
    /// Hides all but the last two digits: this is what reaches a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+…{}", &self.0[self.0.len() - 2..])
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Who is at the other end, as the carrier tells it. Never proof of identity.
#[derive(Clone, Eq, Hash, PartialEq)]
pub enum Party {
    /// The caller does not want to be known (`anonymous`, `unknown`, nothing at all).
    Hidden,
    /// A phone number.
    Number(PhoneNumber),
    /// Something that is not a number: `client:name`, `sip:user@host`.
    Other(String),
}

impl Party {
    const MAX_CHARS: usize = 128;

    /// Reads what a carrier sent as From or To. Anything is accepted.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        if is_hidden(text) {
            return Self::Hidden;
        }
        match text.parse() {
            Ok(number) => Self::Number(number),
            Err(BadNumber) => Self::Other(text.chars().take(Self::MAX_CHARS).collect()),
        }
    }

    /// As it stands in records. Empty when hidden.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Hidden => "",
            Self::Number(number) => number.as_str(),
            Self::Other(text) => text,
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden => f.write_str("hidden"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Other(_) => f.write_str("…"),
        }
    }
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn is_hidden(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    matches!(
        text.as_str(),
        "" | "anonymous" | "unknown" | "restricted" | "unavailable" | "private"
    ) || text == "+266696687"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_e164_is_a_number() {
        assert!("+14155550100".parse::<PhoneNumber>().is_ok());
        for text in [
            "14155550100",
            "+1 415 555 0100",
            "+",
            "+0123456789",
            "+1234567890123456",
            "+1٤1555501",
        ] {
            assert_eq!(text.parse::<PhoneNumber>(), Err(BadNumber), "{text}");
        }
    }

    #[test]
    fn a_log_shows_two_digits() {
        let number: PhoneNumber = "+14155550199".parse().expect("a number");
        assert_eq!(format!("{number} {number:?}"), "+…99 +…99");
    }

    #[test]
    fn any_caller_is_accepted() {
        assert_eq!(Party::read("anonymous"), Party::Hidden);
        assert_eq!(Party::read(""), Party::Hidden);
        assert_eq!(
            Party::read("+266696687"),
            Party::Hidden,
            "ANONYMOUS on the keys of a phone"
        );
        assert_eq!(Party::read("client:ada"), Party::Other("client:ada".into()));
        assert_eq!(format!("{:?}", Party::read("sip:ada@example.com")), "…");
        assert_eq!(Party::read(&"x".repeat(9000)).as_str().len(), 128);
    }
}
