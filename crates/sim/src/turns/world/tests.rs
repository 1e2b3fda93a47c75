use std::path::Path;

use super::*;

fn play(steps: &str) -> Seen {
    play_in("en", steps)
}

fn play_in(language: &str, steps: &str) -> Seen {
    let text = format!(
        r#"{{"name": "t", "what": "A test.", "group": "clean", "language": "{language}",
            "agent": {{"greeting": "Hello, how can I help?",
                "replies": [{{"say": "Sure. I can tell you a lot about that, and more if you like to hear it."}}]}},
            "stt": {{"punctuates": false}}, "steps": {steps}}}"#
    );
    let scenario = Scenario::parse(&text, Path::new("t.json")).unwrap();
    Call::of(Arc::new(scenario), 7).play()
}

#[test]
fn a_plain_question_is_answered() {
    let seen = play(
        r#"["agent_done", {"say": {"text": "When do you close today?"}}, "turn_ends", "agent_done", "hang_up"]"#,
    );
    assert_eq!(seen.turns.len(), 1);
    assert_eq!(seen.taken_early(&seen.turns[0]), None);
    assert_eq!(seen.spoken_into(&seen.turns[0]), Millis::ZERO);
    assert!(!seen.missed(0));
    let waited = seen.taken(0).unwrap().at - seen.turns[0].ends;
    assert!((250..800).contains(&waited.0), "{waited}");
    assert!(seen.latency(0).is_some_and(|latency| latency > waited));
    assert_eq!(seen.end.unwrap().as_str(), "caller_hung_up");
}

#[test]
fn a_long_pause_at_a_finished_place_is_a_cut() {
    let seen = play(
        r#"["agent_done", {"say": {"text": "I need a table tonight"}}, {"pause_ms": 3000},
            {"say": {"text": "and another one tomorrow"}}, "turn_ends", "agent_done", "hang_up"]"#,
    );
    assert!(seen.taken_early(&seen.turns[0]).is_some());
    assert!(seen.spoken_into(&seen.turns[0]) > Millis(200));
    assert_eq!(seen.turns[0].pauses.len(), 1);
}

#[test]
fn an_interruption_is_over_the_agents_voice() {
    let seen = play(
        r#"["agent_done", {"say": {"text": "Tell me about it."}}, "turn_ends", {"agent_audible_ms": 1500},
            {"say": {"text": "Stop.", "as": "stop"}}, "turn_ends", "agent_done", "hang_up"]"#,
    );
    assert_eq!(seen.overs.len(), 1);
    assert_eq!(seen.overs[0].kind, Sounded::Stop);
    // The caller spoke over the agent, and not the agent over the caller.
    assert_eq!(seen.spoken_into(&seen.turns[1]), Millis::ZERO);
    assert_eq!(seen.silences.len(), 1);
    let (_, record, played) = seen
        .records
        .iter()
        .find(|(_, record, _)| record.interrupted)
        .unwrap();
    let heard = record.heard.split_whitespace().count();
    assert!(
        heard.abs_diff(played.unwrap()) <= 2,
        "{record:?} {played:?}"
    );
}

#[test]
fn the_same_seed_makes_the_same_call() {
    let steps = r#"["agent_done", {"say": {"text": "I would like"}}, {"pause_ms": 900},
        {"say": {"text": "two tickets"}}, "turn_ends", "agent_done", "hang_up"]"#;
    let (first, second) = (play(steps), play(steps));
    assert_eq!(first.journal, second.journal);
    assert_eq!(first.actions, second.actions);
}

#[test]
fn a_turn_is_missed_without_an_answer_that_is_heard_after_it() {
    let mut seen = play(
        r#"["agent_done", {"say": {"text": "When do you close today?"}}, "turn_ends", "agent_done", "hang_up"]"#,
    );
    let commits = std::mem::take(&mut seen.commits);
    assert!(seen.missed(0), "nobody decided that it was over");
    seen.commits = commits;
    let reply = seen.commits[0].reply;
    seen.audible.retain(|stretch| stretch.reply != reply);
    assert!(seen.missed(0), "nothing was heard");
}

#[test]
fn an_answer_may_open_with_a_word_that_covers_the_wait() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/turns");
    let scenario = Scenario::load(&folder.join("slow_llm_opener.json")).unwrap();
    let seen = Call::of(Arc::new(scenario), 7).play();
    assert!(seen.opens(0, &["Sure.", "Okay."]));
    assert!(!seen.opens(0, &["Right."]));
}

#[test]
fn fillers_are_written_in_english_alone() {
    let steps = r#"["agent_done", {"say": {"text": "I need, eh, two tickets."}}, "turn_ends",
        "agent_done", "hang_up"]"#;
    let written = |language| {
        let seen = play_in(language, steps);
        let mut records = seen.records.iter();
        records.any(|(_, record, _)| record.caller.contains("eh"))
    };
    assert!(written("en-GB"));
    assert!(!written("es-ES"));
}

#[test]
fn a_caller_who_waits_in_vain_is_counted() {
    let patient = play(
        r#"["agent_done", {"say": {"text": "When do you close today?"}}, "turn_ends", "agent_done", "hang_up"]"#,
    );
    assert_eq!(patient.gave_up, 0);
    let seen = play(r#"["agent_done", {"agent_audible_ms": 60000}, "hang_up"]"#);
    assert_eq!(seen.gave_up, 1);
}
