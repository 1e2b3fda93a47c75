use domain::Millis;

use super::*;
use crate::turns::{
    layer2::{
        stage::{self, Sent},
        truth::{TrueTurn, Uttered, What},
    },
    scenario::Role as Meant,
};

/// A call in which the agent says these texts at these times, over a line without a server.
fn played(role: &std::sync::Arc<Role>, said: &[(u64, &str)]) -> Diary {
    let sent = Sent::new(role, 30_000);
    let sent = said
        .iter()
        .fold(sent, |sent, (at_ms, text)| sent.say(*at_ms, text));
    sent.diary()
}

fn taken(caller: &str, waited: u64) -> TurnRecord {
    let mut record = TurnRecord {
        number: 1,
        // About when the callers of these calls begin.
        at: Millis(2_000),
        caller: caller.to_owned(),
        said: "We close at six.".to_owned(),
        heard: "We close at six.".to_owned(),
        ..TurnRecord::default()
    };
    record.taking.waited = Millis(waited);
    record.taking.evidence = "silence".to_owned();
    record
}

const GREETING: (u64, &str) = (0, "Hello, City Library.");

#[test]
fn an_answer_is_measured_from_the_callers_last_sample() {
    let role = stage::role("When do you close?", 8_000);
    // The greeting ends at 1,240 ms, the caller speaks 800 ms later for a second.
    let diary = played(&role, &[GREETING, (3_800, "We close at six.")]);
    let stored = Stored {
        turns: vec![taken("when do you close", 350)],
        end: None,
    };
    let report = judge(&role, &diary, &stored);
    let turn = &report.turns[0];
    let expected = 3_800 - turn.ended_ms;
    assert!(
        turn.latency.is_some_and(|ms| ms.abs_diff(expected) <= 40),
        "{turn:?}"
    );
    assert_eq!(
        (turn.waited, turn.cut_in_ms, turn.missed),
        (Some(350), 0, false)
    );
    assert!(report.faults.is_empty(), "{:?}", report.faults);
}

#[test]
fn speaking_into_a_turn_is_a_cut_in() {
    let role = stage::role("When do you close?", 16_000);
    let diary = played(&role, &[GREETING, (2_800, "We close at six.")]);
    let report = judge(&role, &diary, &Stored::default());
    assert!(report.turns[0].cut_in_ms > 500, "{:?}", report.turns[0]);
}

#[test]
fn an_answer_that_never_comes_is_missed() {
    let role = stage::role("When do you close?", 8_000);
    let diary = played(&role, &[GREETING]);
    let report = judge(&role, &diary, &Stored::default());
    assert!(report.turns[0].missed);
    assert_eq!(diary.truth.gave_up, 1);
}

#[test]
fn a_question_whether_the_caller_is_there_answers_nothing() {
    let role = stage::role("When do you close?", 8_000);
    let diary = played(&role, &[GREETING, (9_000, "Are you still there?")]);
    let asked = TurnRecord {
        number: 1,
        at: Millis(9_000),
        said: "Are you still there?".to_owned(),
        ..TurnRecord::default()
    };
    let stored = Stored {
        turns: vec![asked],
        end: None,
    };
    let turn = &judge(&role, &diary, &stored).turns[0];
    assert!(turn.missed && turn.latency.is_none(), "{turn:?}");
}

#[test]
fn a_turn_that_is_stored_as_two_was_cut_and_none_makes_up_for_it() {
    let role = stage::role("When do you close?", 8_000);
    let diary = played(&role, &[GREETING, (3_800, "We close at six.")]);
    let cut = |turns| {
        let stored = Stored { turns, end: None };
        judge(&role, &diary, &stored).turns[0].taken == Taken::TooSoon
    };
    let whole = taken("when do you close", 350);
    assert!(!cut(vec![whole.clone()]));
    let rest = TurnRecord {
        number: 2,
        at: Millis(2_500),
        ..taken("close", 350)
    };
    assert!(cut(vec![whole.clone(), rest]));
    let mut given_back = whole;
    given_back.taking.taken_back = 1;
    assert!(cut(vec![given_back]));
}

#[test]
fn words_made_of_echo_are_a_self_interruption() {
    let line = r#""line": {"echo": {"loss_db": 12, "delay_ms": 80}},"#;
    let role = stage::role_with("When do you close?", 8_000, line);
    let mut diary = played(&role, &[GREETING, (3_800, "We close at six.")]);
    let own = taken("hello city library", 350);
    let clean = Stored {
        turns: vec![taken("When do you close?", 350)],
        end: None,
    };
    let report = judge(&role, &diary, &clean);
    assert_eq!((report.self_interruptions, report.echo_turns), (0, 0));
    diary.clears_ms.push(700);
    let stored = Stored {
        turns: vec![own],
        end: None,
    };
    let report = judge(&role, &diary, &stored);
    assert_eq!((report.self_interruptions, report.echo_turns), (2, 1));
}

#[test]
fn one_word_of_echo_among_the_callers_is_found() {
    let line = r#""line": {"echo": {"loss_db": 12, "delay_ms": 80}},"#;
    let role = stage::role_with("When do you close?", 8_000, line);
    let diary = played(&role, &[GREETING, (3_800, "We close at six.")]);
    let stored = Stored {
        turns: vec![taken("library when do you close", 350)],
        end: None,
    };
    let report = judge(&role, &diary, &stored);
    assert_eq!((report.self_interruptions, report.echo_turns), (0, 1));
}

#[test]
fn an_answer_to_less_than_half_of_the_words_is_missed() {
    let role = stage::role("When do you close?", 8_000);
    let diary = played(&role, &[GREETING, (3_800, "We close at six.")]);
    let missed = |caller: &str| {
        let stored = Stored {
            turns: vec![taken(caller, 350)],
            end: None,
        };
        judge(&role, &diary, &stored).turns[0].missed
    };
    assert!(missed("close") && !missed("you close"));
}

#[test]
fn a_greeting_that_nobody_may_interrupt_is_said_to_its_end() {
    let faults = |manner: &str, cleared: bool| {
        let role = stage::role_of_agent(manner);
        let greets = Sent::new(&role, 8_000).say(1_000, GREETING.1);
        let sent = if cleared {
            greets.cleared(1_400)
        } else {
            greets
        };
        let mut diary = sent.diary();
        diary.truth.uttered = vec![Uttered {
            what: What::Words(Meant::Turn),
            text: String::new(),
            began_ms: 1_100,
            ended_ms: 1_300,
            over_agent: true,
        }];
        diary.truth.turns = vec![TrueTurn {
            text: "Stop.".to_owned(),
            began_ms: 1_100,
            ended_ms: 1_300,
        }];
        let faults = judge(&role, &diary, &Stored::default()).faults;
        let of_overlap = |fault: &String| fault.starts_with("gave way") || fault.contains("silent");
        faults.into_iter().filter(of_overlap).collect::<Vec<_>>()
    };
    let protected = r#""greeting_interruptible": false,"#;
    assert_eq!(faults(protected, true), ["gave way to Turn"]);
    assert!(faults(protected, false).is_empty());
    assert!(faults("", true).is_empty());
    assert_eq!(faults("", false), ["silent after None ms"]);
}
