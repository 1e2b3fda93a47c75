mod answering;
mod ending;
mod ends;
mod keys;
mod listening;
mod masking;
mod overlapping;
mod pressing;
mod rounds;
mod speaking;
mod spending;
mod stranded;
mod waiting;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use domain::{EndReason, Millis, Overlap, ReplyId};

use crate::{
    Action, Delivery, Evidence, Expected, Input, MenuEar, Missing, Note, Rules, WaitClass,
    budget::Funds,
    classify::Asked,
    history::History,
    lag::Lag,
    pace::Pace,
    reply::{Reply, Secret},
    script::LogLine,
    timers::{Timer, Timers},
    turn::{CallerTurn, Opinion},
    words::{self, Lists},
};

use masking::Masks;
use overlapping::Overlapping;
use waiting::Waiting;

/// One call, from answering to hanging up: the only place where anything is decided about it.
///
/// Feed it everything that happens, in order; carry out what it returns, in order.
///
/// - `listening`: the caller's side: speech, words, and when a turn is over; `keys` of the phone.
/// - `answering`: the model's side: replies, speculation, tools; `pressing`: keys for a menu.
///   `masking`: what covers a wait of ours.
/// - `speaking`: the voice's side: audio, marks, and what was heard; `overlapping`: speech over it.
/// - `rounds`: a carrier that listens and speaks by itself. `stranded`: on the way there, or to keys.
/// - `waiting`: silence and holds. `spending`: the budget. `ending`: goodbyes, failures, the last action.
#[derive(Debug)]
pub struct CallSession {
    rules: Arc<Rules>,
    phase: Phase,
    /// What the caller is saying.
    turn: CallerTurn,
    /// The agent's reply in the making or being heard. One at a time.
    reply: Option<Reply>,
    history: History,
    timers: Timers,
    actions: Vec<Action>,
    last_reply: ReplyId,
    tool_runs: u32,
    turns: u32,
    waiting: Waiting,
    /// How the cost stands to the budget.
    funds: Funds,
    failures: Failures,
    /// How late the line reports marks, against our own count of what it has played.
    line_lag: Millis,
    question: Question,
    /// Speech over the agent's of which it is not clear what it means.
    overlap: Option<Overlapping>,
    /// Times of the last sounds over the agent's that meant nothing.
    false_alarms: Vec<Millis>,
    /// When the agent's last words had been played.
    agent_until: Option<Millis>,
    /// Answers that were heard too soon and taken back, for the record of the next one.
    cut_ins: Vec<Overlap>,
    masks: Masks,
    pace: Pace,
    lag: Lag,
    recogniser: Recogniser,
    delivery: Delivery,
    line: Line,
    menu_ear: MenuEar,
    far_end: FarEnd,
}

/// Who is at the other end, as far as one can tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum FarEnd {
    /// The last turn was that of a menu.
    Menu,
    Person,
    /// A turn before it was.
    WasMenu,
}

/// What went wrong, each so many times in a row.
#[derive(Debug, Default)]
struct Failures {
    /// The caller spoke, and no words came.
    unheard: u32,
    /// A reply could not be spoken.
    unspoken: u32,
    /// A reply could not be written.
    unwritten: u32,
}

/// Whether the caller's words can be known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Recogniser {
    /// Nothing is left to try.
    Failed,
    /// Something is left to try.
    Lost,
    Works {
        since: Millis,
    },
}

/// How the caller is heard, and hears us.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Line {
    Audio,
    /// Nobody recognises his speech any more, or speaks to him, but the carrier can: as soon as
    /// nobody talks or types.
    Failing(Missing),
    /// The same, but the carrier cannot either: he was asked to press keys.
    Keys,
    /// The carrier does.
    Rounds,
}

/// What the agent's last words ask of the caller.
#[derive(Clone, Copy, Debug)]
struct Question {
    asked: Asked,
    expected: Expected,
    /// How long waits are for such an answer, in percent of the usual.
    pace_percent: u64,
}

impl Default for Question {
    fn default() -> Self {
        Self {
            asked: Asked::Nothing,
            expected: Expected::default(),
            pace_percent: 100,
        }
    }
}

/// Why a turn is taken to be over.
#[derive(Clone, Copy, Debug)]
struct Settled {
    class: WaitClass,
    evidence: Evidence,
    /// The silence that was asked for.
    wait: Millis,
}

impl Settled {
    /// Whoever recognises the words says so.
    const BY_PROVIDER: Self = Self {
        class: WaitClass::Provider,
        evidence: Evidence::Provider,
        wait: Millis::ZERO,
    };
}

