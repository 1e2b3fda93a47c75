//! The command line.

mod check;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, Environment, Problems};

/// A voice agent that answers the telephone.
#[derive(Debug, Parser)]
#[command(name = "repartee", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    shared: Shared,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command understands.
#[derive(Clone, Debug, Args)]
pub(crate) struct Shared {
    /// The configuration file; `repartee.toml` in this folder by default, if there is one
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the configuration; exit with 2 if something is wrong
    Check,
}

/// The exit code of a configuration that cannot be used.
pub(crate) const BAD_CONFIG: u8 = 2;

impl Cli {
    /// Does what was asked for.
    ///
    /// # Errors
    /// What stopped it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Some(Command::Check) | None => check::run(&self.shared),
        }
    }
}

impl Shared {
    /// The configuration that this command line and the variables make.
    pub(crate) fn load(&self) -> Result<Config, Problems> {
        let environment = Environment::of_process();
        Config::load(
            self.config.as_deref(),
            std::path::Path::new(""),
            &environment,
        )
    }
}
