use std::sync::Arc;

use domain::TurnRecord;

use super::*;
use crate::turns::layer2::{
    history,
    stage::{self, Sent},
};

const LONG: &str = "We close at six on every day but Sunday, when nobody is here.";

fn role() -> Arc<Role> {
    let role = stage::role("Hi.", 80);
    role.wrote(LONG);
    role
}

#[test]
fn words_around_a_pause_are_played_once() {
    let role = role();
    let sent = Sent::new(&role, 6_000)
        .say(1_000, LONG)
        .paused(2_500, 600, 60);
    let stretches = stretches(&role, &sent.diary());
    let stored = [TurnRecord {
        said: LONG.to_owned(),
        heard: LONG.to_owned(),
        ..TurnRecord::default()
    }];
    let errors = history::errors(&stretches, &stored);
    assert_eq!((errors[0].played, errors[0].stored), (13, 13));
}

#[test]
fn a_line_that_is_said_again_is_played_twice() {
    let role = role();
    let audio = role.speak("Are you still there?", |clip| stage::sound(clip, 40));
    let (mut whole, mut cut) = (Sent::new(&role, 6_000), Sent::new(&role, 6_000));
    whole.play(1_000, &audio);
    cut.play(1_000, &audio);
    let mut cut = cut.cleared(1_300);
    for sent in [&mut whole, &mut cut] {
        sent.play(3_000, &audio);
    }
    for sent in [whole, cut] {
        let froms: Vec<usize> = stretches(&role, &sent.diary())
            .iter()
            .map(|it| it.from)
            .collect();
        assert_eq!(froms, [50, 150]);
    }
}

#[test]
fn silence_that_was_not_sent_is_not_missed() {
    let role = role();
    let mut audio = stage::sound(0x800, 50);
    audio[20 * FRAME..].fill(0xFF);
    let role_audio = audio.clone();
    role.speak("We close.", |_| role_audio);
    for (frames, whole) in [(20, true), (10, false)] {
        let mut sent = Sent::new(&role, 3_000);
        sent.play(0, &audio[..frames * FRAME]);
        assert_eq!(stretches(&role, &sent.diary())[0].is_whole(), whole);
    }
}

#[test]
fn the_beginning_of_a_clip_is_compared_with_itself_alone() {
    let role = role();
    role.speak("One.", |clip| stage::sound(clip, 10));
    let audio = role.piece(0x800).unwrap().ulaw;
    let mut sent = Sent::new(&role, 1_000);
    sent.play(0, &audio);
    // Silence before the first frame is not the voice.
    let lowered = quieter_db(&role, &sent.diary(), 0);
    assert!(lowered.is_some_and(|db| db.abs() < 0.1), "{lowered:?}");
    let ducked = sent.ducked(0..200).diary();
    assert_eq!(
        quieter_db(&role, &ducked, 5),
        None,
        "nobody knows whose words these are"
    );
}

#[test]
fn a_reply_stops_where_it_does_not_go_on() {
    let role = role();
    let sent = Sent::new(&role, 8_000)
        .say(1_000, "We close at six.")
        .say(2_500, LONG);
    let diary = sent.diary();
    let stretches = stretches(&role, &diary);
    let end = stop(&role, &diary, &stretches, tick_of(1_500));
    let at = end.at.map(ms_of);
    assert!(at.is_some_and(|ms| (5_700..=6_300).contains(&ms)), "{at:?}");

    let role = self::role();
    let sent = Sent::new(&role, 8_000).say(1_000, "We close at six.");
    role.wrote("That is all.");
    let diary = sent.say(2_500, "That is all.").diary();
    let stretches = self::stretches(&role, &diary);
    let end = stop(&role, &diary, &stretches, tick_of(1_500));
    let at = end.at.map(ms_of);
    assert!(
        at.is_some_and(|ms| (1_700..2_300).contains(&ms)),
        "another reply: {at:?}"
    );
}
