//! Call scripts of turns: when the caller is taken to be done, and what is begun before.

use domain::Millis;

use super::{Rules, after_greeting, play_with, rules};
use crate::{Speculate, Waits};

/// What the agent has decided by when, if the caller says this and nothing more.
fn commit_of(rules: Rules, said: &str) -> String {
    let script = format!(
        "
        1.000  speech
        2.100  pause at 2.000
        2.250  settled from 1.000 to 2.000 {said}
        9.000  hang-up
    "
    );
    let story = after_greeting(rules, &script);
    let commit = story.lines().find(|line| line.contains("commit"));
    commit.unwrap_or("no commit").to_owned()
}

#[test]
fn every_class_of_last_words_has_its_wait() {
    let said = [
        "I would like to book a table.",
        "I would like to book a table",
        "I would like to book a",
        "I would like to book, um",
        "my number is five five five one",
    ];
    let commits = said.map(|said| commit_of(rules(), said));
    insta::assert_snapshot!(commits.join("\n"));
}

#[test]
fn a_language_without_lists_waits_for_its_own_class() {
    let mut rules = rules();
    rules.turn.language_rules = false;
    insta::assert_snapshot!(commit_of(rules, "jeg vil gerne"));
}

#[test]
fn fixed_waits_are_what_is_written_whatever_was_said() {
    let mut rules = rules();
    rules.turn.wait = Waits::fixed(Millis(1_800));
    rules.turn.language_rules = false;
    rules.turn.adapts = false;
    let said = ["Yes.", "I would like a"];
    let commits = said.map(|said| commit_of(rules.clone(), said));
    insta::assert_snapshot!(commits.join("\n"));
}

#[test]
fn no_turn_is_taken_before_words_cover_its_sound() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        1.900  settled from 1.000 to 1.500 I would like a table.
        2.600  pause at 2.500
        3.100  settled from 1.500 to 2.450 For two, please.
        3.200  hang-up
    "
    ));
}

#[test]
fn words_that_are_owed_for_too_long_are_done_without() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        1.600  words from 1.000 to 1.400 a table
        2.600  pause at 2.500
        3.900  settled from 1.000 to 2.500 a table for two please.
        4.000  text r3 \"With pleasure, \"
        4.100  hang-up
    "
    ));
}

#[test]
fn a_recogniser_that_is_sure_of_the_end_is_believed() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a table
        2.160  ended 85
        2.500  hang-up
    "
    ));
}

#[test]
fn an_end_without_an_end_of_sentence_is_doubted_for_a_moment() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a
        2.160  ended 85
        4.000  hang-up
    "
    ));
}

#[test]
fn a_likely_end_begins_a_reply_and_a_resumption_ends_it() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.050  pause at 2.000
        2.060  settled from 1.000 to 2.000 I would like to book a table
        2.070  likely
        2.300  resumed
        2.350  hang-up
    "
    ));
}

#[test]
fn a_turn_that_goes_on_and_on_is_taken_at_a_short_pause() {
    let mut rules = rules();
    rules.turn.longest = Millis(10_000);
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        1.000  speech
        13.100 pause at 13.000
        13.150 settled from 1.000 to 13.000 and then there was the
        14.000 hang-up
    "
    ));
}

#[test]
fn a_caller_who_pauses_long_is_waited_for_longer() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.250  settled from 1.000 to 2.000 I would like to
        3.400  speech at 3.300
        4.100  pause at 4.000
        4.250  settled from 3.300 to 4.000 book a table for
        5.300  speech at 5.200
        6.100  pause at 6.000
        6.250  settled from 5.200 to 6.000 Tuesday.
        6.900  text r2 \"Tuesday it is. For how many people?\"
        6.900  done r2
        7.000  audio r2 1.500
        7.000  spoken r2
        8.520  played r2-0
        9.000  speech
        9.600  pause at 9.500
        9.750  settled from 9.000 to 9.500 we are four people
        10.700 hang-up
    "
    ));
}

#[test]
fn a_reply_is_begun_ahead_of_time_and_only_its_first_clause_is_spoken() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a table
        2.300  text r2 \"With pleasure, for how many? We have room for twenty people. \"
        2.350  done r2
        2.400  audio r2 1.200
        2.700  audio r2/1 1.500
        2.800  spoken r2
        5.500  hang-up
    "
    ));
}

#[test]
fn a_reply_may_be_written_ahead_of_time_and_not_spoken() {
    let mut rules = rules();
    rules.turn.speculate = Speculate::Think;
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a table
        2.300  text r2 \"With pleasure, for how many? \"
        2.700  hang-up
    "
    ));
}

#[test]
fn nothing_is_begun_ahead_of_time_where_that_is_switched_off() {
    let mut rules = rules();
    rules.turn.speculate = Speculate::Off;
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a table
        2.700  hang-up
    "
    ));
}

#[test]
fn an_unfinished_sentence_is_answered_ahead_of_time_only_after_a_second() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a
        3.300  hang-up
    "
    ));
}

