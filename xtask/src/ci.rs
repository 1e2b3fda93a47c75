//! Everything that a change has to pass, on a machine that has nothing but the Rust toolchain.

use std::time::Duration;

use anyhow::bail;

use crate::{
    run::{cargo, run, target, timed},
    tidy,
    tools::{CARGO_DENY, CARGO_NEXTEST},
};

struct Step {
    name: &'static str,
    work: fn() -> anyhow::Result<()>,
    /// Whether `--quick` leaves it out.
    slow: bool,
}

/// Those that fail soonest come first. The tests are last, so that their summary ends the output.
const STEPS: &[Step] = &[
    quick("fmt", fmt),
    quick("tidy", tidy::tidy),
    quick("clippy", clippy),
    slow("fuzz", fuzz),
    slow("doc", doc),
    slow("deny", deny),
    quick("test", test),
];

const fn quick(name: &'static str, work: fn() -> anyhow::Result<()>) -> Step {
    Step {
        name,
        work,
        slow: false,
    }
}

const fn slow(name: &'static str, work: fn() -> anyhow::Result<()>) -> Step {
    Step {
        name,
        work,
        slow: true,
    }
}

/// Runs the steps in order and stops at the first that fails.
pub(crate) fn ci(arguments: &[String]) -> anyhow::Result<()> {
    let in_a_hurry = match arguments {
        [] => false,
        [flag] if flag == "--quick" => true,
        [..] => bail!("`cargo xtask ci` takes nothing but `--quick`"),
    };
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for step in STEPS.iter().filter(|step| !(in_a_hurry && step.slow)) {
        eprintln!("\n== {}", step.name);
        let (outcome, time) = timed(step.work);
        times.push((step.name, time));
        if let Err(error) = outcome {
            eprintln!("\n{}", table(&times));
            return Err(error.context(format!("ci: {} failed", step.name)));
        }
    }
    eprintln!("\n{}\nci: all passed", table(&times));
    Ok(())
}

fn table(times: &[(&str, Duration)]) -> String {
    let line = |name: &str, time: Duration| format!("  {name:<8}{:>7.1} s\n", time.as_secs_f64());
    let lines: String = times.iter().map(|(name, time)| line(name, *time)).collect();
    lines + line("total", times.iter().map(|(_, time)| *time).sum()).trim_end()
}

fn fmt() -> anyhow::Result<()> {
    run(cargo().args(["fmt", "--all", "--", "--check"]))
}

fn clippy() -> anyhow::Result<()> {
    run(cargo()
        .args(["clippy", "--workspace", "--all-targets", "--locked"])
        .args(["--", "-D", "warnings"]))
}

/// Whether the targets of the fuzzer still compile; the fuzzer itself needs another toolchain. What
/// clippy has checked before is not checked again where both need the same of it.
fn fuzz() -> anyhow::Result<()> {
    run(cargo()
        .args(["check", "--manifest-path", "fuzz/Cargo.toml", "--bins"])
        .args(["--no-default-features", "--locked", "--target-dir"])
        .arg(target()))
}

fn test() -> anyhow::Result<()> {
    CARGO_NEXTEST.provide()?;
    run(CARGO_NEXTEST
        .cargo()
        .args(["nextest", "run", "--workspace", "--locked"]))
}

fn doc() -> anyhow::Result<()> {
    run(cargo()
        .args(["doc", "--workspace", "--no-deps", "--locked"])
        .env("RUSTDOCFLAGS", "-Dwarnings"))
}

fn deny() -> anyhow::Result<()> {
    CARGO_DENY.provide()?;
    // Advisories need the network and change by themselves, so they are no part of a test.
    run(CARGO_DENY
        .cargo()
        .args(["deny", "--locked", "check", "--hide-inclusion-graph"])
        .args(["bans", "licenses", "sources"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_add_up() {
        let times = [
            ("fmt", Duration::from_millis(1_500)),
            ("test", Duration::from_secs(100)),
        ];
        assert_eq!(
            table(&times),
            "  fmt         1.5 s\n  test      100.0 s\n  total     101.5 s"
        );
    }

    #[test]
    fn odd_arguments_are_refused_before_anything_runs() {
        let error = ci(&["--fast".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("--quick"));
    }
}
