//! Who answers which number.

use std::{collections::BTreeMap, sync::Arc};

use domain::{PhoneNumber, Tenant};
use driver::Agent;

use crate::{config::TenantPlan, stations::Stations};

/// A tenant and the agent that answers its calls.
pub(crate) struct Desk {
    /// Whose calls these are.
    pub(crate) tenant: Tenant,
    /// Who answers.
    pub(crate) agent: Arc<Agent>,
    /// The same agent for a call whose stream broke: it asks again rather than greet again.
    pub(crate) resuming: Arc<Agent>,
}

/// All numbers that are answered.
#[derive(Default)]
pub(crate) struct Directory {
    by_number: BTreeMap<PhoneNumber, Arc<Desk>>,
    everything_else: Option<Arc<Desk>>,
}

impl Directory {
    /// Opens what all agents need.
    ///
    /// # Errors
    /// When an engine that an agent names is not installed.
    pub(crate) fn open(tenants: &[TenantPlan], mut stations: Stations) -> anyhow::Result<Self> {
        let mut directory = Self::default();
        for plan in tenants {
            let mut agent = stations.agent(&plan.agent)?;
            agent.budget_per_day = plan.tenant.budget_per_day;
            let desk = Arc::new(Desk {
                tenant: plan.tenant.clone(),
                resuming: Arc::new(resuming(&agent)),
                agent: Arc::new(agent),
            });
            if plan.tenant.numbers.is_empty() {
                directory.everything_else = Some(Arc::clone(&desk));
            }
            for number in &plan.tenant.numbers {
                directory
                    .by_number
                    .insert(number.clone(), Arc::clone(&desk));
            }
        }
        Ok(directory)
    }

    /// Who answers a call to `number`; `None` is something that is not a number.
    pub(crate) fn desk(&self, number: Option<&PhoneNumber>) -> Option<&Arc<Desk>> {
        number
            .and_then(|number| self.by_number.get(number))
            .or(self.everything_else.as_ref())
    }

    /// All agents that answer, each as its tenants want it.
    pub(crate) fn agents(&self) -> Vec<Arc<Agent>> {
        let desks = self.by_number.values().chain(&self.everything_else);
        let mut agents: Vec<Arc<Agent>> = Vec::new();
        for desk in desks {
            if !agents.iter().any(|agent| Arc::ptr_eq(agent, &desk.agent)) {
                agents.push(Arc::clone(&desk.agent));
            }
        }
        agents
    }
}

fn resuming(agent: &Agent) -> Agent {
    let mut rules = (*agent.rules).clone();
    rules.lines.greeting.clone_from(&rules.lines.trouble);
    Agent {
        rules: Arc::new(rules),
        ..agent.clone()
    }
}
