//! Call scripts of models that speak for themselves.

use super::{after_greeting, play, rules};
use crate::{Rules, Speculate, TurnEnd};

#[test]
fn a_model_speaks_for_itself_around_a_tool() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  utterance Is a table free on Sunday?
        1.500  said r2 Let me
        1.510  audio r2/9 0.600
        1.520  said r2 \" see.\"
        1.530  tool r2 c1 look {}
        1.540  done r2
        1.900  answer 1 free
        2.400  said r2 Yes, it is.
        2.400  audio r2/9 1.000
        2.500  done r2
        2.500  spoken r2
        3.600  played r2-1
        6.000  hang-up
    "
    ), @r#"
    0.000  speak r1/0 "Hello, this is Acme."
    0.000  speak end r1
    0.010  play r1 0.500
    0.010  mark r1-0
    0.520  record turn 0: caller "" heard "Hello, this is Acme."
    1.200  think r2 "Is a table free on Sunday?"
    1.350  commit r2: terminal after 0.350
    1.510  play r2 0.600
    1.540  run tool 1 look {}
    1.900  think r2 "free"
    2.400  mark r2-0
    2.400  play r2 1.000
    2.500  speak end r2
    2.500  mark r2-1
    3.600  record turn 1: caller "Is a table free on Sunday?" heard "Let me see. Yes, it is." gap 0.510
    6.000  hang up: caller_hung_up
    "#);
}

#[test]
fn what_was_heard_of_a_model_that_speaks_for_itself_follows_its_sound() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  utterance When do you open?
        1.500  said r2 \"We open at nine on Sunday. Breakfast is until noon.\"
        1.500  audio r2/9 4.000
        1.600  done r2
        1.600  spoken r2
        3.400  speech
        3.600  words stop
        5.000  hang-up
    "
    ), @r#"
    0.000  speak r1/0 "Hello, this is Acme."
    0.000  speak end r1
    0.010  play r1 0.500
    0.010  mark r1-0
    0.520  record turn 0: caller "" heard "Hello, this is Acme."
    1.200  think r2 "When do you open?"
    1.350  commit r2: terminal after 0.350
    1.500  play r2 4.000
    1.600  speak end r2
    1.600  mark r2-0
    3.400  duck r2 12
    3.600  silence r2 after 2.099
    3.600  cancel r2: barge_in
    3.600  record turn 1: caller "When do you open?" heard "We open at nine on" of "We open at nine on Sunday. Breakfast is until noon." gap 0.500
    5.000  record turn 2: caller "stop" heard ""
    5.000  hang up: caller_hung_up
    "#);
}

#[test]
fn another_model_goes_on_where_one_fell_silent() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  utterance When do you open?
        1.500  said r2 \"We open at\"
        1.500  audio r2/9 0.700
        1.600  half-thought r2
        2.000  text r2 Nine.
        2.000  done r2
        2.100  audio r2/1 0.500
        2.100  spoken r2
        2.900  played r2-1
        4.000  hang-up
    "
    ), @r#"
    0.000  speak r1/0 "Hello, this is Acme."
    0.000  speak end r1
    0.010  play r1 0.500
    0.010  mark r1-0
    0.520  record turn 0: caller "" heard "Hello, this is Acme."
    1.200  think r2 "When do you open?"
    1.350  commit r2: terminal after 0.350
    1.500  play r2 0.700
    1.600  think r2 "[Not said by anyone: the caller has heard these words. Go on with what comes next, and repeat none of them.]"
    2.000  speak r2/1 "Nine."
    2.000  speak end r2
    2.100  mark r2-0
    2.100  play r2 0.500
    2.100  mark r2-1
    2.900  record turn 1: caller "When do you open?" heard "We open at Nine." gap 0.500
    4.000  hang up: caller_hung_up
    "#);
}

fn talker_ends_turns() -> Rules {
    let mut rules = rules();
    rules.turn.end = TurnEnd::Talker;
    rules.turn.speculate = Speculate::Off;
    rules
}

