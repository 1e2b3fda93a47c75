//! Call scripts: what happens, and everything the session does about it.

use super::{after_greeting, play, play_with, rules};
use crate::{Action, Rules, TurnEnd};

#[test]
fn caller_books_a_table() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1/0 2.000
        0.010  spoken r1
        2.030  played r1-0
        3.000  speech
        4.500  pause at 4.400
        4.640  settled I want to book a table.
        4.700  text r2 Sure.
        4.900  text r2 \" For how many people?\"
        4.950  done r2
        5.000  audio r2/0 1.500
        5.000  spoken r2
        6.600  played r2-0
        9.000  hang-up
    "
    ));
}

#[test]
fn caller_barges_in() {
    insta::assert_snapshot!(play(
        "
        0.100  audio r1 2.000
        1.000  speech
        1.200  audio r1 0.500
        1.400  words stop
        1.450  audio r1 0.500
        1.600  words stop, I want to book
        1.900  pause at 1.800
        2.050  finalized Stop, I want to book.
        2.900  text r2 \"Sure. \"
        3.000  done r2
        3.000  audio r2 0.700
        3.050  spoken r2
        3.800  played r2-0
        5.000  hang-up
    "
    ));
}

#[test]
fn an_acknowledgement_does_not_stop_the_agent() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 2.000
        0.010  spoken r1
        1.000  speech
        1.350  pause at 1.300
        1.500  settled Uh-huh.
        2.020  played r1-0
        3.000  hang-up
    "
    ));
}

#[test]
fn a_cough_does_not_stop_the_agent() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 3.000
        0.010  spoken r1
        1.000  speech
        1.350  pause at 1.300
        3.020  played r1-0
        4.000  hang-up
    "
    ));
}

#[test]
fn long_speech_stops_the_agent_even_without_words() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 3.000
        0.010  spoken r1
        1.000  speech
        2.400  pause at 2.300
        2.600  settled Is this Acme?
        3.000  hang-up
    "
    ));
}

#[test]
fn caller_goes_on_before_the_answer_is_heard() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  speech
        2.000  pause at 1.950
        2.160  settled I want a table.
        2.200  text r2 \"Sure. \"
        2.450  speech
        2.700  text r2 \"For how many? \"
        3.000  pause at 2.950
        3.160  settled For two.
        3.300  text r3 \"A table for two. \"
        3.350  done r3
        3.400  audio r3 1.000
        3.400  spoken r3
        4.420  played r3-0
        5.000  hang-up
    "
    ));
}

#[test]
fn a_speculation_on_the_same_words_is_kept() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  speech
        2.000  pause at 1.950
        2.160  settled I want a table
        2.200  text r2 \"Sure, for how many? \"
        2.250  audio r2 1.000
        2.260  done r2
        2.270  spoken r2
        3.470  played r2-0
        4.000  hang-up
    "
    ));
}

#[test]
fn an_unfinished_sentence_is_waited_for() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  speech
        2.000  pause at 1.950
        2.160  settled I want a table for
        4.500  hang-up
    "
    ));
}

#[test]
fn silence_is_asked_about_and_then_left() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        8.600  audio r2 1.000
        8.600  spoken r2
        9.620  played r2-0
        19.700 audio r3 1.000
        19.700 spoken r3
        20.720 played r3-0
        32.800 audio r4 1.000
        32.800 spoken r4
        33.820 played r4-0
    "
    ));
}

#[test]
fn goodbye_on_both_sides_ends_the_call() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  speech
        2.000  pause at 1.950
        2.160  settled Thank you, goodbye.
        2.400  text r2 You are welcome. Goodbye!
        2.450  done r2
        2.600  audio r2/0 1.000
        2.600  spoken r2
        3.620  played r2-0
    "
    ));
}

#[test]
fn a_caller_who_objects_to_the_goodbye_is_heard() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  speech
        2.000  pause at 1.950
        2.160  settled Thank you, goodbye.
        2.400  text r2 Goodbye!
        2.450  done r2
        2.600  audio r2/0 1.000
        2.600  spoken r2
        3.620  played r2-0
        3.900  speech
        4.800  pause at 4.750
        4.960  settled One more question please.
        5.500  hang-up
    "
    ));
}

#[test]
fn the_model_hangs_up_by_its_tool() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  utterance I am done here.
        1.500  tool r2 c1 end_call {}
        1.510  done r2
        1.700  audio r2/0 0.500
        1.700  audio r2/1 0.500
        1.700  spoken r2
        2.720  played r2-1
    "
    ));
}

