//! Any message or refusal of a voice: read or refused, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use providers::tts::elevenlabs::wire;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(spoken) = wire::read(&text) {
        let letters = spoken.letters.unwrap_or_default();
        assert!(letters.iter().all(|letter| letter.chars > 0));
    }
    let _refusal = wire::refused(401, &text).to_string();
    let _close = wire::closed(1008, &text).to_string();
    assert!(wire::say(&text, None).len() > r#"{"text":"#.len());
});
