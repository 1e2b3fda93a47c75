//! The voice's side: audio, marks, cutting in, and what was heard.

use domain::{EndReason, Millis, Overlap, OverlapOutcome, ReplyId};

use super::{CallSession, Phase, Question};
use crate::{
    Action, Audio, CancelReason, ClauseId, Expect, Expected, Mark, Missing, Note, Play,
    StillSpeaks,
    classify::Asked,
    reply::{After, Finish, Kind, Reply, Stage, Voicing, Writing},
    spoken::Spoken,
    timers::Timer,
    words,
};

impl CallSession {
    pub(super) fn on_audio(&mut self, now: Millis, audio: Audio) {
        let Some(reply) = self.current(audio.reply) else {
            return;
        };
        if reply.voicing == Voicing::Done {
            return;
        }
        reply.watch.audio.get_or_insert(now);
        match &mut reply.stage {
            Stage::Speculative { held } | Stage::Withheld { held } => held.push(audio),
            Stage::Released => self.play_held(now, vec![audio]),
        }
    }

    /// Plays audio that may be heard, unless the caller has just begun to speak again.
    pub(super) fn play_held(&mut self, now: Millis, held: Vec<Audio>) {
        if let Some(since) = self.withheld_since() {
            if let Some(reply) = &mut self.reply {
                reply.stage = Stage::Withheld { held };
            }
            let patience = (since + super::overlapping::TAKES_BACK).or_later(now);
            return self.timers.arm(Timer::Overlap, patience);
        }
        for audio in held {
            self.play(now, audio);
        }
    }

    /// Hands audio of the current reply to the mouth.
    fn play(&mut self, now: Millis, audio: Audio) {
        let Some(reply) = &mut self.reply else { return };
        let Audio {
            reply: id,
            clause,
            bytes,
            duration,
            words,
        } = audio;
        let whole = reply.playout.add(now, clause, duration, &words);
        self.actions.extend(marks(id, whole));
        self.actions.push(Action::Play(Play::Audio {
            reply: id,
            bytes,
            duration,
        }));
        let Some(reply) = &mut self.reply else { return };
        if reply.watch.played.is_none() {
            reply.watch.played = Some(now);
            self.became_audible();
        }
        if self.timers.is_armed(Timer::Played) {
            self.await_playout(now);
        }
    }

    /// The answer is heard: what it answers is settled, and the next word opens a new turn.
    fn became_audible(&mut self) {
        let Some(reply) = &self.reply else { return };
        if reply.kind == Kind::Answer && !reply.has_effects() {
            self.turn.close();
        }
        if reply.kind != Kind::ProtectedLine {
            self.failures.unspoken = 0;
        }
        self.timers.disarm(Timer::Idle);
        self.timers.disarm(Timer::Unheard);
    }

    pub(super) fn spoken_all(&mut self, now: Millis, id: ReplyId) {
        let Some(reply) = self.current(id) else {
            return;
        };
        let before = std::mem::replace(&mut reply.voicing, Voicing::Done);
        let withheld = matches!(reply.stage, Stage::Withheld { .. });
        if before == Voicing::Done || reply.is_speculative() || withheld {
            return;
        }
        self.close_playout(now);
    }

    /// All audio of the current reply was handed over: the last marks, and a deadline in case the
    /// line forgets to report them.
    pub(super) fn close_playout(&mut self, now: Millis) {
        let Some(reply) = &mut self.reply else { return };
        if reply.keys.wait() {
            return self.press(now);
        }
        if !reply.is_audible() {
            // What was said made no sound.
            return self.voice_is_gone(now, StillSpeaks::Somebody);
        }
        let whole = reply.playout.close_all();
        self.actions.extend(marks(reply.id, whole));
        self.await_playout(now);
    }

    pub(super) fn await_playout(&mut self, now: Millis) {
        let Some(reply) = self
            .reply
            .as_ref()
            .filter(|reply| !reply.playout.is_paused())
        else {
            return;
        };
        let slack = if self.rules.line.marks {
            self.rules.line.mark_slack
        } else {
            Millis::ZERO
        };
        self.timers
            .arm(Timer::Played, reply.playout.ends().or_later(now) + slack);
    }

    pub(super) fn on_played(&mut self, now: Millis, mark: Mark) {
        let Some(reply) = self.reply.as_mut().filter(|reply| reply.id == mark.reply) else {
            // A mark of a reply that was silenced: thrown away, not played.
            return;
        };
        if !reply.playout.acknowledge(mark.clause) {
            return self.actions.push(Action::Note(Note::UnknownMark));
        }
        let done = reply.is_made() && reply.playout.all_acknowledged();
        let late = now - reply.playout.ends();
        if done {
            self.line_lag = Millis((self.line_lag.0 * 3 + late.0 / 2) / 4);
            self.reply_was_heard(now);
        }
    }

