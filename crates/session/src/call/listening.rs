//! The caller's side: speech, words, and when a turn is over.

use domain::Millis;

use super::{CallSession, Phase, Recogniser, Settled};
use crate::{
    Action, CancelReason, Delivery, Evidence, Span, Speculate, TurnEnd, WaitClass, Words,
    classify::classify,
    reply::Kind,
    timers::Timer,
    turn::{Opinion, gist},
};

/// Times that the agent says that it understood nothing; then it waits for words.
const MOST_UNHEARD: u32 = 2;
/// A sound that lasted this long was meant to be speech: the caller is told that it was not understood.
const WAS_SPEECH: Millis = Millis(650);
/// So long after speech its words are waited for, unless they usually take longer. Later ones count
/// if they come.
const LATE_WORDS: Millis = Millis(4_000);
/// Where no voice is left to fill the wait, the carrier asks for more by then.
const BEFORE_ROUNDS: Millis = Millis(3_000);
/// Silence before a reply is begun ahead of time, when the last words look finished …
const SPECULATE_AFTER: Millis = Millis(200);
/// … and when they do not.
const SPECULATE_ANYWAY_AFTER: Millis = Millis(1_000);
/// A turn that has lasted this long is too unlikely to end here.
const SPECULATE_WITHIN: Millis = Millis(30_000);
/// What a recogniser that is sure of the end has to wait for a sentence without one.
const DOUBTED_END: Millis = Millis(400);
/// A pause in a turn that has lasted for too long.
const SHORT_PAUSE: Millis = Millis(250);
/// Where words come in batches, a shorter pause tells nothing: the next batch may go on.
const BETWEEN_BATCHES: Millis = Millis(700);
/// The longest way of our own voice through the caller's end and back.
const ECHO: Millis = Millis(800);
/// The caller is told when the recogniser has been gone for so long.
const SAY_SORRY_AFTER: Millis = Millis(1_500);

/// When a turn is over, as far as silence and words tell.
struct Due {
    settled: Settled,
    /// When the caller will have been silent for long enough.
    at: Millis,
}

impl CallSession {
    pub(super) fn speech_started(&mut self, now: Millis, at: Millis) {
        if let Some(pause) = self.turn.speech_started(at)
            && self.reply.as_ref().is_none_or(|reply| !reply.is_audible())
        {
            self.pace.paused(pause);
        }
        for timer in [
            Timer::EndOfTurn,
            Timer::Finalize,
            Timer::Grace,
            Timer::Idle,
            Timer::Music,
            Timer::Speculate,
            Timer::Unheard,
        ] {
            self.timers.disarm(timer);
        }
        self.waiting.noisy = false;
        self.speech_over_reply(now, at);
    }

    pub(super) fn speech_stopped(&mut self, now: Millis, at: Millis) {
        self.turn.speech_stopped(at);
        if self.turn.awaits_words() {
            match self.rules.turn.end {
                TurnEnd::Provider => {}
                TurnEnd::Talker | TurnEnd::Words => {
                    let after = at + self.rules.turn.finalize_after;
                    self.timers.arm(Timer::Finalize, after.or_later(now));
                }
            }
            let wait = self.wait_for_words();
            self.timers.arm(Timer::Unheard, (at + wait).or_later(now));
        }
        self.speech_over_reply_stopped(now, at);
        self.reconsider(now);
    }

    /// How long after a sound something is done about its words.
    fn wait_for_words(&self) -> Millis {
        if self.awaits_rounds() {
            // No filler can be said, and the first round is about what is there by then.
            return self.late_words();
        }
        // A recogniser that ends turns alone has longer than the caller can be left in silence.
        let filler = self.rules.mask.slow_filler_after;
        match filler.filter(|_| self.turn.is_empty() && self.misses_speech()) {
            Some(filler) => self.words_deadline().or_earlier(filler),
            None => self.words_deadline(),
        }
    }

    /// Some sound was not the caller's.
    pub(super) fn ignore(&mut self, now: Millis, span: Span) {
        let disowned = self.turn.ignore(span);
        if disowned.words {
            self.words_dropped();
        }
        if disowned.sound {
            self.forget_overlap(now);
        }
        if !disowned.words && !disowned.sound {
            return;
        }
        // Nobody waits for more words about what was not the caller's.
        if !self.turn.awaits_words() {
            self.timers.disarm(Timer::Finalize);
            if self.turn.is_empty() || !self.somebody_owes_an_end() {
                self.timers.disarm(Timer::Unheard);
            }
        }
        self.reconsider(now);
    }

