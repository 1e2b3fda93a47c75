//! What is said over one connection after the other. Pure but for its clock.

mod retirement;

use std::{collections::VecDeque, time::Duration};

use domain::{Millis, ReplyId};
use providers::{
    ProviderError, Verdict,
    realtime::{FromSpeaker, ToSpeaker},
    tts::ToVoice,
};
use session::{CancelReason, ClauseId, Input, Message, Prompt};
use tokio::time::Instant;

use super::{
    FromCaller, Order,
    ask::{Ask, Pace, Turn, What},
    caller::{Caller, LEAST, Sends, Told},
};
use crate::{connection::length, voice};

/// Failed replies in a row that are no accident any more.
const MOST_FAILURES: u32 = 2;
/// Audio of a model that speaks for itself belongs to what it said last.
const NEWEST: ClauseId = ClauseId(u32::MAX);

/// What the provider's own detection of turns says: it was sure, or would have waited.
const TURN_ENDED: Input = Input::TurnEnded { confidence: 100 };

/// What is to be sent to the provider, told to the session, and given to the voice.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub(super) send: Vec<ToSpeaker>,
    pub(super) tell: Vec<Input>,
    pub(super) speak: Vec<ToVoice>,
}

/// What the provider knows of what the caller has said and nobody has heard an answer to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Known {
    /// All of it: it has found the end itself.
    Everything,
    Nothing,
    /// What it was told as a turn. The caller may have gone on.
    Turn,
}

/// A call's conversation with a model that hears and speaks.
#[derive(Debug)]
pub(super) struct Conversation {
    /// What the next connection is to know.
    history: Prompt,
    /// There is a connection, which knows the history up to its own beginning.
    connected: bool,
    /// What is to be said, in this order: one thing at a time.
    asks: VecDeque<Ask>,
    /// No more lines come for this reply.
    ended: Option<ReplyId>,
    /// The answer of this reply was given up, and has not ended: what comes of it is nobody's.
    stopped: Option<ReplyId>,
    caller: Caller,
    /// The reply to the caller's last turn.
    answers: Option<ReplyId>,
    known: Known,
    /// Tools that the model asked for on this connection, and that have not answered.
    calls: Vec<String>,
    failures: u32,
    pace: Pace,
    /// The last reply of which the voice was given something.
    passed_on: Option<ReplyId>,
}

impl Conversation {
    pub(super) fn new(prompt: Prompt, sends: Sends) -> Self {
        Self {
            history: prompt,
            connected: false,
            asks: VecDeque::new(),
            ended: None,
            stopped: None,
            caller: Caller::new(sends),
            answers: None,
            known: Known::Nothing,
            calls: Vec::new(),
            failures: 0,
            pace: Pace::default(),
            passed_on: None,
        }
    }

    /// A connection is being made: what it is to know.
    pub(super) fn connecting(&mut self) -> Prompt {
        self.connected = true;
        self.history.clone()
    }

    pub(super) fn order(&mut self, order: Order, out: &mut Out) {
        match order {
            Order::Cancel { reply, heard, why } => self.cancel(reply, heard, why, out),
            Order::Kept {
                caller,
                heard,
                interrupted,
            } => self.keep(&caller, heard, interrupted),
            Order::NoTurn => self.clear(out),
            Order::Recalled(earlier) => self.recall(earlier, out),
            Order::Speak(ToVoice::Cancel(reply)) => self.forget(reply),
            Order::Speak(ToVoice::End(reply)) => {
                self.ended = Some(reply);
                self.see_if_spoken(out);
            }
            Order::Speak(ToVoice::Say {
                reply,
                clause,
                text,
            }) => {
                // A line over an answer in the making only covers the wait: the model may begin to
                // speak at any moment.
                let over_answer = |ask: &Ask| ask.reply == reply && ask.is_answer();
                if !self.asks.iter().any(over_answer) {
                    self.asks.push_back(Ask::line(reply, clause, text));
                }
            }
            Order::StopThinking(reply) => self.stop_thinking(reply, out),
            Order::Think { reply, prompt } => self.think(reply, prompt, out),
        }
    }

