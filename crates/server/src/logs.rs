//! Where log lines go and how they look.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Log, LogFormat};

/// Sends log lines to standard error from here on.
///
/// # Errors
/// When the level cannot be read.
pub(crate) fn begin(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.level)
        .map_err(|error| anyhow::anyhow!("log.level `{}`: {error}", log.level))?;
    let terminal = io::stderr().is_terminal();
    let usual = if terminal {
        LogFormat::Pretty
    } else {
        LogFormat::Json
    };
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr);
    let begun = match log.format.unwrap_or(usual) {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Pretty => {
            let coloured = terminal && std::env::var_os("NO_COLOR").is_none();
            lines.with_target(false).with_ansi(coloured).try_init()
        }
    };
    // A test that starts several servers keeps the first one's lines.
    if let Err(error) = begun {
        tracing::debug!(%error, "log lines go where they went");
    }
    Ok(())
}
