//! What surrounds a call in virtual time: a caller, a recogniser, a model, a voice and a line, all
//! of them late, and all of them made again by the same seed.
//!
//! The world tells the session only what a real driver could tell it, and keeps what is true:
//! [`Seen`] is what scores are made of.

mod caller;
mod ear;
mod line;
mod model;
mod recogniser;
mod rules;
mod seen;
mod voice;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use domain::{Millis, ReplyId};
use session::{Action, CallSession, Input, Message, Play, Prompt, Rules};

use self::{
    caller::{Agent, Caller, Doing},
    ear::Ear,
    line::Line,
    model::Model,
    recogniser::Recogniser,
    voice::Voice,
};
use super::scenario::Scenario;
use crate::Dice;

pub use rules::{rules, waits};
pub use seen::{Audible, Commit, OverSound, Seen, Sounded, TurnSeen};

/// A call to be played.
#[derive(Clone, Debug)]
pub struct Call {
    /// Who says what.
    pub scenario: Arc<Scenario>,
    /// How the agent behaves.
    pub rules: Arc<Rules>,
    /// Everything random comes from it.
    pub seed: u64,
}

impl Call {
    /// The call of a scenario, by the rules that it asks for.
    #[must_use]
    pub fn of(scenario: Arc<Scenario>, seed: u64) -> Self {
        let rules = Arc::new(rules(&scenario));
        Self {
            scenario,
            rules,
            seed,
        }
    }

    /// Plays it, from answering to hanging up.
    #[must_use]
    pub fn play(&self) -> Seen {
        let (session, first) = CallSession::answered(Arc::clone(&self.rules));
        let mut world = World::new(self, session);
        world.carry_out(first);
        world.run();
        world.seen
    }
}

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Coming {
    /// The session is told.
    Told(Input),
    /// The recogniser looks whether it has something to tell.
    Recogniser(recogniser::Wake),
}

/// Everything that will happen, by time and order of asking.
#[derive(Debug, Default)]
pub(crate) struct Future {
    coming: BTreeMap<(Millis, u64), Coming>,
    asked: u64,
}

impl Future {
    pub(crate) fn at(&mut self, at: Millis, what: Coming) {
        self.asked += 1;
        self.coming.insert((at, self.asked), what);
    }

    pub(crate) fn tell(&mut self, at: Millis, input: Input) {
        self.at(at, Coming::Told(input));
    }

    fn first(&self) -> Option<Millis> {
        self.coming.keys().next().map(|(at, _)| *at)
    }
}

struct World {
    session: CallSession,
    now: Millis,
    future: Future,
    dice: Dice,
    caller: Caller,
    ear: Ear,
    recogniser: Recogniser,
    model: Model,
    voice: Voice,
    line: Line,
    /// Replies that somebody still works on.
    open: BTreeSet<ReplyId>,
    /// Replies that nobody wants any more: what is on its way for them is dropped, as tasks are.
    cancelled: BTreeSet<ReplyId>,
    seen: Seen,
}

/// Who moves next. The order settles ties: the session's own deadlines come first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Mover {
    Session,
    Ear,
    Line,
    Future,
    Caller,
}

/// A call that is not over by then has a bug.
const LONGEST: Millis = Millis(60 * 60_000);

impl World {
    fn new(call: &Call, session: CallSession) -> Self {
        let mut dice = Dice::new(call.seed);
        let scenario = &call.scenario;
        Self {
            session,
            now: Millis::ZERO,
            future: Future::default(),
            caller: Caller::new(scenario, &mut dice),
            ear: Ear::default(),
            recogniser: Recogniser::new(scenario, &mut dice),
            model: Model::new(scenario),
            voice: Voice::new(scenario.tts, &call.rules),
            line: Line::draw(&mut dice),
            open: BTreeSet::new(),
            cancelled: BTreeSet::new(),
            seen: Seen::default(),
            dice,
        }
    }

    fn run(&mut self) {
        self.recogniser.start(&mut self.future);
        while self.session.over().is_none() {
            let Some((at, mover)) = self.next() else {
                break;
            };
            assert!(at < LONGEST, "every call ends");
            self.now = at.or_later(self.now);
            self.step(mover);
        }
        self.seen.ended = self.now;
        self.seen.finals_lost = self.recogniser.lost();
        self.seen.gave_up = self.caller.gave_up();
        self.seen.end = self.session.over();
        self.seen.audible = self.line.audible();
    }

    fn next(&self) -> Option<(Millis, Mover)> {
        let agent = Agent {
            line: &self.line,
            works: self.works(),
        };
        [
            (
                self.session.next_deadline().map(|(at, _)| at),
                Mover::Session,
            ),
            (self.ear.next(), Mover::Ear),
            (self.line.next_mark(), Mover::Line),
            (self.future.first(), Mover::Future),
            (self.caller.next(&agent), Mover::Caller),
        ]
        .into_iter()
        .filter_map(|(at, mover)| Some((at?.or_later(self.now), mover)))
        .min()
    }

