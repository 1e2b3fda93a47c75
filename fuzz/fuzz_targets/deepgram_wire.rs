//! Any message or refusal of a recogniser: read or refused, never a panic.
#![cfg_attr(not(test), no_main)]

#[cfg(not(test))]
use libfuzzer_sys::fuzz_target;
use providers::stt::deepgram::wire;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(wire::FromDeepgram::Words(words)) = wire::read(&text) {
        assert!(!words.text.is_empty() || words.ends_utterance || words.answers_finalize);
        assert!(words.settled || !words.ends_utterance);
        assert!(words.span.is_none_or(|span| span.from <= span.until));
    }
    let _refusal = wire::refused(400, None, &text).to_string();
    let _close = wire::closed(1011, &text).to_string();
});
