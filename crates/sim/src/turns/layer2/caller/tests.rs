use std::path::Path;

use super::*;
use crate::turns::{
    layer2::{
        listener::Playing,
        recordings::{Recordings, Wanted},
    },
    scenario::{Scenario, VoiceName},
};

/// A role whose caller says `A` (20 ms) and `B` (40 ms), with these steps.
fn role(steps: &str) -> Arc<Role> {
    let text = format!(
        r#"{{"name": "t", "what": "A test.", "group": "clean",
            "agent": {{"greeting": "Hi.", "openers": ["Sure."], "replies": [{{"say": "Ten letters in all."}}]}},
            "steps": [{steps}]}}"#
    );
    let scenario = Scenario::parse(&text, Path::new("t.json")).unwrap();
    let mut recordings = Recordings::default();
    for (text, bytes) in [("A", 160), ("B", 320)] {
        let text = text.to_owned();
        recordings.add(
            Wanted {
                voice: VoiceName::EnM,
                text,
            },
            vec![0x90; bytes],
        );
    }
    let cast = super::super::Cast::of(vec![scenario], &recordings, |_| 1).unwrap();
    cast.roles[0].clone()
}

const QUIET: Tick = Tick {
    db: -100.0,
    playing: None,
};

/// A tick in which the agent speaks.
fn audible(begins: bool) -> Tick {
    Tick {
        db: -20.0,
        playing: Some(Playing {
            clip: 0x800,
            until: 160,
            begins,
            stamped: true,
        }),
    }
}

/// Plays so many ticks, the agent being audible in `spoken`.
fn play(steps: &str, spoken: std::ops::Range<u64>, ticks: u64) -> (Truth, Vec<char>, Option<u64>) {
    let mut caller = Caller::new(role(steps));
    let (mut keys, mut hung_up) = (Vec::new(), None);
    for tick in 0..ticks {
        let heard = if spoken.contains(&tick) {
            audible(tick == spoken.start)
        } else {
            QUIET
        };
        let doing = caller.tick(&heard);
        keys.extend(doing.keys);
        if doing.hangs_up {
            hung_up = Some(tick * TICK_MS);
            break;
        }
    }
    (caller.into_truth(), keys, hung_up)
}

#[test]
fn pauses_inside_a_turn_are_exact() {
    let steps = r#"{"say": {"text": "A"}}, {"pause_ms": 333}, {"say": {"text": "B"}}, "turn_ends""#;
    let (truth, _, _) = play(steps, 0..0, 100);
    let times: Vec<_> = truth
        .uttered
        .iter()
        .map(|it| (it.began_ms, it.ended_ms))
        .collect();
    assert_eq!(times, [(0, 20), (353, 393)]);
    let turn = TrueTurn {
        text: "A B".to_owned(),
        began_ms: 0,
        ended_ms: 393,
    };
    assert_eq!(truth.turns, [turn]);
}

#[test]
fn a_caller_waits_until_the_agent_has_finished() {
    let (truth, _, hung_up) = play(
        r#""agent_done", {"say": {"text": "A"}}, "turn_ends", "hang_up""#,
        10..20,
        200,
    );
    assert_eq!(truth.uttered[0].began_ms, 380 + DONE_MS);
    assert!(!truth.uttered[0].over_agent);
    assert_eq!(hung_up, Some(400 + DONE_MS));
}

#[test]
fn something_is_said_over_the_agents_words() {
    let (truth, _, _) = play(
        r#"{"agent_audible_ms": 300}, {"say": {"text": "A", "as": "stop"}}, "turn_ends""#,
        10..200,
        100,
    );
    assert_eq!(truth.uttered[0].began_ms, 200 + 280);
    assert!(truth.uttered[0].over_agent);
}

#[test]
fn the_end_of_the_agents_words_is_known_ahead() {
    // "Hi." takes 3 * 62 ms.
    let (truth, _, _) = play(
        r#"{"agent_ends_in_ms": 100}, {"say": {"text": "A"}}, "turn_ends""#,
        10..30,
        100,
    );
    assert_eq!(truth.uttered[0].began_ms, 200 + 80);
}

#[test]
fn keys_are_pressed_a_quarter_of_a_second_apart() {
    let (truth, keys, hung_up) = play(r#"{"keys": "12#"}, "hang_up""#, 0..0, 100);
    assert_eq!(
        (truth.keys_ms, keys),
        (vec![0, 250, 500], vec!['1', '2', '#'])
    );
    assert_eq!(hung_up, Some(740));
}

#[test]
fn a_caller_gives_up_on_a_dumb_agent() {
    let (truth, _, hung_up) = play(r#""agent_done", "hang_up""#, 0..0, 1_000);
    assert_eq!(truth.gave_up, 1);
    assert!(hung_up.is_some_and(|at| at >= PATIENCE.0));
}

#[test]
fn nobody_gives_up_on_an_agent_who_speaks() {
    let steps = r#""agent_done", {"say": {"text": "A"}}, "turn_ends""#;
    let (truth, _, _) = play(steps, 10..1_010, 1_200);
    assert_eq!(truth.gave_up, 0);
    assert_eq!(truth.uttered[0].began_ms, 20_180 + DONE_MS);
}

#[test]
fn a_word_that_covers_a_wait_is_no_answer() {
    let role = role(r#""agent_done", "hang_up""#);
    let say = |text: &str| {
        role.speak(text, |_| vec![0; 160]);
    };
    say("Sure.");
    say("Ten letters in all.");
    let begins = |clip, ticks: std::ops::RangeInclusive<u64>, tick: u64| {
        let mut heard = audible(tick == *ticks.start());
        if let Some(playing) = &mut heard.playing {
            playing.clip = clip;
        }
        ticks.contains(&tick).then_some(heard)
    };
    let mut caller = Caller::new(role.clone());
    let hung_up = (0..400).find(|tick| {
        let heard = begins(0x800, 10..=19, *tick).or(begins(0x801, 100..=149, *tick));
        caller.tick(&heard.unwrap_or(QUIET)).hangs_up
    });
    assert_eq!(hung_up.map(|tick| tick * TICK_MS), Some(2_980 + DONE_MS));
}
