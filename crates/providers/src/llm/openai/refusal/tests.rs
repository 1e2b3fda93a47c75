use super::*;

fn shown(status: u16, body: &str) -> String {
    let error = refused(status, Hints::default(), body);
    format!("{error}\n  {:?}", error.verdict())
}

#[test]
fn refusals_are_read_in_every_shape() {
    insta::assert_snapshot!([
        shown(401, r#"{"error":{"message":"Incorrect API key","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#),
        shown(401, r#"{"error":{"message":"You have insufficient permissions. Missing scopes: model.request.","code":null}}"#),
        shown(403, r#"{"error":{"message":"Project has no access","code":"model_not_found"}}"#),
        shown(403, r#"{"error":{"message":"not from there","code":"unsupported_country_region_territory"}}"#),
        shown(404, r#"{"error":{"message":"no such model","type":"invalid_request_error","code":"model_not_found"}}"#),
        shown(429, r#"{"error":{"message":"pay","type":"insufficient_quota","code":null}}"#),
        shown(429, r#"{"error":{"message":"slow","type":"requests","code":"rate_limit_exceeded"}}"#),
        shown(400, r#"{"error":{"message":"too long","code":"context_length_exceeded"}}"#),
        shown(400, r#"{"error":{"message":"no temperature","code":"unsupported_value"}}"#),
        shown(503, r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#),
        shown(500, r#"{"error":"it broke"}"#),
        shown(422, r#"{"detail":[{"loc":["body"]}]}"#),
        shown(422, r#"{"detail":[{"msg":"Field required","loc":["body"],"input":{"messages":["My card is 4242"]}}]}"#),
        shown(400, r#"{"detail":"Not that."}"#),
        shown(400, r#"{"message":"bad"}"#),
        shown(502, "<html>\n<h1>Bad gateway</h1>"),
        shown(402, r#"{"error":{"message":"credits","code":402}}"#),
        shown(302, ""),
        shown(429, r#"[{"error":1}]"#),
    ].join("\n"), @r#"
openai: refused with 401: invalid_api_key: Incorrect API key
  KeyRefused
openai: refused with 401: You have insufficient permissions. Missing scopes: model.request.
  ModelRefused
openai: refused with 403: model_not_found: Project has no access
  ModelRefused
openai: refused with 403: unsupported_country_region_territory: not from there
  KeyRefused
openai: refused with 404: model_not_found: no such model
  ModelRefused
openai: refused with 429: insufficient_quota: pay
  KeyRefused
openai: refused with 429: rate_limit_exceeded: slow
  RetryAfter(500ms)
openai: refused with 400: context_length_exceeded: too long
  GiveUp
openai: refused with 400: unsupported_value: no temperature
  SettingsRefused
openai: refused with 503: 503: Loading model
  Retry
openai: refused with 500: it broke
  Retry
openai: refused with 422: 29 bytes without a reason
  GiveUp
openai: refused with 422: Field required
  GiveUp
openai: refused with 400: Not that.
  GiveUp
openai: refused with 400: bad
  GiveUp
openai: refused with 502: <html> <h1>Bad gateway</h1>
  Retry
openai: refused with 402: 402: credits
  KeyRefused
openai: refused with 302: 
  ModelRefused
openai: refused with 429: 11 bytes without a reason
  RetryAfter(500ms)
"#);
}

#[test]
fn headers_tell_when_to_come_back() {
    let hints = |pairs: &'static [(&str, &str)]| {
        Hints::read(|name| {
            let found = pairs.iter().find(|(known, _value)| *known == name);
            found.map(|(_name, value)| *value)
        })
    };
    let wait = |ms| Verdict::RetryAfter(Duration::from_millis(ms));
    for (pairs, status, verdict) in [
        (&[("retry-after-ms", "120")][..], 429, wait(120)),
        (&[("retry-after", "1.5")], 429, wait(1_500)),
        (
            &[("retry-after", "Fri, 20 Nov 2026 10:00:00 GMT")],
            429,
            wait(500),
        ),
        (
            &[
                ("date", "Fri, 20 Nov 2026 09:59:57 GMT"),
                ("retry-after", "Fri, 20 Nov 2026 10:00:00 GMT"),
            ],
            429,
            wait(3_000),
        ),
        (&[("retry-after", "-1")], 429, wait(500)),
        (&[("retry-after", "2")], 503, wait(2_000)),
        (&[("x-should-retry", "false")], 500, Verdict::SwitchProvider),
        (&[("x-should-retry", "true")], 400, Verdict::Retry),
        (&[("x-should-retry", "true")], 401, Verdict::KeyRefused),
    ] {
        let error = refused(status, hints(pairs), "");
        assert_eq!(error.verdict(), verdict, "{pairs:?}");
    }
}

#[test]
fn an_unknown_key_is_told_from_one_that_may_not_see_this() {
    for unknown in [
        r#"{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}"#,
        r#"{"error":{"message":"Access denied due to invalid subscription key","code":"401"}}"#,
        r#"{"error":{"message":"no","type":"authentication_error"}}"#,
    ] {
        assert!(is_unknown_key(unknown), "{unknown}");
    }
    for known in [
        r#"{"error":{"message":"Missing scopes: model.read","type":"invalid_request_error","code":null}}"#,
        "",
        "<html>",
    ] {
        assert!(!is_unknown_key(known), "{known}");
    }
}

#[test]
fn words_that_a_gateway_flags_are_refused_alone() {
    let verdict = |body| refused(403, Hints::default(), body).verdict();
    for flagged in [
        r#"{"error":{"code":403,"message":"x requires moderation on OpenAI. Your input was flagged for \"violence\"."}}"#,
        r#"{"error":{"code":403,"message":"Forbidden","metadata":{"reasons":["violence"],"flagged_input":"I will...","provider_name":"OpenAI"}}}"#,
        r#"{"error":{"message":"no","type":"content_policy_violation","code":403}}"#,
        r#"{"error":{"message":"no","code":"content_filter"}}"#,
    ] {
        assert_eq!(verdict(flagged), Verdict::GiveUp, "{flagged}");
    }
    for locked in [
        "",
        "<html>Forbidden</html>",
        r#"{"error":{"code":403,"message":"Key limit exceeded (total limit)"}}"#,
        r#"{"error":{"code":403,"message":"Forbidden","metadata":"none"}}"#,
        r#"{"error":{"message":"Your account was flagged","code":null}}"#,
        r#"{"error":{"message":"flagged","code":"account_deactivated"}}"#,
    ] {
        assert_eq!(verdict(locked), Verdict::KeyRefused, "{locked}");
    }
    let in_stream = |error: &str| {
        let raw = RawValue::from_string(error.to_owned()).expect("JSON");
        broke_off(&raw).verdict()
    };
    assert_eq!(
        in_stream(r#"{"code":403,"message":"Your input was flagged"}"#),
        Verdict::GiveUp
    );
    assert_eq!(
        in_stream(r#"{"code":403,"message":"Forbidden"}"#),
        Verdict::KeyRefused
    );
}
