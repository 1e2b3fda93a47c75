//! Any message or close of a voice, and any text for it: read or refused, never a panic.
#![cfg_attr(not(test), no_main)]

#[cfg(not(test))]
use libfuzzer_sys::fuzz_target;
use providers::tts::deepgram::wire;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(wire::FromAura::Complaint(said)) = wire::read(&text) {
        assert!(said.len() < 1_000);
    }
    let _close = wire::closed(1008, &text).to_string();
    let messages = wire::say(&text);
    assert!(!messages.is_empty());
    assert!(messages.len() <= 1 + text.chars().count() / 1_000);
});
