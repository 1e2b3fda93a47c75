use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};

use super::Spread;

/// One thing that the caller does. Each begins when the one before is done.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Waits until the agent has been audible for so long in the reply that is being played.
    AgentAudibleMs(u64),
    /// Waits until the agent has answered what was said last, and has finished.
    AgentDone,
    /// Waits until only so much of the agent's reply is left.
    AgentEndsInMs(u64),
    /// Hangs up.
    HangUp,
    /// Presses keys, a quarter of a second apart.
    Keys(String),
    /// Waits inside a turn: the gap between two phrases is exactly this long.
    PauseMs(u64),
    /// Says something.
    Say(Say),
    /// Waits outside of any turn.
    SilenceMs(u64),
    /// Makes a sound that is no speech.
    Sound(Sound),
    /// The turn is over with the last sound: from there on the agent may answer.
    TurnEnds,
}

/// Something said.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// What, as a perfect recogniser would write it.
    pub text: String,
    /// Whose words they are, and what they are for.
    #[serde(default, rename = "as")]
    pub role: Role,
    /// Who says it. Absent: the usual voice of the language.
    pub voice: Option<VoiceName>,
    /// Louder or quieter than usual.
    #[serde(default)]
    pub level_db: i8,
}

/// What something said is for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// "Uh-huh": the caller listens.
    Backchannel,
    /// Somebody else in the room, or a television.
    Background,
    /// The caller talks to somebody else.
    SideTalk,
    /// One word that should stop the agent: "wait".
    Stop,
    /// A part of what the caller has to say to the agent.
    #[default]
    Turn,
}

/// The voices in which phrases are recorded.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "language, then a woman's or a man's voice")]
pub enum VoiceName {
    EnF,
    EnM,
    EsF,
    EsM,
}

/// A sound that is no speech.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Sound {
    /// What it is.
    pub kind: SoundKind,
    /// How long it lasts.
    pub ms: u64,
    /// Louder or quieter than the caller's voice.
    #[serde(default)]
    pub level_db: i8,
}

/// Sounds that are no speech.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub enum SoundKind {
    /// Many voices, none to be understood.
    Babble,
    /// Somebody coughs.
    Cough,
    /// A door slams.
    Door,
    /// Music, as on hold.
    Music,
    /// Somebody types.
    Typing,
    /// "Um", too short for the recogniser.
    Um,
}

/// One turn of the caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Turn {
    /// Everything said in it.
    pub text: String,
}

/// The turns in the steps: what is said to the agent up to each `turn_ends`.
pub(super) fn turns(steps: &[Step]) -> Vec<Turn> {
    let mut turns = Vec::new();
    let mut texts: Vec<&str> = Vec::new();
    for step in steps {
        match step {
            Step::Say(say) => match say.role {
                Role::Stop | Role::Turn => texts.push(&say.text),
                Role::Backchannel | Role::Background | Role::SideTalk => {}
            },
            Step::TurnEnds => turns.push(Turn {
                text: std::mem::take(&mut texts).join(" "),
            }),
            Step::AgentAudibleMs(_)
            | Step::AgentDone
            | Step::AgentEndsInMs(_)
            | Step::HangUp
            | Step::Keys(_)
            | Step::PauseMs(_)
            | Step::SilenceMs(_)
            | Step::Sound(_) => {}
        }
    }
    turns
}

impl<'de> Deserialize<'de> for Spread {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(SpreadVisitor)
    }
}

struct SpreadVisitor;

impl<'de> Visitor<'de> for SpreadVisitor {
    type Value = Spread;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("milliseconds, as `250` or as [median, 95th percentile]")
    }

    fn visit_u64<E: de::Error>(self, ms: u64) -> Result<Spread, E> {
        Ok(Spread::between(ms, ms))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Spread, A::Error> {
        let (p50, p95) = (list.next_element()?, list.next_element()?);
        let more = list.next_element::<u64>()?;
        match (p50, p95, more) {
            (Some(p50), Some(p95), None) if p50 <= p95 => Ok(Spread::between(p50, p95)),
            (Some(p50), Some(p95), None) => Err(de::Error::custom(format_args!(
                "the median {p50} is above the 95th percentile {p95}"
            ))),
            (_, _, _) => Err(de::Error::invalid_length(
                if more.is_some() {
                    3
                } else {
                    usize::from(p50.is_some())
                },
                &self,
            )),
        }
    }
}