    /// Some words were not the caller's. A reply that nobody has heard answered them too, so it is
    /// dropped, even one on its way: the turn is taken again at once if it is over without them.
    fn words_dropped(&mut self) {
        let words = self.turn.word_count();
        if let Some(overlap) = &mut self.overlap {
            overlap.words_were_dropped(words);
        }
        if self.has_stale_reply() {
            // The caller did not go on: the turn was not taken too soon.
            self.drop_unheard(CancelReason::Stale);
        }
    }

    pub(super) fn on_words(&mut self, now: Millis, words: &Words) {
        if self.are_our_own(now, words) {
            return;
        }
        let before = self.turn.word_count();
        let new = self.turn.hear(now, words);
        if new && words.settled {
            self.measure_lag(now, words);
        }
        if new {
            self.failures.unheard = 0;
            self.timers.disarm(Timer::Idle);
            self.on_new_words(now);
        }
        if self.overlap.is_some() {
            self.weigh_overlap(now);
        } else if new {
            self.words_over_reply(now, words, before);
        }
        if self.turn.is_settled() && !self.turn.awaits_words() && !self.somebody_owes_an_end() {
            self.timers.disarm(Timer::Unheard);
        }
        self.reconsider(now);
    }

    /// Whether these words are about sound of our own, or of somebody in the background: spoken
    /// while the agent was heard, where the ear heard no caller.
    fn are_our_own(&self, now: Millis, words: &Words) -> bool {
        let audible = self.reply.as_ref().is_some_and(|reply| reply.is_audible());
        let until = if audible { Some(now) } else { self.agent_until };
        let over_agent = words
            .span
            .zip(until)
            .is_some_and(|(span, until)| span.from < until + ECHO);
        over_agent && !words.text.trim().is_empty() && !self.turn.sounded(words)
    }

    fn measure_lag(&mut self, now: Millis, words: &Words) {
        let sound_ended = words.span.map(|span| span.until);
        // What was played again to a new recogniser says nothing about it.
        let fresh = |until: &Millis| match self.recogniser {
            Recogniser::Works { since } => *until >= since,
            Recogniser::Failed | Recogniser::Lost => false,
        };
        if let Some(until) = sound_ended.or(self.turn.quiet_since()).filter(fresh) {
            self.lag.measured(now - until);
        }
    }

    /// New words make a reply stale that answers the old ones and was not heard.
    fn on_new_words(&mut self, now: Millis) {
        if self.has_stale_reply() {
            self.cancel_unheard(CancelReason::Stale);
        }
        if let Phase::Leaving(_) = self.phase {
            self.timers.disarm(Timer::Grace);
        }
        if self.reply.is_none() && !self.turn.is_speaking() {
            self.timers.arm(Timer::Unheard, now + self.words_deadline());
        }
    }

    /// Whether the reply answers other words than those that are there, and nobody has heard it.
    fn has_stale_reply(&self) -> bool {
        self.reply
            .as_ref()
            .is_some_and(|reply| reply.can_be_taken_back() && !self.answers(&reply.answers))
    }

    /// Whether a reply to these words answers what the caller has said by now.
    pub(super) fn answers(&self, words: &str) -> bool {
        let lists = self.lists();
        gist(words, lists) == gist(&self.turn.text(), lists)
    }

    pub(super) fn stop_waiting_for_words(&mut self, now: Millis) {
        if self.awaits_rounds() {
            // The first round is about what is there by then.
            return;
        }
        let unheard = self.turn.is_empty() && self.reply.is_none();
        let may_come = matches!(self.recogniser, Recogniser::Works { .. });
        if unheard && may_come && self.waits_for_late_words(now) {
            return;
        }
        if self.recogniser != Recogniser::Lost {
            self.turn.give_up_waiting();
        }
        if self.rules.turn.end != TurnEnd::Words && !self.turn.is_empty() {
            self.turn.utterance_over(now);
        }
        if self.turn.is_empty() && self.reply.is_none() {
            if self.recogniser == Recogniser::Lost {
                // What was said is played again to whoever recognises next.
                return self.timers.arm(Timer::Unheard, now + self.words_deadline());
            }
            let asks = self.misses_speech();
            self.turn.forget();
            if asks {
                return self.ask_again(now);
            }
            self.go_on_waiting(now);
        }
        self.reconsider(now);
    }

