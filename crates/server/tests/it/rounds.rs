//! A call whose recognisers are all gone: the carrier listens and speaks by itself.

use std::{sync::Arc, time::Duration};

use domain::{EndReason, TurnRecord};
use futures_util::{
    StreamExt,
    future::{join, join_all},
};
use reqwest::Response;
use serde_json::{Value, json};
use server::{Options, config::Config};
use sim::{
    caller::{Phrase, Phrasebook, Script},
    carrier::{CallEnd, CallPlan, CallReport, Carrier, Settings},
    fakes::{SttFault, TtsFault},
};
use store::WholeCall;
use tokio_tungstenite::tungstenite::Message;
use transports::RoundHeard;

use crate::{
    app::{Socket, TOKEN, TestApp, parameter},
    calls::{hang_up, talking},
    media::{begin, event, send},
    online::{Providers, whole_calls},
};

/// A server that nobody recognises speech for.
struct Deaf {
    providers: Providers,
    app: TestApp,
}

impl Deaf {
    async fn start(file: &str) -> Self {
        drop(crate::app::client());
        let providers = Providers::start().await;
        providers.deepgram.fail_always(Some(SttFault::Refuse(503)));
        let environment = providers.environment();
        let mut config = Config::parse("", file, &environment).expect("a configuration");
        config.listen = ([127, 0, 0, 1], 0).into();
        let app = TestApp::of(config, Options::default()).await;
        Self { providers, app }
    }

    /// Calls as this script says; what the carrier tells of it, and what was kept.
    async fn play(self, script: &str) -> (CallReport, WholeCall) {
        let book = phrases();
        let script = Script::parse(script, &book).expect("a script");
        let settings = Settings {
            say_per_char: Duration::from_millis(10),
            ..Settings::local(&self.app.url(""), Some(TOKEN.to_owned()))
        };
        let plan = CallPlan {
            book: Arc::new(book),
            limit: Duration::from_secs(60),
            ..CallPlan::by(script)
        };
        let carrier = Carrier::new(settings).expect("a carrier");
        let report = carrier.place_call(plan).await;
        (report, self.kept().await)
    }

    /// The call that was kept, once it is over.
    async fn kept(self) -> WholeCall {
        self.app.running.stop(std::future::pending()).await;
        assert_eq!(self.providers.violations(), []);
        let mut calls = whole_calls(&*self.app.store).await;
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }

    /// A call that has lost its stream, and is asked its first question.
    async fn asked(&self, sid: &str) -> String {
        let token = parameter(&self.app.call(sid).await, "token");
        let mut socket = self.app.socket("/media-stream").await;
        begin(&mut socket, sid, Some(&token)).await;
        listen_to_the_end(socket).await;
        text(self.app.after_stream(sid).await).await
    }

    /// A call whose caller hangs up while it leaves its stream, which the carrier says to this path.
    async fn hang_up_while_it_leaves(&self, sid: &str, path: &str, when: Crosses) {
        let token = parameter(&self.app.call(sid).await, "token");
        let mut socket = self.app.socket("/media-stream").await;
        begin(&mut socket, sid, Some(&token)).await;
        while event(&mut socket).await["event"] != "media" {}
        let over = [("CallSid", sid), ("CallStatus", "completed")];
        if when == Crosses::Before {
            assert_eq!(self.app.webhook(path, &over).await.status(), 204);
        }
        listen_to_the_end(socket).await;
        if when == Crosses::After {
            assert_eq!(self.app.webhook(path, &over).await.status(), 204);
        }
    }

    /// What the carrier is answered that heard this in a round.
    async fn round(&self, sid: &str, turn: &str, heard: (&str, &str)) -> Response {
        let fields = [("CallSid", sid), ("CallStatus", "in-progress"), heard];
        let path = format!("/v1/twilio/gather{turn}");
        self.app.webhook(&path, &fields).await
    }
}

/// When the carrier says that a call is over whose stream is being left.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Crosses {
    /// While there is still audio.
    Before,
    /// Once the stream was left.
    After,
}

async fn text(response: Response) -> String {
    assert_eq!(response.status(), 200);
    response.text().await.expect("a document")
}

/// Hears what the agent says over a stream, until the agent closes it.
async fn listen_to_the_end(mut socket: Socket) {
    let listening = async {
        while let Some(Ok(message)) = socket.next().await {
            let Message::Text(text) = message else {
                continue;
            };
            let event: Value = serde_json::from_str(&text).expect("JSON");
            if event["event"] == "mark" {
                let heard = json!({ "event": "mark", "streamSid": "MZ1", "mark": event["mark"] });
                send(&mut socket, &heard).await;
            }
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), listening).await;
    assert!(in_time.is_ok(), "the stream is left");
}

