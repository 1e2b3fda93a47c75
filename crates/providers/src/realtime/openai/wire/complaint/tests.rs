use serde_json::{Value, json};

use super::*;
use crate::realtime::openai::wire::{self, FromRealtime};

fn complained(error: Value) -> Complaint {
    let message = json!({ "type": "error", "event_id": "e", "error": error }).to_string();
    let Ok(FromRealtime::Complaint(complaint)) = wire::read(&message) else {
        panic!("no complaint: {message}");
    };
    complaint
}

#[test]
fn complaints_are_weighed_by_code_type_and_what_they_are_about() {
    let weigh = |error| {
        let complaint = complained(error);
        (complaint.weight(), complaint.error.verdict())
    };
    for code in FATAL {
        let in_code = json!({ "type": "invalid_request_error", "code": code, "message": "m" });
        let in_type = json!({ "type": code, "code": null, "message": "m", "event_id": "commit" });
        assert_eq!(
            weigh(in_code),
            (Weight::Fatal, Verdict::KeyRefused),
            "{code}"
        );
        assert_eq!(
            weigh(in_type),
            (Weight::Fatal, Verdict::KeyRefused),
            "{code}"
        );
    }
    let invalid = |code: &str, about: Option<&str>| {
        weigh(
            json!({ "type": "invalid_request_error", "code": code, "message": "m",
            "event_id": about }),
        )
    };
    assert_eq!(
        invalid("session_expired", None),
        (Weight::Fatal, Verdict::Retry)
    );
    assert_eq!(
        invalid("conversation_already_has_active_response", None).0,
        Weight::Busy
    );
    for (code, about) in [
        ("response_cancel_not_active", "cancel"),
        ("input_audio_buffer_commit_empty", "commit"),
        ("invalid_value", "truncate"),
        ("item_not_found", "delete"),
    ] {
        assert_eq!(invalid(code, Some(about)).0, Weight::Trifle, "{code}");
    }
    assert_eq!(
        invalid("invalid_value", Some("respond-r3-1")),
        (Weight::Reply, Verdict::GiveUp)
    );
    let limited = weigh(json!({ "type": "rate_limit_error", "message": "slow" }));
    assert_eq!(limited.0, Weight::Reply);
    assert!(matches!(limited.1, Verdict::RetryAfter(_)));
    assert_eq!(
        weigh(json!({ "type": "server_error", "message": "sorry" })),
        (Weight::Trifle, Verdict::Retry)
    );
}

#[test]
fn refused_settings_are_wrong_for_every_call_with_them() {
    let refused = complained(
        json!({ "type": "invalid_request_error", "code": "invalid_value",
        "message": "no such voice", "param": "session.audio", "event_id": "configure" }),
    );
    let error = refused.of_settings();
    assert_eq!(error.verdict(), Verdict::SettingsRefused);
    assert_eq!(
        error.to_string(),
        "openai: refused with 200: invalid_value: no such voice"
    );
    let busy = complained(json!({ "type": "server_error", "message": "sorry" }));
    assert_eq!(busy.of_settings().verdict(), Verdict::Retry);
}

#[test]
fn only_some_closes_are_worth_another_connection() {
    for code in [1_001, 1_005, 1_006, 1_011, 1_012, 1_013, 1_015] {
        assert_eq!(closed(code, "").verdict(), Verdict::Retry, "{code}");
    }
    for code in [1_000, 1_002, 1_003, 1_007, 1_009, 4_000] {
        assert_eq!(
            closed(code, "").verdict(),
            Verdict::SwitchProvider,
            "{code}"
        );
    }
    assert_eq!(closed(1_008, "").verdict(), Verdict::SettingsRefused);
    let reason = "invalid_request_error.invalid_api_key";
    assert_eq!(closed(3_000, reason).verdict(), Verdict::KeyRefused);
    assert_eq!(closed(1_000, "session_expired").verdict(), Verdict::Retry);
}
