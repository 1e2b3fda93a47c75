use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use session::ToolCall;

use crate::{llm::text::joined, text::Text};

/// More open blocks, or more calls, than this in one answer are noise.
const MOST: usize = 32;

/// How a content block begins.
#[derive(Deserialize)]
pub(super) struct Beginning<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    pub(super) text: Text<'a>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    thinking: Text<'a>,
    #[serde(borrow, default)]
    signature: Text<'a>,
    /// Thoughts that nobody may read.
    #[serde(borrow, default)]
    data: Text<'a>,
    /// The whole arguments, where a server does not send them in pieces.
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

/// The content blocks of one answer. Each goes by its index until it stops.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    open: BTreeMap<u32, Block>,
    calls: Vec<ToolCall>,
    thoughts: Vec<Box<RawValue>>,
}

/// Thoughts as the provider wants them back.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Thought {
    RedactedThinking { data: String },
    Thinking { thinking: String, signature: String },
}

#[derive(Debug)]
enum Block {
    Text,
    Tool {
        call: ToolCall,
        pieces: String,
    },
    Thought(Thought),
    /// Whatever else is not for the caller.
    Hidden,
}

impl Blocks {
    /// Begins a block; whether it is one of text.
    pub(super) fn begin(&mut self, index: u32, beginning: &Beginning<'_>) -> bool {
        self.stop(index);
        let block = match &*beginning.kind {
            "text" => Block::Text,
            "tool_use" => Block::Tool {
                call: self.call(beginning),
                pieces: String::new(),
            },
            "thinking" => Block::Thought(Thought::Thinking {
                thinking: beginning.thinking.to_string(),
                signature: beginning.signature.to_string(),
            }),
            "redacted_thinking" => Block::Thought(Thought::RedactedThinking {
                data: beginning.data.to_string(),
            }),
            _ => Block::Hidden,
        };
        let is_text = matches!(block, Block::Text);
        if self.open.len() < MOST {
            self.open.insert(index, block);
        }
        is_text
    }

    /// Whether text of this block is for the caller. The beginning of a block may have been lost.
    pub(super) fn is_heard(&self, index: u32) -> bool {
        matches!(self.open.get(&index), Some(Block::Text) | None)
    }

    /// Adds a piece of a call's arguments.
    pub(super) fn add(&mut self, index: u32, piece: &str) {
        match self.open.get_mut(&index) {
            Some(Block::Tool { pieces, .. }) => pieces.push_str(piece),
            Some(Block::Text | Block::Thought(_) | Block::Hidden) | None => {}
        }
    }

    /// Adds a piece of a thought.
    pub(super) fn think(&mut self, index: u32, piece: &str) {
        if let Some(Block::Thought(Thought::Thinking { thinking, .. })) = self.open.get_mut(&index)
        {
            thinking.push_str(piece);
        }
    }

    /// Adds a piece of what proves that a thought was the model's own.
    pub(super) fn sign(&mut self, index: u32, piece: &str) {
        if let Some(Block::Thought(Thought::Thinking { signature, .. })) = self.open.get_mut(&index)
        {
            signature.push_str(piece);
        }
    }

    /// A block is complete.
    pub(super) fn stop(&mut self, index: u32) {
        match self.open.remove(&index) {
            Some(Block::Tool { mut call, pieces }) => {
                match pieces.trim() {
                    "" | "null" => {}
                    arguments => call.arguments = joined(arguments),
                }
                if !call.name.is_empty() && self.calls.len() < MOST {
                    self.calls.push(call);
                }
            }
            Some(Block::Thought(thought)) if self.thoughts.len() < MOST => {
                self.thoughts.extend(to_raw_value(&thought).ok());
            }
            Some(Block::Text | Block::Thought(_) | Block::Hidden) | None => {}
        }
    }

    /// Takes out the thoughts that are complete.
    pub(super) fn take_thoughts(&mut self) -> Vec<Box<RawValue>> {
        std::mem::take(&mut self.thoughts)
    }

    /// Takes out the calls that are complete; whatever is still open was cut off.
    pub(super) fn take(&mut self) -> Vec<ToolCall> {
        self.open.clear();
        std::mem::take(&mut self.calls)
    }

