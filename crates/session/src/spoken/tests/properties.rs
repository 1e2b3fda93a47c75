use proptest::prelude::*;

use super::{of, spoken};

/// Pieces of the kind that make rules meet.
fn odd_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Zñ]{1,6}",
        "[0-9]{1,9}",
        "[0-9]{1,3}[.,:/-][0-9]{1,3}",
        "[$€£@#%&*_/+=~<>|°º\\[\\]().,:;!?-]{1,3}",
        Just(" ".to_owned()),
        Just("\n".to_owned()),
        Just("\u{a0}".to_owned()),
        Just("p. m.".to_owned()),
        Just("https://a.com/".to_owned()),
        Just("May ".to_owned()),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn check_mapping(language: &str, source: &str) {
    let spoken = of(language, source);
    let chars = spoken.text().chars().count();
    let mut before = 0;
    for heard in 0..=chars {
        let claimed = spoken.source_of(heard).len();
        assert!(claimed >= before, "{source:?} at {heard}");
        before = claimed;
    }
    assert_eq!(spoken.source_of(0), "");
    if chars > 0 {
        assert_eq!(spoken.source_of(chars), source);
    }
}

proptest! {
    #[test]
    fn any_text_is_read_and_can_be_traced_back(source in any::<String>(), odd in odd_text()) {
        for language in ["en", "es", "es-MX", "en-GB", "fr"] {
            check_mapping(language, &source);
            check_mapping(language, &odd);
        }
    }

    #[test]
    fn no_digit_and_no_sign_is_left_to_the_voice(odd in odd_text()) {
        for language in ["en", "es", "es-MX", "en-GB"] {
            let said = spoken(language, &odd);
            let left = said.contains(|letter: char| letter.is_ascii_digit() || "$@*#`".contains(letter));
            prop_assert!(!left, "{odd:?} -> {said:?}");
        }
    }

    #[test]
    fn plain_words_are_said_as_they_stand(
        words in prop::collection::vec("[a-zñé]{2,9}[,;]?", 1..12),
        end in "[.?!]?",
    ) {
        let source = words.join(" ") + &end;
        let trimmed = source.trim_end_matches('.');
        for language in ["en", "es", "fr"] {
            prop_assert_eq!(&spoken(language, trimmed), trimmed);
        }
    }
}
