mod utterances;

use super::*;
use Asked::{Nothing, Question, Something};
use Expect::{Address, Choice, Date, Digits, Email, Name, Open, Phone, YesNo};
use WaitClass::{Complete, Filler, Fragment, Incomplete, Number, ShortAnswer, Terminal};

fn lists(language: &str) -> Option<&'static Lists> {
    words::lists(&language.parse().expect("a language"))
}

#[test]
fn words_tell_whether_more_will_come() {
    for (text, asked, class) in [
        ("I would like to book a table.", Nothing, Terminal),
        ("I would like to book a table", Nothing, Complete),
        ("I would like to book a", Nothing, Incomplete),
        ("I would like to.", Nothing, Incomplete),
        ("Can I book a?", Nothing, Incomplete),
        ("I would like, um", Nothing, Filler),
        ("well", Question, Filler),
        ("yes", Question, ShortAnswer),
        ("yes", Nothing, Complete),
        ("yes", Something, Complete),
        ("Yes please.", Question, ShortAnswer),
        ("mm-hmm", Question, ShortAnswer),
        ("no I", Question, Incomplete),
        ("yes it is", Question, ShortAnswer),
        ("What is it for?", Nothing, Terminal),
        ("", Nothing, Incomplete),
    ] {
        let found = classify(text, lists("en"), Expect::Open, asked);
        assert_eq!(found, class, "{text}");
    }
}

#[test]
fn exceptions_end_what_their_last_word_alone_would_not() {
    for (language, finished, unfinished) in EXCEPTIONS {
        let judged = |text| classify(text, lists(language), Expect::Open, Nothing);
        let ends = |text| !matches!(judged(text), WaitClass::Incomplete | WaitClass::Filler);
        assert!(ends(finished), "{finished}: {:?}", judged(finished));
        assert!(!ends(unfinished), "{unfinished}: {:?}", judged(unfinished));
    }
}

#[test]
fn asking_for_a_moment_is_no_turn() {
    for (language, text, holds) in [
        ("en", "hang on", true),
        ("en", "One moment, please.", true),
        ("en", "one moment I have to find my card", true),
        (
            "en",
            "I think it is on the back of the card that I got so just a second",
            true,
        ),
        (
            "en",
            "just a second I think it is on the back of the card that I got",
            false,
        ),
        ("en", "can I hold on to the ticket", false),
        ("en", "I will be there in one minute", false),
        ("es", "un momento por favor", true),
        ("es", "espere que busco la tarjeta", true),
        ("es", "hace un momento me llamaron", false),
        ("es", "estoy en la lista de espera", false),
    ] {
        let class = classify(text, lists(language), Expect::Open, Nothing);
        assert_eq!(class == WaitClass::Hold, holds, "{text}: {class:?}");
    }
}

#[test]
fn what_was_asked_for_decides_when_it_is_whole() {
    for (language, expected, text, class) in ANSWERS {
        let found = classify(text, lists(language), *expected, Nothing);
        assert_eq!(found, *class, "{expected}: {text}");
    }
}

#[test]
fn few_words_that_say_nothing_by_themselves_are_a_fragment() {
    for (language, fragments, wholes) in FRAGMENTS {
        let judged = |text| classify(text, lists(language), Open, Nothing);
        for text in *fragments {
            assert_eq!(judged(text), Fragment, "{text}");
            for asked in [Question, Something] {
                let answers = classify(text, lists(language), Open, asked);
                assert_eq!(answers, Complete, "{text}, when something was asked");
            }
        }
        for text in *wholes {
            assert_eq!(judged(text), Complete, "{text}");
        }
    }
}

#[test]
fn a_language_without_lists_waits_longer() {
    for (text, class) in [
        ("jeg vil gerne", WaitClass::Unknown),
        ("Ja.", WaitClass::Terminal),
    ] {
        let found = classify(text, lists("da"), Expect::Open, Question);
        assert_eq!(found, class, "{text}");
    }
}

#[test]
fn every_class_says_why() {
    assert_eq!(
        WaitClass::Number.because(Expect::Phone),
        "a phone number was unfinished"
    );
    assert_eq!(
        WaitClass::Incomplete.because(Expect::Phone),
        "the last word cannot end a sentence"
    );
}

const FOUR_TO_SIX: Expect = Digits { min: 4, max: 6 };