#[test]
fn a_model_that_hears_ends_the_turn_once_its_words_are_there() {
    insta::assert_snapshot!(after_greeting(
        talker_ends_turns(),
        "
        1.000  speech
        1.800  words from 1.000 to 1.600 I want
        2.200  pause at 2.000
        2.500  ended 100
        2.600  finalized from 1.000 to 2.000 I want a table.
        3.000  hang-up
    "
    ), @r#"
    2.200  finalize
    2.600  think r2 "I want a table."
    2.600  commit r2: provider after 0.600
    3.000  cancel r2: call_over
    3.000  record turn 1: caller "I want a table." heard ""
    3.000  hang up: caller_hung_up
    "#);
}

#[test]
fn silence_ends_no_turn_of_a_model_that_hears() {
    insta::assert_snapshot!(after_greeting(
        talker_ends_turns(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.200  settled from 1.000 to 2.000 I want a table.
        5.000  ended 100
        6.000  hang-up
    "
    ), @r#"
    2.200  finalize
    5.000  think r2 "I want a table."
    5.000  commit r2: provider after 3.000
    6.000  cancel r2: call_over
    6.000  record turn 1: caller "I want a table." heard ""
    6.000  hang up: caller_hung_up
    "#);
}

#[test]
fn a_turn_goes_on_that_the_model_ended_before_its_words_came() {
    insta::assert_snapshot!(after_greeting(
        talker_ends_turns(),
        "
        1.000  speech
        1.600  pause at 1.500
        1.700  ended 100
        1.900  speech
        1.950  settled from 1.000 to 1.500 Well
        2.600  pause at 2.500
        2.700  settled from 1.900 to 2.500 a table.
        2.900  ended 100
        4.000  hang-up
    "
    ), @r#"
    1.700  finalize
    2.700  finalize
    2.900  think r2 "Well a table."
    2.900  commit r2: provider after 0.400
    4.000  cancel r2: call_over
    4.000  record turn 1: caller "Well a table." heard ""
    4.000  hang up: caller_hung_up
    "#);
}

#[test]
fn words_that_stay_away_are_not_waited_for_long_once_the_model_ended_the_turn() {
    insta::assert_snapshot!(after_greeting(
        talker_ends_turns(),
        "
        1.000  speech
        1.800  words from 1.000 to 1.600 I want a table
        2.200  pause at 2.000
        2.500  ended 100
        6.000  hang-up
    "
    ), @r#"
    2.200  finalize
    3.500  think r2 "I want a table"
    3.500  commit r2: provider after 1.500
    5.000  speak r2/0 "One moment,"
    5.000  speak r2/1 "please."
    6.000  cancel r2: call_over
    6.000  record turn 1: caller "I want a table" heard "" of "One moment, please."
    6.000  hang up: caller_hung_up
    "#);
}

#[test]
fn a_model_that_never_ends_the_turn_is_not_waited_for_forever() {
    insta::assert_snapshot!(after_greeting(
        talker_ends_turns(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.200  settled from 1.000 to 2.000 I want a table.
        15.000  hang-up
    "
    ), @r#"
    2.200  finalize
    11.200  think r2 "I want a table."
    11.200  commit r2: provider after 9.200
    12.700  speak r2/0 "One moment,"
    12.700  speak r2/1 "please."
    15.000  cancel r2: call_over
    15.000  record turn 1: caller "I want a table." heard "" of "One moment, please."
    15.000  hang up: caller_hung_up
    "#);
}

#[test]
fn an_end_of_nothing_is_no_turn() {
    insta::assert_snapshot!(after_greeting(
        talker_ends_turns(),
        "
        1.000  ended 100
        3.000  speech
        3.600  pause at 3.500
        3.700  settled from 3.000 to 3.500 Hello.
        4.000  hang-up
    "
    ), @r#"
    3.700  finalize
    4.000  record turn 1: caller "Hello." heard ""
    4.000  hang up: caller_hung_up
    "#);
}

/// It hears nothing while its connection is made again; what it would have said comes from there.
#[test]
fn the_recogniser_may_end_the_turn_of_a_model_that_does_not_hear() {
    insta::assert_snapshot!(after_greeting(
        talker_ends_turns(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.200  utterance from 1.000 to 2.000 I want a table.
        3.000  hang-up
    "
    ), @r#"
    2.200  finalize
    2.200  think r2 "I want a table."
    2.200  commit r2: provider after 0.200
    3.000  cancel r2: call_over
    3.000  record turn 1: caller "I want a table." heard ""
    3.000  hang up: caller_hung_up
    "#);
}
