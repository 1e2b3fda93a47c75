//! The `repartee` server: configuration, command line, routes, metrics. No call logic.

mod admission;
mod app;
mod cli;
mod clock;
pub mod config;
mod demo;
mod directory;
mod doorstep;
mod engines;
mod logs;
mod loop_lag;
mod memory;
pub mod meters;
mod paint;
mod reaper;
mod routes;
mod serve;
mod stations;
mod story;
mod switchboard;
mod tools;

pub use cli::Cli;
pub use clock::SystemClock;
pub use serve::{Options, Running, Webhooks};

/// The version of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
