//! Any body of a webhook, any query and any Host header: read or refused, never a panic; what was
//! heard is bounded, and a form that was signed is recognised.
#![cfg_attr(not(test), no_main)]

#[cfg(not(test))]
use libfuzzer_sys::fuzz_target;
use transports::{
    RoundHeard,
    twilio::{
        form::Form,
        public_url::PublicUrl,
        signature::{self, AuthToken, Signed},
        webhook,
    },
};

const URL: &str = "https://voice.example.com/twiml";

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let _host = PublicUrl::from_host(&text).is_ok();
    let _url = PublicUrl::parse(&text).is_ok();
    let _turn = webhook::turn(Some(&text)).is_ok();
    let Ok(form) = Form::parse(bytes) else {
        assert!(webhook::parse(bytes).is_err());
        return;
    };
    let again: Form = form.fields().collect();
    assert_eq!(form, again);
    if let Ok(call) = webhook::read(&form) {
        assert!(!call.call.as_str().is_empty());
        assert!(call.account.is_none_or(|account| !account.contains('\n')));
    }
    match webhook::heard(&form) {
        RoundHeard::Words(words) => assert!(!words.is_empty() && words.len() <= 4_096),
        RoundHeard::Keys(keys) => assert!(!keys.is_empty() && keys.len() <= 64),
        RoundHeard::HungUp | RoundHeard::Nothing => {}
    }
    let _stream = webhook::read_stream(&form).is_ok();
    let tokens = [AuthToken::new("12345").expect("a token")];
    let signed = signature::sign(&tokens[0], URL, Signed::Form(&form));
    let urls = [URL.to_owned()];
    let verified = signature::verify(&tokens, &urls, Signed::Form(&form), Some(&signed));
    assert_eq!(verified, Ok(()));
    let _foreign = signature::verify(&tokens, &urls, Signed::Body(bytes), Some(&text)).is_ok();
});
