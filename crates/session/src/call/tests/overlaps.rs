//! Call scripts of speech over the agent's.

use std::sync::Arc;

use domain::OverlapOutcome;

use super::{after_greeting, play_with, rules};
use crate::{Action, CallSession, OverlapMode, Rules, script};

/// The greeting of three seconds, and what sounds over it.
fn over_greeting(rules: Rules, script: &str) -> String {
    let greeting = "
        0.010  audio r1 3.000
        0.010  spoken r1
    ";
    let end = "
        6.000  hang-up
    ";
    play_with(rules, &[greeting, script, end].concat())
}

#[test]
fn a_stop_word_takes_the_floor_at_once() {
    insta::assert_snapshot!(over_greeting(
        rules(),
        "
        1.064  speech at 1.000
        1.300  words from 1.000 to 1.250 wait
    "
    ));
}

#[test]
fn two_words_take_the_floor() {
    insta::assert_snapshot!(over_greeting(
        rules(),
        "
        1.064  speech at 1.000
        1.350  words from 1.000 to 1.300 I want
    "
    ));
}

#[test]
fn one_word_takes_the_floor_when_the_speech_goes_on() {
    insta::assert_snapshot!(over_greeting(
        rules(),
        "
        1.064  speech at 1.000
        1.250  words from 1.000 to 1.200 Tuesday
    "
    ));
}

#[test]
fn speech_without_words_takes_the_floor_in_the_end() {
    insta::assert_snapshot!(over_greeting(
        rules(),
        "
        1.064  speech at 1.000
    "
    ));
}

#[test]
fn an_acknowledgement_is_recorded_and_not_answered() {
    insta::assert_snapshot!(over_greeting(
        rules(),
        "
        1.064  speech at 1.000
        1.450  pause at 1.350
        1.600  settled from 1.000 to 1.350 Uh-huh.
        3.020  played r1-0
    "
    ));
}

#[test]
fn an_acknowledgement_that_is_understood_late_stops_nobody() {
    insta::assert_snapshot!(over_greeting(
        rules(),
        "
        1.064  speech at 1.000
        1.450  pause at 1.350
        2.000  settled from 1.000 to 1.350 Uh-huh.
        3.020  played r1-0
    "
    ));
}

#[test]
fn a_word_without_a_sound_that_may_change_lowers_the_voice() {
    insta::assert_snapshot!(over_greeting(
        rules(),
        "
        1.200  words Tuesday
        1.500  settled Okay.
        3.020  played r1-0
    "
    ));
}

#[test]
fn a_noise_is_overlooked() {
    insta::assert_snapshot!(over_greeting(
        rules(),
        "
        1.064  speech at 1.000
        1.350  pause at 1.250
        3.020  played r1-0
    "
    ));
}

#[test]
fn an_acknowledgement_at_the_end_of_a_question_is_its_answer() {
    let mut rules = rules();
    rules.lines.greeting = "This is Acme, do you want a table?".to_owned();
    insta::assert_snapshot!(over_greeting(
        rules,
        "
        2.364  speech at 2.300
        2.750  pause at 2.600
        2.800  settled from 2.300 to 2.600 Yes.
        3.020  played r1-0
    "
    ));
}

#[test]
fn yes_while_the_question_is_being_asked_is_its_answer() {
    let mut rules = rules();
    rules.lines.greeting = "This is Acme, would you like a table?".to_owned();
    insta::assert_snapshot!(play_with(
        rules,
        "
        0.010  audio r1/0 1.000
        0.010  audio r1/1 3.000
        0.020  spoken r1
        2.064  speech at 2.000
        2.500  pause at 2.400
        2.600  settled from 2.000 to 2.400 Yes.
        4.020  played r1-1
        5.000  hang-up
    "
    ));
}

#[test]
fn words_without_a_sound_that_the_ear_noticed_take_the_floor_too() {
    insta::assert_snapshot!(over_greeting(
        rules(),
        "
        1.300  utterance Stop, please.
    "
    ));
}

#[test]
fn foreign_sound_elsewhere_decides_nothing() {
    insta::assert_snapshot!(over_greeting(
        rules(),
        "
        1.064  speech at 1.000
        1.250  ignored from 0.400 to 0.880
        1.300  words from 1.000 to 1.250 wait
    "
    ));
}

#[test]
fn two_coughs_are_not_one_long_speech() {
    insta::assert_snapshot!(over_greeting(
        rules(),
        "
        1.064  speech at 1.000
        1.300  pause at 1.200
        1.564  speech at 1.500
        1.800  pause at 1.700
        3.020  played r1-0
    "
    ));
}

#[test]
fn speech_at_the_end_of_the_agents_words_is_the_next_turn() {
    insta::assert_snapshot!(over_greeting(
        rules(),
        "
        2.764  speech at 2.700
        3.020  played r1-0
        3.600  pause at 3.500
        3.700  settled from 2.700 to 3.500 I want a table.
    "
    ));
}

