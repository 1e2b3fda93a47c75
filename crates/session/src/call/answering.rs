//! The model's side: replies, speculation, tools.

use domain::{EndReason, Millis, ReplyId};

use super::{CallSession, Phase, Settled, waiting::Patience};
use crate::{
    Action, Because, CancelReason, Message, Note, Prompt, Speculate, ToolCall, ToolRun, ToolRunId,
    WaitClass,
    budget::Funds,
    clauses::Piece,
    reply::{
        After, END_CALL, Kind, PRESS_KEYS, Reply, Secret, Stage, Tool, ToolState, Voicing, Writing,
    },
    timers::Timer,
    words,
};

/// Models that may break off in one reply.
const MOST_BREAKS: u32 = 3;
/// What a model is told when the reply has begun without it.
const GO_ON: &str = "[Not said by anyone: the caller has heard these words. Go on with what comes \
                     next, and repeat none of them.]";

impl CallSession {
    /// Begins a reply to what the caller said so far, unless it was begun already.
    pub(super) fn speculate(&mut self, now: Millis) {
        let solvent = self.funds != Funds::Empty;
        if solvent && self.reply.is_none() && self.turn.may_speculate() {
            self.begin_answer(now, Stage::Speculative { held: Vec::new() });
        }
    }

    fn begin_answer(&mut self, now: Millis, stage: Stage) {
        let mut reply = self.new_reply(Kind::Answer, stage);
        self.answer_turn(&mut reply);
        reply.watch.quiet.get_or_insert(now);
        let prompt = self.prompt(&reply, reply.messages_so_far());
        self.actions.push(Action::Think {
            reply: reply.id,
            prompt,
        });
        self.reply = Some(reply);
    }

    /// What the model sees for this reply.
    fn prompt(&self, reply: &Reply, so_far: Vec<Message>) -> Prompt {
        let mut prompt = self.history.prompt(&self.rules, so_far);
        prompt.may_press = self.may_press(&reply.answers);
        prompt
    }

    /// This reply answers what the caller said and typed so far.
    pub(super) fn answer_turn(&mut self, reply: &mut Reply) {
        reply.taking.overlaps.splice(0..0, self.cut_ins.drain(..));
        reply.answers = self.turn.text();
        reply.secret = self.secret();
        reply.watch.began = self.turn.onset();
        // Keys make no sound: the wait begins with the last one.
        reply.watch.quiet = self.turn.quiet_since().filter(|_| !self.turn.has_keys());
        reply.watch.words = self.turn.words_at();
    }

    /// What of the caller's words must not be kept.
    pub(super) fn secret(&self) -> Secret {
        if self.question.expected.secret {
            Secret::Words
        } else if self.rules.dtmf.secret {
            Secret::Keys
        } else {
            Secret::Nothing
        }
    }

    pub(super) fn new_reply(&mut self, kind: Kind, stage: Stage) -> Reply {
        self.last_reply = ReplyId(self.last_reply.0 + 1);
        let lists = words::lists(&self.rules.language);
        Reply::new(self.last_reply, kind, stage, lists)
    }

    /// The caller's turn is over: whatever answers it may be heard.
    pub(super) fn commit(&mut self, now: Millis, settled: Settled) {
        let text = self.turn.text();
        let farewell = words::says_goodbye(&text, &self.rules.end.goodbyes) && !words::asks(&text);
        if let Phase::Leaving(why) = self.phase {
            if farewell {
                return self.end(now, why);
            }
            self.phase = Phase::Talking;
            if self.funds == Funds::Empty {
                return self.part(now, EndReason::BudgetExhausted);
            }
        }
        self.quiet_timers();
        self.waiting.reminders = 0;
        self.waiting.patience = Patience::Usual;
        self.judge_far_end(&text);
        if settled.class == WaitClass::Hold {
            return self.hold_on(now, settled);
        }
        let begun = self.reply.is_some();
        let fresh = begun
            && self
                .reply
                .as_ref()
                .is_some_and(|reply| self.answers(&reply.answers));
        if !fresh {
            self.cancel_unheard(CancelReason::Stale);
            self.begin_answer(now, Stage::Released);
        }
        self.keep_reasons(now, settled, fresh);
        self.release(now, settled, farewell);
    }

