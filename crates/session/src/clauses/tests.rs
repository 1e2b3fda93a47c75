use proptest::prelude::*;

use super::*;
use crate::words;

fn pieces_of(language: &str, parts: &[&str]) -> Vec<Piece> {
    let mut cutter = ClauseCutter::new(words::lists(&language.parse().unwrap()));
    let mut pieces = Vec::new();
    for part in parts {
        cutter.push(part, &mut pieces);
    }
    cutter.finish(&mut pieces);
    pieces
}

fn cut_in(language: &str, text: &str) -> Vec<String> {
    let pieces = pieces_of(language, &[text]);
    pieces.into_iter().filter_map(Piece::words).collect()
}

fn cut(text: &str) -> Vec<String> {
    cut_in("en", text)
}

/// Checks that a text, after a first piece, is one sentence.
fn stays_whole(language: &str, sentence: &str) {
    let text = format!("Bueno, good morning. {sentence} Then came the next one.");
    let pieces = cut_in(language, &text);
    assert!(pieces.contains(&sentence.to_owned()), "{pieces:?}");
}

#[test]
fn the_first_clause_is_short_and_then_come_sentences() {
    assert_eq!(
        cut("Sure, I can do that. Would you like a table for two, or for four? Tell me."),
        [
            "Sure, I can do that.",
            "Would you like a table for two, or for four?",
            "Tell me."
        ]
    );
    assert_eq!(
        cut("We have Tuesday, and we have Friday, as well. Choose."),
        [
            "We have Tuesday,",
            "and we have Friday, as well.",
            "Choose."
        ]
    );
    assert_eq!(
        cut_in(
            "es",
            "¡Hola, Ana! ¿Qué tal está usted? ¿Le reservo una mesa?"
        ),
        [
            "¡Hola, Ana!",
            "¿Qué tal está usted?",
            "¿Le reservo una mesa?"
        ]
    );
}

#[test]
fn numbers_abbreviations_and_initials_stay_whole() {
    for sentence in [
        "It costs 3.50 dollars at Dr. Smith and J. R. Jones.",
        "It is $1,299.50 in all of our shops.",
        "Write to ada@example.com or see https://a.example.com/b?c=1.",
        "We open at 9 a.m. and close at 5 p.m. every day.",
        "It is No. 5 on the list of things to do.",
        "The U.S. office is on Main St. near the park.",
        "Come on 3.5.2026 or later, at 14:30 if you can.",
        "The meeting is on May 3, 2026, at the usual place.",
    ] {
        stays_whole("en", sentence);
    }
}

#[test]
fn spanish_numbers_and_short_forms_stay_whole() {
    for sentence in [
        "Son 1.299,50 € con el Sr. López y la Sra. Ruiz.",
        "Abrimos a las 9 a. m. y cerramos a las 5 p. m. los lunes.",
        "Está en la Avda. América, n.º 5, 1.º izquierda.",
        "Tenemos fruta, p. ej. peras, y vino de EE. UU. también.",
        "Viene D. Juan con la Dra. Gil y con Dña. Ana.",
        "Escriba a ana.ruiz@ejemplo.es si lo prefiere.",
    ] {
        stays_whole("es", sentence);
    }
}

#[test]
fn a_short_form_at_the_end_of_a_sentence_ends_it() {
    assert_eq!(
        cut("Good morning to you. We are open until 5 p.m. Would that do?"),
        [
            "Good morning to you.",
            "We are open until 5 p.m.",
            "Would that do?"
        ]
    );
    assert_eq!(
        cut("Hello, good morning. The answer to that is no. We are closed."),
        [
            "Hello, good morning.",
            "The answer to that is no.",
            "We are closed."
        ]
    );
}

#[test]
fn digits_that_arrive_late_belong_to_their_number() {
    let pieces = pieces_of(
        "en",
        &["That will be about 3", ".", "5", " euros, all in", " all."],
    );
    assert_eq!(
        pieces,
        [
            Piece::Words("That will be about 3.5 euros,".to_owned()),
            Piece::Words("all in all.".to_owned())
        ]
    );
    let pieces = pieces_of("es", &["Son unos 3", ",", " ", "5 puntos."]);
    assert_eq!(pieces, [Piece::Words("Son unos 3, 5 puntos.".to_owned())]);
}

