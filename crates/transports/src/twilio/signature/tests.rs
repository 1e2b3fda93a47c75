use proptest::prelude::*;

use super::*;

const A: &str = "12345";
const B: &str = "1b2c3d4e5f60718293a4b5c6d7e8f901";
const L: &str = "c0e4d9d4fff66d194f3101ccd7c3a38c";
const P: [(&str, &str); 4] = [
    ("CallSid", "CA5a"),
    ("From", "+14155550100"),
    ("To", "+14155550199"),
    ("CallStatus", "ringing"),
];
const INCOMING: &str = "https://agent.example.net/voice/incoming";
const HOOK: &str = "https://agent.example.net/hook?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";

fn tokens(texts: &[&str]) -> Vec<AuthToken> {
    texts
        .iter()
        .map(|text| AuthToken::new(text).expect("a token"))
        .collect()
}

fn check(token: &str, url: &str, signed: Signed<'_>, signature: &str) -> Result<(), Refused> {
    verify(
        &tokens(&[token]),
        &[url.to_owned()],
        signed,
        Some(signature),
    )
}

fn check_form(
    token: &str,
    url: &str,
    fields: &[(&str, &str)],
    signature: &str,
) -> Result<(), Refused> {
    let form = fields.iter().copied().collect();
    check(token, url, Signed::Form(&form), signature)
}

#[test]
fn signed_forms_are_accepted() {
    let mycompany = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675310"),
        ("Digits", "1234"),
        ("From", "+14158675310"),
        ("To", "+18005551212"),
    ];
    let speech = [
        ("SpeechResult", ""),
        ("StirVerstat", "TN-Validation-Passed-A"),
        ("CallerName", "Zoë & Co."),
    ];
    let repeated = [("Ev", "b"), ("Ev", "a"), ("Ev", "b"), ("CallSid", "CA5a")];
    let gather = "https://agent.example.net/voice/gather";
    let with_port = "https://agent.example.net:8443/voice/incoming";
    for (vector, token, url, fields, signature) in [
        (
            "A",
            A,
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            &mycompany[..],
            "GvWf1cFY/Q7PnoempGyD5oXAezc=",
        ),
        ("B", B, INCOMING, &P, "DOJPYbMCpGhuuJQMa5R8zZnwLXA="),
        ("C", B, INCOMING, &P, "NZ4Y7yFUeE+NfbfmxO71wDe8lB4="),
        ("D", B, with_port, &P, "5YqJafCu9vaEdP0ikwezuEqqGtE="),
        ("E", B, with_port, &P, "DOJPYbMCpGhuuJQMa5R8zZnwLXA="),
        ("G", B, gather, &speech, "AqV4TR39SBPFklM2BWbp32aLt84="),
        (
            "H",
            B,
            "https://agent.example.net/voice/status",
            &repeated,
            "HNQMX9Fy9bIfzhhbL4+ZpfVFDjM=",
        ),
        (
            "K",
            B,
            gather,
            &[("SpeechResult", ""), ("CallSid", "CA5a")],
            "oso2PwkJd4Igzf/OqtWUkOCThW8=",
        ),
    ] {
        assert_eq!(
            check_form(token, url, fields, signature),
            Ok(()),
            "{vector}"
        );
        let mut shuffled = fields.to_vec();
        shuffled.reverse();
        assert_eq!(
            check_form(token, url, &shuffled, signature),
            Ok(()),
            "{vector}, other order"
        );
    }
}

#[test]
fn signed_urls_are_accepted() {
    for (vector, token, url, signature) in [
        (
            "F",
            B,
            "https://agent.example.net/voice/incoming?CallSid=CA5a&From=%2B14155550100",
            "cv67TJCicRVCcRI8q9QgGLaQmxk=",
        ),
        (
            "J",
            B,
            "wss://agent.example.net/twilio/media",
            "xYoKA0HuR5kbeOPK+FV4HG4mslk=",
        ),
        (
            "L",
            L,
            "wss://70cd1a93aa44.ngrok-free.app/",
            "CSS4F/5/iw8S6Zkm3aULeNJaVC8=",
        ),
    ] {
        assert_eq!(
            check(token, url, Signed::UrlOnly, signature),
            Ok(()),
            "{vector}"
        );
    }
}

