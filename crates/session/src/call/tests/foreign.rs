//! Call scripts of sound and words that are not the caller's.

use super::{after_greeting, play_with, rules};
use crate::TurnEnd;

#[test]
fn a_cough_after_a_television_is_no_long_speech() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        3.000  speech
        3.400  words from 3.000 to 3.300 and now
        3.600  pause at 3.000
        3.610  ignored from 3.000 to 3.600
        5.000  speech
        5.200  pause at 5.100
        7.000  hang-up
    "
    ));
}

#[test]
fn a_television_does_not_hold_off_the_question_whether_he_is_there() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        8.000  words from 7.000 to 7.900 and now the
        8.010  ignored from 6.900 to 8.000
        8.800  hang-up
    "
    ));
}

#[test]
fn where_the_recogniser_ends_turns_a_television_does_not_keep_the_caller_waiting() {
    let mut rules = rules();
    rules.turn.end = TurnEnd::Provider;
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        1.000  speech
        2.100  pause at 2.000
        2.200  settled from 1.000 to 2.000 I want a table
        2.500  words from 2.300 to 2.500 and now
        2.600  ignored from 2.300 to 2.600
        9.000  hang-up
    "
    ));
}

#[test]
fn foreign_words_in_an_overlap_do_not_swallow_the_callers() {
    insta::assert_snapshot!(play_with(
        rules(),
        "
        0.900  words from 0.300 to 0.800 and now the weather
        1.000  audio r1 3.000
        1.010  spoken r1
        2.064  speech at 2.000
        2.200  ignored from 0.200 to 0.850
        2.400  words from 2.000 to 2.300 wait please
        6.000  hang-up
    "
    ));
}

#[test]
fn an_answer_after_a_televisions_words_in_one_result_is_kept() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        3.050  ignored from 1.000 to 3.000
        3.260  speech at 3.200
        3.900  pause at 3.800
        4.000  settled from 1.100 to 3.850 each 1.100-1.400,2.500-3.000,3.200-3.450,3.450-3.800 The news. Yes, please.
        5.000  hang-up
    "
    ));
}

#[test]
fn a_televisions_words_go_from_between_the_callers() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.000  pause at 1.900
        2.050  settled from 1.000 to 2.700 each 1.000-1.300,1.300-1.900,2.100-2.600 a table tonight
        2.100  ignored from 2.080 to 2.620
        2.300  settled from 2.700 to 2.720
        4.000  hang-up
    "
    ));
}

#[test]
fn a_reply_that_answers_a_television_too_is_begun_anew() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a table.
        2.200  settled from 2.050 to 2.190 The weather.
        2.900  text r3 \"Sunny, \"
        3.000  ignored from 2.040 to 2.200
        3.300  text r4 \"With pleasure. \"
        3.310  done r4
        3.400  audio r4 0.700
        3.410  spoken r4
        4.110  played r4-0
        5.000  hang-up
    "
    ));
}
