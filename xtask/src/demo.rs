//! `repartee demo` on a machine where nothing is prepared.

use std::{path::Path, process::Command};

use crate::run::{cargo, run, succeeds, target};

/// Installs the engines with which the demo speaks and listens for itself.
const INSTALL: [&str; 6] = [
    "install",
    "--yes",
    "--no-install-recommends",
    "flite",
    "pocketsphinx",
    "pocketsphinx-en-us",
];

/// Builds the server and runs its demo with `arguments`.
pub(crate) fn demo(arguments: &[String]) -> anyhow::Result<()> {
    install_engines();
    run(cargo().args([
        "build",
        "--profile",
        "fast",
        "--package",
        "server",
        "--locked",
    ]))?;
    run(Command::new(target().join("fast/repartee"))
        .arg("demo")
        .args(arguments))
}

/// Installs the speech engines where that can be done without asking. The demo runs without them,
/// with recorded phrases, so a failure here is only told.
fn install_engines() {
    if has_library("libflite.so.1") && has_library("libpocketsphinx.so.3") {
        return;
    }
    if !is_root() || !succeeds(Command::new("apt-get").arg("--version")) {
        eprintln!(
            "The demo will use recorded phrases. Better: apt-get {}",
            INSTALL.join(" ")
        );
        return;
    }
    if let Err(error) = apt_get(&["update"]).and_then(|()| apt_get(&INSTALL)) {
        eprintln!("The demo will use recorded phrases: {error:#}");
    }
}

fn apt_get(words: &[&str]) -> anyhow::Result<()> {
    run(Command::new("apt-get")
        .arg("--quiet")
        .args(words)
        .env("DEBIAN_FRONTEND", "noninteractive"))
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Whether the dynamic linker knows the library.
fn has_library(name: &str) -> bool {
    let known = |program| Command::new(program).arg("-p").output();
    known("ldconfig")
        .or_else(|_| known("/sbin/ldconfig"))
        .is_ok_and(|output| lists(&String::from_utf8_lossy(&output.stdout), name))
        || Path::new("/usr/lib").join(name).exists()
}

fn lists(libraries: &str, name: &str) -> bool {
    libraries
        .lines()
        .any(|line| line.split_whitespace().next() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_known_by_its_whole_name() {
        let known = "\t2 libs found in cache\n\tlibflite.so.1 (libc6,x86-64) => a/libflite.so.1\n";
        assert!(lists(known, "libflite.so.1"));
        assert!(!lists(known, "libflite.so"));
        assert!(!lists(known, "libpocketsphinx.so.3"));
    }
}
