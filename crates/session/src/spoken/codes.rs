use super::{
    cursor::{Cursor, Reading, ends_word, leading_digits},
    numeral::Numeral,
    tongue::{Form, Tongue},
};

/// Digits in a row from which on they name something, and count nothing.
const NAME_DIGITS: usize = 7;
/// So many digits name something unless they are round.
const LONG_DIGITS: usize = 5;
/// A telephone number, or one of a card or an account, has so many digits.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=24;

/// Whether digits in a row are a name: said one by one.
pub(super) fn is_code(cursor: Cursor<'_>, digits: &str) -> bool {
    let named = digits.len() >= 3 && cursor.follows_one_of(cursor.tongue.speech.names_of_codes);
    let padded = digits.len() > 1 && digits.starts_with('0');
    let long = digits.len() >= LONG_DIGITS && !digits.ends_with("00");
    let longer = digits.len() >= NAME_DIGITS && !digits.ends_with("000");
    named || padded || long || longer
}

/// Digits one by one, with a short pause after each group.
pub(super) fn in_groups(digits: &str, tongue: Tongue) -> String {
    let sizes: &[usize] = match digits.len() {
        0..=5 => &[5],
        6 | 9 => &[3],
        7 => &[3, 4],
        8 => &[4],
        10 => &[3, 3, 4],
        11 => &[3, 4, 4],
        _ => &[4],
    };
    let mut rest = digits;
    let mut groups = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (group, after) = rest.split_at((*size).min(rest.len()));
        groups.push(tongue.digits(group));
        rest = after;
    }
    groups.join(", ")
}

/// Reads a telephone number: groups of digits, said one by one.
pub(super) fn phone(cursor: Cursor<'_>) -> Option<Reading> {
    let groups = Groups::parse(cursor.rest);
    if !groups.is_phone(cursor) {
        return None;
    }
    let digits: Vec<String> = groups
        .digits
        .iter()
        .map(|group| cursor.tongue.digits(group))
        .collect();
    let plus = match cursor.rest.starts_with('+') {
        true => format!("{} ", cursor.tongue.signs().plus),
        false => String::new(),
    };
    Some(Reading {
        length: groups.length,
        words: format!("{plus}{}", digits.join(", ")),
    })
}

/// Groups of digits as in a telephone number.
struct Groups<'a> {
    digits: Vec<&'a str>,
    marks: Vec<&'a str>,
    length: usize,
    opening: Option<char>,
}

impl<'a> Groups<'a> {
    fn parse(text: &'a str) -> Self {
        let opening = text
            .chars()
            .next()
            .filter(|first| matches!(first, '+' | '('));
        let mut groups = Self {
            digits: Vec::new(),
            marks: Vec::new(),
            length: 0,
            opening,
        };
        let mut at = 0;
        loop {
            let mark = mark_between(&text[at..]);
            let digits = leading_digits(&text[at + mark.len()..]);
            let after = &text[at + mark.len() + digits.len()..];
            let first = groups.digits.is_empty();
            let joined = if first {
                mark.len() < 3
            } else {
                !mark.is_empty()
            };
            if digits.is_empty() || !joined || !ends_group(after) {
                return groups;
            }
            if !first {
                groups.marks.push(mark);
            }
            groups.digits.push(digits);
            at += mark.len() + digits.len();
            groups.length = at;
        }
    }

    fn is_phone(&self, cursor: Cursor<'_>) -> bool {
        let total: usize = self.digits.iter().map(|group| group.len()).sum();
        if !PHONE_DIGITS.contains(&total) {
            return false;
        }
        if self.opening.is_some() {
            return true;
        }
        let sizes: Vec<usize> = self.digits.iter().map(|group| group.len()).collect();
        let few = sizes.len() < 4 && !self.digits[0].starts_with('1');
        let short = few && sizes.iter().any(|size| *size < 2);
        let spaced = self.marks.iter().all(|mark| *mark == " ");
        let pointed = self.marks.iter().all(|mark| *mark == ".");
        match sizes.as_slice() {
            [] | [_] => false,
            [_, _] if spaced => matches!(sizes.as_slice(), [3, 4]),
            _ if pointed => {
                !short
                    && Numeral::parse(cursor.rest, cursor.tongue)
                        .is_none_or(|number| number.length < self.length)
            }
            [_, _] => !short && !self.is_range(),
            _ => !short,
        }
    }

    /// Two years or two round numbers are the ends of a range.
    fn is_range(&self) -> bool {
        let values: Vec<u32> = self
            .digits
            .iter()
            .filter_map(|group| group.parse().ok())
            .collect();
        match values.as_slice() {
            [from, to] => {
                let years = [from, to].iter().all(|year| (1_900..2_100).contains(*year));
                let round = [from, to].iter().all(|value| *value % 100 == 0);
                from < to && (years || round)
            }
            _ => false,
        }
    }
}

