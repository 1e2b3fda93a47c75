use std::time::Duration;

use domain::{EndReason, Item, Micros, Rates};
use transports::FromLine;

use crate::{
    line::{Sent, sound},
    providers::{FakeEars, FakeModel, FakeVoice},
    world::{Cast, World, rules},
};

fn cast(replies: &[&str]) -> Cast {
    Cast {
        ears: vec![FakeEars::default()],
        models: vec![FakeModel::saying(replies)],
        voices: vec![FakeVoice::default()],
        ..Cast::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_greeted_answered_and_kept() {
    let cast = cast(&["We open at nine."]);
    let world = World::answer(rules(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "When do you open?").await;
    world.wait(3_000).await;
    let (ended, turns) = world.hang_up().await;
    assert_eq!(ended.reason, EndReason::CallerHungUp);
    assert_eq!(ended.usage.llm_input_tokens, 100);
    let heard: Vec<(&str, &str)> = turns
        .iter()
        .map(|turn| (turn.caller.as_str(), turn.heard.as_str()))
        .collect();
    assert_eq!(
        heard,
        [("", "Hello"), ("When do you open?", "We open at nine.")]
    );
    let gap = turns[1].gap.expect("it was answered");
    // The reply is begun after 200 ms of silence: then the model's 300, and the voice's 100 for the
    // first clause, which is whole with the model's last words.
    assert_eq!(
        (
            gap.total().0,
            gap.parts().iter().map(|part| part.0).sum::<u64>()
        ),
        (640, 640)
    );
}

#[tokio::test(start_paused = true)]
async fn the_mouth_is_never_far_ahead_of_the_ear() {
    let long = "word ".repeat(100);
    let cast = cast(&[&long]);
    let world = World::answer(rules(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "Tell me everything.").await;
    world.wait(25_000).await;
    let mut played_until = Duration::ZERO;
    for (at, sent) in world.sent() {
        if let Sent::Frames(audio) = sent {
            played_until = played_until.max(at) + Duration::from_micros(audio.len() as u64 * 125);
            assert!(
                played_until - at <= Duration::from_millis(200),
                "{:?} ahead",
                played_until - at
            );
        }
    }
    let (_, turns) = world.hang_up().await;
    assert!(!turns[1].interrupted, "hanging up is no barge-in");
    assert!(turns[1].heard.len() < turns[1].said.len());
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_minutes_is_heard_to_its_end() {
    let long = "On this day we open at nine, too. ".repeat(80);
    let cast = cast(&[&long]);
    let world = World::answer(rules(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "Tell me everything.").await;
    world.wait(180_000).await;
    let sent = world.sent();
    let frames = sent.iter().map(|(_, sent)| match sent {
        Sent::Frames(audio) => audio.len(),
        Sent::Clear | Sent::Close | Sent::Mark(_) => 0,
    });
    // All of it at 60 ms per letter, but for the silence between sentences; and the greeting.
    let seconds = frames.sum::<usize>() / 8_000;
    let (_, turns) = world.hang_up().await;
    assert_eq!(turns[1].heard, long.trim_end());
    assert!((157..=164).contains(&seconds), "{seconds} s");
}

#[tokio::test(start_paused = true)]
async fn not_one_frame_follows_a_barge_in() {
    let cast = cast(&[
        "This is a very long answer that goes on and on, and on.",
        "Sure.",
    ]);
    let world = World::answer(rules(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "Tell me more.").await;
    world.wait(2_000).await;
    world.say(&cast.ears[0], "Stop, please.").await;
    world.wait(3_000).await;
    let sent = world.sent();
    let cleared = sent
        .iter()
        .position(|(_, sent)| *sent == Sent::Clear)
        .expect("it was cleared");
    for (_, sent) in &sent[cleared..] {
        if let Sent::Frames(audio) = sent {
            assert!(
                audio.iter().all(|byte| *byte == 0x43),
                "only the new reply is played"
            );
        }
    }
    let (ended, turns) = world.hang_up().await;
    assert_eq!(ended.barge_ins, 1);
    assert!(turns[1].interrupted);
    assert!(turns[1].said.starts_with(turns[1].heard.as_str()));
    assert_eq!(turns[2].caller, "Stop, please.");
}

#[tokio::test(start_paused = true)]
async fn the_agents_own_lines_are_spoken_once_and_then_remembered() {
    let cast = cast(&[]);
    let world = World::answer(rules(), &cast);
    world.wait(60_000).await;
    let (ended, turns) = world.end().await;
    assert_eq!(ended.reason, EndReason::Silence);
    assert_eq!(turns.len(), 4, "greeting, two questions, goodbye");
    let said = cast.voices[0].said.lock().unwrap().concat();
    assert_eq!(ended.usage.tts_characters, said.chars().count() as u64);
}

#[tokio::test(start_paused = true)]
async fn the_recogniser_gets_the_callers_audio_in_pieces() {
    let cast = cast(&[]);
    let world = World::answer(rules(), &cast);
    for _ in 0..50 {
        world
            .far
            .caller
            .send(FromLine::Audio(sound(0xff, 20)))
            .await
            .unwrap();
        world.wait(20).await;
    }
    let pieces = cast.ears[0].heard.lock().unwrap().len();
    assert_eq!(pieces, 12, "50 frames of 20 ms, 80 ms to the piece");
    let (ended, _) = world.hang_up().await;
    assert_eq!(ended.usage.stt_audio.0, 960);
}

#[tokio::test(start_paused = true)]
async fn a_dismissed_call_says_goodbye() {
    let cast = cast(&[]);
    let world = World::answer(rules(), &cast);
    world.wait(1_000).await;
    world.exchange.dismiss_all();
    world.wait(10_000).await;
    let (ended, turns) = world.end().await;
    assert_eq!(ended.reason, EndReason::OperatorEnded);
    assert!(turns[1].heard.ends_with("goodbye."));
}

#[tokio::test(start_paused = true)]
async fn what_a_call_has_cost_is_kept_while_it_goes_on() {
    let a_cent_in_ten_seconds = Rates::from([(Item::Line, Micros(60_000))]);
    let carrier = "carrier/line".parse().unwrap();
    let mut cast = cast(&["Sure."]);
    cast.prices = [(carrier, a_cent_in_ten_seconds)].into_iter().collect();
    let world = World::answer(rules(), &cast);
    world.wait(2_000).await;
    world.say(&cast.ears[0], "Hello there.").await;
    world.wait(5_000).await;
    let kept = world.kept().await;
    assert_eq!(kept.ended, None);
    // The last exchange began after two seconds.
    assert!(
        (Micros(1_900)..Micros(2_200)).contains(&kept.spent),
        "{}",
        kept.spent
    );
    world.hang_up().await;
}
