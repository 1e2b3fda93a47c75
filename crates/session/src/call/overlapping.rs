//! Speech over the agent's: is it for the floor, for "I am listening", or no speech at all?

use domain::{Millis, Overlap, OverlapOutcome};

use super::CallSession;
use crate::{
    Action, CancelReason, OverlapMode, Words,
    overlap::{self, Circumstances, Heard, Verdict},
    reply::{Kind, Stage, Voicing},
    timers::Timer,
    words,
};

/// Speech that lasts this long takes back an answer that nobody has heard …
pub(super) const TAKES_BACK: Millis = Millis(160);
/// … and one that nobody was meant to hear yet.
const ENDS_SPECULATION: Millis = Millis(120);
/// Speech this soon after our first sound was meant to go on: the agent cut in, not the caller.
const START_EDGE: Millis = Millis(400);
/// Fewer words of an answer than these are not worth keeping when the agent has cut in.
const WORTH_KEEPING: usize = 3;
/// An acknowledgement this close to the end of a question is its answer.
const ANSWER_EDGE: Millis = Millis(800);
/// When nothing but more words can decide, they are looked at so often.
const LOOK_AGAIN: Millis = Millis(200);
/// So many false alarms within so long a time make a noisy place.
const NOISY: (usize, Millis) = (3, Millis(60_000));

/// Somebody speaks over the agent, and it is not clear what that means.
#[derive(Debug)]
pub(super) struct Overlapping {
    /// When the first sound began.
    at: Millis,
    /// When the last one did.
    since: Millis,
    /// When that ended.
    ended: Option<Millis>,
    /// Words that the caller had said before.
    words_before: usize,
    /// The agent speaks more quietly, or pauses, until this is decided.
    lowered: bool,
}

impl Overlapping {
    /// Of the caller's words only so many are left: others were not the caller's.
    pub(super) fn words_were_dropped(&mut self, left: usize) {
        self.words_before = self.words_before.min(left);
    }
}

/// What speech means where the reply stands.
enum Stance {
    /// The agent had just begun to answer: the caller was not done.
    CutIn,
    /// Nothing yet: words and time will tell.
    Open,
    /// The agent goes on, whatever is said.
    Protected,
    /// Nothing of the agent is heard, or so little is left that it is the next turn.
    Turn,
    /// An answer that nobody has heard: it is taken back if the speech lasts so long.
    Unheard(Millis),
}

impl CallSession {
    /// Speech began, perhaps over the agent's.
    pub(super) fn speech_over_reply(&mut self, now: Millis, at: Millis) {
        if let Some(overlap) = &mut self.overlap {
            overlap.since = at;
            overlap.ended = None;
            return self.weigh_overlap(now);
        }
        let overlap = Overlapping {
            at,
            since: at,
            ended: None,
            words_before: self.turn.word_count(),
            lowered: false,
        };
        self.meet(now, overlap);
    }

    /// Somebody is heard: where the reply stands decides what that means.
    fn meet(&mut self, now: Millis, overlap: Overlapping) {
        let at = overlap.at;
        match self.stance(now, at) {
            Stance::CutIn => self.had_cut_in(now, at),
            Stance::Open => self.begin_overlap(now, overlap),
            Stance::Protected => {}
            Stance::Turn => self.note_next_turn(now, at),
            Stance::Unheard(patience) => self
                .timers
                .arm(Timer::Overlap, (at + patience).or_later(now)),
        }
    }

    fn stance(&self, now: Millis, at: Millis) -> Stance {
        let Some(reply) = &self.reply else {
            return Stance::Turn;
        };
        let Some(begins) = reply.playout.begins() else {
            return match (reply.kind, reply.is_speculative()) {
                (Kind::Answer, true) => Stance::Unheard(ENDS_SPECULATION),
                (Kind::Answer, false) => Stance::Unheard(TAKES_BACK),
                (Kind::Line | Kind::ProtectedLine, _) => Stance::Protected,
            };
        };
        if reply.kind == Kind::ProtectedLine {
            Stance::Protected
        } else if self.is_at_end_edge(now) {
            Stance::Turn
        } else if reply.kind == Kind::Answer && at <= begins + START_EDGE && !reply.has_effects() {
            Stance::CutIn
        } else {
            Stance::Open
        }
    }

