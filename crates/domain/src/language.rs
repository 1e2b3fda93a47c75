use std::{fmt, str::FromStr};

/// Why a text is not a language.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is not a language tag (such as `en`, `en-AU` or `es-ES`)")]
pub struct BadLanguage(String);

/// A BCP-47 language tag with an optional region: `en`, `es-ES`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Language(String);

impl Language {
    /// The whole tag, as it was written.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.0
    }

    /// The language without its region: `es` of `es-ES`.
    #[must_use]
    pub fn primary(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

impl Default for Language {
    fn default() -> Self {
        Self("en".to_owned())
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Language {
    type Err = BadLanguage;
    fn from_str(text: &str) -> Result<Self, BadLanguage> {
        let mut parts = text.split('-');
        let primary = parts.next().unwrap_or_default();
        let fits = (2..=3).contains(&primary.len())
            && primary.bytes().all(|byte| byte.is_ascii_lowercase())
            && parts.all(|part| {
                (2..=8).contains(&part.len())
                    && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadLanguage(text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_optional() {
        let spanish: Language = "es-ES".parse().expect("a language");
        assert_eq!((spanish.primary(), spanish.tag()), ("es", "es-ES"));
        assert!("english".parse::<Language>().is_err());
        assert!("EN".parse::<Language>().is_err());
    }
}
