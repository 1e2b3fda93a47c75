//! A caller who follows a scenario, sample by sample. Pure: its clock is the audio.

use std::sync::Arc;

use super::{
    cast::{CHAR_MS, Role, gain, scaled},
    line::Own,
    listener::Tick,
    sounds,
    stamp::{SLOT, Stamp},
    truth::{TrueTurn, Truth, Uttered, What},
};
use crate::{
    carrier::{FRAME, SAMPLES_PER_MS, TICK_MS},
    turns::{
        bounds::PATIENCE,
        scenario::{Role as Meant, Say, Sound, Step},
    },
};

/// Quiet after which an agent has finished.
const DONE_MS: u64 = 800;
/// Pauses inside the agent's speech shorter than this do not end it.
const BREATH_MS: u64 = 400;
/// From one key to the next.
const KEY_MS: u64 = 250;

/// What the caller does in 20 ms.
#[derive(Debug)]
pub(super) struct Doing {
    pub(super) own: [Own; 2],
    pub(super) keys: Vec<char>,
    pub(super) hangs_up: bool,
}

/// The caller of one role.
#[derive(Debug)]
pub(super) struct Caller {
    role: Arc<Role>,
    next_step: usize,
    next_clip: usize,
    step_began: u64,
    /// Silence of the agent since then.
    silence_ms: u64,
    sounding: Option<Sounding>,
    /// Samples of silence before the next step.
    silent: u64,
    keys: Vec<char>,
    /// Keys of the step at hand that were pressed.
    pressed: usize,
    hangs_up: bool,
    open_turn: Option<TrueTurn>,
    /// Samples since the call began.
    now: u64,
    agent: Agent,
    truth: Truth,
}

#[derive(Debug)]
struct Sounding {
    samples: Vec<i16>,
    at: usize,
    clip: Option<u16>,
}

/// What the caller notices of the agent.
#[derive(Debug)]
struct Agent {
    owes: Owed,
    talking_ms: u64,
    quiet_ms: u64,
    /// Samples played of the reply.
    played: u64,
}

/// What the agent owes since the caller was done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Owed {
    /// All of its answer: nothing was heard since.
    Answer,
    Nothing,
    /// What comes after the words that covered a wait.
    RestOfAnswer,
}

/// What begins to be heard of the agent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Begun {
    /// Words that only cover a wait.
    Mask,
    Nothing,
    Words,
}

impl Caller {
    pub(super) fn new(role: Arc<Role>) -> Self {
        let owes = if role.scenario.agent.greeting.is_empty() {
            Owed::Nothing
        } else {
            Owed::Answer
        };
        Self {
            role,
            next_step: 0,
            next_clip: 0,
            step_began: 0,
            silence_ms: 0,
            sounding: None,
            silent: 0,
            keys: Vec::new(),
            pressed: 0,
            hangs_up: false,
            open_turn: None,
            now: 0,
            agent: Agent {
                owes,
                talking_ms: 0,
                quiet_ms: BREATH_MS,
                played: 0,
            },
            truth: Truth::default(),
        }
    }

    /// Lives through 20 ms, in which this was heard.
    pub(super) fn tick(&mut self, heard: &Tick) -> Doing {
        self.agent.notice(heard, self.begun(heard));
        if self.agent.talking_ms == 0 {
            self.silence_ms += TICK_MS;
        }
        let own = [self.slot(), self.slot()];
        Doing {
            own,
            keys: std::mem::take(&mut self.keys),
            hangs_up: self.hangs_up,
        }
    }

    fn begun(&self, heard: &Tick) -> Begun {
        let Some(playing) = heard.playing.filter(|playing| playing.begins) else {
            return Begun::Nothing;
        };
        let piece = self.role.piece(playing.clip);
        if piece.is_some_and(|piece| self.role.is_mask(&piece.text)) {
            Begun::Mask
        } else {
            Begun::Words
        }
    }

    pub(super) fn into_truth(self) -> Truth {
        self.truth
    }

    fn slot(&mut self) -> Own {
        let mut own = Own::SILENT;
        let mut filled = 0;
        while filled < SLOT {
            let rest = &mut own.samples[filled..];
            let taken = if let Some(sounding) = &mut self.sounding {
                if filled == 0 {
                    own.stamp = sounding.stamp();
                }
                sounding.take(rest)
            } else if self.silent > 0 {
                let taken = self.silent.min(rest.len() as u64);
                self.silent -= taken;
                usize::try_from(taken).unwrap_or(SLOT)
            } else if self.step() {
                continue;
            } else {
                rest.len()
            };
            filled += taken;
            self.now += taken as u64;
            self.see_what_is_over();
        }
        own
    }

    fn now_ms(&self) -> u64 {
        self.now / SAMPLES_PER_MS
    }

    fn see_what_is_over(&mut self) {
        let over = self
            .sounding
            .take_if(|sounding| sounding.at >= sounding.samples.len());
        if over.is_some() {
            let now = self.now_ms();
            let Some(uttered) = self.truth.uttered.last_mut() else {
                return;
            };
            uttered.ended_ms = now;
            let of_turn = matches!(uttered.what, What::Words(Meant::Stop | Meant::Turn));
            if let Some(turn) = self.open_turn.as_mut().filter(|_| of_turn) {
                turn.ended_ms = now;
            }
        }
    }

