//! The caller's side: speech, words, keys, and when a turn is over.

use domain::Millis;

use super::{CallSession, Phase};
use crate::{
    Action, CancelReason, TurnEnd, WaitClass, Words,
    overlap::{self, Circumstances, Heard, Verdict},
    reply::{Kind, Reply},
    timers::Timer,
    words,
};

/// Speech that lasts this long takes back a reply that is not audible.
const TAKES_BACK: Millis = Millis(160);
/// Speech this soon after our first sound was meant to go on: the agent cut in, not the caller.
const START_EDGE: Millis = Millis(400);
/// What a recogniser that ends turns alone gets on top: its own timers run longer than ours.
const PROVIDER_PATIENCE: Millis = Millis(4_000);
/// A pause between keys that ends typing.
const KEY_PAUSE: Millis = Millis(2_000);
/// Times that the agent says that it understood nothing; then it waits for words.
const MOST_UNHEARD: u32 = 2;
/// An acknowledgement this close to the end of a question is its answer.
const ANSWER_EDGE: Millis = Millis(800);

impl CallSession {
    pub(super) fn speech_started(&mut self, now: Millis, at: Millis) {
        self.turn.speech_started(at);
        for timer in [
            Timer::EndOfTurn,
            Timer::Finalize,
            Timer::Grace,
            Timer::Idle,
            Timer::Unheard,
        ] {
            self.timers.disarm(timer);
        }
        if self
            .reply
            .as_ref()
            .is_some_and(|reply| reply.is_speculative())
        {
            self.cancel_unheard(CancelReason::Resumed);
        }
        if let Some(patience) = self.overlap_patience(now) {
            self.timers
                .arm(Timer::Overlap, (at + patience).or_later(now));
        }
    }

    /// How long the caller must speak for the agent to give way. `None`: the agent need not.
    pub(super) fn overlap_patience(&self, now: Millis) -> Option<Millis> {
        let reply = self
            .reply
            .as_ref()
            .filter(|reply| reply.kind != Kind::ProtectedLine)?;
        let Some(begins) = reply.playout.begins() else {
            return (reply.kind == Kind::Answer).then_some(TAKES_BACK);
        };
        if self.is_at_end_edge(now) {
            return None;
        }
        let agent_cut_in = reply.kind == Kind::Answer && now - begins <= START_EDGE;
        Some(if agent_cut_in {
            TAKES_BACK
        } else {
            self.rules.overlap.speech_without_words
        })
    }

    /// Whether so little of the agent's audio is left that speech over it is simply the next turn.
    fn is_at_end_edge(&self, now: Millis) -> bool {
        self.reply.as_ref().is_some_and(|reply| {
            reply.is_made() && reply.remaining(now) <= self.rules.overlap.end_edge
        })
    }

    pub(super) fn speech_stopped(&mut self, now: Millis, at: Millis) {
        self.turn.speech_stopped(at);
        self.timers.disarm(Timer::Overlap);
        if self.turn.awaits_words() {
            if self.rules.turn.end == TurnEnd::Words {
                self.timers.arm(
                    Timer::Finalize,
                    (at + self.rules.turn.finalize_after).or_later(now),
                );
            }
            self.timers
                .arm(Timer::Unheard, (at + self.words_deadline()).or_later(now));
        }
        self.reconsider(now);
    }

    /// The caller still speaks over the agent, words or not.
    pub(super) fn overlap_lasts(&mut self, now: Millis) {
        if !self.turn.is_speaking() || self.only_acknowledges() {
            return;
        }
        match &self.reply {
            Some(reply) if reply.is_audible() => self.give_way(now),
            Some(reply) if reply.can_be_taken_back() => {
                self.cancel_unheard(CancelReason::Resumed);
            }
            Some(_) | None => {}
        }
    }

    /// Whether all that the caller has said is that he listens.
    fn only_acknowledges(&self) -> bool {
        overlap::only_acknowledges(&self.turn.text(), &self.rules.overlap, self.own_lists())
    }

    pub(super) fn on_words(&mut self, now: Millis, words: &Words) {
        let new = self.turn.hear(now, words);
        if new {
            self.unheard = 0;
            self.timers.disarm(Timer::Idle);
            self.on_new_words(now);
        }
        if self.reply.as_ref().is_some_and(|reply| reply.is_audible()) {
            self.judge_overlap(now, words.settled);
        }
        if self.turn.is_settled() && !self.turn.awaits_words() && !self.provider_owes_an_end() {
            self.timers.disarm(Timer::Unheard);
        }
        self.reconsider(now);
    }

    /// Whether only the recogniser can say that the turn is over, and has not.
    fn provider_owes_an_end(&self) -> bool {
        self.rules.turn.end == TurnEnd::Provider && !self.turn.is_over_for_provider()
    }

    /// How long after the last sound or word the recogniser may take.
    fn words_deadline(&self) -> Millis {
        match self.rules.turn.end {
            TurnEnd::Provider => self.rules.turn.words_deadline + PROVIDER_PATIENCE,
            TurnEnd::Words => self.rules.turn.words_deadline,
        }
    }

