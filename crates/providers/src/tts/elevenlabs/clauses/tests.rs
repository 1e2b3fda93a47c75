use proptest::prelude::*;

use super::*;

fn clauses(texts: &[&str]) -> Clauses {
    let mut clauses = Clauses::new(ReplyId(7));
    for (id, text) in (0..).zip(texts) {
        clauses.add(ClauseId(id), text);
    }
    clauses
}

/// A message of so many milliseconds, in which each letter takes ten.
fn letters(text: &str) -> Vec<Letter> {
    text.chars()
        .enumerate()
        .filter(|(_at, c)| !c.is_whitespace())
        .map(|(at, _c)| Letter {
            chars: 1,
            begins: at as u64 * 10,
            ends: at as u64 * 10 + 10,
        })
        .collect()
}

/// Pieces as `clause: milliseconds [chars@end ...]`.
fn cut(clauses: &mut Clauses, millis: usize, text: Option<&str>) -> String {
    let audio = Bytes::from(vec![0xff; millis * 8]);
    let letters = text.map(letters);
    let pieces = clauses.cut(&audio, letters.as_deref());
    let shown = pieces.into_iter().map(|piece| match piece {
        FromVoice::Audio {
            clause,
            bytes,
            words,
            ..
        } => {
            let words = words
                .iter()
                .map(|word| format!(" {}@{}", word.chars, word.at.0));
            format!(
                "{}: {}{}",
                clause.0,
                bytes.len() / 8,
                words.collect::<String>()
            )
        }
        FromVoice::Ready | FromVoice::All(_) => "?".to_owned(),
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[test]
fn letters_tell_where_words_end() {
    let mut clauses = clauses(&["Hi you two."]);
    assert_eq!(cut(&mut clauses, 60, Some("Hi you")), "0: 60 2@20 6@60");
    assert!(!clauses.is_caught_up());
    // Letters count from the beginning of their own message; words from the clause's.
    assert_eq!(cut(&mut clauses, 50, Some(" two.")), "0: 50 11@110");
    assert!(clauses.is_caught_up());
}

#[test]
fn a_word_that_ends_a_message_has_its_end() {
    let mut clauses = clauses(&["Hi you."]);
    assert_eq!(cut(&mut clauses, 30, Some("Hi ")), "0: 30 2@20");
    assert_eq!(cut(&mut clauses, 40, Some("you.")), "0: 40 7@70");
}

#[test]
fn letters_tell_clauses_apart() {
    let mut clauses = clauses(&["Hi.", "You two."]);
    assert_eq!(
        cut(&mut clauses, 80, Some("Hi. You ")),
        "0: 40 3@30, 1: 40 3@30"
    );
    assert_eq!(cut(&mut clauses, 40, Some("two.")), "1: 40 8@80");
    // The rest of a sentence may be without letters.
    assert_eq!(cut(&mut clauses, 5, None), "1: 5");
}

#[test]
fn the_tail_of_a_clause_is_not_the_head_of_the_next() {
    let mut clauses = clauses(&["Hi.", "You."]);
    assert_eq!(cut(&mut clauses, 30, Some("Hi.")), "0: 30 3@30");
    assert_eq!(cut(&mut clauses, 20, None), "0: 20");
    assert_eq!(cut(&mut clauses, 40, Some("You.")), "1: 40 4@40");
}

#[test]
fn without_letters_a_final_word_ends_a_clause() {
    let mut clauses = clauses(&["Hi.", "You."]);
    assert_eq!(cut(&mut clauses, 30, None), "0: 30");
    assert_eq!(cut(&mut clauses, 30, None), "0: 30");
    clauses.end_one();
    assert!(!clauses.is_over());
    assert_eq!(cut(&mut clauses, 20, None), "1: 20");
    clauses.end_one();
    assert!(clauses.is_over() && clauses.is_caught_up());
}

#[test]
fn without_letters_and_finals_the_length_of_the_text_tells_clauses_apart() {
    let mut clauses = clauses(&["Hello you.", "How are you?"]);
    assert_eq!(cut(&mut clauses, 500, None), "0: 500");
    assert_eq!(cut(&mut clauses, 600, None), "0: 300, 1: 300");
    // What is not written yet is not spoken yet: all audio so far is of what is.
    assert_eq!(cut(&mut clauses, 900, None), "1: 900");
    clauses.add(ClauseId(2), "Fine?");
    assert_eq!(cut(&mut clauses, 100, None), "2: 100");
    // One final word for all of it makes nothing over that the server may yet speak of.
    clauses.end_one();
    assert!(!clauses.is_over());
}

#[test]
fn a_clause_that_was_passed_by_length_is_still_the_next_to_be_called_final() {
    let mut clauses = clauses(&["Hi.", "You."]);
    assert_eq!(cut(&mut clauses, 300, None), "0: 240, 1: 60");
    clauses.end_one();
    assert!(!clauses.is_over(), "that was the first one");
    clauses.end_one();
    assert!(clauses.is_over());
}

#[test]
fn white_space_and_long_letters_do_not_confuse() {
    let mut clauses = clauses(&["  Sí,  señor  "]);
    let audio = Bytes::from(vec![0xff; 800]);
    let letters = [(3, 0, 30), (2, 30, 50), (9, 50, 90)].map(|(chars, begins, ends)| Letter {
        chars,
        begins,
        ends,
    });
    let pieces = clauses.cut(&audio, Some(&letters));
    assert!(
        matches!(&pieces[..], [FromVoice::Audio { words, .. }] if words.len() == 2),
        "{pieces:?}"
    );
    assert!(clauses.is_caught_up());
}

#[test]
fn there_is_an_end_to_audio() {
    let mut clauses = clauses(&["Hi."]);
    cut(&mut clauses, 11_500, None);
    assert!(!clauses.is_endless());
    cut(&mut clauses, 1, None);
    assert!(clauses.is_endless());
}

proptest! {
    /// Whatever the letters say, no audio is lost or doubled, and nothing runs backwards.
    #[test]
    fn all_audio_is_handed_out_once(
        texts in proptest::collection::vec("[a-c é.]{0,6}", 1..4),
        messages in proptest::collection::vec(
            (0_usize..400, proptest::collection::vec((0_usize..4, 0_u64..99, 0_u64..99), 0..6), any::<bool>()),
            0..8,
        ),
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut clauses = clauses(&texts);
        let (mut sent, mut got, mut last) = (0, 0, ClauseId(0));
        for (bytes, letters, is_final) in messages {
            sent += bytes;
            let letters: Vec<Letter> = letters
                .into_iter()
                .map(|(chars, begins, ends)| Letter { chars, begins, ends })
                .collect();
            for piece in clauses.cut(&Bytes::from(vec![0; bytes]), Some(&letters)) {
                if let FromVoice::Audio { clause, bytes, words, .. } = piece {
                    prop_assert!(clause >= last);
                    let longest = texts[clause.0 as usize].trim().chars().count();
                    prop_assert!(words.iter().all(|word| word.chars <= longest));
                    last = clause;
                    got += bytes.len();
                }
            }
            if is_final {
                clauses.end_one();
            }
        }
        prop_assert_eq!(sent, got);
    }
}
