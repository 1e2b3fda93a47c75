use super::*;

const R1: ReplyId = ReplyId(1);
const LISTEN: AfterSaying = AfterSaying::Listen {
    patience: Millis(8_000),
    pause: None,
};

fn say(clause: u32, text: &str) -> ToVoice {
    ToVoice::Say {
        reply: R1,
        clause: ClauseId(clause),
        text: text.to_owned(),
    }
}

fn round(say: &str, then: AfterSaying) -> Option<Round> {
    let say = say.to_owned();
    Some(Round { say, then })
}

/// The carrier asks; the answer is there when the sheet has given it.
fn asks(rounds: &Rounds, turn: u32, heard: RoundHeard) -> tokio::task::JoinHandle<Option<Round>> {
    let rounds = rounds.clone();
    tokio::spawn(async move { rounds.next(turn, heard).await })
}

#[tokio::test(start_paused = true)]
async fn a_round_is_answered_once_the_agent_has_said_all() {
    let rounds = Rounds::default();
    assert!(!rounds.are_open());
    let mut sheet = rounds.open();
    let first = asks(&rounds, 0, RoundHeard::Nothing);
    assert_eq!(sheet.next().await, None, "nothing was asked before it");
    assert_eq!(sheet.answer(Some(LISTEN)), []);
    assert_eq!(first.await.unwrap(), round("", LISTEN));

    let words = RoundHeard::Words("Hello?".to_owned());
    let second = asks(&rounds, 1, words.clone());
    assert_eq!(sheet.next().await, Some(Input::Round(words)));
    sheet.take(say(0, "Hi."));
    assert_eq!(sheet.answer(None), [], "there is more to come");
    sheet.take(say(1, "How are you?"));
    sheet.take(ToVoice::End(R1));
    let inputs = sheet.answer(Some(LISTEN));
    let told: Vec<String> = inputs.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["audio r1/0 0.180", "audio r1/1 0.720", "spoken r1"]);
    assert_eq!(second.await.unwrap(), round("Hi. How are you?", LISTEN));
}

#[tokio::test(start_paused = true)]
async fn a_carrier_that_asks_twice_gets_the_same_answer() {
    let rounds = Rounds::default();
    let mut sheet = rounds.open();
    let first = asks(&rounds, 0, RoundHeard::Nothing);
    assert_eq!(sheet.next().await, None);
    let again = asks(&rounds, 0, RoundHeard::Nothing);
    tokio::task::yield_now().await;
    sheet.take(say(0, "Hi."));
    sheet.answer(Some(LISTEN));
    assert_eq!(first.await.unwrap(), round("Hi.", LISTEN));
    assert_eq!(again.await.unwrap(), round("Hi.", LISTEN));
    let late = rounds.next(0, RoundHeard::Nothing).await;
    assert_eq!(late, round("Hi.", LISTEN));
    assert_eq!(rounds.next(2, RoundHeard::Nothing).await, None, "not yet");
}