/// What stands between two groups: a space, a dash or a point, and brackets.
fn mark_between(text: &str) -> &str {
    let end = text
        .find(|letter: char| !matches!(letter, ' ' | '-' | '.' | '(' | ')' | '+' | '\u{a0}'))
        .unwrap_or(text.len());
    let mark = &text[..end];
    match mark {
        "" | " " | "-" | "." | "(" | ")" | "+" | "+(" | ") " | ")-" | " (" | "-(" | "\u{a0}" => {
            mark
        }
        _ => "",
    }
}

/// Whether a group of digits ends here: not when it is part of a time, a price or a word.
fn ends_group(after: &str) -> bool {
    let mut letters = after.chars();
    match letters.next() {
        Some(':' | ',' | '/') => !letters.next().is_some_and(|next| next.is_ascii_digit()),
        Some('%' | '€' | '$' | '£') => false,
        Some(next) => !next.is_alphanumeric(),
        None => true,
    }
}

/// Reads a word that mixes letters and digits: `A1B2`, `MP3`, `XJ-4471`.
pub(super) fn mixed(cursor: Cursor<'_>) -> Option<Reading> {
    let token = code_token(cursor.rest)?;
    let tongue = cursor.tongue;
    let digits = token.chars().filter(char::is_ascii_digit).count();
    let mut words: Vec<String> = Vec::new();
    let mut rest = token;
    while let Some(first) = rest.chars().next() {
        let numeric = first.is_ascii_digit();
        let end = rest
            .find(|letter: char| letter.is_ascii_digit() != numeric || letter == '-')
            .unwrap_or(rest.len())
            .max(first.len_utf8());
        let run = &rest[..end];
        let word = words.last().is_some_and(|word| word.chars().count() > 1);
        if run == "-" {
            pause(&mut words, digits);
        } else if !numeric {
            words.push(letters(run, token, digits, tongue));
        } else if run.len() <= 2 && !run.starts_with('0') && (word || words.is_empty()) {
            words.push(tongue.cardinal(run.parse().unwrap_or_default(), Form::Alone));
        } else {
            words.push(tongue.digits(run));
        }
        rest = &rest[end..];
    }
    Some(Reading {
        length: token.len(),
        words: words.join(" "),
    })
}

/// A dash in a long code is a short pause.
fn pause(words: &mut [String], digits: usize) {
    if let Some(last) = words.last_mut().filter(|_| digits > 2) {
        last.push(',');
    }
}

/// The letters of a code: a word where they read as one, else one by one.
fn letters(run: &str, token: &str, digits: usize, tongue: Tongue) -> String {
    let lower = run.chars().any(char::is_lowercase) && run.chars().count() > 1;
    let name =
        run.chars().count() > 3 && digits <= 2 && run.contains(|letter| "AEIOU".contains(letter));
    if run == "x"
        && token.starts_with(|first: char| first.is_ascii_digit())
        && !token.ends_with('x')
    {
        return tongue.signs().by.to_owned();
    }
    if lower || name {
        return run.to_owned();
    }
    let letters: Vec<String> = run.chars().map(String::from).collect();
    letters.join(" ")
}

/// The letters and digits at the beginning of a text, if there are both. Dashes join capitals.
fn code_token(text: &str) -> Option<&str> {
    let plain = text
        .find(|letter: char| !letter.is_alphanumeric())
        .unwrap_or(text.len());
    let mut end = plain;
    while let Some(rest) = text[end..].strip_prefix('-') {
        let part = rest
            .find(|letter: char| !(letter.is_ascii_uppercase() || letter.is_ascii_digit()))
            .unwrap_or(rest.len());
        if part == 0 || !ends_word(&rest[part..]) {
            break;
        }
        end += 1 + part;
    }
    let capitals = !text[..end].contains(char::is_lowercase);
    let token = if capitals {
        &text[..end]
    } else {
        &text[..plain]
    };
    let digits = token.contains(|letter: char| letter.is_ascii_digit());
    let letters = token.contains(char::is_alphabetic);
    (digits && letters).then_some(token)
}

/// Numbers joined by points: `192.168.1.1`, `1.2.3`; or any digits of which nothing else is known.
pub(super) fn dotted(cursor: Cursor<'_>) -> Option<Reading> {
    let tongue = cursor.tongue;
    let mut at = leading_digits(cursor.rest).len();
    if at == 0 {
        return None;
    }
    let mut words = number_or_digits(&cursor.rest[..at], tongue);
    while let Some(rest) = cursor.rest[at..].strip_prefix('.') {
        let digits = leading_digits(rest);
        if digits.is_empty() {
            break;
        }
        let part = number_or_digits(digits, tongue);
        let point = tongue.signs().dot;
        words = format!("{words} {point} {part}");
        at += 1 + digits.len();
    }
    Some(Reading { length: at, words })
}

fn number_or_digits(digits: &str, tongue: Tongue) -> String {
    match digits.parse() {
        Ok(value) if digits.len() <= 3 && (digits.len() == 1 || !digits.starts_with('0')) => {
            tongue.cardinal(value, Form::Alone)
        }
        Ok(_) | Err(_) => in_groups(digits, tongue),
    }
}
