use crate::spoken::{Abbreviation, Place};

/// Whether a text may be cut at a mark.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cut {
    /// The next piece begins here.
    Here(usize),
    No,
    /// What follows will tell.
    Wait,
}

pub(super) fn ends_sentence(mark: char) -> bool {
    matches!(mark, '.' | '!' | '?' | '…' | '\n' | '。' | '！' | '？')
}

pub(super) fn ends_clause(mark: char) -> bool {
    ends_sentence(mark) || matches!(mark, ',' | ';' | ':' | '–' | '—')
}

/// Whether the mark at `at` ends something: a space and the next word follow it, and it belongs
/// to no number and no short form.
pub(super) fn after(text: &str, at: usize, mark: char, short: &[Abbreviation]) -> Cut {
    let after = at + mark.len_utf8();
    if matches!(mark, '\n' | '。' | '！' | '？') {
        return Cut::Here(after);
    }
    let closed = after + closing(&text[after..]);
    let tail = &text[closed..];
    let Some(space) = tail.chars().next() else {
        return Cut::Wait;
    };
    if !space.is_whitespace() {
        return Cut::No;
    }
    let next = tail.trim_start().chars().next();
    match inside(&text[..at], mark, next, short) {
        Inside::Yes => Cut::No,
        Inside::No => Cut::Here(closed + space.len_utf8()),
        Inside::Unknown => Cut::Wait,
    }
}

/// The length of quotes, brackets and emphasis that close at the beginning of `text`.
fn closing(text: &str) -> usize {
    text.chars()
        .take_while(|mark| matches!(mark, '"' | '”' | '’' | '\'' | ')' | '»' | '*' | '_' | '`'))
        .map(char::len_utf8)
        .sum()
}

/// Whether a mark belongs to what stands around it.
enum Inside {
    No,
    /// The next letter will tell.
    Unknown,
    Yes,
}

/// Whether a mark between `before` and `next` belongs to a number, a short form or an initial.
fn inside(before: &str, mark: char, next: Option<char>, short: &[Abbreviation]) -> Inside {
    let digit = before
        .trim_end()
        .ends_with(|last: char| last.is_ascii_digit());
    let matters = mark == '.' || (digit && matches!(mark, ',' | ':' | '–' | '—'));
    if !matters {
        return Inside::No;
    }
    if mark == '.' && is_plain(last_word(before), short) {
        // The voice need not wait for what follows a word that is no short form.
        return Inside::No;
    }
    let Some(next) = next else {
        return Inside::Unknown;
    };
    if next.is_ascii_digit() || (mark == '.' && belongs_to_word(before, next, short)) {
        Inside::Yes
    } else {
        Inside::No
    }
}

/// Whether a word is too long and too ordinary to be a short form.
fn is_plain(word: &str, short: &[Abbreviation]) -> bool {
    const LONG: usize = 4;
    let long = word.chars().count() >= LONG && word.chars().all(char::is_alphabetic);
    long && short_form(word, short).is_none() && !is_before_number(word, short)
}

/// The "Apt" of "Apt. 5".
fn is_before_number(word: &str, short: &[Abbreviation]) -> bool {
    let word = word.to_lowercase();
    short
        .iter()
        .any(|known| known.place == Place::BeforeNumber && known.written == word)
}

fn belongs_to_word(before: &str, next: char, short: &[Abbreviation]) -> bool {
    let begins = next.is_uppercase() || matches!(next, '¿' | '¡' | '"' | '“' | '«');
    if let Some(place) = short_form(before, short) {
        return place != Place::Anywhere || !begins;
    }
    let word = last_word(before);
    is_initials(word) || is_first_half(word, short) || counts_items(before, word)
}

/// The place of the short form that a text ends with.
fn short_form(before: &str, short: &[Abbreviation]) -> Option<Place> {
    let from = before
        .char_indices()
        .rev()
        .nth(LONGEST_SHORT_FORM)
        .map_or(0, |(at, _)| at);
    let tail = before[from..].to_lowercase().replace('\u{a0}', " ");
    let known = short.iter().filter(|known| {
        // "no" before a full stop is an answer: what follows "No." as a number begins with a digit.
        known.place != Place::BeforeNumber
            && tail.strip_suffix(known.written).is_some_and(|head| {
                !head.ends_with(|last: char| last.is_alphanumeric() || last == '.')
            })
    });
    known
        .max_by_key(|known| known.written.len())
        .map(|known| known.place)
}

const LONGEST_SHORT_FORM: usize = 10;

fn last_word(before: &str) -> &str {
    before
        .rsplit(char::is_whitespace)
        .next()
        .unwrap_or_default()
        .trim_start_matches(|letter: char| !letter.is_alphanumeric())
}

/// "J", "U.S": single letters with full stops between them.
fn is_initials(word: &str) -> bool {
    !word.is_empty()
        && word
            .split('.')
            .all(|part| part.chars().count() == 1 && part.chars().all(char::is_alphabetic))
}

/// The "EE" of "EE. UU."
fn is_first_half(word: &str, short: &[Abbreviation]) -> bool {
    let word = word.to_lowercase();
    short
        .iter()
        .filter_map(|known| known.written.split_once(". "))
        .any(|(first, _)| first == word)
}

/// The "1." before an item of a list.
fn counts_items(before: &str, word: &str) -> bool {
    let number = (1..=2).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    let head = before[..before.len() - word.len()].trim_end_matches(' ');
    number && (head.is_empty() || head.ends_with(['\n', '.', ':', '?', '!', ';']))
}

/// Ends of words after which another, whole one follows.
pub(super) fn gaps(text: &str) -> impl Iterator<Item = usize> {
    let mut word = false;
    text.char_indices()
        .filter_map(move |(at, letter)| {
            let ended = word && letter.is_whitespace();
            word = !letter.is_whitespace();
            ended.then_some(at)
        })
        .filter(move |at| text[*at..].trim_start().contains(char::is_whitespace))
}

/// Whether a text may be cut between the words at `gap`: nothing there is said as one.
pub(super) fn is_open(text: &str, gap: usize, short: &[Abbreviation]) -> bool {
    let (before, after) = (&text[..gap], text[gap..].trim_start());
    let apart = before.ends_with(|last: char| last.is_alphabetic() || matches!(last, ',' | ';'));
    let next = after.split(char::is_whitespace).next().unwrap_or_default();
    let half = next
        .strip_suffix('.')
        .is_some_and(|word| is_initials(word) || is_first_half(word, short));
    apart && next.starts_with(char::is_alphabetic) && !half
}
