use serde_json::{Value, json};

use super::wire::Refused;

/// How a session hears and talks.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    pub(super) instructions: String,
    pub(super) tools: Vec<String>,
    /// Turns are written down.
    pub(super) transcribes: bool,
    pub(super) detection: Option<Detection>,
    voice: Option<String>,
}

/// How the session finds the ends of turns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Detection {
    /// Silence that ends one.
    pub(super) silence_ms: u64,
    /// Each turn is answered unasked.
    pub(super) create_response: bool,
}

const KNOWN: [&str; 10] = [
    "audio",
    "instructions",
    "max_output_tokens",
    "output_modalities",
    "parallel_tool_calls",
    "tool_choice",
    "tools",
    "truncation",
    "tracing",
    "type",
];

impl Session {
    /// Takes new settings as strictly as the real one; what is not named stays. `has_spoken`: the
    /// voice cannot change any more.
    pub(super) fn update(&mut self, settings: &Value, has_spoken: bool) -> Result<(), Refused> {
        let fields = settings
            .as_object()
            .ok_or_else(|| Refused::violation("invalid_value", "no session"))?;
        if settings["type"] != "realtime" {
            return Err(invalid("session.type"));
        }
        if let Some(name) = fields.keys().find(|name| !KNOWN.contains(&name.as_str())) {
            let message = format!("Unknown parameter: 'session.{name}'.");
            return Err(Refused::violation("unknown_parameter", message));
        }
        if let Some(modalities) = fields.get("output_modalities")
            && *modalities != json!(["audio"])
        {
            return Err(invalid("session.output_modalities"));
        }
        if let Some(most) = fields.get("max_output_tokens")
            && !(most == "inf"
                || most
                    .as_u64()
                    .is_some_and(|most| (1..=4_096).contains(&most)))
        {
            return Err(invalid("session.max_output_tokens"));
        }
        if let Some(instructions) = fields.get("instructions") {
            let text = instructions.as_str();
            let text = text.ok_or_else(|| invalid("session.instructions"))?;
            text.clone_into(&mut self.instructions);
        }
        if let Some(tools) = fields.get("tools") {
            self.tools = tool_names(tools)?;
        }
        if let Some(audio) = fields.get("audio") {
            self.update_input(&audio["input"])?;
            self.update_output(&audio["output"], has_spoken)?;
        }
        Ok(())
    }

    fn update_input(&mut self, input: &Value) -> Result<(), Refused> {
        if input["format"] != json!({ "type": "audio/pcmu" }) {
            return Err(invalid("session.audio.input.format"));
        }
        let transcription = &input["transcription"];
        if !transcription.is_null() && transcription["model"].as_str().is_none() {
            return Err(invalid("session.audio.input.transcription.model"));
        }
        self.transcribes = !transcription.is_null();
        let detection = &input["turn_detection"];
        self.detection = match detection["type"].as_str() {
            None if detection.is_null() => None,
            Some("server_vad") => {
                let silence = detection["silence_duration_ms"].as_u64();
                let threshold = detection["threshold"].as_f64();
                if threshold.is_none_or(|threshold| !(0.0..=1.0).contains(&threshold)) {
                    return Err(invalid("session.audio.input.turn_detection.threshold"));
                }
                Some(silence.unwrap_or(500))
            }
            Some("semantic_vad") => {
                // It knows no meaning: it waits for longer where the real one might.
                Some(match detection["eagerness"].as_str().unwrap_or("auto") {
                    "high" => 300,
                    "auto" | "medium" => 500,
                    "low" => 800,
                    _ => return Err(invalid("session.audio.input.turn_detection.eagerness")),
                })
            }
            Some(_) | None => return Err(invalid("session.audio.input.turn_detection.type")),
        }
        .map(|silence_ms| Detection {
            silence_ms,
            create_response: detection["create_response"].as_bool().unwrap_or(true),
        });
        Ok(())
    }

    fn update_output(&mut self, output: &Value, has_spoken: bool) -> Result<(), Refused> {
        if output["format"] != json!({ "type": "audio/pcmu" }) {
            return Err(invalid("session.audio.output.format"));
        }
        let voice = output["voice"].as_str().map(str::to_owned);
        if has_spoken && voice.is_some() && voice != self.voice {
            let message = "Cannot update a conversation's voice if assistant audio is present.";
            return Err(Refused::violation("cannot_update_voice", message));
        }
        self.voice = voice.or(self.voice.take());
        Ok(())
    }

    /// The settings as they are confirmed.
    pub(super) fn shown(&self, model: &str) -> Value {
        json!({ "type": "realtime", "object": "realtime.session", "id": "sess_1", "model": model,
            "instructions": self.instructions, "output_modalities": ["audio"],
            "audio": { "output": { "voice": self.voice } } })
    }
}

fn tool_names(tools: &Value) -> Result<Vec<String>, Refused> {
    let tools = tools.as_array().ok_or_else(|| invalid("session.tools"))?;
    let names = tools.iter().map(|tool| {
        let name = tool["name"].as_str().unwrap_or_default();
        let is_good = tool["type"] == "function"
            && !name.is_empty()
            && tool["parameters"]["type"] == "object";
        is_good
            .then(|| name.to_owned())
            .ok_or_else(|| invalid("session.tools[].name"))
    });
    names.collect()
}

fn invalid(param: &str) -> Refused {
    Refused::violation("invalid_value", format!("Invalid value: '{param}'."))
}
