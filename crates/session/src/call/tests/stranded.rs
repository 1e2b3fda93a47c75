//! Call scripts of callers who are saying or typing something when nobody is left to recognise them,
//! or to speak to them.

use domain::Millis;

use super::{after_greeting, rules};
use crate::{Rules, TurnEnd};

fn with_rounds() -> Rules {
    let mut rules = rules();
    rules.line.rounds = true;
    rules
}

fn with_keypad() -> Rules {
    let mut rules = rules();
    rules.lines.keypad = "I cannot hear you. Press 1 for a call back.".to_owned();
    rules
}

#[test]
fn keys_are_typed_to_their_end_and_answered_in_the_first_round() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  digit 4
        1.500  digit 7
        1.600  deaf
        2.000  digit 1
        2.500  digit 1
        7.000  round over
    "
    ));
}

#[test]
fn keys_typed_over_the_apology_are_answered_in_the_first_round() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  utterance What is my balance?
        1.500  text r2 Please type your number.
        1.510  done r2
        1.600  no-voice r2
        1.610  audio r3 3.000
        1.610  spoken r3
        4.000  digit 4
        4.620  played r3-0
        5.000  digit 7
        5.100  digit #
        7.000  round over
    "
    ));
}

#[test]
fn keys_are_typed_to_their_end_before_the_caller_is_asked_for_keys() {
    insta::assert_snapshot!(after_greeting(
        with_keypad(),
        "
        1.000  digit 4
        1.500  digit 7
        1.600  deaf
        2.000  digit 1
        2.500  digit 1
        5.000  text r2 Thank you.
        5.100  done r2
        5.200  audio r2 1.000
        5.200  spoken r2
        6.220  played r2-0
        9.000  hang-up
    "
    ));
}

#[test]
fn what_was_understood_is_answered_before_the_caller_is_asked_for_keys() {
    insta::assert_snapshot!(after_greeting(
        with_keypad(),
        "
        1.000  speech
        1.850  pause at 1.800
        2.000  finalized What are your opening hours?
        2.100  deaf
        2.700  text r3 From nine to five.
        2.710  done r3
        2.800  audio r3 1.000
        2.800  spoken r3
        3.820  played r3-0
        6.000  hang-up
    "
    ), @r#"
    2.000  finalize
    2.000  think r2 "What are your opening hours?"
    2.100  cancel r2: failed
    2.100  think r3 "What are your opening hours?"
    2.100  commit r3: provider after 0.300
    2.710  speak r3/0 "From nine to five."
    2.710  speak end r3
    2.800  play r3 1.000
    2.800  mark r3-0
    3.820  record turn 1: caller "What are your opening hours?" heard "From nine to five." gap 1.000
    3.820  speak r4/0 "I cannot hear you."
    3.820  speak r4/1 "Press one for a call back."
    3.820  speak end r4
    6.000  cancel r4: call_over
    6.000  record turn 2: caller "" heard "" of "I cannot hear you. Press 1 for a call back."
    6.000  hang up: caller_hung_up
    "#);
}

#[test]
fn what_a_caller_without_an_end_said_is_answered_before_he_is_asked_for_keys() {
    insta::assert_snapshot!(after_greeting(
        with_keypad(),
        "
        1.000  speech
        1.900  words I want a table for
        2.000  deaf
       13.000  text r2 For how many people?
       13.010  done r2
       13.100  audio r2 1.000
       13.100  spoken r2
       14.120  played r2-0
       16.000  hang-up
    "
    ), @r#"
    12.000  think r2 "I want a table for"
    12.000  commit r2: provider after 0.000
    13.010  speak r2/0 "For how many people?"
    13.010  speak end r2
    13.100  play r2 1.000
    13.100  mark r2-0
    14.120  record turn 1: caller "I want a table for" heard "For how many people?" gap 1.100
    16.000  hang up: caller_hung_up
    "#);
}

#[test]
fn what_was_understood_of_an_unfinished_sentence_is_answered_in_the_first_round() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  speech
        1.900  words I want a table for
        2.000  deaf
        3.000  pause
        5.000  round over
    "
    ));
}