/// Language, what was asked for, what was answered, and what that looks like.
const ANSWERS: &[(&str, Expect, &str, WaitClass)] = &[
    ("en", FOUR_TO_SIX, "four seven one", Number),
    ("en", FOUR_TO_SIX, "Four seven one.", Number),
    ("en", FOUR_TO_SIX, "four seven one one", Complete),
    (
        "en",
        FOUR_TO_SIX,
        "it is four seven one one double three",
        ShortAnswer,
    ),
    ("en", FOUR_TO_SIX, "four seven one one double", Number),
    ("en", FOUR_TO_SIX, "4711", Complete),
    ("en", FOUR_TO_SIX, "sure", Number),
    ("en", FOUR_TO_SIX, "I don't have it with me", Complete),
    ("en", FOUR_TO_SIX, "it is", Incomplete),
    ("en", FOUR_TO_SIX, "four seven um", Filler),
    ("en", Phone, "415 555", Number),
    ("en", Phone, "415 555 2671", Complete),
    ("en", Phone, "yes of course", Number),
    ("en", Phone, "I do not have a phone.", Terminal),
    ("en", Email, "john smith", Number),
    ("en", Email, "john smith at gmail", Number),
    ("en", Email, "john smith at gmail dot", Number),
    ("en", Email, "john smith at gmail dot com", Complete),
    ("en", Email, "john@acme.com", Complete),
    ("en", Email, "I don't have one", Complete),
    ("en", Email, "no", Complete),
    ("en", Name, "sure", Number),
    ("en", Name, "s m i", Number),
    ("en", Name, "s as in sierra", Number),
    ("en", Name, "it is just like the colour.", Terminal),
    ("en", Date, "march", Number),
    ("en", Date, "the fifth of march", Complete),
    ("en", Date, "march fifteenth", Complete),
    ("en", Date, "tomorrow", Complete),
    ("en", Address, "twenty three", Number),
    ("en", Address, "twenty three main street", Complete),
    ("en", YesNo, "yes", ShortAnswer),
    ("en", YesNo, "yes but", Incomplete),
    ("en", YesNo, "the other one", Complete),
    ("en", Choice, "the morning", ShortAnswer),
    ("en", Choice, "the", Incomplete),
    ("en", Open, "my number is five", Number),
    ("en", Open, "it is four one five", Number),
    ("en", Open, "a table for two", Complete),
    ("en", Open, "at seven thirty", Fragment),
    ("en", Open, "nineteen eighty four", Fragment),
    (
        "en",
        Open,
        "my number is four one five five five five two six seven one",
        Complete,
    ),
    ("en", Open, "it is four one five double", Number),
    ("en", Open, "my number is double", Number),
    ("en", Open, "make it a double", Complete),
    ("en", Open, "Make it a double.", Terminal),
    ("en", Phone, "it is double", Number),
    ("es", Open, "Quería una habitación doble.", Terminal),
    ("en", Open, "my name is s m i", Number),
    ("en", Open, "you can write to john at gmail", Number),
    (
        "en",
        Open,
        "you can write to john at gmail dot com",
        Complete,
    ),
    ("es", FOUR_TO_SIX, "cuatro siete uno", Number),
    ("es", Phone, "seiscientos doce", Number),
    (
        "es",
        Phone,
        "seis uno dos tres cuatro cinco seis siete ocho",
        Complete,
    ),
    ("es", Phone, "sí claro", Number),
    ("es", Email, "juan punto garcía", Number),
    ("es", Email, "juan arroba gmail", Number),
    ("es", Email, "juan arroba gmail punto com", Complete),
    ("es", Email, "no tengo correo", Complete),
    ("es", Name, "ge a erre", Number),
    ("es", Name, "be de barcelona", Number),
    ("es", Date, "el quince", Number),
    ("es", Date, "el quince de marzo", Complete),
    ("es", Date, "el martes", Complete),
    ("es", YesNo, "sí", ShortAnswer),
    ("es", Choice, "por la tarde", ShortAnswer),
    ("es", Open, "mi teléfono es el seis uno dos", Number),
    ("es", Open, "una mesa para dos", Complete),
    ("es", Open, "mi correo es juan arroba gmail", Number),
];

