use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::Dice;

/// A message of the server on the media socket.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum FromServer {
    /// Throw away what is queued.
    Clear {
        /// Which stream.
        #[serde(rename = "streamSid")]
        stream: String,
    },
    /// Report back here.
    Mark {
        /// Which stream.
        #[serde(rename = "streamSid")]
        stream: String,
        /// Its name.
        mark: MarkName,
    },
    /// Play this.
    Media {
        /// Which stream.
        #[serde(rename = "streamSid")]
        stream: String,
        /// Its sound.
        media: Payload,
    },
}

#[derive(Debug, Deserialize)]
pub(crate) struct MarkName {
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Payload {
    pub(crate) payload: String,
}

/// Who and what a stream is.
#[derive(Clone, Debug)]
pub(crate) struct StreamIds {
    pub(crate) account: String,
    pub(crate) call: String,
    pub(crate) stream: String,
}

impl StreamIds {
    /// Ids in the carrier's shape, the same for the same seed.
    pub(crate) fn of_call(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut id = |kind: &str| format!("{kind}{:016x}{:016x}", dice.throw(), dice.throw());
        Self {
            account: "AC22222222222222222222222222222222".to_owned(),
            call: id("CA"),
            stream: id("MZ"),
        }
    }
}

/// Writes the carrier's messages, numbered as it does: numbers as strings.
#[derive(Debug)]
pub(crate) struct Messages {
    ids: StreamIds,
    sequence: u64,
    chunk: u64,
}

pub(crate) const CONNECTED: &str = r#"{"event":"connected","protocol":"Call","version":"1.0.0"}"#;

impl Messages {
    pub(crate) fn new(ids: StreamIds) -> Self {
        Self {
            ids,
            sequence: 0,
            chunk: 0,
        }
    }

    fn next(&mut self) -> String {
        self.sequence += 1;
        self.sequence.to_string()
    }

    pub(crate) fn start(&mut self, parameters: &[(String, String)]) -> String {
        let custom: serde_json::Map<String, Value> = parameters
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let ids = self.ids.clone();
        json!({ "event": "start", "sequenceNumber": self.next(), "streamSid": ids.stream,
            "start": { "accountSid": ids.account, "streamSid": ids.stream, "callSid": ids.call,
                "tracks": ["inbound"], "customParameters": custom,
                "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1 } } })
        .to_string()
    }

    /// A frame of the caller's audio that began `at_ms` after the stream.
    pub(crate) fn media(&mut self, at_ms: u64, audio: &[u8]) -> String {
        self.sequence += 1;
        self.chunk += 1;
        let mut text = String::with_capacity(audio.len() * 2 + 160);
        // Writing to a string does not fail.
        let _ = write!(
            text,
            r#"{{"event":"media","sequenceNumber":"{}","streamSid":"{}","media":{{"track":"inbound","chunk":"{}","timestamp":"{at_ms}","payload":""#,
            self.sequence, self.ids.stream, self.chunk
        );
        base64_simd::STANDARD.encode_append(audio, &mut text);
        text.push_str(r#""}}"#);
        text
    }

    /// Counts a frame that was lost on its way.
    pub(crate) fn lose(&mut self) {
        self.sequence += 1;
        self.chunk += 1;
    }

    pub(crate) fn digit(&mut self, digit: char) -> String {
        json!({ "event": "dtmf", "streamSid": self.ids.stream, "sequenceNumber": self.next(),
            "dtmf": { "track": "inbound_track", "digit": digit.to_string() } })
        .to_string()
    }

    pub(crate) fn mark(&mut self, name: &str) -> String {
        json!({ "event": "mark", "sequenceNumber": self.next(), "streamSid": self.ids.stream,
            "mark": { "name": name } })
        .to_string()
    }

    pub(crate) fn stop(&mut self) -> String {
        let ids = self.ids.clone();
        json!({ "event": "stop", "sequenceNumber": self.next(), "streamSid": ids.stream,
            "stop": { "accountSid": ids.account, "callSid": ids.call } })
        .to_string()
    }

    pub(crate) fn is_ours(&self, stream: &str) -> bool {
        stream == self.ids.stream
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_out_as_strings() {
        let ids = StreamIds {
            account: "AC1".to_owned(),
            call: "CA1".to_owned(),
            stream: "MZ1".to_owned(),
        };
        let mut messages = Messages::new(ids);
        messages.start(&[]);
        let media: Value = serde_json::from_str(&messages.media(40, &[0xFF; 3])).unwrap();
        let expected = json!({ "event": "media", "sequenceNumber": "2", "streamSid": "MZ1",
            "media": { "track": "inbound", "chunk": "1", "timestamp": "40", "payload": "////" } });
        assert_eq!(media, expected);
    }
}
