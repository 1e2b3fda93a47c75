//! Text as the caller should hear it: without hidden thoughts, and with broken characters mended.

use std::borrow::Cow;

const OPENS: &str = "<think>";
const CLOSES: &str = "</think>";

/// Half a surrogate pair that stood alone is carried as a private character until its other half
/// comes: a high half at `HALVES + 0..0x400`, a low one behind them.
const HALVES: u32 = 0xF_0000;

/// The text of one answer, as it streams.
#[derive(Debug, Default)]
pub(super) struct TextStream {
    /// Something was let through: white space counts from here on.
    begun: bool,
    /// Inside a hidden thought.
    thinking: bool,
    /// The beginning of a tag, perhaps.
    held: String,
    /// The first half of a character.
    half: Option<char>,
}

impl TextStream {
    /// Takes a delta and returns what can be said of it.
    pub(super) fn read(&mut self, delta: &str) -> String {
        self.held.push_str(&join_halves(&mut self.half, delta));
        let mut said = String::new();
        loop {
            let tag = if self.thinking { CLOSES } else { OPENS };
            let found = self.held.find(tag);
            let end = found.unwrap_or_else(|| self.held.len() - begun_tag(&self.held, tag));
            if !self.thinking {
                said.push_str(&self.held[..end]);
            }
            self.held.drain(..end + found.map_or(0, |_at| tag.len()));
            if found.is_none() {
                return self.after_beginning(said);
            }
            self.thinking = !self.thinking;
        }
    }

    /// What was held back and turned out to be text.
    pub(super) fn finish(&mut self) -> String {
        let mut rest = std::mem::take(&mut self.held);
        if self.half.take().is_some() {
            rest.push(char::REPLACEMENT_CHARACTER);
        }
        if self.thinking {
            return String::new();
        }
        self.after_beginning(rest)
    }

    fn after_beginning(&mut self, said: String) -> String {
        if self.begun {
            return said;
        }
        let said = said.trim_start();
        self.begun = !said.is_empty();
        said.to_owned()
    }
}

/// How many bytes at the end of `text` may be the beginning of `tag`.
fn begun_tag(text: &str, tag: &str) -> usize {
    let most = tag.len() - 1;
    (1..=most.min(text.len()))
        .rev()
        .find(|&length| text.as_bytes().ends_with(&tag.as_bytes()[..length]))
        .unwrap_or(0)
}

/// Rewrites escapes of lone surrogates, which JSON readers refuse, as private characters.
pub(super) fn keep_halves(json: &str) -> String {
    let mut mended = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        mended.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = match (escaped(rest), rest.get(6..).and_then(escaped)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(half @ 0xD800..=0xDFFF), _) => {
                mended.extend(char::from_u32(HALVES + half - 0xD800));
                rest = &rest[6..];
                continue;
            }
            (Some(_) | None, _) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        mended.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    mended.push_str(rest);
    mended
}

/// The code of an escape `\uXXXX` at the beginning of `text`.
fn escaped(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// Joins halves that follow each other, and replaces those that stay alone.
pub(super) fn join_halves<'a>(waiting: &mut Option<char>, text: &'a str) -> Cow<'a, str> {
    let is_half = |c: char| (HALVES..HALVES + 0x800).contains(&u32::from(c));
    if waiting.is_none() && !text.contains(is_half) {
        return Cow::Borrowed(text);
    }
    let mut joined = String::with_capacity(text.len() + 4);
    for c in text.chars() {
        let half = u32::from(c).wrapping_sub(HALVES);
        match (waiting.take(), half) {
            (Some(high), 0x400..0x800) => {
                let high = u32::from(high) - HALVES;
                joined.extend(char::from_u32(0x1_0000 + (high << 10) + (half - 0x400)));
            }
            (alone, half) => {
                joined.extend(alone.map(|_half| char::REPLACEMENT_CHARACTER));
                match half {
                    0..0x400 => *waiting = Some(c),
                    0x400..0x800 => joined.push(char::REPLACEMENT_CHARACTER),
                    _ => joined.push(c),
                }
            }
        }
    }
    Cow::Owned(joined)
}

/// Joins the halves of a whole text.
pub(super) fn joined(text: &str) -> String {
    let mut waiting = None;
    let mut joined = join_halves(&mut waiting, text).into_owned();
    joined.extend(waiting.map(|_half| char::REPLACEMENT_CHARACTER));
    joined
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn say(deltas: &[&str]) -> String {
        let mut stream = TextStream::default();
        let mut said: String = deltas.iter().map(|delta| stream.read(delta)).collect();
        said.push_str(&stream.finish());
        said
    }

    #[test]
    fn thoughts_are_not_spoken() {
        assert_eq!(
            say(&["<th", "ink>hm, a", " <b></thi", "nk>\n\nHello", " you"]),
            "Hello you"
        );
        assert_eq!(say(&["a <think>b</think> c <think>d"]), "a  c ");
        assert_eq!(say(&["1 <", " 2 <th"]), "1 < 2 <th");
    }

    #[test]
    fn halves_of_a_character_are_joined_over_deltas() {
        let keep =
            |json: &str| serde_json::from_str::<String>(&keep_halves(json)).expect("readable");
        let (high, low) = (keep(r#""a\ud83d""#), keep(r#""\uDE00b""#));
        assert_eq!(say(&[&high, &low]), "a😀b");
        assert_eq!(say(&[&high, "b"]), "a\u{fffd}b");
        assert_eq!(say(&[&low, &high]), "\u{fffd}ba\u{fffd}");
        assert_eq!(
            joined(&keep(r#""\ud83d\ude00\ud83d\n\\ud83d""#)),
            "😀\u{fffd}\n\\ud83d"
        );
    }

    proptest! {
        #[test]
        fn any_split_says_the_same(text in "[<>/think a]{0,40}", at in 0_usize..40) {
            let at = at.min(text.len());
            prop_assert_eq!(say(&[&text[..at], &text[at..]]), say(&[&text]));
        }

        #[test]
        fn mending_never_panics(json in r#"[\\ud8cé"0-9 ]{0,40}"#) {
            let _mended = joined(&keep_halves(&json));
        }
    }
}