/// Beginnings, and what is as short and whole. Three words may be a fragment, four are none.
const FRAGMENTS: &[(&str, &[&str], &[&str])] = &[
    (
        "en",
        &[
            "the battery",
            "my battery",
            "my new battery",
            "it broke",
            "please help",
            "internet",
        ],
        &[
            "my new phone battery",
            "yes please",
            "thank you",
            "how much",
            "what time",
            "never mind",
            "that is all",
            "nothing else",
            "not today",
            "I forgot",
            "goodbye",
        ],
    ),
    (
        "es",
        &[
            "la batería",
            "mi batería",
            "problema de facturación",
            "mesa para dos",
            "el internet",
        ],
        &[
            "un problema de facturación",
            "sí por favor",
            "muchas gracias",
            "cuánto cuesta",
            "nada más",
            "eso es todo",
            "no importa",
            "adiós",
        ],
    ),
];

/// One line for each exception in the lists: the ending that is finished, and one like it that is
/// not.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("en", "can we do that", "I think that"),
    ("en", "I know about that", "the man that"),
    ("en", "yes I understand that", "make sure that"),
    ("en", "what is it for", "I am looking for"),
    ("en", "what for", "the table for"),
    ("en", "how long does it take", "I would like to take"),
    ("en", "what do you have", "I have"),
    ("en", "I know where you are", "you are"),
    ("en", "I do not know what to do", "the thing to do"),
    ("en", "yes it is", "the problem is"),
    ("en", "no I don't", "I really don't"),
    ("en", "yes I'd like to", "I'd like to"),
    ("en", "as soon as I can", "I can"),
    ("en", "that is all I need", "and I need"),
    ("en", "it is easy to find", "I cannot find"),
    ("en", "I am afraid I can't", "I can't"),
    ("en", "if you want to", "we want to"),
    ("en", "I think so", "the line is busy so"),
    ("en", "I hope so", "and so"),
    ("en", "that one as well", "um well"),
    ("en", "the blue one too", "the blue one and"),
    ("en", "mm-hmm", "I want mm"),
    ("en", "uh-uh", "the uh"),
    ("en", "I'll let you know", "it's like you know"),
    ("en", "do you know what I mean", "not today I mean"),
    ("en", "when", "I called you when"),
    ("en", "I'm not sure when", "it broke when"),
    ("en", "not really", "it is really"),
    ("en", "I need to check in", "I live in"),
    ("en", "please go on", "it depends on"),
    ("en", "can I just come by", "it was sent by"),
    ("en", "where are they", "and they"),
    ("en", "I have my ID", "on Monday I'd"),
    ("en", "I feel ill", "maybe I'll"),
    ("en", "I'd like some", "there were some"),
    ("en", "it is his", "I lost his"),
    ("en", "it does not look like that", "I would like"),
    ("en", "I already did", "what did"),
    ("en", "I don't have any", "do you have any"),
    ("en", "I'll be around", "my flight gets in around"),
    ("en", "if you prefer", "I'd prefer"),
    ("en", "it won't turn on", "I'd like it on"),
    ("en", "how much is that", "the problem is that"),
    ("en", "I don't think we do", "do we do"),
    ("en", "next week if we can", "I was wondering if we could"),
    ("es", "cómo se llama", "con una chica que se llama"),
    ("es", "eso no se puede", "mañana puede"),
    ("es", "ya no quiero", "no quiero"),
    ("es", "dónde está", "la mesa está"),
    ("es", "no hay", "allí hay"),
    ("es", "sí claro que puedo", "mañana puedo"),
    ("es", "puede ser", "quiero ser"),
    ("es", "qué tengo que hacer", "quería hacer"),
    ("es", "cuánto tiempo tiene", "mi hija tiene"),
    ("es", "sí me gustaría", "a mi madre le gustaría"),
    ("es", "eso es lo que necesito", "y necesito"),
    ("es", "es para ella", "ayer ella"),
    ("es", "soy yo", "entonces yo"),
    ("es", "si", "quería saber si"),
    ("es", "claro que si", "llamaba por si"),
    ("es", "no sé cuando", "me avisa cuando"),
    ("es", "quiero este", "la verdad este"),
    ("es", "está bueno", "es que bueno"),
    ("es", "hasta entonces", "y entonces"),
    ("es", "le voy a ver", "tengo a ver"),
    ("es", "mm mm", "el mm"),
];
