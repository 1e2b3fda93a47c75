use super::*;

fn shown(status: u16, kind: &str, message: &str) -> String {
    let body = format!(
        r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}},"request_id":"req_1"}}"#
    );
    let error = refused(status, Hints::default(), &body);
    format!("{error} -> {:?}", error.verdict())
}

#[test]
fn every_row_of_the_table_says_what_to_do() {
    insta::assert_snapshot!([
        shown(400, "invalid_request_error", "messages: roles must alternate"),
        shown(400, "invalid_request_error", "`temperature` is not supported with this model"),
        shown(400, "invalid_request_error", "The compiled grammar is too large, simplify your tools"),
        shown(400, "invalid_request_error", "Schema is too complex for compilation."),
        shown(400, "invalid_request_error", "Too many strict tools (21). The maximum is 20."),
        shown(400, "invalid_request_error", "You have reached your specified API usage limits."),
        shown(400, "invalid_request_error", "Your credit balance is too low."),
        shown(401, "authentication_error", "invalid x-api-key"),
        shown(402, "billing_error", "pay"),
        shown(403, "permission_error", "no"),
        shown(404, "not_found_error", "model: claude-0"),
        shown(409, "conflict_error", "again"),
        shown(413, "request_too_large", "32 MB"),
        shown(429, "rate_limit_error", "slow"),
        shown(500, "api_error", "oops"),
        shown(504, "timeout_error", "late"),
        shown(529, "overloaded_error", "Overloaded"),
        shown(503, "overloaded_error", "Overloaded"),
        shown(418, "teapot_error", "short and stout"),
    ].join("\n"), @r#"
anthropic: refused with 400: invalid_request_error: messages: roles must alternate -> GiveUp
anthropic: refused with 400: invalid_request_error: `temperature` is not supported with this model -> SettingsRefused
anthropic: refused with 400: invalid_request_error: The compiled grammar is too large, simplify your tools -> SettingsRefused
anthropic: refused with 400: invalid_request_error: Schema is too complex for compilation. -> SettingsRefused
anthropic: refused with 400: invalid_request_error: Too many strict tools (21). The maximum is 20. -> SettingsRefused
anthropic: refused with 400: invalid_request_error: You have reached your specified API usage limits. -> KeyRefused
anthropic: refused with 400: invalid_request_error: Your credit balance is too low. -> KeyRefused
anthropic: refused with 401: authentication_error: invalid x-api-key -> KeyRefused
anthropic: refused with 402: billing_error: pay -> KeyRefused
anthropic: refused with 403: permission_error: no -> ModelRefused
anthropic: refused with 404: not_found_error: model: claude-0 -> ModelRefused
anthropic: refused with 409: conflict_error: again -> Retry
anthropic: refused with 413: request_too_large: 32 MB -> GiveUp
anthropic: refused with 429: rate_limit_error: slow -> RetryAfter(500ms)
anthropic: refused with 500: api_error: oops -> Retry
anthropic: refused with 504: timeout_error: late -> Retry
anthropic: refused with 529: overloaded_error: Overloaded -> SwitchProvider
anthropic: refused with 503: overloaded_error: Overloaded -> SwitchProvider
anthropic: refused with 418: teapot_error: short and stout -> GiveUp
"#);
}

#[test]
fn a_spend_limit_is_no_rate_limit() {
    let body = r#"{"type":"error","error":{"type":"rate_limit_error","message":"limit","details":{"error_code":"enforced_spend_limit_reached"}}}"#;
    let error = refused(429, Hints::default(), body);
    assert_eq!(
        error.to_string(),
        "anthropic: refused with 429: enforced_spend_limit_reached: limit"
    );
    assert_eq!(error.verdict(), Verdict::KeyRefused);

    let body = r#"{"type":"error","error":{"type":"rate_limit_error","message":"over your usage limit per minute"}}"#;
    let error = refused(429, Hints::default(), body);
    assert_eq!(error.verdict(), Verdict::RetryAfter(A_MOMENT));
}

#[test]
fn odd_refusals_go_by_their_status() {
    for (status, body, verdict) in [
        (502, "<html>\n<h1>Bad gateway</h1>", Verdict::Retry),
        (529, "", Verdict::SwitchProvider),
        (401, r#"{"error":"who?"}"#, Verdict::KeyRefused),
        (403, "", Verdict::KeyRefused),
        (408, "[1]", Verdict::Retry),
        (302, "", Verdict::ModelRefused),
        (
            422,
            r#"{"error":{"details":["x"],"message":7}}"#,
            Verdict::GiveUp,
        ),
    ] {
        let error = refused(status, Hints::default(), body);
        assert_eq!(error.verdict(), verdict, "{status}");
    }
}

#[test]
fn headers_tell_when_to_come_back() {
    let hints = |wait: Option<u64>, again| Hints {
        wait: wait.map(Duration::from_secs),
        again,
    };
    let wait = |seconds| Verdict::RetryAfter(Duration::from_secs(seconds));
    for (status, hints, verdict) in [
        (429, hints(Some(7), None), wait(7)),
        (429, hints(Some(7), Some(true)), wait(7)),
        (429, hints(None, None), Verdict::RetryAfter(A_MOMENT)),
        (429, hints(None, Some(false)), Verdict::SwitchProvider),
        (500, hints(Some(1), None), wait(1)),
        (500, hints(None, Some(false)), Verdict::SwitchProvider),
        (529, hints(Some(1), Some(true)), Verdict::SwitchProvider),
        (418, hints(None, Some(true)), Verdict::Retry),
        (401, hints(None, Some(true)), Verdict::KeyRefused),
    ] {
        let error = refused(status, hints, "");
        assert_eq!(error.verdict(), verdict, "{status} {hints:?}");
    }
}

#[test]
fn an_error_in_the_stream_goes_by_its_type() {
    for (kind, verdict) in [
        ("overloaded_error", Verdict::SwitchProvider),
        ("rate_limit_error", Verdict::RetryAfter(A_MOMENT)),
        ("api_error", Verdict::Retry),
        ("timeout_error", Verdict::Retry),
        ("authentication_error", Verdict::KeyRefused),
        ("billing_error", Verdict::KeyRefused),
        ("invalid_request_error", Verdict::GiveUp),
        ("request_too_large", Verdict::GiveUp),
        ("something_new", Verdict::Retry),
    ] {
        let raw = format!(r#"{{"type":"{kind}","message":"m"}}"#);
        let raw: &RawValue = serde_json::from_str(&raw).expect("JSON");
        let error = broke_off(raw);
        assert_eq!(error.verdict(), verdict, "{kind}");
        assert_eq!(
            error.to_string(),
            format!("anthropic: refused with 200: {kind}: m")
        );
    }
}
