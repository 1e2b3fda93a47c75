use crate::words::{Lists, normalised};

/// What two texts are compared by to see whether a reply to one answers the other: words without
/// case and punctuation, and without fillers.
pub(crate) fn gist(text: &str, lists: Option<&Lists>) -> String {
    let fillers = lists.map_or(&[][..], |lists| lists.endings.fillers);
    let normal = normalised(text);
    let words: Vec<&str> = normal
        .split(' ')
        .filter(|word| !fillers.contains(word))
        .collect();
    words.join(" ")
}

/// What stands before typed keys in what the caller said.
pub(super) const KEYPAD: &str = "keypad: ";

/// The text with typed keys hidden: they may be a secret.
pub(crate) fn hidden_keys(text: &str) -> String {
    let is_key = |letter: &char| letter.is_ascii_digit() || matches!(letter, '*' | '#');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(KEYPAD) {
        let (before, keys) = rest.split_at(at + KEYPAD.len());
        let count = keys.chars().take_while(is_key).count();
        out.push_str(before);
        out.extend(std::iter::repeat_n('•', count));
        rest = &keys[count..];
    }
    out + rest
}

pub(super) fn join(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push(' ');
    }
    text.push_str(more);
}
