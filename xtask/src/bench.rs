//! Benchmarks by name.

use std::{path::PathBuf, process::Command};

use anyhow::bail;

use crate::run::{cargo, root, run, target};

struct Bench {
    name: &'static str,
    measures: &'static str,
    /// What cargo does first.
    build: &'static [&'static str],
    /// An argument with which the server has to be built too.
    with_server: Option<&'static str>,
    /// What runs then; nothing if cargo has run it already.
    program: Option<fn() -> Command>,
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "call",
        measures: "simulated calls against the real server: our share of a turn, CPU, memory",
        build: &[
            "build",
            "--release",
            "-p",
            "server",
            "-p",
            "sim",
            "--locked",
        ],
        with_server: None,
        program: Some(calls),
    },
    Bench {
        name: "hearing",
        measures: "everything that listens to a call: time per block of audio",
        build: &[
            "bench", "-p", "audio", "--bench", "hearing", "--locked", "--",
        ],
        with_server: None,
        program: None,
    },
    Bench {
        name: "providers",
        measures: "the same with every set of providers, and offline: what a caller waits, CPU, memory",
        build: &[
            "build",
            "--release",
            "-p",
            "server",
            "-p",
            "sim",
            "--locked",
        ],
        with_server: None,
        program: Some(providers),
    },
    Bench {
        name: "resilience",
        measures: "what a healthy request pays for retries, breakers, deadlines, meters and bills",
        build: &[
            "build",
            "--release",
            "-p",
            "sim",
            "--bin",
            "sim-bench",
            "--locked",
        ],
        with_server: None,
        program: Some(resilience),
    },
    Bench {
        name: "turns",
        measures: "turn-taking: waits, cuts, interruptions, what was heard (--l1: virtual time; --l2: sound)",
        build: &[
            "build",
            "--release",
            "-p",
            "sim",
            "--bin",
            "sim-bench",
            "--locked",
        ],
        with_server: Some("--l2"),
        program: Some(turns),
    },
    Bench {
        name: "vad",
        measures: "voice activity detection: time per block of audio",
        build: &["bench", "-p", "audio", "--bench", "vad", "--locked", "--"],
        with_server: None,
        program: None,
    },
];

const SERVER: &[&str] = &["build", "--release", "-p", "server", "--locked"];

impl Bench {
    fn wants_server(&self, arguments: &[String]) -> bool {
        arguments
            .iter()
            .any(|it| Some(it.as_str()) == self.with_server)
    }
}

/// Runs the benchmark that the first argument names, with the others.
pub(crate) fn bench(arguments: &[String]) -> anyhow::Result<()> {
    let Some((name, rest)) = arguments.split_first() else {
        bail!("name a benchmark:\n{}", list());
    };
    let Some(bench) = BENCHES.iter().find(|bench| bench.name == name) else {
        bail!("`{name}` is not a benchmark:\n{}", list());
    };
    if bench.wants_server(rest) {
        run(cargo().args(SERVER))?;
    }
    match bench.program {
        None => run(cargo().args(bench.build).args(rest)),
        Some(program) => {
            run(cargo().args(bench.build))?;
            run(program().args(rest))
        }
    }
}

fn calls() -> Command {
    sim_bench("call")
}

fn providers() -> Command {
    sim_bench("providers")
}

fn turns() -> Command {
    sim_bench("turns")
}

fn resilience() -> Command {
    let mut command = Command::new(built().join("sim-bench"));
    command.current_dir(root()).arg("resilience");
    command
}

fn sim_bench(what: &str) -> Command {
    let mut command = Command::new(built().join("sim-bench"));
    command
        .current_dir(root())
        .args([what, "--server"])
        .arg(built().join("repartee"));
    command
}

fn built() -> PathBuf {
    target().join("release")
}

fn list() -> String {
    let lines: Vec<String> = BENCHES
        .iter()
        .map(|bench| format!("  {:<11}{}", bench.name, bench.measures))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sound_needs_the_server() {
        let turns = BENCHES.iter().find(|bench| bench.name == "turns").unwrap();
        assert!(turns.wants_server(&["--l2".to_owned()]));
        assert!(!turns.wants_server(&["--l1".to_owned()]));
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = bench(&["cal".to_owned()]).unwrap_err().to_string();
        assert!(error.starts_with("`cal` is not a benchmark:\n  call       simulated"));
    }
}
