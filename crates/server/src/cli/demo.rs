use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;

use super::{block_on, serve::Signals};
use crate::{
    config::{Environment, Log, LogFormat},
    demo::{self, Demo},
    logs,
    paint::Paint,
};

/// What `demo` understands.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where the call's sound goes
    #[arg(long, value_name = "FILE", default_value_os_t = demo::usual_wav().to_owned())]
    wav: PathBuf,
    /// Where the call's record goes
    #[arg(long, value_name = "URL", default_value = "sqlite:repartee.db")]
    store: String,
    /// Keep the server up after the call
    #[arg(long)]
    serve: bool,
}

/// Places one simulated call and shows it.
pub(crate) fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let level = Environment::of_process()
        .get("RUST_LOG")
        .unwrap_or("error")
        .to_owned();
    logs::begin(&Log {
        format: Some(LogFormat::Pretty),
        level,
    })?;
    let demo = Demo {
        wav: args.wav,
        store_url: args.store,
    };
    block_on(async {
        let mut signals = Signals::listen()?;
        let shown = tokio::select! {
            shown = demo.show(Paint::for_stdout()) => shown?,
            () = signals.next() => return Ok(()),
        };
        if args.serve {
            let address = shown.running.address();
            writeln!(
                io::stdout().lock(),
                "\nThe server stays up: http://{address}/health (Ctrl-C ends it)"
            )?;
            signals.next().await;
        }
        shown.running.stop(signals.next()).await;
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}
