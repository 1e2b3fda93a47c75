use std::{collections::VecDeque, sync::Arc};

use domain::Millis;

use super::{Line, seen::TurnSeen};
use crate::{
    Dice,
    turns::{
        bounds::PATIENCE,
        scenario::{Role, Say, Scenario, Sound, SoundKind, Step},
    },
};

/// Plays a scenario's steps, with an ear on the agent.
#[derive(Debug)]
pub(crate) struct Caller {
    scenario: Arc<Vec<Step>>,
    at: usize,
    /// When the step before is done.
    ready: Millis,
    turn: Option<TurnSeen>,
    /// The answer that is waited for begins after this.
    since: Millis,
    /// How soon after the agent's last word the next step begins.
    reaction: Millis,
    /// Steps for which the agent was waited for in vain.
    gave_up: usize,
}

/// What the caller knows of the agent.
pub(crate) struct Agent<'a> {
    pub(crate) line: &'a Line,
    /// Something is in the making.
    pub(crate) works: bool,
}

/// What the caller does.
#[derive(Debug)]
pub(crate) enum Doing {
    HangUp,
    Keys(String),
    Nothing,
    Sound(Heard),
    TurnEnded(TurnSeen),
}

/// A stretch of sound on the caller's side.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) from: Millis,
    pub(crate) until: Millis,
    pub(crate) words: VecDeque<Word>,
    /// Its level against the caller's usual one.
    pub(crate) level_db: i32,
    pub(crate) nature: Nature,
    /// What it is if the agent speaks. `None`: it goes on a turn that was begun before.
    pub(crate) over: Option<Kind>,
}

/// What makes a sound.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Nature {
    /// Speech, whoever's.
    Speech,
    /// From the throat, not speech: a network may take it for speech.
    Throat,
    /// A thing.
    Thing,
}

/// What a sound means over the agent's voice.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// "Uh-huh".
    Backchannel,
    /// Somebody else.
    Background,
    /// The caller wants the floor.
    Interruption,
    /// Keys of the phone.
    Keys,
    /// A cough, "um", a door.
    Noise,
    /// To somebody else.
    SideTalk,
    /// One word: "stop".
    Stop,
}

/// A word, when it sounds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) from: Millis,
    pub(crate) until: Millis,
}

impl Caller {
    pub(crate) fn new(scenario: &Scenario, dice: &mut Dice) -> Self {
        let mut steps = scenario.steps.clone();
        if steps.last() != Some(&Step::HangUp) {
            steps.extend([Step::SilenceMs(500), Step::HangUp]);
        }
        Self {
            scenario: Arc::new(steps),
            at: 0,
            ready: Millis::ZERO,
            turn: None,
            since: Millis::ZERO,
            reaction: reaction(dice),
            gave_up: 0,
        }
    }

    pub(crate) const fn gave_up(&self) -> usize {
        self.gave_up
    }

    /// When the next step begins, as far as is known now.
    pub(crate) fn next(&self, agent: &Agent<'_>) -> Option<Millis> {
        let step = self.scenario.get(self.at)?;
        let due = self.due(step, agent).unwrap_or(self.ready + PATIENCE);
        Some(due.or_later(self.ready))
    }

    /// When a step begins. `None`: what it waits for is not in sight.
    fn due(&self, step: &Step, agent: &Agent<'_>) -> Option<Millis> {
        match step {
            Step::AgentDone => self.answered(agent),
            Step::AgentAudibleMs(ms) => agent.line.speaking_for(Millis(*ms), self.since),
            Step::AgentEndsInMs(ms) => {
                let ends = agent.line.ends_after(self.since).filter(|_| !agent.works)?;
                Some(ends - Millis(*ms))
            }
            Step::HangUp
            | Step::Keys(_)
            | Step::PauseMs(_)
            | Step::Say(_)
            | Step::SilenceMs(_)
            | Step::Sound(_)
            | Step::TurnEnds => Some(self.ready),
        }
    }

    fn answered(&self, agent: &Agent<'_>) -> Option<Millis> {
        let ends = agent.line.ends_after(self.since).filter(|_| !agent.works)?;
        Some(ends + self.reaction)
    }

