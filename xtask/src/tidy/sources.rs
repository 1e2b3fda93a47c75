//! What no source file may have.

/// A file that is longer has a second noun in it.
const MOST_LINES: usize = 500;

/// A comment with this in the first lines of a file says that it is a table and may be long.
const LONG_TABLE: &str = concat!("tidy: ", "long table");
const MARKER_LINES: usize = 5;

/// Folders of one machine. They are put together here, or this file would be a finding.
const MACHINE_FOLDERS: [&str; 3] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
];

/// Promises instead of work: in Rust code, and why not.
const UNFINISHED: [(&str, &str); 5] = [
    (concat!("TO", "DO"), "do it or open an issue"),
    (concat!("FIX", "ME"), "do it or open an issue"),
    (concat!("todo", "!("), "a call would end here"),
    (concat!("unimpl", "emented!("), "a call would end here"),
    (
        concat!("#[ign", "ore"),
        "assert what happens today and say why it is wrong",
    ),
];

/// Names the places of a file that break a rule.
pub(super) fn check(file: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    if file.ends_with(".rs") {
        findings.extend(too_long(file, text));
    }
    for (number, line) in (1..).zip(text.lines()) {
        for folder in MACHINE_FOLDERS {
            if names_a_folder(line, folder) {
                findings.push(format!("{file}:{number}: a path of one machine: {folder}"));
            }
        }
        if file.ends_with(".rs") {
            for (word, why) in UNFINISHED {
                if has_word(line, word) {
                    findings.push(format!("{file}:{number}: {word}: {why}"));
                }
            }
        }
    }
    findings
}

fn too_long(file: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    let exempt = text
        .lines()
        .take(MARKER_LINES)
        .any(|line| line.starts_with("//") && line.contains(LONG_TABLE));
    (lines > MOST_LINES && !exempt).then(|| {
        format!("{file}: {lines} lines, and {MOST_LINES} are the most: look for the second noun")
    })
}

/// Whether a path begins with `folder` here. In the middle of another path it is harmless.
fn names_a_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        line[..at]
            .chars()
            .next_back()
            .is_none_or(|before| !before.is_alphanumeric() && !"./-_~}$*".contains(before))
    })
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |other: Option<char>| other.is_some_and(|other| other.is_alphanumeric());
    line.match_indices(word).any(|(at, _)| {
        let after = line[at + word.len()..].chars().next();
        let ends_itself = !word.ends_with(char::is_alphabetic);
        !is_part(line[..at].chars().next_back()) && (ends_itself || !is_part(after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        check("src/lib.rs", text).len()
    }

    #[test]
    fn a_long_file_is_found_unless_it_is_a_table() {
        let long = "let x = 1;\n".repeat(501);
        assert_eq!(
            check("src/lib.rs", &long),
            ["src/lib.rs: 501 lines, and 500 are the most: look for the second noun"]
        );
        assert_eq!(findings(&"let x = 1;\n".repeat(500)), 0);
        assert_eq!(findings(&format!("//! Words. {LONG_TABLE}\n{long}")), 0);
        assert_eq!(findings(&format!("{long}// {LONG_TABLE}\n")), 1);
        assert!(check("docs/long.md", &long).is_empty());
    }

    #[test]
    fn a_path_of_one_machine_is_found_in_any_file() {
        for folder in MACHINE_FOLDERS {
            assert_eq!(
                check("README.md", &format!("first\ncd {folder}me")),
                [format!("README.md:2: a path of one machine: {folder}")]
            );
            assert_eq!(findings(&format!("open(\"{folder}x\")")), 1);
            assert_eq!(findings(&format!("{folder}x")), 1);
            assert_eq!(findings(&format!("https://example.com{folder}x")), 0);
            assert_eq!(findings(&format!("see ..{folder}x")), 0);
        }
    }

    #[test]
    fn unfinished_work_is_found_in_code() {
        for (word, why) in UNFINISHED {
            assert_eq!(
                check("a.rs", &format!("x();\n  {word}")),
                [format!("a.rs:2: {word}: {why}")]
            );
            assert!(check("a.md", word).is_empty());
        }
    }

    #[test]
    fn words_within_words_are_harmless() {
        let word = concat!("TO", "DO");
        assert_eq!(findings(&format!("let x = \"{word}S los días\";")), 0);
        assert_eq!(findings(&format!("MÉ{word}")), 0);
    }
}
