//! One response as it goes out: its events, and the time between them.

use std::{collections::VecDeque, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    Settings,
    conversation::Conversation,
    wire::{self, Kinds},
};
use crate::{
    Dice,
    fakes::{Reply, tab::characters},
};

/// Bytes of mu-law in a millisecond.
const BYTES_PER_MS: usize = audio::g711::BYTES_PER_MS as usize;

/// A response under way.
#[derive(Debug)]
pub(super) struct Speaking {
    pub(super) id: String,
    metadata: Value,
    pub(super) steps: VecDeque<Step>,
    /// What it costs, when it is whole.
    usage: Value,
}

/// Events that go out together.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) at: Instant,
    pub(super) events: Vec<Value>,
    /// The item whose sound is in it, and its length.
    pub(super) sound: Option<(String, u64)>,
    /// The text whose first sound this is.
    pub(super) begins: Option<String>,
}

/// What a response is made of.
pub(super) struct Asked {
    pub(super) id: String,
    pub(super) metadata: Value,
    pub(super) reply: Reply,
    /// What went in, and what of it had gone in before.
    pub(super) input: Kinds,
    pub(super) cached: Kinds,
    /// So much later than usual.
    pub(super) delay: Duration,
}

impl Speaking {
    /// Plans a response; its items join the conversation.
    pub(super) fn new(
        asked: Asked,
        settings: &Settings,
        dice: &mut Dice,
        conversation: &mut Conversation,
    ) -> Self {
        let mut at = Instant::now() + settings.first_audio.draw(dice) + asked.delay;
        let mut steps = VecDeque::new();
        let mut output = Vec::new();
        let text = &asked.reply.text;
        let audio = settings.voice.say(text);
        if !text.is_empty() {
            let item = conversation.add_speech(text);
            let message = Message {
                response: &asked.id,
                item: &item,
            };
            steps.push_back(step(at, message.begin()));
            let size = (settings.chunk.as_millis() as usize * BYTES_PER_MS).max(BYTES_PER_MS);
            let chunks: Vec<&[u8]> = audio.chunks(size).collect();
            for (number, chunk) in chunks.iter().enumerate() {
                let mut events = Vec::new();
                let piece = share(text, number, chunks.len());
                if !piece.is_empty() {
                    events.push(message.event("response.output_audio_transcript.delta", &piece));
                }
                let sound = base64_simd::STANDARD.encode_to_string(chunk);
                events.push(message.event("response.output_audio.delta", &sound));
                steps.push_back(Step {
                    at,
                    events,
                    sound: Some((item.clone(), (chunk.len() / BYTES_PER_MS) as u64)),
                    begins: (number == 0).then(|| text.clone()),
                });
                at += settings.chunk_gap.draw(dice);
            }
            steps.push_back(step(at, message.end(text)));
            output.push(message.item(text, "completed"));
        }
        for (number, tool) in asked.reply.tools.into_iter().enumerate() {
            let call = format!("call_{}_{number}", asked.id);
            let item = conversation.add_call(&call, tool.clone());
            let whole = json!({ "id": item, "object": "realtime.item", "type": "function_call",
                "status": "completed", "call_id": call, "name": tool.name,
                "arguments": tool.arguments });
            steps.push_back(step(at, call_events(&asked.id, &whole)));
            output.push(whole);
        }
        let spoken = Kinds::spoken(characters(text), audio.len() as u64);
        let usage = wire::usage(asked.input, asked.cached, spoken);
        let done = done(&asked.id, &asked.metadata, (&output, &usage));
        steps.push_back(step(at, vec![done]));
        Self {
            id: asked.id,
            metadata: asked.metadata,
            steps,
            usage,
        }
    }

    /// The event that begins it.
    pub(super) fn created(&self) -> Value {
        json!({ "type": "response.created", "response": { "id": self.id, "status": "in_progress",
            "metadata": self.metadata, "output": [] } })
    }

    /// The event that ends it before its time.
    pub(super) fn ended(&self, status: &str, details: Value) -> Value {
        let mut done = done(&self.id, &self.metadata, (&[], &self.usage));
        done["response"]["status"] = json!(status);
        done["response"]["status_details"] = details;
        done
    }
}

fn step(at: Instant, events: Vec<Value>) -> Step {
    Step {
        at,
        events,
        sound: None,
        begins: None,
    }
}

fn done(id: &str, metadata: &Value, (output, usage): (&[Value], &Value)) -> Value {
    json!({ "type": "response.done", "response": { "id": id, "status": "completed",
        "status_details": null, "metadata": metadata, "output": output, "usage": usage } })
}

/// The so-many-th of so many parts of a text.
fn share(text: &str, number: usize, of: usize) -> String {
    let chars = text.chars().count();
    let (from, until) = (chars * number / of, chars * (number + 1) / of);
    text.chars().skip(from).take(until - from).collect()
}

/// What is said in a response.
struct Message<'a> {
    response: &'a str,
    item: &'a str,
}

impl Message<'_> {
    fn begin(&self) -> Vec<Value> {
        let item = json!({ "id": self.item, "object": "realtime.item", "type": "message",
            "role": "assistant", "status": "in_progress", "content": [] });
        let mut part = self.event("response.content_part.added", "");
        part["part"] = json!({ "type": "audio", "transcript": "" });
        vec![
            json!({ "type": "response.output_item.added", "response_id": self.response,
                "output_index": 0, "item": item }),
            json!({ "type": "conversation.item.added", "item": item }),
            part,
        ]
    }

    fn end(&self, text: &str) -> Vec<Value> {
        let mut transcript = self.event("response.output_audio_transcript.done", "");
        transcript["transcript"] = json!(text);
        let whole = self.item(text, "completed");
        vec![
            self.event("response.output_audio.done", ""),
            transcript,
            self.event("response.content_part.done", ""),
            json!({ "type": "conversation.item.done", "item": whole }),
            json!({ "type": "response.output_item.done", "response_id": self.response,
                "output_index": 0, "item": whole }),
        ]
    }

    fn item(&self, text: &str, status: &str) -> Value {
        json!({ "id": self.item, "object": "realtime.item", "type": "message",
            "role": "assistant", "status": status,
            "content": [{ "type": "output_audio", "transcript": text }] })
    }

    fn event(&self, kind: &str, delta: &str) -> Value {
        let mut event = json!({ "type": kind, "response_id": self.response,
            "item_id": self.item, "output_index": 0, "content_index": 0 });
        if !delta.is_empty() {
            event["delta"] = json!(delta);
        }
        event
    }
}

fn call_events(response: &str, whole: &Value) -> Vec<Value> {
    let of = |kind: &str| json!({ "type": kind, "response_id": response, "output_index": 1 });
    let mut added = of("response.output_item.added");
    added["item"] = whole.clone();
    added["item"]["status"] = json!("in_progress");
    added["item"]["arguments"] = json!("");
    let mut delta = of("response.function_call_arguments.delta");
    delta["delta"] = whole["arguments"].clone();
    let mut end = of("response.function_call_arguments.done");
    end["arguments"] = whole["arguments"].clone();
    end["call_id"] = whole["call_id"].clone();
    let mut done = of("response.output_item.done");
    done["item"] = whole.clone();
    vec![added, delta, end, done]
}
