//! One streamed answer: bytes in any pieces, text and tool calls out. Pure.

use serde::Deserialize;
use serde_json::value::RawValue;

pub use super::refusal::refused;
use super::{
    NAME,
    refusal::broke_off,
    tools::{ToolCalls, ToolPiece},
};
use crate::{
    ProviderError,
    llm::{
        Progress, Reader, State, Tokens, Written,
        answer::{MAX_CHARS, estimate},
        body::{self, Body, Rest, Skipped},
        text::{TextStream, keep_halves},
    },
    text::Text,
};

#[derive(Default, Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    x_groq: Option<Groq<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: Option<u32>,
    /// A server that does not stream sends a whole message.
    #[serde(borrow, default, alias = "message")]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    finish_reason: Text<'a>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Text<'a>,
    #[serde(borrow, default)]
    refusal: Text<'a>,
    #[serde(borrow, default)]
    reasoning: Text<'a>,
    #[serde(borrow, default)]
    reasoning_content: Text<'a>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<ToolPiece<'a>>>,
}

#[derive(Deserialize)]
struct Groq<'a> {
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

/// Reads one answer.
#[derive(Debug)]
pub struct AnswerReader {
    body: Body,
    text: TextStream,
    tools: ToolCalls,
    next_id: u32,
    usage: Option<Tokens>,
    chars: u64,
    skipped: Skipped,
    state: State,
}

impl AnswerReader {
    /// A fresh answer. Tool calls without an id get one counted from `next_id`.
    #[must_use]
    pub fn new(next_id: u32) -> Self {
        Self {
            body: Body::default(),
            text: TextStream::default(),
            tools: ToolCalls::default(),
            next_id,
            usage: None,
            chars: 0,
            skipped: Skipped::default(),
            state: State::Open,
        }
    }

    fn on_rest(&mut self, rest: Rest, progress: &mut Progress) -> Result<(), ProviderError> {
        match rest {
            Rest::Nothing => Ok(()),
            Rest::Event(event) => self.on_event(&event, progress),
            Rest::Whole(body) => self.on_body(&body, progress),
        }
    }

    fn on_body(&mut self, body: &str, progress: &mut Progress) -> Result<(), ProviderError> {
        let mended;
        let chunk = match serde_json::from_str(body) {
            Ok(chunk) => chunk,
            Err(_unreadable) => {
                mended = keep_halves(body);
                serde_json::from_str(&mended).map_err(|_why| garbled(body))?
            }
        };
        self.on_chunk(chunk, progress)?;
        if self.state == State::Open {
            return Err(garbled(body));
        }
        Ok(())
    }

    fn on_event(&mut self, event: &str, progress: &mut Progress) -> Result<(), ProviderError> {
        if self.state == State::Done {
            return Ok(());
        }
        if event.trim() == "[DONE]" {
            self.end(State::Done, progress);
            return Ok(());
        }
        if let Ok(chunk) = serde_json::from_str(event) {
            self.skipped.reset();
            return self.on_chunk(chunk, progress);
        }
        // A lone half of a surrogate pair makes an event unreadable that is otherwise sound.
        let mended = keep_halves(event);
        if let Ok(chunk) = serde_json::from_str(&mended) {
            self.skipped.reset();
            return self.on_chunk(chunk, progress);
        }
        self.skipped.skip(NAME, event)
    }

    fn on_chunk(&mut self, chunk: Chunk<'_>, progress: &mut Progress) -> Result<(), ProviderError> {
        let (groq_usage, groq_error) = chunk
            .x_groq
            .map_or((None, None), |groq| (groq.usage, groq.error));
        if let Some(error) = chunk.error.or(groq_error) {
            return Err(broke_off(error));
        }
        // Some servers count on every chunk: the last count is the whole.
        if let Some(usage) = chunk.usage.or(groq_usage) {
            self.usage = Some(tokens(&usage));
        }
        for choice in chunk.choices.into_iter().flatten() {
            if choice.index.unwrap_or(0) == 0 {
                self.on_choice(&choice, progress);
            }
        }
        if self.chars > MAX_CHARS {
            return Err(garbled("the reply does not end"));
        }
        Ok(())
    }

    fn on_choice(&mut self, choice: &Choice<'_>, progress: &mut Progress) {
        if self.state != State::Open {
            return;
        }
        if let Some(delta) = &choice.delta {
            for text in [&delta.content, &delta.refusal] {
                self.on_text(text, progress);
            }
            for hidden in [&delta.reasoning, &delta.reasoning_content] {
                progress.moved |= !hidden.is_empty();
                self.chars += hidden.chars().count() as u64;
            }
            for piece in delta.tool_calls.iter().flatten() {
                progress.moved = true;
                self.tools.add(piece);
            }
        }
        if !choice.finish_reason.is_empty() {
            self.end(State::Finished, progress);
        }
    }

    fn on_text(&mut self, text: &str, progress: &mut Progress) {
        if text.is_empty() {
            return;
        }
        progress.moved = true;
        self.chars += text.chars().count() as u64;
        let said = self.text.read(text);
        if !said.is_empty() {
            progress.written.push(Written::Text(said));
        }
    }

    fn end(&mut self, state: State, progress: &mut Progress) {
        self.state = state;
        progress.moved = true;
        let rest = self.text.finish();
        if !rest.is_empty() {
            progress.written.push(Written::Text(rest));
        }
        let calls = self.tools.take(&mut self.next_id);
        progress
            .written
            .extend(calls.into_iter().map(Written::Tool));
    }
}

impl Reader for AnswerReader {
    fn read(&mut self, piece: &[u8]) -> Result<Progress, ProviderError> {
        let mut progress = Progress::default();
        let events = self.body.read(piece);
        for event in events.map_err(|long| garbled(&long.to_string()))? {
            self.on_event(&event, &mut progress)?;
        }
        Ok(progress)
    }

    fn finish(&mut self) -> Result<Progress, ProviderError> {
        let mut progress = Progress::default();
        let rest = self.body.finish();
        self.on_rest(
            rest.map_err(|long| garbled(&long.to_string()))?,
            &mut progress,
        )?;
        match self.state {
            State::Open => Err(garbled("the stream ended in the middle of the answer")),
            State::Finished | State::Done => {
                self.state = State::Done;
                Ok(progress)
            }
        }
    }

    fn state(&self) -> State {
        self.state
    }

    fn tokens(&self, prompt_chars: u64) -> Tokens {
        self.usage
            .unwrap_or_else(|| estimate(prompt_chars, self.chars))
    }
}

fn tokens(usage: &Usage) -> Tokens {
    let details = usage.prompt_tokens_details.as_ref();
    Tokens {
        input: usage.prompt_tokens.unwrap_or_default(),
        cached: details
            .and_then(|details| details.cached_tokens)
            .unwrap_or_default(),
        output: usage.completion_tokens.unwrap_or_default(),
    }
}

fn garbled(what: &str) -> ProviderError {
    body::garbled(NAME, what)
}

#[cfg(test)]
mod tests;
