//! Any streamed answer of a model: read or refused, the same at any split, never a panic.
//!
//! The first byte says how long the pieces are.
#![cfg_attr(not(test), no_main)]

#[cfg(not(test))]
use libfuzzer_sys::fuzz_target;
use providers::{
    llm::{
        Hints, Reader as _, State, Written,
        openai::wire::{AnswerReader, refused},
    },
    sse::EventReader,
};

fuzz_target!(|bytes: &[u8]| {
    let Some((&size, stream)) = bytes.split_first() else {
        return;
    };
    let size = usize::from(size).max(1);
    assert_eq!(events(stream, size), events(stream, usize::MAX));
    let (in_pieces, whole) = (answer(stream, size), answer(stream, usize::MAX));
    assert_eq!(in_pieces, whole);
    let _refusal = refused(400, Hints::default(), &String::from_utf8_lossy(stream)).to_string();
});

fn events(stream: &[u8], size: usize) -> Option<Vec<String>> {
    let mut reader = EventReader::default();
    let mut events = Vec::new();
    for piece in stream.chunks(size) {
        events.extend(reader.read(piece).ok()?);
    }
    events.extend(reader.finish().ok()?);
    Some(events)
}

/// The text and the tool calls, or nothing if it was refused.
fn answer(stream: &[u8], size: usize) -> Option<(String, Vec<Written>)> {
    let mut reader = AnswerReader::new(0);
    let mut written = Vec::new();
    for piece in stream.chunks(size) {
        written.extend(reader.read(piece).ok()?.written);
        if reader.state() == State::Done {
            break;
        }
    }
    if reader.state() != State::Done {
        written.extend(reader.finish().ok()?.written);
    }
    let mut text = String::new();
    written.retain(|part| {
        if let Written::Text(part) = part {
            assert!(!part.is_empty());
            text.push_str(part);
        }
        matches!(part, Written::Tool(_))
    });
    Some((text, written))
}