    fn quiet_timers(&mut self) {
        for timer in [
            Timer::EndOfTurn,
            Timer::Finalize,
            Timer::Grace,
            Timer::Idle,
            Timer::Keys,
            Timer::Speculate,
            Timer::Unheard,
        ] {
            self.timers.disarm(timer);
        }
    }

    /// The caller asks for a moment, and gets it.
    fn hold_on(&mut self, now: Millis, settled: Settled) {
        self.cancel_unheard(CancelReason::Stale);
        self.waiting.patience = Patience::OnHold;
        let line = self.rules.lines.hold.clone();
        if line.trim().is_empty() {
            self.history.add([Message::Caller(self.turn.text())]);
            self.keep_unanswered(now);
            return self.wait_for_caller(now);
        }
        self.say(now, Kind::Line, &line, After::Listen);
        self.keep_reasons(now, settled, false);
        if let Some(reply) = &mut self.reply {
            reply.ended_by = settled.class;
        }
        self.answer_by_line();
    }

    /// Why the turn was taken when it was, for the record of what answers it.
    fn keep_reasons(&mut self, now: Millis, settled: Settled, paid_off: bool) {
        let (speculations, taken_back) = (self.turn.speculations(), self.turn.times_taken_back());
        let quiet = self.turn.quiet_since().filter(|_| !self.turn.has_keys());
        let words = self.turn.words_at();
        let Some(reply) = &mut self.reply else { return };
        let taking = &mut reply.taking;
        self.question
            .expected
            .what
            .as_str()
            .clone_into(&mut taking.expected);
        settled.evidence.as_str().clone_into(&mut taking.evidence);
        taking.wait = settled.wait;
        taking.waited = quiet.map_or(Millis::ZERO, |quiet| now - quiet);
        taking.pace_percent = u32::try_from(self.pace.percent()).unwrap_or(u32::MAX);
        taking.stt_lag = quiet.zip(words).map(|(quiet, words)| words - quiet);
        taking.speculations = speculations;
        taking.paid_off = paid_off;
        taking.taken_back = taken_back;
    }

    /// Lets the reply's audio and tools go.
    fn release(&mut self, now: Millis, settled: Settled, farewell: bool) {
        let text = self.turn.text();
        let Some(reply) = &mut self.reply else { return };
        reply.answers = text;
        reply.ended_by = settled.class;
        reply.watch.committed = Some(now);
        if farewell {
            reply.then = After::HangUp(EndReason::AgentEnded);
        }
        self.actions.push(Action::Commit {
            reply: reply.id,
            because: Because {
                class: settled.class,
                waited: reply.taking.waited,
                wait: settled.wait,
                expected: self.question.expected.what,
                evidence: settled.evidence,
            },
        });
        let stage = std::mem::replace(&mut reply.stage, Stage::Released);
        let writing = reply.writing;
        let unspoken = std::mem::take(&mut reply.unspoken);
        self.say_what_waited(now);
        self.speak(now, unspoken.into_iter().map(Piece::Words).collect());
        if let Stage::Speculative { held } = stage {
            self.play_held(now, held);
        }
        match writing {
            Writing::Done => self.run_tools(now),
            Writing::Failed => self.reply_failed(now, EndReason::ProviderFailedLlm),
            Writing::Going => {}
        }
        self.arm_mask(now);
    }

    pub(super) fn on_text(&mut self, now: Millis, id: ReplyId, text: &str) {
        let Some(reply) = self.current(id) else {
            return;
        };
        if reply.writing != Writing::Going {
            return;
        }
        let mut pieces = Vec::new();
        reply.cutter.push(text, &mut pieces);
        self.speak_new(now, pieces);
    }

    /// Has clauses that the model wrote spoken, but for those that it says again for another one.
    fn speak_new(&mut self, now: Millis, mut pieces: Vec<Piece>) {
        let Some(reply) = &mut self.reply else { return };
        pieces.retain(|piece| match piece {
            Piece::Note(_) => true,
            Piece::Words(words) => !reply.repeats(words),
        });
        self.speak(now, pieces);
    }

    /// A model speaks for itself, and tells what: nobody else has to.
    pub(super) fn on_said(&mut self, now: Millis, id: ReplyId, text: &str) {
        let Some(reply) = self.current(id) else {
            return;
        };
        if reply.writing != Writing::Going {
            return;
        }
        reply.watch.clause.get_or_insert(now);
        reply.say_more(text);
    }