    /// Whether so little of the agent's audio is left that speech over it is simply the next turn.
    fn is_at_end_edge(&self, now: Millis) -> bool {
        self.reply.as_ref().is_some_and(|reply| {
            reply.is_made() && reply.remaining(now) <= self.rules.overlap.end_edge
        })
    }

    fn note_next_turn(&mut self, now: Millis, at: Millis) {
        let noted = self.reply.as_ref().is_none_or(|reply| {
            let last = reply.taking.overlaps.last().map(|over| over.outcome);
            !reply.is_audible() || last == Some(OverlapOutcome::NextTurn)
        });
        if !noted {
            self.note_overlap(now, at, OverlapOutcome::NextTurn);
        }
    }

    /// The agent spoke while the caller was not done: it stops, and the turn is one again.
    fn had_cut_in(&mut self, now: Millis, at: Millis) {
        let Some(reply) = &self.reply else { return };
        let heard = reply.heard(self.heard_until(now));
        if words::words(&heard).count() >= WORTH_KEEPING {
            self.note_overlap(now, at, OverlapOutcome::CutIn);
            self.pace.cut_in();
            return self.give_way(now);
        }
        self.note_overlap(now, at, OverlapOutcome::CutIn);
        self.silence(now, CancelReason::CutIn);
        self.pace.cut_in();
        self.agent_until = Some(now);
        if let Some(reply) = self.take_reply() {
            let begun = reply.taking.speculations;
            self.turn.reopen(&reply.answers, reply.watch.began, begun);
            self.cut_ins.extend(reply.taking.overlaps);
        }
    }

    /// What is clear at once, because it is over and its words are there, lowers no voice.
    fn begin_overlap(&mut self, now: Millis, mut overlap: Overlapping) {
        overlap.lowered = self.judge(now, &overlap) == Verdict::Undecided;
        if overlap.lowered {
            self.lower_voice(now);
        }
        self.overlap = Some(overlap);
        self.weigh_overlap(now);
    }

    fn lower_voice(&mut self, now: Millis) {
        let Some(reply) = &self.reply else { return };
        match self.rules.overlap.mode {
            OverlapMode::Duck { db } => self.actions.push(Action::Duck {
                reply: reply.id,
                db,
            }),
            OverlapMode::Pause => self.pause_reply(now),
            OverlapMode::Ignore => {}
        }
    }

    pub(super) fn speech_over_reply_stopped(&mut self, now: Millis, at: Millis) {
        match &mut self.overlap {
            Some(overlap) => {
                overlap.ended = Some(at);
                self.weigh_overlap(now);
            }
            None => {
                self.timers.disarm(Timer::Overlap);
                self.play_withheld(now);
            }
        }
    }

    /// New words came, and `before` them there were so many. A sound that was there before the answer
    /// means nothing until there are words in it; words may come late, when their sound is over, or
    /// without any sound that the ear noticed.
    pub(super) fn words_over_reply(&mut self, now: Millis, words: &Words, before: usize) {
        let audible = self.reply.as_ref().is_some_and(|reply| reply.is_audible());
        if !audible || self.overlap.is_some() || self.filler_waited_for(words) {
            return;
        }
        let at = words.span.map_or(now, |span| span.from);
        let ended = self.turn.quiet_since().map(|quiet| {
            words
                .span
                .map_or(quiet, |span| span.until.or_earlier(quiet))
        });
        let overlap = Overlapping {
            at,
            since: at,
            ended,
            words_before: before,
            lowered: false,
        };
        self.meet(now, overlap);
    }