#[test]
fn words_said_over_the_apology_are_waited_for() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  utterance Are you open on Monday?
        1.500  text r2 From nine to five.
        1.510  done r2
        1.600  no-voice r2
        1.610  audio r3 3.000
        1.610  spoken r3
        3.500  speech
        4.550  pause at 4.500
        4.620  played r3-0
        5.200  finalized And on Sunday?
        7.000  round over
    "
    ));
}

#[test]
fn a_sound_without_words_leaves_nobody_in_silence_before_the_carrier_listens() {
    let mut rules = with_rounds();
    rules.turn.end = TurnEnd::Provider;
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        1.000  utterance Are you open on Monday?
        1.500  text r2 From nine to five.
        1.510  done r2
        1.600  no-voice r2
        1.610  audio r3 1.000
        1.610  spoken r3
        2.000  speech
        2.620  played r3-0
        3.550  pause at 3.500
        9.000  round over
    "
    ), @r#"
    1.000  think r2 "Are you open on Monday?"
    1.000  commit r2: provider after 0.000
    1.510  speak r2/0 "From nine to five."
    1.510  speak end r2
    1.600  cancel r2: failed
    1.600  apologise r3
    1.610  play r3 1.000
    1.610  mark r3-0
    2.620  record turn 1: caller "Are you open on Monday?" heard "Sorry, something went wrong on my side. Could you say that again?" gap 0.610
    6.500  take rounds: no voice
    6.500  speak r4/0 "Sorry, I did not get that."
    6.500  speak r4/1 "Could you say it again?"
    6.500  speak end r4
    9.000  cancel r4: call_over
    9.000  record turn 2: caller "" heard "" of "Sorry, I did not get that. Could you say it again?"
    9.000  hang up: caller_hung_up
    "#);
}

#[test]
fn nor_does_one_that_ends_before_the_apology() {
    let mut rules = with_rounds();
    rules.turn.end = TurnEnd::Provider;
    let happened = after_greeting(
        rules,
        "
        1.000  utterance Are you open on Monday?
        1.500  text r2 From nine to five.
        1.510  done r2
        1.600  no-voice r2
        1.610  audio r3 3.000
        1.610  spoken r3
        2.000  speech
        3.550  pause at 3.500
        4.620  played r3-0
        9.000  round over
    ",
    );
    assert!(
        happened.contains("6.500  take rounds: no voice"),
        "{happened}"
    );
}

#[test]
fn words_of_a_recogniser_that_ends_turns_are_waited_for_beyond_a_filler() {
    let mut rules = with_rounds();
    rules.turn.end = TurnEnd::Provider;
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        1.000  utterance Are you open on Monday?
        1.500  text r2 From nine to five.
        1.510  done r2
        1.600  no-voice r2
        1.610  audio r3 1.000
        1.610  spoken r3
        2.000  speech
        2.620  played r3-0
        3.550  pause at 3.500
        5.700  utterance And on Sunday?
        7.000  round over
    "
    ), @r#"
    1.000  think r2 "Are you open on Monday?"
    1.000  commit r2: provider after 0.000
    1.510  speak r2/0 "From nine to five."
    1.510  speak end r2
    1.600  cancel r2: failed
    1.600  apologise r3
    1.610  play r3 1.000
    1.610  mark r3-0
    2.620  record turn 1: caller "Are you open on Monday?" heard "Sorry, something went wrong on my side. Could you say that again?" gap 0.610
    5.700  take rounds: no voice
    5.700  think r4 "And on Sunday?"
    5.700  commit r4: provider after 0.000
    7.000  cancel r4: call_over
    7.000  record turn 2: caller "And on Sunday?" heard ""
    7.000  hang up: caller_hung_up
    "#);
}

