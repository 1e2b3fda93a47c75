//! A carrier that listens and speaks by itself, and asks in between what to say: what a call falls
//! back to when nobody else recognises or speaks any more. What it is given to say cannot be
//! interrupted, so all of it is heard.

use domain::{EndReason, Millis};

use super::{CallSession, Line, Phase, Settled};
use crate::{
    Action, AfterSaying, Input, Missing, RoundHeard, WaitClass, Words,
    reply::{After, Finish, Kind, Reply, Voicing, Writing},
    timers::Timer,
};

/// A carrier judges by itself when words are over, unless the silence that is wanted is longer.
const USUAL_PAUSE: Millis = Millis(1_000);

/// Whether an input is of the line's audio, or of whoever recognises it. The socket that carried it
/// is closed by us, which looks like the end of a call.
pub(super) fn is_of_audio(input: &Input) -> bool {
    match input {
        Input::Digit(_)
        | Input::HungUp
        | Input::Ignored(_)
        | Input::LineLost
        | Input::NoiseStarted { .. }
        | Input::NoiseStopped { .. }
        | Input::Played(_)
        | Input::RecogniserBack
        | Input::RecogniserFailed
        | Input::RecogniserLost
        | Input::SpeechStarted { .. }
        | Input::SpeechStopped { .. }
        | Input::TurnEnded { .. }
        | Input::TurnLikely
        | Input::TurnResumed
        | Input::UtteranceOver
        | Input::Words(_)
        | Input::WordsCome(_) => true,
        Input::Audio(_)
        | Input::BudgetGone
        | Input::Changed(_)
        | Input::Dismissed
        | Input::Recalled(_)
        | Input::Round(_)
        | Input::Said { .. }
        | Input::SpeakingFailed(..)
        | Input::Spent(_)
        | Input::SpokenAll(_)
        | Input::Text { .. }
        | Input::ThinkingBroke(_)
        | Input::ThinkingFailed(_)
        | Input::ThoughtAll(_)
        | Input::Tick
        | Input::ToolAnswered { .. }
        | Input::ToolAsked { .. } => false,
    }
}

impl CallSession {
    /// What the carrier does once it has said the words of this round. `None`: the agent has more to
    /// say.
    #[must_use]
    pub fn round(&self) -> Option<AfterSaying> {
        let Some(reply) = &self.reply else {
            return Some(self.after_silence());
        };
        let whole = reply.writing != Writing::Going
            && reply.voicing != Voicing::Open
            && !reply.awaits_tools();
        if !whole {
            return None;
        }
        Some(match self.after(reply, Finish::Heard) {
            After::HangUp(_) if reply.kind == Kind::ProtectedLine => AfterSaying::HangUp,
            After::HangUp(_) => self.listen(self.rules.end.grace),
            // What the caller said meanwhile is answered next.
            After::Apologise | After::Listen if self.has_more_to_answer(reply) => return None,
            After::Apologise | After::Listen => self.listen(self.patience()),
        })
    }

    /// Whether words came that a line of the agent's own does not answer.
    fn has_more_to_answer(&self, reply: &Reply) -> bool {
        reply.kind != Kind::Answer && !self.turn.is_empty()
    }

    fn after_silence(&self) -> AfterSaying {
        match self.phase {
            Phase::Leaving(_) => self.listen(self.rules.end.grace),
            Phase::Over(_) => AfterSaying::HangUp,
            Phase::Talking => self.listen(self.patience()),
        }
    }

    fn listen(&self, patience: Millis) -> AfterSaying {
        let pause = self.wait_for(WaitClass::Unknown);
        AfterSaying::Listen {
            patience,
            pause: Some(pause).filter(|pause| *pause > USUAL_PAUSE),
        }
    }

    /// From here on the carrier listens and speaks. What was understood or typed is answered; where
    /// there is nothing but sound, the caller is asked again.
    pub(super) fn take_rounds(&mut self, now: Millis, missing: Missing) {
        for timer in [
            Timer::EndOfTurn,
            Timer::Finalize,
            Timer::Idle,
            Timer::Keys,
            Timer::Music,
            Timer::OneMoment,
            Timer::Speculate,
            Timer::Unheard,
        ] {
            self.timers.disarm(timer);
        }
        self.waiting.noisy = false;
        self.line = Line::Rounds;
        self.actions.push(Action::TakeRounds(missing));
        let left = std::mem::take(&mut self.turn);
        self.turn = left.in_writing(now);
        if self.turn.has_keys() {
            self.take_keys(now);
        } else if !self.turn.is_empty() {
            self.failures.unheard = 0;
            self.commit(now, Settled::BY_PROVIDER);
        } else if left.onset().is_some() {
            self.ask_again(now);
        }
    }

    /// The carrier has said all that it was given, and listened.
    pub(super) fn on_round(&mut self, now: Millis, heard: RoundHeard) {
        if self.line != Line::Rounds {
            return;
        }
        if heard != RoundHeard::HungUp && self.reply.as_ref().is_some_and(Reply::is_audible) {
            self.reply_was_heard(now);
        }
        if self.over().is_some() {
            return;
        }
        match heard {
            RoundHeard::HungUp => self.end(now, self.parts_for()),
            RoundHeard::Keys(keys) => {
                let end = self.rules.dtmf.end_key;
                for key in keys.chars().filter(|key| *key != end) {
                    self.turn.press(key);
                }
                self.take_keys(now);
            }
            RoundHeard::Nothing => match self.leaving() {
                Some(why) if self.reply.is_none() => self.end(now, why),
                Some(_) | None => self.remind(now),
            },
            RoundHeard::Words(text) => self.said_in_round(now, text),
        }
    }

    /// Why the call ends, now that nobody asks any more: for its own reason, if it was about to.
    fn parts_for(&self) -> EndReason {
        let last = self.reply.as_ref().map(|reply| (reply.kind, reply.then));
        match last {
            Some((Kind::ProtectedLine, After::HangUp(why))) => why,
            Some(_) | None => self.leaving().unwrap_or(EndReason::CallerHungUp),
        }
    }

    fn said_in_round(&mut self, now: Millis, text: String) {
        let new = self.turn.hear(now, &Words::whole(text));
        if !new || self.reply.is_some() {
            return;
        }
        self.failures.unheard = 0;
        self.commit(now, Settled::BY_PROVIDER);
    }
}