    /// Whether a filler is being said for want of these words: it is heard to its end.
    fn filler_waited_for(&self, words: &Words) -> bool {
        let begins = self.reply.as_ref().and_then(|reply| reply.playout.begins());
        let before = words.span.zip(begins);
        self.waiting.filled.is_some()
            && self.waiting.filled == self.turn.quiet_since()
            && before.is_none_or(|(span, begins)| span.from < begins)
    }

    /// The time of an overlap is up, or that of speech before the answer is heard.
    pub(super) fn overlap_lasts(&mut self, now: Millis) {
        if self.overlap.is_some() {
            return self.weigh_overlap(now);
        }
        let unheard = self
            .reply
            .as_ref()
            .is_some_and(|reply| reply.can_be_taken_back());
        if unheard && self.turn.is_speaking() {
            self.cancel_unheard(CancelReason::Resumed);
        }
    }

    /// Decides what an overlap means, if there is one, or when that will be clear.
    pub(super) fn weigh_overlap(&mut self, now: Millis) {
        let Some(overlap) = &self.overlap else { return };
        match self.judge(now, overlap) {
            Verdict::Yield => self.yield_floor(now),
            Verdict::Answer => self.overlap_is_over(now, OverlapOutcome::NextTurn),
            Verdict::Backchannel => {
                let alone = overlap.words_before == 0;
                self.overlap_is_over(now, OverlapOutcome::Backchannel);
                if alone {
                    self.turn.close();
                }
            }
            Verdict::Noise => {
                let alone = overlap.words_before == 0;
                self.overlap_is_over(now, OverlapOutcome::Noise);
                if alone {
                    self.turn.forget();
                }
                self.count_false_alarm(now);
            }
            Verdict::Undecided => {
                let next = self.next_look(now, overlap);
                self.timers.arm(Timer::Overlap, next);
            }
        }
    }

    fn judge(&self, now: Millis, overlap: &Overlapping) -> Verdict {
        let text = self.words_over(overlap);
        let heard = Heard {
            text: &text,
            settled: self.turn.is_settled() && self.turn.is_covered(),
            spoken: overlap.ended.unwrap_or(now) - overlap.since,
            quiet_for: overlap.ended.map(|ended| now - ended),
        };
        let circumstances = Circumstances {
            lists: words::lists(&self.rules.language),
            may_answer: self.may_be_an_answer(now),
            slow_recogniser: self.lag.is_slow(),
        };
        overlap::judge(&heard, &self.rules.overlap, circumstances)
    }

    /// When to look again at speech that says nothing yet: whenever time alone may decide.
    fn next_look(&self, now: Millis, overlap: &Overlapping) -> Millis {
        let Overlapping {
            since: at, ended, ..
        } = *overlap;
        let slow = self.lag.is_slow();
        let patience = overlap::patience_without_words(&self.rules.overlap, slow);
        let looks = [
            at + overlap::ONE_WORD,
            at + overlap::HARMLESS_PHRASE,
            patience.map_or(Millis::ZERO, |patience| at + patience),
            ended.map_or(Millis::ZERO, |ended| ended + overlap::NO_WORDS_COME),
        ];
        let next = looks.into_iter().filter(|look| *look > now).min();
        next.unwrap_or(now + LOOK_AGAIN)
    }

    /// What was said since the overlap began.
    fn words_over(&self, overlap: &Overlapping) -> String {
        let text = self.turn.text();
        let words: Vec<&str> = text.split_whitespace().skip(overlap.words_before).collect();
        words.join(" ")
    }

    /// Whether an acknowledgement answers what the agent is asking: near its end, or while the
    /// question itself is heard.
    fn may_be_an_answer(&self, now: Millis) -> bool {
        self.reply.as_ref().is_some_and(|reply| {
            let at_the_question =
                reply.remaining(now) <= ANSWER_EDGE || reply.playout.is_in_last_clause(now);
            words::asks(&reply.said()) && reply.is_made() && at_the_question
        })
    }

    fn yield_floor(&mut self, now: Millis) {
        if let Some(at) = self.overlap.as_ref().map(|overlap| overlap.at) {
            self.note_overlap(now, at, OverlapOutcome::Yielded);
        }
        self.give_way(now);
    }

