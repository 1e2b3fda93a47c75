use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::extract::ws::{Message, WebSocket};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::{
    RealtimeFault, RealtimeSession, Shared,
    conversation::Conversation,
    hearing::{Found, Hearing},
    settled::Session,
    speaking::{Asked, Speaking},
    wire::{self, Kinds, Refused},
};
use crate::{
    Dice,
    fakes::{
        Reply,
        listener::{Stop, close},
        moment::{What, report},
    },
};

/// Messages kept of one session.
const KEPT: usize = 512;

/// One session.
pub(super) struct Connection {
    shared: Arc<Shared>,
    model: String,
    place: Option<usize>,
    fault: Option<RealtimeFault>,
    dice: Dice,
    session: Session,
    /// New settings that are not confirmed yet, and whether any ever were.
    settling: VecDeque<(Instant, Value)>,
    is_settled: bool,
    hearing: Hearing,
    conversation: Conversation,
    /// The item that the turn being heard will become.
    turn: Option<String>,
    speaking: Option<Speaking>,
    /// What went in for the last response: it is in the cache.
    cached: Kinds,
    /// Words of turns on their way, by time.
    words: VecDeque<(Instant, Vec<Value>)>,
    /// Events to be sent at once.
    out: Vec<Value>,
    responses: u64,
    sounds: usize,
    /// Nothing more is said.
    is_mute: bool,
    expires: Instant,
    number: u64,
    /// When the message that is read came in.
    came: Instant,
}

/// What becomes of the session.
enum Next {
    GoOn,
    /// Close it with this reason.
    Close(u16, &'static str),
    /// Cut it without a word.
    Cut,
}

impl Connection {
    pub(super) fn new(
        shared: Arc<Shared>,
        (model, place, number): (String, Option<usize>, u64),
        fault: Option<RealtimeFault>,
    ) -> Self {
        let settings = &shared.settings;
        Self {
            dice: Dice::new(settings.seed ^ (number << 20)),
            hearing: Hearing::new((settings.ear)()),
            expires: Instant::now() + settings.longest,
            model,
            place,
            fault,
            session: Session::default(),
            settling: VecDeque::new(),
            is_settled: false,
            conversation: Conversation::default(),
            turn: None,
            speaking: None,
            cached: Kinds::default(),
            words: VecDeque::new(),
            out: Vec::new(),
            responses: 0,
            sounds: 0,
            is_mute: fault == Some(RealtimeFault::NoSession),
            number,
            came: Instant::now(),
            shared,
        }
    }

    /// Serves the session to its end.
    pub(super) async fn serve(mut self, mut socket: WebSocket, mut stop: Stop) {
        let session = self.session.shown(&self.model);
        self.out
            .push(json!({ "type": "session.created", "session": session }));
        loop {
            if !self.send_out(&mut socket).await {
                break;
            }
            let due = self.due();
            let next = tokio::select! {
                message = socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.on_text(text.as_str()),
                    Some(Ok(Message::Binary(_))) => {
                        self.shared.log.violation("a binary message");
                        Next::Close(1_003, "binary messages are not supported")
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => Next::GoOn,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => Next::Cut,
                },
                () = sleep_until(due) => self.on_due(),
                () = stop.wait() => Next::Cut,
            };
            let items = self.conversation.shown();
            self.note(|session| session.items = items);
            match next {
                Next::GoOn => {}
                Next::Close(code, reason) => {
                    if self.send_out(&mut socket).await {
                        close(&mut socket, code, reason).await;
                    }
                    break;
                }
                Next::Cut => break,
            }
        }
        self.note(|session| session.ended = true);
    }

    fn due(&self) -> Instant {
        let settling = self.settling.front().map(|(at, _)| *at);
        let words = self.words.front().map(|(at, _)| *at);
        let speaking = self.speaking.as_ref().filter(|_one| !self.is_mute);
        let step = speaking.and_then(|speaking| speaking.steps.front());
        let due = [settling, words, step.map(|step| step.at)];
        due.into_iter().flatten().fold(self.expires, Instant::min)
    }

