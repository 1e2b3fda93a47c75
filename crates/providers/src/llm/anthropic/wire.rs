//! One streamed answer: bytes in any pieces, text and tool calls out. Pure.

use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) use super::refusal::is_unknown_key;
pub use super::refusal::refused;
use super::{
    NAME,
    blocks::{Beginning, Blocks},
    refusal::broke_off,
    thoughts::Round,
};
use crate::{
    ProviderError, Verdict,
    llm::{
        Progress, Reader, State, Tokens, Written,
        answer::{MAX_CHARS, estimate, nothing_written},
        body::{Body, Rest, Skipped, garbled, no_answer},
        text::{TextStream, keep_halves},
    },
    text::{Text, brief},
};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(default)]
    index: Option<u32>,
    #[serde(default)]
    message: Option<Message>,
    #[serde(borrow, default)]
    content_block: Option<Beginning<'a>>,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(default)]
    usage: Option<Usage>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    usage: Option<Usage>,
}

/// Of a content block, or of the whole message.
#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    text: Text<'a>,
    #[serde(borrow, default)]
    partial_json: Text<'a>,
    #[serde(borrow, default)]
    thinking: Text<'a>,
    #[serde(borrow, default)]
    signature: Text<'a>,
    #[serde(borrow, default)]
    stop_reason: Text<'a>,
    #[serde(borrow, default)]
    stop_details: Option<StopDetails<'a>>,
}

#[derive(Deserialize)]
struct StopDetails<'a> {
    #[serde(borrow, default)]
    category: Text<'a>,
    #[serde(borrow, default)]
    explanation: Text<'a>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Usage {
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation_input_tokens: Option<u64>,
    #[serde(default)]
    cache_creation: Option<CacheCreation>,
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: Option<u64>,
}

/// What the cache was given, by how long it keeps it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct CacheCreation {
    #[serde(default)]
    ephemeral_5m_input_tokens: u64,
    #[serde(default)]
    ephemeral_1h_input_tokens: u64,
}

impl Usage {
    /// Counts are of the whole so far; what a later one leaves out has not changed.
    fn replace(&mut self, later: Self) {
        *self = Self {
            input_tokens: later.input_tokens.or(self.input_tokens),
            cache_creation_input_tokens: later
                .cache_creation_input_tokens
                .or(self.cache_creation_input_tokens),
            cache_creation: later.cache_creation.or(self.cache_creation),
            cache_read_input_tokens: later
                .cache_read_input_tokens
                .or(self.cache_read_input_tokens),
            output_tokens: later.output_tokens.or(self.output_tokens),
        };
    }

    /// Everything that went in, from the cache or not.
    fn input(&self) -> Option<u64> {
        let written = self.cache_creation_input_tokens.or_else(|| {
            let CacheCreation {
                ephemeral_5m_input_tokens: minutes,
                ephemeral_1h_input_tokens: hour,
            } = self.cache_creation?;
            Some(minutes.saturating_add(hour))
        });
        [self.input_tokens, written, self.cache_read_input_tokens]
            .into_iter()
            .flatten()
            .reduce(u64::saturating_add)
    }

    /// What the cache was given, for minutes and for an hour. Where the server does not tell which,
    /// it is the dearer one: our longest texts are kept for an hour.
    fn written(&self) -> [u64; 2] {
        let parts = self.cache_creation.unwrap_or_default();
        let minutes = parts.ephemeral_5m_input_tokens;
        let all = self.cache_creation_input_tokens.unwrap_or_default();
        let rest = all.saturating_sub(minutes);
        [minutes, rest.max(parts.ephemeral_1h_input_tokens)]
    }
}

/// Reads one answer.
#[derive(Debug, Default)]
pub struct AnswerReader {
    body: Body,
    text: TextStream,
    blocks: Blocks,
    skipped: Skipped,
    usage: Usage,
    /// The model's own words are counted, which happens last.
    is_counted: bool,
    /// Written so far, hidden thoughts and tool calls included.
    chars: u64,
    stage: Stage,
    /// The text is in a block of its own, behind something that is not text.
    apart: bool,
    /// It stopped because it may not write more.
    cut: bool,
    /// What it thought before it asked for tools.
    thoughts: Option<Round>,
}

