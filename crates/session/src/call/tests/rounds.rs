//! Call scripts of calls whose carrier listens and speaks by itself from some moment on.

use std::sync::Arc;

use domain::Millis;

use super::{after_greeting, pass, play_with, rules, tell};
use crate::{AfterSaying, CallSession, Presses, Rules, script};

fn with_rounds() -> Rules {
    let mut rules = rules();
    rules.line.rounds = true;
    rules
}

#[test]
fn a_call_without_recogniser_goes_on_in_rounds_once_the_agent_has_said_its_words() {
    insta::assert_snapshot!(play_with(
        with_rounds(),
        "
        0.010  audio r1 3.000
        0.020  spoken r1
        1.000  deaf
        3.010  played r1-0
        6.000  round words What are your opening hours?
        6.800  text r2 \"From nine to five. \"
        6.900  done r2
        6.900  audio r2/0 1.200
        6.900  spoken r2
        9.000  round words Goodbye.
        9.500  text r3 Goodbye!
        9.600  done r3
        9.600  audio r3/0 0.600
        9.600  spoken r3
       11.500  round
    "
    ));
}

#[test]
fn what_nobody_understood_is_asked_for_again_in_the_first_round() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  speech
        2.000  pause
        2.100  deaf
        2.200  audio r2 1.500
        2.200  spoken r2
        6.000  round words I want a table.
       20.000  round over
    "
    ));
}

#[test]
fn what_was_understood_before_is_answered_in_the_first_round() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  speech
        2.000  pause
        2.100  finalized I want a table.
        2.200  deaf
        2.900  text r3 For how many people?
        3.000  done r3
        4.000  audio r3/0 1.500
        4.000  spoken r3
       12.000  round over
    "
    ));
}

#[test]
fn whoever_is_silent_round_after_round_is_reminded_and_left() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  deaf
       10.000  round
       10.000  audio r2 1.000
       10.000  spoken r2
       22.000  round
       22.000  audio r3 1.000
       22.000  spoken r3
       36.000  round
       36.000  audio r4 1.000
       36.000  spoken r4
    "
    ));
}

#[test]
fn keys_are_a_turn_of_their_own() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  deaf
        5.000  round keys 4711#
        5.500  round over
    "
    ));
}

#[test]
fn a_wait_in_a_round_is_covered_later_and_never_by_an_opener() {
    let mut rules = with_rounds();
    rules.mask.openers = vec!["Sure.".to_owned()];
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        1.000  deaf
        5.000  round words I want a table.
       10.000  round over
    "
    ));
}

#[test]
fn sound_and_words_of_the_audio_that_was_left_are_ignored() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  deaf
        1.100  speech
        1.500  utterance Hello?
        1.600  hang-up
        1.700  lost
    "
    ));
}

#[test]
fn a_call_whose_voices_are_gone_apologises_once_and_goes_on_in_rounds() {
    insta::assert_snapshot!(play_with(
        with_rounds(),
        "
        0.500  no-voice r1
        0.510  audio r2 1.000
        0.510  spoken r2
        1.520  played r2-0
        6.000  round words Hello?
        7.000  round over
    "
    ));
}

#[test]
fn voices_that_break_off_for_good_are_excused_once() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  utterance Tell me a story.
        1.800  text r2 Once upon a time there was a very small server.
        1.810  done r2
        1.900  audio r2/0 1.000
        2.000  no-voice r2
        2.920  played r2-0
        2.930  audio r3/0 2.000
        2.930  spoken r3
        4.940  played r3-0
        9.000  round words Once more, please.
       10.000  round over
    "
    ));
}

#[test]
fn what_is_said_over_the_apology_is_answered_in_the_first_round() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  utterance Are you open on Monday?
        1.500  text r2 From nine to five.
        1.510  done r2
        1.600  no-voice r2
        1.610  audio r3 3.000
        1.610  spoken r3
        2.000  speech
        2.900  pause
        3.100  finalized And on Sunday?
        4.620  played r3-0
        5.500  text r4 Never on Sundays.
        5.600  done r4
        6.000  audio r4/0 1.000
        6.000  spoken r4
       12.000  round over
    "
    ));
}