    fn on_due(&mut self) -> Next {
        let now = Instant::now();
        if now >= self.expires {
            return self.expire();
        }
        while let Some((_, event)) = self.settling.pop_front_if(|(at, _)| *at <= now) {
            self.is_settled = true;
            self.out.push(event);
        }
        while let Some((_, events)) = self.words.pop_front_if(|(at, _)| *at <= now) {
            self.out.extend(events);
        }
        self.speak(now)
    }

    fn expire(&mut self) -> Next {
        let message = "Your session hit the maximum duration.";
        let event = wire::error("session_expired", message, &Value::Null);
        self.out.push(event);
        Next::Close(1_001, "session_expired")
    }

    fn speak(&mut self, now: Instant) -> Next {
        let Some(speaking) = &mut self.speaking else {
            return Next::GoOn;
        };
        while let Some(step) = speaking.steps.pop_front_if(|step| step.at <= now) {
            if let Some((item, ms)) = step.sound {
                match self.fault {
                    Some(RealtimeFault::CutAfter(most)) if self.sounds >= most => {
                        return Next::Cut;
                    }
                    Some(RealtimeFault::StallAfter(most)) if self.sounds >= most => {
                        self.is_mute = true;
                        return Next::GoOn;
                    }
                    Some(RealtimeFault::Garbage) => {
                        self.out.push(Value::String("<html>".to_owned()));
                        continue;
                    }
                    Some(_) | None => {}
                }
                self.sounds += 1;
                self.conversation.sent(&item, ms);
            }
            if let Some(text) = step.begins {
                let timeline = self.shared.settings.timeline.as_ref();
                report(timeline, Instant::now(), || What::SpeechSent(text));
            }
            self.out.extend(step.events);
        }
        if speaking.steps.is_empty() {
            self.speaking = None;
        }
        Next::GoOn
    }

    fn on_text(&mut self, text: &str) -> Next {
        self.came = Instant::now();
        let message: Value = serde_json::from_str(text).unwrap_or_default();
        let kind = message["type"].as_str().unwrap_or_default().to_owned();
        if kind != "input_audio_buffer.append" {
            self.note(|session| {
                if session.messages.len() < KEPT {
                    session.messages.push(text.to_owned());
                }
            });
        }
        if kind == "response.create"
            && let Some(next) = self.end_by_fault()
        {
            return next;
        }
        if let Err(refused) = self.obey(&kind, &message) {
            if refused.is_violation {
                let what = format!("{}: {}", refused.code, refused.message);
                self.shared.log.violation(what);
            }
            let about = &message["event_id"];
            self.out
                .push(wire::error(refused.code, &refused.message, about));
        }
        Next::GoOn
    }

    fn end_by_fault(&mut self) -> Option<Next> {
        match self.fault? {
            RealtimeFault::Expired => Some(self.expire()),
            RealtimeFault::NoQuota => {
                let message = "You exceeded your current quota.";
                let event = wire::error("insufficient_quota", message, &Value::Null);
                self.out.push(event);
                Some(Next::GoOn)
            }
            RealtimeFault::Busy { .. }
            | RealtimeFault::CutAfter(_)
            | RealtimeFault::FailedResponses
            | RealtimeFault::Garbage
            | RealtimeFault::NoAnswer
            | RealtimeFault::NoSession
            | RealtimeFault::Refuse(_)
            | RealtimeFault::Slow(_)
            | RealtimeFault::StallAfter(_)
            | RealtimeFault::Wordless => None,
        }
    }

