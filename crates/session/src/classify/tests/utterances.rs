//! How well the word rules tell finished utterances from those cut at a pause, without any
//! punctuation: the numbers that the waits were chosen by.

mod english;
mod spanish;

use super::*;

/// Finished utterances that the rules may take for unfinished, in percent.
const MOST_HELD_BACK: usize = 5;
/// Unfinished utterances that the rules must recognise, in percent.
const LEAST_RECOGNISED: usize = 76;

fn holds_back(language: &str, text: &str) -> bool {
    match classify(text, lists(language), Expect::Open, Nothing) {
        WaitClass::Filler | WaitClass::Incomplete | WaitClass::Number => true,
        WaitClass::Complete
        | WaitClass::Fragment
        | WaitClass::Hold
        | WaitClass::Keys
        | WaitClass::Provider
        | WaitClass::ShortAnswer
        | WaitClass::Terminal
        | WaitClass::Unknown => false,
    }
}

fn check(language: &str, finished: &str, unfinished: &str) {
    let (whole, held) = count(finished, |text| holds_back(language, text));
    let (cut, missed) = count(unfinished, |text| !holds_back(language, text));
    let report = format!(
        "{language}: held back {} of {whole}: {held:#?}\nmissed {} of {cut}: {missed:#?}",
        held.len(),
        missed.len()
    );
    assert!(held.len() * 100 <= whole * MOST_HELD_BACK, "{report}");
    assert!(
        (cut - missed.len()) * 100 >= cut * LEAST_RECOGNISED,
        "{report}"
    );
}

/// How many lines there are, and those that are wrong.
fn count(lines: &str, is_wrong: impl Fn(&str) -> bool) -> (usize, Vec<&str>) {
    let lines = || lines.trim().lines().map(str::trim);
    (
        lines().count(),
        lines().filter(|text| is_wrong(text)).collect(),
    )
}

#[test]
fn english_rules_tell_finished_from_unfinished() {
    check("en", english::WHOLE, english::CUT);
}

#[test]
fn spanish_rules_tell_finished_from_unfinished() {
    check("es", spanish::WHOLE, spanish::CUT);
}