#[test]
fn what_the_caller_is_still_saying_after_the_apology_is_answered_in_the_first_round() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  utterance Are you open on Monday?
        1.500  text r2 From nine to five.
        1.510  done r2
        1.600  no-voice r2
        1.610  audio r3 3.000
        1.610  spoken r3
        4.000  speech
        4.500  words And on
        4.620  played r3-0
        5.000  pause
        5.300  finalized And on Sunday?
       12.000  round over
    "
    ));
}

/// Somebody may still speak: only that reply made no sound.
#[test]
fn a_reply_without_sound_is_excused_more_than_once() {
    insta::assert_snapshot!(play_with(
        with_rounds(),
        "
        0.500  spoken r1
        0.510  audio r2 1.000
        0.510  spoken r2
        1.520  played r2-0
        3.000  hang-up
    "
    ));
}

#[test]
fn a_voice_that_failed_one_reply_keeps_the_line() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  utterance What are your opening hours?
        1.800  text r2 From nine to five.
        1.810  done r2
        1.900  no-sound r2
        1.910  audio r3 2.000
        1.910  spoken r3
        3.920  played r3-0
        6.000  hang-up
    "
    ), @r#"
    1.200  think r2 "What are your opening hours?"
    1.350  commit r2: terminal after 0.350
    1.810  speak r2/0 "From nine to five."
    1.810  speak end r2
    1.900  cancel r2: failed
    1.900  apologise r3
    1.910  play r3 2.000
    1.910  mark r3-0
    3.920  record turn 1: caller "What are your opening hours?" heard "Sorry, something went wrong on my side. Could you say that again?" gap 0.910
    6.000  hang up: caller_hung_up
    "#);
}

#[test]
fn a_carrier_that_speaks_by_itself_presses_no_keys() {
    let mut rules = with_rounds();
    rules.dtmf.presses = Presses::Always;
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        1.000  deaf
        5.000  round words Press one for sales.
        5.500  tool r2 c1 press_keys {\"keys\": \"1\"}
        5.600  done r2
        6.000  round over
    "
    ));
}

#[test]
fn a_warning_waits_for_the_next_answer() {
    let mut rules = with_rounds();
    rules.end.max_call = Millis(60_000);
    rules.end.warn_before = Some(Millis(50_000));
    rules.lines.almost_over = "We have little time left.".to_owned();
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        1.000  deaf
       14.000  round words What are your opening hours?
       14.100  audio r2/0 1.500
       15.000  text r2 From nine to five.
       15.100  done r2
       15.200  audio r2/1 1.200
       15.200  spoken r2
       20.000  round over
    "
    ), @r#"
    1.000  take rounds: no recogniser
    14.000  think r2 "What are your opening hours?"
    14.000  commit r2: provider after 0.000
    14.000  speak r2/0 "We have little time left."
    14.100  play r2 1.500
    15.100  speak r2/1 "From nine to five."
    15.100  speak end r2
    15.200  mark r2-0
    15.200  play r2 1.200
    15.200  mark r2-1
    17.800  record turn 1: caller "What are your opening hours?" heard "We have little time left. From nine to five." gap 0.100
    20.000  hang up: caller_hung_up
    "#);
}

#[test]
fn a_line_that_the_carrier_cannot_say_while_it_listens_wakes_nobody_up() {
    let mut rules = with_rounds();
    rules.lines.greeting.clear();
    rules.end.max_call = Millis(60_000);
    rules.end.warn_before = Some(Millis(50_000));
    let (mut session, _) = CallSession::answered(Arc::new(rules));
    for line in ["0.100 deaf", "12.000 tick"] {
        let (at, input) = script::read(line).unwrap();
        let _actions = session.handle(at, input);
    }
    let next = session.next_deadline().map(|(at, _)| at);
    assert_eq!(next, Some(Millis(60_000)));
}

