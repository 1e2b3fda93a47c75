//! Things going wrong on purpose.

use std::process::Command;

use anyhow::bail;

use crate::run::{cargo, root, run, target};

/// Optimised, and quicker to build than a release.
const PROFILE: &str = "fast";
const USAGE: &str = "\
usage: cargo xtask chaos providers [--rows F01,F02] [--sets nova,flux,files] [--together N]

  providers  faults of providers, F01 to F17, against the real driver, with three sets of them: a
             table of what was required and found; fails if a row does. Takes less than five minutes.";

/// Builds and runs what the first argument names, with the others.
pub(crate) fn chaos(arguments: &[String]) -> anyhow::Result<()> {
    match arguments.first().map(String::as_str) {
        Some("providers") => {}
        Some("--help" | "-h") => {
            eprintln!("{USAGE}");
            return Ok(());
        }
        Some(_) | None => bail!("{USAGE}"),
    }
    run(cargo().args(["build", "--profile", PROFILE, "-p", "sim", "--locked"]))?;
    let program = target().join(PROFILE).join("sim-bench");
    run(Command::new(program)
        .current_dir(root())
        .arg("chaos")
        .args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_told_the_known_ones() {
        let error = chaos(&["provider".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("chaos providers"), "{error}");
    }
}
