use std::path::Path;

use super::{Role, Scenario, Step, VoiceName};

/// Everything in a scenario that is of the right form and makes no sense.
pub(super) fn faults(scenario: &Scenario, file: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    let stem = file.file_stem().unwrap_or_default();
    if stem != scenario.name.as_str() {
        faults.push(format!("name: `{}` is not the file's", scenario.name));
    }
    if scenario.what.trim().is_empty() {
        faults.push("what: is empty".to_owned());
    }
    if let Err(why) = scenario.language.parse::<domain::Language>() {
        faults.push(format!("language: {why}"));
    }
    if scenario.agent.replies.is_empty() {
        faults.push("agent.replies: is empty".to_owned());
    }
    for (index, reply) in scenario.agent.replies.iter().enumerate() {
        if reply.say.trim().is_empty() && reply.tool.is_none() {
            faults.push(format!(
                "agent.replies[{index}]: says nothing and asks for no tool"
            ));
        }
    }
    for (place, percent) in [
        ("line.loss_percent", scenario.line.loss_percent),
        ("stt.finals_lost_percent", scenario.stt.finals_lost_percent),
    ] {
        if !(0.0..=100.0).contains(&percent) {
            faults.push(format!("{place}: {percent} is not from 0 to 100"));
        }
    }
    if scenario.tts.speed < 1.0 {
        faults.push("tts.speed: below 1 the voice cannot keep up".to_owned());
    }
    if scenario.llm.tokens_per_second == 0 {
        faults.push("llm.tokens_per_second: is 0".to_owned());
    }
    faults.extend(step_faults(scenario));
    faults
}

fn step_faults(scenario: &Scenario) -> Vec<String> {
    let mut faults = Vec::new();
    let mut open = Open::Nothing;
    for (index, step) in scenario.steps.iter().enumerate() {
        let wrong = match step {
            Step::Say(say) => say_fault(say, scenario),
            Step::Keys(keys) if !keys.chars().all(is_key) || keys.is_empty() => {
                Some("keys are 0-9, `*` and `#`")
            }
            Step::PauseMs(_) if open != Open::Phrase => Some("a pause follows a phrase of a turn"),
            Step::SilenceMs(_) if open != Open::Nothing => {
                Some("inside a turn it is `pause_ms`; or `turn_ends` is missing")
            }
            Step::TurnEnds if open != Open::Phrase => Some("no phrase of a turn comes before it"),
            Step::AgentAudibleMs(_)
            | Step::AgentDone
            | Step::AgentEndsInMs(_)
            | Step::HangUp
            | Step::Keys(_)
            | Step::PauseMs(_)
            | Step::SilenceMs(_)
            | Step::Sound(_)
            | Step::TurnEnds => None,
        };
        faults.extend(wrong.map(|wrong| format!("steps[{index}]: {wrong}")));
        open = open.after(step);
    }
    if open != Open::Nothing {
        faults.push("steps: the last turn has no `turn_ends`".to_owned());
    }
    faults
}

/// What of a turn has been said.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Open {
    Nothing,
    Pause,
    Phrase,
}

impl Open {
    fn after(self, step: &Step) -> Self {
        match step {
            Step::Say(say) if matches!(say.role, Role::Stop | Role::Turn) => Self::Phrase,
            Step::PauseMs(_) => Self::Pause,
            Step::TurnEnds => Self::Nothing,
            Step::AgentAudibleMs(_)
            | Step::AgentDone
            | Step::AgentEndsInMs(_)
            | Step::HangUp
            | Step::Keys(_)
            | Step::Say(_)
            | Step::SilenceMs(_)
            | Step::Sound(_) => self,
        }
    }
}

fn say_fault(say: &super::Say, scenario: &Scenario) -> Option<&'static str> {
    let spoken = match say.voice {
        Some(VoiceName::EnF | VoiceName::EnM) => Some("en"),
        Some(VoiceName::EsF | VoiceName::EsM) => Some("es"),
        None => None,
    };
    let foreign = spoken.is_some_and(|spoken| !scenario.language.starts_with(spoken));
    if say.text.trim().is_empty() {
        Some("says nothing")
    } else if foreign {
        Some("the voice speaks another language")
    } else {
        None
    }
}

fn is_key(key: char) -> bool {
    key.is_ascii_digit() || matches!(key, '*' | '#')
}
