//! The project's own rules, where no lint of Rust or clippy can tell.
//!
//! Each check is a function over text, so that it can be tested; this file finds the text.

mod arrows;
mod documented;
mod lock;
mod sources;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use crate::run::root;

/// Fails if a rule is broken, and names every place.
pub(crate) fn tidy() -> anyhow::Result<()> {
    let tree = Tree::read(root())?;
    let findings = check(&tree);
    if findings.is_empty() {
        eprintln!("tidy: {} files are in order", tree.files.len());
        return Ok(());
    }
    bail!("{}\ntidy: {} findings", findings.join("\n"), findings.len())
}

/// The text files of the repository, by their path from its root with `/`.
struct Tree {
    files: Vec<(String, String)>,
}

impl Tree {
    fn read(root: &Path) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            for path in entries(&folder)? {
                if path.is_dir() {
                    folders.push(path);
                } else if let Some(text) = text_of(&path)? {
                    files.push((name_in(root, &path), text));
                }
            }
        }
        files.sort();
        Ok(Self { files })
    }

    fn get(&self, name: &str) -> Option<&str> {
        let (_, text) = self.files.iter().find(|(known, _)| known == name)?;
        Some(text)
    }

    /// The code of the files `{stem}.rs` and of those in the folder `{stem}/`, without tests.
    fn module(&self, stem: &str) -> Option<String> {
        let (file, folder) = (format!("{stem}.rs"), format!("{stem}/"));
        let parts: Vec<&str> = self
            .files
            .iter()
            .filter(|(name, _)| *name == file || name.starts_with(&folder))
            .filter(|(name, _)| !name.ends_with("/tests.rs") && !name.contains("/tests/"))
            .map(|(_, text)| without_tests(text))
            .collect();
        (!parts.is_empty()).then(|| parts.join("\n"))
    }
}

fn without_tests(code: &str) -> &str {
    code.split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(code)
}

const SKIPPED_FOLDERS: [&str; 4] = [".git", "dist", "node_modules", "target"];
const TEXT_ENDINGS: [&str; 14] = [
    "css", "html", "js", "json", "lock", "md", "rs", "service", "sh", "sql", "svelte", "toml",
    "ts", "yml",
];

/// What is in a folder, links and the fruits of building left out.
fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let shown = folder.display();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {shown}"))? {
        let entry = entry?;
        let name = entry.file_name();
        let skipped = SKIPPED_FOLDERS.iter().any(|skipped| name == *skipped);
        if !skipped && !entry.file_type()?.is_symlink() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// The text of a file, if it is one that people write.
fn text_of(path: &Path) -> anyhow::Result<Option<String>> {
    let ours = match path.extension() {
        Some(ending) => TEXT_ENDINGS.iter().any(|known| ending == *known),
        None => true,
    };
    if !ours {
        return Ok(None);
    }
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(String::from_utf8(bytes).ok())
}

fn name_in(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = inside
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}

fn check(tree: &Tree) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, text) in &tree.files {
        if let Some(krate) = crate_of_manifest(name) {
            findings.extend(arrows::check(krate, name, text));
        }
        findings.extend(sources::check(name, text));
        if name.ends_with("Cargo.lock") {
            findings.extend(lock::check(name, text));
        }
    }
    findings.extend(check_documents(tree));
    findings
}

/// The crate whose manifest this is, if it is one of the workspace.
fn crate_of_manifest(name: &str) -> Option<&str> {
    let folder = name.strip_suffix("/Cargo.toml")?;
    let krate = folder.strip_prefix("crates/").unwrap_or(folder);
    let in_workspace = folder == "xtask" || krate != folder && !krate.contains('/');
    in_workspace.then_some(krate)
}

fn check_documents(tree: &Tree) -> Vec<String> {
    const SETTINGS: &str = "docs/configuration.md";
    const METRICS: &str = "docs/metrics.md";
    let document = |name| documented::Document {
        name,
        text: tree.get(name).unwrap_or_default(),
    };
    let mut findings = Vec::new();
    let counting =
        ["crates/driver", "crates/server"].map(|krate| format!("{krate}/src/meters/names"));
    for code in counting.iter().filter_map(|stem| tree.module(stem)) {
        findings.extend(document(METRICS).lacks(&documented::metrics(&code)));
    }
    if let Some(code) = tree.module("crates/server/src/config/raw") {
        findings.extend(document(SETTINGS).lacks(&documented::keys(&code)));
    }
    if let Some(code) = tree.module("crates/server/src/config") {
        findings.extend(document(SETTINGS).lacks(&documented::variables(&code)));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        Tree {
            files: files.iter().map(own).collect(),
        }
    }

    #[test]
    fn each_kind_of_file_meets_its_rules() {
        let findings = check(&tree(&[
            ("Cargo.lock", "source = \"git+https://example.com/x\""),
            (
                "crates/domain/Cargo.toml",
                "[dependencies]\nserver.workspace = true",
            ),
            ("crates/domain/src/lib.rs", concat!("// TO", "DO")),
            (
                "crates/driver/src/meters/names.rs",
                "pub const TURNS: &str = \"repartee_turns\";",
            ),
            (
                "crates/server/src/meters/names.rs",
                "pub const UPTIME: &str = \"repartee_uptime\";",
            ),
            (
                "crates/server/src/config/env.rs",
                "const KEY: &str = \"SOME_KEY\";\n#[cfg(test)]\nmod tests { \"TEST_KEY\" }",
            ),
            ("crates/server/src/config/env/tests.rs", "\"OTHER_KEY\""),
            (
                "crates/server/src/config/raw/turns.rs",
                "struct Turns {\n    end_ms: u64,\n}",
            ),
        ]));
        assert_eq!(findings.len(), 7, "{findings:#?}");
    }

    #[test]
    fn what_is_not_written_yet_needs_no_document() {
        assert!(check(&tree(&[("README.md", "Hello.")])).is_empty());
    }

    #[test]
    fn only_crates_of_the_workspace_have_arrows() {
        assert_eq!(crate_of_manifest("crates/audio/Cargo.toml"), Some("audio"));
        assert_eq!(crate_of_manifest("xtask/Cargo.toml"), Some("xtask"));
        for other in ["Cargo.toml", "fuzz/Cargo.toml", "crates/audio/x/Cargo.toml"] {
            assert_eq!(crate_of_manifest(other), None, "{other}");
        }
    }

    #[test]
    fn the_repository_is_read_whole() {
        let tree = Tree::read(root()).unwrap();
        assert!(tree.get("xtask/src/tidy.rs").is_some());
        assert!(tree.get("Cargo.lock").is_some());
        assert!(tree.get(".ci/run").is_some());
        assert!(!tree.files.iter().any(|(name, _)| name.starts_with(".git/")));
    }
}
