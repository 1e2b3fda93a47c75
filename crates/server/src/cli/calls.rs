use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Args;
use domain::{Receipt, TenantId};
use serde_json::{Value, json};
use store::{CallFilter, Database, Store, StoreError, StoredCall};

use super::{Shared, block_on};
use crate::{logs, paint::Paint, story};

/// What `calls` understands.
#[derive(Debug, Args)]
pub(crate) struct CallsArgs {
    /// How many, newest first; at most 200
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Only calls of this tenant
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// What they have cost, line by line, and in all
    #[arg(long)]
    cost: bool,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// What `explain` understands.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A call's id, its beginning, the carrier's id, or `last`
    call: String,
    /// JSON instead of a story
    #[arg(long)]
    json: bool,
}

/// Lists calls.
pub(crate) fn list(shared: &Shared, args: CallsArgs) -> anyhow::Result<ExitCode> {
    let config = match shared.load_or_say() {
        Ok(config) => config,
        Err(code) => return Ok(code),
    };
    let filter = CallFilter {
        tenant: args.tenant,
        limit: args.limit,
        ..CallFilter::default()
    };
    logs::begin(&config.log)?;
    let (calls, receipt) = block_on(async {
        let database = open(&config.store_url).await?;
        let calls = database.calls(&filter).await?;
        let receipt = match args.cost {
            true => add_up(&database, &calls).await?,
            false => Receipt::default(),
        };
        Ok((calls, receipt))
    })?;
    let mut out = io::stdout().lock();
    if args.json {
        let mut told: Value = calls.iter().map(story::json).collect();
        if args.cost {
            told = json!({
                "calls": told,
                "cost_usd": story::receipt::cost_json(receipt.cost()),
                "partly_priced": receipt.cost().partly,
                "receipt": story::receipt::json(&receipt),
            });
        }
        writeln!(out, "{told:#}")?;
        return Ok(ExitCode::SUCCESS);
    }
    let paint = Paint::for_stdout();
    if calls.is_empty() {
        writeln!(out, "There are no calls yet.")?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "{}", story::heading(paint))?;
    for call in &calls {
        writeln!(out, "{}", story::row(call, paint))?;
    }
    if args.cost {
        let sum = story::receipt::sum(&receipt, paint);
        write!(out, "\n{sum}")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Adds up what these calls have cost. A receipt that another version of the program has written
/// may not be readable here: its call's cost is told in its own row.
async fn add_up(store: &dyn Store, calls: &[StoredCall]) -> Result<Receipt, StoreError> {
    let mut receipt = Receipt::default();
    for call in calls {
        match store.call(call.begun.id).await {
            Ok(whole) => receipt.add(&whole.map(|whole| whole.receipt).unwrap_or_default()),
            Err(error @ StoreError::Unreadable { .. }) => {
                tracing::warn!(call = %call.begun.id, %error, "not in the sum");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(receipt)
}

/// Tells the story of a call.
pub(crate) fn explain(shared: &Shared, args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let config = match shared.load_or_say() {
        Ok(config) => config,
        Err(code) => return Ok(code),
    };
    logs::begin(&config.log)?;
    let whole = block_on(async {
        let database = open(&config.store_url).await?;
        let recent = CallFilter {
            tenant: None,
            limit: CallFilter::MOST,
            ..CallFilter::default()
        };
        let id = match args.call.parse() {
            Ok(id) => id,
            Err(_) => {
                choose(&database.calls(&recent).await?, &args.call)?
                    .begun
                    .id
            }
        };
        let found = database.call(id).await?;
        found.ok_or_else(|| anyhow::anyhow!("there is no call {id}"))
    })?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{:#}", story::whole_json(&whole))?;
    } else {
        write!(out, "{}", story::tell(&whole, Paint::for_stdout()))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(url: &str) -> anyhow::Result<Database> {
    Database::open_existing(url).await.map_err(|error| {
        if let StoreError::File { path, source } = &error
            && source.kind() == io::ErrorKind::NotFound
        {
            let path = path.display();
            return anyhow::anyhow!("there is no database {path} yet: `repartee serve` begins it");
        }
        error.into()
    })
}

/// The call that `wanted` means among the recent ones, newest first.
fn choose<'c>(calls: &'c [StoredCall], wanted: &str) -> anyhow::Result<&'c StoredCall> {
    if wanted == "last" {
        return calls
            .first()
            .ok_or_else(|| anyhow::anyhow!("there are no calls yet"));
    }
    let means = |call: &&StoredCall| {
        let carrier = call.begun.carrier_call.as_ref();
        call.begun.id.to_string().starts_with(wanted)
            || carrier.is_some_and(|id| id.as_str() == wanted)
    };
    let found: Vec<&StoredCall> = calls.iter().filter(means).collect();
    match found.as_slice() {
        [call] => Ok(call),
        [] => anyhow::bail!("no recent call begins with `{wanted}`; `repartee calls` lists them"),
        several => anyhow::bail!(
            "`{wanted}` is the beginning of {} calls: give more of it",
            several.len()
        ),
    }
}
