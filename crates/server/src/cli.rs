//! The command line.

mod calls;
mod check;
mod demo;
mod serve;
mod voices;

use std::{path::PathBuf, process::ExitCode};

use clap::{ArgAction, Args, Parser, Subcommand};

use crate::config::{Config, Environment, Problems};

/// A voice agent that answers the telephone.
#[derive(Debug, Parser)]
#[command(name = "repartee", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    shared: Shared,
    #[command(flatten)]
    serve: ServeArgs,
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

/// What `serve` understands.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ServeArgs {
    /// Believe webhooks without a signature; twice to do so on an address that others reach
    #[arg(long, action = ArgAction::Count)]
    insecure_webhooks: u8,
}

impl ServeArgs {
    fn and(&self, more: &Self) -> Self {
        Self {
            insecure_webhooks: self
                .insecure_webhooks
                .saturating_add(more.insecure_webhooks),
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List calls
    Calls(calls::CallsArgs),
    /// Check the configuration; exit with 2 if something is wrong
    Check,
    /// Place one simulated call against a server of its own, and show it: no key, no network
    Demo(demo::DemoArgs),
    /// Tell the story of a call: what was said and heard, where time and money went, why it ended
    Explain(calls::ExplainArgs),
    /// Answer calls until told to stop; this is what happens without a command, too
    Serve(ServeArgs),
    /// List the voices of the ElevenLabs account: what `voice` of an agent may be
    Voices(voices::VoicesArgs),
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
            None => serve::run(&self.shared, &self.serve),
            Some(Command::Calls(args)) => calls::list(&self.shared, args),
            Some(Command::Demo(args)) => demo::run(args),
            Some(Command::Explain(args)) => calls::explain(&self.shared, &args),
            Some(Command::Voices(args)) => voices::list(&self.shared, &args),
            Some(Command::Check) => check::run(&self.shared),
            // The flag means the same before the command and after it.
            Some(Command::Serve(args)) => serve::run(&self.shared, &self.serve.and(&args)),
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

    /// The configuration, or the exit code after its problems were shown.
    pub(crate) fn load_or_say(&self) -> Result<Config, ExitCode> {
        self.load().map_err(|problems| {
            // Where standard error is closed there is nobody to tell.
            drop(std::io::Write::write_fmt(
                &mut std::io::stderr().lock(),
                format_args!("{problems}\n"),
            ));
            ExitCode::from(BAD_CONFIG)
        })
    }
}

/// Runs something asynchronous on all cores.
pub(crate) fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(future)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_means_the_same_before_the_command_and_after_it() {
        for line in [
            &["repartee", "--insecure-webhooks", "serve"][..],
            &["repartee", "serve", "--insecure-webhooks"],
        ] {
            let cli = Cli::try_parse_from(line).expect("a command line");
            let Some(Command::Serve(args)) = &cli.command else {
                panic!("{line:?}")
            };
            assert_eq!(cli.serve.and(args).insecure_webhooks, 1, "{line:?}");
        }
    }
}
