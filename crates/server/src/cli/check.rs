use std::{
    io::{self, Write},
    process::ExitCode,
};

use domain::ModelName;
use transports::twilio::public_url::Reach;

use super::{BAD_CONFIG, Shared};
use crate::{
    config::{Config, TenantPlan},
    directory::Directory,
    stations::Stations,
};

/// Checks the configuration and says in a few lines what it means.
pub(crate) fn run(shared: &Shared) -> anyhow::Result<ExitCode> {
    match shared.load() {
        Ok(config) => {
            if let Err(missing) = Directory::open(&config.tenants, Stations::new(&config.providers))
            {
                writeln!(io::stderr().lock(), "{missing:#}")?;
                return Ok(ExitCode::from(BAD_CONFIG));
            }
            describe(&config, &mut io::stdout().lock())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(problems) => {
            writeln!(io::stderr().lock(), "{problems}")?;
            Ok(ExitCode::from(BAD_CONFIG))
        }
    }
}

fn describe(config: &Config, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "The configuration is right.")?;
    writeln!(out, "  listens on  {}", config.listen)?;
    let url = match &config.public_url {
        Some(url) => url.url(Reach::Webhook, ""),
        None => "whatever the Host header says".to_owned(),
    };
    writeln!(out, "  reached at  {url}")?;
    writeln!(out, "  keeps calls {}", config.store_url)?;
    writeln!(
        out,
        "  takes       {} calls at a time",
        config.limits.max_calls
    )?;
    for plan in &config.tenants {
        describe_tenant(plan, out)?;
    }
    if config.webhook_tokens.is_empty() {
        writeln!(
            out,
            "warning: TWILIO_AUTH_TOKEN is not set: webhooks will be refused"
        )?;
    }
    for warning in &config.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    for remark in &config.remarks {
        writeln!(out, "note: {remark}")?;
    }
    Ok(())
}

fn describe_tenant(plan: &TenantPlan, out: &mut impl Write) -> io::Result<()> {
    let numbers: Vec<&str> = plan
        .tenant
        .numbers
        .iter()
        .map(|number| number.as_str())
        .collect();
    let numbers = match numbers.as_slice() {
        [] => "every other number".to_owned(),
        numbers => numbers.join(", "),
    };
    writeln!(
        out,
        "  {} ({numbers}) is answered by {}",
        plan.tenant.id, plan.agent.id
    )?;
    let agent = &plan.agent;
    if !agent.talk.is_empty() {
        writeln!(out, "    talks with   {}", in_order(&agent.talk))?;
    }
    writeln!(out, "    listens with {}", in_order(&agent.listen))?;
    writeln!(out, "    thinks with  {}", in_order(&agent.think))?;
    writeln!(out, "    speaks with  {}", in_order(&agent.speak))
}

fn in_order<S>(models: &[(ModelName, S)]) -> String {
    let mut names: Vec<String> = models.iter().map(|(name, _)| name.to_string()).collect();
    names.dedup();
    names.join(", then ")
}