    /// The whole reply was heard: the floor is free.
    pub(super) fn reply_was_heard(&mut self, now: Millis) {
        if self.reply.as_ref().is_some_and(Reply::is_made) {
            self.finish_reply(now, Finish::Heard);
        }
    }

    /// The caller gets the floor: not one more frame of the reply is played.
    pub(super) fn give_way(&mut self, now: Millis) {
        let Some(reply) = self.reply.as_mut() else {
            return;
        };
        if reply.kind == Kind::ProtectedLine {
            return;
        }
        self.overlap = None;
        // Whoever cuts in on a goodbye has something left to say.
        reply.then = After::Listen;
        self.silence(now, CancelReason::BargeIn);
        self.finish_reply(now, Finish::CutByCaller);
    }

    /// Stops the current reply here and at the carrier.
    pub(super) fn silence(&mut self, now: Millis, why: CancelReason) {
        let heard_until = self.heard_until(now);
        let Some(reply) = &self.reply else { return };
        if reply.is_audible() {
            let heard = reply.playout.heard(heard_until);
            self.actions.push(Action::Silence {
                reply: reply.id,
                heard,
            });
        }
        self.actions.push(Action::Cancel {
            reply: reply.id,
            why,
        });
    }

    /// What left us by then has reached the caller by now.
    pub(super) fn heard_until(&self, now: Millis) -> Millis {
        now - self.line_lag
    }

    /// Keeps the exchange, as it was heard, and goes on.
    pub(super) fn finish_reply(&mut self, now: Millis, how: Finish) {
        let Some(reply) = self.keep_reply(now, how) else {
            return;
        };
        match self.after(&reply, how) {
            After::Apologise => return self.apologise(now),
            // Whoever had no say in it cannot object either.
            After::HangUp(why) if reply.kind == Kind::ProtectedLine => return self.end(now, why),
            After::HangUp(why) => self.linger(now, why),
            After::Listen => self.wait_for_caller(now),
        }
        self.go_on_waiting_for_words(now);
        self.reconsider(now);
    }

    /// Keeps the exchange, as it was heard.
    pub(super) fn keep_reply(&mut self, now: Millis, how: Finish) -> Option<Reply> {
        let until = match how {
            Finish::CutByCaller | Finish::CutShort => self.heard_until(now),
            Finish::Heard => {
                self.end_overlap_with_reply(now);
                Millis(u64::MAX)
            }
        };
        let reply = self.take_reply()?;
        if reply.is_audible() {
            self.agent_until = Some(reply.playout.ends().or_earlier(now));
        }
        if reply.can_be_taken_back() {
            // What it answers is kept with it.
            self.turn.close();
        }
        let record = reply.record(self.turns, until, how == Finish::CutByCaller);
        self.actions.push(Action::Record(Box::new(record)));
        self.turns += 1;
        self.history
            .add(reply.messages(until, how != Finish::Heard));
        self.history.trim(self.rules.history_messages);
        self.listen_for_answer(&reply, until);
        if reply.kind == Kind::Answer {
            let cut_in = |over: &Overlap| over.outcome == OverlapOutcome::CutIn;
            let clean = reply.taking.taken_back == 0 && !reply.taking.overlaps.iter().any(cut_in);
            self.pace.turn_is_over(clean);
        }
        Some(reply)
    }

    /// What the agent asked last decides what the caller is expected to say: the model's own word
    /// first, then what its last sentence sounds like. A line of the agent's own may ask whether he
    /// is there, or to say it again: what was asked before it is open still.
    fn listen_for_answer(&mut self, reply: &Reply, until: Millis) {
        let heard = reply.heard_to_ask(until);
        if heard.is_empty() {
            if words::asks(&reply.heard(until)) {
                self.question.asked = Asked::Question;
            }
            return;
        }
        let noted = reply.expects;
        let language = &self.rules.language;
        let last = words::last_sentence(&heard);
        let expected = noted.unwrap_or_else(|| Expected {
            what: self.expected_after(last),
            secret: false,
        });
        let requests =
            || words::lists(language).is_some_and(|lists| lists.questions.wants_an_answer(last));
        self.question = Question {
            asked: if words::asks(&heard) {
                Asked::Question
            } else if noted.is_some() || requests() {
                Asked::Something
            } else {
                Asked::Nothing
            },
            expected,
            pace_percent: expected.what.pace_percent(last, language).into(),
        };
    }

    /// What the caller is expected to say to a sentence, as far as it tells.
    pub(super) fn expected_after(&self, sentence: &str) -> Expect {
        match Expect::guess(sentence, &self.rules.language) {
            Expect::Open => self.rules.turn.expect,
            guessed @ (Expect::Address
            | Expect::Choice
            | Expect::Date
            | Expect::Digits { .. }
            | Expect::Email
            | Expect::Name
            | Expect::Phone
            | Expect::YesNo) => guessed,
        }
    }