/// What callers say. The carrier's own recogniser takes the words, so their sound may be short.
fn phrases() -> Phrasebook {
    let phrases = [
        (
            "book",
            "I would like to book a table for four, tomorrow at seven.",
        ),
        ("name", "My name is Morgan."),
        ("yes", "Yes, please."),
        ("goodbye", "No thanks, that is all. Goodbye."),
    ];
    let phrase = |(key, text): (&str, &str)| {
        let phrase = Phrase {
            text: text.to_owned(),
            ulaw: vec![0x10; 8 * 200],
        };
        (key.to_owned(), phrase)
    };
    let recorded = Phrasebook::recorded().find("book").cloned();
    let recorded = recorded.map(|phrase| ("recorded".to_owned(), phrase));
    phrases.into_iter().map(phrase).chain(recorded).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_recognisers_goes_on_in_rounds() {
    let script = "wait agent 2500\nsay book\nwait agent 1000\nsay name\nwait agent 1000\nsay yes\n\
                  wait agent 1000\nsay goodbye\n";
    let (report, kept) = Deaf::start("").await.play(script).await;
    assert_eq!(report.end, CallEnd::AgentHungUp, "{report:?}");
    assert_eq!((report.violations, report.gave_up), (vec![], 0));
    assert!(report.greeting_after_ms.is_some(), "over the stream");
    let heard = [
        "I would like to book a table for four, tomorrow at seven.",
        "My name is Morgan.",
        "Yes, please.",
        "No thanks, that is all. Goodbye.",
    ];
    let words = heard.map(|text| RoundHeard::Words(text.to_owned()));
    let (last, told) = report.carrier_heard.split_last().expect("rounds");
    assert_eq!(told, words);
    assert_eq!(*last, RoundHeard::Nothing, "nobody objects to the goodbye");
    let WholeCall { call, turns, .. } = kept;
    let ended = call.ended.expect("an end");
    assert_eq!(ended.reason, EndReason::AgentEnded);
    let said: Vec<&str> = turns[1..].iter().map(|turn| &*turn.caller).collect();
    assert_eq!(said, heard, "{turns:?}");
    let tools = |turn: &TurnRecord| turn.tools.join(",");
    assert_eq!(tools(&turns[3]), "book_table", "{turns:?}");
    let told: Vec<&str> = turns[1..].iter().map(|turn| &*turn.heard).collect();
    assert_eq!(
        told.join(" "),
        report.carrier_said.join(" "),
        "all was heard"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_voices_goes_on_in_rounds() {
    let deaf = Deaf::start("").await;
    let providers = &deaf.providers;
    providers.deepgram.fail_always(None);
    let dumb = TtsFault::Refuse(503);
    providers.elevenlabs.fail_always(Some(dumb));
    // The greeting is in the cache; the first reply is not.
    let script =
        "wait agent 1000\nsay recorded\nwait agent 5000\nsay book\nwait agent 1000\nhang up\n";
    let (report, kept) = deaf.play(script).await;
    assert_eq!(report.end, CallEnd::CallerHungUp, "{report:?}");
    let book = "I would like to book a table for four, tomorrow at seven.";
    assert_eq!(report.carrier_heard, [RoundHeard::Words(book.to_owned())]);
    let last = kept.turns.last().expect("turns");
    assert_eq!(last.caller, book, "{kept:?}");
    assert_eq!(last.heard, report.carrier_said.join(" "), "{kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_stays_silent_in_rounds_is_reminded_and_left() {
    let file = "[agents.desk.idle]\nask_after_ms = 1000\nask_again_after_ms = 1000\n\
                hang_up_after_ms = 1000\n";
    let (report, kept) = Deaf::start(file).await.play("silent 60000\n").await;
    assert_eq!(report.end, CallEnd::AgentHungUp, "{report:?}");
    assert!(report.carrier_heard.len() >= 3, "{report:?}");
    let is_nothing = |heard: &RoundHeard| *heard == RoundHeard::Nothing;
    assert!(report.carrier_heard.iter().all(is_nothing));
    assert_eq!(report.carrier_said.len(), 3, "{report:?}");
    let ended = kept.call.ended.expect("an end");
    assert_eq!(ended.reason, EndReason::Silence);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_hangs_up_between_rounds() {
    let script = "wait agent 2500\nsay book\nwait agent 300\nhang up\n";
    let deaf = Deaf::start("").await;
    let (report, kept) = deaf.play(script).await;
    assert_eq!(report.end, CallEnd::CallerHungUp, "{report:?}");
    assert_eq!(report.carrier_heard.len(), 1);
    let ended = kept.call.ended.expect("an end");
    assert_eq!(ended.reason, EndReason::CallerHungUp);
    assert_eq!(
        kept.turns[1].caller,
        "I would like to book a table for four, tomorrow at seven."
    );
}

/// The carrier may say so before or after the stream is left, by one webhook or another: nobody waits
/// for a question that will never come.
#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_that_crosses_the_end_of_the_stream_ends_the_call_at_once() {
    let crossing = async |path: &'static str, when| {
        let deaf = Deaf::start("").await;
        deaf.hang_up_while_it_leaves("CA1", path, when).await;
        let ended = "repartee_calls_total{end_reason=\"caller_hung_up\"}";
        deaf.app.counts(ended).await;
        let asked = text(deaf.app.after_stream("CA1").await).await;
        assert!(asked.contains("<Hangup/>"), "{path}: {asked}");
        let kept = deaf.kept().await;
        let ended = kept.call.ended.expect("an end");
        assert_eq!(ended.reason, EndReason::CallerHungUp, "{path}");
        assert_eq!(kept.turns.len(), 1, "the greeting was heard: {path}");
    };
    let (status, after) = ("/v1/twilio/status", "/v1/twilio/after-stream");
    join(
        join(
            crossing(status, Crosses::Before),
            crossing(after, Crosses::Before),
        ),
        join(
            crossing(status, Crosses::After),
            crossing(after, Crosses::After),
        ),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_is_asked_twice_has_one_answer_and_one_turn() {
    let deaf = Deaf::start("").await;
    let first = deaf.asked("CA1").await;
    assert!(first.contains("<Gather "), "{first}");
    assert!(first.contains("/v1/twilio/gather?turn=1\""), "{first}");
    assert_eq!(text(deaf.app.after_stream("CA1").await).await, first);
    let words = ("SpeechResult", "Are you open on <Monday>?");
    let (one, two) = join(
        deaf.round("CA1", "?turn=1", words),
        deaf.round("CA1", "?turn=1", words),
    )
    .await;
    let answer = text(one).await;
    assert_eq!(text(two).await, answer, "at once");
    assert_eq!(
        text(deaf.round("CA1", "?turn=1", words).await).await,
        answer,
        "later"
    );
    assert!(answer.contains("<Say>"), "{answer}");
    assert!(answer.contains("/v1/twilio/gather?turn=2\""), "{answer}");
    let over = [("CallSid", "CA1"), ("CallStatus", "completed")];
    assert_eq!(
        deaf.app.webhook("/v1/twilio/status", &over).await.status(),
        204
    );
    deaf.app
        .counts("repartee_calls_total{end_reason=\"caller_hung_up\"}")
        .await;
    let late = deaf.round("CA1", "?turn=1", words).await;
    assert_eq!(text(late).await, answer, "after the end");
    let next = text(deaf.round("CA1", "?turn=2", words).await).await;
    assert!(next.contains("<Hangup/>"), "{next}");
    let kept = deaf.kept().await;
    let said = kept.turns.iter().map(|turn| &*turn.caller);
    assert_eq!(said.filter(|said| !said.is_empty()).count(), 1, "{kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_nobody_asked_for_is_refused() {
    let deaf = Deaf::start("").await;
    deaf.asked("CA1").await;
    let nothing = ("SpeechResult", "");
    let bad = ["", "?turn=", "?turn=-1", "?turn=x", "?turn=4294967295"];
    for refused in join_all(bad.map(|turn| deaf.round("CA1", turn, nothing))).await {
        assert_eq!(refused.status(), 400, "B13");
    }
    assert_eq!(
        deaf.round("CA1", "?turn=7", nothing).await.status(),
        404,
        "B13"
    );
    assert_eq!(
        deaf.round("CA9", "?turn=1", nothing).await.status(),
        204,
        "B14"
    );
    let unsigned = deaf.app.post("/v1/twilio/gather?turn=1");
    let unsigned = unsigned.form(&[("CallSid", "CA1")]).send().await;
    assert_eq!(unsigned.expect("an answer").status(), 403, "B01");
    let over = [("CallSid", "CA1"), ("CallStatus", "completed")];
    let path = "/v1/twilio/gather?turn=1";
    assert_eq!(deaf.app.webhook(path, &over).await.status(), 204);
    let kept = deaf.kept().await;
    let ended = kept.call.ended.expect("an end");
    assert_eq!(ended.reason, EndReason::CallerHungUp);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hasty_stop_ends_a_call_in_rounds() {
    let deaf = Deaf::start("").await;
    deaf.asked("CA1").await;
    let store = deaf.app.store;
    deaf.app.running.stop(std::future::ready(())).await;
    let calls = whole_calls(&*store).await;
    let ended = calls[0].call.ended.as_ref().expect("it has ended");
    assert_eq!(ended.reason, domain::EndReason::OperatorEnded);
}

#[tokio::test]
async fn a_call_with_a_stream_has_no_rounds() {
    let app = TestApp::start().await;
    let socket = talking(&app, "CA1").await;
    let fields = [("CallSid", "CA1"), ("CallStatus", "in-progress")];
    let path = "/v1/twilio/gather?turn=0";
    assert_eq!(app.webhook(path, &fields).await.status(), 404);
    hang_up(socket, "CA1").await;
    let over = app.webhook(path, &fields).await.text().await.expect("text");
    assert!(over.contains("<Hangup/>"), "{over}");
}