#[test]
fn the_fourth_reply_of_a_turn_waits_for_its_end() {
    let words = ["A table", "for four", "on Tuesday", "at eight"];
    // Pauses of a third of a second: long enough to begin a reply, too short to end the turn.
    let mut script = String::new();
    for (index, said) in (0u32..).zip(words) {
        let at = 1_000 + index * 1_150;
        let time = |ms: u32| format!("{}.{:03}", (at + ms) / 1_000, (at + ms) % 1_000);
        let (from, until) = (time(0), time(800));
        let lines = [
            format!("{from} speech"),
            format!("{} pause at {until}", time(850)),
            format!("{} settled from {from} to {until} {said}", time(860)),
            String::new(),
        ];
        script.push_str(&lines.join("\n"));
    }
    script.push_str("7.000 hang-up\n");
    insta::assert_snapshot!(after_greeting(rules(), &script));
}

#[test]
fn a_turn_of_half_a_minute_is_not_answered_ahead_of_time() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        33.100 pause at 33.000
        33.150 settled from 1.000 to 33.000 And that is the whole story
        33.700 hang-up
    "
    ));
}

#[test]
fn a_final_that_only_adds_a_full_stop_keeps_the_reply() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 Um, I would like to book a table
        2.320  settled from 2.000 to 2.300 .
        2.700  hang-up
    "
    ));
}

#[test]
fn tools_without_effects_run_ahead_of_time_and_others_do_not() {
    let mut rules = rules();
    rules.read_only_tools = vec!["look_up".to_owned()];
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 Where is my order
        2.250  tool r2 c1 look_up {}
        2.260  tool r2 c2 send_mail {}
        2.270  done r2
        2.400  answer 1 {}
        3.000  hang-up
    "
    ));
}

#[test]
fn a_short_sound_does_not_end_what_was_begun_ahead_of_time() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a table
        2.364  speech at 2.300
        2.400  pause at 2.380
        2.450  settled from 2.300 to 2.380
        3.500  hang-up
    "
    ));
}

#[test]
fn speech_that_lasts_ends_what_was_begun_ahead_of_time() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a table
        2.364  speech at 2.300
        2.600  hang-up
    "
    ));
}

#[test]
fn an_answer_is_withheld_while_the_caller_may_go_on() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a table.
        2.300  text r2 \"With pleasure. \"
        2.350  done r2
        2.564  speech at 2.500
        2.600  audio r2 1.000
        2.610  spoken r2
        2.640  pause at 2.560
        4.000  hang-up
    "
    ));
}

#[test]
fn an_answer_that_nobody_heard_is_taken_back_when_the_caller_goes_on() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a table.
        2.300  text r2 \"With pleasure. \"
        2.350  done r2
        2.564  speech at 2.500
        2.600  audio r2 1.000
        2.610  spoken r2
        3.300  pause at 3.200
        3.400  settled from 2.500 to 3.200 For two.
        4.000  hang-up
    "
    ));
}

#[test]
fn an_answer_that_cut_in_is_taken_back_and_the_turn_is_one() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a table.
        2.300  text r2 \"With pleasure. For how many people? \"
        2.350  done r2
        2.400  audio r2 2.000
        2.610  spoken r2
        2.700  speech at 2.600
        3.300  pause at 3.200
        3.400  settled from 2.600 to 3.200 For two.
        4.500  hang-up
    "
    ));
}

#[test]
fn enough_of_an_answer_that_cut_in_is_kept() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a table.
        2.300  text r2 \"Oh yes I do, my dear old friend. \"
        2.350  done r2
        2.400  audio r2/0 0.250
        2.400  audio r2/1 1.500
        2.410  spoken r2
        2.860  speech at 2.740
        3.300  pause at 3.200
        3.400  settled from 2.740 to 3.200 For two.
        4.500  hang-up
    "
    ));
}

#[test]
fn the_agents_own_echo_opens_no_turn() {
    insta::assert_snapshot!(play_with(
        rules(),
        "
        0.010  audio r1 2.000
        0.010  spoken r1
        0.500  speech at 0.400
        0.800  pause at 0.400
        0.800  ignored from 0.400 to 0.800
        1.100  settled from 0.420 to 0.780 this is Acme
        2.020  played r1-0
        3.000  hang-up
    "
    ));
}

#[test]
fn words_of_our_echo_are_no_turn_however_late_they_come() {
    insta::assert_snapshot!(play_with(
        rules(),
        "
        0.010  audio r1 2.000
        0.010  spoken r1
        0.900  words from 0.200 to 0.700 Hello this
        1.900  words from 0.200 to 1.700 Hello this is Acme
        2.020  played r1-0
        2.400  settled from 0.200 to 2.200 Hello, this is Acme.
        4.000  speech at 3.900
        5.100  pause at 5.000
        5.200  settled from 3.900 to 5.000 I want a table.
        6.000  hang-up
    "
    ));
}

#[test]
fn an_old_end_of_utterance_does_not_end_what_has_just_begun() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.000  pause at 1.900
        2.100  settled from 1.000 to 1.900 I would like to go to
        3.030  speech at 2.950
        3.140  over
        4.100  pause at 4.000
        4.200  settled from 2.950 to 4.000 the station.
        5.000  hang-up
    "
    ));
}

#[test]
fn foreign_sound_after_the_callers_takes_nothing_from_it() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        3.050  pause at 2.950
        3.100  ignored from 2.940 to 3.100
        3.200  settled from 1.000 to 2.900 I want to go to the station and
        5.000  hang-up
    "
    ));
}

#[test]
fn a_television_cannot_hold_a_turn_open() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a table
        2.264  speech at 2.200
        2.420  pause at 2.200
        2.420  ignored from 2.200 to 2.420
        2.450  words from 2.200 to 2.420 the weather
        3.000  hang-up
    "
    ));
}
