use std::fmt;

/// Why a text cannot be a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadSecret {
    /// Nothing but space.
    #[error("the key is empty")]
    Empty,
    /// A header cannot carry it.
    #[error("the key has spaces or characters outside ASCII: copy it again")]
    Characters,
}

/// A provider's key. It never prints.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a key, without the space around it.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let key = text.trim();
        if key.is_empty() {
            Err(BadSecret::Empty)
        } else if key.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(key.to_owned()))
        } else {
            Err(BadSecret::Characters)
        }
    }

    /// The key itself, for a header.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_prints() {
        let key = Secret::parse(" sk-1234\n").expect("a key");
        assert_eq!(format!("{key:?}"), "***");
        assert_eq!(key.reveal(), "sk-1234");
    }

    #[test]
    fn a_key_fits_into_a_header() {
        assert_eq!(Secret::parse(" "), Err(BadSecret::Empty));
        assert_eq!(Secret::parse("a b"), Err(BadSecret::Characters));
        assert_eq!(Secret::parse("clé"), Err(BadSecret::Characters));
        assert_eq!(Secret::parse("a\r\nX: b"), Err(BadSecret::Characters));
    }
}
