use std::sync::Arc;

use super::*;
use crate::turns::layer2::{
    stage::{self, Sent},
    truth::TrueTurn,
};

/// 3,790 ms of speech.
const LONG: &str = "We close at six on every day but Sunday, when nobody is here.";

fn role(manner: &str) -> Arc<Role> {
    let role = stage::role_of_agent(manner);
    role.wrote(LONG);
    role
}

fn sent(role: &Arc<Role>) -> Sent {
    Sent::new(role, 8_000).say(1_000, LONG)
}

/// What comes of a sound between these times.
fn judged(role: &Role, sent: &Sent, what: What, within: std::ops::Range<u64>) -> Overlapped {
    let mut diary = sent.diary();
    diary.truth.uttered = vec![Uttered {
        what,
        text: String::new(),
        began_ms: within.start,
        ended_ms: within.end,
        over_agent: true,
    }];
    diary.truth.turns = vec![TrueTurn {
        text: "Stop.".to_owned(),
        began_ms: within.start,
        ended_ms: within.end,
    }];
    let stretches = played::stretches(role, &diary);
    judge(role, &diary, &stretches).remove(0)
}

const BACKCHANNEL: What = What::Words(Meant::Backchannel);
const STOP: What = What::Words(Meant::Stop);

#[test]
fn an_agent_that_clears_gives_way_at_once() {
    let role = role("");
    let came = judged(&role, &sent(&role).cleared(2_400), STOP, 2_000..2_300);
    assert_eq!((came.silent_after, came.decided), (Some(400), true));
}

#[test]
fn a_voice_with_soft_parts_is_followed_while_it_is_ducked() {
    let role = role("");
    let sent = sent(&role).ducked(2_100..3_500);
    let came = judged(&role, &sent, BACKCHANNEL, 2_000..2_400);
    assert_eq!((came.silent_after, came.decided), (None, true), "{came:?}");
    assert!(
        came.ducked_after.is_some_and(|ms| (100..200).contains(&ms)),
        "{came:?}"
    );
    assert_eq!(came.restored_after, Some(3_500 - 2_400));
    // Every frame is accounted for, the soft ones too.
    let diary = sent.diary();
    let stretches = played::stretches(&role, &diary);
    assert_eq!(stretches.len(), 1);
    assert!(stretches[0].is_whole());
    assert!(
        diary.ticks[50..]
            .iter()
            .take(189)
            .all(|tick| tick.playing.is_some())
    );
}

#[test]
fn ducking_is_dated_by_the_frame_that_is_sent() {
    let role = role("");
    let sent = sent(&role).ducked(2_300..3_500).ahead(200);
    let came = judged(&role, &sent, BACKCHANNEL, 2_000..2_400);
    let (Some(sent), Some(played)) = (came.ducked_after, came.ducked_played_after) else {
        panic!("{came:?}");
    };
    assert!((100..160).contains(&sent), "{came:?}");
    assert!((300..400).contains(&played), "{came:?}");
}

#[test]
fn a_voice_that_pauses_and_goes_on_did_not_give_way() {
    let role = role(r#""overlap": "pause","#);
    let sent = sent(&role).paused(2_100, 900, 60);
    let came = judged(&role, &sent, BACKCHANNEL, 2_000..2_400);
    assert_eq!((came.silent_after, came.decided), (None, true), "{came:?}");
    assert_eq!(came.ducked_after, Some(100));
    assert_eq!(came.restored_after, Some(3_000 - 2_400));
    let diary = sent.diary();
    assert_eq!(
        played::stretches(&role, &diary).len(),
        1,
        "its words count once"
    );
}

#[test]
fn a_pause_that_ends_in_a_clear_is_giving_way() {
    let role = role(r#""overlap": "pause","#);
    let sent = sent(&role).paused(2_100, 5_000, 0).cleared(2_700);
    let came = judged(&role, &sent, STOP, 2_000..2_300);
    assert_eq!(
        (came.ducked_after, came.silent_after),
        (Some(100), Some(700))
    );
}

#[test]
fn only_the_last_words_of_a_reply_need_no_decision() {
    let role = role("");
    let at = |ms: u64| judged(&role, &sent(&role), STOP, ms..ms + 300);
    // It ends at 4,790 ms by itself.
    let (early, late) = (at(3_900), at(4_300));
    assert_eq!(
        (early.silent_after, early.decided),
        (None, true),
        "{early:?}"
    );
    assert_eq!((late.silent_after, late.decided), (None, false), "{late:?}");
    assert!(early.left_ms.abs_diff(890) <= 20, "{early:?}");
}

#[test]
fn what_a_reply_has_not_said_yet_is_left_of_it() {
    let role = role("");
    let first = Sent::new(&role, 8_000).say(1_000, "We close at six.");
    let sent = first.say(2_300, LONG);
    let came = judged(&role, &sent, STOP, 1_800..2_000);
    assert!(came.decided && came.left_ms > 3_700, "{came:?}");
    // The gap between two clauses is no giving way.
    assert_eq!(came.silent_after, None);
}

#[test]
fn a_caller_who_hangs_up_leaves_nothing_to_decide() {
    let role = role("");
    let sent = Sent::new(&role, 2_500).say(1_000, LONG);
    let came = judged(&role, &sent, STOP, 2_000..2_400);
    assert_eq!((came.silent_after, came.decided), (None, false));
}

#[test]
fn what_was_cut_off_before_cannot_be_interrupted() {
    let role = role("");
    let came = judged(&role, &sent(&role).cleared(2_000), STOP, 2_200..2_500);
    assert!(!came.decided, "{came:?}");
}

#[test]
fn words_that_nobody_may_interrupt_are_not_given_up() {
    let role = stage::role_of_agent(r#""greeting_interruptible": false,"#);
    let greeting = Sent::new(&role, 8_000).say(1_000, "Hello, City Library.");
    let over_greeting = judged(&role, &greeting, STOP, 1_200..1_400);
    assert!(over_greeting.protected && !over_greeting.wants_the_floor());
    let over_answer = judged(&role, &sent(&role), STOP, 2_000..2_300);
    assert!(!over_answer.protected && over_answer.wants_the_floor());
}
