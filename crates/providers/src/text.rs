use std::{borrow::Cow, fmt, ops::Deref};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::error::Category;

/// Text of a foreign message, borrowed where it has no escapes. Anything that is not text reads as
/// empty: an odd field must not lose the rest of its message.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Text<'a>(pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, _value: bool) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }

    fn visit_i64<E>(self, _value: i64) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }

    fn visit_u64<E>(self, _value: u64) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }

    fn visit_unit<E>(self) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Text<'de>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Text<'de>, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }
}

/// Foreign words for an error or a log: one line, cut short.
pub(crate) fn brief(text: &str) -> String {
    const LONGEST: usize = 300;
    let mut words = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.extend(word.chars().take(LONGEST));
        if words.len() > LONGEST {
            let cut = words.floor_char_boundary(LONGEST);
            words.truncate(cut);
            words.push('…');
            break;
        }
    }
    words
}

/// What can be told of a message that nobody could read. Its words may be a caller's, and the
/// parser's own message may repeat them.
pub(crate) fn unreadable(message: &str, error: &serde_json::Error) -> String {
    let what = match error.classify() {
        Category::Data => "odd JSON",
        Category::Eof => "JSON that is cut off",
        Category::Io | Category::Syntax => "no JSON",
    };
    let (line, column) = (error.line(), error.column());
    format!("{} bytes of {what}, at {line}:{column}", message.len())
}

/// What can be told of a body that is not what was asked for: a page of HTML holds nobody's words.
pub(crate) fn in_place_of(wanted: &str, body: &str) -> String {
    if body.trim_start().starts_with('<') {
        brief(&format!("a page in place of {wanted}: {body}"))
    } else {
        format!("{} bytes in place of {wanted}", body.len())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn nobodys_words_are_repeated() {
        let said = r#"{"index":"Your card ends in 4242"}"#;
        let error = serde_json::from_str::<BTreeMap<String, u32>>(said).expect_err("text");
        assert!(error.to_string().contains("4242"), "{error}");
        assert_eq!(unreadable(said, &error), "34 bytes of odd JSON, at 1:33");
        assert_eq!(in_place_of("a reply", said), "34 bytes in place of a reply");
        assert_eq!(
            in_place_of("a reply", "<html>\nBad gateway"),
            "a page in place of a reply: <html> Bad gateway"
        );
    }

    #[test]
    fn text_is_borrowed_and_anything_else_is_empty() {
        let read = |json| serde_json::from_str::<Text<'_>>(json).expect(json).0;
        assert!(matches!(read(r#""plain""#), Cow::Borrowed("plain")));
        assert_eq!(read(r#""a\u00e9""#), "aé");
        for odd in [
            "null",
            "1",
            "-1",
            "1.5",
            "true",
            r#"["a",{"b":1}]"#,
            r#"{"a":[1]}"#,
        ] {
            assert_eq!(read(odd), "", "{odd}");
        }
    }

    #[test]
    fn foreign_words_are_cut_to_one_line() {
        assert_eq!(brief("a\n\tb\u{1b}[31m  c"), "a b [31m c");
        assert!(brief(&"é".repeat(9_000)).len() < 310);
        assert!(brief(&"ab ".repeat(9_000)).len() < 310);
    }
}
