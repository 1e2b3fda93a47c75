//! Models that hear, think and speak in one.

use domain::Millis;
use providers::realtime::{Eagerness, TurnDetection};

use super::*;

#[test]
fn one_model_for_everything_is_a_list_or_a_section() {
    let keys = environment(&[("OPENAI_API_KEY", "k"), ("DEEPGRAM_API_KEY", "k")]);
    let agent = |typed: &str| {
        let file = format!("[agents.a]\n{typed}");
        let config = Config::parse("repartee.toml", &file, &keys).expect("a configuration");
        config.tenants[0].agent.clone()
    };
    assert_eq!(agent("").talk, []);
    let plan = agent("realtime = [\"openai/gpt-realtime-2.1-mini\"]");
    let (name, settings) = &plan.talk[0];
    assert_eq!(name.to_string(), "openai/gpt-realtime-2.1-mini");
    assert_eq!(
        (settings.voice.as_str(), settings.tools.len()),
        ("marin", 1)
    );
    let others = (plan.listen.len(), plan.think.len(), plan.speak.len());
    assert_eq!(others, (1, 1, 1), "they step in");
    let sound = [domain::Item::AudioInput, domain::Item::AudioOutput];
    assert_eq!(plan.prices.unpriced(name, &sound), []);
    let plan = agent("realtime = { models = [\"openai/gpt-realtime-2.1\"], voice = \"cedar\" }");
    assert_eq!(plan.talk[0].1.voice, "cedar");
    insta::assert_snapshot!(problems(
        r#"
[agents.a]
realtime = ["deepgram/nova-3", "offline/auto", "openai/gpt-realtime-2.1"]

[agents.b.realtime]
voice = "marin"
max_output_tokens = 5000
turns = "server_vad"

[agents.c.realtime]
models = ["openai/gpt-realtime-2.1"]
turns = "theirs"
"#
    ), @r"
    tenants: say which `agent` answers: a, b, c
    repartee.toml:3:13: agents.a.realtime.0: `deepgram` does not do speech to speech; known here: openai
    repartee.toml:3:32: agents.a.realtime.1: `offline` does not do speech to speech; known here: openai
    repartee.toml:3:48: agents.a.realtime.2: needs the variable OPENAI_API_KEY or a base_url
    repartee.toml:6:1: agents.b.realtime.voice: needs a model in `realtime.models`
    repartee.toml:7:1: agents.b.realtime.max_output_tokens: 5000 is not between 1 and 4096
    repartee.toml:7:1: agents.b.realtime.max_output_tokens: needs a model in `realtime.models`
    repartee.toml:8:1: agents.b.realtime.turns: needs a model in `realtime.models`
    repartee.toml:11:11: agents.c.realtime.models.0: needs the variable OPENAI_API_KEY or a base_url
    repartee.toml:12:1: agents.c.realtime.turns: `theirs` is none of ours, semantic_vad, server_vad
    ");
}

#[test]
fn a_model_that_hears_may_end_turns_as_eagerly_as_the_agent_is() {
    let keys = environment(&[("OPENAI_API_KEY", "k"), ("DEEPGRAM_API_KEY", "k")]);
    let agent = |turns: &str, turn: &str| {
        let file = format!(
            "[agents.a]\nturn = {{ {turn} }}\n\
             realtime = {{ models = [\"openai/gpt-realtime-2.1\"], turns = \"{turns}\" }}"
        );
        let config = Config::parse("repartee.toml", &file, &keys).expect("a configuration");
        config.tenants[0].agent.clone()
    };
    let turns = |turns: &str, turn: &str| agent(turns, turn).talk[0].1.turns;
    assert_eq!(turns("ours", "preset = \"eager\""), TurnDetection::Ours);
    for (preset, eagerness, silence) in [
        ("eager", Eagerness::High, 300),
        ("balanced", Eagerness::Auto, 500),
        ("patient", Eagerness::Low, 800),
    ] {
        let preset = format!("preset = \"{preset}\"");
        let expected = TurnDetection::SemanticVad(eagerness);
        assert_eq!(turns("semantic_vad", &preset), expected);
        assert_eq!(turns("server_vad", &preset), after(silence));
    }
    assert_eq!(turns("server_vad", "wait = { all_ms = 650 }"), after(650));
    let rules = agent("semantic_vad", "").rules.turn;
    assert_eq!(
        (rules.end, rules.speculate),
        (session::TurnEnd::Talker, session::Speculate::Off)
    );
    let rules = agent("ours", "end = \"provider\"").rules.turn;
    assert_eq!(rules.end, session::TurnEnd::Provider);
}

fn after(silence: u64) -> TurnDetection {
    TurnDetection::ServerVad {
        threshold: 0.5,
        padding: Millis(300),
        silence: Millis(silence),
    }
}

#[test]
fn a_model_that_ends_turns_knows_no_waits_of_ours() {
    let problems = |turns: &str, turn: &str| {
        problems(&format!(
            "[providers.openai]\napi_key = \"k\"\n[agents.a]\nturn = {{ {turn} }}\n\
             realtime = {{ models = [\"openai/gpt-realtime-2.1\"], turns = \"{turns}\" }}"
        ))
    };
    insta::assert_snapshot!(problems(
        "semantic_vad",
        "end = \"words\", speculate = \"think\", expect = \"yes_no\", wait = { all_ms = 500 }"
    ), @"
    repartee.toml:4:10: agents.a.turn.end: contradicts `realtime.turns`
    repartee.toml:4:25: agents.a.turn.speculate: contradicts `realtime.turns`
    repartee.toml:4:46: agents.a.turn.expect: contradicts `realtime.turns`
    repartee.toml:4:65: agents.a.turn.wait: contradicts `realtime.turns`
    ");
    insta::assert_snapshot!(problems(
        "server_vad",
        "finalize_after_ms = 100, max_user_turn_s = 30, wait = { filler_ms = 500 }"
    ), @"
    repartee.toml:4:35: agents.a.turn.max_user_turn_s: contradicts `realtime.turns`
    repartee.toml:4:57: agents.a.turn.wait: contradicts `realtime.turns`
    ");
}