    fn recall(&mut self, earlier: Vec<Message>, out: &mut Out) {
        if self.connected {
            out.send.push(ToSpeaker::Recall(earlier.clone()));
        }
        self.history.messages.splice(0..0, earlier);
    }

    fn think(&mut self, reply: ReplyId, prompt: Prompt, out: &mut Out) {
        self.asks.retain(|ask| ask.reply == reply);
        for message in &prompt.messages {
            if let Message::Tool { id, output } = message
                && let Some(at) = self.calls.iter().position(|call| call == id)
            {
                out.send.push(ToSpeaker::ToolAnswered {
                    id: self.calls.remove(at),
                    output: output.clone(),
                });
            }
        }
        self.history = prompt.clone();
        let is_turn = matches!(prompt.messages.last(), Some(Message::Caller(_)));
        let turn = if is_turn && self.answers != Some(reply) {
            self.turn(out)
        } else {
            Turn::Known
        };
        if is_turn {
            self.answers = Some(reply);
        }
        self.asks.push_back(Ask::answer(reply, prompt, turn));
    }

    /// How the model learns of the turn that is over.
    fn turn(&mut self, out: &mut Out) -> Turn {
        let (told, sent) = self.caller.take();
        let known = std::mem::replace(&mut self.known, Known::Nothing);
        let all_known = match known {
            Known::Everything => true,
            Known::Nothing => false,
            Known::Turn => sent < LEAST,
        };
        if !self.connected {
            // The next connection's history has it.
            return Turn::Known;
        }
        match told {
            Told::Words if sent > Millis::ZERO => out.send.push(ToSpeaker::Clear),
            Told::Sound if all_known => return Turn::Known,
            Told::Sound | Told::Words => {}
        }
        Turn::Committed
    }

    fn cancel(&mut self, reply: ReplyId, heard: Millis, why: CancelReason, out: &mut Out) {
        self.forget(reply);
        self.calls.clear();
        out.send.push(ToSpeaker::Cancel { reply, heard });
        if self.answers == Some(reply) && heard == Millis::ZERO {
            self.known = match why {
                _ if self.known == Known::Everything => Known::Everything,
                CancelReason::Resumed | CancelReason::Stale | CancelReason::Failed => Known::Turn,
                CancelReason::BargeIn | CancelReason::CallOver | CancelReason::CutIn => {
                    Known::Nothing
                }
            };
        }
    }

    fn stop_thinking(&mut self, reply: ReplyId, out: &mut Out) {
        let is_it = |ask: &Ask| ask.reply == reply && ask.is_answer();
        let asked = self.asks.iter().any(|ask| is_it(ask) && ask.is_given());
        self.asks.retain(|ask| !is_it(ask));
        if asked {
            self.calls.clear();
            self.stopped = Some(reply);
            out.send.push(ToSpeaker::Stop(reply));
        }
    }

    fn forget(&mut self, reply: ReplyId) {
        self.asks.retain(|ask| ask.reply != reply);
        self.ended.take_if(|ended| *ended == reply);
    }

    /// An exchange is over: what was heard of it is what the next connection is to know.
    fn keep(&mut self, caller: &str, heard: String, interrupted: bool) {
        let messages = &mut self.history.messages;
        let is_it = |message: &Message| matches!(message, Message::Caller(text) if text == caller);
        // A secret stands in no record: the history has it already.
        let is_known = caller.is_empty() || caller.contains('•');
        match messages.iter().rposition(is_it) {
            Some(at) if !is_known => {
                let mut place = 0;
                messages.retain(|message| {
                    place += 1;
                    let written = match message {
                        Message::Agent { tools, .. } => tools.is_empty(),
                        Message::Note(_) => true,
                        Message::Caller(_) | Message::Tool { .. } => false,
                    };
                    place <= at + 1 || !written
                });
            }
            Some(_) | None if is_known => {}
            Some(_) | None => messages.push(Message::Caller(caller.to_owned())),
        }
        if !heard.is_empty() {
            messages.push(Message::Agent {
                text: heard,
                interrupted,
                tools: Vec::new(),
            });
        }
    }

