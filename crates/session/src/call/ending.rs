//! Goodbyes, silence, failures, the last action.

use domain::{EndReason, Millis};

use super::{CallSession, Line, Phase, Recogniser};
use crate::{
    Action, CancelReason, Missing,
    reply::{After, Finish, Kind, Reply, Stage, Writing},
    timers::Timer,
};

/// The longest that words of our own may take to be heard.
pub(super) const LONGEST_LINE: Millis = Millis(20_000);

impl CallSession {
    pub(super) fn greet(&mut self) {
        let greeting = self.rules.lines.greeting.clone();
        if greeting.trim().is_empty() {
            return self.wait_for_caller(Millis::ZERO);
        }
        let kind = if self.rules.overlap.greeting_interruptible {
            Kind::Line
        } else {
            Kind::ProtectedLine
        };
        self.reply = Some(self.new_reply(kind, Stage::Released));
        self.speak(Millis::ZERO, self.rules.pieces(&greeting));
        self.end_speech(Millis::ZERO);
    }

    /// Says a sentence of the agent's own, in place of whatever it was saying.
    pub(super) fn say(&mut self, now: Millis, kind: Kind, text: &str, then: After) {
        let mut reply = self.new_reply(kind, Stage::Released);
        reply.then = then;
        self.reply = Some(reply);
        self.speak_own(now, text);
        self.end_speech(now);
    }

    /// Has a sentence of the agent's own spoken within the current reply.
    pub(super) fn speak_own(&mut self, now: Millis, text: &str) {
        let before = self.reply.as_ref().map(|reply| reply.playout.clauses());
        self.speak(now, self.rules.pieces(text));
        if let Some((reply, before)) = self.reply.as_mut().zip(before) {
            reply.own_since(before);
        }
    }

    /// The caller spoke, and no words of it came: the agent says so, but not for ever.
    pub(super) fn ask_again(&mut self, now: Millis) {
        self.failures.unheard += 1;
        if self.takes_only_keys() {
            return self.say_keypad_line(now, Kind::Line);
        }
        let line = self.rules.lines.unheard.clone();
        self.say(now, Kind::Line, &line, After::Listen);
    }

    /// The recogniser has been gone for a while, and the caller should know.
    pub(super) fn say_one_moment(&mut self, now: Millis) {
        let can_be_told = self.leaving().is_none() && !self.awaits_rounds();
        if self.reply.is_none() && can_be_told {
            let line = self.rules.lines.one_moment.clone();
            self.say(now, Kind::Line, &line, After::Listen);
        }
    }

    /// Says goodbye, whatever is going on, and hangs up.
    pub(super) fn part(&mut self, now: Millis, why: EndReason) {
        let goodbye = self.rules.lines.goodbye.clone();
        self.say_last(now, &goodbye, why);
    }

    /// Nothing recognises the caller any more. What the agent is saying is heard to its end.
    pub(super) fn recogniser_failed(&mut self, now: Millis) {
        self.recogniser = Recogniser::Failed;
        self.timers.disarm(Timer::OneMoment);
        self.leave_audio(Missing::Recogniser);
        if self.reply.as_ref().is_some_and(Reply::is_speculative) {
            self.cancel_unheard(CancelReason::Failed);
        }
        self.see_who_is_next(now);
    }

    /// Something has failed for good: the caller is told, then the call ends.
    pub(super) fn give_up(&mut self, now: Millis, why: EndReason) {
        let failure = self.rules.lines.failure.clone();
        self.say_last(now, &failure, why);
    }

    fn say_last(&mut self, now: Millis, line: &str, why: EndReason) {
        let longest = if self.line == Line::Rounds {
            // The carrier may be listening, and asks for the line only then.
            self.patience() + LONGEST_LINE
        } else {
            LONGEST_LINE
        };
        let protected = |reply: &&mut Reply| reply.kind == Kind::ProtectedLine;
        if let Some(reply) = self.reply.as_mut().filter(protected) {
            // It is heard to its end. If it parts already, its reason and its time stand.
            if matches!(reply.then, After::Apologise | After::Listen) {
                reply.then = After::HangUp(why);
            }
            if !self.timers.is_armed(Timer::Parting) {
                self.timers.arm(Timer::Parting, now + longest);
            }
            return;
        }
        self.stop_talking(now);
        self.timers.arm(Timer::Parting, now + longest);
        self.timers.disarm(Timer::Idle);
        self.timers.disarm(Timer::Grace);
        self.timers.disarm(Timer::EndOfTurn);
        self.say(now, Kind::ProtectedLine, line, After::HangUp(why));
        self.answer_by_line();
    }