    /// Whether the agent has something in the making that is not on the line.
    fn works(&self) -> bool {
        !self.open.is_empty()
    }

    fn step(&mut self, mover: Mover) {
        match mover {
            Mover::Session => self.tell(Input::Tick),
            Mover::Ear => {
                if let Some(input) = self.ear.take() {
                    self.tell(input);
                }
            }
            Mover::Line => {
                if let Some(mark) = self.line.take_mark() {
                    self.tell(Input::Played(mark));
                }
            }
            Mover::Future => self.happen(),
            Mover::Caller => self.caller_acts(),
        }
    }

    fn happen(&mut self) {
        let Some((_, coming)) = self.future.coming.pop_first() else {
            return;
        };
        match coming {
            Coming::Told(input) => {
                if self.is_wanted(&input) {
                    self.note(&input);
                    self.tell(input);
                }
            }
            Coming::Recogniser(wake) => {
                let told = self
                    .recogniser
                    .wake(self.now, wake, &mut self.future, &mut self.dice);
                if let Some(input) = told {
                    self.tell(input);
                }
            }
        }
    }

    /// Whether an answer is still wanted: a task that was stopped tells nothing any more.
    fn is_wanted(&self, input: &Input) -> bool {
        reply_of(input).is_none_or(|reply| !self.cancelled.contains(&reply))
    }

    fn note(&mut self, input: &Input) {
        match input {
            Input::Text { reply, .. } => *self.seen.tokens.entry(*reply).or_default() += 1,
            Input::SpokenAll(reply) => {
                self.open.remove(reply);
            }
            Input::Audio(_)
            | Input::BudgetGone
            | Input::Changed(_)
            | Input::Digit(_)
            | Input::Dismissed
            | Input::HungUp
            | Input::Ignored(_)
            | Input::LineLost
            | Input::NoiseStarted { .. }
            | Input::NoiseStopped { .. }
            | Input::Played(_)
            | Input::Recalled(_)
            | Input::RecogniserBack
            | Input::RecogniserFailed
            | Input::RecogniserLost
            | Input::Round(_)
            | Input::Said { .. }
            | Input::SpeakingFailed(..)
            | Input::Spent(_)
            | Input::SpeechStarted { .. }
            | Input::SpeechStopped { .. }
            | Input::ThinkingBroke(_)
            | Input::ThinkingFailed(_)
            | Input::ThoughtAll(_)
            | Input::Tick
            | Input::ToolAnswered { .. }
            | Input::ToolAsked { .. }
            | Input::TurnEnded { .. }
            | Input::TurnLikely
            | Input::TurnResumed
            | Input::UtteranceOver
            | Input::Words(_)
            | Input::WordsCome(_) => {}
        }
    }

    fn caller_acts(&mut self) {
        let agent = Agent {
            line: &self.line,
            works: self.works(),
        };
        let doing = self.caller.act(self.now, &agent, &mut self.dice);
        match doing {
            Doing::Nothing => {}
            Doing::Sound(sound) => {
                if let Some(kind) = sound.over {
                    self.seen.over_the_agent(&sound, kind, &self.line);
                }
                self.recogniser
                    .hear(&sound, &mut self.future, &mut self.dice);
                self.ear
                    .hear(&sound, self.line.left(self.now), &mut self.dice);
            }
            Doing::Keys(keys) => {
                const APART: Millis = Millis(250);
                self.seen.keys_over_the_agent(self.now, &self.line);
                let mut at = self.now;
                for key in keys.chars() {
                    self.future.tell(at, Input::Digit(key));
                    at += APART;
                }
            }
            Doing::TurnEnded(turn) => self.seen.turns.push(turn),
            Doing::HangUp => self.tell(Input::HungUp),
        }
    }

    fn tell(&mut self, input: Input) {
        self.seen.journal.push((self.now, input.clone()));
        let actions = self.session.handle(self.now, input);
        self.carry_out(actions);
    }

    fn carry_out(&mut self, actions: Vec<Action>) {
        let mut silenced = None;
        for action in actions {
            self.obey(&action, &mut silenced);
            self.seen.actions.push((self.now, action));
        }
    }