#[tokio::test(start_paused = true)]
async fn a_carrier_is_given_what_there_is_before_the_silence_is_too_long() {
    let rounds = Rounds::default();
    let mut sheet = rounds.open();
    let began = Instant::now();
    let first = asks(&rounds, 0, RoundHeard::Nothing);
    assert_eq!(sheet.next().await, None);
    assert_eq!(sheet.answer(None), []);
    assert_eq!(sheet.next().await, None, "time has passed");
    assert_eq!(began.elapsed(), ANSWERED_WITHIN);
    assert_eq!(sheet.answer(None), []);
    assert_eq!(first.await.unwrap(), round("", AfterSaying::ComeBack));

    // What comes then has been waited for long enough.
    let second = asks(&rounds, 1, RoundHeard::Nothing);
    assert_eq!(sheet.next().await, None, "the carrier had not listened");
    sheet.take(say(0, "One moment."));
    let inputs = sheet.answer(None);
    assert_eq!(inputs.len(), 1, "{inputs:?}");
    assert_eq!(
        second.await.unwrap(),
        round("One moment.", AfterSaying::ComeBack)
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_too_long_for_one_round_is_said_in_two() {
    let rounds = Rounds::default();
    let mut sheet = rounds.open();
    let first = asks(&rounds, 0, RoundHeard::Nothing);
    assert_eq!(sheet.next().await, None);
    let long = "x".repeat(2_500);
    sheet.take(say(0, &long));
    sheet.take(say(1, &long));
    sheet.take(ToVoice::End(R1));
    assert_eq!(sheet.answer(Some(LISTEN)).len(), 1, "a clause, not the end");
    assert_eq!(first.await.unwrap(), round(&long, AfterSaying::ComeBack));
    let second = asks(&rounds, 1, RoundHeard::Nothing);
    assert_eq!(sheet.next().await, None, "the carrier had not listened");
    assert_eq!(sheet.answer(Some(LISTEN)).len(), 2);
    assert_eq!(second.await.unwrap(), round(&long, LISTEN));
}

#[tokio::test(start_paused = true)]
async fn what_was_cancelled_is_not_said() {
    let rounds = Rounds::default();
    let mut sheet = rounds.open();
    let first = asks(&rounds, 0, RoundHeard::Nothing);
    assert_eq!(sheet.next().await, None);
    sheet.take(say(0, "Hi."));
    sheet.take(ToVoice::End(R1));
    sheet.take(ToVoice::Cancel(R1));
    assert_eq!(sheet.answer(Some(AfterSaying::HangUp)), []);
    assert_eq!(first.await.unwrap(), round("", AfterSaying::HangUp));
}

const HUNG_UP: Option<Input> = Some(Input::Round(RoundHeard::HungUp));

#[tokio::test(start_paused = true)]
async fn a_carrier_that_asks_no_more_has_lost_the_caller() {
    let rounds = Rounds::default();
    let mut sheet = rounds.open();
    let first = asks(&rounds, 0, RoundHeard::Nothing);
    assert_eq!(sheet.next().await, None, "nothing was asked before it");
    sheet.answer(Some(LISTEN));
    assert!(first.await.unwrap().is_some());
    let answered = Instant::now();
    assert_eq!(sheet.next().await, HUNG_UP);
    assert_eq!(answered.elapsed(), Duration::from_secs(8) + GONE_AFTER);
}

#[tokio::test(start_paused = true)]
async fn a_carrier_that_does_not_even_begin_to_ask_lost_him_with_the_audio() {
    let rounds = Rounds::default();
    let mut sheet = rounds.open();
    let opened = Instant::now();
    assert_eq!(sheet.next().await, HUNG_UP);
    assert_eq!(opened.elapsed(), ASKED_WITHIN);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_said_to_be_over_waits_for_no_question() {
    let before = Rounds::default();
    before.hang_up();
    let mut sheet = before.open();
    let opened = Instant::now();
    assert_eq!(sheet.next().await, HUNG_UP, "said while there was audio");

    let after = Rounds::default();
    let mut sheet = after.open();
    after.hang_up();
    assert_eq!(sheet.next().await, HUNG_UP);

    let asked = Rounds::default();
    let mut sheet = asked.open();
    let _first = asks(&asked, 0, RoundHeard::Nothing);
    assert_eq!(sheet.next().await, None);
    asked.hang_up();
    assert_eq!(sheet.next().await, HUNG_UP, "before the answer");
    assert_eq!(opened.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_over_answers_nothing() {
    let rounds = Rounds::default();
    let sheet = rounds.open();
    let first = asks(&rounds, 0, RoundHeard::Nothing);
    tokio::task::yield_now().await;
    drop(sheet);
    assert_eq!(first.await.unwrap(), None);
    assert_eq!(rounds.next(1, RoundHeard::Nothing).await, None);
}
