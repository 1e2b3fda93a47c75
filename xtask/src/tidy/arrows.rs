//! Which crate may use which. An arrow that is not here is a decision that was not made.

/// A crate and the others that it may use.
struct Arrows {
    from: &'static str,
    to: &'static [&'static str],
}

const ALLOWED: &[Arrows] = &[
    Arrows {
        from: "audio",
        to: &[],
    },
    Arrows {
        from: "domain",
        to: &[],
    },
    Arrows {
        from: "driver",
        to: &[
            "audio",
            "domain",
            "providers",
            "session",
            "store",
            "transports",
        ],
    },
    Arrows {
        from: "providers",
        to: &["audio", "domain", "session", "speechlibs"],
    },
    Arrows {
        from: "server",
        to: &[
            "audio",
            "domain",
            "driver",
            "providers",
            "session",
            "sim",
            "speechlibs",
            "store",
            "transports",
        ],
    },
    Arrows {
        from: "session",
        to: &["domain"],
    },
    Arrows {
        from: "sim",
        to: &[
            "audio",
            "domain",
            "driver",
            "providers",
            "session",
            "speechlibs",
            "store",
            "transports",
        ],
    },
    Arrows {
        from: "speechlibs",
        to: &[],
    },
    Arrows {
        from: "store",
        to: &["domain"],
    },
    Arrows {
        from: "transports",
        to: &["audio", "domain", "session"],
    },
    Arrows {
        from: "xtask",
        to: &[],
    },
];

/// Crates that decide and compute, and what they may use of the world. Their tests may use more.
const PURE: [&str; 3] = ["audio", "domain", "session"];
const ALLOWED_IN_PURE: [&str; 2] = ["bytes", "thiserror"];

/// Names the arrows of a manifest that lead where none may lead.
pub(super) fn check(krate: &str, file: &str, manifest: &str) -> Vec<String> {
    let Some(arrows) = ALLOWED.iter().find(|arrows| arrows.from == krate) else {
        return vec![format!(
            "{file}: crate `{krate}` has no arrows yet: decide what it may use in tidy/arrows.rs"
        )];
    };
    let mut findings = Vec::new();
    for used in dependencies(manifest) {
        let ours = ALLOWED.iter().any(|arrows| arrows.from == used.name);
        if ours && !arrows.to.contains(&used.name.as_str()) {
            findings.push(format!("{file}: `{krate}` may not use `{}`", used.name));
        }
        let foreign = !ours && used.kind == Kind::Normal;
        if foreign && PURE.contains(&krate) && !ALLOWED_IN_PURE.contains(&used.name.as_str()) {
            findings.push(format!(
                "{file}: `{krate}` is pure and may not use `{}`",
                used.name
            ));
        }
    }
    findings
}

#[derive(Debug, Eq, PartialEq)]
struct Dependency {
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Normal,
    ForTestsOrBuilds,
}

/// The crates that a manifest names, under the names they have in the registry.
fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut found = Vec::new();
    let mut section = None;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_start_matches('[').trim_end_matches(']').trim();
            section = kind_of(header);
            if let (Some(kind), Some((_, name))) = (section, named_in_header(header)) {
                found.push(Dependency {
                    name: unquoted(name),
                    kind,
                });
                // The lines below are the settings of this one dependency.
                section = None;
            }
        } else if let Some(kind) = section
            && let Some((key, value)) = line.split_once('=')
            && !line.starts_with('#')
        {
            let renamed = value
                .split_once("package")
                .and_then(|(_, rest)| rest.split('"').nth(1));
            let name = key.split('.').next().unwrap_or(key);
            found.push(Dependency {
                name: renamed.map_or_else(|| unquoted(name), str::to_owned),
                kind,
            });
        }
    }
    found
}

/// Splits `dependencies.domain`, or `target.'cfg(unix)'.dependencies.domain`.
fn named_in_header(header: &str) -> Option<(&str, &str)> {
    let at = header.rfind("dependencies.")? + "dependencies".len();
    Some((&header[..at], &header[at + 1..]))
}

fn kind_of(header: &str) -> Option<Kind> {
    let section = named_in_header(header).map_or(header, |(section, _)| section);
    match section.rsplit('.').next()? {
        "dependencies" => Some(Kind::Normal),
        "dev-dependencies" | "build-dependencies" => Some(Kind::ForTestsOrBuilds),
        _ => None,
    }
}

fn unquoted(name: &str) -> String {
    name.trim().trim_matches(['"', '\'']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(krate: &str, manifest: &str) -> Vec<String> {
        check(krate, "Cargo.toml", manifest)
    }

    #[test]
    fn an_arrow_against_the_stream_is_found() {
        assert_eq!(
            findings("domain", "[dependencies]\nsession.workspace = true"),
            ["Cargo.toml: `domain` may not use `session`"]
        );
        assert!(findings("session", "[dependencies]\ndomain.workspace = true").is_empty());
    }

    #[test]
    fn every_spelling_of_a_dependency_is_read() {
        for manifest in [
            "[dependencies]\nserver = { path = \"../server\" }",
            "[dependencies.server]\npath = \"../server\"",
            "[dev-dependencies]\nserver.workspace = true",
            "[build-dependencies]\nserver = \"1\"",
            "[target.'cfg(unix)'.dependencies]\nserver.workspace = true",
            "[target.'cfg(unix)'.dependencies.server]\nworkspace = true",
            "[dependencies]\nother = { package = \"server\", path = \"../server\" }",
            "[dependencies]\n\"server\" = \"1\"",
        ] {
            assert_eq!(findings("sim", manifest).len(), 1, "{manifest}");
        }
    }

    #[test]
    fn settings_are_not_dependencies() {
        let manifest = "[package]\nname = \"server\"\n[features]\nserver = []\n\
             [dependencies.tokio]\nserver = 1\n[[bin]]\nname = \"server\"\n\
             [dependencies]\n# server = \"1\"\n";
        assert!(findings("sim", manifest).is_empty());
    }

    #[test]
    fn a_pure_crate_knows_no_runtime_outside_its_tests() {
        let manifest = "[dependencies]\ntokio.workspace = true\n[dev-dependencies]\ninsta = \"1\"";
        assert_eq!(
            findings("session", manifest),
            ["Cargo.toml: `session` is pure and may not use `tokio`"]
        );
        assert!(findings("store", manifest).is_empty());
    }

    #[test]
    fn a_new_crate_needs_a_decision() {
        assert_eq!(findings("utils", "").len(), 1);
    }

    #[test]
    fn the_table_has_no_circle() {
        fn reaches(from: &str, to: &str) -> bool {
            let arrows = ALLOWED.iter().find(|arrows| arrows.from == from);
            arrows.is_some_and(|arrows| {
                arrows
                    .to
                    .iter()
                    .any(|next| *next == to || reaches(next, to))
            })
        }
        for arrows in ALLOWED {
            assert!(!reaches(arrows.from, arrows.from), "{}", arrows.from);
        }
    }
}