    /// The last words were not heard in all that time: the voice has let us down.
    pub(super) fn break_off(&mut self, now: Millis) {
        match self.reply.as_ref().map(|reply| reply.then) {
            Some(After::HangUp(why)) => self.end(now, why),
            Some(After::Apologise | After::Listen) => {
                self.silence(now, CancelReason::Failed);
                self.finish_reply(now, Finish::CutShort);
            }
            None => {}
        }
    }

    /// The line just begun is all the answer that the caller gets to the last words.
    pub(super) fn answer_by_line(&mut self) {
        if self.turn.is_empty() {
            return;
        }
        if let Some(mut reply) = self.reply.take() {
            self.answer_turn(&mut reply);
            self.reply = Some(reply);
            self.turn.close();
        }
    }

    /// Cuts the current reply, and keeps what was heard of it.
    fn stop_talking(&mut self, now: Millis) {
        match self.reply.as_ref().map(Reply::can_be_taken_back) {
            Some(true) => self.cancel_unheard(CancelReason::CallOver),
            Some(false) => {
                // A carrier that speaks by itself says all that it was given.
                let how = if self.line == Line::Rounds {
                    Finish::Heard
                } else {
                    Finish::CutShort
                };
                self.silence(now, CancelReason::CallOver);
                self.keep_reply(now, how);
            }
            None => {}
        }
    }

    /// A reply came to nothing before a word of it was heard.
    pub(super) fn reply_failed(&mut self, now: Millis, why: EndReason) {
        if let Some(reply) = self.reply.as_mut().filter(|reply| reply.is_speculative()) {
            // Perhaps it is never wanted. If it is, that is soon enough to say so.
            reply.writing = Writing::Failed;
            return;
        }
        let Some(failed) = self.take_reply() else {
            return;
        };
        self.actions.push(Action::Cancel {
            reply: failed.id,
            why: CancelReason::Failed,
        });
        self.failures.unwritten += 1;
        if self.failures.unwritten >= self.rules.end.max_failures {
            self.give_up(now, why);
        } else {
            let trouble = self.rules.lines.trouble.clone();
            self.say(now, Kind::Line, &trouble, failed.then);
        }
        if let Some(reply) = &mut self.reply {
            reply.inherit(failed);
            self.turn.close();
        }
    }

    /// Goodbye was said: the caller gets a moment to object.
    pub(super) fn linger(&mut self, now: Millis, why: EndReason) {
        self.phase = Phase::Leaving(why);
        // In rounds the carrier listens for that moment, and tells.
        if !self.turn.is_speaking() && self.line != Line::Rounds {
            self.timers.arm(Timer::Grace, now + self.rules.end.grace);
        }
    }

    /// The moment is over, unless the caller has begun to use it.
    pub(super) fn leave(&mut self, now: Millis) {
        match self.leaving() {
            Some(_) if self.turn.is_speaking() || !self.turn.is_empty() => {
                self.timers.arm(Timer::Grace, now + self.rules.end.grace);
            }
            Some(why) => self.end(now, why),
            None => {}
        }
    }

    /// Ends the call: keeps what is left to keep, and hangs up.
    pub(super) fn end(&mut self, now: Millis, why: EndReason) {
        self.phase = Phase::Over(why);
        match self.reply.as_ref().map(Reply::is_speculative) {
            Some(true) => self.cancel_unheard(CancelReason::CallOver),
            Some(false) => {
                self.silence(now, CancelReason::CallOver);
                self.keep_reply(now, Finish::CutShort);
            }
            None => {}
        }
        self.keep_unanswered(now);
        self.timers.disarm_all();
        self.actions.push(Action::HangUp(why));
    }

    /// What the caller said and nobody answers is kept too.
    pub(super) fn keep_unanswered(&mut self, now: Millis) {
        if self.turn.is_empty() {
            return;
        }
        let mut unanswered = self.new_reply(Kind::Line, Stage::Released);
        self.answer_turn(&mut unanswered);
        self.actions.push(Action::Record(Box::new(
            unanswered.record(self.turns, now, false),
        )));
        self.turns += 1;
        self.turn.close();
    }
}