    /// Does the next step, whose time has come.
    pub(crate) fn act(&mut self, now: Millis, agent: &Agent<'_>, dice: &mut Dice) -> Doing {
        let steps = Arc::clone(&self.scenario);
        let Some(step) = steps.get(self.at) else {
            return Doing::Nothing;
        };
        self.gave_up += usize::from(self.due(step, agent).is_none());
        self.at += 1;
        self.ready = now;
        match step {
            Step::AgentAudibleMs(_) | Step::AgentEndsInMs(_) => Doing::Nothing,
            Step::AgentDone => {
                self.reaction = reaction(dice);
                Doing::Nothing
            }
            Step::HangUp => Doing::HangUp,
            Step::Keys(keys) => {
                self.since = now;
                self.ready = now + Millis(250 * keys.len() as u64);
                Doing::Keys(keys.clone())
            }
            Step::PauseMs(ms) => {
                self.ready = now + Millis(*ms);
                if let Some(turn) = &mut self.turn {
                    turn.pauses.push((now, now + Millis(*ms)));
                }
                Doing::Nothing
            }
            Step::SilenceMs(ms) => {
                self.ready = now + Millis(*ms);
                Doing::Nothing
            }
            Step::Say(say) => Doing::Sound(self.say(now, say, dice)),
            Step::Sound(sound) => {
                self.ready = now + Millis(sound.ms);
                Doing::Sound(noise(now, sound))
            }
            Step::TurnEnds => {
                self.since = self.turn.as_ref().map_or(now, |turn| turn.ends);
                self.turn.take().map_or(Doing::Nothing, Doing::TurnEnded)
            }
        }
    }

    fn say(&mut self, now: Millis, say: &Say, dice: &mut Dice) -> Heard {
        let words = words(now, say, dice);
        let until = words.back().map_or(now, |word| word.until);
        self.ready = until;
        let goes_on = self.turn.is_some();
        if matches!(say.role, Role::Stop | Role::Turn) {
            let turn = self.turn.get_or_insert_with(|| TurnSeen {
                begins: now,
                ..TurnSeen::default()
            });
            turn.ends = until;
            if !turn.text.is_empty() {
                turn.text.push(' ');
            }
            turn.text.push_str(&say.text);
        }
        let kind = match say.role {
            Role::Backchannel => Kind::Backchannel,
            Role::Background => Kind::Background,
            Role::SideTalk => Kind::SideTalk,
            Role::Stop => Kind::Stop,
            Role::Turn => Kind::Interruption,
        };
        Heard {
            from: now,
            until,
            words,
            level_db: i32::from(say.level_db) + usual_level(say.role),
            nature: Nature::Speech,
            over: (!goes_on).then_some(kind),
        }
    }
}

/// How loud somebody is, against the caller who talks to the agent.
const fn usual_level(role: Role) -> i32 {
    match role {
        Role::Backchannel | Role::Stop | Role::Turn => 0,
        Role::Background => -15,
        Role::SideTalk => -8,
    }
}

fn noise(now: Millis, sound: &Sound) -> Heard {
    Heard {
        from: now,
        until: now + Millis(sound.ms),
        words: VecDeque::new(),
        level_db: i32::from(sound.level_db),
        nature: match sound.kind {
            SoundKind::Babble => Nature::Speech,
            SoundKind::Cough | SoundKind::Um => Nature::Throat,
            SoundKind::Door | SoundKind::Music | SoundKind::Typing => Nature::Thing,
        },
        over: Some(Kind::Noise),
    }
}

/// The words of a phrase, as fast as people talk on the phone: about 170 a minute, long words
/// longer. A word or two alone are drawn out.
fn words(from: Millis, say: &Say, dice: &mut Dice) -> VecDeque<Word> {
    const DRAWN_OUT: f64 = 1.4;
    let texts: Vec<&str> = say.text.split_whitespace().collect();
    let alone = texts.len() <= 2 && say.role != Role::Backchannel;
    let stretch = if alone { DRAWN_OUT } else { 1.0 };
    let mut at = from;
    let mut words = VecDeque::new();
    for text in texts {
        let letters = text
            .chars()
            .filter(|letter| letter.is_alphanumeric())
            .count();
        let usual = 120.0 + 45.0 * letters as f64;
        let length = usual * stretch * (0.9 + 0.2 * dice.unit());
        let until = at + Millis(length.round() as u64);
        words.push_back(Word {
            text: text.to_owned(),
            from: at,
            until,
        });
        at = until;
    }
    words
}

/// People answer within a few tenths of a second.
fn reaction(dice: &mut Dice) -> Millis {
    Millis(250 + dice.throw() % 350)
}
