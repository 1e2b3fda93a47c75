//! One streamed answer: bytes in any pieces, text and tool calls out. Pure.

use serde::Deserialize;
use serde_json::value::RawValue;

pub use super::refusal::{Hints, refused};
use super::{
    NAME,
    refusal::broke_off,
    text::{TextStream, keep_halves},
    tools::{ToolCalls, ToolPiece},
};
use crate::{
    ProviderError,
    llm::{Tokens, Written},
    sse::EventReader,
    text::{Text, brief},
};

/// Unreadable events in a row that are skipped before the stream counts as garbled.
const SKIPPED: u32 = 3;
/// The longest answer that is read where a server does not stream.
const MAX_BODY: usize = 1 << 20;
/// The longest reply, hidden thoughts included: 2,000 tokens of eight characters. It would take a
/// quarter of an hour to speak, so the model is caught in a loop, and every word costs money.
const MAX_CHARS: u64 = 16_000;
/// Characters of a token, about, where the server does not count for us.
const CHARS_PER_TOKEN: u64 = 4;

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

/// How the body is read; its first character tells.
#[derive(Debug)]
enum Body {
    Unknown,
    Events(EventReader),
    Whole(Vec<u8>),
}

/// What a piece of the answer brought.
#[derive(Debug, Default, PartialEq)]
pub struct Progress {
    /// For the caller, in order.
    pub written: Vec<Written>,
    /// The model wrote something, be it only hidden thoughts.
    pub moved: bool,
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
    skipped: u32,
    state: State,
}

/// How far an answer has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// More is coming.
    Open,
    /// The model is done; counts may follow.
    Finished,
    /// Nothing follows.
    Done,
}

impl AnswerReader {
    /// A fresh answer. Tool calls without an id get one counted from `next_id`.
    #[must_use]
    pub fn new(next_id: u32) -> Self {
        Self {
            body: Body::Unknown,
            text: TextStream::default(),
            tools: ToolCalls::default(),
            next_id,
            usage: None,
            chars: 0,
            skipped: 0,
            state: State::Open,
        }
    }

    /// How far it has come.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// What the reply consumed: as the server counted, or estimated where it did not.
    #[must_use]
    pub fn tokens(&self, prompt_chars: u64) -> Tokens {
        self.usage.unwrap_or(Tokens {
            input: prompt_chars.div_ceil(CHARS_PER_TOKEN),
            cached: 0,
            output: self.chars.div_ceil(CHARS_PER_TOKEN),
        })
    }

    /// Takes the next piece of the body.
    pub fn read(&mut self, piece: &[u8]) -> Result<Progress, ProviderError> {
        let mut progress = Progress::default();
        let piece = match self.body {
            Body::Unknown => self.begin(piece),
            Body::Events(_) | Body::Whole(_) => piece,
        };
        let events = match &mut self.body {
            Body::Events(events) => events
                .read(piece)
                .map_err(|long| garbled(&long.to_string()))?,
            Body::Whole(body) if body.len() + piece.len() > MAX_BODY => {
                return Err(garbled("an answer of more than 1 MB"));
            }
            Body::Whole(body) => {
                body.extend_from_slice(piece);
                Vec::new()
            }
            Body::Unknown => Vec::new(),
        };
        for event in events {
            self.on_event(&event, &mut progress)?;
        }
        Ok(progress)
    }

    /// Sees by the first character what the body is; blanks before it belong to neither.
    fn begin<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let begin = piece.iter().take_while(|byte| blank(byte)).count();
        let piece = &piece[begin..];
        match piece.first() {
            None => {}
            Some(b'{' | b'[' | b'<') => self.body = Body::Whole(Vec::new()),
            Some(_) => self.body = Body::Events(EventReader::default()),
        }
        piece
    }

    /// The body has ended: whatever is left of the answer, or why it is none.
    pub fn finish(&mut self) -> Result<Progress, ProviderError> {
        let mut progress = Progress::default();
        match std::mem::replace(&mut self.body, Body::Unknown) {
            Body::Unknown => {}
            Body::Events(events) => {
                let last = events.finish().map_err(|long| garbled(&long.to_string()))?;
                if let Some(event) = last {
                    self.on_event(&event, &mut progress)?;
                }
            }
            Body::Whole(body) => self.on_body(&String::from_utf8_lossy(&body), &mut progress)?,
        }
        match self.state {
            State::Open => Err(garbled("the stream ended in the middle of the answer")),
            State::Finished | State::Done => {
                self.state = State::Done;
                Ok(progress)
            }
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
            self.skipped = 0;
            return self.on_chunk(chunk, progress);
        }
        // A lone half of a surrogate pair makes an event unreadable that is otherwise sound.
        let mended = keep_halves(event);
        if let Ok(chunk) = serde_json::from_str(&mended) {
            self.skipped = 0;
            return self.on_chunk(chunk, progress);
        }
        self.skipped += 1;
        tracing::debug!(
            provider = NAME,
            skipped = self.skipped,
            "unreadable event skipped"
        );
        if self.skipped > SKIPPED {
            return Err(garbled(event));
        }
        Ok(())
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
    ProviderError::Garbled {
        provider: NAME,
        detail: brief(what),
    }
}

#[cfg(test)]
mod tests;
