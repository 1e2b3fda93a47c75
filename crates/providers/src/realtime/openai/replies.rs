//! The model's replies, from the asking to the last that was heard of them. Pure but for its clock.

use std::collections::VecDeque;

use bytes::Bytes;
use domain::{Millis, ReplyId};
use session::Message;
use tokio::time::Instant;

use super::{
    NAME,
    client::Deadlines,
    reply::{Answer, Reply},
    wire::{self, Complaint, Done, End, Request, Weight},
};
use crate::{
    ProviderError,
    realtime::{Consumed, FromSpeaker, RealtimeTokens},
};

/// Replies whose items may still have to be trimmed: what has not been played yet.
const KEPT: usize = 8;

/// What is to be sent to the server, and told to the call.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub(super) send: Vec<String>,
    pub(super) tell: VecDeque<FromSpeaker>,
}

/// The replies of one conversation: one is made at a time, one more may wait for that.
#[derive(Debug)]
pub(super) struct Replies {
    deadlines: Deadlines,
    current: Option<(Reply, Stage)>,
    waiting: Option<Asking>,
    /// Requests that were made so far.
    requests: u64,
    /// Replies that are whole, the newest last.
    past: VecDeque<Reply>,
    /// A response that we did not ask for is under way.
    foreign: Option<Foreign>,
}

/// A response that we did not ask for.
#[derive(Debug)]
struct Foreign {
    /// The server's name for it, if it told.
    response: Option<String>,
    /// The reply that was asked for with it, before we stopped waiting for that.
    reply: Option<ReplyId>,
    /// When to stop waiting for its end.
    until: Instant,
}

impl Foreign {
    /// Whether the end of this response is its end, as far as one can know.
    fn is(&self, response: &str) -> bool {
        self.response.as_deref().is_none_or(|own| own == response)
    }
}

/// A reply to be asked for.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) request: Request,
    message: String,
}

/// How the current reply stands, and until when something has to happen.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Asked(Instant),
    Made(Instant),
    Cancelled(Instant),
}

impl Replies {
    pub(super) fn new(deadlines: Deadlines) -> Self {
        Self {
            deadlines,
            current: None,
            waiting: None,
            requests: 0,
            past: VecDeque::new(),
            foreign: None,
        }
    }

    /// Asks for a reply, as soon as no other one is being made.
    pub(super) fn ask(
        &mut self,
        reply: ReplyId,
        message: impl FnOnce(Request) -> String,
        now: Instant,
        out: &mut Out,
    ) {
        self.requests += 1;
        let number = self.requests;
        let request = Request { reply, number };
        self.waiting = Some(Asking {
            request,
            message: message(request),
        });
        self.start(now, out);
    }

    fn start(&mut self, now: Instant, out: &mut Out) {
        if self.current.is_some() || self.foreign.is_some() {
            return;
        }
        if let Some(asking) = self.waiting.take() {
            let due = now + self.deadlines.first_output;
            out.send.push(asking.message.clone());
            self.current = Some((Reply::new(asking), Stage::Asked(due)));
        }
    }

    /// The caller heard so much of a reply, and will hear no more.
    pub(super) fn cancel(&mut self, reply: ReplyId, heard: Millis, now: Instant, out: &mut Out) {
        // A reply may have taken several responses, one after the other: lines, and tools between.
        let mut left = heard;
        let past = self.past.iter_mut().filter(|past| past.id == reply);
        for past in past.filter(|past| past.heard.is_none()) {
            let length = past.length();
            past.heard = Some(left);
            past.trim(&mut out.send);
            left = left - length;
        }
        self.stop(reply, left, now, out);
    }

    /// Stops what is being made of a reply, of which so much was heard.
    pub(super) fn stop(&mut self, reply: ReplyId, heard: Millis, now: Instant, out: &mut Out) {
        if self
            .waiting
            .take_if(|one| one.request.reply == reply)
            .is_some()
        {
            out.tell.push_back(FromSpeaker::Dropped(reply));
        }
        if let Some((current, stage @ (Stage::Asked(_) | Stage::Made(_)))) = &mut self.current
            && current.id == reply
        {
            *stage = Stage::Cancelled(now + self.deadlines.cancelled);
            current.heard = Some(heard);
            out.send.push(wire::cancel(current.response.as_deref()));
        }
    }

    /// A tool answered. The server takes it only once the response that asked is whole.
    pub(super) fn tool_answered(&mut self, id: &str, output: String, out: &mut Out) {
        let current = self.current.iter_mut().map(|(reply, _stage)| reply);
        let mut replies = current.chain(self.past.iter_mut().rev());
        let answered = replies.find_map(|reply| reply.answer(id, &output));
        match answered {
            Some(Answer::Now) => out.send.push(wire::tool_output(id, &output)),
            Some(Answer::Later | Answer::Unwanted) => {}
            // Asked before this connection stood: its history has the question.
            None => out.send.push(wire::tool_output(id, &output)),
        }
    }