    /// New words make a reply stale that answers the old ones and was not heard.
    fn on_new_words(&mut self, now: Millis) {
        let text = words::normalised(&self.turn.text());
        let stale = self.reply.as_ref().is_some_and(|reply| {
            reply.can_be_taken_back() && words::normalised(&reply.answers) != text
        });
        if stale {
            self.cancel_unheard(CancelReason::Stale);
        }
        if let Phase::Leaving(_) = self.phase {
            self.timers.disarm(Timer::Grace);
        }
        if self.reply.is_none() && !self.turn.is_speaking() {
            self.timers.arm(Timer::Unheard, now + self.words_deadline());
        }
    }

    /// Decides by words whether the caller wants the floor.
    fn judge_overlap(&mut self, now: Millis, settled: bool) {
        let Some(reply) = &self.reply else { return };
        if reply.kind == Kind::ProtectedLine || self.is_at_end_edge(now) {
            return;
        }
        let may_answer =
            words::asks(&reply.said()) && reply.is_made() && reply.remaining(now) <= ANSWER_EDGE;
        let heard = Heard {
            text: &self.turn.text(),
            settled,
            spoken: self.turn.spoken_for(now),
            quiet_for: self.turn.quiet_since().map(|since| now - since),
        };
        let circumstances = Circumstances {
            lists: self.own_lists(),
            may_answer,
            slow_recogniser: false,
        };
        match overlap::judge(&heard, &self.rules.overlap, circumstances) {
            Verdict::Yield => self.give_way(now),
            Verdict::Backchannel => self.turn.close(),
            Verdict::Answer | Verdict::Noise | Verdict::Undecided => {}
        }
    }

    /// The word lists of the agent's language, if it has any.
    fn own_lists(&self) -> Option<&'static words::Lists> {
        words::lists(&self.rules.language)
    }

    pub(super) fn utterance_over(&mut self, now: Millis) {
        self.turn.utterance_over(now);
        self.reconsider(now);
    }

    pub(super) fn stop_waiting_for_words(&mut self, now: Millis) {
        self.turn.give_up_waiting();
        if self.rules.turn.end == TurnEnd::Provider && !self.turn.is_empty() {
            self.turn.utterance_over(now);
        }
        if self.turn.is_empty() && self.reply.is_none() {
            let spoke = self.turn.sounded_for() >= self.rules.overlap.speech_without_words;
            self.turn.close();
            if spoke && self.unheard < MOST_UNHEARD {
                return self.ask_again(now);
            }
            self.go_on_waiting(now);
        }
        self.reconsider(now);
    }

    pub(super) fn on_digit(&mut self, now: Millis, key: char) {
        self.timers.disarm(Timer::Idle);
        if self.reply.as_ref().is_some_and(|reply| reply.is_audible()) {
            self.give_way(now);
        } else if self.reply.as_ref().is_some_and(Reply::can_be_taken_back) {
            self.cancel_unheard(CancelReason::Stale);
        }
        if key == '#' {
            self.timers.disarm(Timer::Keys);
            self.take_keys(now);
        } else {
            self.turn.press(key);
            self.timers.arm(Timer::Keys, now + KEY_PAUSE);
        }
    }

    pub(super) fn take_keys(&mut self, now: Millis) {
        if self.turn.has_keys() && self.reply.is_none() {
            self.commit(now, WaitClass::Keys);
        }
    }

    /// Takes the caller's turn if it is over, or sees to it that it will be taken when it is.
    pub(super) fn reconsider(&mut self, now: Millis) {
        self.timers.disarm(Timer::EndOfTurn);
        let free = self
            .reply
            .as_ref()
            .is_none_or(|reply| reply.is_speculative());
        if !free || self.timers.is_armed(Timer::Keys) || self.over().is_some() {
            return;
        }
        if self.turn.has_keys() {
            return self.take_keys(now);
        }
        match self.rules.turn.end {
            TurnEnd::Provider if self.turn.is_over_for_provider() => {
                self.commit(now, WaitClass::Provider);
            }
            TurnEnd::Provider => {}
            TurnEnd::Words => self.weigh_silence(now),
        }
    }

    fn weigh_silence(&mut self, now: Millis) {
        let Some(due) = self
            .turn
            .due(&self.rules.turn, &self.rules.language, self.asked)
        else {
            return;
        };
        if due.at > now {
            self.timers.arm(Timer::EndOfTurn, due.at);
            if due.covered
                && due.class.looks_finished()
                && self.rules.turn.speculate != crate::Speculate::Off
            {
                self.speculate(now);
            }
        } else if due.covered {
            self.commit(now, due.class);
        } else if !self.timers.is_armed(Timer::Unheard) {
            self.timers.arm(Timer::Unheard, now + self.words_deadline());
        }
    }

    /// Drops a reply of which nothing was heard: as if it had never been begun.
    pub(super) fn cancel_unheard(&mut self, why: CancelReason) {
        if let Some(reply) = self.reply.take() {
            self.timers.disarm(Timer::Overlap);
            self.timers.disarm(Timer::Played);
            self.actions.push(Action::Cancel {
                reply: reply.id,
                why,
            });
        }
    }
}
