use serde::Deserialize;
use serde_json::value::RawValue;
use session::ToolCall;

use crate::{llm::text::joined, text::Text};

/// More calls than this in one answer are noise.
const MOST: usize = 32;

/// A piece of a tool call.
#[derive(Deserialize)]
pub(super) struct ToolPiece<'a> {
    #[serde(default)]
    index: Option<u32>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    function: Option<FunctionPiece<'a>>,
}

#[derive(Deserialize)]
struct FunctionPiece<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    /// A piece of text; some servers send the object itself.
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

/// The tool calls of one answer, put together from their pieces.
#[derive(Debug, Default)]
pub(super) struct ToolCalls {
    calls: Vec<Open>,
}

#[derive(Debug, Default)]
struct Open {
    index: u32,
    id: String,
    name: String,
    arguments: String,
}

impl ToolCalls {
    /// Adds a piece to the call that it belongs to. Returns how many characters it has.
    pub(super) fn add(&mut self, piece: &ToolPiece<'_>) -> u64 {
        let name = piece
            .function
            .as_ref()
            .map_or("", |function| &*function.name);
        let arguments = piece
            .function
            .as_ref()
            .and_then(|function| function.arguments)
            .map_or_else(String::new, arguments_text);
        let length = (name.chars().count() + arguments.chars().count()) as u64;
        let Some(call) = self.place(piece, name) else {
            return length;
        };
        if call.id.is_empty() {
            call.id.push_str(&piece.id);
        }
        if call.name.is_empty() {
            call.name.push_str(name);
        }
        call.arguments.push_str(&arguments);
        length
    }

    /// Takes out the calls, whole; those without an id get one counted from `next_id`.
    pub(super) fn take(&mut self, next_id: &mut u32) -> Vec<ToolCall> {
        let calls = std::mem::take(&mut self.calls).into_iter();
        calls
            .filter(|call| !call.name.is_empty())
            .map(|call| ToolCall {
                id: if call.id.is_empty() {
                    made_up(next_id)
                } else {
                    call.id
                },
                name: call.name,
                arguments: match call.arguments.trim() {
                    "" | "null" => "{}".to_owned(),
                    arguments => joined(arguments),
                },
            })
            .collect()
    }

    /// The call that a piece continues, or a fresh one.
    fn place(&mut self, piece: &ToolPiece<'_>, name: &str) -> Option<&mut Open> {
        let index = piece
            .index
            .unwrap_or_else(|| self.calls.last().map_or(0, |last| last.index));
        let same = self.calls.iter().rposition(|call| call.index == index);
        let continues = same.filter(|&at| !begins_anew(&self.calls[at], &piece.id, name));
        let at = match continues {
            Some(at) => at,
            None if self.calls.len() >= MOST => return None,
            None => {
                self.calls.push(Open {
                    index,
                    ..Open::default()
                });
                self.calls.len() - 1
            }
        };
        self.calls.get_mut(at)
    }
}

/// Some servers number all calls 0: another id, or a name after whole arguments, is another call.
fn begins_anew(open: &Open, id: &str, name: &str) -> bool {
    if !id.is_empty() && !open.id.is_empty() {
        return id != open.id;
    }
    let is_whole = || serde_json::from_str::<serde::de::IgnoredAny>(&open.arguments).is_ok();
    !name.is_empty() && !open.name.is_empty() && is_whole()
}

fn arguments_text(raw: &RawValue) -> String {
    match serde_json::from_str::<String>(raw.get()) {
        Ok(piece) => piece,
        Err(_not_text) if raw.get().starts_with('{') => raw.get().to_owned(),
        Err(_not_text) => String::new(),
    }
}

/// Nine letters and digits: the narrowest form that any server accepts in the history.
fn made_up(next_id: &mut u32) -> String {
    let id = format!("call{:05}", *next_id % 100_000);
    *next_id = next_id.wrapping_add(1);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(pieces: &[&str]) -> Vec<(String, String, String)> {
        let mut calls = ToolCalls::default();
        for piece in pieces {
            calls.add(&serde_json::from_str(piece).expect(piece));
        }
        let calls = calls.take(&mut 7).into_iter();
        calls
            .map(|call| (call.id, call.name, call.arguments))
            .collect()
    }

    fn call(id: &str, name: &str, arguments: &str) -> (String, String, String) {
        (id.into(), name.into(), arguments.into())
    }

    #[test]
    fn pieces_are_put_together_by_index() {
        assert_eq!(
            calls(&[
                r#"{"index":0,"id":"a","type":"function","function":{"name":"book","arguments":""}}"#,
                r#"{"index":1,"id":"b","function":{"name":"mail","arguments":"{\"to"}}"#,
                r#"{"index":0,"function":{"arguments":"{\"day\":"}}"#,
                r#"{"index":1,"function":{"arguments":"\":1}"}}"#,
                r#"{"index":0,"id":null,"function":{"name":null,"arguments":"2}"}}"#,
            ]),
            [
                call("a", "book", r#"{"day":2}"#),
                call("b", "mail", r#"{"to":1}"#)
            ]
        );
    }

    #[test]
    fn another_id_at_the_same_index_is_another_call() {
        assert_eq!(
            calls(&[
                r#"{"index":0,"id":"a","function":{"name":"x","arguments":"{}"}}"#,
                r#"{"index":0,"id":"b","function":{"name":"y","arguments":"{\"q\""}}"#,
                r#"{"index":0,"function":{"arguments":":1}"}}"#,
            ]),
            [call("a", "x", "{}"), call("b", "y", r#"{"q":1}"#)]
        );
    }

    #[test]
    fn calls_without_ids_or_indexes_are_told_apart_by_their_names() {
        assert_eq!(
            calls(&[
                r#"{"function":{"name":"x","arguments":{"a":1}}}"#,
                r#"{"function":{"name":"y","arguments":"{"}}"#,
                r#"{"function":{"name":"y","arguments":"}"}}"#,
            ]),
            [
                call("call00007", "x", r#"{"a":1}"#),
                call("call00008", "y", "{}")
            ]
        );
    }

    #[test]
    fn a_gap_makes_no_call_and_no_arguments_are_an_empty_object() {
        assert_eq!(
            calls(&[r#"{"index":3,"id":"d","function":{"name":"end_call"}}"#]),
            [call("d", "end_call", "{}")]
        );
        assert_eq!(calls(&[r#"{"index":0,"id":"d"}"#]), []);
    }

    #[test]
    fn there_is_an_end_to_calls() {
        let pieces: Vec<String> = (0..99)
            .map(|n| format!(r#"{{"index":{n},"function":{{"name":"x"}}}}"#))
            .collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        assert_eq!(calls(&pieces).len(), MOST);
    }
}