/// How far the model has come.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Stage {
    /// It has not begun.
    #[default]
    Waiting,
    /// It writes, so far nothing for the caller.
    Working,
    /// The caller was told something.
    Speaking,
    /// It wrote something and then refused: nothing more of it counts.
    Withdrawn,
    /// The message is whole.
    Whole,
}

impl AnswerReader {
    /// What the model thought before it asked for tools, once its answer is whole.
    pub(super) fn take_thoughts(&mut self) -> Option<Round> {
        self.thoughts.take()
    }

    fn on_rest(&mut self, rest: Rest, progress: &mut Progress) -> Result<(), ProviderError> {
        match rest {
            Rest::Nothing => Ok(()),
            Rest::Event(event) => self.on_event(&event, progress),
            Rest::Whole(body) => {
                let mended = keep_halves(&body);
                // It may say why there is no stream; anything else in one piece is no answer.
                let error = serde_json::from_str::<Event<'_>>(&mended).ok();
                let error = error.and_then(|event| event.error).map(broke_off);
                Err(error.unwrap_or_else(|| no_answer(NAME, &body)))
            }
        }
    }

    fn on_event(&mut self, event: &str, progress: &mut Progress) -> Result<(), ProviderError> {
        if self.stage == Stage::Whole {
            return Ok(());
        }
        // A lone half of a surrogate pair makes an event unreadable that is otherwise sound.
        let mended = keep_halves(event);
        let Ok(event) = serde_json::from_str::<Event<'_>>(&mended) else {
            return self.skipped.skip(NAME, event);
        };
        self.skipped.reset();
        if let Some(error) = event.error {
            return Err(broke_off(error));
        }
        let index = event.index.unwrap_or_default();
        match (&*event.kind, event.content_block, event.delta) {
            ("message_start", ..) => {
                let usage = event.message.and_then(|message| message.usage);
                self.usage.replace(usage.unwrap_or_default());
            }
            ("content_block_start", Some(beginning), _) => {
                self.on_beginning(index, &beginning, progress);
            }
            ("content_block_delta", _, Some(delta)) => self.on_delta(index, &delta, progress),
            ("content_block_stop", ..) => self.blocks.stop(index),
            ("message_delta", _, delta) => {
                let usage = event.usage.unwrap_or_default();
                self.is_counted |= usage.output_tokens.is_some();
                self.usage.replace(usage);
                self.on_stop_reason(delta.as_ref())?;
            }
            ("message_stop", ..) => self.end(progress),
            // A model that writes is still there; one that does not is not heard by pinging.
            ("ping", ..) => progress.moved |= self.stage != Stage::Waiting,
            _ => {}
        }
        if self.chars > MAX_CHARS {
            return Err(garbled(NAME, "the reply does not end"));
        }
        Ok(())
    }

    fn on_beginning(&mut self, index: u32, beginning: &Beginning<'_>, progress: &mut Progress) {
        if self.blocks.begin(index, beginning) {
            self.on_text(index, &beginning.text, progress);
        } else {
            self.apart = true;
            self.wrote("", progress);
        }
    }

    fn on_delta(&mut self, index: u32, delta: &Delta<'_>, progress: &mut Progress) {
        match &*delta.kind {
            "text_delta" => self.on_text(index, &delta.text, progress),
            "input_json_delta" => {
                self.blocks.add(index, &delta.partial_json);
                self.wrote(&delta.partial_json, progress);
            }
            "signature_delta" => self.blocks.sign(index, &delta.signature),
            "thinking_delta" => {
                self.blocks.think(index, &delta.thinking);
                self.wrote(&delta.thinking, progress);
            }
            _ => {}
        }
    }

    fn on_text(&mut self, index: u32, text: &str, progress: &mut Progress) {
        if text.is_empty() {
            return;
        }
        self.wrote(text, progress);
        if self.stage == Stage::Withdrawn || !self.blocks.is_heard(index) {
            return;
        }
        let mut said = String::new();
        if std::mem::take(&mut self.apart) && self.stage == Stage::Speaking {
            said.push_str(&self.text.read(" "));
        }
        said.push_str(&self.text.read(text));
        self.hand_over(said, progress);
    }

    fn wrote(&mut self, text: &str, progress: &mut Progress) {
        progress.moved = true;
        self.chars += text.chars().count() as u64;
        if self.stage == Stage::Waiting {
            self.stage = Stage::Working;
        }
    }

    fn hand_over(&mut self, said: String, progress: &mut Progress) {
        if !said.is_empty() {
            self.stage = Stage::Speaking;
            progress.written.push(Written::Text(said));
        }
    }

    /// All reasons but one are an end like any other: what was written counts.
    fn on_stop_reason(&mut self, delta: Option<&Delta<'_>>) -> Result<(), ProviderError> {
        self.cut |= delta.is_some_and(|delta| &*delta.stop_reason == "max_tokens");
        let Some(delta) = delta.filter(|delta| &*delta.stop_reason == "refusal") else {
            return Ok(());
        };
        match self.stage {
            Stage::Waiting | Stage::Working => Err(declined(delta.stop_details.as_ref())),
            Stage::Speaking | Stage::Withdrawn | Stage::Whole => {
                tracing::debug!(provider = NAME, "refused in the middle of a reply");
                self.stage = Stage::Withdrawn;
                Ok(())
            }
        }
    }

    fn end(&mut self, progress: &mut Progress) {
        let rest = self.text.finish();
        let calls = self.blocks.take();
        let blocks = self.blocks.take_thoughts();
        if let Some(first) = calls.first().filter(|_call| !blocks.is_empty()) {
            let call = first.id.clone();
            self.thoughts = Some(Round { call, blocks });
        }
        if self.stage != Stage::Withdrawn {
            self.hand_over(rest, progress);
            self.cut &= self.stage != Stage::Speaking && calls.is_empty();
            let calls = calls.into_iter().map(Written::Tool);
            progress.written.extend(calls);
        }
        progress.moved = true;
        self.stage = Stage::Whole;
    }
}

