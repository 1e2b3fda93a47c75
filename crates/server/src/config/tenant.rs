//! Who is called on which numbers.

use std::collections::BTreeMap;

use domain::{PhoneNumber, Tenant, TenantId};

use super::{
    agent::{AgentPlan, Agents, Wishes},
    clip::Clips,
    meaning::Meaning,
    problem::did_you_mean,
    raw,
};

/// The tenant that there is when none is described.
const USUAL_TENANT: &str = "default";
const NUMBER_VARIABLE: &str = "TWILIO_PHONE_NUMBER_";
const VOICE_VARIABLE: &str = "ELEVENLABS_VOICE_";

/// A tenant and the agent that answers its calls, with the tenant's own wishes filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantPlan {
    /// Who is called.
    pub tenant: Tenant,
    /// Who answers.
    pub agent: AgentPlan,
}

/// Reads all tenants. `None` when not one is left.
pub(crate) fn read(
    typed: &[raw::Tenant],
    agents: &Agents<'_>,
    meaning: &mut Meaning<'_>,
) -> Option<Vec<TenantPlan>> {
    let rows = rows(typed, meaning);
    let mut owners: BTreeMap<Option<PhoneNumber>, String> = BTreeMap::new();
    let mut plans = Vec::new();
    for row in &rows {
        if let Some(plan) = plan(row, agents, meaning) {
            check_owners(row, &plan.tenant, &mut owners, meaning);
            plans.push(plan);
        }
    }
    check_idle_agents(&plans, agents, meaning);
    (!plans.is_empty()).then_some(plans)
}

/// An agent that nobody uses shall be right all the same.
fn check_idle_agents(plans: &[TenantPlan], agents: &Agents<'_>, meaning: &mut Meaning<'_>) {
    for name in agents.names() {
        if plans.iter().all(|plan| plan.agent.id.as_str() != name) {
            agents.plan(name, &Wishes::default(), meaning);
        }
    }
}

/// A tenant from the file or from variables.
struct Row {
    /// Where it stands, for messages.
    key: String,
    typed: raw::Tenant,
}

fn rows(typed: &[raw::Tenant], meaning: &Meaning<'_>) -> Vec<Row> {
    let mut rows: Vec<Row> = typed
        .iter()
        .enumerate()
        .map(|(index, tenant)| Row {
            key: format!("tenants.{index}"),
            typed: tenant.clone(),
        })
        .collect();
    for (id, variable, number) in meaning.environment().family(NUMBER_VARIABLE) {
        let position = rows
            .iter()
            .position(|row| row.typed.id.replace('-', "_") == id);
        match position {
            Some(at) if rows[at].typed.numbers.is_empty() => {
                rows[at].typed.numbers.push(number.to_owned());
            }
            Some(_) => {}
            None => rows.push(Row {
                key: variable.to_owned(),
                typed: raw::Tenant {
                    id,
                    numbers: vec![number.to_owned()],
                    ..raw::Tenant::default()
                },
            }),
        }
    }
    if rows.is_empty() {
        rows.push(Row {
            key: String::new(),
            typed: raw::Tenant {
                id: USUAL_TENANT.to_owned(),
                ..raw::Tenant::default()
            },
        });
    }
    for (id, _, voice) in meaning.environment().family(VOICE_VARIABLE) {
        let row = rows
            .iter_mut()
            .find(|row| row.typed.id.replace('-', "_") == id);
        if let Some(row) = row {
            row.typed.voice.get_or_insert_with(|| voice.to_owned());
        }
    }
    rows
}

fn plan(row: &Row, agents: &Agents<'_>, meaning: &mut Meaning<'_>) -> Option<TenantPlan> {
    let typed = &row.typed;
    let at = |key: &str| format!("{}.{key}", row.key);
    let id: Option<TenantId> = meaning.parse(&at("id"), &typed.id);
    let mut numbers = Vec::new();
    for (index, text) in typed.numbers.iter().enumerate() {
        numbers.extend(meaning.parse::<PhoneNumber>(&at(&format!("numbers.{index}")), text));
    }
    let wishes = Wishes {
        voice: typed.voice.as_deref(),
        greeting: typed.greeting.as_deref(),
        company_name: typed.company_name.as_deref().or(typed.name.as_deref()),
        apologies: Clips::read(&at("apology_clips"), &typed.apology_clips, meaning),
    };
    let budget = typed
        .budget_per_day_usd
        .and_then(|dollars| meaning.budget(&at("budget_per_day_usd"), dollars));
    let name = agent_name(row, agents, meaning)?;
    let agent = agents.plan(&name, &wishes, meaning)?;
    let id = id?;
    let speaks = &agent.rules.language;
    wishes
        .apologies
        .warn_of_unused(&at("apology_clips"), speaks, meaning);
    Some(TenantPlan {
        tenant: Tenant {
            name: typed.name.clone().unwrap_or_else(|| id.to_string()),
            id,
            numbers,
            agent: agent.id.clone(),
            budget_per_day: budget,
        },
        agent,
    })
}

fn agent_name(row: &Row, agents: &Agents<'_>, meaning: &mut Meaning<'_>) -> Option<String> {
    let names: Vec<&str> = agents.names().collect();
    let key = match row.key.as_str() {
        "" => "tenants".to_owned(),
        key => format!("{key}.agent"),
    };
    match row.typed.agent.as_deref() {
        Some(name) if names.contains(&name) => Some(name.to_owned()),
        Some(name) => {
            let hint = did_you_mean(name, names.iter().copied());
            meaning.problem(&key, format!("there is no agent `{name}`{hint}"));
            None
        }
        None if names.len() == 1 => names.first().map(|name| (*name).to_owned()),
        None => {
            meaning.problem(
                &key,
                format!("say which `agent` answers: {}", names.join(", ")),
            );
            None
        }
    }
}

fn check_owners(
    row: &Row,
    tenant: &Tenant,
    owners: &mut BTreeMap<Option<PhoneNumber>, String>,
    meaning: &mut Meaning<'_>,
) {
    if owners.values().any(|owner| owner == tenant.id.as_str()) {
        meaning.problem(
            &format!("{}.id", row.key),
            format!("there are two tenants `{}`", tenant.id),
        );
    }
    let catch_all = row.typed.numbers.is_empty().then_some(None);
    for number in tenant.numbers.iter().cloned().map(Some).chain(catch_all) {
        let what = match &number {
            Some(number) => format!("the number {number}"),
            None => "every number that is nobody else's".to_owned(),
        };
        if let Some(owner) = owners.insert(number, tenant.id.to_string()) {
            let key = format!("{}.numbers", row.key);
            meaning.problem(&key, format!("{what} already belongs to `{owner}`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Micros;

    use crate::config::{Config, Environment};

    #[test]
    fn a_day_has_no_limit_unless_one_is_typed() {
        for (typed, limit) in [
            ("", None),
            ("budget_per_day_usd = 12.5", Some(12_500_000)),
            ("budget_per_day_usd = 0", None),
            ("budget_per_day_usd = 0.0000001", Some(0)),
        ] {
            let text = format!("[agents.desk]\n[[tenants]]\nid = \"acme\"\n{typed}");
            let config = Config::parse("", &text, &Environment::default());
            let config = config.expect("a configuration");
            let budget = config.tenants[0].tenant.budget_per_day;
            assert_eq!(budget, limit.map(Micros), "{typed}");
        }
    }
}
