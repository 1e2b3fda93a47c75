//! Any event or close of a realtime model, and any words for it: read or refused, never a panic.
#![cfg_attr(not(test), no_main)]

#[cfg(not(test))]
use libfuzzer_sys::fuzz_target;
use providers::realtime::openai::wire;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    match wire::read(&text) {
        Ok(wire::FromRealtime::Audio { bytes, .. }) => assert!(!bytes.is_empty()),
        Ok(wire::FromRealtime::Text { text, .. }) => assert!(!text.is_empty()),
        Ok(wire::FromRealtime::Transcribed { text, .. }) => assert_eq!(text, text.trim()),
        Ok(wire::FromRealtime::NotTranscribed { why, .. }) => assert!(why.len() < 1_000),
        Ok(wire::FromRealtime::ResponseDone(done)) => {
            assert!(done.usage.cached_text <= done.usage.input_text);
            assert!(done.usage.cached_audio <= done.usage.input_audio);
            assert!(done.calls.iter().all(|(_item, call)| !call.id.is_empty()));
        }
        Ok(wire::FromRealtime::Complaint(complaint)) => {
            let _weight = complaint.weight();
            let _settings = complaint.of_settings().to_string();
        }
        Ok(
            wire::FromRealtime::Alive { .. }
            | wire::FromRealtime::Committed { .. }
            | wire::FromRealtime::ItemAdded { .. }
            | wire::FromRealtime::ItemDone { .. }
            | wire::FromRealtime::Nothing
            | wire::FromRealtime::ResponseCreated { .. }
            | wire::FromRealtime::SessionCreated
            | wire::FromRealtime::SessionUpdated
            | wire::FromRealtime::SpeechStarted { .. }
            | wire::FromRealtime::SpeechStopped { .. }
            | wire::FromRealtime::Transcribing { .. },
        )
        | Err(_) => {}
    }
    let _close = wire::closed(1011, &text).to_string();
    let _request = wire::request_of(&text);
    assert!(wire::append(bytes).ends_with("\"}"));
    assert!(wire::caller(&text).starts_with('{'));
});