#[test]
fn a_tool_runs_after_the_commit_and_its_answer_goes_back() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  speech
        2.000  pause at 1.950
        2.160  settled Book it.
        2.200  text r2 Let me see.
        2.210  tool r2 c1 book_table {\"people\":2}
        2.220  done r2
        2.250  audio r2/0 0.600
        2.600  answer 1 {\"reference\":\"A7\"}
        2.700  text r2 Your reference is A7.
        2.710  done r2
        2.800  audio r2/1 1.000
        2.810  spoken r2
        3.000  played r2-0
        4.000  played r2-1
        5.000  answer 1 {}
        5.000  hang-up
    "
    ));
}

#[test]
fn a_cough_in_silence_does_not_stop_the_idle_clock() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        2.000  speech
        2.300  pause
        2.550  finalized
        9.000  hang-up
    "
    ));
}

#[test]
fn what_is_said_while_a_tool_runs_is_the_next_turn() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  utterance Book it.
        1.500  tool r2 c1 book_table {}
        1.510  done r2
        1.700  utterance For four people please.
        2.000  answer 1 {\"reference\":\"A7\"}
        2.100  text r2 It is booked.
        2.110  done r2
        2.200  audio r2/0 1.000
        2.210  spoken r2
        3.250  played r2-0
        4.500  hang-up
    "
    ));
}

#[test]
fn an_objection_before_the_goodbye_is_heard_keeps_the_call() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  utterance I am done here.
        1.500  tool r2 c1 end_call {}
        1.510  done r2
        1.600  utterance Wait, one more thing please.
        2.500  hang-up
    "
    ));
}

#[test]
fn a_question_about_goodbyes_is_no_goodbye() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  utterance Can you say goodbye in French?
        1.800  text r2 It is au revoir. Anything else?
        1.810  done r2
        1.900  audio r2/0 1.000
        1.900  spoken r2
        2.920  played r2-0
        6.000  hang-up
    "
    ));
}

#[test]
fn keys_stop_the_agent_and_make_one_turn() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 3.000
        0.500  digit 4
        0.900  digit 7
        1.200  digit #
        1.500  hang-up
    "
    ));
}

#[test]
fn the_provider_ends_turns_at_once_where_it_decides_alone() {
    let mut rules = rules();
    rules.turn.end = TurnEnd::Provider;
    insta::assert_snapshot!(play_with(
        rules,
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  speech
        1.900  words I want a
        2.000  pause at 1.950
        2.300  utterance I want a table for
        2.310  over
        2.500  hang-up
    "
    ));
}

#[test]
fn without_marks_the_clock_says_what_was_heard() {
    let mut rules = rules();
    rules.line.marks = false;
    insta::assert_snapshot!(play_with(
        rules,
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        1.000  hang-up
    "
    ));
}

#[test]
fn words_that_may_change_are_answered_early_when_the_recogniser_thinks_the_turn_over() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.050  pause at 2.000
        2.060  words from 1.000 to 2.000 I would like to book a table
        2.070  likely
        2.200  utterance from 1.000 to 2.000 I would like to book a table.
        2.200  ended 90
        2.210  ended 90
        2.300  text r2 Sure.
        2.300  done r2
        2.400  audio r2 0.500
        2.400  spoken r2
        2.410  likely
        3.000  hang-up
    "
    ));
}

#[test]
fn what_the_model_notes_is_kept_and_never_said() {
    let (mut session, _) = crate::CallSession::answered(std::sync::Arc::new(Rules::defaults(
        &domain::Language::default(),
    )));
    let mut kept = Vec::new();
    let script = "
        1.000  speech
        2.000  pause
        2.200  finalized I will take two.
        2.500  text r1 \"Wonderful. [[lead hot]][[expect yes_no]] Anything else? [[stock 2]]\"
        2.600  done r1
        2.700  audio r1/0 1.000
        2.700  audio r1/1 1.000
        2.700  spoken r1
        4.800  played r1-0
        4.800  played r1-1
        4.900  hang-up
    ";
    for line in script.lines().filter(|line| !line.trim().is_empty()) {
        let (at, input) = crate::script::read(line).unwrap();
        for action in session.handle(at, input) {
            if let Action::Record(turn) = action {
                kept.push(turn);
            }
        }
    }
    assert_eq!(kept[0].tags, ["lead hot", "stock 2"]);
    assert_eq!(kept[0].said, "Wonderful. Anything else?");
}

#[test]
fn the_model_hangs_up_by_a_note() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.000  pause
        2.200  finalized That is all.
        2.500  text r2 \"Have a nice day. [[end_call]]\"
        2.600  done r2
        2.700  audio r2 1.000
        2.700  spoken r2
        3.800  played r2-0
    "
    ));
}
