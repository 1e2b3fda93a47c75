//! Any message on a media socket: read or refused, never a panic.
#![cfg_attr(not(test), no_main)]

#[cfg(not(test))]
use libfuzzer_sys::fuzz_target;
use transports::twilio::stream::wire;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let _event = wire::read(&text).is_ok();
});
