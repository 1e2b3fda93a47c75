//! The `repartee` binary.

use std::{io::Write, process::ExitCode};

use clap::Parser;
use server::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Every TLS connection of ours names its cryptography; this is for those that do not.
    drop(rustls::crypto::ring::default_provider().install_default());
    Cli::parse().run().unwrap_or_else(|error| {
        if nobody_reads(&error) {
            return ExitCode::SUCCESS;
        }
        // Where standard error is closed there is nobody to tell.
        drop(writeln!(std::io::stderr().lock(), "repartee: {error:#}"));
        ExitCode::FAILURE
    })
}

/// Whether whoever read our output, such as `head`, had enough of it.
fn nobody_reads(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