/// Surer than this, a recogniser's model of turns decides; below, it only suggests.
const SURE_PERCENT: u8 = 70;

/// Whether the conversation goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// Goodbye was said; the caller may still object.
    Leaving(EndReason),
    Over(EndReason),
    Talking,
}

impl CallSession {
    /// Answers a call: the greeting is on its way.
    #[must_use = "an action nobody carries out is a call that hangs"]
    pub fn answered(rules: Arc<Rules>) -> (Self, Vec<Action>) {
        let mut session = Self {
            rules,
            phase: Phase::Talking,
            turn: CallerTurn::default(),
            reply: None,
            history: History::default(),
            timers: Timers::default(),
            actions: Vec::new(),
            last_reply: ReplyId(0),
            tool_runs: 0,
            turns: 0,
            waiting: Waiting::default(),
            funds: Funds::default(),
            failures: Failures::default(),
            line_lag: Millis::ZERO,
            question: Question::default(),
            overlap: None,
            false_alarms: Vec::new(),
            agent_until: None,
            cut_ins: Vec::new(),
            masks: Masks::default(),
            pace: Pace::default(),
            lag: Lag::default(),
            recogniser: Recogniser::Works {
                since: Millis::ZERO,
            },
            delivery: Delivery::default(),
            line: Line::Audio,
            menu_ear: MenuEar::default(),
            far_end: FarEnd::Person,
        };
        session.question.expected.what = session.rules.turn.expect;
        session.set_bounds(Millis::ZERO);
        session.greet();
        let actions = std::mem::take(&mut session.actions);
        (session, actions)
    }

    /// Applies everything due by `now`, then `input`; returns what to do about it.
    #[must_use = "an action nobody carries out is a call that hangs"]
    pub fn handle(&mut self, now: Millis, input: Input) -> Vec<Action> {
        while let Some((at, timer)) = self.timers.pop(now) {
            self.on_timer(at, timer);
        }
        if self.over().is_none() {
            self.on_input(now, input);
        }
        self.forget_empty_turn();
        self.see_who_is_next(now);
        std::mem::take(&mut self.actions)
    }

    /// Arms what bounds the whole call. What lies in the past has had its time.
    fn set_bounds(&mut self, now: Millis) {
        let end = &self.rules.end;
        let max = end.max_call;
        self.timers.arm(Timer::MaxCall, max);
        self.timers.disarm(Timer::AlmostOver);
        let warning = end
            .warn_before
            .filter(|before| *before < max && !self.rules.lines.almost_over.is_empty())
            .map(|before| max - before);
        if let Some(at) = warning.filter(|at| *at > now) {
            self.timers.arm(Timer::AlmostOver, at);
        }
    }

    /// The agent behaves differently from here on.
    fn change(&mut self, now: Millis, rules: Arc<Rules>) {
        self.rules = rules;
        self.set_bounds(now);
    }