#[test]
fn a_protected_utterance_is_heard_to_its_end() {
    let mut rules = rules();
    rules.overlap.greeting_interruptible = false;
    insta::assert_snapshot!(over_greeting(
        rules,
        "
        1.064  speech at 1.000
        1.350  words from 1.000 to 1.300 stop stop
        2.100  pause at 2.000
        2.200  settled from 1.000 to 2.000 Stop, please stop.
        3.020  played r1-0
    "
    ));
}

#[test]
fn a_key_takes_the_floor_at_once() {
    insta::assert_snapshot!(over_greeting(
        rules(),
        "
        1.000  digit 5
        1.500  digit #
    "
    ));
}

#[test]
fn an_agent_may_go_on_at_full_voice_until_it_is_clear() {
    let mut rules = rules();
    rules.overlap.mode = OverlapMode::Ignore;
    insta::assert_snapshot!(over_greeting(
        rules,
        "
        1.064  speech at 1.000
        1.350  pause at 1.250
        3.020  played r1-0
    "
    ));
}

#[test]
fn an_agent_may_pause_and_go_on_from_the_last_word() {
    let mut rules = rules();
    rules.overlap.mode = OverlapMode::Pause;
    insta::assert_snapshot!(over_greeting(
        rules,
        "
        1.064  speech at 1.000
        1.350  pause at 1.250
        4.900  played r1-0
    "
    ));
}

#[test]
fn an_agents_own_words_stop_it_too() {
    let mut rules = rules();
    rules.overlap.stop_words.push("banana".to_owned());
    insta::assert_snapshot!(over_greeting(
        rules,
        "
        1.064  speech at 1.000
        1.250  words from 1.000 to 1.200 banana
    "
    ));
}

#[test]
fn a_noisy_place_makes_the_ear_harder_of_hearing_once() {
    let mut script = String::new();
    for at in [1, 2, 3, 4, 5] {
        script.push_str(&format!(
            "{at}.064 speech at {at}.000\n{at}.200 pause at {at}.120\n"
        ));
    }
    let greeting = "0.010 audio r1 9.000\n";
    insta::assert_snapshot!(play_with(
        rules(),
        &[greeting, &script, "7.000 hang-up\n"].concat()
    ));
}

#[test]
fn a_slow_recogniser_makes_the_sound_itself_decide_sooner() {
    let mut script = String::new();
    for at in [1u32, 5, 9, 13] {
        script.push_str(&format!(
            "{at}.000 speech\n{}.100 pause at {}.000\n{}.700 settled from {at}.000 to {}.000 um\n",
            at + 1,
            at + 1,
            at + 1,
            at + 1
        ));
    }
    let mut rules = rules();
    rules.lines.greeting.clear();
    let talk = "
        14.800 settled from 14.000 to 14.100 that is all.
        15.000 text r4 \"All right then. \"
        15.010 done r4
        15.100 audio r4 3.000
        16.064 speech at 16.000
        19.000 hang-up
    ";
    insta::assert_snapshot!(play_with(rules, &[&script, talk].concat()));
}

#[test]
fn words_of_a_television_are_dropped_when_the_ear_catches_up() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        3.500  speech
        4.600  pause at 4.500
        4.700  settled from 3.500 to 4.500 I want a table for
        5.100  words from 4.700 to 4.950 and
        5.220  ignored from 4.700 to 5.180
        5.700  ignored from 5.180 to 5.660
        5.900  settled from 4.700 to 5.600 And now the weather.
        7.000  hang-up
    "
    ));
}

#[test]
fn an_answer_that_cut_in_is_on_record_whatever_became_of_the_next_one() {
    let mut rules = rules();
    rules.lines.greeting.clear();
    let (mut session, _) = CallSession::answered(Arc::new(rules));
    let script = "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a table.
        2.300  text r1 \"With pleasure. For how many people? \"
        2.350  done r1
        2.400  audio r1 2.000
        2.700  speech at 2.600
        3.300  pause at 3.200
        3.400  settled from 2.600 to 3.200 For two.
        3.410  tick
        3.450  settled from 3.200 to 3.300 Please.
        3.900  tick
        4.000  text r3 \"Gladly. \"
        4.010  done r3
        4.100  audio r3 0.500
        4.110  spoken r3
        4.620  played r3-0
    ";
    let mut records = Vec::new();
    let mut cancelled = 0;
    for line in script.lines().filter(|line| !line.trim().is_empty()) {
        let (at, input) = script::read(line).unwrap();
        for action in session.handle(at, input) {
            cancelled += usize::from(matches!(action, Action::Cancel { .. }));
            if let Action::Record(record) = action {
                records.push(*record);
            }
        }
    }
    assert_eq!(cancelled, 2, "the one that cut in, and the next");
    let outcomes = records.iter().map(|record| {
        let overlaps = record.taking.overlaps.iter();
        overlaps.map(|over| over.outcome).collect::<Vec<_>>()
    });
    assert_eq!(
        outcomes.collect::<Vec<_>>(),
        [vec![OverlapOutcome::CutIn]],
        "{records:#?}"
    );
}