    /// Has clauses of the current reply spoken.
    pub(super) fn speak(&mut self, now: Millis, pieces: Vec<Piece>) {
        let mode = self.rules.turn.speculate;
        let Some(reply) = &mut self.reply else { return };
        for piece in pieces {
            let words = match piece {
                Piece::Note(note) => {
                    reply.note(&note);
                    continue;
                }
                Piece::Words(words) => words,
            };
            let early = mode == Speculate::Speak && reply.playout.clauses() == 0;
            if reply.is_speculative() && !early {
                reply.unspoken.push(words);
                continue;
            }
            let spoken = self.rules.spoken(words);
            if !spoken.text().contains(char::is_alphanumeric) {
                continue;
            }
            reply.watch.clause.get_or_insert(now);
            let text = spoken.text().to_owned();
            let clause = reply.announce(spoken);
            self.actions.push(Action::Speak {
                reply: reply.id,
                clause,
                text,
            });
        }
    }

    pub(super) fn thought_all(&mut self, now: Millis, id: ReplyId) {
        let Some(reply) = self.current(id) else {
            return;
        };
        if std::mem::replace(&mut reply.writing, Writing::Done) != Writing::Going {
            return;
        }
        let mut pieces = Vec::new();
        reply.cutter.finish(&mut pieces);
        self.speak_new(now, pieces);
        let Some(reply) = &mut self.reply else { return };
        let hangs_up = matches!(reply.then, After::HangUp(_));
        if reply.round_is_empty() && !hangs_up {
            if !std::mem::replace(&mut reply.asked_again, true) {
                reply.writing = Writing::Going;
                return self.think_on();
            }
            if !reply.has_words() {
                return self.round_failed(now);
            }
        }
        self.failures.unwritten = 0;
        self.run_tools(now);
    }

    /// The model broke off, and another one can go on where it did.
    pub(super) fn thinking_broke(&mut self, now: Millis, id: ReplyId) {
        let lists = words::lists(&self.rules.language);
        let Some(reply) = self.current(id) else {
            return;
        };
        if reply.writing != Writing::Going {
            return;
        }
        reply.break_off(lists);
        if reply.breaks > MOST_BREAKS {
            return self.thinking_failed(now, id);
        }
        self.think_on();
    }

    /// Has a model write what comes next in the reply that is being written.
    fn think_on(&mut self) {
        let Some(reply) = &self.reply else { return };
        let id = reply.id;
        let mut so_far = reply.messages_so_far();
        if matches!(so_far.last(), Some(Message::Agent { .. })) {
            so_far.push(Message::Note(GO_ON));
        }
        let prompt = self.prompt(reply, so_far);
        self.actions.push(Action::Think { reply: id, prompt });
    }