#[test]
fn the_number_of_an_item_goes_with_the_item() {
    assert_eq!(
        cut("Here is what we have today:\n1. Soup with bread and butter\n2. Salad."),
        [
            "Here is what we have today:",
            "1. Soup with bread and butter",
            "2. Salad."
        ]
    );
}

#[test]
fn a_first_piece_without_punctuation_is_cut_after_twelve_words() {
    let pieces =
        cut("one two three four five six seven eight nine ten eleven twelve thirteen fourteen");
    assert_eq!(pieces[0].split(' ').count(), 12);
    let pieces = cut("the one and two and three of them all cost about 12 dollars each today");
    assert!(pieces[0].ends_with("12 dollars"), "{pieces:?}");
}

#[test]
fn an_endless_sentence_is_cut_between_words() {
    let text = format!("Sure, of course. {}", "word ".repeat(100));
    let pieces = cut(&text);
    assert!(
        pieces
            .iter()
            .all(|piece| piece.chars().count() <= LONGEST_CHARS)
    );
    assert!(pieces.iter().all(|piece| piece.ends_with(['.', 'd'])));
    let pieces = cut(&"a".repeat(1_000));
    assert_eq!(pieces.concat().len(), 1_000);
}

#[test]
fn annotations_are_taken_out_wherever_they_stand() {
    let note = Piece::Note("expect phone".to_owned());
    let words = Piece::Words("What is your number?".to_owned());
    for parts in [
        &["What is your number? [[expect phone]]"] as &[_],
        &["[[expect phone]] What is your number?"],
        &["What is [[expect phone]] your number?"],
        &["What is [", "[expect", " phone]", "] your number?"],
    ] {
        let pieces = pieces_of("en", parts);
        assert_eq!(pieces.len(), 2, "{pieces:?}");
        assert!(
            pieces.contains(&note) && pieces.contains(&words),
            "{pieces:?}"
        );
    }
}

#[test]
fn an_unfinished_annotation_is_never_text_and_a_lone_bracket_is() {
    let words = |text: &str| vec![Piece::Words(text.to_owned())];
    assert_eq!(
        pieces_of("en", &["Your number please. [[expect pho"]),
        words("Your number please.")
    );
    assert_eq!(
        pieces_of("en", &["Option [a] or ["]),
        words("Option [a] or [")
    );
    let long = format!("So [[{} it is", "and so on ".repeat(30));
    assert!(!pieces_of("en", &[&long]).is_empty());
}

#[test]
fn nothing_is_said_for_punctuation_alone() {
    assert!(cut(" … ").is_empty());
}

/// Words, marks and numbers of the kind that make boundaries hard.
fn odd_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[a-zé]{1,9} ",
        "[A-Z][a-z]{1,5}[.,!?:]? ",
        "[0-9]{1,3}[.,:]? ?",
        prop::sample::select(vec![
            "p. m. ",
            "EE. UU. ",
            "Dr. ",
            "No. ",
            "J. R. ",
            "\n",
            "… ",
            "— ",
            "$1,299.50 ",
            "[[expect phone]]",
            "[[",
            "]]",
            "[ ",
            " [",
            "a.m. ",
            "etc. ",
            "。",
            "\" ",
            "**",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 0..60).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn where_a_text_is_cut_does_not_depend_on_how_it_arrives(
        text in odd_text(),
        cuts in prop::collection::vec(0usize..400, 0..30),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| text.is_char_boundary(*cut)).collect();
        cuts.sort_unstable();
        let mut parts = Vec::new();
        let mut from = 0;
        for to in cuts.into_iter().chain([text.len()]) {
            parts.push(&text[from..to]);
            from = to;
        }
        for language in ["en", "es"] {
            prop_assert_eq!(pieces_of(language, &parts), pieces_of(language, &[&text]));
        }
    }

    #[test]
    fn no_letter_is_lost_or_doubled(text in "[a-zé .,!?\n0-9\"]{0,400}") {
        let letters = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
        prop_assert_eq!(letters(&cut(&text).concat()), letters(&text));
    }
}