    /// The word lists that judge the caller's last words, if any do.
    fn lists(&self) -> Option<&'static Lists> {
        words::lists(&self.rules.language).filter(|_| self.rules.turn.language_rules)
    }

    /// When to call `handle` with `Input::Tick` if nothing else happens, and what for.
    #[must_use]
    pub fn next_deadline(&self) -> Option<(Millis, Timer)> {
        self.timers.next()
    }

    /// Why the call is over, once it is.
    #[must_use]
    pub fn over(&self) -> Option<EndReason> {
        match self.phase {
            Phase::Over(why) => Some(why),
            Phase::Leaving(_) | Phase::Talking => None,
        }
    }

    /// An input that comes next, or an action that was just ordered, as a line of a log.
    #[must_use]
    pub fn log_line<'a, T>(&self, of: &'a T) -> LogLine<'a, T> {
        LogLine::new(of, self.undisclosed())
    }

    /// What of the caller's words is neither logged nor kept: that of an answer to an open
    /// question, to one that is being asked, or to one that is being answered.
    fn undisclosed(&self) -> Secret {
        let in_reply = self.reply.as_ref().is_some_and(|reply| {
            let asks = reply.expects.is_some_and(|expected| expected.secret);
            asks || reply.secret == Secret::Words
        });
        if in_reply {
            Secret::Words
        } else {
            self.secret()
        }
    }

    /// Somebody always owes the next move. When nobody does, the caller is waited for.
    fn see_who_is_next(&mut self, now: Millis) {
        if self.leave_line_when_quiet(now) {
            return;
        }
        let waits = [
            Timer::EndOfTurn,
            Timer::Grace,
            Timer::Idle,
            Timer::Keys,
            Timer::Unheard,
        ];
        let somebody = self.over().is_some()
            || self.reply.is_some()
            || self.turn.is_speaking()
            || self.waiting.noisy
            || self.line == Line::Rounds
            || waits.into_iter().any(|timer| self.timers.is_armed(timer));
        if !somebody {
            self.go_on_waiting(now);
        }
    }

    fn on_timer(&mut self, at: Millis, timer: Timer) {
        match timer {
            Timer::AlmostOver => self.warn(at),
            Timer::BudgetLow => self.tell_of_budget(at),
            Timer::EndOfTurn => self.reconsider(at),
            Timer::Mask => self.mask(at),
            Timer::Music => self.music_lasts(at),
            Timer::OneMoment => self.say_one_moment(at),
            Timer::Speculate => self.reconsider(at),
            Timer::Finalize => self.actions.push(Action::Finalize),
            Timer::Grace => self.leave(at),
            Timer::Idle => self.remind(at),
            Timer::Keys => self.take_keys(at),
            Timer::LetFinish => self.stop_letting_finish(at),
            Timer::MaxCall => self.part(at, EndReason::MaxDuration),
            Timer::Overlap => self.overlap_lasts(at),
            Timer::Parting => self.break_off(at),
            Timer::Played => self.reply_was_heard(at),
            Timer::Unheard => self.stop_waiting_for_words(at),
        }
    }

    fn on_input(&mut self, now: Millis, input: Input) {
        if self.line == Line::Rounds && rounds::is_of_audio(&input) {
            return;
        }
        match input {
            Input::Audio(audio) => self.on_audio(now, audio),
            Input::BudgetGone => self.budget_is_gone(now),
            Input::Digit(key) => self.on_digit(now, key),
            Input::Changed(rules) => self.change(now, rules),
            Input::Dismissed => self.part(now, EndReason::OperatorEnded),
            Input::HungUp => self.end(now, self.leaving().unwrap_or(EndReason::CallerHungUp)),
            Input::Ignored(span) => self.ignore(now, span),
            Input::LineLost => self.end(now, self.leaving().unwrap_or(EndReason::MediaLost)),
            Input::NoiseStarted { at } => self.noise_started(now, at),
            Input::NoiseStopped { .. } => self.noise_stopped(now),
            Input::Played(mark) => self.on_played(now, mark),
            Input::Recalled(earlier) => self.history.recall(earlier),
            Input::RecogniserBack => self.recogniser_back(now),
            Input::RecogniserLost => self.recogniser_lost(now),
            Input::RecogniserFailed => self.recogniser_failed(now),
            Input::Round(heard) => self.on_round(now, heard),
            Input::Said { reply, text } => self.on_said(now, reply, &text),
            Input::SpeakingFailed(reply, voices) => self.speaking_failed(now, reply, voices),
            Input::SpeechStarted { at } => self.speech_started(now, at),
            Input::SpeechStopped { at } => self.speech_stopped(now, at),
            Input::Spent(so_far) => self.spent(now, so_far),
            Input::SpokenAll(reply) => self.spoken_all(now, reply),
            Input::Text { reply, text } => self.on_text(now, reply, &text),
            Input::ThinkingBroke(reply) => self.thinking_broke(now, reply),
            Input::ThinkingFailed(reply) => self.thinking_failed(now, reply),
            Input::ThoughtAll(reply) => self.thought_all(now, reply),
            Input::Tick => {}
            Input::ToolAnswered { run, output } => self.tool_answered(now, run, output),
            Input::ToolAsked {
                reply,
                id,
                name,
                arguments,
            } => {
                self.tool_asked(
                    reply,
                    crate::ToolCall {
                        id,
                        name,
                        arguments,
                    },
                );
            }
            Input::TurnEnded { confidence } if confidence >= SURE_PERCENT => {
                self.opinion(now, Opinion::Over { since: now });
            }
            Input::TurnEnded { .. } | Input::TurnLikely => self.opinion(now, Opinion::Likely),
            Input::TurnResumed => self.opinion(now, Opinion::GoesOn),
            Input::UtteranceOver => self.utterance_over(now),
            Input::Words(words) => self.on_words(now, &words),
            Input::WordsCome(delivery) => self.delivery = delivery,
        }
    }

    /// The reply being made or heard, if `reply` is it. Anything else is late, and ignored.
    fn current(&mut self, reply: ReplyId) -> Option<&mut Reply> {
        let current = self.reply.as_mut().filter(|current| current.id == reply);
        if current.is_none() {
            self.actions.push(Action::Note(Note::LateReply));
        }
        current
    }
}
