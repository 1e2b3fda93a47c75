//! Who plays: one role per scenario and repetition, with a number, an agent and voices of its own.

use std::sync::{Arc, Mutex};

use audio::g711::ulaw;
use session::MaskRules;

use super::recordings::{BadRecordings, Recordings, Wanted};
use crate::{
    fakes::log::held,
    turns::{
        scenario::{Role as Meant, Say, Scenario, Step, VoiceName},
        text::{bare_words, words_in},
        world,
    },
};

/// Clips from here on are the agent's.
pub(super) const AGENT_CLIPS: u16 = 0x800;
/// How long the agent's voice takes for a character.
pub(super) const CHAR_MS: usize = 62;

/// Everybody who takes part in a run.
#[derive(Debug)]
pub struct Cast {
    /// In the order in which they are called.
    pub roles: Vec<Arc<Role>>,
}

/// One scenario, once.
#[derive(Debug)]
pub struct Role {
    /// Names it on every wire: the agent, the provider's voice, a key term, the prompt.
    pub key: String,
    /// The number that is dialled.
    pub number: String,
    /// What happens.
    pub scenario: Arc<Scenario>,
    /// What the caller says, in the order of its `say` steps.
    pub(super) clips: Vec<Clip>,
    /// What the agent says to cover a wait.
    mask: MaskRules,
    spoken: Mutex<Vec<Piece>>,
    replies: Mutex<Vec<String>>,
}

/// A phrase of the caller.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clip {
    pub(super) text: String,
    pub(super) meant: Meant,
    pub(super) samples: Vec<i16>,
}

/// A text that the agent's voice spoke, and its sound.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) ulaw: Arc<[u8]>,
    /// How often the model had been asked by then: pieces of one reply have the same number.
    pub(super) request: usize,
}

impl Cast {
    /// Gives every scenario its roles: one, or as many as `times` says.
    ///
    /// # Errors
    /// When a phrase is not recorded.
    pub fn of(
        scenarios: Vec<Scenario>,
        recordings: &Recordings,
        times: impl Fn(&Scenario) -> usize,
    ) -> Result<Self, BadRecordings> {
        let mut cast = Self { roles: Vec::new() };
        for scenario in scenarios {
            let scenario = Arc::new(scenario);
            for _ in 0..times(&scenario) {
                let role = Role::new(cast.roles.len(), scenario.clone(), recordings)?;
                cast.roles.push(Arc::new(role));
            }
        }
        Ok(cast)
    }

    /// The role of this key.
    pub(super) fn find(&self, key: &str) -> Option<&Arc<Role>> {
        self.roles.iter().find(|role| role.key == key)
    }
}

impl Role {
    fn new(
        index: usize,
        scenario: Arc<Scenario>,
        recordings: &Recordings,
    ) -> Result<Self, BadRecordings> {
        let says = scenario.steps.iter().filter_map(|step| match step {
            Step::Say(say) => Some(say),
            Step::AgentAudibleMs(_)
            | Step::AgentDone
            | Step::AgentEndsInMs(_)
            | Step::HangUp
            | Step::Keys(_)
            | Step::PauseMs(_)
            | Step::SilenceMs(_)
            | Step::Sound(_)
            | Step::TurnEnds => None,
        });
        let clips = says.map(|say| Clip::of(say, &scenario.language, recordings));
        Ok(Self {
            key: format!("role-{index}"),
            number: format!("+1415{:07}", 5_550_000 + index),
            clips: clips.collect::<Result<_, _>>()?,
            mask: world::rules(&scenario).mask,
            scenario,
            spoken: Mutex::default(),
            replies: Mutex::default(),
        })
    }

    /// Notes what the agent's voice spoke; gives the clip that stamps it.
    pub(super) fn speak(&self, text: &str, sound: impl FnOnce(u16) -> Vec<u8>) -> Arc<[u8]> {
        let request = self.requests();
        let mut spoken = held(&self.spoken);
        let number = u16::try_from(spoken.len()).unwrap_or(u16::MAX) % AGENT_CLIPS;
        let ulaw: Arc<[u8]> = sound(AGENT_CLIPS | number).into();
        spoken.push(Piece {
            text: text.to_owned(),
            ulaw: ulaw.clone(),
            request,
        });
        ulaw
    }

