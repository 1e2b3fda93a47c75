//! Any message of a recogniser that hears turns: read or refused, never a panic.
#![cfg_attr(not(test), no_main)]

#[cfg(not(test))]
use libfuzzer_sys::fuzz_target;
use providers::stt::deepgram::flux::wire;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    match wire::read(&text) {
        Ok(wire::FromFlux::Turn(turn)) => {
            assert!(turn.span.is_none_or(|span| span.from <= span.until));
            assert!(turn.last_word.is_none_or(|last| {
                turn.span.is_some_and(|span| {
                    span.from <= last.from && last.from <= last.until && last.until <= span.until
                })
            }));
            assert!(turn.confidence.is_none_or(|percent| percent <= 100));
            assert_eq!(turn.text, turn.text.trim());
        }
        Ok(wire::FromFlux::Failed { code, description }) => {
            assert!(wire::failed(&code, &description).to_string().len() < 1_000);
        }
        Ok(wire::FromFlux::Complaint(_) | wire::FromFlux::Connected | wire::FromFlux::Nothing)
        | Err(_) => {}
    }
});