    /// The agent goes on as before.
    fn overlap_is_over(&mut self, now: Millis, outcome: OverlapOutcome) {
        let Some((at, lowered)) = self
            .overlap
            .as_ref()
            .map(|overlap| (overlap.at, overlap.lowered))
        else {
            return;
        };
        self.note_overlap(now, at, outcome);
        self.overlap = None;
        self.timers.disarm(Timer::Overlap);
        if lowered {
            self.raise_voice(now);
        }
    }

    fn pause_reply(&mut self, now: Millis) {
        let ahead = self.rules.line.ahead;
        if let Some(reply) = &mut self.reply {
            reply.playout.pause(now, ahead);
            self.timers.disarm(Timer::Played);
            self.actions.push(Action::Pause(reply.id));
        }
    }

    fn resume_reply(&mut self, now: Millis) {
        let Some(reply) = &mut self.reply else { return };
        let again = reply.playout.resume(now);
        self.actions.push(Action::Resume {
            reply: reply.id,
            again,
        });
        if reply.voicing == Voicing::Done {
            self.await_playout(now);
        }
    }

    fn raise_voice(&mut self, now: Millis) {
        let Some(reply) = &self.reply else { return };
        match self.rules.overlap.mode {
            OverlapMode::Duck { .. } => self.actions.push(Action::Restore(reply.id)),
            OverlapMode::Pause => self.resume_reply(now),
            OverlapMode::Ignore => {}
        }
    }

    /// What sounded over the agent was not the caller.
    pub(super) fn forget_overlap(&mut self, now: Millis) {
        if self.overlap.is_some() {
            self.overlap_is_over(now, OverlapOutcome::Noise);
            self.count_false_alarm(now);
        } else {
            self.timers.disarm(Timer::Overlap);
            self.play_withheld(now);
        }
    }

    /// The reply was heard before it was clear what the caller wants: he has the floor anyway.
    pub(super) fn end_overlap_with_reply(&mut self, now: Millis) {
        if self.overlap.is_some() {
            self.overlap_is_over(now, OverlapOutcome::NextTurn);
        }
    }

    fn note_overlap(&mut self, now: Millis, at: Millis, outcome: OverlapOutcome) {
        let said = match &self.overlap {
            Some(overlap) => self.words_over(overlap),
            None => self.turn.text(),
        };
        let said = self.undisclosed().hide(&said);
        if let Some(reply) = &mut self.reply {
            reply.taking.overlaps.push(Overlap {
                at,
                said,
                outcome,
                after: now - at,
            });
        }
    }

    /// A place where many sounds are no speech makes the ear harder of hearing.
    fn count_false_alarm(&mut self, now: Millis) {
        let (many, within) = NOISY;
        if !self.rules.overlap.adapts || self.false_alarms.len() == many {
            return;
        }
        self.false_alarms.retain(|at| *at + within >= now);
        self.false_alarms.push(now);
        if self.false_alarms.len() == many {
            self.actions.push(Action::HearLess);
        }
    }

    /// Since when the answer must not be heard yet: the caller has begun to speak after his turn
    /// was taken, and it is not clear whether he goes on.
    pub(super) fn withheld_since(&self) -> Option<Millis> {
        let since = self.turn.speaking_since()?;
        let reply = self.reply.as_ref()?;
        let after_commit = reply.watch.committed.is_some_and(|at| since > at);
        let undone = reply.kind == Kind::Answer && reply.can_be_taken_back();
        (undone && after_commit).then_some(since)
    }

    /// The caller made a sound and did not go on: what was withheld is played.
    fn play_withheld(&mut self, now: Millis) {
        let Some(reply) = &mut self.reply else { return };
        if let Stage::Withheld { held } = &mut reply.stage {
            let held = std::mem::take(held);
            reply.stage = Stage::Released;
            let all = reply.voicing == Voicing::Done;
            self.play_held(now, held);
            if all {
                self.close_playout(now);
            }
        }
    }
}
