//! What comes late, or unasked.

use super::*;

#[test]
fn what_nobody_asked_for_is_billed_at_once() {
    let mut made = Made::new();
    made.created("theirs", None);
    made.ask(R1);
    made.done_for("another", End::Cancelled, 3);
    let happened = made.happened();
    assert_eq!(
        happened, "> cancel theirs\n< consumed 3",
        "theirs is not over"
    );
    made.done_for("theirs", End::Cancelled, 40);
    assert_eq!(made.happened(), "> ask r1\n< consumed 40");
    made.created("r1", Some(R1));
    made.done_for("r1", End::Completed, 500);
    let Some(FromSpeaker::Done { usage, .. }) = made.out.tell.pop_front() else {
        panic!("the reply is done");
    };
    assert_eq!(usage.output_text, 500);
}

/// Whether it had begun or not when we stopped waiting for it.
#[test]
fn a_late_bill_names_the_reply_that_was_cancelled() {
    let stop_waiting = |made: &mut Made| {
        made.cancel(R1, 0);
        let ended = made.replies.on_deadline(made.now, &mut made.out);
        assert!(ended.is_ok());
        made.happened();
    };
    let mut made = Made::new();
    made.begin(R1);
    stop_waiting(&mut made);
    made.done_for("r1", End::Cancelled, 40);
    assert_eq!(made.happened(), "< consumed 40 by r1");
    let mut made = Made::new();
    made.ask(R1);
    stop_waiting(&mut made);
    made.created("late", Some(R1));
    made.done_for("late", End::Cancelled, 3);
    assert_eq!(made.happened(), "> cancel late\n< consumed 3 by r1");
}

#[test]
fn a_response_that_nobody_asked_for_is_cancelled() {
    let mut made = Made::new();
    made.created("odd", None);
    made.ask(R1);
    made.audio("odd", "a", 20);
    assert_eq!(made.happened(), "> cancel odd");
    made.done("odd", End::Cancelled);
    assert_eq!(made.happened(), "> ask r1");
}

/// An answer that was given up, and the excuse for it, are one reply.
#[test]
fn a_late_answer_is_not_taken_for_its_excuse() {
    let mut made = Made::new();
    made.ask(R1);
    made.stop(R1);
    let ended = made.replies.on_deadline(made.now, &mut made.out);
    assert!(ended.is_ok());
    assert_eq!(made.happened(), "> ask r1\n> cancel -\n< dropped r1");
    made.ask(R1);
    made.happened();
    let answer = made.asked[0];
    made.created_for("answer", Some(answer));
    made.audio("answer", "a", 20);
    assert_eq!(made.happened(), "> cancel answer");
    made.complain(
        r#"{"type":"invalid_request_error","code":"invalid_value","event_id":"respond-r1-1"}"#,
    );
    assert_eq!(made.happened(), "", "it is about the answer");
    made.done("answer", End::Cancelled);
    made.created("excuse", Some(R1));
    made.audio("excuse", "b", 20);
    assert_eq!(made.happened(), "< audio r1 20");
}

/// The server says that something is in the way, and we know what.
#[test]
fn a_late_answer_in_the_way_of_its_excuse_keeps_its_name() {
    let mut made = Made::new();
    made.ask(R1);
    made.stop(R1);
    let ended = made.replies.on_deadline(made.now, &mut made.out);
    assert!(ended.is_ok());
    made.ask(R1);
    let answer = made.asked[0];
    made.created_for("answer", Some(answer));
    made.happened();
    made.complain(
        r#"{"code":"conversation_already_has_active_response","event_id":"respond-r1-2"}"#,
    );
    assert_eq!(made.happened(), "");
    let until = made.now + made.replies.deadlines.first_output;
    assert_eq!(made.replies.deadline(), Some(until), "as long as for any");
    made.done_for("answer", End::Cancelled, 40);
    assert_eq!(made.happened(), "> ask r1\n< consumed 40 by r1");
}
