//! Any body of a voice: sound or refused, the same at any split, never a panic.
//!
//! The first byte says how long the pieces are.
#![cfg_attr(not(test), no_main)]

#[cfg(not(test))]
use libfuzzer_sys::fuzz_target;
use providers::tts::openai::wire::{SoundReader, no_sound};

fuzz_target!(|bytes: &[u8]| {
    let Some((&size, body)) = bytes.split_first() else {
        return;
    };
    let size = usize::from(size).max(1);
    assert_eq!(sound(body, size), sound(body, usize::MAX));
    let _refusal = no_sound(body).to_string();
});

fn sound(body: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut reader = SoundReader::new("A clause.");
    let mut sound = Vec::new();
    for piece in body.chunks(size) {
        sound.extend(reader.read(piece).ok()?);
    }
    sound.extend(reader.finish().ok()?);
    Some(sound)
}
