//! The configuration by which the real server plays every agent of a cast.

use std::fmt::Write as _;

use super::{
    cast::{Cast, Role},
    desk,
};
use crate::turns::scenario::{Agent, Expects, Overlapping};

/// One tenant and one agent per role, as a part of `repartee.toml`.
#[must_use]
pub fn agents(cast: &Cast) -> String {
    let mut text = String::new();
    for role in &cast.roles {
        // Writing to a string does not fail.
        let _ = write!(text, "{}", tenant(role));
        for line in agent(role) {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

fn tenant(role: &Role) -> String {
    let Role { key, number, .. } = role;
    format!(
        "\n[[tenants]]\nid = \"{key}\"\nnumbers = [\"{number}\"]\nagent = \"{key}\"\n\n\
         [agents.{key}]\n"
    )
}

fn agent(role: &Role) -> Vec<String> {
    let (key, scenario) = (&role.key, &role.scenario);
    let agent = &scenario.agent;
    let mut lines = vec![
        format!("greeting = {}", quoted(&agent.greeting)),
        format!("language = {}", quoted(&scenario.language)),
        format!("prompt = {}", quoted(&desk::prompt(key))),
        "voice_guidelines = false".to_owned(),
        format!("stt = {{ models = [\"deepgram/nova-3\"], keyterms = [\"{key}\"] }}"),
        "llm = { models = [\"openai/gpt-6-luna\"] }".to_owned(),
        format!("tts = {{ models = [\"elevenlabs/eleven_flash_v2_5\"], voice = \"{key}\" }}"),
        format!("turn.preset = {}", quoted(agent.preset.as_str())),
    ];
    lines.extend(expects(agent.expects).map(|expect| format!("turn.expect = {}", quoted(&expect))));
    lines.extend(overlap(agent).map(|mode| format!("overlap.mode = \"{mode}\"")));
    if !agent.greeting_interruptible {
        lines.push("overlap.greeting_interruptible = false".to_owned());
    }
    if !agent.openers.is_empty() {
        lines.push(format!("mask.openers = {}", list(&agent.openers)));
    }
    if let Some(fillers) = &agent.fillers {
        lines.push(format!("mask.fillers = {}", list(fillers)));
    }
    lines
}

/// Nothing for what an agent does anyway.
fn overlap(agent: &Agent) -> Option<&'static str> {
    match agent.overlap {
        Overlapping::Duck => None,
        Overlapping::Ignore => Some("none"),
        Overlapping::Pause => Some("pause"),
    }
}

fn expects(expects: Expects) -> Option<String> {
    let name = match expects {
        Expects::Address => "address",
        Expects::Choice => "choice",
        Expects::Date => "date",
        Expects::Digits { min, max } => return Some(format!("digits {min}-{max}")),
        Expects::Email => "email",
        Expects::NameSpelled => "name_spelled",
        Expects::Open => return None,
        Expects::Phone => "phone",
        Expects::YesNo => "yes_no",
    };
    Some(name.to_owned())
}

/// A string of TOML. JSON escapes what TOML does, in the same way; `$` begins a variable.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text.replace("${", "$${")).to_string()
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::turns::layer2::stage;

    #[test]
    fn every_role_has_a_number_and_an_agent() {
        let role = stage::role_with("Hi.", 80, r#""language": "en-GB","#);
        let text = agents(&Cast {
            roles: vec![Arc::clone(&role)],
        });
        for line in [
            "[[tenants]]",
            "numbers = [\"+14155550000\"]",
            "[agents.role-0]",
            "greeting = \"Hello, City Library.\"",
            "language = \"en-GB\"",
            "prompt = \"You play <role-0>.\"",
        ] {
            assert!(text.contains(&format!("{line}\n")), "no {line} in {text}");
        }
    }

    #[test]
    fn what_an_agent_does_anyway_is_not_written() {
        let role = stage::role("Hi.", 80);
        let lines = agent(&role).join("\n");
        for key in ["expect", "overlap", "mask"] {
            assert!(!lines.contains(key), "{key} in {lines}");
        }
        assert_eq!(quoted("Say \"a\" ${b}"), r#""Say \"a\" $${b}""#);
    }
}