    /// Takes the reply away, with everything that waits for it.
    pub(super) fn take_reply(&mut self) -> Option<Reply> {
        for timer in [Timer::Mask, Timer::Overlap, Timer::Parting, Timer::Played] {
            self.timers.disarm(timer);
        }
        self.overlap = None;
        self.reply.take()
    }

    /// What follows a reply: what was settled before, unless its last words say otherwise.
    pub(super) fn after(&self, reply: &Reply, how: Finish) -> After {
        let said = reply.said();
        let asks = words::asks(&said);
        let farewell = words::says_goodbye(words::last_sentence(&said), &self.rules.end.goodbyes);
        match reply.then {
            After::Listen
                if farewell && !asks && how == Finish::Heard && reply.kind == Kind::Answer =>
            {
                After::HangUp(EndReason::AgentEnded)
            }
            // The caller said goodbye, and the agent asks on: so does the call.
            After::HangUp(EndReason::AgentEnded) if asks && !reply.hangs_up_by_tool() => {
                After::Listen
            }
            then @ (After::Apologise | After::HangUp(_) | After::Listen) => then,
        }
    }

    pub(super) fn speaking_failed(&mut self, now: Millis, id: ReplyId, left: StillSpeaks) {
        if self.current(id).is_none() {
            return;
        }
        self.voice_is_gone(now, left);
    }

    /// The voice failed. What was heard counts, and an apology stands for the rest: once, where the
    /// carrier can speak in place of voices of which none is left.
    fn voice_is_gone(&mut self, now: Millis, left: StillSpeaks) {
        let Some(reply) = &mut self.reply else { return };
        if reply.voicing == Voicing::Done && reply.is_audible() {
            return;
        }
        if reply.is_speculative() {
            // Nobody waits for it yet: it is made anew when the turn is over.
            self.cancel_unheard(CancelReason::Failed);
            self.turn.stop_speculating();
            return self.reconsider(now);
        }
        self.failures.unspoken += 1;
        if left == StillSpeaks::Nobody {
            self.leave_audio(Missing::Voice);
        }
        let Some(reply) = &mut self.reply else { return };
        if !reply.is_audible() {
            return self.apologise_instead(now);
        }
        reply.voicing = Voicing::Done;
        reply.writing = Writing::Done;
        if reply.then == After::Listen {
            reply.then = After::Apologise;
        }
        let cut = reply.playout.abandon();
        self.actions.push(Action::Cancel {
            reply: reply.id,
            why: CancelReason::Failed,
        });
        self.actions.extend(marks(reply.id, cut));
        self.await_playout(now);
    }

    /// Replaces an unheard reply by the built-in apology. If that failed, the call is over.
    fn apologise_instead(&mut self, now: Millis) {
        let Some(failed) = self.take_reply() else {
            return;
        };
        self.actions.push(Action::Cancel {
            reply: failed.id,
            why: CancelReason::Failed,
        });
        match failed.then {
            After::HangUp(why) if failed.kind == Kind::ProtectedLine => {
                self.end(now, why);
            }
            After::Apologise | After::HangUp(_) | After::Listen => {
                self.apologise(now);
                if let Some(reply) = self.reply.as_mut().filter(|_| !failed.answers.is_empty()) {
                    reply.inherit(failed);
                    self.turn.close();
                }
            }
        }
    }

    /// Plays the built-in apology, and gives up if it has been played too often.
    fn apologise(&mut self, now: Millis) {
        let mut reply = self.new_reply(Kind::ProtectedLine, Stage::Released);
        if self.failures.unspoken >= self.rules.end.max_failures
            && !self.leave_audio(Missing::Voice)
        {
            reply.then = After::HangUp(EndReason::ProviderFailedTts);
        }
        let clause = reply.announce(Spoken::verbatim(self.rules.lines.trouble.clone()));
        reply.own_since(0);
        reply.watch.clause = Some(now);
        self.actions.push(Action::Apologise {
            reply: reply.id,
            clause,
        });
        self.reply = Some(reply);
        self.timers
            .arm(Timer::Parting, now + super::ending::LONGEST_LINE);
    }

    pub(super) fn leaving(&self) -> Option<EndReason> {
        match self.phase {
            Phase::Leaving(why) => Some(why),
            Phase::Over(_) | Phase::Talking => None,
        }
    }
}

fn marks(reply: ReplyId, clauses: Vec<ClauseId>) -> impl Iterator<Item = Action> {
    clauses
        .into_iter()
        .map(move |clause| Action::Play(Play::Mark(Mark { reply, clause })))
}
