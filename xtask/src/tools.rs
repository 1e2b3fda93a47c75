//! Cargo's helpers that a fresh machine lacks. They are built once, into the target folder.

use std::{env, ffi::OsString, path::PathBuf, process::Command};

use crate::run::{cargo, run, succeeds, target};

/// A subcommand of cargo that has to be installed.
pub(crate) struct Tool {
    /// The crate and the program: `cargo-nextest`.
    name: &'static str,
    /// What comes after `cargo`.
    subcommand: &'static str,
    /// The version that is installed; any other that is already there is used as it is.
    version: &'static str,
}

/// Runs tests, each in a process of its own.
pub(crate) const CARGO_NEXTEST: Tool = Tool {
    name: "cargo-nextest",
    subcommand: "nextest",
    version: "0.9.143",
};

/// Checks licences, sources and forbidden crates.
pub(crate) const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    subcommand: "deny",
    version: "0.20.2",
};

/// These tools work for seconds in each run, so they are built fast and not to be fast.
const BUILD_SETTINGS: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_STRIP", "true"),
];

impl Tool {
    /// Installs the tool unless there is one.
    pub(crate) fn provide(&self) -> anyhow::Result<()> {
        if succeeds(self.cargo().args([self.subcommand, "--version"])) {
            return Ok(());
        }
        eprintln!("{} is missing and will be built once", self.name);
        run(cargo()
            .args(["install", "--locked", self.name, "--version", self.version])
            .arg("--root")
            .arg(folder())
            .envs(BUILD_SETTINGS))
    }

    /// A cargo that finds the tool, here or wherever the machine has it.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo();
        command.env("PATH", search_path());
        command
    }
}

fn folder() -> PathBuf {
    target().join("tools")
}

fn search_path() -> OsString {
    let known = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&known).chain([folder().join("bin")]);
    env::join_paths(folders).unwrap_or(known)
}