impl Reader for AnswerReader {
    fn read(&mut self, piece: &[u8]) -> Result<Progress, ProviderError> {
        let mut progress = Progress::default();
        let events = self.body.read(piece);
        for event in events.map_err(|long| garbled(NAME, &long.to_string()))? {
            self.on_event(&event, &mut progress)?;
        }
        Ok(progress)
    }

    fn finish(&mut self) -> Result<Progress, ProviderError> {
        let mut progress = Progress::default();
        let rest = self.body.finish();
        self.on_rest(
            rest.map_err(|long| garbled(NAME, &long.to_string()))?,
            &mut progress,
        )?;
        match self.state() {
            State::Done => Ok(progress),
            State::Open | State::Finished => Err(garbled(
                NAME,
                "the stream ended in the middle of the answer",
            )),
        }
    }

    fn state(&self) -> State {
        match self.stage {
            Stage::Whole => State::Done,
            Stage::Waiting | Stage::Working | Stage::Speaking | Stage::Withdrawn => State::Open,
        }
    }

    fn outcome(&self) -> Result<(), ProviderError> {
        if self.cut && self.stage == Stage::Whole {
            // Hidden thoughts took all that it may write.
            let verdict = Verdict::SwitchProvider;
            return Err(nothing_written(NAME, "max_tokens", verdict));
        }
        Ok(())
    }

    fn counted(&self) -> Option<Tokens> {
        self.usage.input().map(|_counted| Tokens {
            output: self.usage.output_tokens.unwrap_or_default(),
            ..self.tokens(0)
        })
    }

    fn tokens(&self, prompt_chars: u64) -> Tokens {
        let about = estimate(prompt_chars, self.chars);
        let counted = self.usage.output_tokens.unwrap_or_default();
        // The count at the beginning says nothing of what is written after it.
        let output = if self.is_counted {
            counted
        } else {
            counted.max(about.output)
        };
        let [cache_writes, long_cache_writes] = self.usage.written();
        Tokens {
            input: self.usage.input().unwrap_or(about.input),
            cache_writes,
            long_cache_writes,
            cached: self.usage.cache_read_input_tokens.unwrap_or_default(),
            output,
        }
    }
}

/// The model will not answer this. Another one may.
fn declined(details: Option<&StopDetails<'_>>) -> ProviderError {
    let details = details.map(|details| [&*details.category, &*details.explanation]);
    let said = details
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty());
    let said: Vec<&str> = std::iter::once("refusal").chain(said).collect();
    ProviderError::Refused {
        provider: NAME,
        status: 200,
        detail: brief(&said.join(": ")),
        verdict: Verdict::GiveUp,
    }
}

#[cfg(test)]
mod tests;