#[test]
fn words_in_batches_are_waited_for_longer() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        0.600  words-in-batches
        1.000  utterance Are you open on Monday?
        1.800  text r2 From nine to five.
        1.810  done r2
        1.900  no-voice r2
        1.910  audio r3 1.000
        1.910  spoken r3
        2.300  speech
        2.920  played r3-0
        3.550  pause at 3.500
        6.000  finalized And on Sunday?
        8.000  round over
    "
    ), @r#"
    1.700  think r2 "Are you open on Monday?"
    1.700  commit r2: terminal after 0.700
    1.810  speak r2/0 "From nine to five."
    1.810  speak end r2
    1.900  cancel r2: failed
    1.900  apologise r3
    1.910  play r3 1.000
    1.910  mark r3-0
    2.920  record turn 1: caller "Are you open on Monday?" heard "Sorry, something went wrong on my side. Could you say that again?" gap 0.910
    3.700  finalize
    6.000  take rounds: no voice
    6.000  think r4 "And on Sunday?"
    6.000  commit r4: provider after 0.000
    8.000  speak r4/0 "One moment,"
    8.000  speak r4/1 "please."
    8.000  cancel r4: call_over
    8.000  record turn 2: caller "And on Sunday?" heard "" of "One moment, please."
    8.000  hang up: caller_hung_up
    "#);
}

#[test]
fn nothing_is_said_by_a_dead_voice_while_the_caller_goes_on() {
    let mut rules = with_rounds();
    rules.idle.after = [Millis(500); 3];
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        1.000  utterance Are you open on Monday?
        1.500  text r2 From nine to five.
        1.510  done r2
        1.600  no-voice r2
        1.610  audio r3 1.000
        1.610  spoken r3
        2.000  speech
        2.300  no-words
        2.620  played r3-0
        3.050  pause at 3.000
        3.900  words-again
        4.300  finalized And on Sunday?
        7.000  round over
    "
    ), @r#"
    1.200  think r2 "Are you open on Monday?"
    1.350  commit r2: terminal after 0.350
    1.510  speak r2/0 "From nine to five."
    1.510  speak end r2
    1.600  cancel r2: failed
    1.600  apologise r3
    1.610  play r3 1.000
    1.610  mark r3-0
    2.620  record turn 1: caller "Are you open on Monday?" heard "Sorry, something went wrong on my side. Could you say that again?" gap 0.610
    3.200  finalize
    4.300  take rounds: no voice
    4.300  think r4 "And on Sunday?"
    4.300  commit r4: provider after 0.000
    6.300  speak r4/0 "One moment,"
    6.300  speak r4/1 "please."
    7.000  cancel r4: call_over
    7.000  record turn 2: caller "And on Sunday?" heard "" of "One moment, please."
    7.000  hang up: caller_hung_up
    "#);
}

#[test]
fn a_sound_over_the_apology_that_no_words_come_for_is_asked_about() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  utterance Are you open on Monday?
        1.500  text r2 From nine to five.
        1.510  done r2
        1.600  no-voice r2
        1.610  audio r3 3.000
        1.610  spoken r3
        3.500  speech
        4.550  pause at 4.500
        4.620  played r3-0
        8.000  round over
    "
    ));
}

#[test]
fn a_caller_is_let_finish_and_told_of_the_keys_once() {
    insta::assert_snapshot!(after_greeting(
        with_keypad(),
        "
        1.000  speech
        1.500  deaf
        3.050  pause at 3.000
        3.200  audio r2 2.500
        3.200  spoken r2
        5.720  played r2-0
       12.000  hang-up
    "
    ));
}

#[test]
fn a_caller_without_an_end_is_told_in_the_end() {
    insta::assert_snapshot!(after_greeting(
        with_keypad(),
        "
        1.000  speech
        2.000  deaf
       13.000  hang-up
    "
    ));
}
