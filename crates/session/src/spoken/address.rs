use super::{
    cursor::{Cursor, Reading},
    tongue::{Form, Tongue},
};

/// Endings by which `example.com` is known for an address without `www` or `https`.
const DOMAINS: &[&str] = &[
    "ai", "app", "ar", "biz", "ca", "cat", "cl", "co", "com", "de", "dev", "edu", "es", "eu", "fr",
    "gob", "gov", "info", "io", "it", "mx", "net", "org", "pe", "pt", "shop", "uk", "us",
];

/// Reads an e-mail or web address.
pub(super) fn read(cursor: Cursor<'_>) -> Option<Reading> {
    let token = token(cursor.rest);
    let (spoken, host) = if is_mail(token) {
        (token, token.find('@').map_or(0, |at| at + 1))
    } else {
        (web(token)?, 0)
    };
    Some(Reading {
        length: token.len(),
        words: in_words(spoken, host, cursor.tongue),
    })
}

/// Text up to white space, without punctuation of the sentence around it.
fn token(text: &str) -> &str {
    let end = text
        .find(|letter: char| {
            letter.is_whitespace()
                || matches!(
                    letter,
                    '<' | '>' | '(' | ')' | '[' | ']' | '"' | '|' | '*' | '`' | ',' | ';'
                )
        })
        .unwrap_or(text.len());
    text[..end].trim_end_matches(['.', ':', '!', '?', '\'', '’', '”', '»', '…', '_'])
}

fn is_mail(token: &str) -> bool {
    let Some((name, host)) = token.split_once('@') else {
        return false;
    };
    let named = name
        .chars()
        .all(|letter| letter.is_alphanumeric() || matches!(letter, '.' | '_' | '%' | '+' | '-'));
    !name.is_empty() && named && is_host(host)
}

fn is_host(host: &str) -> bool {
    let labels: Vec<&str> = host.split('.').collect();
    let proper = |label: &&str| {
        !label.is_empty()
            && label
                .chars()
                .all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    labels.len() >= 2
        && labels.iter().all(proper)
        && labels
            .last()
            .is_some_and(|last| last.chars().all(char::is_alphabetic) && last.len() >= 2)
}

/// The part of a web address that people say.
fn web(token: &str) -> Option<&str> {
    let scheme = ["https://", "http://", "HTTPS://", "HTTP://"]
        .into_iter()
        .find_map(|scheme| token.strip_prefix(scheme));
    let rest = scheme.unwrap_or(token);
    let bare = rest.strip_prefix("www.").unwrap_or(rest);
    let marked = bare.len() < token.len();
    let host = bare.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let ending = host.rsplit('.').next().unwrap_or_default().to_lowercase();
    let known = DOMAINS.contains(&ending.as_str());
    (is_host(host) && (marked || known)).then(|| bare.trim_end_matches('/'))
}

/// Says an address whose host begins at `host`.
fn in_words(address: &str, host: usize, tongue: Tongue) -> String {
    let mut words: Vec<String> = Vec::new();
    let last_label = last_label(address, host);
    let mut rest = address;
    while let Some(first) = rest.chars().next() {
        let end = run_end(rest, first);
        let at = address.len() - rest.len();
        let run = &rest[..end];
        if at == last_label {
            words.push(ending(run, tongue));
        } else {
            words.extend(say(run, first, tongue));
        }
        rest = &rest[end..];
    }
    words.join(" ")
}

/// Where the last label of the host begins.
fn last_label(address: &str, host: usize) -> usize {
    let end = address[host..]
        .find(['/', '?', '#', ':'])
        .map_or(address.len(), |at| host + at);
    address[..end].rfind('.').map_or(address.len(), |at| at + 1)
}

/// Letters run together, digits are said one by one.
fn run_end(text: &str, first: char) -> usize {
    if !first.is_alphabetic() {
        return first.len_utf8();
    }
    text.find(|letter: char| !letter.is_alphabetic())
        .unwrap_or(text.len())
}

fn say(run: &str, first: char, tongue: Tongue) -> Option<String> {
    let signs = tongue.signs();
    let word = match first {
        '.' => signs.dot,
        '@' => signs.at,
        '-' => signs.dash,
        '_' => signs.underscore,
        '+' => signs.plus,
        '/' => signs.slash,
        '=' => signs.equals,
        '&' => signs.and,
        '%' => signs.percent,
        '#' => signs.hash,
        _ if first.is_alphabetic() => run,
        _ => {
            let digit = first.to_digit(10)?;
            return Some(tongue.cardinal(digit.into(), Form::Alone));
        }
    };
    Some(word.to_owned())
}

/// The last label: "com" is a word, "uk" is two letters.
fn ending(label: &str, tongue: Tongue) -> String {
    let lower = label.to_lowercase();
    if label.chars().count() > 2 || tongue.speech.domains_as_words.contains(&lower.as_str()) {
        return label.to_owned();
    }
    let letters: Vec<String> = label.to_uppercase().chars().map(String::from).collect();
    letters.join(" ")
}