    pub(super) fn on_created(
        &mut self,
        response: String,
        request: Option<Request>,
        now: Instant,
        out: &mut Out,
    ) {
        match &mut self.current {
            Some((current, stage))
                if current.response.is_none() && current.is_asked_by(request) =>
            {
                current.response = Some(response);
                if let Stage::Asked(_) = stage {
                    *stage = Stage::Asked(now + self.deadlines.first_output);
                }
            }
            Some(_) | None => {
                // Its answer belongs to nobody, and ours would have to wait for it.
                out.send.push(wire::cancel(Some(&response)));
                self.foreign = Some(Foreign {
                    response: Some(response),
                    reply: request.map(|request| request.reply),
                    until: now + self.deadlines.cancelled,
                });
            }
        }
    }

    /// Something of a response came that is not for us, such as a piece of a tool's arguments.
    pub(super) fn on_alive(&mut self, response: &str, now: Instant) {
        let due = now + self.deadlines.output_gap;
        if let Some((_reply, stage @ Stage::Made(_))) = self.of(response) {
            *stage = Stage::Made(due);
        }
    }

    pub(super) fn on_item(&mut self, response: &str, item: String) {
        if let Some((current, _stage)) = self.of(response) {
            current.add_item(item);
        }
    }

    pub(super) fn on_item_done(
        &mut self,
        response: &str,
        (item, call): (String, Option<session::ToolCall>),
        now: Instant,
        out: &mut Out,
    ) {
        let due = now + self.deadlines.output_gap;
        let Some((current, stage)) = self.of(response) else {
            return;
        };
        let reply = current.id;
        let call = call.filter(|call| current.add_call(item, call.clone()));
        if let (Stage::Asked(_) | Stage::Made(_), Some(call)) = (*stage, call) {
            *stage = Stage::Made(due);
            out.tell.push_back(FromSpeaker::Tool { reply, call });
        }
    }

    pub(super) fn on_audio(
        &mut self,
        response: &str,
        (item, bytes): (String, Bytes),
        now: Instant,
        out: &mut Out,
    ) -> Result<(), ProviderError> {
        let due = now + self.deadlines.output_gap;
        let Some((current, stage)) = self.of(response) else {
            return Ok(());
        };
        // What comes after a cancel counts, or the server would keep it as heard.
        current.add_audio(item, bytes.len())?;
        if let Stage::Asked(_) | Stage::Made(_) = stage {
            *stage = Stage::Made(due);
            let reply = current.id;
            out.tell.push_back(FromSpeaker::Audio { reply, bytes });
        }
        Ok(())
    }

    pub(super) fn on_text(
        &mut self,
        response: &str,
        text: String,
        now: Instant,
        out: &mut Out,
    ) -> Result<(), ProviderError> {
        let due = now + self.deadlines.output_gap;
        let Some((current, stage)) = self.of(response) else {
            return Ok(());
        };
        current.add_text(&text)?;
        if let Stage::Asked(_) | Stage::Made(_) = stage {
            *stage = Stage::Made(due);
            let reply = current.id;
            out.tell.push_back(FromSpeaker::Text { reply, text });
        }
        Ok(())
    }

    /// A response is over. An error that no other reply would escape is one of the conversation.
    pub(super) fn on_done(
        &mut self,
        done: Done,
        now: Instant,
        out: &mut Out,
    ) -> Result<(), ProviderError> {
        for (item, call) in done.calls {
            self.on_item_done(&done.response, (item, Some(call)), now, out);
        }
        if self.of(&done.response).is_none() {
            // Ours perhaps, whose end came after we had stopped waiting for it.
            if done.usage != RealtimeTokens::default() {
                let (reply, usage) = (self.late(&done.response), done.usage);
                let consumed = Consumed { reply, usage };
                out.tell.push_back(FromSpeaker::Consumed(consumed));
            }
            self.foreign.take_if(|foreign| foreign.is(&done.response));
            self.start(now, out);
            return Ok(());
        }
        let fatal = match &done.end {
            End::Failed(error) if error.verdict().is_for_good() => Err(error.clone()),
            End::Cancelled | End::Completed | End::Failed(_) | End::TooLong => Ok(()),
        };
        // Whatever came of it has to be paid.
        self.finish((done.end, done.usage), now, out);
        fatal
    }

