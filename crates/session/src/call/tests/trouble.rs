//! Call scripts of calls in trouble: what the caller is told, and how the call ends.

use std::sync::Arc;

use domain::Millis;

use super::{after_greeting, play, play_with, rules};
use crate::{CallSession, Input, Message, Rules};

#[test]
fn a_failing_model_is_excused_twice_and_then_given_up() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  utterance Hello?
        1.500  no-thought r2
        1.600  audio r3 1.000
        1.600  spoken r3
        2.620  played r3-0
        3.000  utterance Can you hear me?
        3.500  no-thought r4
        3.600  audio r5 1.000
        3.600  spoken r5
        4.620  played r5-0
        5.000  utterance I give up.
        5.500  no-thought r6
        5.600  audio r7 1.000
        5.600  spoken r7
        6.620  played r7-0
    "
    ));
}

#[test]
fn a_model_that_fails_behind_its_fillers_is_given_up_as_well() {
    let turn = |at: u64, reply: u64| {
        let [filler, fails, heard] = [2, 3, 6].map(|after| at + after);
        format!(
            "
            {at}.000      utterance Hello?
            {filler}.000  audio r{reply} 0.500
            {fails}.400   no-thought r{reply}
            {fails}.500   audio r{reply}/1 1.000
            {fails}.500   audio r{reply}/2 1.000
            {fails}.500   spoken r{reply}
            {heard}.000   played r{reply}-2
            "
        )
    };
    let mut rules = rules();
    rules.mask.fillers = vec!["One moment.".to_owned()];
    let script = [turn(1, 2), turn(11, 3), turn(21, 4)].concat();
    insta::assert_snapshot!(after_greeting(rules, &script));
}

#[test]
fn a_voice_that_never_answers_cannot_keep_the_line() {
    let mut rules = rules();
    rules.end.max_call = Millis(5_000);
    insta::assert_snapshot!(play_with(rules, ""));
}

#[test]
fn a_voice_that_fails_is_replaced_by_the_built_in_apology() {
    insta::assert_snapshot!(play(
        "
        0.500  no-voice r1
        0.510  audio r2 1.000
        0.510  spoken r2
        1.520  played r2-0
        3.000  hang-up
    "
    ));
}

#[test]
fn a_caller_who_cuts_in_does_not_save_a_deaf_call() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 4.000
        0.020  spoken r1
        1.000  deaf
        2.000  speech
        2.850  pause at 2.800
        2.900  audio r2 2.000
        2.900  spoken r2
        4.920  played r2-0
    "
    ));
}

#[test]
fn an_apology_bounds_nothing_but_itself() {
    let mut rules = rules();
    rules.idle.after = [Millis(60_000); 3];
    insta::assert_snapshot!(play_with(
        rules,
        "
        0.500  no-voice r1
        0.510  audio r2 1.000
        0.510  spoken r2
        1.520  played r2-0
        2.000  utterance Tell me a story.
        2.500  text r3 \"Once upon a time there was a very small server that told stories. \"
        2.510  done r3
        2.600  audio r3 30.000
        2.610  spoken r3
        32.700 played r3-0
        33.000 hang-up
    "
    ));
}

#[test]
fn a_deaf_call_is_greeted_told_and_ended() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 2.000
        0.500  deaf
        0.600  spoken r1
        2.020  played r1-0
        2.100  audio r2/0 2.000
        2.110  spoken r2
        4.200  played r2-0
    "
    ));
}

/// An agent that has a use for keys when it is deaf.
fn with_keypad() -> Rules {
    let mut rules = rules();
    rules.lines.keypad = "I cannot hear you. Press 1 for a call back.".to_owned();
    rules
}

