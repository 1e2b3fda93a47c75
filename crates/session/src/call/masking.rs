//! What covers a wait that is ours: openers, and fillers while a tool runs or the model is slow.

use domain::Millis;

use super::{CallSession, Line};
use crate::{
    Action, WaitClass,
    reply::{After, Kind, Reply, Voicing, Writing},
    timers::Timer,
};

/// A carrier that speaks by itself covers a wait after so long.
const ROUND_FILLER: Millis = Millis(2_000);

/// Which openers and fillers were said: none comes twice in a row.
#[derive(Debug, Default)]
pub(super) struct Masks {
    openers: usize,
    fillers: usize,
    /// The turn that had the last opener.
    opened: Option<u32>,
}

/// What is said, and when it is time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mask {
    Filler,
    Opener,
}

impl CallSession {
    /// Sees to it that the caller is not left in a silence of ours.
    pub(super) fn arm_mask(&mut self, now: Millis) {
        self.timers.disarm(Timer::Mask);
        let mask = self.next_mask().map(|(at, _)| at);
        if let Some(at) = mask.into_iter().chain(self.hopeless_at()).min() {
            self.timers.arm(Timer::Mask, at.or_later(now));
        }
    }

    /// The silence has lasted: something is said, or the answer is given up.
    pub(super) fn mask(&mut self, now: Millis) {
        const LATER: Millis = Millis(100);
        if self.hopeless_at().is_some_and(|at| at <= now) {
            return self.give_up_answer(now);
        }
        let Some((at, mask)) = self.next_mask() else {
            return;
        };
        if at > now {
            return self.arm_mask(now);
        }
        if self.turn.is_speaking() {
            return self.timers.arm(Timer::Mask, now + LATER);
        }
        let line = match mask {
            Mask::Filler => self.next_filler(),
            Mask::Opener => self.next_opener(),
        };
        self.cover(now, &line);
        self.arm_mask(now);
    }

    /// The model had its time: what it writes now is for nobody.
    fn give_up_answer(&mut self, now: Millis) {
        if let Some(reply) = &self.reply {
            self.actions.push(Action::StopThinking(reply.id));
        }
        self.round_failed(now);
    }

    /// Says something within the answer that is no part of it.
    fn cover(&mut self, now: Millis, line: &str) {
        self.speak_own(now, line);
        if let Some(reply) = &mut self.reply {
            reply.masked(now);
        }
    }

    /// What could not be said while the carrier listened comes before the answer.
    pub(super) fn say_what_waited(&mut self, now: Millis) {
        for line in std::mem::take(&mut self.waiting.unsaid) {
            self.cover(now, &line);
        }
    }

    /// The mask that is due next for the answer in the making, if it is silent until then.
    fn next_mask(&self) -> Option<(Millis, Mask)> {
        let (at, mask) = self.next_mask_on_audio()?;
        if self.line != Line::Rounds {
            return Some((at, mask));
        }
        // A round is said in one go: what comes soon needs no cover.
        let committed = self.reply.as_ref()?.watch.committed?;
        self.filler(at.or_later(committed + ROUND_FILLER))
    }

    fn next_mask_on_audio(&self) -> Option<(Millis, Mask)> {
        let rules = &self.rules.mask;
        let reply = self.reply.as_ref().filter(|reply| {
            reply.kind == Kind::Answer && reply.voicing == Voicing::Open && !reply.is_speculative()
        })?;
        let committed = reply.watch.committed?;
        if let Some(at) = reply.masked_at {
            let silent_since = at.or_later(reply.playout.ends());
            return self.filler(silent_since + rules.again_after);
        }
        if let Some(since) = reply.tools_since {
            let silent_since = since.or_later(reply.playout.ends());
            let after = if reply.has_words() {
                rules.again_after
            } else {
                rules.tool_filler_after?
            };
            return self.filler(silent_since + after);
        }
        if reply.playout.clauses() > 0 {
            return None;
        }
        let opener = self
            .may_open(reply)
            .then_some((committed + rules.opener_after, Mask::Opener));
        opener.or_else(|| self.filler(committed + rules.slow_filler_after?))
    }

    pub(super) fn has_fillers(&self) -> bool {
        !self.rules.mask.fillers.is_empty()
    }

    /// Fills a silence in which no reply can be begun yet.
    pub(super) fn fill(&mut self, now: Millis) {
        let line = self.next_filler();
        self.say(now, Kind::Line, &line, After::Listen);
    }

    fn filler(&self, at: Millis) -> Option<(Millis, Mask)> {
        self.has_fillers().then_some((at, Mask::Filler))
    }

    /// An opener is for every other turn at most, and never before a yes or no.
    fn may_open(&self, reply: &Reply) -> bool {
        let just_now = self.masks.opened.is_some_and(|turn| turn + 1 >= self.turns);
        let spent = self.rules.mask.openers.len() <= 1 && self.masks.openers > 0;
        reply.ended_by != WaitClass::ShortAnswer
            && !self.rules.mask.openers.is_empty()
            && !spent
            && !just_now
    }

    /// When the model will have had its time, if it has written nothing by then.
    fn hopeless_at(&self) -> Option<Millis> {
        let reply = self.reply.as_ref().filter(|reply| {
            reply.kind == Kind::Answer && reply.writing == Writing::Going && reply.round_is_empty()
        })?;
        let since = reply.round_since().or(reply.watch.committed)?;
        Some(since + self.rules.mask.give_up_after)
    }

    fn next_filler(&mut self) -> String {
        let fillers = &self.rules.mask.fillers;
        let line = fillers[self.masks.fillers % fillers.len()].clone();
        self.masks.fillers += 1;
        line
    }

    fn next_opener(&mut self) -> String {
        let openers = &self.rules.mask.openers;
        let line = openers[self.masks.openers % openers.len()].clone();
        self.masks.openers += 1;
        self.masks.opened = Some(self.turns);
        line
    }
}
