//! What the carrier heard by itself, and which question that answers.

use super::{BadWebhook, CallStatus, Form};
use crate::RoundHeard;

/// What the carrier heard in a round. Never markup and never trusted: it is what a caller says.
#[must_use]
pub fn heard(form: &Form) -> RoundHeard {
    let status = form.get("CallStatus").and_then(CallStatus::read);
    if status.is_some_and(CallStatus::is_final) {
        return RoundHeard::HungUp;
    }
    let words = form.get("SpeechResult").map(words).unwrap_or_default();
    if !words.is_empty() {
        return RoundHeard::Words(words);
    }
    let keys: String = form.get("Digits").map(keys).unwrap_or_default();
    if keys.is_empty() {
        RoundHeard::Nothing
    } else {
        RoundHeard::Keys(keys)
    }
}

/// Which round a request answers, by the query of its URL.
///
/// # Errors
/// When no number stands there that a call can come to.
pub fn turn(query: Option<&str>) -> Result<u32, BadWebhook> {
    const NAME: &str = "turn";
    /// A round takes a second at least.
    const MOST: u32 = 100_000;
    let form = Form::parse(query.unwrap_or_default().as_bytes())?;
    let text = form.get(NAME).ok_or(BadWebhook::Missing(NAME))?;
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| text.parse().ok()).flatten();
    let number = number.filter(|number| *number <= MOST);
    number.ok_or_else(|| BadWebhook::Field {
        field: NAME,
        why: format!("a round has a number up to {MOST}"),
    })
}

/// What was said, without what could break a line, and no more than anybody says in one breath.
fn words(text: &str) -> String {
    const MOST_BYTES: usize = 4_096;
    let end = text.floor_char_boundary(MOST_BYTES);
    let plain = |char: char| if char.is_control() { ' ' } else { char };
    let text: String = text[..end].chars().map(plain).collect();
    text.trim().to_owned()
}

fn keys(text: &str) -> String {
    const MOST: usize = 64;
    let is_key = |key: &char| matches!(key, '0'..='9' | '*' | '#' | 'A'..='D');
    text.chars().filter(is_key).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heard_in(body: &str) -> RoundHeard {
        heard(&Form::parse(body.as_bytes()).unwrap())
    }

    #[test]
    fn words_keys_and_silence_are_told_apart() {
        for (body, what) in [
            (
                "SpeechResult=On+Tuesday.&Confidence=0.91",
                RoundHeard::Words("On Tuesday.".to_owned()),
            ),
            ("Digits=12", RoundHeard::Keys("12".to_owned())),
            (
                "SpeechResult=&Digits=*4&FinishedOnKey=%23",
                RoundHeard::Keys("*4".to_owned()),
            ),
            (
                "SpeechResult=One&Digits=1",
                RoundHeard::Words("One".to_owned()),
            ),
            ("SpeechResult=&Confidence=0.0", RoundHeard::Nothing),
            ("SpeechResult=+%0A+", RoundHeard::Nothing),
            ("Digits=", RoundHeard::Nothing),
            ("Digits=w%3Cx%3E", RoundHeard::Nothing),
            ("CallSid=CA1", RoundHeard::Nothing),
            (
                "CallStatus=in-progress&SpeechResult=Yes",
                RoundHeard::Words("Yes".to_owned()),
            ),
            ("CallStatus=completed&Digits=1", RoundHeard::HungUp),
        ] {
            assert_eq!(heard_in(body), what, "{body}");
        }
    }

    #[test]
    fn what_a_caller_says_is_no_markup_and_breaks_no_line() {
        let body = "SpeechResult=%3C%2FSay%3E%0Ahang%00up";
        let words = RoundHeard::Words("</Say> hang up".to_owned());
        assert_eq!(heard_in(body), words);
    }

    #[test]
    fn a_long_speech_is_cut_at_four_kilobytes() {
        let body = format!("SpeechResult=a{}", "%C3%A9".repeat(50_000));
        let RoundHeard::Words(words) = heard_in(&body) else {
            panic!("words")
        };
        assert_eq!(words.len(), 4_095, "not in the middle of a letter");
        let RoundHeard::Keys(keys) = heard_in(&format!("Digits={}", "1".repeat(100_000))) else {
            panic!("keys")
        };
        assert_eq!(keys.len(), 64);
    }

    #[test]
    fn a_round_has_a_number() {
        assert_eq!(turn(Some("turn=4")), Ok(4));
        assert_eq!(turn(Some("a=b&turn=0")), Ok(0));
        for query in [
            None,
            Some(""),
            Some("turn="),
            Some("turn=-1"),
            Some("turn=%2B1"),
            Some("turn=1.5"),
            Some("turn=four"),
            Some("turn=99999999999"),
            Some("turn=4294967295"),
            Some("turn=%"),
            Some("turn=%ff"),
        ] {
            assert!(turn(query).is_err(), "{query:?}");
        }
        assert_eq!(turn(Some("turn=1&turn=2")), Ok(1), "one reading");
    }

    proptest! {
        #[test]
        fn anything_heard_is_short_and_plain(text in any::<String>(), keys in any::<String>()) {
            let form: Form = [("SpeechResult", text), ("Digits", keys)].into_iter().collect();
            match heard(&form) {
                RoundHeard::Words(words) => {
                    prop_assert!(!words.is_empty() && words.len() <= 4_096);
                    prop_assert!(!words.contains(char::is_control));
                }
                RoundHeard::Keys(keys) => prop_assert!((1..=64).contains(&keys.len())),
                RoundHeard::HungUp | RoundHeard::Nothing => {}
            }
        }
    }
}
