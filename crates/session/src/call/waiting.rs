//! Nobody has the floor: silence, a caller who asked for a moment, music on the line.

use domain::{EndReason, Millis};

use super::{CallSession, Line, Phase, Settled};
use crate::{
    reply::{After, Kind},
    timers::Timer,
};

/// Music, a machine or traffic that sounds for this long: the caller is away.
const AWAY_AFTER: Millis = Millis(8_000);

/// How the caller's silence stands.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) patience: Patience,
    /// When silence is asked about, whatever noise there was in between.
    idle_at: Millis,
    /// Something that is no speech sounds at the caller's end.
    pub(super) noisy: bool,
    /// Questions asked into silence since the caller last said something.
    pub(super) reminders: usize,
    /// The end of the sound whose late words a filler was said for.
    pub(super) filled: Option<Millis>,
    /// What could not be said while the carrier listened.
    pub(super) unsaid: Vec<String>,
}

/// How much silence the caller is granted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Patience {
    /// He asked for a moment, or music plays.
    OnHold,
    #[default]
    Usual,
}

impl CallSession {
    /// Nobody has the floor: after a while the agent asks.
    pub(super) fn wait_for_caller(&mut self, now: Millis) {
        self.waiting.idle_at = now + self.patience();
        self.go_on_waiting(now);
    }

    /// How long the caller may be silent.
    pub(super) fn patience(&self) -> Millis {
        let idle = &self.rules.idle;
        match self.waiting.patience {
            Patience::OnHold => idle.hold,
            Patience::Usual => idle.after[self.waiting.reminders.min(idle.after.len() - 1)],
        }
    }

    /// Nothing came of a sound: the caller has been silent all the while.
    pub(super) fn go_on_waiting(&mut self, now: Millis) {
        if self.line == Line::Rounds {
            // The carrier waits, and tells when nothing has come.
            return self.answer_what_came_meanwhile(now);
        }
        if let Phase::Leaving(_) = self.phase {
            return self.timers.arm(Timer::Grace, now + self.rules.end.grace);
        }
        if !self.waiting.noisy {
            self.timers
                .arm(Timer::Idle, self.waiting.idle_at.or_later(now));
        }
    }

    /// Words of a round that came while the agent had begun to say something else.
    fn answer_what_came_meanwhile(&mut self, now: Millis) {
        if self.reply.is_none() && !self.turn.is_empty() && !self.turn.has_keys() {
            self.commit(now, Settled::BY_PROVIDER);
        }
    }

    /// The caller has been silent for too long.
    pub(super) fn remind(&mut self, now: Millis) {
        if self.reply.is_some() || self.turn.is_speaking() || self.awaits_rounds() {
            return;
        }
        if self.takes_only_keys() {
            return self.give_up(now, EndReason::ProviderFailedStt);
        }
        self.waiting.patience = Patience::Usual;
        let step = self.waiting.reminders;
        self.waiting.reminders += 1;
        let lines = &self.rules.lines;
        match lines.still_there.get(step).cloned() {
            Some(line) => self.say(now, Kind::Line, &line, After::Listen),
            None => {
                let goodbye = lines.goodbye.clone();
                self.say(now, Kind::Line, &goodbye, After::HangUp(EndReason::Silence));
            }
        }
    }

    /// Whoever makes noise is there: he is not asked whether he is.
    pub(super) fn noise_started(&mut self, now: Millis, at: Millis) {
        self.waiting.noisy = true;
        self.timers.disarm(Timer::Idle);
        self.timers
            .arm(Timer::Music, (at + AWAY_AFTER).or_later(now));
    }

    pub(super) fn noise_stopped(&mut self, now: Millis) {
        self.waiting.noisy = false;
        self.timers.disarm(Timer::Music);
        if self.is_waiting() {
            self.wait_for_caller(now);
        }
    }

    /// Music plays: whoever put us on hold comes back. The first word is a new turn.
    pub(super) fn music_lasts(&mut self, now: Millis) {
        self.waiting.noisy = false;
        self.waiting.patience = Patience::OnHold;
        if self.is_waiting() {
            self.turn.forget();
            self.wait_for_caller(now);
        }
    }

    /// Whether the caller is to speak next, and has not begun.
    fn is_waiting(&self) -> bool {
        self.reply.is_none() && !self.turn.is_speaking() && self.turn.is_empty()
    }

    /// The longest call is nearly over: the caller is told, unless someone is speaking.
    pub(super) fn warn(&mut self, now: Millis) {
        let line = self.rules.lines.almost_over.clone();
        self.say_between(now, Timer::AlmostOver, &line);
    }

    /// Says something that belongs to nothing else, when nobody speaks; until then, `timer` asks
    /// again.
    pub(super) fn say_between(&mut self, now: Millis, timer: Timer, line: &str) {
        const LATER: Millis = Millis(1_000);
        if self.line == Line::Rounds {
            // A carrier that listens cannot be spoken to, and tells only when it has listened.
            return self.waiting.unsaid.push(line.to_owned());
        }
        let heard = self.is_waiting() && !self.turn.awaits_words();
        let free = heard && self.phase == Phase::Talking;
        if !free {
            return self.timers.arm(timer, now + LATER);
        }
        self.timers.disarm(Timer::Idle);
        self.say(now, Kind::Line, line, After::Listen);
    }
}
