use super::Tongue;

/// A place in a text where something may begin that is said in other words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    pub(super) before: &'a str,
    pub(super) rest: &'a str,
    pub(super) tongue: Tongue,
}

/// How the beginning of a text is said.
#[derive(Debug)]
pub(super) struct Reading {
    /// Bytes that are read.
    pub(super) length: usize,
    pub(super) words: String,
}

impl Cursor<'_> {
    /// The word before, without punctuation around it.
    pub(super) fn word_before(&self) -> &str {
        self.before
            .split_whitespace()
            .next_back()
            .unwrap_or_default()
            .trim_matches(|letter: char| !letter.is_alphanumeric())
    }

    /// The letter before, white space included.
    pub(super) fn letter_before(&self) -> Option<char> {
        self.before.chars().next_back()
    }

    /// Whether one of these words, or phrases, stands before. They are in lower case.
    pub(super) fn follows_one_of(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| {
            let mut before = self.before.split_whitespace().rev();
            phrase.split(' ').rev().all(|word| {
                before.next().is_some_and(|said| {
                    said.trim_matches(|letter: char| !letter.is_alphanumeric())
                        .to_lowercase()
                        == word
                })
            })
        })
    }
}

/// The digits at the beginning of a text.
pub(super) fn leading_digits(text: &str) -> &str {
    let end = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    &text[..end]
}

/// A number of so many digits at the beginning of a text: its value and what follows.
pub(super) fn short_number(text: &str, most: usize) -> Option<(u64, &str)> {
    let digits = leading_digits(text);
    if digits.is_empty() || digits.len() > most {
        return None;
    }
    let value = digits.parse().ok()?;
    Some((value, &text[digits.len()..]))
}

/// Whether a word that ends where `after` begins is a whole one.
pub(super) fn ends_word(after: &str) -> bool {
    after
        .chars()
        .next()
        .is_none_or(|next| !next.is_alphanumeric())
}

/// Whether a number that ends where `after` begins is a whole one.
pub(super) fn ends_number(after: &str) -> bool {
    let mut letters = after.chars();
    match letters.next() {
        Some('.' | ',' | ':' | '/' | '-') => {
            !letters.next().is_some_and(|next| next.is_ascii_digit())
        }
        Some(next) => !next.is_alphanumeric(),
        None => true,
    }
}

/// What follows one space, of any kind, or no space.
pub(super) fn after_space(text: &str) -> &str {
    text.strip_prefix([' ', '\u{a0}', '\u{202f}'])
        .unwrap_or(text)
}

/// What follows `prefix`, whatever its case.
pub(super) fn after_word<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix)
        .then(|| &text[prefix.len()..])
}

/// The letters at the beginning of a text.
pub(super) fn leading_word(text: &str) -> &str {
    let end = text
        .find(|letter: char| !letter.is_alphabetic())
        .unwrap_or(text.len());
    &text[..end]
}