    fn obey(&mut self, kind: &str, message: &Value) -> Result<(), Refused> {
        if kind != "session.update" && !self.is_settled {
            let what = format!("{kind} before session.updated");
            return Err(Refused::violation("invalid_request", what));
        }
        let item = message["item_id"].as_str().unwrap_or_default();
        match kind {
            "session.update" => self.settle(&message["session"]),
            "input_audio_buffer.append" => self.hear(&message["audio"]),
            "input_audio_buffer.commit" => self.commit(),
            "input_audio_buffer.clear" => {
                self.hearing.clear();
                self.out
                    .push(json!({ "type": "input_audio_buffer.cleared" }));
                Ok(())
            }
            "conversation.item.create" => {
                let id = self.conversation.create(&message["item"])?;
                let mut item = message["item"].clone();
                item["id"] = json!(id);
                self.out
                    .push(json!({ "type": "conversation.item.added", "item": item }));
                Ok(())
            }
            "conversation.item.delete" => {
                self.conversation.delete(item)?;
                self.out
                    .push(json!({ "type": "conversation.item.deleted", "item_id": item }));
                Ok(())
            }
            "conversation.item.truncate" => {
                self.conversation.truncate(message)?;
                self.out
                    .push(json!({ "type": "conversation.item.truncated", "item_id": item }));
                Ok(())
            }
            "response.create" => self.respond(&message["response"]),
            "response.cancel" => self.cancel(&message["response_id"]),
            _ => {
                let what = format!("Invalid value: '{kind}'.");
                Err(Refused::violation("invalid_value", what))
            }
        }
    }

    fn settle(&mut self, settings: &Value) -> Result<(), Refused> {
        self.session.update(settings, self.sounds > 0)?;
        let instructions = self.session.instructions.clone();
        self.note(|session| session.instructions = instructions);
        let session = self.session.shown(&self.model);
        let event = json!({ "type": "session.updated", "session": session });
        let at = Instant::now() + self.shared.settings.settle.draw(&mut self.dice);
        self.settling.push_back((at, event));
        Ok(())
    }

