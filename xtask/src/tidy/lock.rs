//! Where dependencies come from.

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Names the packages that come from elsewhere than crates.io.
pub(super) fn check(file: &str, lock: &str) -> Vec<String> {
    lock.lines()
        .filter_map(|line| line.trim().strip_prefix("source = \""))
        .map(|source| source.trim_end_matches('"'))
        .filter(|source| *source != REGISTRY)
        .map(|source| format!("{file}: a package comes from {source}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_registry_will_do() {
        let lock = "[[package]]\nname = \"a\"\n\
             source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
             [[package]]\nname = \"b\"\nsource = \"registry+https://mirror.example/index\"\n\
             [[package]]\nname = \"ours\"\n";
        assert_eq!(
            check("Cargo.lock", lock),
            ["Cargo.lock: a package comes from registry+https://mirror.example/index"]
        );
    }
}
