//! The model's side: replies, speculation, tools.

use domain::{EndReason, Millis, ReplyId};

use super::{CallSession, Phase};
use crate::{
    Action, Because, CancelReason, Note, ToolCall, ToolRun, ToolRunId, WaitClass,
    clauses::Piece,
    reply::{After, END_CALL, Kind, Reply, Stage, Tool, ToolState, Voicing, Writing},
    timers::Timer,
    words,
};

impl CallSession {
    /// Begins a reply to what the caller said so far, unless it was begun already.
    pub(super) fn speculate(&mut self, now: Millis) {
        if self.reply.is_none() && self.turn.may_speculate() {
            self.begin_answer(now, Stage::Speculative { held: Vec::new() });
        }
    }

    fn begin_answer(&mut self, now: Millis, stage: Stage) {
        let mut reply = self.new_reply(Kind::Answer, stage);
        reply.answers = self.turn.text();
        reply.watch.began = self.turn.onset();
        reply.watch.quiet = self.turn.quiet_since().or(Some(now));
        reply.watch.words = self.turn.words_at();
        let prompt = self.history.prompt(&self.rules, reply.messages_so_far());
        self.actions.push(Action::Think {
            reply: reply.id,
            prompt,
        });
        self.reply = Some(reply);
    }

    pub(super) fn new_reply(&mut self, kind: Kind, stage: Stage) -> Reply {
        self.last_reply = ReplyId(self.last_reply.0 + 1);
        Reply::new(
            self.last_reply,
            kind,
            stage,
            words::lists(&self.rules.language),
        )
    }

    /// The caller's turn is over: whatever answers it may be heard.
    pub(super) fn commit(&mut self, now: Millis, class: WaitClass) {
        let text = self.turn.text();
        let farewell = words::says_goodbye(&text, &self.rules.end.goodbyes) && !words::asks(&text);
        if let Phase::Leaving(why) = self.phase {
            if farewell {
                return self.end(now, why);
            }
            self.phase = Phase::Talking;
        }
        self.quiet_timers();
        self.reminders = 0;
        let fresh = self
            .reply
            .as_ref()
            .is_some_and(|reply| words::normalised(&reply.answers) == words::normalised(&text));
        if !fresh {
            self.cancel_unheard(CancelReason::Stale);
            self.begin_answer(now, Stage::Released);
        }
        self.release(now, class, farewell);
    }

    fn quiet_timers(&mut self) {
        for timer in [
            Timer::EndOfTurn,
            Timer::Finalize,
            Timer::Grace,
            Timer::Idle,
            Timer::Keys,
            Timer::Unheard,
        ] {
            self.timers.disarm(timer);
        }
    }

    /// Lets the reply's audio and tools go.
    fn release(&mut self, now: Millis, class: WaitClass, farewell: bool) {
        let text = self.turn.text();
        let Some(reply) = &mut self.reply else { return };
        reply.answers = text;
        reply.ended_by = class;
        reply.watch.committed = Some(now);
        if farewell {
            reply.then = After::HangUp(EndReason::AgentEnded);
        }
        let waited = reply.watch.quiet.map_or(Millis::ZERO, |quiet| now - quiet);
        let because = Because {
            class,
            waited,
            wait: class.wait(&self.rules.turn.wait),
            expected: self.rules.turn.expect,
            evidence: crate::Evidence::Silence,
        };
        self.actions.push(Action::Commit {
            reply: reply.id,
            because,
        });
        let stage = std::mem::replace(&mut reply.stage, Stage::Released);
        let (voicing, writing) = (reply.voicing, reply.writing);
        if let Stage::Speculative { held } = stage {
            for audio in held {
                self.play(now, audio);
            }
        }
        if voicing == Voicing::Done {
            self.close_playout(now);
        }
        match writing {
            Writing::Done => self.run_tools(now),
            Writing::Failed => self.reply_failed(now, EndReason::ProviderFailedLlm),
            Writing::Going => {}
        }
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
        self.speak(now, pieces);
    }

    /// Has clauses of the current reply spoken.
    pub(super) fn speak(&mut self, now: Millis, pieces: Vec<Piece>) {
        let Some(reply) = &mut self.reply else { return };
        for words in pieces.into_iter().filter_map(Piece::words) {
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
        self.speak(now, pieces);
        let Some(reply) = &self.reply else { return };
        let silent = reply.playout.clauses() == 0 && reply.tools().next().is_none();
        if silent {
            return self.reply_failed(now, EndReason::ProviderFailedLlm);
        }
        self.unwritten = 0;
        if reply.is_speculative() {
            self.after_tools(now);
        } else {
            self.run_tools(now);
        }
    }

    pub(super) fn tool_asked(&mut self, id: ReplyId, call: ToolCall) {
        let most = self.rules.end.max_tools_per_turn as usize;
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
        reply.round().tools.push(Tool { call, state });
        if too_many {
            self.actions.push(Action::Note(Note::TooManyTools));
        }
    }

    /// Runs the tools that were asked for, or goes on without.
    fn run_tools(&mut self, now: Millis) {
        let Some(reply) = &mut self.reply else { return };
        let undone = !reply.has_effects();
        let mut runs = Vec::new();
        for tool in reply.tools_mut() {
            if let ToolState::Asked = tool.state {
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
        if undone && !runs.is_empty() && !reply.is_audible() {
            // From here on the turn cannot be taken back: more words are the next one.
            self.turn.close();
        }
        self.actions.append(&mut runs);
        self.after_tools(now);
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
        self.after_tools(now);
    }

    /// When all tools have answered, the model goes on; when none was asked for, the reply is whole.
    fn after_tools(&mut self, now: Millis) {
        let Some(reply) = &mut self.reply else { return };
        if reply.writing != Writing::Done || reply.awaits_tools() {
            return;
        }
        let leaves = matches!(reply.then, After::HangUp(_));
        let owes_words = reply
            .round()
            .tools
            .iter()
            .any(|tool| tool.call.name != END_CALL);
        let most = self.rules.end.max_tools_per_turn as usize;
        if owes_words && reply.rounds.len() > most {
            self.round_failed(now);
        } else if owes_words {
            reply.next_round();
            let prompt = self.history.prompt(&self.rules, reply.messages_so_far());
            self.actions.push(Action::Think {
                reply: reply.id,
                prompt,
            });
        } else {
            if leaves && reply.playout.clauses() == 0 {
                self.speak(now, self.rules.pieces(&self.rules.lines.goodbye));
            }
            self.end_speech(now);
        }
    }

    /// No more clauses will come for the current reply.
    pub(super) fn end_speech(&mut self, now: Millis) {
        let Some(reply) = &mut self.reply else { return };
        match reply.voicing {
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
    fn round_failed(&mut self, now: Millis) {
        let Some(reply) = &mut self.reply else { return };
        if reply.playout.clauses() == 0 {
            return self.reply_failed(now, EndReason::ProviderFailedLlm);
        }
        reply.writing = Writing::Done;
        if reply.round_is_silent() {
            self.unwritten += 1;
            self.speak(now, self.rules.pieces(&self.rules.lines.trouble));
        }
        self.end_speech(now);
    }
}
