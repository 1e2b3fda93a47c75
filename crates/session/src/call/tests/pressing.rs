//! Calls with a menu at the other end, which takes keys.

use std::sync::Arc;

use domain::Millis;

use super::{after_greeting, rules};
use crate::{Action, CallSession, Input, Message, Presses, Rules, script};

#[test]
fn a_menu_gets_the_keys_it_asks_for() {
    insta::assert_snapshot!(after_greeting(rules(), r##"
        1.000  speech
        3.000  pause
        3.200  finalized For sales, press one. For service, press two.
        3.600  tool r2 c1 press_keys {"keys":"2"}
        3.610  done r2
        4.200  audio r2/0 0.200
        4.200  spoken r2
        4.420  played r2-0
        5.000  hang-up
    "##), @r##"
    3.200  finalize
    3.200  think r2 "For sales, press one. For service, press two." may press
    3.700  commit r2: terminal after 0.700
    3.700  press r2/0 1 keys
    4.200  play r2 0.200
    4.200  mark r2-0
    4.420  record turn 1: caller "For sales, press one. For service, press two." heard "pressed 2" gap 1.200
    5.000  hang up: caller_hung_up
    "##);
}

#[test]
fn words_come_before_the_keys_and_a_menu_that_speaks_on_stops_neither() {
    insta::assert_snapshot!(after_greeting(rules(), r##"
        1.000  speech
        3.000  pause
        3.200  finalized Please press the pound key.
        3.600  text r2 "One moment."
        3.600  tool r2 c1 press_keys {"keys":"#"}
        3.610  done r2
        4.000  audio r2/0 1.000
        4.100  spoken r2
        4.110  audio r2/1 0.200
        4.110  spoken r2
        4.500  speech
        4.900  words This call may be recorded
        5.300  played r2-1
        6.500  hang-up
    "##), @r##"
    3.200  finalize
    3.200  think r2 "Please press the pound key." may press
    3.610  speak r2/0 "One moment."
    3.700  commit r2: terminal after 0.700
    3.700  speak end r2
    4.000  play r2 1.000
    4.100  press r2/1 1 keys
    4.110  mark r2-0
    4.110  play r2 0.200
    4.110  mark r2-1
    5.300  record turn 1: caller "Please press the pound key." heard "One moment. pressed #" gap 1.000
    6.500  record turn 2: caller "This call may be recorded" heard ""
    6.500  hang up: caller_hung_up
    "##);
}

#[test]
fn keys_beside_another_tool_are_told_to_wait_and_are_pressed_once() {
    insta::assert_snapshot!(after_greeting(rules(), r##"
        1.000  utterance For service, press two.
        2.000  tool r2 c1 book {}
        2.000  tool r2 c2 press_keys {"keys":"2"}
        2.010  done r2
        2.500  answer 1 {}
        3.000  text r2 One moment.
        3.010  done r2
        3.500  audio r2/0 0.500
        3.500  spoken r2
        5.000  hang-up
    "##), @r##"
    1.200  think r2 "For service, press two." may press
    1.700  commit r2: terminal after 0.700
    2.010  run tool 1 book {}
    2.500  think r2 "{\"status\":\"they will be pressed once your words have been spoken\"}" may press
    3.010  speak r2/0 "One moment."
    3.010  speak end r2
    3.500  play r2 0.500
    3.500  press r2/1 1 keys
    5.000  silence r2 after 0.500
    5.000  cancel r2: call_over
    5.000  record turn 1: caller "For service, press two." heard "" of "One moment. pressed 2" gap 2.500
    5.000  hang up: caller_hung_up
    "##);
}

#[test]
fn keys_that_a_reply_begun_ahead_of_time_wants_wait_for_its_turn() {
    insta::assert_snapshot!(after_greeting(rules(), r##"
        1.000  speech
        3.000  pause
        3.200  finalized Press one or
        4.250  tool r2 c1 press_keys {"keys":"1"}
        4.260  done r2
        4.300  speech
        4.900  words say billing
        6.000  hang-up
    "##), @r##"
    3.200  finalize
    4.000  think r2 "Press one or" may press
    4.420  cancel r2: resumed
    6.000  record turn 1: caller "Press one or say billing" heard ""
    6.000  hang up: caller_hung_up
    "##);
}

#[test]
fn a_person_is_spared_the_tones() {
    insta::assert_snapshot!(after_greeting(rules(), r##"
        1.000  utterance I would like a table.
        1.600  tool r2 c1 press_keys {"keys":"1"}
        1.610  done r2
        2.000  text r2 For how many?
        2.010  done r2
        2.100  hang-up
    "##), @r##"
    1.200  think r2 "I would like a table."
    1.350  commit r2: terminal after 0.350
    1.610  think r2 "{\"error\":\"keys can be pressed only when a menu of recorded sentences asks for them\"}"
    2.010  speak r2/0 "For how many?"
    2.010  speak end r2
    2.100  cancel r2: call_over
    2.100  record turn 1: caller "I would like a table." heard "" of "For how many?"
    2.100  hang up: caller_hung_up
    "##);
}

#[test]
fn letters_are_no_keys() {
    insta::assert_snapshot!(after_greeting(rules(), r##"
        1.000  utterance Press one for sales.
        1.600  tool r2 c1 press_keys {"keys":"one"}
        1.610  done r2
        2.100  hang-up
    "##), @r##"
    1.200  think r2 "Press one for sales." may press
    1.700  commit r2: terminal after 0.700
    1.700  think r2 "{\"error\":\"keys has to be a text of at most 32 of 0-9, *, #, and w for a wait\"}" may press
    2.100  cancel r2: call_over
    2.100  record turn 1: caller "Press one for sales." heard ""
    2.100  hang up: caller_hung_up
    "##);
}

#[test]
fn keys_may_be_allowed_always_and_never() {
    let pressed = |presses, said: &str| {
        let mut rules = rules();
        rules.dtmf.presses = presses;
        let script = format!(
            "
            1.000  utterance {said}
            2.500  tool r2 c1 press_keys {{\"keys\":\"1\"}}
            2.510  done r2
            3.000  hang-up
        "
        );
        after_greeting(rules, &script).contains("press r2/0 1 keys")
    };
    assert!(pressed(Presses::Always, "I would like a table."));
    assert!(!pressed(Presses::Menus, "I would like a table."));
    assert!(pressed(Presses::Menus, "For sales press one."));
    assert!(!pressed(Presses::Never, "For sales press one."));
}

/// What the model is told of keys of which only the first two were heard, and what is kept.
fn cut_after_two_keys(rules: Rules) -> (String, String) {
    let (mut session, _) = CallSession::answered(Arc::new(rules));
    let mut actions = Vec::new();
    for line in [
        r#"1.000  utterance Enter your number, then press the pound key."#,
        r##"2.500  tool r1 c1 press_keys {"keys":"4711#"}"##,
        "2.510  done r1",
    ] {
        let (at, input) = script::read(line).unwrap();
        while let Some((due, _)) = session.next_deadline().filter(|(due, _)| *due < at) {
            actions.extend(session.handle(due, Input::Tick));
        }
        actions.extend(session.handle(at, input));
    }
    let words = [(9, 100), (11, 300), (13, 500), (15, 700), (17, 900)];
    let words = words.map(|(chars, at)| crate::WordEnd {
        chars,
        at: Millis(at),
    });
    let audio = crate::Audio {
        reply: domain::ReplyId(1),
        clause: crate::ClauseId(0),
        bytes: bytes::Bytes::new(),
        duration: Millis(1_000),
        words: words.to_vec(),
    };
    actions.extend(session.handle(Millis(3_000), Input::Audio(audio)));
    actions.extend(session.handle(Millis(3_400), Input::HungUp));
    let kept = actions.iter().find_map(|action| {
        if let Action::Record(turn) = action {
            Some(turn.heard.clone())
        } else {
            None
        }
    });
    let told = session.history.prompt(&session.rules, []).messages;
    let told = told.into_iter().find_map(|message| {
        if let Message::Tool { output, .. } = message {
            Some(output)
        } else {
            None
        }
    });
    (told.unwrap(), kept.unwrap())
}

#[test]
fn only_keys_that_sounded_were_pressed() {
    let mut rules = rules();
    rules.lines.greeting.clear();
    let (told, kept) = cut_after_two_keys(rules.clone());
    assert_eq!((&*told, &*kept), (r#"{"pressed":"47"}"#, "pressed 4 7"));
    rules.dtmf.secret = true;
    let (told, kept) = cut_after_two_keys(rules);
    assert_eq!((&*told, &*kept), (r#"{"pressed":"47"}"#, "pressed • •"));
}
