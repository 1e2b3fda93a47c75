mod keys;
mod tool;
mod watch;

use std::ops::Range;

use domain::{EndReason, Millis, ReplyId, TurnRecord, TurnTaking};

use crate::{
    Audio, ClauseId, Expected, Message, ToolCall, WaitClass,
    clauses::ClauseCutter,
    playout::Playout,
    spoken::Spoken,
    turn::hidden_keys,
    words::{Lists, normalised},
};

pub(crate) use keys::Keys;
pub(crate) use tool::{END_CALL, PRESS_KEYS, Tool, ToolState};
pub(crate) use watch::Stopwatch;

/// One reply of the agent, from the first thought to the last sample heard.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) id: ReplyId,
    pub(crate) kind: Kind,
    pub(crate) stage: Stage,
    /// What the caller said that this answers.
    pub(crate) answers: String,
    pub(crate) cutter: ClauseCutter,
    pub(crate) playout: Playout,
    pub(crate) writing: Writing,
    pub(crate) voicing: Voicing,
    pub(crate) rounds: Vec<Round>,
    pub(crate) watch: Stopwatch,
    pub(crate) ended_by: WaitClass,
    /// What follows when it was heard.
    pub(crate) then: After,
    /// How the floor came to it, for the record.
    pub(crate) taking: TurnTaking,
    /// Clauses that are to be spoken when it is wanted.
    pub(crate) unspoken: Vec<String>,
    /// What the model says that the caller will answer.
    pub(crate) expects: Option<Expected>,
    /// Clauses that are sentences of the agent's own and ask nothing new: openers, fillers, excuses.
    ours: Vec<Range<usize>>,
    /// When the last opener or filler was said.
    pub(crate) masked_at: Option<Millis>,
    /// Since when tools run that the caller waits for.
    pub(crate) tools_since: Option<Millis>,
    /// What the model noted, for the record.
    pub(crate) tags: Vec<String>,
    /// What it presses when its words were spoken.
    pub(crate) keys: Keys,
    /// What of the caller's words must not be kept.
    pub(crate) secret: Secret,
    /// What was written when a model broke off: the next one may begin with it again.
    pub(crate) before_break: Vec<String>,
    /// Times that a model broke off.
    pub(crate) breaks: u32,
    /// A model that wrote nothing was asked once more.
    pub(crate) asked_again: bool,
    /// The clause that a model says by itself: it grows while it is the last one.
    said_by_model: Option<ClauseId>,
}

/// What of the caller's words the model gets, and records do not.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Secret {
    /// What was typed.
    Keys,
    #[default]
    Nothing,
    /// All of it.
    Words,
}

impl Secret {
    /// The words as they may be kept.
    pub(crate) fn hide(self, text: &str) -> String {
        match self {
            Self::Keys => hidden_keys(text),
            Self::Nothing => text.to_owned(),
            Self::Words => text
                .split_whitespace()
                .map(|_| "•••")
                .collect::<Vec<_>>()
                .join(" "),
        }
    }
}

/// Where a reply comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// The model answers the caller.
    Answer,
    /// A sentence of the agent's own.
    Line,
    /// A sentence of the agent's own that nobody can stop.
    ProtectedLine,
}

/// How far a reply may go.
#[derive(Debug)]
pub(crate) enum Stage {
    /// Its audio goes to the caller.
    Released,
    /// Begun before the caller's turn was surely over: its audio is held back.
    Speculative { held: Vec<Audio> },
    /// Wanted, but the caller has begun to speak again, and may go on.
    Withheld { held: Vec<Audio> },
}

/// How far the model is with a reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Writing {
    Done,
    /// Nothing came of it. A speculative reply tells so only when it is wanted.
    Failed,
    Going,
}

/// How far the voice is with a reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Voicing {
    Done,
    /// It was told that no more clauses will come.
    Ending,
    Open,
}

/// What follows a reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum After {
    /// The rest of it could not be spoken.
    Apologise,
    HangUp(EndReason),
    Listen,
}

