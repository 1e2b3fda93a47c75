//! Nobody is left to recognise the caller, or to speak to him: how the call goes on is told as soon
//! as he has finished.

use domain::Millis;

use super::{CallSession, Line, Phase, Recogniser};
use crate::{Missing, timers::Timer};

/// The longest that a caller is let finish who talks. Keys come to an end by themselves.
const LETS_FINISH: Millis = Millis(10_000);

impl CallSession {
    /// As soon as nobody talks, the carrier is to listen and speak, if it can. Returns whether it is
    /// to.
    pub(super) fn leave_audio(&mut self, missing: Missing) -> bool {
        match self.line {
            Line::Rounds => return false,
            // Whoever cannot speak lacks more than one who cannot hear.
            Line::Failing(Missing::Voice) => return true,
            Line::Audio | Line::Failing(Missing::Recogniser) | Line::Keys => {}
        }
        if self.rules.line.rounds {
            self.line = Line::Failing(missing);
        }
        self.rules.line.rounds
    }

    /// Whether all that is answered from here on is answered in rounds.
    pub(super) fn awaits_rounds(&self) -> bool {
        matches!(self.line, Line::Failing(_)) && self.phase == Phase::Talking
    }

    /// Goes on in another way, once the caller is done, if the line has to be left. Returns whether
    /// it has to.
    pub(super) fn leave_line_when_quiet(&mut self, now: Millis) -> bool {
        let stranded = self.is_stranded();
        if !stranded {
            self.timers.disarm(Timer::LetFinish);
        } else if !self.turn.is_speaking() && !self.has_more_to_come() {
            self.leave_line(now);
        } else if !self.timers.is_armed(Timer::LetFinish) {
            self.timers.arm(Timer::LetFinish, now + LETS_FINISH);
        }
        stranded
    }

    /// The caller has been let finish for long enough, unless he types.
    pub(super) fn stop_letting_finish(&mut self, now: Millis) {
        if self.is_stranded() && !self.timers.is_armed(Timer::Keys) {
            self.leave_line(now);
        }
    }

    fn is_stranded(&self) -> bool {
        let deaf = self.line == Line::Audio && self.recogniser == Recogniser::Failed;
        let talking = self.phase == Phase::Talking && self.reply.is_none();
        talking && (deaf || self.awaits_rounds())
    }

    /// Whether the caller may press another key, or words of his may come yet.
    fn has_more_to_come(&self) -> bool {
        let words = self.recogniser != Recogniser::Failed
            && self.turn.awaits_words()
            && self.timers.is_armed(Timer::Unheard);
        words || self.timers.is_armed(Timer::Keys)
    }

    fn leave_line(&mut self, now: Millis) {
        self.timers.disarm(Timer::LetFinish);
        match self.line {
            Line::Audio => self.ask_for_keys(now),
            Line::Failing(missing) => self.take_rounds(now, missing),
            Line::Keys | Line::Rounds => {}
        }
    }
}
