//! Whom calls ask, and what a breaker may stand in front of.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

use domain::{AgentId, ModelName};

/// Engines on this machine: they have no key and no address.
const OFFLINE: &str = "offline";

/// What a breaker watches, from the usual to the rare.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Watched {
    /// A model.
    Model(ModelName),
    /// A provider's key and address, by its name: all of its models share them.
    Access(String),
    /// What an agent asks of a model. Only watched once it was refused.
    Settings {
        /// The model.
        name: ModelName,
        /// The agent. Tenants may have wishes of their own for it.
        agent: AgentId,
        /// Tells these settings from others.
        print: u32,
    },
}

impl Watched {
    /// Who runs it.
    #[must_use]
    pub fn provider(&self) -> &str {
        match self {
            Self::Access(provider) => provider,
            Self::Model(name) | Self::Settings { name, .. } => &name.provider,
        }
    }
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Access(provider) => f.write_str(provider),
            Self::Model(name) => name.fmt(f),
            Self::Settings { name, agent, print } => {
                write!(f, "{name} as set for {agent} ({print:08x})")
            }
        }
    }
}

/// A model that an agent asks, with its settings.
#[derive(Clone, Copy)]
pub(crate) struct Whom<'s> {
    pub(crate) name: &'s ModelName,
    pub(crate) agent: &'s AgentId,
    pub(crate) settings: &'s dyn fmt::Debug,
}

impl Whom<'_> {
    pub(crate) fn model(self) -> Watched {
        Watched::Model(self.name.clone())
    }

    pub(crate) fn access(self) -> Option<Watched> {
        let provider = &self.name.provider;
        (provider != OFFLINE).then(|| Watched::Access(provider.clone()))
    }

    pub(crate) fn settings(self) -> Watched {
        let mut hasher = DefaultHasher::new();
        format!("{:?}", self.settings).hash(&mut hasher);
        Watched::Settings {
            name: self.name.clone(),
            agent: self.agent.clone(),
            print: (hasher.finish() >> 32) as u32,
        }
    }

    /// Whether what is watched there is needed to ask it.
    pub(crate) fn needs(self, watched: &Watched) -> bool {
        match watched {
            Watched::Model(name) => name == self.name,
            Watched::Access(_) => self.access().as_ref() == Some(watched),
            Watched::Settings { name, .. } => name == self.name && *watched == self.settings(),
        }
    }
}

#[cfg(test)]
pub(crate) fn anna() -> &'static AgentId {
    static ANNA: std::sync::LazyLock<AgentId> =
        std::sync::LazyLock::new(|| "anna".parse().expect("a name"));
    &ANNA
}

#[cfg(test)]
impl<'s> Whom<'s> {
    /// As anna asks it, without settings.
    pub(crate) fn named(name: &'s ModelName) -> Self {
        Self {
            name,
            agent: anna(),
            settings: &(),
        }
    }
}
