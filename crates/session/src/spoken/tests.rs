mod en;
mod es;
mod mapping;
mod properties;

use super::*;

/// What is said for `source` in a language.
fn spoken(language: &str, source: &str) -> String {
    of(language, source).text().to_owned()
}

fn of(language: &str, source: &str) -> Spoken {
    Spoken::of(source.to_owned(), Tongue::of(&language.parse().unwrap()))
}

/// Checks a table of texts and what is said for them, which is said the same when it comes again.
fn check(language: &str, table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .filter_map(|(source, expected)| {
            let said = spoken(language, source);
            let again = spoken(language, &said);
            (said != *expected || again != said)
                .then(|| format!("{source:?}\n  said {said:?}\n  not  {expected:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
