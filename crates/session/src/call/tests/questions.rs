//! Call scripts of what the agent's words ask for, and of lines of its own between a question and
//! its answer.

use domain::Millis;

use super::{after_greeting, rules};
use crate::Rules;

/// A question for a secret, heard by 2.620.
const PIN: &str = "
    1.000  utterance Hello.
    1.500  text r2 \"[[expect digits 4 secret]] Please tell me your PIN now. \"
    1.510  done r2
    1.600  audio r2 1.000
    1.600  spoken r2
    2.620  played r2-0
";

/// Plays a script behind the question for a secret, whose answer must be in no record.
fn keeps_the_secret(rules: Rules, rest: &str) {
    let story = after_greeting(rules, &[PIN, rest].concat());
    let mut records = story.lines().filter(|line| line.contains("record turn"));
    let all_hidden = records.clone().all(|record| !record.contains("seven"));
    let hidden = records.any(|record| record.contains("••• ••• ••• •••"));
    assert!(all_hidden && hidden, "{story}");
}

#[test]
fn a_secret_that_is_looked_for_is_secret_still() {
    keeps_the_secret(
        rules(),
        "
        3.000  utterance One moment.
        4.500  audio r3 1.000
        4.500  spoken r3
        5.520  played r3-0
        8.000  utterance four seven one one
        9.900  hang-up
    ",
    );
}

#[test]
fn a_secret_that_is_asked_for_again_is_secret_still() {
    keeps_the_secret(
        rules(),
        "
       11.000  audio r3 1.000
       11.000  spoken r3
       12.020  played r3-0
       13.000  utterance four seven one one
       14.900  hang-up
    ",
    );
}

#[test]
fn a_secret_is_secret_behind_a_warning() {
    let mut rules = rules();
    rules.end.max_call = Millis(30_000);
    rules.end.warn_before = Some(Millis(26_000));
    keeps_the_secret(
        rules,
        "
        4.100  audio r3/0 1.000
        4.100  spoken r3
        5.120  played r3-0
        6.000  utterance four seven one one
        7.900  hang-up
    ",
    );
}

#[test]
fn a_secret_that_no_model_could_use_is_secret_when_it_is_repeated() {
    keeps_the_secret(
        rules(),
        "
        3.000  utterance four seven one one
        5.900  audio r3/0 0.500
        8.000  no-thought r3
        8.100  audio r3/1 0.500
        8.100  audio r3/2 0.500
        8.100  spoken r3
        9.300  played r3-2
       10.000  utterance I said four seven one one
       12.900  hang-up
    ",
    );
}

#[test]
fn a_secret_is_secret_when_the_voice_that_should_answer_it_fails() {
    keeps_the_secret(
        rules(),
        "
        3.000  utterance four seven one one
        5.500  text r3 \"Thank you very much. \"
        5.510  done r3
        5.600  no-voice r3
        5.700  audio r4 1.000
        5.700  spoken r4
        6.720  played r4-0
        8.000  utterance four seven one one
       10.900  hang-up
    ",
    );
}

#[test]
fn keys_that_the_keypad_line_asks_for_are_not_counted_by_the_question_before_and_secret_still() {
    let mut rules = rules();
    rules.lines.keypad = "I cannot hear you. Please type your phone number.".to_owned();
    let rest = "
        3.000  deaf
        3.100  audio r3 1.000
        3.100  spoken r3
        4.120  played r3-0
        5.000  digit 5
        5.200  digit 5
        5.400  digit 5
        5.600  digit 0
        5.800  digit 1
        6.000  digit 9
        9.000  hang-up
    ";
    insta::assert_snapshot!(after_greeting(rules, &[PIN, rest].concat()), @r#"
    1.200  think r2 "Hello."
    1.350  commit r2: terminal after 0.350
    1.510  speak r2/0 "Please tell me your PIN now."
    1.510  speak end r2
    1.600  play r2 1.000
    1.600  mark r2-0
    2.620  record turn 1: caller "Hello." heard "Please tell me your PIN now." gap 0.600
    3.000  speak r3/0 "I cannot hear you."
    3.000  speak r3/1 "Please type your phone number."
    3.000  speak end r3
    3.100  play r3 1.000
    3.100  mark r3-0
    4.120  record turn 2: caller "" heard "I cannot hear you." of "I cannot hear you. Please type your phone number."
    8.000  think r4 "keypad: ••••••"
    8.000  commit r4: keys after 0.000
    9.000  cancel r4: call_over
    9.000  record turn 3: caller "••• •••" heard ""
    9.000  hang up: caller_hung_up
    "#);
}

#[test]
fn the_models_next_words_ask_for_something_else() {
    let story = after_greeting(
        rules(),
        &[
            PIN,
            "
            3.000  utterance four seven one one
            5.500  text r3 \"Thank you. What can I do for you? \"
            5.510  done r3
            5.600  audio r3/0 0.200
            5.600  audio r3/1 0.200
            5.600  audio r3/2 0.400
            5.600  audio r3/3 0.800
            5.600  spoken r3
            7.220  played r3-3
            8.000  utterance I want to book seven seats.
            9.900  hang-up
        ",
        ]
        .concat(),
    );
    assert!(
        story.contains("caller \"I want to book seven seats.\""),
        "{story}"
    );
}

/// How long the silence was that ended the turn answered by `reply`.
fn wait_before(reply: &str, script: &str) -> String {
    let mut rules = rules();
    rules.mask.fillers.clear();
    let story = after_greeting(rules, script);
    let commit = format!("commit {reply}: ");
    story
        .lines()
        .find_map(|line| line.split_once(&commit))
        .unwrap_or_else(|| panic!("{story}"))
        .1
        .to_owned()
}

#[test]
fn a_number_that_was_not_understood_is_waited_for_again() {
    let waited = wait_before(
        "r4",
        "
        1.000  utterance Hello.
        1.500  text r2 \"What is your telephone number? \"
        1.510  done r2
        1.600  audio r2 1.000
        1.600  spoken r2
        2.620  played r2-0
        4.000  speech
        6.100  pause at 6.000
       10.100  audio r3/0 0.500
       10.100  audio r3/1 0.500
       10.100  spoken r3
       11.120  played r3-1
       12.000  speech
       13.100  pause at 13.000
       13.150  settled from 12.000 to 13.000 five five five.
    ",
    );
    assert_eq!(waited, "number after 1.200");
}

#[test]
fn a_number_that_nobody_asked_for_is_no_yes_or_no_when_it_is_repeated() {
    let waited = wait_before(
        "r3",
        "
        1.000  speech
        3.100  pause at 3.000
        7.100  audio r2/0 0.500
        7.100  audio r2/1 0.500
        7.100  spoken r2
        8.120  played r2-1
        9.000  speech
       10.100  pause at 10.000
       10.150  settled from 9.000 to 10.000 It is five five five.
    ",
    );
    assert_eq!(waited, "number after 1.200");
}

#[test]
fn whoever_is_asked_whether_he_is_there_may_say_yes() {
    let waited = wait_before(
        "r3",
        "
        9.000  audio r2 1.000
        9.000  spoken r2
       10.020  played r2-0
       11.000  speech
       11.400  pause at 11.300
       11.450  settled from 11.000 to 11.300 Yes.
    ",
    );
    assert_eq!(waited, "short_answer after 0.300");
}