    pub(super) fn hear(&mut self, heard: FromCaller, out: &mut Out) {
        match heard {
            FromCaller::Key => self.caller.typed(),
            FromCaller::Sound(sound) => {
                let send = self.caller.hear(&sound);
                out.send.extend(send.into_iter().map(ToSpeaker::Audio));
            }
        }
    }

    /// Something came from the caller while nobody listened.
    pub(super) fn miss(&mut self, heard: &FromCaller) {
        match heard {
            FromCaller::Key => self.caller.typed(),
            FromCaller::Sound(sound) => self.caller.miss(sound),
        }
    }

    /// When to forget sound that was no turn.
    pub(super) fn clear_at(&self) -> Option<Instant> {
        self.caller.clear_at()
    }

    pub(super) fn clear(&mut self, out: &mut Out) {
        self.forget_end();
        if self.caller.clear() {
            out.send.push(ToSpeaker::Clear);
        }
    }

    /// Has the provider say what comes next, if it has nothing to say. More of a reply waits until
    /// what was given up of it has ended: they have one name.
    pub(super) fn give_next(&mut self, out: &mut Out) {
        let stopped = self.stopped;
        let is_next = |ask: &&mut Ask| !ask.is_given() && Some(ask.reply) != stopped;
        let Some(ask) = self.asks.front_mut().filter(is_next) else {
            return;
        };
        ask.give();
        let reply = ask.reply;
        out.send.push(match &ask.what {
            What::Answer { prompt, turn, .. } => {
                let prompt = prompt.clone();
                match turn {
                    Turn::Committed => ToSpeaker::Commit { reply, prompt },
                    Turn::Known => ToSpeaker::Respond { reply, prompt },
                }
            }
            What::Line { text, .. } => ToSpeaker::Say {
                reply,
                text: text.clone(),
            },
        });
    }

    /// How long the first sound of a reply took, if it is that.
    pub(super) fn first_sound(&mut self, reply: ReplyId) -> Option<Duration> {
        self.asked(reply)?.first_sound()
    }

    /// What the provider says. An error is one of the whole conversation.
    pub(super) fn told(&mut self, event: FromSpeaker, out: &mut Out) -> Result<(), ProviderError> {
        if let FromSpeaker::Done { reply, .. }
        | FromSpeaker::Dropped(reply)
        | FromSpeaker::Failed { reply, .. } = &event
        {
            self.stopped.take_if(|stopped| stopped == reply);
        }
        match event {
            FromSpeaker::Audio { reply, bytes } => {
                let pace = self.pace;
                let Some(ask) = self.asked(reply) else {
                    return Ok(());
                };
                let said = ask.sounds(length(&bytes), &pace);
                let clause = match ask.what {
                    What::Answer { .. } => NEWEST,
                    What::Line { clause, .. } => clause,
                };
                let said = said.map(|text| Input::Said { reply, text });
                out.tell.extend(said);
                let audio = voice::piece(reply, clause, bytes, Vec::new());
                out.tell.push(Input::Audio(audio));
            }
            FromSpeaker::Done { reply, .. } => {
                self.failures = 0;
                self.done(reply, out);
            }
            FromSpeaker::Failed { reply, error, .. } => return self.failed(reply, error, out),
            FromSpeaker::Text { reply, text } => {
                if let Some(ask) = self.asked(reply) {
                    ask.wrote(&text);
                }
            }
            FromSpeaker::Tool { reply, call } => {
                if self.asked(reply).is_some_and(|ask| ask.is_answer()) {
                    self.calls.push(call.id.clone());
                    out.tell.push(Input::ToolAsked {
                        reply,
                        id: call.id,
                        name: call.name,
                        arguments: call.arguments,
                    });
                }
            }
            FromSpeaker::SpeechStarted { .. } => self.forget_end(),
            FromSpeaker::TurnEnded => {
                self.known = Known::Everything;
                if self.ends_turns() {
                    out.tell.push(TURN_ENDED);
                }
            }
            // Our ear is there when speech begins, and words are those of the recogniser.
            FromSpeaker::Consumed(_)
            | FromSpeaker::Dropped(_)
            | FromSpeaker::Ready
            | FromSpeaker::SpeechStopped { .. }
            | FromSpeaker::Words { .. } => {}
        }
        Ok(())
    }

