//! Any answer of a transcription: read or refused, never a panic; and any words in a form.
#![cfg_attr(not(test), no_main)]

use domain::{Language, Millis};
#[cfg(not(test))]
use libfuzzer_sys::fuzz_target;
use providers::stt::{Listen, openai::wire};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = wire::read(bytes, &Language::default()) {
        assert_eq!(text, text.trim());
    }
    let text = String::from_utf8_lossy(bytes);
    let listen = Listen {
        model: "whisper-1".to_owned(),
        language: Language::default(),
        keyterms: text.lines().map(str::to_owned).collect(),
        endpointing: Millis(300),
        utterance_end: Millis::ZERO,
        smart_format: false,
        filler_words: false,
    };
    let form = wire::form(&listen, bytes);
    let boundary = form.content_type.rsplit('=').next().unwrap_or_default();
    let end = format!("\r\n--{boundary}--\r\n");
    assert!(form.body.ends_with(end.as_bytes()));
    let parts = form
        .body
        .windows(boundary.len())
        .filter(|window| *window == boundary.as_bytes());
    // Model, language, format, file and the end; the prompt only with words in it.
    assert!((5..=6).contains(&parts.count()));
});
