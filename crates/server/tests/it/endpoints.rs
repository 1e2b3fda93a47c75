use serde_json::Value;
use server::{Options, Webhooks};

use crate::app::TestApp;

async fn json(app: &TestApp, path: &str) -> Value {
    let response = app.get(path).await;
    assert_eq!(response.status(), 200);
    response.json().await.expect("JSON")
}

#[tokio::test]
async fn health_says_how_everything_is() {
    let app = TestApp::start().await;
    let health = json(&app, "/health").await;
    assert_eq!(health["status"], "ok");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    let stamp = health["timestamp"].as_str().expect("a timestamp");
    assert!(stamp.contains('T') && stamp.ends_with('Z'), "{stamp}");
    assert_eq!(health["breakers"]["offline/phrases"], "closed");
    assert_eq!(health["store"]["status"], "ok");
    assert_eq!(health["calls"]["live"], 0);
}

#[tokio::test]
async fn stats_say_what_was_spent() {
    let app = TestApp::start().await;
    let stats = json(&app, "/stats").await;
    for sum in ["total", "speculation", "hedges", "rehearsals"] {
        assert_eq!(stats["cost_usd"][sum], 0.0, "{sum}");
    }
    // Nobody has called: what the agent says by itself was spoken, for nothing.
    let by_provider = &stats["cost_usd"]["by_provider"];
    assert_eq!(by_provider, &serde_json::json!({ "offline": 0.0 }));
    assert_eq!(stats["cost_usd"]["lines"][0]["purpose"], "rehearsal");
    assert_eq!(
        stats["cost_usd"]["lines"][0]["amount"],
        stats["usage"]["tts_characters"]
    );
    let seen = stats["cost_usd"]["prices_as_of"].as_str();
    assert!(seen.is_some_and(|day| day.starts_with("20")), "{seen:?}");
    assert!(
        stats["memory"]["resident_bytes"]
            .as_u64()
            .is_some_and(|bytes| bytes > 1_000_000)
    );
    assert_eq!(stats["calls"]["ended"], 0);
    assert_eq!(stats["calls"]["turns"], 0);
}

#[tokio::test]
async fn metrics_come_in_two_dialects() {
    let app = TestApp::start().await;
    let plain = app.get("/metrics").await;
    assert_eq!(
        plain.headers()["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let plain = plain.text().await.expect("text");
    assert!(plain.contains("# TYPE repartee_calls_total counter\n"));
    assert!(plain.contains("repartee_calls_total{end_reason=\"caller_hung_up\"} 0\n"));
    assert!(
        plain.contains("repartee_admission_total{result=\"refused\",reason=\"max_calls\"} 0\n")
    );
    assert!(!plain.contains("# EOF"));
    let open = crate::app::client()
        .get(app.url("/metrics"))
        .header(
            "accept",
            "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
        )
        .send()
        .await
        .expect("an answer");
    assert!(
        open.headers()["content-type"]
            .to_str()
            .expect("text")
            .starts_with("application/openmetrics-text")
    );
    let open = open.text().await.expect("text");
    assert!(open.contains("# TYPE repartee_calls counter\n"));
    assert!(open.ends_with("# EOF\n"));
}

#[tokio::test]
async fn metrics_show_breakers_queues_and_stores_from_the_start() {
    let app = TestApp::start().await;
    let text = app.get("/metrics").await.text().await.expect("text");
    for line in [
        "repartee_breaker_state{provider=\"offline/phrases\"} 0\n",
        "repartee_queue_depth{q=\"records\"} 0.0\n",
        "repartee_store_dropped_total{reason=\"full\"} 0\n",
        "repartee_store_up{store=\"calls\"} 1.0\n",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    app.counts("repartee_loop_lag_seconds_count").await;
}

#[tokio::test]
async fn a_draining_server_lives_but_is_not_ready() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/readyz").await.status(), 200);
    app.running.drain();
    assert_eq!(app.get("/readyz").await.status(), 503);
    assert_eq!(app.get("/livez").await.status(), 200);
    assert_eq!(app.metric("repartee_drain_state").await, 1.0);
    assert!(app.call("CA1").await.contains("<Hangup/>"));
    assert_eq!(
        app.metric("repartee_admission_total{result=\"refused\",reason=\"draining\"}")
            .await,
        1.0
    );
}

#[tokio::test]
async fn an_idle_server_stops_at_once() {
    let app = TestApp::start().await;
    let address = app.running.address();
    app.running.stop(std::future::pending()).await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn paths_that_do_not_exist_say_so() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/nothing").await.status(), 404);
    assert_eq!(app.get("/v1/twilio/after-stream").await.status(), 405);
    assert_eq!(
        app.metric("repartee_http_requests_total{route=\"other\",status=\"404\"}")
            .await,
        1.0
    );
}

#[tokio::test]
async fn whoever_wants_unchecked_webhooks_gets_them_on_this_machine() {
    let insecure = || Options {
        webhooks: Webhooks::InsecureOnLoopback,
        ..Options::default()
    };
    let app = TestApp::with_options("", insecure()).await;
    let response = app
        .post("/twiml")
        .form(&[("CallSid", "CA1"), ("To", crate::app::NUMBER)]);
    assert_eq!(response.send().await.expect("an answer").status(), 200);
    let environment = server::config::Environment::default();
    let config = server::config::Config::parse("", "", &environment).expect("a configuration");
    let error = server::Running::start(config, insecure())
        .await
        .err()
        .expect("refused");
    assert!(error.to_string().contains("twice"), "{error}");
}
