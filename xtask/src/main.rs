//! The project's own commands: `cargo xtask <verb>`.

mod bench;
mod chaos;
mod ci;
mod demo;
mod run;
mod tidy;
mod tools;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <verb>

  ci [--quick]       everything that a change has to pass; --quick leaves out deny, doc and fuzz
  tidy               the project's own rules: crate arrows, file lengths, documented names
  demo [ARGS]        build and run `repartee demo ARGS`
  bench NAME [ARGS]  run a benchmark; without NAME, list them
  chaos NAME [ARGS]  let things go wrong; `chaos providers`: faults of providers";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((verb, rest)) => carry_out(verb, rest),
        None => Err(anyhow::anyhow!("{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(verb: &str, rest: &[String]) -> anyhow::Result<()> {
    match verb {
        "bench" => bench::bench(rest),
        "chaos" => chaos::chaos(rest),
        "ci" => ci::ci(rest),
        "demo" => demo::demo(rest),
        "tidy" => tidy::tidy(),
        "help" | "--help" | "-h" => {
            eprintln!("{USAGE}");
            Ok(())
        }
        unknown => anyhow::bail!("`{unknown}` is not a verb\n\n{USAGE}"),
    }
}