#[test]
fn a_signed_body_is_accepted_byte_for_byte() {
    let signature = "zh2c+fS1O3OEvZxjB7PVcX1yZ0Q=";
    assert_eq!(
        check(B, HOOK, Signed::Body(br#"{"a":1}"#), signature),
        Ok(()),
        "I"
    );
    let reserialised = Signed::Body(br#"{"a": 1}"#);
    assert_eq!(
        check(B, HOOK, reserialised, signature),
        Err(Refused::BodyChanged)
    );
    let shortened = &HOOK[..HOOK.len() - 1];
    let body = Signed::Body(br#"{"a":1}"#);
    assert_eq!(
        check(B, shortened, body, signature),
        Err(Refused::WrongSignature)
    );
    let token = &tokens(&[B])[0];
    let resigned = sign(token, shortened, body);
    assert_eq!(
        check(B, shortened, body, &resigned),
        Err(Refused::BodyChanged)
    );
    let unhashed = sign(token, INCOMING, body);
    assert_eq!(
        check(B, INCOMING, body, &unhashed),
        Err(Refused::NoBodyHash)
    );
}

#[test]
fn any_change_is_refused() {
    let signature = "DOJPYbMCpGhuuJQMa5R8zZnwLXA=";
    let mut changed = P;
    changed[3].1 = "completed";
    let mut blank = P;
    blank[1].1 = " +14155550100";
    let added: Vec<_> = P.into_iter().chain([("Digits", "1")]).collect();
    for (what, token, url, fields, signature) in [
        ("a value", B, INCOMING, &changed[..], signature.to_owned()),
        (
            "a blank before a value",
            B,
            INCOMING,
            &blank,
            signature.to_owned(),
        ),
        ("a field less", B, INCOMING, &P[..3], signature.to_owned()),
        ("a field more", B, INCOMING, &added, signature.to_owned()),
        ("the signature", B, INCOMING, &P, format!("x{signature}")),
        ("no base64", B, INCOMING, &P, "WRONG_SIGNATURE".to_owned()),
        ("nothing", B, INCOMING, &P, String::new()),
        (
            "the scheme",
            B,
            "http://agent.example.net/voice/incoming",
            &P,
            signature.to_owned(),
        ),
        (
            "a slash more",
            B,
            "https://agent.example.net/voice/incoming/",
            &P,
            signature.to_owned(),
        ),
        (
            "a query",
            B,
            "https://agent.example.net/voice/incoming?a=1",
            &P,
            signature.to_owned(),
        ),
        (
            "another host",
            B,
            "https://agent.example.org/voice/incoming",
            &P,
            signature.to_owned(),
        ),
        (
            "another tenant's token",
            A,
            INCOMING,
            &P,
            signature.to_owned(),
        ),
    ] {
        let verdict = check_form(token, url, fields, &signature);
        assert_eq!(verdict, Err(Refused::WrongSignature), "{what}");
    }
}

#[test]
fn a_missing_signature_or_token_is_never_a_pass() {
    let urls = [INCOMING.to_owned()];
    let missing = verify(&tokens(&[B]), &urls, Signed::UrlOnly, None);
    assert_eq!(missing, Err(Refused::NoSignature));
    let unchecked = verify(
        &[],
        &urls,
        Signed::UrlOnly,
        Some("DOJPYbMCpGhuuJQMa5R8zZnwLXA="),
    );
    assert_eq!(unchecked, Err(Refused::NoToken));
    assert_eq!(AuthToken::new(" \n").map(|_token| ()), Err(EmptyToken));
    assert_eq!(format!("{:?}", tokens(&[B])), "[AuthToken(…)]");
}

#[test]
fn two_tokens_hold_during_a_rotation() {
    let urls = [INCOMING.to_owned()];
    let form = P.into_iter().collect();
    for old_first in [[A, B], [B, A]] {
        let signed = Signed::Form(&form);
        let verdict = verify(
            &tokens(&old_first),
            &urls,
            signed,
            Some("DOJPYbMCpGhuuJQMa5R8zZnwLXA="),
        );
        assert_eq!(verdict, Ok(()));
    }
}

#[test]
fn one_url_may_be_written_in_several_ways() {
    let token = &tokens(&[B])[0];
    for (known, signed_as) in [
        ("https://u:p@example.com/x", "https://example.com/x"),
        ("https://u:p@example.com/x", "https://u:p@example.com/x"),
        ("https://u:p@example.com/x", "https://u:p@example.com:443/x"),
        (
            "https://example.com/x?a=it's",
            "https://example.com/x?a=it%27s",
        ),
        (
            "https://example.com/x?a=it%27s",
            "https://example.com/x?a=it's",
        ),
        ("wss://example.com/x", "wss://example.com:443/x"),
        ("http://[::1]:8080/x", "http://[::1]/x"),
        ("http://[::1]/x", "http://[::1]:80/x"),
    ] {
        let signature = sign(token, signed_as, Signed::UrlOnly);
        assert_eq!(
            check(B, known, Signed::UrlOnly, &signature),
            Ok(()),
            "{known} {signed_as}"
        );
    }
    for (known, signed_as) in [
        ("https://example.com/x", "https://u:p@example.com/x"),
        ("https://example.com/x", "https://example.com:8443/x"),
        ("https://example.com:8443/x", "https://example.com:443/x"),
        ("https://example.com/it's", "https://example.com/it%27s"),
    ] {
        let signature = sign(token, signed_as, Signed::UrlOnly);
        let verdict = check(B, known, Signed::UrlOnly, &signature);
        assert_eq!(verdict, Err(Refused::WrongSignature), "{known} {signed_as}");
    }
}

#[test]
fn names_sort_before_values() {
    let fields = [("ab", "1"), ("abc", "0"), ("a", "z"), ("A", "~")];
    let form = fields.into_iter().collect();
    assert_eq!(signed_fields(Signed::Form(&form)), "A~azab1abc0");
}

proptest! {
    #[test]
    fn no_odd_header_is_a_signature(url in any::<String>(), signature in any::<String>()) {
        prop_assert!(check(B, &url, Signed::UrlOnly, &signature).is_err());
        let url = format!("https://{url}");
        prop_assert!(check(B, &url, Signed::Body(b"x"), &signature).is_err());
    }

    #[test]
    fn what_was_signed_is_accepted(
        fields in prop::collection::vec((any::<String>(), any::<String>()), 0..6),
        path in "[!-~]{0,40}",
    ) {
        let form: Form = fields.into_iter().collect();
        let url = format!("https://example.com/{path}");
        let signature = sign(&tokens(&[B])[0], &url, Signed::Form(&form));
        prop_assert_eq!(check(B, &url, Signed::Form(&form), &signature), Ok(()));
    }
}
