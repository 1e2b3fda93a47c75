use super::cursor::{Cursor, Reading, ends_word};

/// A short form that is written with a full stop.
#[derive(Debug)]
pub(crate) struct Abbreviation {
    /// In lower case, without the last full stop.
    pub(crate) written: &'static str,
    /// In full.
    pub(crate) spoken: &'static str,
    pub(crate) place: Place,
}

/// Where a short form stands, which tells whether its full stop may end a sentence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// Anywhere, also at the end.
    Anywhere,
    /// Before a name: "Mr. Smith".
    BeforeName,
    /// Before a number: "No. 5". Elsewhere it is another word.
    BeforeNumber,
    /// Before a name it is one word, after a name another: "Dr. Oak", "Oak Dr."
    EitherSide {
        /// The word after a name.
        after: &'static str,
    },
}

/// Reads a short form in full, if its place shows that it is one.
pub(super) fn read(cursor: Cursor<'_>) -> Option<Reading> {
    cursor
        .tongue
        .speech
        .abbreviations
        .iter()
        .filter(|short| begins_with(cursor.rest, short.written))
        .max_by_key(|short| short.written.len())
        .and_then(|short| in_full(cursor, short))
}

/// Whether `text` begins with a short form and its full stop.
fn begins_with(text: &str, written: &str) -> bool {
    let mut letters = text.chars();
    let same = written.chars().all(|expected| {
        letters
            .next()
            .is_some_and(|letter| same_letter(letter, expected))
    });
    same && letters.next() == Some('.') && ends_word(letters.as_str())
}

/// Whether a letter is this one, which is in lower case.
fn same_letter(letter: char, lower: char) -> bool {
    letter == lower
        || (lower == ' ' && letter == '\u{a0}')
        || letter.to_lowercase().eq(std::iter::once(lower))
}

fn in_full(cursor: Cursor<'_>, short: &Abbreviation) -> Option<Reading> {
    let length = bytes_of(cursor.rest, short.written.chars().count() + 1);
    let next = cursor.rest[length..].trim_start().chars().next();
    let before_name = next.is_some_and(char::is_uppercase);
    let spoken = match short.place {
        Place::Anywhere => short.spoken,
        Place::BeforeName if before_name => short.spoken,
        Place::BeforeNumber if next.is_some_and(|next| next.is_ascii_digit()) => short.spoken,
        Place::EitherSide { after } => match (before_name, follows_name(cursor.before)) {
            (true, Follows::House) | (false, Follows::House | Follows::Name) => after,
            (true, Follows::Name | Follows::Nothing) => short.spoken,
            (false, Follows::Nothing) => return None,
        },
        Place::BeforeName | Place::BeforeNumber => return None,
    };
    let sentence_ends =
        next.is_none() && short.place != Place::BeforeName && !spoken.ends_with('.');
    Some(Reading {
        length,
        words: if sentence_ends {
            format!("{spoken}.")
        } else {
            spoken.to_owned()
        },
    })
}

/// What stands before a short form.
enum Follows {
    /// A number and a name: "12 Oak".
    House,
    Name,
    Nothing,
}

fn follows_name(before: &str) -> Follows {
    let mut words = before.split_whitespace().rev();
    let capital = |word: &str| word.starts_with(char::is_uppercase);
    let whole = |word: &str| word.ends_with(char::is_alphabetic);
    match words.next() {
        Some(word) if capital(word) && whole(word) => match words.next() {
            Some(house) if house.starts_with(|first: char| first.is_ascii_digit()) => {
                Follows::House
            }
            Some(_) | None => Follows::Name,
        },
        Some(_) | None => Follows::Nothing,
    }
}

fn bytes_of(text: &str, chars: usize) -> usize {
    text.chars().take(chars).map(char::len_utf8).sum()
}