#[test]
fn a_deaf_call_goes_on_by_keys_until_none_comes() {
    insta::assert_snapshot!(after_greeting(
        with_keypad(),
        "
        1.100  deaf
        1.200  audio r2/0 1.000
        1.200  audio r2/1 1.500
        1.200  spoken r2
        2.000  speech
        2.600  pause at 2.500
        3.000  digit 1
        3.750  played r2-1
        5.500  text r3 We will call you back.
        5.600  done r3
        5.700  audio r3 1.200
        5.700  spoken r3
        6.950  played r3-0
       15.100  audio r4 1.500
       15.100  spoken r4
       16.700  played r4-0
    "
    ), @r##"
    1.100  speak r2/0 "I cannot hear you."
    1.100  speak r2/1 "Press one for a call back."
    1.100  speak end r2
    1.200  play r2 1.000
    1.200  mark r2-0
    1.200  play r2 1.500
    1.200  mark r2-1
    2.700  finalize
    3.750  record turn 1: caller "" heard "I cannot hear you. Press 1 for a call back."
    5.000  think r3 "keypad: •"
    5.000  commit r3: keys after 0.000
    5.600  speak r3/0 "We will call you back."
    5.600  speak end r3
    5.700  play r3 1.200
    5.700  mark r3-0
    6.950  record turn 2: caller "keypad: 1" heard "We will call you back." gap 0.700
    14.950  speak r4/0 "I am sorry,"
    14.950  speak r4/1 "I have a technical problem and cannot go on."
    14.950  speak r4/2 "Please call again later."
    14.950  speak r4/3 "Goodbye."
    14.950  speak end r4
    15.100  play r4 1.500
    15.100  mark r4-0
    16.700  record turn 3: caller "" heard "I am sorry," of "I am sorry, I have a technical problem and cannot go on. Please call again later. Goodbye."
    16.700  hang up: provider_failed_stt
    "##);
}

#[test]
fn who_speaks_to_a_deaf_agent_is_told_of_the_keys_again_but_not_for_ever() {
    insta::assert_snapshot!(after_greeting(
        with_keypad(),
        "
        1.100  deaf
        1.200  audio r2/0 2.500
        1.200  spoken r2
        3.750  played r2-0
        4.000  speech
        5.000  pause
        6.100  audio r3/0 2.500
        6.100  spoken r3
        8.700  played r3-0
        9.000  speech
       10.000  pause
       11.100  audio r4/0 2.500
       11.100  spoken r4
       13.700  played r4-0
       14.000  speech
       15.000  pause
       22.000  audio r5/0 1.500
       22.000  spoken r5
       23.600  played r5-0
    "
    ), @r##"
    1.100  speak r2/0 "I cannot hear you."
    1.100  speak r2/1 "Press one for a call back."
    1.100  speak end r2
    1.200  play r2 2.500
    1.200  mark r2-0
    3.750  record turn 1: caller "" heard "I cannot hear you." of "I cannot hear you. Press 1 for a call back."
    5.200  finalize
    6.000  speak r3/0 "I cannot hear you."
    6.000  speak r3/1 "Press one for a call back."
    6.000  speak end r3
    6.100  play r3 2.500
    6.100  mark r3-0
    8.700  record turn 2: caller "" heard "I cannot hear you." of "I cannot hear you. Press 1 for a call back."
    10.200  finalize
    11.000  speak r4/0 "I cannot hear you."
    11.000  speak r4/1 "Press one for a call back."
    11.000  speak end r4
    11.100  play r4 2.500
    11.100  mark r4-0
    13.700  record turn 3: caller "" heard "I cannot hear you." of "I cannot hear you. Press 1 for a call back."
    15.200  finalize
    21.700  speak r5/0 "I am sorry,"
    21.700  speak r5/1 "I have a technical problem and cannot go on."
    21.700  speak r5/2 "Please call again later."
    21.700  speak r5/3 "Goodbye."
    21.700  speak end r5
    22.000  play r5 1.500
    22.000  mark r5-0
    23.600  record turn 4: caller "" heard "I am sorry," of "I am sorry, I have a technical problem and cannot go on. Please call again later. Goodbye."
    23.600  hang up: provider_failed_stt
    "##);
}

#[test]
fn a_model_is_told_that_the_caller_can_only_press_keys() {
    let mut rules = with_keypad();
    rules.lines.greeting.clear();
    let (mut session, _) = CallSession::answered(Arc::new(rules));
    let actions = session.handle(Millis(100), Input::RecogniserFailed);
    assert!(!actions.is_empty(), "the caller is told");
    let told = session.history.prompt(&session.rules, []).messages;
    let is_told =
        |message: &Message| matches!(message, Message::Note(note) if note.contains("press keys"));
    assert!(told.iter().any(is_told), "{told:?}");
}

#[test]
fn a_mute_recogniser_is_excused_twice_and_the_silence_counted() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  speech
        2.000  pause at 1.950
        3.500  audio r2/0 0.400
        3.500  spoken r2
        3.920  played r2-0
        6.000  audio r3/0 1.000
        6.000  spoken r3
        7.020  played r3-0
        8.000  speech
        9.000  pause at 8.950
        10.500 audio r4/0 0.400
        10.500 spoken r4
        10.920 played r4-0
        13.000 audio r5/0 1.000
        13.000 spoken r5
        14.020 played r5-0
        15.000 speech
        16.000 pause at 15.950
        23.000 hang-up
    "
    ));
}