    fn hear(&mut self, audio: &Value) -> Result<(), Refused> {
        let audio = audio.as_str().unwrap_or_default();
        let audio = base64_simd::STANDARD.decode_to_vec(audio);
        let audio = audio
            .ok()
            .filter(|audio| !audio.is_empty())
            .ok_or_else(|| Refused::violation("invalid_value", "Invalid value: 'audio'."))?;
        self.note(|session| session.audio_bytes += audio.len() as u64);
        let detection = self.session.detection;
        let silence = detection.map_or(u64::MAX / 8, |detection| detection.silence_ms);
        let found = self.hearing.hear(&audio, silence);
        let Some(detection) = detection else {
            return Ok(());
        };
        for found in found {
            let conversation = &mut self.conversation;
            let item = self.turn.get_or_insert_with(|| conversation.reserve());
            match found {
                Found::Started { at_ms } => {
                    let event = json!({ "type": "input_audio_buffer.speech_started",
                        "audio_start_ms": at_ms, "item_id": item });
                    self.out.push(event);
                }
                Found::Stopped { at_ms } => {
                    let event = json!({ "type": "input_audio_buffer.speech_stopped",
                        "audio_end_ms": at_ms, "item_id": item });
                    self.out.push(event);
                    self.commit()?;
                    if detection.create_response {
                        self.respond(&Value::Null)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Refused> {
        let Some(words) = self.hearing.commit() else {
            let message = "Error committing input audio buffer: buffer too small.";
            return Err(Refused::violation(
                "input_audio_buffer_commit_empty",
                message,
            ));
        };
        let previous = self.conversation.last();
        let conversation = &mut self.conversation;
        let item = self.turn.take();
        let item = item.unwrap_or_else(|| conversation.reserve());
        conversation.add_turn(item.clone(), &words);
        self.out.push(
            json!({ "type": "input_audio_buffer.committed", "item_id": item,
            "previous_item_id": previous }),
        );
        self.out.push(
            json!({ "type": "conversation.item.added", "item": { "id": item,
            "type": "message", "role": "user", "content": [{ "type": "input_audio" }] } }),
        );
        if self.session.transcribes {
            let after = self.shared.settings.words.draw(&mut self.dice);
            let at = Instant::now() + after;
            let events = self.written(&item, &words);
            let place = self.words.partition_point(|(other, _)| *other <= at);
            self.words.insert(place, (at, events));
        }
        let timeline = self.shared.settings.timeline.as_ref();
        report(timeline, Instant::now(), || What::FinalSent(words));
        Ok(())
    }

    fn written(&self, item: &str, words: &str) -> Vec<Value> {
        let event = |kind: &str| {
            json!({ "type": format!("conversation.item.input_audio_transcription.{kind}"),
                "item_id": item, "content_index": 0 })
        };
        if self.fault == Some(RealtimeFault::Wordless) {
            let mut failed = event("failed");
            failed["error"] = json!({ "type": "transcription_error",
                "code": "audio_unintelligible", "message": "The audio could not be transcribed." });
            return vec![failed];
        }
        let mut delta = event("delta");
        delta["delta"] = json!(words);
        let mut completed = event("completed");
        completed["transcript"] = json!(words);
        completed["usage"] = json!({ "type": "tokens", "total_tokens": 12, "input_tokens": 10,
            "input_token_details": { "text_tokens": 0, "audio_tokens": 10 }, "output_tokens": 2 });
        vec![delta, completed]
    }

    fn respond(&mut self, asked: &Value) -> Result<(), Refused> {
        if let Some(speaking) = &self.speaking {
            let message = format!(
                "Conversation already has an active response in progress: {}",
                speaking.id
            );
            let code = "conversation_already_has_active_response";
            return Err(Refused::violation(code, message));
        }
        self.responses += 1;
        let chat = self.conversation.chat(
            &self.model,
            (&self.session.instructions, self.session.tools.clone()),
        );
        report(self.shared.settings.timeline.as_ref(), self.came, || {
            What::ChatAsked(chat.last_said().to_owned())
        });
        let reply = match said_exactly(asked) {
            Some(text) => Reply::saying(text),
            None => self.shared.settings.brain.reply(&chat),
        };
        let input = Kinds::heard(chat.characters(), self.hearing.committed());
        let asked = Asked {
            id: format!("resp_{}_{}", self.number, self.responses),
            metadata: asked["metadata"].clone(),
            reply,
            input,
            cached: std::mem::replace(&mut self.cached, input).least(input),
            delay: match self.fault {
                Some(RealtimeFault::Slow(delay)) => delay,
                Some(_) | None => Duration::ZERO,
            },
        };
        let settings = &self.shared.settings;
        let speaking = Speaking::new(asked, settings, &mut self.dice, &mut self.conversation);
        self.out.push(speaking.created());
        if self.fault == Some(RealtimeFault::FailedResponses) {
            let details = json!({ "type": "failed", "error": { "type": "server_error",
                "code": "inference_rate_limit_exceeded", "message": "Rate limit reached." } });
            self.out.push(speaking.ended("failed", details));
            return Ok(());
        }
        self.speaking = Some(speaking);
        Ok(())
    }

    fn cancel(&mut self, response: &Value) -> Result<(), Refused> {
        let is_it = |speaking: &mut Speaking| response.is_null() || *response == speaking.id;
        let Some(speaking) = self.speaking.take_if(is_it) else {
            let message = "Cancellation failed: no active response found";
            return Err(Refused::crossed("response_cancel_not_active", message));
        };
        let details = json!({ "type": "cancelled", "reason": "client_cancelled" });
        self.out.push(speaking.ended("cancelled", details));
        Ok(())
    }

    async fn send_out(&mut self, socket: &mut WebSocket) -> bool {
        for event in std::mem::take(&mut self.out) {
            if self.is_mute {
                continue;
            }
            self.bill(&event["response"]["usage"]);
            // A text in place of an event goes out as it is.
            let garbage = event.as_str().map(str::to_owned);
            let text = garbage.unwrap_or_else(|| event.to_string());
            if socket.send(Message::Text(text.into())).await.is_err() {
                return false;
            }
        }
        true
    }

    fn bill(&self, usage: &Value) {
        if !usage.is_null() {
            self.note(|session| session.used.add(usage));
        }
    }

    fn note(&self, change: impl FnOnce(&mut RealtimeSession)) {
        self.shared.log.change(self.place, change);
    }
}

/// The line that a response is to say, where it is told to look at nothing else.
fn said_exactly(asked: &Value) -> Option<String> {
    let is_alone = asked["input"].as_array().is_some_and(Vec::is_empty);
    let (_order, text) = asked["instructions"].as_str()?.split_once("\n\n")?;
    is_alone.then(|| text.to_owned())
}
