//! Recordings that come with the program: a simulated caller's phrases and the demo agent's lines.
//!
//! Made by flite (voices rms and slt), band-limited as over a telephone, mu-law at 8 kHz, without
//! the silence around them. `cargo run -p providers --example make_fixtures` makes them anew.

use std::sync::LazyLock;

use serde::Deserialize;

static INDEX: &str = include_str!("../../fixtures/index.toml");
static CALLER: &[u8] = include_bytes!("../../fixtures/caller.ulaw");
static AGENT: &[u8] = include_bytes!("../../fixtures/agent.ulaw");

/// A recording and what is said in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Phrase {
    /// A short name, unique among the phrases of its speaker.
    pub key: String,
    /// What is said.
    pub text: String,
    /// The sound: mu-law, 8 kHz, no silence around it.
    pub ulaw: &'static [u8],
}

/// What the simulated caller can say: the parts of the demo conversation, and questions.
#[must_use]
pub fn caller_phrases() -> &'static [Phrase] {
    &PHRASES.caller
}

/// What the demo agent says: whole sentences, and the pieces of those that vary.
#[must_use]
pub fn agent_lines() -> &'static [Phrase] {
    &PHRASES.agent
}

/// The caller's phrase of this name.
#[must_use]
pub fn caller_phrase(key: &str) -> Option<&'static Phrase> {
    caller_phrases().iter().find(|phrase| phrase.key == key)
}

/// What the caller of the demo says, turn by turn, and when.
///
/// The keys name [`caller_phrases`]. The agent's part is the script `demo.toml`.
pub const DEMO: &[(When, &str)] = &[
    (When::AgentIsDone, "reserve"),
    (When::AfterPause, "party"),
    (When::AgentIsDone, "when"),
    (When::AgentIsDone, "name"),
    (When::AgentSpeaks, "stop"),
    (When::AgentIsDone, "correction"),
    (When::AgentIsDone, "yes"),
    (When::AgentIsDone, "hours"),
    (When::AgentSpeaks, "uh_huh"),
    (When::AgentIsDone, "no"),
    (When::AgentIsDone, "goodbye"),
];

/// When a simulated caller speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum When {
    /// After a pause in its own words, short and yet long enough to take them for finished.
    AfterPause,
    /// After the agent has finished.
    AgentIsDone,
    /// Into the agent's words, about a second after they began.
    AgentSpeaks,
}

struct Phrases {
    caller: Vec<Phrase>,
    agent: Vec<Phrase>,
}

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let index: Index = toml::from_str(INDEX).expect("the embedded index is read by a test");
    Phrases {
        caller: phrases(index.caller, CALLER),
        agent: phrases(index.agent, AGENT),
    }
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    caller: Vec<Line>,
    agent: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    key: String,
    text: String,
    /// Length of its recording. Zero until it is recorded.
    #[serde(default)]
    bytes: usize,
}

/// Cuts one speaker's recordings apart.
fn phrases(lines: Vec<Line>, sound: &'static [u8]) -> Vec<Phrase> {
    let mut rest = sound;
    lines
        .into_iter()
        .map(|line| {
            let (ulaw, after) = rest.split_at_checked(line.bytes).unwrap_or((rest, &[]));
            rest = after;
            Phrase {
                key: line.key,
                text: line.text,
                ulaw,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_index_fits_the_recordings() {
        for (phrases, sound) in [(caller_phrases(), CALLER), (agent_lines(), AGENT)] {
            let total: usize = phrases.iter().map(|phrase| phrase.ulaw.len()).sum();
            assert_eq!(total, sound.len());
            let keys: BTreeSet<_> = phrases.iter().map(|phrase| &phrase.key).collect();
            assert_eq!(keys.len(), phrases.len());
        }
        assert!(CALLER.len() + AGENT.len() < 1_500_000);
    }

    #[test]
    fn every_recording_is_speech_without_silence_around_it() {
        for phrase in caller_phrases().iter().chain(agent_lines()) {
            let loud = |codes: &[u8]| codes.iter().any(|code| !code & 0x7F > 0x18);
            let edge = 240;
            let ulaw = phrase.ulaw;
            assert!(ulaw.len() > 1_200, "{} is too short", phrase.key);
            assert!(loud(&ulaw[..edge]), "{} begins with silence", phrase.key);
            assert!(
                loud(&ulaw[ulaw.len() - edge..]),
                "{} ends in silence",
                phrase.key
            );
        }
    }

    #[test]
    fn the_demo_uses_phrases_that_exist() {
        assert!(DEMO.iter().all(|(_, key)| caller_phrase(key).is_some()));
    }
}
