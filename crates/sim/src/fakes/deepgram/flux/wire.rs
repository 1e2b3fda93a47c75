use serde_json::{Value, json};

use super::{
    super::{recognition::TimedWord, wire},
    turns::{Event, Said, Trigger},
};

/// The first message of a stream.
pub(in super::super) fn connected(number: u64) -> String {
    json!({ "type": "Connected", "request_id": wire::request_id(number), "sequence_id": 0 })
        .to_string()
}

/// How a turn stands.
pub(in super::super) fn turn_info(said: &Said, stream: &Stream, sequence: u64) -> String {
    let words: Vec<Value> = said
        .words
        .iter()
        .map(|word| word_value(word, stream.punctuates))
        .collect();
    let mut message = json!({
        "type": "TurnInfo",
        "request_id": wire::request_id(stream.number),
        "sequence_id": sequence,
        "event": name(said.event),
        "turn_index": said.index,
        "audio_window_start": wire::seconds(said.start),
        "audio_window_end": wire::seconds(said.end),
        "transcript": wire::transcript(&said.words, stream.punctuates),
        "words": words,
        "end_of_turn_confidence": said.confidence,
    });
    if let Event::EndOfTurn(trigger) = said.event {
        message["trigger"] = json!(match trigger {
            Trigger::Manual => "manual",
            Trigger::Model => "model",
            Trigger::Timeout => "timeout",
        });
    }
    if stream.multi {
        message["languages"] = json!(["en"]);
    }
    message.to_string()
}

/// What every message of a stream depends on.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Stream {
    pub(in super::super) number: u64,
    pub(in super::super) punctuates: bool,
    pub(in super::super) multi: bool,
}

/// The end of a stream whose client wrote something unreadable.
pub(in super::super) fn unparsable(sequence: u64) -> String {
    json!({
        "type": "Error",
        "sequence_id": sequence,
        "code": "UNPARSABLE_CLIENT_MESSAGE",
        "description": "Could not deserialize last text message.",
    })
    .to_string()
}

fn name(event: Event) -> &'static str {
    match event {
        Event::EagerEndOfTurn => "EagerEndOfTurn",
        Event::EndOfTurn(_) => "EndOfTurn",
        Event::StartOfTurn => "StartOfTurn",
        Event::TurnResumed => "TurnResumed",
        Event::Update => "Update",
    }
}

fn word_value(word: &TimedWord, punctuates: bool) -> Value {
    json!({
        "word": wire::transcript(std::slice::from_ref(word), punctuates),
        "confidence": 0.98,
        "start": wire::seconds(word.start),
        "end": wire::seconds(word.end),
    })
}
