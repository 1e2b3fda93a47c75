use std::{future::pending, process::ExitCode};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{ServeArgs, Shared, block_on};
use crate::{
    Options, Running, Webhooks,
    config::{Config, Mode},
    logs,
};

/// Answers calls until told to stop.
pub(crate) fn run(shared: &Shared, args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let config = match shared.load_or_say() {
        Ok(config) => config,
        Err(code) => return Ok(code),
    };
    logs::begin(&config.log)?;
    let webhooks = match args.insecure_webhooks {
        0 => Webhooks::Checked,
        1 => Webhooks::InsecureOnLoopback,
        2.. => Webhooks::InsecureEverywhere,
    };
    block_on(serve(config, webhooks))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: Config, webhooks: Webhooks) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let (mode, tokens) = (config.mode, config.webhook_tokens.len());
    let tenants = config.tenants.len();
    let options = Options {
        webhooks,
        ..Options::default()
    };
    let running = Running::start(config, options).await?;
    if tokens == 0 && webhooks == Webhooks::Checked {
        tracing::warn!("TWILIO_AUTH_TOKEN is not set: webhooks will be refused");
    }
    tracing::info!(
        address = %running.address(),
        version = crate::VERSION,
        production = mode == Mode::Production,
        tenants,
        "ready for calls"
    );
    signals.next().await;
    running.stop(signals.next()).await;
    Ok(())
}

/// The signals that end a server.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub(super) async fn next(&mut self) {
        let Self {
            interrupt,
            terminate,
        } = self;
        let came = tokio::select! {
            came = interrupt.recv() => came,
            came = terminate.recv() => came,
        };
        // Without a signal stream nobody can end us but by force.
        if came.is_none() {
            pending::<()>().await;
        }
    }
}
