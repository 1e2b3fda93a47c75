//! Any message, line, list or refusal of a voice: read or refused, the same at any split, never a
//! panic.
//!
//! The length says how long the pieces of a body are.
#![cfg_attr(not(test), no_main)]

#[cfg(not(test))]
use libfuzzer_sys::fuzz_target;
use providers::tts::elevenlabs::{
    http::wire::{Sound, SoundReader, read_voices},
    wire,
};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(spoken) = wire::read(&text) {
        let letters = spoken.letters.unwrap_or_default();
        assert!(letters.iter().all(|letter| letter.chars > 0));
    }
    let _refusal = wire::refused(401, &text).to_string();
    let _close = wire::closed(1008, &text).to_string();
    assert!(wire::say(&text, None).len() > r#"{"text":"#.len());

    assert_eq!(sound(bytes, 1 + bytes.len() % 61), sound(bytes, usize::MAX));
    if let Ok(page) = read_voices(bytes) {
        assert!(page.voices.iter().all(|voice| !voice.id.is_empty()));
    }
});

fn sound(body: &[u8], size: usize) -> Option<Vec<Sound>> {
    let text = "A clause of words.";
    let mut reader = SoundReader::new(text);
    let mut all = Vec::new();
    for piece in body.chunks(size) {
        reader.push(piece);
        while let Some(sound) = reader.next_sound().ok()? {
            all.push(sound);
        }
    }
    all.push(reader.finish().ok()?);
    let words = all.iter().flat_map(|sound| &sound.words);
    assert!(words.clone().is_sorted_by_key(|word| word.at));
    assert!(words.clone().all(|word| word.chars <= text.len()));
    Some(all)
}
