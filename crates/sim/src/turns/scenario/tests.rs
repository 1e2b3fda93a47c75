use std::collections::BTreeSet;

use super::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/turns")
}

const SMALL: &str = r#"{
    "name": "small", "what": "A caller asks.", "group": "clean",
    "agent": {"replies": [{"say": "Sure."}]},
    "steps": [{"say": {"text": "Can I"}}, {"pause_ms": 700}, {"say": {"text": "book?"}}, "turn_ends"]
}"#;

fn parse(text: &str) -> Result<Scenario, String> {
    Scenario::parse(text, Path::new("small.json")).map_err(|error| error.to_string())
}

#[test]
fn every_scenario_of_the_repository_is_one() {
    let scenarios = Scenario::load_folder(&folder()).unwrap_or_else(|error| panic!("{error}"));
    let files = fs::read_dir(folder()).unwrap().count();
    assert_eq!(
        scenarios.len() + 1,
        files,
        "beside the scenarios there is one README"
    );
    for scenario in &scenarios {
        // Whatever the caller says, something of the agent has to be heard or answered.
        let waits = |step: &Step| matches!(step, Step::AgentDone | Step::AgentAudibleMs(_));
        assert!(scenario.steps.iter().any(waits), "{}", scenario.name);
    }
    let groups: BTreeSet<Group> = scenarios.iter().map(|scenario| scenario.group).collect();
    assert_eq!(groups.len(), 24, "every group has an example: {groups:?}");
}

#[test]
fn a_turn_is_what_is_said_up_to_its_end() {
    let turn = Turn {
        text: "Can I book?".to_owned(),
    };
    assert_eq!(parse(SMALL).unwrap().turns(), [turn]);
}

#[test]
fn what_is_left_out_is_usual() {
    let scenario = parse(SMALL).unwrap();
    assert_eq!(scenario.agent.preset, Preset::Balanced);
    assert_eq!(scenario.llm.first_ms, Spread::between(375, 750));
    assert!(scenario.stt.punctuates && scenario.agent.greeting_interruptible);
}

#[test]
fn an_error_names_the_file_and_the_place() {
    for (right, wrong, told) in [
        (
            r#""text": "Can I""#,
            r#""txet": "Can I""#,
            "small.json: steps[0].say.txet: unknown field `txet`",
        ),
        (
            r#""agent""#,
            r#""llm": {"first_ms": [3, 1]}, "agent""#,
            "small.json: llm.first_ms: the median 3 is above the 95th percentile 1",
        ),
        (
            r#""agent""#,
            r#""llm": {"first_ms": "1"}, "agent""#,
            "small.json: llm.first_ms: invalid type: string \"1\", expected milliseconds, as `250`",
        ),
        (
            r#""clean""#,
            r#""cleen""#,
            "small.json: group: unknown variant `cleen`, expected one of",
        ),
        (
            r#""name": "small""#,
            r#""name": "big""#,
            "small.json: name: `big` is not the file's",
        ),
        (
            r#", "turn_ends""#,
            "",
            "small.json: steps: the last turn has no `turn_ends`",
        ),
        (
            r#"{"pause_ms": 700}"#,
            r#"{"silence_ms": 700}"#,
            "small.json: steps[1]: inside a turn it is `pause_ms`",
        ),
    ] {
        let error = parse(&SMALL.replace(right, wrong)).unwrap_err();
        assert!(error.starts_with(told), "{error}");
    }
}