    /// Takes the next step if it is time for it. False: not yet, or there is none.
    fn step(&mut self) -> bool {
        let role = self.role.clone();
        let Some(step) = role.scenario.steps.get(self.next_step) else {
            return false;
        };
        let done = match step {
            Step::AgentAudibleMs(ms) => {
                let due = self.agent.owes == Owed::Nothing && self.agent.talking_ms >= *ms;
                due || self.gives_up()
            }
            Step::AgentDone => {
                let due = self.agent.owes == Owed::Nothing && self.agent.quiet_ms >= DONE_MS;
                due || self.gives_up()
            }
            Step::AgentEndsInMs(ms) => {
                let due = self.agent.owes == Owed::Nothing && self.agent_ends_in_ms() <= *ms;
                due || self.gives_up()
            }
            Step::HangUp => {
                self.hangs_up = true;
                false
            }
            Step::Keys(keys) => self.press(keys),
            Step::PauseMs(ms) | Step::SilenceMs(ms) => {
                self.silent = ms * SAMPLES_PER_MS;
                true
            }
            Step::Say(say) => self.say(say),
            Step::Sound(sound) => self.sound(*sound),
            Step::TurnEnds => self.end_turn(),
        };
        if done {
            self.next_step += 1;
            self.step_began = self.now;
            self.silence_ms = 0;
        }
        done
    }

    fn gives_up(&mut self) -> bool {
        let late = self.silence_ms > PATIENCE.0;
        if late {
            self.truth.gave_up += 1;
            self.agent.owes = Owed::Nothing;
        }
        late
    }

    /// How much of the reply that is being played is left.
    fn agent_ends_in_ms(&self) -> u64 {
        let chars = self.role.newest_reply().chars().count();
        let whole = (chars * CHAR_MS) as u64;
        whole.saturating_sub(self.agent.played / SAMPLES_PER_MS)
    }

    /// Presses the keys that are due; true when the last one had its time.
    fn press(&mut self, keys: &str) -> bool {
        let due = self.step_began + self.pressed as u64 * KEY_MS * SAMPLES_PER_MS;
        if self.now < due {
            return false;
        }
        let Some(key) = keys.chars().nth(self.pressed) else {
            self.pressed = 0;
            self.agent.owe();
            return true;
        };
        self.pressed += 1;
        self.keys.push(key);
        self.truth.keys_ms.push(self.now_ms());
        false
    }

    fn say(&mut self, say: &Say) -> bool {
        let Some(clip) = self.role.clips.get(self.next_clip) else {
            return true;
        };
        let samples = clip.samples.clone();
        let number = u16::try_from(self.next_clip).ok();
        self.next_clip += 1;
        if matches!(say.role, Meant::Stop | Meant::Turn) {
            let now = self.now_ms();
            let turn = self.open_turn.get_or_insert(TrueTurn {
                text: String::new(),
                began_ms: now,
                ended_ms: now,
            });
            let blank = if turn.text.is_empty() { "" } else { " " };
            turn.text.push_str(blank);
            turn.text.push_str(&say.text);
        }
        self.begin(What::Words(say.role), samples, number);
        true
    }

    fn sound(&mut self, sound: Sound) -> bool {
        let louder = gain(i32::from(sound.level_db));
        let made = sounds::make(sound.kind, sound.ms, self.now);
        let samples = made.into_iter().map(|sample| scaled(sample, louder));
        self.begin(What::Sound(sound.kind), samples.collect(), None);
        true
    }

    fn begin(&mut self, what: What, samples: Vec<i16>, clip: Option<u16>) {
        let said = clip.and_then(|clip| self.role.clips.get(usize::from(clip)));
        let text = said.map_or_else(String::new, |clip| format!("{:?}", clip.text));
        self.truth.uttered.push(Uttered {
            what,
            text,
            began_ms: self.now_ms(),
            ended_ms: self.now_ms(),
            over_agent: self.agent.talking_ms > 0,
        });
        self.sounding = Some(Sounding {
            samples,
            at: 0,
            clip,
        });
    }

    fn end_turn(&mut self) -> bool {
        self.truth.turns.extend(self.open_turn.take());
        self.agent.owe();
        true
    }
}

impl Sounding {
    fn stamp(&self) -> Option<Stamp> {
        let slot = u16::try_from(self.at / SLOT).unwrap_or(u16::MAX);
        self.clip.map(|clip| Stamp { clip, slot })
    }

    fn take(&mut self, out: &mut [i16]) -> usize {
        let rest = &self.samples[self.at..];
        let taken = rest.len().min(out.len());
        out[..taken].copy_from_slice(&rest[..taken]);
        self.at += taken;
        taken
    }
}

impl Agent {
    fn owe(&mut self) {
        self.owes = Owed::Answer;
    }

    fn notice(&mut self, heard: &Tick, begun: Begun) {
        match (self.owes, begun) {
            (Owed::Answer, Begun::Mask | Begun::Words) => {
                self.played = 0;
                self.talking_ms = 0;
            }
            (Owed::RestOfAnswer, Begun::Words) => self.played = 0,
            (Owed::Nothing, _) | (_, Begun::Nothing) | (Owed::RestOfAnswer, Begun::Mask) => {}
        }
        self.owes = match (self.owes, begun) {
            (Owed::Answer, Begun::Mask) => Owed::RestOfAnswer,
            (Owed::Answer | Owed::RestOfAnswer, Begun::Words) => Owed::Nothing,
            (owes, Begun::Mask | Begun::Nothing | Begun::Words) => owes,
        };
        if heard.playing.is_some() {
            self.played += FRAME as u64;
        }
        if heard.audible() || begun != Begun::Nothing {
            self.quiet_ms = 0;
        } else {
            self.quiet_ms += TICK_MS;
        }
        if self.quiet_ms >= BREATH_MS {
            self.talking_ms = 0;
        } else if heard.audible() || self.talking_ms > 0 {
            self.talking_ms += TICK_MS;
        }
    }
}

#[cfg(test)]
mod tests;
