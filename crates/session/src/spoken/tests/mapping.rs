use super::{check, of};

/// What of the source was said when `heard` was.
fn claimed(language: &str, source: &str, heard: &str) -> String {
    let spoken = of(language, source);
    assert!(spoken.text().starts_with(heard), "{:?}", spoken.text());
    spoken
        .source_of(heard.chars().count())
        .trim_end()
        .to_owned()
}

#[test]
fn a_price_is_said_when_all_of_it_was() {
    let source = "It costs $12.50 today.";
    assert_eq!(claimed("en", source, "It costs twelve dollars"), "It costs");
    assert_eq!(
        claimed("en", source, "It costs twelve dollars and fifty cents"),
        "It costs $12.50"
    );
    assert_eq!(
        claimed("en", source, "It costs twelve dollars and fifty cents to"),
        "It costs $12.50 to"
    );
}

#[test]
fn marks_go_with_what_they_surround() {
    let source = "That is **very** good 😀, Dr. Smith";
    assert_eq!(claimed("en", source, "That is"), "That is");
    assert_eq!(claimed("en", source, "That is very"), "That is **very**");
    assert_eq!(
        claimed("en", source, "That is very good, Doctor Smith"),
        source
    );
    assert_eq!(
        claimed("en", "- Two eggs\n- Milk", "Two eggs"),
        "- Two eggs"
    );
}

#[test]
fn nothing_heard_is_nothing_said() {
    assert_eq!(claimed("en", "**Great**", ""), "");
}

#[test]
fn without_rules_only_marks_go() {
    check("fr", &[("**5 €** à 14:30 😀.", "5 € à 14:30.")]);
}