    /// What is being said, if it belongs to this reply.
    fn asked(&mut self, reply: ReplyId) -> Option<&mut Ask> {
        let front = self.asks.front_mut()?;
        (front.reply == reply && front.is_given()).then_some(front)
    }

    fn done(&mut self, reply: ReplyId, out: &mut Out) {
        if self.asked(reply).is_none() {
            return;
        }
        let Some(ask) = self.asks.pop_front() else {
            return;
        };
        self.pace.learn(ask.measure());
        if let Some(text) = ask.rest() {
            out.tell.push(Input::Said { reply, text });
        }
        if ask.is_answer() {
            out.tell.push(Input::ThoughtAll(reply));
        }
        self.see_if_spoken(out);
    }

    fn see_if_spoken(&mut self, out: &mut Out) {
        let asks = &self.asks;
        let whole = |ended: &mut ReplyId| asks.iter().all(|ask| ask.reply != *ended);
        if let Some(reply) = self.ended.take_if(whole) {
            out.tell.push(Input::SpokenAll(reply));
        }
    }

    /// A reply failed, and the conversation goes on: once more, unless it fails again.
    fn failed(
        &mut self,
        reply: ReplyId,
        error: ProviderError,
        out: &mut Out,
    ) -> Result<(), ProviderError> {
        let pace = self.pace;
        let Some(ask) = self.asked(reply) else {
            return Ok(());
        };
        if error.verdict().is_for_good() {
            // What is to be said is for the next connection.
            return Err(error);
        }
        let answers = ask.is_answer();
        if error.verdict() == Verdict::GiveUp && answers {
            self.asks.pop_front();
            out.tell.push(Input::ThinkingFailed(reply));
            return Ok(());
        }
        self.failures += 1;
        if self.failures >= MOST_FAILURES {
            return Err(error);
        }
        if let Some(ask) = self.asked(reply)
            && !ask.cut(&pace)
        {
            self.asks.pop_front();
            if answers {
                out.tell.push(Input::ThinkingBroke(reply));
            }
        }
        self.see_if_spoken(out);
        Ok(())
    }

    /// Whether a tool runs whose answer is to be told.
    pub(super) fn awaits_tools(&self) -> bool {
        !self.calls.is_empty()
    }

    /// What ended was no turn, or goes on.
    fn forget_end(&mut self) {
        if self.known == Known::Everything {
            self.known = Known::Nothing;
        }
    }

    /// Whether the provider says when the turn is over that goes on.
    pub(super) fn ends_turns(&self) -> bool {
        self.connected && self.caller.is_ended_by_provider()
    }

    /// The connection is gone. An answer that was being made is to be asked for again, and goes on
    /// where its sound broke off.
    pub(super) fn lost(&mut self, out: &mut Out) {
        if self.ends_turns() && self.caller.has_stopped() {
            // Whoever was about to say so is gone, and what the recogniser said was not asked for.
            out.tell.push(TURN_ENDED);
        }
        self.connected = false;
        self.stopped = None;
        self.known = Known::Nothing;
        self.calls.clear();
        self.caller.lost();
        self.break_off(out);
    }

    fn break_off(&mut self, out: &mut Out) {
        let pace = self.pace;
        self.asks.retain_mut(|ask| {
            if ask.is_answer() {
                out.tell.push(Input::ThinkingBroke(ask.reply));
                return false;
            }
            ask.cut(&pace)
        });
        self.see_if_spoken(out);
    }

    /// The call is over, and whatever is being said is not wanted.
    pub(super) fn hang_up(&mut self, out: &mut Out) {
        let heard = Millis::ZERO;
        let given = self.asks.iter().filter(|ask| ask.is_given());
        out.send.extend(given.map(|ask| ToSpeaker::Cancel {
            reply: ask.reply,
            heard,
        }));
        self.asks.clear();
    }
}