    /// What was spoken under this clip.
    pub(super) fn piece(&self, clip: u16) -> Option<Piece> {
        let number = clip.checked_sub(AGENT_CLIPS)?;
        held(&self.spoken).get(usize::from(number)).cloned()
    }

    /// The clip that follows in the same reply: its clauses are spoken one after the other. Lines that
    /// are rehearsed before the call follow nothing, but for those of the greeting.
    pub(super) fn next_of(&self, clip: u16) -> Option<u16> {
        let next = clip.checked_add(1)?;
        let (this, that) = (self.piece(clip)?, self.piece(next)?);
        let greet = || self.greets(&this) && self.greets(&that);
        let together = this.request == that.request && (this.request > 0 || greet());
        together.then_some(next)
    }

    fn greets(&self, piece: &Piece) -> bool {
        let greeting = bare_words(&self.scenario.agent.greeting);
        words_in(&greeting, &bare_words(&piece.text))
    }

    /// Whether nobody may interrupt these words.
    pub(super) fn protects(&self, piece: &Piece) -> bool {
        let greets = piece.request == 0 && self.greets(piece);
        greets && !self.scenario.agent.greeting_interruptible
    }

    /// What is said under a clip, be it the caller's or the agent's.
    pub(super) fn words(&self, clip: u16) -> Option<(String, usize)> {
        match self.clips.get(usize::from(clip)) {
            Some(clip) => Some((clip.text.clone(), clip.samples.len())),
            None => self.piece(clip).map(|piece| (piece.text, piece.ulaw.len())),
        }
    }

    /// Whether the agent says this before its answer.
    pub(super) fn is_opener(&self, text: &str) -> bool {
        is_one_of(text, &self.mask.openers)
    }

    /// Whether this only covers a wait, and answers nothing.
    pub(super) fn is_mask(&self, text: &str) -> bool {
        self.is_opener(text) || is_one_of(text, &self.mask.fillers)
    }

    /// Notes what the model wrote.
    pub(super) fn wrote(&self, text: &str) {
        held(&self.replies).push(text.to_owned());
    }

    /// How often the model was asked.
    pub(super) fn requests(&self) -> usize {
        held(&self.replies).len()
    }

    /// What the model wrote last, or the greeting.
    pub(super) fn newest_reply(&self) -> String {
        let newest = held(&self.replies).last().cloned();
        newest.unwrap_or_else(|| self.scenario.agent.greeting.clone())
    }
}

fn is_one_of(text: &str, texts: &[String]) -> bool {
    let said = bare_words(text);
    texts.iter().any(|text| bare_words(text) == said)
}

impl Clip {
    fn of(say: &Say, language: &str, recordings: &Recordings) -> Result<Self, BadRecordings> {
        let wanted = Wanted {
            voice: say.voice.unwrap_or_else(|| VoiceName::usual(language)),
            text: say.text.clone(),
        };
        let ulaw = recordings
            .find(&wanted)
            .ok_or_else(|| BadRecordings::Missing(wanted.text.clone()))?;
        let gain = gain(usual_db(say.role) + i32::from(say.level_db));
        let samples = ulaw.iter().map(|code| scaled(ulaw::decode(*code), gain));
        Ok(Self {
            text: say.text.clone(),
            meant: say.role,
            samples: samples.collect(),
        })
    }
}

/// How loud somebody is beside the caller, where the scenario does not say otherwise.
const fn usual_db(meant: Meant) -> i32 {
    match meant {
        Meant::Background => -15,
        Meant::SideTalk => -8,
        Meant::Backchannel | Meant::Stop | Meant::Turn => 0,
    }
}

/// The factor of so many decibels.
pub(super) fn gain(db: i32) -> f32 {
    10_f32.powf(db as f32 / 20.0)
}

/// A sample, louder or quieter.
pub(super) fn scaled(sample: i16, gain: f32) -> i16 {
    (f32::from(sample) * gain).clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16
}
