//! What is told of a caller's secret, by logs and records.

use std::{fmt::Write as _, sync::Arc};

use domain::Millis;

use super::rules;
use crate::{Action, CallSession, Input, script};

/// What the log tells of a call without a greeting.
fn logged(text: &str) -> String {
    let mut rules = rules();
    rules.lines.greeting.clear();
    let (mut session, _) = CallSession::answered(Arc::new(rules));
    let mut log = String::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (at, input) = script::read(line).unwrap();
        while let Some((due, _)) = session.next_deadline().filter(|(due, _)| *due < at) {
            take(&mut session, due, Input::Tick, &mut log);
        }
        take(&mut session, at, input, &mut log);
    }
    log
}

fn take(session: &mut CallSession, at: Millis, input: Input, log: &mut String) {
    writeln!(log, "{}", session.log_line(&input)).unwrap();
    for action in session.handle(at, input) {
        writeln!(log, "{}", session.log_line(&action)).unwrap();
    }
}

const ASKED_FOR_A_PIN: &str = "
    1.000  utterance What is my balance?
    1.800  text r1 \"[[expect digits 4 secret]] Please tell me your PIN. \"
    1.900  done r1
    2.000  audio r1/0 1.000
    2.000  spoken r1
";

#[test]
fn a_secret_that_is_said_is_logged_by_its_count() {
    let answer = "
        3.010  played r1-0
        3.500  words four seven
        4.000  utterance four seven one one
        4.500  tool r2 c1 balance {\"pin\": \"4711\"}
        4.600  text r2 One moment.
        4.700  done r2
    ";
    let log = logged(&[ASKED_FOR_A_PIN, answer].concat());
    for leak in ["four", "seven", "4711"] {
        assert!(!log.contains(leak), "{log}");
    }
    assert!(log.contains("words \"••• •••\""), "{log}");
    assert!(log.contains("utterance \"••• ••• ••• •••\""), "{log}");
    assert!(log.contains("What is my balance?"), "{log}");
}

#[test]
fn what_a_model_is_told_of_a_secret_is_logged_by_its_count() {
    let answer = "
        3.010  played r1-0
        4.000  settled four seven one one
        5.800  over
    ";
    let log = logged(&[ASKED_FOR_A_PIN, answer].concat());
    assert!(!log.contains("four"), "{log}");
    assert!(log.contains("think r2 \"••• ••• ••• •••\""), "{log}");
}

#[test]
fn a_secret_that_is_said_before_its_question_is_over_is_not_logged() {
    let answer = "
        2.500  words four seven one one
    ";
    let log = logged(&[ASKED_FOR_A_PIN, answer].concat());
    assert!(!log.contains("four"), "{log}");
}

#[test]
fn keys_are_logged_by_their_count() {
    let log = logged(
        "
        1.000  digit 4
        1.500  digit 7
        1.600  digit #
        2.000  tick
    ",
    );
    assert!(!log.contains('4') && !log.contains('7'), "{log}");
    assert!(log.contains("think r1 \"keypad: ••\""), "{log}");
}

#[test]
fn a_secret_said_over_its_own_question_is_not_kept() {
    let question = ASKED_FOR_A_PIN.replace("r1/0 1.000", "r1/0 4.000");
    let over = "
        3.200  speech
        3.500  words four seven one one
        4.500  pause
        4.600  utterance four seven one one
        9.000  tick
    ";
    let mut rules = rules();
    rules.lines.greeting.clear();
    let (mut session, _) = CallSession::answered(Arc::new(rules));
    let mut kept = Vec::new();
    let script = [&question, over].concat();
    for line in script.lines().filter(|line| !line.trim().is_empty()) {
        let (at, input) = script::read(line).unwrap();
        for action in session.handle(at, input) {
            if let Action::Record(record) = action {
                kept.extend(record.taking.overlaps);
            }
        }
    }
    assert!(!kept.is_empty());
    for over in kept {
        assert!(!over.said.contains("four"), "{over:?}");
    }
}
