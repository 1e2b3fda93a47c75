//! One streamed answer: bytes in any pieces, text and tool calls out. Pure.

use serde::Deserialize;
use serde_json::value::RawValue;

pub(crate) use super::refusal::is_unknown_key;
pub use super::refusal::refused;
use super::{
    NAME,
    refusal::broke_off,
    tools::{ToolCalls, ToolPiece},
};
use crate::{
    ProviderError, Verdict,
    llm::{
        Progress, Reader, State, Tokens, Written,
        answer::{MAX_CHARS, estimate, nothing_written},
        body::{self, Body, Rest, Skipped, no_answer},
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

#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: Option<u64>,
    #[serde(default)]
    completion_tokens: Option<u64>,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
    #[serde(default)]
    cache_write_tokens: Option<u64>,
}

impl Usage {
    /// Some servers count on every chunk: each count is of the whole so far, and what a later one
    /// leaves out has not changed.
    fn replace(&mut self, later: Self) {
        *self = Self {
            prompt_tokens: later.prompt_tokens.or(self.prompt_tokens),
            completion_tokens: later.completion_tokens.or(self.completion_tokens),
            prompt_tokens_details: later.prompt_tokens_details.or(self.prompt_tokens_details),
        };
    }
}

/// Why the model stopped where it was not done. If nothing was written by then, that is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Cut {
    /// Its words were not to be seen.
    Filtered,
    /// Hidden thoughts took all that it may write.
    TooLong,
}

impl Cut {
    fn of(finish_reason: &str) -> Option<Self> {
        match finish_reason {
            "content_filter" => Some(Self::Filtered),
            "length" => Some(Self::TooLong),
            _ => None,
        }
    }

    /// Another model may answer what this one may not; one that thinks too long does so again.
    fn error(self) -> ProviderError {
        match self {
            Self::Filtered => nothing_written(NAME, "content_filter", Verdict::GiveUp),
            Self::TooLong => nothing_written(NAME, "length", Verdict::SwitchProvider),
        }
    }
}

/// Reads one answer.
#[derive(Debug)]
pub struct AnswerReader {
    body: Body,
    text: TextStream,
    tools: ToolCalls,
    next_id: u32,
    usage: Usage,
    chars: u64,
    /// Something was handed over that is worth hearing or doing.
    wrote: bool,
    cut: Option<Cut>,
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
            usage: Usage::default(),
            chars: 0,
            wrote: false,
            cut: None,
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
                serde_json::from_str(&mended).map_err(|_why| no_answer(NAME, body))?
            }
        };
        self.on_chunk(chunk, progress)?;
        if self.state == State::Open {
            return Err(no_answer(NAME, body));
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
        self.usage
            .replace(chunk.usage.or(groq_usage).unwrap_or_default());
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
            // Whoever sends both sends the same twice.
            let hidden = [&delta.reasoning, &delta.reasoning_content];
            if let Some(thought) = hidden.into_iter().find(|thought| !thought.is_empty()) {
                progress.moved = true;
                self.chars += thought.chars().count() as u64;
            }
            for piece in delta.tool_calls.iter().flatten() {
                progress.moved = true;
                self.chars += self.tools.add(piece);
            }
        }
        if !choice.finish_reason.is_empty() {
            self.cut = Cut::of(&choice.finish_reason);
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
        self.hand_over(said, progress);
    }

    fn hand_over(&mut self, said: String, progress: &mut Progress) {
        self.wrote |= !said.trim().is_empty();
        if !said.is_empty() {
            progress.written.push(Written::Text(said));
        }
    }

    fn end(&mut self, state: State, progress: &mut Progress) {
        self.state = state;
        progress.moved = true;
        let rest = self.text.finish();
        self.hand_over(rest, progress);
        let calls = self.tools.take(&mut self.next_id);
        self.wrote |= !calls.is_empty();
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

    fn outcome(&self) -> Result<(), ProviderError> {
        match self.cut {
            Some(cut) if !self.wrote => Err(cut.error()),
            Some(_) | None => Ok(()),
        }
    }

    fn counted(&self) -> Option<Tokens> {
        self.usage.prompt_tokens.map(|_counted| Tokens {
            output: self.usage.completion_tokens.unwrap_or_default(),
            ..self.tokens(0)
        })
    }

    fn tokens(&self, prompt_chars: u64) -> Tokens {
        let about = estimate(prompt_chars, self.chars);
        let details = self.usage.prompt_tokens_details.unwrap_or_default();
        Tokens {
            input: self.usage.prompt_tokens.unwrap_or(about.input),
            cached: details.cached_tokens.unwrap_or_default(),
            cache_writes: details.cache_write_tokens.unwrap_or_default(),
            long_cache_writes: 0,
            output: self.usage.completion_tokens.unwrap_or(about.output),
        }
    }
}

fn garbled(what: &str) -> ProviderError {
    body::garbled(NAME, what)
}

#[cfg(test)]
mod tests;
