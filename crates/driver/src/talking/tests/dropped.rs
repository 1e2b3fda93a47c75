//! Replies that were cancelled before the model had begun them.

use super::*;

fn broken(reply: ReplyId) -> FromSpeaker {
    FromSpeaker::Failed {
        reply,
        error: late(Instant::now()),
        usage: RealtimeTokens::default(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_was_never_begun_does_not_make_up_for_failures() {
    let mut held = Held::new();
    held.think(R1, "Hello?");
    held.happened();
    held.told(broken(R1));
    held.think(R2, "Hello?");
    held.happened();
    held.order(Order::StopThinking(R2));
    held.say(R2, "I am sorry.");
    assert_eq!(held.happened(), ["> stop r2"]);
    held.told(FromSpeaker::Dropped(R2));
    assert_eq!(held.happened(), ["> say r2 I am sorry."]);
    let again = held.conversation.told(broken(R2), &mut held.out);
    assert!(again.is_err(), "the second failure in a row");
}

#[test]
fn no_bill_is_waited_for_of_a_reply_that_was_never_begun() {
    let mut bills = Bills::new(Arc::new(Tally::for_tests()));
    bills.asked(R1);
    bills.dropped(R1);
    assert!(!bills.is_owed());
}