    /// Whether speech has come to nothing that the caller should be asked about.
    fn misses_speech(&self) -> bool {
        self.turn.sounded_for() >= WAS_SPEECH && self.failures.unheard < MOST_UNHEARD
    }

    /// Words are late, not lost: whether they are waited for a little longer, behind a filler.
    fn waits_for_late_words(&mut self, now: Millis) -> bool {
        let Some(since) = self.turn.quiet_since().filter(|_| self.misses_speech()) else {
            return false;
        };
        let fill_at = self.rules.mask.slow_filler_after.map(|after| since + after);
        let filled = self.waiting.filled == Some(since);
        if let Some(at) = fill_at.filter(|_| !filled && self.has_fillers()) {
            if at <= now {
                self.waiting.filled = Some(since);
                self.fill(now);
            } else {
                self.timers.arm(Timer::Unheard, at);
            }
            return true;
        }
        let late = since + self.late_words();
        self.timers.arm(Timer::Unheard, late);
        now < late
    }

    /// How long after a sound its words are waited for, behind a filler if any can be said.
    fn late_words(&self) -> Millis {
        let deadline = self.words_deadline();
        if !self.awaits_rounds() {
            return LATE_WORDS.or_later(deadline);
        }
        // Nothing can be said meanwhile, and words that come as they are spoken come soon.
        match self.delivery {
            Delivery::AsSpoken => deadline.or_earlier(BEFORE_ROUNDS),
            Delivery::InBatches => BEFORE_ROUNDS,
        }
    }

    /// The agent is done with what it said while words were awaited.
    pub(super) fn go_on_waiting_for_words(&mut self, now: Millis) {
        if let Some(since) = self.turn.quiet_since()
            && self.turn.awaits_words()
        {
            let late = since + self.late_words();
            self.timers.arm(Timer::Unheard, late.or_later(now));
        }
    }

    /// Nothing came of a sound and nothing will: the next one does not go on from it.
    pub(super) fn forget_empty_turn(&mut self) {
        let awaited = self.turn.awaits_words() || self.timers.is_armed(Timer::Unheard);
        if self.turn.is_empty()
            && self.turn.onset().is_some()
            && !self.turn.is_speaking()
            && !awaited
        {
            self.turn.forget();
        }
    }

    /// The recogniser is gone; something is left to try.
    pub(super) fn recogniser_lost(&mut self, now: Millis) {
        self.recogniser = Recogniser::Lost;
        self.timers.arm(Timer::OneMoment, now + SAY_SORRY_AFTER);
    }

    pub(super) fn recogniser_back(&mut self, now: Millis) {
        self.recogniser = Recogniser::Works { since: now };
        self.timers.disarm(Timer::OneMoment);
        if self.timers.is_armed(Timer::Unheard) {
            self.timers.arm(Timer::Unheard, now + self.words_deadline());
        }
    }

    /// Takes the caller's turn if it is over, or sees to it that it will be taken when it is.
    pub(super) fn reconsider(&mut self, now: Millis) {
        self.timers.disarm(Timer::EndOfTurn);
        self.timers.disarm(Timer::Speculate);
        let free = self
            .reply
            .as_ref()
            .is_none_or(|reply| reply.is_speculative());
        let may_answer = self.over().is_none() && !self.awaits_rounds();
        if !free || self.timers.is_armed(Timer::Keys) || !may_answer {
            return;
        }
        if self.turn.has_keys() {
            return self.take_keys(now);
        }
        match self.rules.turn.end {
            TurnEnd::Provider | TurnEnd::Talker if self.is_over_for_others() => {
                self.commit(now, Settled::BY_PROVIDER);
            }
            TurnEnd::Provider | TurnEnd::Talker => {}
            TurnEnd::Words => self.weigh_silence(now),
        }
    }

    fn weigh_silence(&mut self, now: Millis) {
        let Some(since) = self.turn.quiet_since().filter(|_| !self.turn.is_empty()) else {
            return;
        };
        let due = self.due(since);
        if due.at > now {
            self.timers.arm(Timer::EndOfTurn, due.at);
            self.weigh_speculation(now, since, due.settled.class);
        } else if self.turn.is_covered() {
            self.commit(now, due.settled);
        } else if !self.timers.is_armed(Timer::Unheard) {
            self.timers.arm(Timer::Unheard, now + self.words_deadline());
        }
    }