    fn call(&self, beginning: &Beginning<'_>) -> ToolCall {
        let id = if beginning.id.is_empty() {
            format!("toolu_{}", self.calls.len())
        } else {
            beginning.id.to_string()
        };
        let whole = beginning.input.map(RawValue::get);
        let whole = whole.filter(|input| input.starts_with('{'));
        ToolCall {
            id,
            name: beginning.name.to_string(),
            arguments: joined(whole.unwrap_or("{}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(blocks: &mut Blocks, index: u32, beginning: &str) {
        blocks.begin(index, &serde_json::from_str(beginning).expect(beginning));
    }

    fn shown(calls: Vec<ToolCall>) -> Vec<String> {
        let calls = calls.into_iter();
        calls
            .map(|call| format!("{} {} {}", call.id, call.name, call.arguments))
            .collect()
    }

    #[test]
    fn every_index_has_pieces_of_its_own() {
        let mut blocks = Blocks::default();
        begin(
            &mut blocks,
            1,
            r#"{"type":"tool_use","id":"a","name":"book","input":{}}"#,
        );
        begin(
            &mut blocks,
            2,
            r#"{"type":"tool_use","id":"b","name":"mail","input":{}}"#,
        );
        blocks.add(1, "{\"day\"");
        blocks.add(2, "{\"to\":");
        blocks.add(1, "");
        blocks.add(1, ":2}");
        blocks.add(2, "1}");
        blocks.stop(2);
        blocks.stop(1);
        assert_eq!(
            shown(blocks.take()),
            [r#"b mail {"to":1}"#, r#"a book {"day":2}"#]
        );
    }

    #[test]
    fn no_pieces_are_an_empty_object_and_whole_arguments_are_taken() {
        let mut blocks = Blocks::default();
        begin(
            &mut blocks,
            0,
            r#"{"type":"tool_use","id":"a","name":"end_call"}"#,
        );
        blocks.stop(0);
        begin(
            &mut blocks,
            0,
            r#"{"type":"tool_use","name":"x","input":{"q":1}}"#,
        );
        blocks.stop(0);
        begin(
            &mut blocks,
            0,
            r#"{"type":"tool_use","id":"c","name":"y","input":"no"}"#,
        );
        blocks.stop(0);
        begin(&mut blocks, 0, r#"{"type":"tool_use","id":"d","name":"z"}"#);
        blocks.add(0, " null ");
        blocks.stop(0);
        assert_eq!(
            shown(blocks.take()),
            ["a end_call {}", r#"toolu_1 x {"q":1}"#, "c y {}", "d z {}"]
        );
    }

    #[test]
    fn a_call_that_was_cut_off_or_has_no_name_is_none() {
        let mut blocks = Blocks::default();
        begin(&mut blocks, 0, r#"{"type":"tool_use","id":"a","input":{}}"#);
        blocks.stop(0);
        begin(
            &mut blocks,
            1,
            r#"{"type":"tool_use","id":"b","name":"book","input":{}}"#,
        );
        blocks.add(1, "{\"day\":");
        assert_eq!(shown(blocks.take()), [""; 0]);
    }

    #[test]
    fn an_index_that_begins_again_has_stopped() {
        let mut blocks = Blocks::default();
        begin(&mut blocks, 0, r#"{"type":"tool_use","id":"a","name":"x"}"#);
        begin(&mut blocks, 0, r#"{"type":"text","text":""}"#);
        assert_eq!(shown(blocks.take()), ["a x {}"]);
    }

    #[test]
    fn there_is_an_end_to_calls_and_to_open_blocks() {
        let mut blocks = Blocks::default();
        for index in 0..99 {
            begin(
                &mut blocks,
                index,
                r#"{"type":"tool_use","id":"a","name":"x"}"#,
            );
        }
        assert_eq!(blocks.open.len(), MOST);
        for index in 0..99 {
            begin(
                &mut blocks,
                index,
                r#"{"type":"tool_use","id":"a","name":"x"}"#,
            );
            blocks.stop(index);
        }
        assert_eq!(blocks.take().len(), MOST);
    }
}