    fn obey(&mut self, action: &Action, silenced: &mut Option<ReplyId>) {
        let now = self.now;
        match action {
            Action::Think { reply, prompt } => {
                self.open.insert(*reply);
                self.seen.answers.insert(*reply, asked(prompt));
                self.seen.starts.push((now, *reply));
                self.model
                    .think(now, *reply, &mut self.future, &mut self.dice);
            }
            Action::RunTool(run) => self.model.run_tool(now, run, &mut self.future),
            Action::Speak {
                reply,
                clause,
                text,
            } => {
                self.open.insert(*reply);
                let clause = voice::Clause {
                    reply: *reply,
                    id: *clause,
                    text,
                };
                self.voice
                    .speak(now, &clause, &mut self.future, &mut self.dice);
            }
            Action::SpeakEnd(reply) => self.voice.end(now, *reply, &mut self.future),
            Action::Apologise { reply, clause } | Action::Press { reply, clause, .. } => {
                self.open.insert(*reply);
                self.voice.apologise(now, *reply, *clause, &mut self.future);
            }
            Action::Play(play) => self.play(play),
            Action::Finalize => {
                self.recogniser
                    .finalize(now, &mut self.future, &mut self.dice);
            }
            Action::Cancel { reply, .. } => {
                self.open.remove(reply);
                self.cancelled.insert(*reply);
                self.seen.cancelled.push((now, *reply));
            }
            Action::Commit { reply, because } => self.seen.commits.push(Commit {
                at: now,
                reply: *reply,
                because: *because,
            }),
            Action::Silence { reply, .. } => {
                self.line.silence(now, *reply);
                self.seen.silences.push((now, *reply));
                *silenced = Some(*reply);
            }
            Action::Duck { reply, .. } => self.seen.ducks.push((now, *reply)),
            Action::HearLess => {}
            Action::Restore(reply) => self.seen.restores.push((now, *reply)),
            Action::Pause(reply) => {
                self.line.pause(now);
                self.seen.ducks.push((now, *reply));
            }
            Action::Resume { reply, again } => {
                self.line.resume(now, *again);
                self.seen.restores.push((now, *reply));
            }
            Action::Record(record) => {
                let played = silenced.map(|reply| self.line.words_played(reply, now));
                self.seen.records.push((now, (**record).clone(), played));
            }
            // The simulated line has no rounds, and a late model costs nothing.
            Action::HangUp(_)
            | Action::Note(_)
            | Action::StopThinking(_)
            | Action::TakeRounds(_) => {}
        }
    }

    fn play(&mut self, play: &Play) {
        match play {
            Play::Audio {
                reply,
                bytes,
                duration,
            } => {
                if self.line.is_new(*reply) {
                    self.model.was_heard(*reply);
                }
                let words = self.voice.words_of(bytes);
                self.line.play(self.now, *reply, *duration, words);
            }
            Play::Mark(mark) => {
                self.line.mark(*mark, &mut self.dice);
            }
        }
    }
}

/// Which reply an input is an answer for.
fn reply_of(input: &Input) -> Option<ReplyId> {
    match input {
        Input::Audio(audio) => Some(audio.reply),
        Input::Said { reply, .. }
        | Input::SpeakingFailed(reply, _)
        | Input::SpokenAll(reply)
        | Input::Text { reply, .. }
        | Input::ThinkingBroke(reply)
        | Input::ThinkingFailed(reply)
        | Input::ThoughtAll(reply)
        | Input::ToolAsked { reply, .. } => Some(*reply),
        Input::BudgetGone
        | Input::Changed(_)
        | Input::Digit(_)
        | Input::Dismissed
        | Input::HungUp
        | Input::Ignored(_)
        | Input::LineLost
        | Input::NoiseStarted { .. }
        | Input::NoiseStopped { .. }
        | Input::Played(_)
        | Input::Recalled(_)
        | Input::RecogniserBack
        | Input::RecogniserFailed
        | Input::RecogniserLost
        | Input::Round(_)
        | Input::Spent(_)
        | Input::SpeechStarted { .. }
        | Input::SpeechStopped { .. }
        | Input::Tick
        | Input::ToolAnswered { .. }
        | Input::TurnEnded { .. }
        | Input::TurnLikely
        | Input::TurnResumed
        | Input::UtteranceOver
        | Input::Words(_)
        | Input::WordsCome(_) => None,
    }
}

/// What the caller said last, as the model is told it.
fn asked(prompt: &Prompt) -> String {
    let last = prompt
        .messages
        .iter()
        .rev()
        .find_map(|message| match message {
            Message::Caller(text) => Some(text.clone()),
            Message::Agent { .. } | Message::Note(_) | Message::Tool { .. } => None,
        });
    last.unwrap_or_default()
}

/// A name for a piece of audio, in the place of its sound: the session never looks inside.
fn ticket(number: usize) -> Bytes {
    Bytes::copy_from_slice(&(number as u64).to_le_bytes())
}

fn ticket_number(bytes: &Bytes) -> Option<usize> {
    let number = bytes.as_ref().try_into().ok().map(u64::from_le_bytes)?;
    usize::try_from(number).ok()
}

#[cfg(test)]
mod tests;
