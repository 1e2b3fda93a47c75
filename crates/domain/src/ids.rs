use std::{fmt, str::FromStr};

/// Why a text is not an id.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadId {
    /// A call id is a UUID in its usual form.
    #[error("`{0}` is not a call id (a UUID such as 0190a1b2-c3d4-7e5f-8091-a2b3c4d5e6f7)")]
    Call(String),
    /// Tenants and agents are named so that names fit in labels, paths and variables.
    #[error(
        "`{0}` is not a name (1 to 64 of a-z, 0-9, `-` and `_`, beginning with a letter or digit)"
    )]
    Name(String),
    /// A carrier's id goes into URLs and logs.
    #[error("a carrier's call id has 1 to 64 letters and digits")]
    Carrier,
}

/// Our own id of a call: a UUID, version 7, so that ids sort by time.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CallId([u8; 16]);

impl CallId {
    /// Builds an id from the time of creation and ten random bytes.
    #[must_use]
    pub fn new(unix_ms: u64, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&unix_ms.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&random);
        bytes[6] = 0x70 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        Self(bytes)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for CallId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId::Call(text.to_owned());
        let dashes_in_place = text.len() == 36
            && [8, 13, 18, 23]
                .iter()
                .all(|&at| text.as_bytes()[at] == b'-');
        let digits: Vec<u8> = text
            .bytes()
            .filter(|byte| *byte != b'-')
            .map(|byte| {
                char::from(byte)
                    .to_digit(16)
                    .and_then(|digit| u8::try_from(digit).ok())
            })
            .collect::<Option<_>>()
            .ok_or_else(bad)?;
        if !dashes_in_place || digits.len() != 32 {
            return Err(bad());
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        Ok(Self(bytes))
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $type(String);

        impl $type {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $type {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                if is_name(text) { Ok(Self(text.to_owned())) } else { Err(BadId::Name(text.to_owned())) }
            }
        }
    };
}

name! {
    /// Whose call it is: the name of a tenant in the configuration.
    TenantId
}
name! {
    /// Who talks: the name of an agent in the configuration.
    AgentId
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
        && text
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric())
}

/// The carrier's id of a call, such as Twilio's `CA…`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CarrierCallId(String);

impl CarrierCallId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CarrierCallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CarrierCallId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let fits = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadId::Carrier)
        }
    }
}

/// One reply of the agent within a call, counted from 1.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ReplyId(pub u32);

impl fmt::Display for ReplyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_ids_print_and_parse() {
        let id = CallId::new(0x0190_a1b2_c3d4, [0xff; 10]);
        assert_eq!(id.to_string(), "0190a1b2-c3d4-7fff-bfff-ffffffffffff");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn odd_call_ids_are_refused() {
        for text in [
            "",
            "x",
            "0190a1b2c3d47fffbfffffffffffffff",
            "0190a1b2-c3d4-7fff-bfff-fffffffffffg",
        ] {
            assert_eq!(text.parse::<CallId>(), Err(BadId::Call(text.to_owned())));
        }
    }

    #[test]
    fn names_are_lower_case_slugs() {
        assert!("acme-2".parse::<TenantId>().is_ok());
        for text in ["", "Acme", "-a", "a b", "a/b", &"a".repeat(65)] {
            assert!(text.parse::<TenantId>().is_err(), "{text}");
        }
    }

    #[test]
    fn carrier_ids_cannot_break_a_url() {
        assert!(
            "CA33333333333333333333333333333333"
                .parse::<CarrierCallId>()
                .is_ok()
        );
        assert!("CA3/../x".parse::<CarrierCallId>().is_err());
    }
}
