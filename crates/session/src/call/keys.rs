//! Keys of the phone, collected apart from speech.

use domain::{EndReason, Millis};

use super::{CallSession, Line, Settled};
use crate::{
    CancelReason, Evidence, Expect, Message, WaitClass,
    reply::{After, Kind, Reply},
    timers::Timer,
    words,
};

/// What a model is told, so that it asks for nothing that cannot be typed.
const ONLY_KEYS: &str = "[Not said by anyone: from here on the caller's words cannot be recognised. \
                         He can only press keys of his telephone, and was asked to.]";

impl CallSession {
    /// Nobody recognises the caller's words any more. What was understood is answered; then he can
    /// press keys, if the agent has a use for them. Else the call is over.
    pub(super) fn ask_for_keys(&mut self, now: Millis) {
        if self.rules.lines.keypad.trim().is_empty() {
            return self.give_up(now, EndReason::ProviderFailedStt);
        }
        if !self.turn.is_empty() {
            return self.commit(now, Settled::BY_PROVIDER);
        }
        self.line = Line::Keys;
        for timer in [
            Timer::EndOfTurn,
            Timer::Finalize,
            Timer::Idle,
            Timer::Unheard,
        ] {
            self.timers.disarm(timer);
        }
        self.say_keypad_line(now, Kind::ProtectedLine);
        // Sound without words is answered by it.
        self.turn.forget();
        self.history.add([Message::Note(ONLY_KEYS)]);
    }

    /// Says which keys to press: from here on they are what is expected. A secret that was asked for
    /// before stays one.
    pub(super) fn say_keypad_line(&mut self, now: Millis, kind: Kind) {
        let line = self.rules.lines.keypad.clone();
        self.question.expected.what = self.expected_after(words::last_sentence(&line));
        self.say(now, kind, &line, After::Listen);
    }

    /// Whether the caller is understood by keys alone.
    pub(super) fn takes_only_keys(&self) -> bool {
        self.line == Line::Keys
    }

    pub(super) fn on_digit(&mut self, now: Millis, key: char) {
        self.timers.disarm(Timer::Idle);
        self.timers.disarm(Timer::Grace);
        let stops = |reply: &Reply| reply.is_audible() || reply.kind == Kind::Line;
        if self.reply.as_ref().is_some_and(stops) {
            self.give_way(now);
        } else if self.reply.as_ref().is_some_and(Reply::can_be_taken_back) {
            self.cancel_unheard(CancelReason::Stale);
        }
        // What was cut off may have been the last there was to say.
        if self.over().is_some() {
            return;
        }
        if key == self.rules.dtmf.end_key {
            return self.keys_are_over(now);
        }
        self.turn.press(key);
        if self.turn.keys().len() >= self.most_keys() {
            self.keys_are_over(now);
        } else {
            self.timers.arm(Timer::Keys, now + self.rules.dtmf.pause);
        }
    }

    /// After so many keys nothing more is expected.
    fn most_keys(&self) -> usize {
        let most = match self.question.expected.what {
            Expect::Digits { max, .. } => max.min(self.rules.dtmf.most),
            Expect::Address
            | Expect::Choice
            | Expect::Date
            | Expect::Email
            | Expect::Name
            | Expect::Open
            | Expect::Phone
            | Expect::YesNo => self.rules.dtmf.most,
        };
        usize::from(most)
    }

    fn keys_are_over(&mut self, now: Millis) {
        self.timers.disarm(Timer::Keys);
        self.take_keys(now);
    }

    /// Takes what was typed as the caller's turn, once nobody is being heard and it can be answered.
    pub(super) fn take_keys(&mut self, now: Millis) {
        if self.turn.has_keys() && self.reply.is_none() && !self.awaits_rounds() {
            let settled = Settled {
                class: WaitClass::Keys,
                evidence: Evidence::Keys,
                wait: self.rules.dtmf.pause,
            };
            self.commit(now, settled);
        }
    }
}