    /// When the turn is over, should the silence that began at `since` go on.
    fn due(&self, since: Millis) -> Due {
        let class = classify(
            &self.turn.text(),
            self.lists(),
            self.question.expected.what,
            self.question.asked,
        );
        let wait = self.wait_for(class);
        let mut due = Due {
            settled: Settled {
                class,
                evidence: Evidence::Silence,
                wait,
            },
            at: since + wait,
        };
        let unfinished = matches!(class, WaitClass::Incomplete | WaitClass::Filler);
        let doubt = if unfinished {
            DOUBTED_END
        } else {
            Millis::ZERO
        };
        if let Opinion::Over { since: told } = self.turn.opinion() {
            due.sooner(told + doubt, Evidence::Provider);
        }
        let began = self.turn.onset().unwrap_or(since);
        if since - began > self.rules.turn.longest {
            due.sooner(since + SHORT_PAUSE, Evidence::LongestTurn);
        }
        if self.turn.gave_up_waiting() && due.settled.evidence == Evidence::Silence {
            due.settled.evidence = Evidence::Deadline;
        }
        due
    }

    /// The silence that ends a turn of this class: what the rules say, at this caller's pace and for
    /// what is expected unless they do not adapt, and never shorter than words take to come.
    pub(super) fn wait_for(&self, class: WaitClass) -> Millis {
        let rules = &self.rules.turn;
        let base = class.wait(&rules.wait);
        let percent = if rules.adapts {
            self.pace.percent() * self.question.pace_percent / 100
        } else {
            100
        };
        let floor = rules
            .floor
            .or_later(self.lag.floor())
            .or_later(self.least_for_delivery());
        let ceiling = Millis(rules.wait.incomplete.0 * 3 / 2);
        let wait = Millis(base.0 * percent / 100)
            .or_later(floor)
            .or_earlier(ceiling.or_later(floor));
        if self.hears_menu() {
            Millis(wait.0 * 2)
        } else {
            wait
        }
    }

    const fn least_for_delivery(&self) -> Millis {
        match self.delivery {
            Delivery::AsSpoken => Millis::ZERO,
            Delivery::InBatches => BETWEEN_BATCHES,
        }
    }

    /// Begins a reply ahead of time, or sees to it that one is begun. Batches are settled at every
    /// pause, whether more comes or not.
    fn weigh_speculation(&mut self, now: Millis, since: Millis, class: WaitClass) {
        let began = self.turn.onset().unwrap_or(since);
        let allowed = self.rules.turn.speculate != Speculate::Off
            && self.delivery == Delivery::AsSpoken
            && self.turn.is_covered()
            && (self.turn.is_settled() || self.turn.opinion() == Opinion::Likely)
            && since - began <= SPECULATE_WITHIN;
        let after = match class {
            _ if self.turn.opinion() == Opinion::Likely => Some(Millis::ZERO),
            _ if self.turn.opinion() == Opinion::GoesOn => None,
            WaitClass::Complete
            | WaitClass::Fragment
            | WaitClass::ShortAnswer
            | WaitClass::Terminal
            | WaitClass::Unknown => Some(SPECULATE_AFTER),
            WaitClass::Incomplete => Some(SPECULATE_ANYWAY_AFTER),
            WaitClass::Filler
            | WaitClass::Hold
            | WaitClass::Keys
            | WaitClass::Number
            | WaitClass::Provider => None,
        };
        let Some(after) = after.filter(|_| allowed) else {
            return;
        };
        if since + after <= now {
            self.speculate(now);
        } else {
            self.timers.arm(Timer::Speculate, since + after);
        }
    }

    /// Takes back a reply of which nothing was heard, as if it had never been begun.
    pub(super) fn cancel_unheard(&mut self, why: CancelReason) {
        let taken = self
            .reply
            .as_ref()
            .is_some_and(|reply| reply.kind == Kind::Answer && !reply.is_speculative());
        if taken {
            self.turn.taken_back();
        }
        self.drop_unheard(why);
    }

    fn drop_unheard(&mut self, why: CancelReason) {
        if let Some(reply) = self.take_reply() {
            // Answers to this turn that were heard too soon: the next one's record tells of them.
            self.cut_ins.extend(reply.taking.overlaps);
            self.actions.push(Action::Cancel {
                reply: reply.id,
                why,
            });
        }
    }
}

impl Due {
    fn sooner(&mut self, at: Millis, evidence: Evidence) {
        if at < self.at {
            self.at = at;
            self.settled.evidence = evidence;
        }
    }
}