    fn finish(&mut self, (end, usage): (End, RealtimeTokens), now: Instant, out: &mut Out) {
        if let Some((mut reply, stage)) = self.current.take() {
            let id = reply.id;
            out.tell.push_back(match (end, stage) {
                // Only a wait for it can have ended.
                _ if reply.response.is_none() => FromSpeaker::Dropped(id),
                (End::Failed(error), Stage::Asked(_) | Stage::Made(_)) => FromSpeaker::Failed {
                    reply: id,
                    error,
                    usage,
                },
                (End::Failed(_), Stage::Cancelled(_))
                | (End::Cancelled | End::Completed | End::TooLong, _) => {
                    FromSpeaker::Done { reply: id, usage }
                }
            });
            reply.complete(&mut out.send);
            if self.past.len() == KEPT {
                self.past.pop_front();
            }
            self.past.push_back(reply);
        }
        self.start(now, out);
    }

    /// A complaint about a reply that was asked for, or about there being one too many.
    pub(super) fn on_complaint(&mut self, complaint: Complaint, now: Instant, out: &mut Out) {
        let about = complaint.request();
        let is_asked = |(reply, stage): &mut (Reply, Stage)| {
            let is_made = reply.response.is_some() || matches!(stage, Stage::Made(_));
            !is_made && reply.is_asked_by(about)
        };
        let Some((reply, stage)) = self.current.take_if(is_asked) else {
            return;
        };
        let is_wanted = matches!(stage, Stage::Asked(_));
        if !is_wanted {
            out.tell.push_back(FromSpeaker::Dropped(reply.id));
        }
        if complaint.weight() == Weight::Busy {
            // Unless it is known already which one is in the way, and whose bill it sends.
            let until = now + self.deadlines.first_output;
            let foreign = self.foreign.get_or_insert(Foreign {
                response: None,
                reply: None,
                until,
            });
            foreign.until = foreign.until.max(until);
            if is_wanted && self.waiting.is_none() {
                self.waiting = Some(reply.ask_again());
            }
            return;
        }
        if is_wanted {
            out.tell.push_back(FromSpeaker::Failed {
                reply: reply.id,
                error: complaint.error,
                usage: RealtimeTokens::default(),
            });
        }
        self.start(now, out);
    }

    /// When to call [`Replies::on_deadline`].
    pub(super) fn deadline(&self) -> Option<Instant> {
        let current = self.current.as_ref().map(|(_reply, stage)| match stage {
            Stage::Asked(due) | Stage::Made(due) | Stage::Cancelled(due) => *due,
        });
        current.or(self.foreign.as_ref().map(|foreign| foreign.until))
    }

    pub(super) fn on_deadline(&mut self, now: Instant, out: &mut Out) -> Result<(), ProviderError> {
        let silent = |stage, waited| ProviderError::Silent {
            provider: NAME,
            stage,
            waited,
        };
        match self.current.as_ref().map(|(_reply, stage)| *stage) {
            Some(Stage::Asked(_)) => Err(silent("first output", self.deadlines.first_output)),
            Some(Stage::Made(_)) => Err(silent("output gap", self.deadlines.output_gap)),
            // Not every server says that a cancelled response is over.
            Some(Stage::Cancelled(_)) => {
                self.finish((End::Cancelled, RealtimeTokens::default()), now, out);
                Ok(())
            }
            None => {
                self.foreign = None;
                self.start(now, out);
                Ok(())
            }
        }
    }

    /// Whether nothing is being made, and no tool's answer is waited for.
    pub(super) fn is_idle(&self) -> bool {
        let has_open_calls = self.past.iter().any(Reply::has_open_calls);
        self.current.is_none()
            && self.waiting.is_none()
            && self.foreign.is_none()
            && !has_open_calls
    }

    /// The next prompt tells what was heard of every reply so far.
    pub(super) fn on_prompt(&mut self) {
        for reply in &mut self.past {
            reply.is_told = true;
        }
        if let Some((current, _stage)) = &mut self.current {
            current.is_told = true;
        }
    }

    /// What the replies since the last prompt add to it.
    pub(super) fn since_prompt(&self) -> Vec<Message> {
        let untold = self.past.iter().filter(|reply| !reply.is_told);
        untold.flat_map(Reply::messages).collect()
    }

    /// Another session has taken over, whose items are others: these cannot be trimmed any more.
    pub(super) fn on_new_session(&mut self) {
        self.past.iter_mut().for_each(Reply::forget_items);
    }

    /// The reply that a response was, of those that we no longer wait for.
    fn late(&self, response: &str) -> Option<ReplyId> {
        let is_it = |name: &Option<String>| name.as_deref() == Some(response);
        let past = self.past.iter().find(|past| is_it(&past.response));
        let foreign = self.foreign.as_ref().filter(|one| is_it(&one.response));
        past.map(|past| past.id)
            .or_else(|| foreign.and_then(|foreign| foreign.reply))
    }

    fn of(&mut self, response: &str) -> Option<&mut (Reply, Stage)> {
        let is_it =
            |(reply, _stage): &&mut (Reply, Stage)| reply.response.as_deref() == Some(response);
        self.current.as_mut().filter(is_it)
    }
}

#[cfg(test)]
mod tests;