    pub(super) fn tool_asked(&mut self, id: ReplyId, call: ToolCall) {
        let most = self.rules.end.max_tools_per_turn as usize;
        let rules = std::sync::Arc::clone(&self.rules);
        let read_only = &rules.read_only_tools;
        let Some(reply) = self.current(id) else {
            return;
        };
        if reply.writing != Writing::Going {
            return;
        }
        let too_many = reply.tools().count() >= most;
        let state = if call.name == END_CALL {
            reply.then = After::HangUp(EndReason::AgentEnded);
            ToolState::Settled(r#"{"ok":true}"#)
        } else if too_many {
            ToolState::Settled(r#"{"error":"too many tools in one turn"}"#)
        } else {
            ToolState::Asked
        };
        let read_only = read_only.contains(&call.name);
        reply.round().tools.push(Tool {
            call,
            state,
            read_only,
        });
        if too_many {
            self.actions.push(Action::Note(Note::TooManyTools));
        }
    }

    /// Runs the tools that were asked for, or goes on without. Before the turn is over only those
    /// without effects run.
    fn run_tools(&mut self, now: Millis) {
        self.want_keys();
        let Some(reply) = &mut self.reply else { return };
        let undone = !reply.has_effects();
        let wanted = !reply.is_speculative();
        let mut runs = Vec::new();
        for tool in reply.tools_mut().filter(|tool| wanted || tool.read_only) {
            if let ToolState::Asked = tool.state
                && tool.call.name != PRESS_KEYS
            {
                self.tool_runs += 1;
                let run = ToolRunId(self.tool_runs);
                tool.state = ToolState::Running(run);
                let ToolCall {
                    name, arguments, ..
                } = tool.call.clone();
                runs.push(Action::RunTool(ToolRun {
                    run,
                    name,
                    arguments,
                }));
            }
        }
        if wanted && reply.awaits_tools() {
            reply.tools_since.get_or_insert(now);
        }
        if undone && reply.has_effects() && !reply.is_audible() {
            // From here on the turn cannot be taken back: more words are the next one.
            self.turn.close();
        }
        self.actions.append(&mut runs);
        self.after_tools(now);
        self.arm_mask(now);
    }

    pub(super) fn tool_answered(&mut self, now: Millis, run: ToolRunId, output: String) {
        let tool = self.reply.as_mut().and_then(|reply| {
            reply
                .tools_mut()
                .find(|tool| matches!(tool.state, ToolState::Running(id) if id == run))
        });
        let Some(tool) = tool else {
            return self.actions.push(Action::Note(Note::LateToolAnswer));
        };
        tool.state = ToolState::Answered(output);
        if let Some(reply) = self.reply.as_mut().filter(|reply| !reply.awaits_tools()) {
            reply.tools_since = None;
        }
        self.after_tools(now);
        self.arm_mask(now);
    }

    /// When all tools have answered, the model goes on; when none was asked for, the reply is whole.
    fn after_tools(&mut self, now: Millis) {
        let Some(reply) = &mut self.reply else { return };
        if reply.writing != Writing::Done || reply.awaits_tools() {
            return;
        }
        let leaves = matches!(reply.then, After::HangUp(_));
        let owes_words = reply.round().tools.iter().any(Tool::owes_words);
        let most = self.rules.end.max_tools_per_turn as usize;
        // A speculative reply whose clauses are not all spoken ends when it is wanted.
        let unspoken = !reply.unspoken.is_empty();
        if owes_words && reply.rounds.len() > most {
            self.round_failed(now);
        } else if owes_words {
            reply.next_round(now);
            let Some(reply) = &self.reply else { return };
            let prompt = self.prompt(reply, reply.messages_so_far());
            self.actions.push(Action::Think {
                reply: reply.id,
                prompt,
            });
        } else if !unspoken {
            if leaves && !reply.has_words() && !reply.keys.wait() {
                self.speak(now, self.rules.pieces(&self.rules.lines.goodbye));
            }
            self.end_speech(now);
        }
    }

    /// No more clauses will come for the current reply.
    pub(super) fn end_speech(&mut self, now: Millis) {
        let Some(reply) = &mut self.reply else { return };
        match reply.voicing {
            Voicing::Open if reply.keys.wait() && reply.playout.clauses() == 0 => self.press(now),
            Voicing::Open => {
                reply.voicing = Voicing::Ending;
                self.actions.push(Action::SpeakEnd(reply.id));
            }
            Voicing::Ending => {}
            Voicing::Done if reply.is_speculative() => {}
            Voicing::Done => self.close_playout(now),
        }
    }

    pub(super) fn thinking_failed(&mut self, now: Millis, id: ReplyId) {
        let Some(reply) = self.current(id) else {
            return;
        };
        if reply.writing != Writing::Going {
            return;
        }
        // Half a plan is no plan.
        reply.round().tools.clear();
        self.round_failed(now);
    }

    /// The model failed. Whole sentences make sense by themselves; where there are none, the
    /// caller is told.
    pub(super) fn round_failed(&mut self, now: Millis) {
        let Some(reply) = &mut self.reply else { return };
        if reply.playout.clauses() == 0 && reply.unspoken.is_empty() {
            return self.reply_failed(now, EndReason::ProviderFailedLlm);
        }
        reply.writing = Writing::Done;
        if reply.round_is_silent() {
            self.failures.unwritten += 1;
            if self.failures.unwritten >= self.rules.end.max_failures {
                return self.give_up(now, EndReason::ProviderFailedLlm);
            }
            let trouble = self.rules.lines.trouble.clone();
            self.speak_own(now, &trouble);
        }
        self.end_speech(now);
    }
}
