//! The `repartee` binary.

use std::process::ExitCode;

use clap::Parser;
use server::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<ExitCode> {
    Cli::parse().run()
}