/// How a reply came to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Finish {
    CutByCaller,
    /// Something else came first: the end of the call, a parting line.
    CutShort,
    Heard,
}

/// What the model wrote in one go, and the tools it asked for at the end of it.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// The clauses it wrote.
    clauses: Range<usize>,
    /// When the model was asked for it; the first one began with the reply.
    since: Option<Millis>,
    pub(crate) tools: Vec<Tool>,
}

impl Reply {
    pub(crate) fn new(
        id: ReplyId,
        kind: Kind,
        stage: Stage,
        lists: Option<&'static Lists>,
    ) -> Self {
        Self {
            id,
            kind,
            stage,
            answers: String::new(),
            cutter: ClauseCutter::new(lists),
            playout: Playout::default(),
            writing: if kind == Kind::Answer {
                Writing::Going
            } else {
                Writing::Done
            },
            voicing: Voicing::Open,
            rounds: vec![Round::default()],
            watch: Stopwatch::default(),
            ended_by: WaitClass::Unknown,
            then: After::Listen,
            taking: TurnTaking::default(),
            unspoken: Vec::new(),
            expects: None,
            ours: Vec::new(),
            masked_at: None,
            tools_since: None,
            tags: Vec::new(),
            keys: Keys::default(),
            secret: Secret::Nothing,
            before_break: Vec::new(),
            breaks: 0,
            asked_again: false,
            said_by_model: None,
        }
    }

    pub(crate) fn is_speculative(&self) -> bool {
        matches!(self.stage, Stage::Speculative { .. })
    }

    /// Whether the caller has heard, or is hearing, some of it.
    pub(crate) fn is_audible(&self) -> bool {
        self.playout.begins().is_some()
    }

    /// Whether tools with effects ran for it, so that it cannot be undone.
    pub(crate) fn has_effects(&self) -> bool {
        self.tools().any(|tool| {
            !tool.read_only && matches!(tool.state, ToolState::Answered(_) | ToolState::Running(_))
        })
    }

    /// Whether it can be undone as if it had never been begun.
    pub(crate) fn can_be_taken_back(&self) -> bool {
        self.kind == Kind::Answer && !self.is_audible() && !self.has_effects()
    }

    /// Whether the model itself asked to hang up.
    pub(crate) fn hangs_up_by_tool(&self) -> bool {
        self.tools().any(|tool| tool.call.name == END_CALL)
    }

    /// Whether some tool was asked for and has not answered.
    pub(crate) fn awaits_tools(&self) -> bool {
        self.tools()
            .any(|tool| matches!(tool.state, ToolState::Asked | ToolState::Running(_)))
    }

    /// Whether nothing more will come for it, be it words, tools or audio.
    pub(crate) fn is_made(&self) -> bool {
        self.writing != Writing::Going && self.voicing == Voicing::Done && !self.awaits_tools()
    }

    /// How much of what was handed over so far is still to be played.
    pub(crate) fn remaining(&self, now: Millis) -> Millis {
        self.playout.remaining(now)
    }

