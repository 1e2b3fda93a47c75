use std::{fmt, str::FromStr};

use crate::{AgentId, Micros, PhoneNumber, TenantId};

/// A customer of this server: who is called on which numbers, and which agent answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tenant {
    /// The tenant's name in the configuration.
    pub id: TenantId,
    /// The name that people know.
    pub name: String,
    /// The numbers on which it is called. Empty: whatever no other tenant owns.
    pub numbers: Vec<PhoneNumber>,
    /// Who answers.
    pub agent: AgentId,
    /// The most that its calls may cost in a day of UTC.
    pub budget_per_day: Option<Micros>,
}

/// Why a text does not name a model.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` does not name a model (write provider/model, such as deepgram/nova-3)")]
pub struct BadModelName(String);

/// A model of a provider, written `deepgram/nova-3`. An agent has an ordered list of them per job.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ModelName {
    /// Who runs it: `deepgram`.
    pub provider: String,
    /// What it is called there: `nova-3`. May itself contain slashes.
    pub model: String,
}

impl FromStr for ModelName {
    type Err = BadModelName;
    fn from_str(text: &str) -> Result<Self, BadModelName> {
        match text.split_once('/') {
            Some((provider, model)) if !provider.is_empty() && !model.is_empty() => Ok(Self {
                provider: provider.to_owned(),
                model: model.to_owned(),
            }),
            Some(_) | None => Err(BadModelName(text.to_owned())),
        }
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_name_has_two_parts() {
        let name: ModelName = "openrouter/meta/llama".parse().expect("a model name");
        assert_eq!(
            (name.provider.as_str(), name.model.as_str()),
            ("openrouter", "meta/llama")
        );
        for text in ["nova-3", "/nova-3", "deepgram/"] {
            assert!(text.parse::<ModelName>().is_err(), "{text}");
        }
    }
}
