//! The `repartee` server: configuration, command line, routes, metrics. No call logic.

mod cli;
pub mod config;

pub use cli::Cli;
