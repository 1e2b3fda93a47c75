//! Benchmarks by name.

use std::process::Command;

use anyhow::bail;

use crate::run::{cargo, root, run, target};

struct Bench {
    name: &'static str,
    measures: &'static str,
    /// What cargo does first.
    build: &'static [&'static str],
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
        program: Some(calls),
    },
    Bench {
        name: "hearing",
        measures: "everything that listens to a call: time per block of audio",
        build: &[
            "bench", "-p", "audio", "--bench", "hearing", "--locked", "--",
        ],
        program: None,
    },
    Bench {
        name: "turns",
        measures: "turn-taking: waits, cuts, interruptions, what was heard (--l1: virtual time)",
        build: &[
            "build",
            "--release",
            "-p",
            "sim",
            "--bin",
            "sim-bench",
            "--locked",
        ],
        program: Some(turns),
    },
    Bench {
        name: "vad",
        measures: "voice activity detection: time per block of audio",
        build: &["bench", "-p", "audio", "--bench", "vad", "--locked", "--"],
        program: None,
    },
];

/// Runs the benchmark that the first argument names, with the others.
pub(crate) fn bench(arguments: &[String]) -> anyhow::Result<()> {
    let Some((name, rest)) = arguments.split_first() else {
        bail!("name a benchmark:\n{}", list());
    };
    let Some(bench) = BENCHES.iter().find(|bench| bench.name == name) else {
        bail!("`{name}` is not a benchmark:\n{}", list());
    };
    match bench.program {
        None => run(cargo().args(bench.build).args(rest)),
        Some(program) => {
            run(cargo().args(bench.build))?;
            run(program().args(rest))
        }
    }
}

fn calls() -> Command {
    let built = target().join("release");
    let mut command = Command::new(built.join("sim-bench"));
    command
        .current_dir(root())
        .args(["call", "--server"])
        .arg(built.join("repartee"));
    command
}

fn turns() -> Command {
    let mut command = Command::new(target().join("release/sim-bench"));
    command.current_dir(root()).arg("turns");
    command
}

fn list() -> String {
    let lines: Vec<String> = BENCHES
        .iter()
        .map(|bench| format!("  {:<8}{}", bench.name, bench.measures))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = bench(&["cal".to_owned()]).unwrap_err().to_string();
        assert!(error.starts_with("`cal` is not a benchmark:\n  call    simulated"));
    }
}
