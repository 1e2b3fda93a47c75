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
}

/// What the caller is expected to say, and whether it may be kept.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Expected {
    /// What.
    pub what: Expect,
    /// The model gets it; records and logs do not.
    pub secret: bool,
}
impl Expect {
    pub(crate) fn pace_percent(self) -> u64 {
        100
    }
    pub(crate) fn guess(_: &str, _: Option<&'static crate::words::Lists>) -> Self {
        Self::Open
    }
}