#[test]
fn words_that_come_with_an_apology_are_answered_after_it() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  deaf
        5.000  round words What are your opening hours?
        5.500  text r2 From nine to five.
        5.600  done r2
        5.700  audio r2/0 1.200
        5.800  no-voice r2
        6.800  round words And on Sundays?
        6.900  audio r3/0 1.000
        6.900  spoken r3
       11.000  round over
    "
    ), @r#"
    1.000  take rounds: no recogniser
    5.000  think r2 "What are your opening hours?"
    5.000  commit r2: provider after 0.000
    5.600  speak r2/0 "From nine to five."
    5.600  speak end r2
    5.700  play r2 1.200
    5.800  cancel r2: failed
    5.800  mark r2-0
    6.800  record turn 1: caller "What are your opening hours?" heard "From nine" of "From nine to five." gap 0.700
    6.800  apologise r3
    6.900  play r3 1.000
    6.900  mark r3-0
    8.900  record turn 2: caller "" heard "Sorry, something went wrong on my side. Could you say that again?"
    8.900  think r4 "And on Sundays?"
    8.900  commit r4: provider after 2.100
    10.900  speak r4/0 "One moment,"
    10.900  speak r4/1 "please."
    11.000  cancel r4: call_over
    11.000  record turn 3: caller "And on Sundays?" heard "" of "One moment, please."
    11.000  hang up: caller_hung_up
    "#);
}

#[test]
fn a_last_line_waits_for_a_carrier_that_listens() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  deaf
        5.000  dismissed
       27.000  audio r2 1.000
       27.000  spoken r2
    "
    ), @r#"
    1.000  take rounds: no recogniser
    5.000  speak r2/0 "I will hang up now."
    5.000  speak r2/1 "Thank you for calling, goodbye."
    5.000  speak end r2
    27.000  play r2 1.000
    27.000  mark r2-0
    29.000  record turn 1: caller "" heard "I will hang up now." of "I will hang up now. Thank you for calling, goodbye."
    29.000  hang up: operator_ended
    "#);
}

#[test]
fn a_call_that_was_about_to_end_ends_for_its_own_reason() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  deaf
        3.000  dismissed
        4.000  round over
    "
    ));
}

#[test]
fn what_the_carrier_was_given_is_heard_whatever_comes_next() {
    insta::assert_snapshot!(after_greeting(
        with_rounds(),
        "
        1.000  deaf
        3.000  round words What are your opening hours?
        3.800  text r2 \"From nine to five. \"
        3.900  done r2
        3.900  audio r2/0 1.200
        3.900  spoken r2
        4.000  dismissed
        6.000  round over
    "
    ));
}

/// What the carrier does after each line of a script of a call in rounds.
fn rounds_of(text: &str) -> Vec<Option<AfterSaying>> {
    let mut rules = with_rounds();
    rules.lines.greeting.clear();
    let (mut session, _) = CallSession::answered(Arc::new(rules));
    let mut story = String::new();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let after = lines.map(|line| {
        let (at, input) = script::read(line).unwrap();
        pass(&mut session, at, &mut story);
        let actions = session.handle(at, input);
        tell(&mut story, at, &actions);
        session.round()
    });
    after.collect()
}

fn listens(patience: u64) -> Option<AfterSaying> {
    Some(AfterSaying::Listen {
        patience: Millis(patience),
        pause: None,
    })
}

#[test]
fn a_round_is_whole_when_the_agent_has_no_more_to_say() {
    let rounds = rounds_of(
        "
        0.100  deaf
        3.000  round words Book me a table.
        3.500  text r1 \"One moment. \"
        3.600  tool r1 c1 book {}
        3.700  done r1
        4.000  answer 1 {}
        4.500  text r1 Done.
        4.600  done r1
    ",
    );
    let mut wanted = vec![None; 8];
    wanted[0] = listens(8_000);
    wanted[7] = listens(8_000);
    assert_eq!(rounds, wanted);
}

#[test]
fn after_a_goodbye_the_carrier_listens_for_a_moment_and_after_a_last_line_not_at_all() {
    let rounds = rounds_of(
        "
        0.100  deaf
        3.000  round words Goodbye.
        3.500  text r1 Goodbye!
        3.600  done r1
        3.600  dismissed
    ",
    );
    let wanted = [
        listens(8_000),
        None,
        None,
        listens(1_000),
        Some(AfterSaying::HangUp),
    ];
    assert_eq!(rounds, wanted);
}