    pub(crate) fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.rounds.iter().flat_map(|round| &round.tools)
    }

    pub(crate) fn tools_mut(&mut self) -> impl Iterator<Item = &mut Tool> {
        self.rounds.iter_mut().flat_map(|round| &mut round.tools)
    }

    /// The tools of the round that is going on.
    pub(crate) fn round(&mut self) -> &mut Round {
        self.rounds
            .last_mut()
            .expect("a reply begins with a round and never loses one")
    }

    /// Announces a clause within the round that is going on.
    pub(crate) fn announce(&mut self, spoken: Spoken) -> ClauseId {
        let clause = self.playout.announce(spoken);
        let clauses = self.playout.clauses();
        self.round().clauses.end = clauses;
        clause
    }

    /// A model says more by itself. All of it is one clause, since it does not tell which sound is
    /// that of which sentence.
    pub(crate) fn say_more(&mut self, text: &str) {
        let grows = |clause: ClauseId| clause.0 as usize + 1 == self.playout.clauses();
        if self.said_by_model.is_some_and(grows) {
            return self.playout.extend(text);
        }
        let spoken = Spoken::verbatim(text.trim_start().to_owned());
        self.said_by_model = Some(self.announce(spoken));
    }

    /// Takes over what the model and its tools did in a reply of which nothing was said.
    pub(crate) fn inherit(&mut self, failed: Self) {
        // What it wrote was never heard: only what its tools did remains.
        let tools = failed.rounds.into_iter().map(|round| Round {
            clauses: 0..0,
            ..round
        });
        self.rounds.splice(0..0, tools);
        self.answers = failed.answers;
        self.secret = failed.secret;
        self.taking = failed.taking;
        self.ended_by = failed.ended_by;
        self.watch = Stopwatch {
            clause: self.watch.clause,
            audio: None,
            played: None,
            ..failed.watch
        };
    }

    /// Whether the round that is going on has said nothing, or only covered a wait.
    pub(crate) fn round_is_silent(&self) -> bool {
        self.rounds
            .last()
            .is_none_or(|round| self.are_ours(&round.clauses))
            && self.unspoken.is_empty()
    }

    fn are_ours(&self, clauses: &Range<usize>) -> bool {
        clauses.clone().all(|clause| self.is_ours(clause))
    }

    fn is_ours(&self, clause: usize) -> bool {
        self.ours.iter().any(|ours| ours.contains(&clause))
    }

    /// Whether nothing at all has come of it, be it words or tools.
    pub(crate) fn round_is_empty(&self) -> bool {
        let toolless = |round: &Round| round.tools.is_empty();
        self.round_is_silent() && self.rounds.last().is_none_or(toolless)
    }

    /// When the model was asked to go on after its tools.
    pub(crate) fn round_since(&self) -> Option<Millis> {
        self.rounds.last()?.since
    }

    /// Whether it has said anything but openers, fillers and excuses.
    pub(crate) fn has_words(&self) -> bool {
        let ours = |round: &Round| self.are_ours(&round.clauses);
        !self.unspoken.is_empty() || !self.rounds.iter().all(ours)
    }

    /// All clauses since there were so many are the agent's own.
    pub(crate) fn own_since(&mut self, clauses: usize) {
        self.ours.push(clauses..self.playout.clauses());
    }

    /// The last words only cover a wait.
    pub(crate) fn masked(&mut self, now: Millis) {
        self.taking.masks += 1;
        self.masked_at = Some(now);
    }

    /// The tools have answered: the model goes on.
    pub(crate) fn next_round(&mut self, now: Millis) {
        let at = self.playout.clauses();
        self.rounds.push(Round {
            clauses: at..at,
            since: Some(now),
            tools: Vec::new(),
        });
        self.writing = Writing::Going;
        self.said_by_model = None;
    }

    /// The model broke off: half a plan is no plan, and half a sentence is not said.
    pub(crate) fn break_off(&mut self, lists: Option<&'static Lists>) {
        self.round().tools.clear();
        self.cutter = ClauseCutter::new(lists);
        self.breaks += 1;
        let said = (0..self.playout.clauses()).map(|at| self.playout.said_text(at..at + 1));
        self.before_break = said
            .chain(self.unspoken.iter().cloned())
            .map(|text| normalised(&text))
            .collect();
    }

    /// Whether a model that goes on for another one says again what that one said.
    pub(crate) fn repeats(&mut self, words: &str) -> bool {
        let repeats = self.before_break.contains(&normalised(words));
        if !repeats {
            self.before_break.clear();
        }
        repeats
    }

    /// Takes what the model noted between `[[` and `]]`.
    pub(crate) fn note(&mut self, note: &str) {
        const MOST_TAGS: usize = 16;
        let note = note.trim();
        if let Some(expected) = Expected::parse(note) {
            self.expects = Some(expected);
        } else if note == END_CALL {
            self.then = After::HangUp(EndReason::AgentEnded);
        } else if !note.is_empty() && !note.starts_with("expect") && self.tags.len() < MOST_TAGS {
            self.tags.push(note.to_owned());
        }
    }

    /// Everything said, heard or not.
    pub(crate) fn said(&self) -> String {
        self.playout.said_text(0..self.playout.clauses())
    }

    /// The part of it that was heard by `now`.
    pub(crate) fn heard(&self, now: Millis) -> String {
        self.playout.heard_text(0..self.playout.clauses(), now)
    }

    /// What was heard by `now` that the caller's next words may answer: what the model or the
    /// greeting says.
    pub(crate) fn heard_to_ask(&self, now: Millis) -> String {
        (0..self.playout.clauses())
            .filter(|clause| !self.is_ours(*clause))
            .map(|clause| self.playout.heard_text(clause..clause + 1, now))
            .filter(|heard| !heard.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The exchange for the model's history, as it was heard by `now`.
    pub(crate) fn messages(&self, now: Millis, interrupted: bool) -> Vec<Message> {
        let heard = |clauses| self.playout.heard_text(clauses, now);
        self.conversation(heard, Some(self.keys.pressed(heard)), interrupted)
    }

    /// The exchange for the model while the reply goes on: what it wrote so far, heard or not.
    pub(crate) fn messages_so_far(&self) -> Vec<Message> {
        let said = |clauses| self.playout.said_text(clauses);
        let pressed = (!self.keys.wait()).then(|| self.keys.pressed(said));
        let mut messages = self.conversation(said, pressed, false);
        let unspoken = self.unspoken.join(" ");
        if !unspoken.is_empty() {
            match messages.last_mut() {
                Some(Message::Agent { text, tools, .. }) if tools.is_empty() => {
                    text.push(' ');
                    text.push_str(&unspoken);
                }
                Some(_) | None => messages.push(Message::Agent {
                    text: unspoken,
                    interrupted: false,
                    tools: Vec::new(),
                }),
            }
        }
        messages
    }

    fn conversation(
        &self,
        text: impl Fn(Range<usize>) -> String,
        pressed: Option<String>,
        interrupted: bool,
    ) -> Vec<Message> {
        let mut messages = Vec::new();
        if !self.answers.is_empty() {
            messages.push(Message::Caller(self.answers.clone()));
        }
        for (index, round) in self.rounds.iter().enumerate() {
            let text = text(round.clauses.clone());
            let last = index + 1 == self.rounds.len();
            let tools: Vec<ToolCall> = round.tools.iter().map(|tool| tool.call.clone()).collect();
            if !text.is_empty() || !tools.is_empty() {
                messages.push(Message::Agent {
                    text,
                    interrupted: interrupted && last,
                    tools,
                });
            }
            messages.extend(
                round
                    .tools
                    .iter()
                    .map(|tool| tool.answer(pressed.as_deref())),
            );
        }
        messages
    }

    /// Why the caller's turn was taken to be over. Empty when the agent spoke unasked.
    fn ended_by(&self) -> String {
        if self.answers.is_empty() {
            String::new()
        } else {
            self.ended_by.as_str().to_owned()
        }
    }

    /// The exchange as it is kept.
    pub(crate) fn record(&self, number: u32, now: Millis, interrupted: bool) -> TurnRecord {
        TurnRecord {
            number,
            at: self
                .watch
                .began
                .or(self.playout.begins())
                .unwrap_or_default(),
            caller: self.secret.hide(&self.answers),
            said: self.said(),
            heard: self.heard(now),
            interrupted,
            ended_by: self.ended_by(),
            gap: self.watch.gap(),
            tools: self.tools().map(|tool| tool.call.name.clone()).collect(),
            tags: self.tags.clone(),
            providers: Vec::new(),
            taking: self.taking.clone(),
        }
    }
}