#[test]
fn late_words_are_waited_for_behind_a_filler() {
    let late = |words: &str| {
        let story = "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  speech
        2.000  pause at 1.950
        3.500  audio r2/0 0.400
        3.500  spoken r2
        ";
        [story, words].concat()
    };
    let after = late(
        "
        3.920  played r2-0
        5.200  finalized A table for four.
        5.300  text r3 At what time?
        5.310  done r3
        5.400  audio r3 0.500
        5.400  spoken r3
        5.920  played r3-0
        6.500  hang-up
    ",
    );
    insta::assert_snapshot!("after_the_filler", play(&after));
    let during = late(
        "
        3.600  finalized A table for four.
        3.920  played r2-0
        4.000  text r3 At what time?
        4.010  done r3
        4.100  audio r3 0.500
        4.100  spoken r3
        4.620  played r3-0
        5.500  hang-up
    ",
    );
    insta::assert_snapshot!("over_the_filler", play(&during));
    let word_by_word = late(
        "
        3.600  words from 1.000 to 1.300 A table
        3.700  finalized from 1.000 to 1.950 A table for four.
        3.920  played r2-0
        4.000  text r3 At what time?
        4.010  done r3
        4.100  audio r3 0.500
        4.100  spoken r3
        4.620  played r3-0
        5.500  hang-up
    ",
    );
    insta::assert_snapshot!("word_by_word_over_the_filler", play(&word_by_word));
}

/// A recogniser that ends turns by itself has longer, but the caller hears the same filler.
#[test]
fn a_provider_that_owes_words_is_waited_for_behind_a_filler() {
    let mut rules = rules();
    rules.turn.end = crate::TurnEnd::Provider;
    insta::assert_snapshot!(play_with(
        rules,
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  speech
        2.000  pause at 1.950
        3.500  audio r2/0 0.400
        3.500  spoken r2
        3.920  played r2-0
        7.500  hang-up
    "
    ));
}

#[test]
fn a_model_that_writes_nothing_after_a_tool_is_asked_once_more() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  utterance Is a table free?
        1.800  tool r2 c1 find {}
        1.810  done r2
        2.000  answer 1 {\"free\":true}
        2.300  done r2
        2.600  done r2
        2.700  audio r3/0 1.000
        2.700  spoken r3
        3.720  played r3-0
        4.500  hang-up
    "
    ));
}

#[test]
fn a_voice_that_breaks_off_is_excused() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  utterance Tell me a story.
        1.800  text r2 Once upon a time there was a very small server.
        1.810  done r2
        1.900  audio r2/0 1.000
        2.000  no-voice r2
        2.920  played r2-0
        2.930  audio r3/0 2.000
        2.930  spoken r3
        4.940  played r3-0
        6.000  hang-up
    "
    ));
}

#[test]
fn the_longest_call_is_ended_politely() {
    let mut rules = rules();
    rules.end.max_call = Millis(2_000);
    insta::assert_snapshot!(play_with(
        rules,
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        2.100  audio r2 1.000
        2.100  spoken r2
        3.120  played r2-0
    "
    ));
}

#[test]
fn a_lost_line_ends_the_call() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 2.000
        1.000  lost
        1.001  speech
    "
    ));
}

#[test]
fn another_model_goes_on_where_the_first_broke_off() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.000  pause
        2.200  finalized Book a table.
        2.300  text r2 \"With pleasure, I can do that. For how \"
        2.500  audio r2 1.500
        2.600  half-thought r2
        2.900  text r2 \"With pleasure, I can do that. For how many people? \"
        3.000  done r2
        3.200  audio r2/1 1.000
        3.300  spoken r2
        5.400  played r2-1
        5.500  hang-up
    "
    ));
}

#[test]
fn a_model_that_writes_nothing_is_asked_once_more() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.000  pause
        2.200  finalized Book a table.
        2.500  done r2
        2.800  done r2
        3.200  audio r3 1.000
        3.300  spoken r3
        4.500  hang-up
    "
    ));
}
