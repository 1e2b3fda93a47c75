use domain::EndReason;
use serde_json::json;
use store::{CallFilter, StoredCall};

use crate::{
    app::{NUMBER, Socket, TestApp, parameter},
    media::{begin, event, send},
};

/// A call whose agent has begun to speak.
pub(crate) async fn talking(app: &TestApp, sid: &str) -> Socket {
    let token = parameter(&app.call(sid).await, "token");
    let mut socket = app.socket("/media-stream").await;
    begin(&mut socket, sid, Some(&token)).await;
    assert_eq!(event(&mut socket).await["event"], "media");
    socket
}

pub(crate) async fn hang_up(mut socket: Socket, sid: &str) {
    let stop = json!({ "event": "stop", "streamSid": "MZ1", "stop": { "callSid": sid } });
    send(&mut socket, &stop).await;
}

/// The calls that were kept, once none goes on.
async fn kept(app: TestApp) -> Vec<StoredCall> {
    let store = app.store;
    app.running.stop(std::future::pending()).await;
    let all = CallFilter {
        tenant: None,
        limit: 10,
        ..CallFilter::default()
    };
    store.calls(&all).await.expect("calls")
}

#[tokio::test]
async fn a_call_greets_and_leaves_its_record() {
    let app = TestApp::start().await;
    let socket = talking(&app, "CA1").await;
    assert_eq!(app.metric("repartee_calls_live").await, 1.0);
    hang_up(socket, "CA1").await;
    assert!(
        app.after_stream("CA1")
            .await
            .text()
            .await
            .expect("text")
            .contains("<Hangup/>")
    );
    let calls = kept(app).await;
    let [call] = calls.as_slice() else {
        panic!("one call, not {calls:?}")
    };
    assert_eq!(
        call.begun.carrier_call.as_ref().map(|id| id.as_str()),
        Some("CA1")
    );
    assert_eq!(call.begun.to.as_str(), NUMBER);
    assert_eq!(call.begun.tenant.as_str(), "acme");
    assert_eq!(
        call.ended.as_ref().map(|ended| ended.reason),
        Some(EndReason::CallerHungUp)
    );
}

#[tokio::test]
async fn a_call_that_loses_its_stream_gets_another_one() {
    let app = TestApp::start().await;
    let socket = talking(&app, "CA1").await;
    drop(socket);
    let again = app.after_stream("CA1").await.text().await.expect("text");
    let token = parameter(&again, "token");
    let mut socket = app.socket("/media-stream").await;
    begin(&mut socket, "CA1", Some(&token)).await;
    assert_eq!(event(&mut socket).await["event"], "media");
    hang_up(socket, "CA1").await;
    assert_eq!(
        app.metric("repartee_resume_total{cause=\"media_lost\",result=\"ok\"}")
            .await,
        1.0
    );
    let reasons: Vec<_> = kept(app)
        .await
        .iter()
        .filter_map(|call| Some(call.ended.as_ref()?.reason))
        .collect();
    assert!(reasons.contains(&EndReason::MediaLost), "{reasons:?}");
    assert!(reasons.contains(&EndReason::CallerHungUp), "{reasons:?}");
}

#[tokio::test]
async fn a_stream_that_never_opens_is_tried_three_times_more() {
    let app = TestApp::start().await;
    let mut tokens = vec![parameter(&app.call("CA1").await, "token")];
    for _ in 0..3 {
        let again = app.after_stream("CA1").await.text().await.expect("text");
        tokens.push(parameter(&again, "token"));
    }
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 4, "each stream has a token of its own");
    let sorry = app.after_stream("CA1").await.text().await.expect("text");
    assert!(
        sorry.contains("<Say>") && sorry.contains("<Hangup/>"),
        "{sorry}"
    );
    assert_eq!(
        app.metric("repartee_resume_total{cause=\"never_opened\",result=\"given_up\"}")
            .await,
        1.0
    );
}

#[tokio::test]
async fn only_the_newest_stream_of_a_call_may_open() {
    let app = TestApp::start().await;
    let old = parameter(&app.call("CA1").await, "token");
    let new = app.after_stream("CA1").await.text().await.expect("text");
    let mut late = app.socket("/media-stream").await;
    begin(&mut late, "CA1", Some(&old)).await;
    let mut socket = app.socket("/media-stream").await;
    begin(&mut socket, "CA1", Some(&parameter(&new, "token"))).await;
    assert_eq!(event(&mut socket).await["event"], "media");
    assert_eq!(
        app.metric("repartee_auth_refused_total{reason=\"old_media_token\"}")
            .await,
        1.0
    );
    hang_up(socket, "CA1").await;
    assert_eq!(kept(app).await.len(), 1);
}

#[tokio::test]
async fn a_call_that_ended_before_its_stream_is_let_go() {
    let app = TestApp::start().await;
    app.call("CA1").await;
    assert_eq!(app.metric("repartee_calls_waiting").await, 1.0);
    let over = [("CallSid", "CA1"), ("CallStatus", "canceled")];
    assert_eq!(app.webhook("/v1/twilio/status", &over).await.status(), 204);
    assert_eq!(app.metric("repartee_calls_waiting").await, 0.0);
}

#[tokio::test]
async fn a_hasty_stop_ends_live_calls_and_keeps_their_end() {
    let app = TestApp::start().await;
    let _socket = talking(&app, "CA1").await;
    app.call("CA2").await;
    let store = app.store;
    app.running.stop(std::future::ready(())).await;
    let all = CallFilter {
        tenant: None,
        limit: 10,
        ..CallFilter::default()
    };
    let calls = store.calls(&all).await.expect("calls");
    let reasons: Vec<_> = calls
        .iter()
        .map(|call| call.ended.as_ref().map(|ended| ended.reason))
        .collect();
    assert_eq!(reasons.len(), 1);
    assert!(
        matches!(
            reasons[0],
            Some(EndReason::OperatorEnded | EndReason::MediaLost)
        ),
        "{reasons:?}"
    );
}

#[tokio::test]
async fn a_call_from_before_a_restart_begins_anew() {
    let app = TestApp::start().await;
    let fields = [
        ("CallSid", "CAold"),
        ("From", "+14155550100"),
        ("To", NUMBER),
        ("CallStatus", "in-progress"),
    ];
    let answer = app.webhook("/v1/twilio/after-stream", &fields).await;
    let document = answer.text().await.expect("a document");
    assert!(document.contains("<Stream url="), "{document}");
}
