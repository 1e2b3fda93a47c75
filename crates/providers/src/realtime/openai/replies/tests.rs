mod late;

use std::time::Duration;

use session::ToolCall;

use super::*;
use crate::Verdict;

const R1: ReplyId = ReplyId(1);
const R2: ReplyId = ReplyId(2);

/// The replies of a conversation, and what they send and tell, as lines.
struct Made {
    replies: Replies,
    out: Out,
    now: Instant,
    asked: Vec<Request>,
}

impl Made {
    fn new() -> Self {
        Self {
            replies: Replies::new(Deadlines::default()),
            out: Out::default(),
            now: Instant::now(),
            asked: Vec::new(),
        }
    }

    fn ask(&mut self, reply: ReplyId) {
        let message = |request| {
            self.asked.push(request);
            wire::respond(request)
        };
        self.replies.ask(reply, message, self.now, &mut self.out);
    }

    /// A reply that has begun, of a response with its name.
    fn begin(&mut self, reply: ReplyId) {
        self.ask(reply);
        self.created(&reply.to_string(), Some(reply));
        self.happened();
    }

    /// A response to the last request for a reply has begun.
    fn created(&mut self, response: &str, reply: Option<ReplyId>) {
        let of = |reply| self.asked.iter().rfind(|request| request.reply == reply);
        self.created_for(response, reply.and_then(of).copied());
    }

    fn created_for(&mut self, response: &str, request: Option<Request>) {
        self.replies
            .on_created(response.into(), request, self.now, &mut self.out);
    }

    fn audio(&mut self, response: &str, item: &str, ms: usize) {
        let bytes = Bytes::from(vec![0xff; ms * 8]);
        let audio = (item.to_owned(), bytes);
        self.replies
            .on_audio(response, audio, self.now, &mut self.out)
            .expect("not too much");
    }

    fn text(&mut self, response: &str, text: &str) {
        self.replies
            .on_text(response, text.into(), self.now, &mut self.out)
            .expect("not too much");
    }

    fn call(&mut self, response: &str, id: &str) {
        let done = (format!("item-{id}"), Some(call(id)));
        self.replies
            .on_item_done(response, done, self.now, &mut self.out);
    }

    fn done(&mut self, response: &str, end: End) {
        self.done_for(response, end, 0);
    }

    /// The same, having generated so many tokens of text.
    fn done_for(&mut self, response: &str, end: End, output_text: u64) {
        let done = Done {
            response: response.into(),
            end,
            calls: Vec::new(),
            usage: RealtimeTokens {
                output_text,
                ..RealtimeTokens::default()
            },
        };
        self.replies
            .on_done(done, self.now, &mut self.out)
            .expect("only the reply failed");
    }

    fn cancel(&mut self, reply: ReplyId, heard: u64) {
        self.replies
            .cancel(reply, Millis(heard), self.now, &mut self.out);
    }

    fn stop(&mut self, reply: ReplyId) {
        self.replies
            .stop(reply, Millis::ZERO, self.now, &mut self.out);
    }

    fn complain(&mut self, error: &str) {
        let message = format!(r#"{{"type":"error","error":{error}}}"#);
        let Ok(wire::FromRealtime::Complaint(complaint)) = wire::read(&message) else {
            panic!("no complaint: {message}");
        };
        self.replies
            .on_complaint(complaint, self.now, &mut self.out);
    }

    /// What was sent and told since: `> delete a`, `< audio r1 20`.
    fn happened(&mut self) -> String {
        let sent = self.out.send.drain(..).map(|message| sent(&message));
        let told = self.out.tell.drain(..).map(|told| match told {
            FromSpeaker::Audio { reply, bytes } => format!("< audio {reply} {}", bytes.len() / 8),
            FromSpeaker::Text { reply, text } => format!("< text {reply} {text}"),
            FromSpeaker::Tool { reply, call } => format!("< tool {reply} {}", call.id),
            FromSpeaker::Consumed(Consumed { reply, usage }) => {
                let whose = reply.map(|reply| format!(" by {reply}"));
                format!(
                    "< consumed {}{}",
                    usage.output_text,
                    whose.unwrap_or_default()
                )
            }
            FromSpeaker::Done { reply, .. } => format!("< done {reply}"),
            FromSpeaker::Dropped(reply) => format!("< dropped {reply}"),
            FromSpeaker::Failed { reply, error, .. } => {
                format!("< failed {reply} {:?}", error.verdict())
            }
            FromSpeaker::Ready
            | FromSpeaker::SpeechStarted { .. }
            | FromSpeaker::SpeechStopped { .. }
            | FromSpeaker::TurnEnded
            | FromSpeaker::Words { .. } => panic!("{told:?}"),
        });
        sent.chain(told).collect::<Vec<_>>().join("\n")
    }
}

fn call(id: &str) -> ToolCall {
    ToolCall {
        id: id.into(),
        name: "book".into(),
        arguments: "{}".into(),
    }
}

fn sent(message: &str) -> String {
    let message: serde_json::Value = serde_json::from_str(message).expect("we send JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let kind = text(&message["type"]);
    let kind = kind.rsplit('.').next().unwrap_or_default();
    match kind {
        "truncate" => format!(
            "> truncate {} {}",
            text(&message["item_id"]),
            message["audio_end_ms"]
        ),
        "delete" => format!("> delete {}", text(&message["item_id"])),
        "cancel" => format!("> cancel {}", text(&message["response_id"])),
        "create" if message["item"].is_object() => {
            format!("> output {}", text(&message["item"]["call_id"]))
        }
        _ => format!("> ask {}", text(&message["response"]["metadata"]["reply"])),
    }
}

#[test]
fn a_reply_is_asked_for_told_and_done() {
    let mut made = Made::new();
    made.ask(R1);
    made.created("resp", Some(R1));
    made.replies.on_item("resp", "a".into());
    made.text("resp", "Hello.");
    made.audio("resp", "a", 20);
    made.audio("other", "a", 20);
    made.done("resp", End::Completed);
    made.done("resp", End::Completed);
    assert_eq!(
        made.happened(),
        "> ask r1\n< text r1 Hello.\n< audio r1 20\n< done r1"
    );
    assert!(made.replies.is_idle());
    assert_eq!(made.replies.deadline(), None);
}

#[test]
fn a_server_that_names_no_reply_means_the_one_asked_for() {
    let mut made = Made::new();
    made.ask(R1);
    made.created("resp", None);
    made.audio("resp", "a", 20);
    assert_eq!(made.happened(), "> ask r1\n< audio r1 20");
}

#[test]
fn a_reply_waits_for_the_end_of_the_one_before() {
    let mut made = Made::new();
    made.begin(R1);
    made.cancel(R1, 0);
    made.ask(R2);
    assert_eq!(made.happened(), "> cancel r1");
    made.done("r1", End::Cancelled);
    assert_eq!(made.happened(), "> ask r2\n< done r1");
}

#[test]
fn a_reply_that_waits_is_cancelled_without_a_word_to_the_server() {
    let mut made = Made::new();
    made.begin(R1);
    made.ask(R2);
    made.cancel(R2, 0);
    made.done("r1", End::Completed);
    assert_eq!(made.happened(), "< dropped r2\n< done r1");
}

#[test]
fn a_reply_that_is_stopped_forgets_only_what_is_being_made_of_it() {
    let mut made = Made::new();
    made.begin(R1);
    made.audio("r1", "a", 100);
    made.done("r1", End::Completed);
    made.ask(R1);
    made.created("more", Some(R1));
    made.happened();
    made.stop(R1);
    made.audio("more", "b", 100);
    made.done("more", End::Cancelled);
    assert_eq!(made.happened(), "> cancel more\n> delete b\n< done r1");
}

#[test]
fn an_unheard_reply_is_forgotten_with_all_that_still_came_of_it() {
    let mut made = Made::new();
    made.begin(R1);
    made.audio("r1", "a", 100);
    made.cancel(R1, 0);
    made.audio("r1", "b", 100);
    made.text("r1", "late");
    made.call("r1", "c");
    assert_eq!(made.happened(), "> cancel r1\n< audio r1 100");
    made.done("r1", End::Cancelled);
    assert_eq!(
        made.happened(),
        "> delete a\n> delete b\n> delete item-c\n< done r1"
    );
    assert_eq!(made.replies.since_prompt(), []);
}

#[test]
fn a_reply_is_cut_in_the_item_that_was_playing() {
    let mut made = Made::new();
    made.begin(R1);
    made.text("r1", "One two three four five six");
    made.audio("r1", "a", 100);
    made.audio("r1", "b", 200);
    made.audio("r1", "c", 300);
    made.done("r1", End::Completed);
    made.happened();
    made.cancel(R1, 250);
    assert_eq!(made.happened(), "> truncate b 150\n> delete c");
    made.cancel(R1, 10);
    assert_eq!(made.happened(), "", "it is cut once");
    let heard = Message::Agent {
        text: "One two".into(),
        interrupted: true,
        tools: Vec::new(),
    };
    assert_eq!(made.replies.since_prompt(), [heard]);
}

#[test]
fn a_reply_of_several_responses_is_cut_in_the_one_that_was_playing() {
    let mut made = Made::new();
    for response in ["one", "two"] {
        made.ask(R1);
        made.created(response, Some(R1));
        made.audio(response, response, 1_000);
        made.done(response, End::Completed);
    }
    made.ask(R1);
    made.created("three", Some(R1));
    made.happened();
    made.cancel(R1, 1_400);
    made.done("three", End::Cancelled);
    insta::assert_snapshot!(made.happened(), @"
    > truncate two 400
    > cancel three
    < done r1
    ");
}

#[test]
fn what_came_after_a_cancel_was_not_heard() {
    let mut made = Made::new();
    made.begin(R1);
    made.audio("r1", "a", 100);
    made.cancel(R1, 100);
    made.audio("r1", "a", 400);
    made.happened();
    made.done("r1", End::Cancelled);
    assert_eq!(made.happened(), "> truncate a 100\n< done r1");
}

#[test]
fn no_more_is_kept_than_was_made() {
    let mut made = Made::new();
    made.begin(R1);
    made.audio("r1", "a", 100);
    made.done("r1", End::Completed);
    made.happened();
    made.cancel(R1, 5_000);
    assert_eq!(made.happened(), "", "all of it was heard");
}

#[test]
fn a_tool_is_told_once_and_answered_when_its_response_is_whole() {
    let mut made = Made::new();
    made.begin(R1);
    made.call("r1", "c");
    made.call("r1", "c");
    made.replies.tool_answered("c", "{}".into(), &mut made.out);
    assert_eq!(made.happened(), "< tool r1 c");
    made.done("r1", End::Completed);
    assert_eq!(made.happened(), "> output c\n< done r1");
    made.replies.tool_answered("c", "{}".into(), &mut made.out);
    assert_eq!(made.happened(), "", "it has its answer");
    assert_eq!(made.replies.since_prompt().len(), 2);
}

#[test]
fn an_open_call_is_no_pause() {
    let mut made = Made::new();
    made.begin(R1);
    made.call("r1", "c");
    made.done("r1", End::Completed);
    assert!(!made.replies.is_idle());
    made.happened();
    made.replies.tool_answered("c", "{}".into(), &mut made.out);
    assert_eq!(made.happened(), "> output c");
    assert!(made.replies.is_idle());
}

#[test]
fn answers_for_a_cancelled_reply_are_dropped_and_foreign_ones_passed_on() {
    let mut made = Made::new();
    made.begin(R1);
    made.call("r1", "c");
    made.done("r1", End::Completed);
    made.cancel(R1, 0);
    assert_eq!(made.happened(), "> delete item-c\n< tool r1 c\n< done r1");
    made.replies.tool_answered("c", "{}".into(), &mut made.out);
    made.replies
        .tool_answered("old", "{}".into(), &mut made.out);
    assert_eq!(made.happened(), "> output old");
}

#[test]
fn a_busy_server_is_asked_again_after_the_response_in_the_way() {
    let mut made = Made::new();
    made.ask(R1);
    made.complain(
        r#"{"code":"conversation_already_has_active_response","event_id":"respond-r1-1"}"#,
    );
    assert_eq!(made.happened(), "> ask r1");
    made.done("odd", End::Completed);
    assert_eq!(made.happened(), "> ask r1");
}

#[test]
fn a_refused_reply_fails_alone() {
    let mut made = Made::new();
    made.ask(R1);
    made.complain(
        r#"{"type":"invalid_request_error","code":"invalid_value","event_id":"respond-r2-2"}"#,
    );
    assert_eq!(made.happened(), "> ask r1", "it is about another one");
    made.complain(
        r#"{"type":"invalid_request_error","code":"invalid_value","event_id":"respond-r1-1"}"#,
    );
    assert_eq!(made.happened(), "< failed r1 GiveUp");
    made.ask(R2);
    made.complain(r#"{"type":"rate_limit_error","message":"slow"}"#);
    assert_eq!(made.happened(), "> ask r2\n< failed r2 RetryAfter(500ms)");
}

#[test]
fn a_failed_response_fails_its_reply_and_an_empty_account_everything() {
    let failed = |verdict| {
        End::Failed(ProviderError::Refused {
            provider: NAME,
            status: 200,
            detail: String::new(),
            verdict,
        })
    };
    let mut made = Made::new();
    made.begin(R1);
    made.done("r1", failed(Verdict::Retry));
    assert_eq!(made.happened(), "< failed r1 Retry");
    made.begin(R2);
    let done = Done {
        response: "r2".into(),
        end: failed(Verdict::KeyRefused),
        calls: Vec::new(),
        usage: RealtimeTokens::default(),
    };
    let ended = made.replies.on_done(done, made.now, &mut made.out);
    assert_eq!(ended.expect_err("it ends").verdict(), Verdict::KeyRefused);
}

#[test]
fn silences_end_the_conversation_but_a_cancelled_reply_only_itself() {
    let limits = Deadlines::default();
    let stage = |made: &mut Made| {
        let silent = made.replies.on_deadline(made.now, &mut made.out);
        let error = silent.expect_err("silence");
        let ProviderError::Silent { stage, .. } = error else {
            panic!("{error}");
        };
        stage
    };
    let mut made = Made::new();
    made.ask(R1);
    assert_eq!(
        made.replies.deadline(),
        Some(made.now + limits.first_output)
    );
    assert_eq!(stage(&mut made), "first output");
    made.created("r1", Some(R1));
    made.audio("r1", "a", 20);
    made.now += Duration::from_secs(1);
    made.replies.on_alive("r1", made.now);
    assert_eq!(made.replies.deadline(), Some(made.now + limits.output_gap));
    assert_eq!(stage(&mut made), "output gap");
    made.happened();
    made.cancel(R1, 20);
    made.ask(R2);
    assert_eq!(made.replies.deadline(), Some(made.now + limits.cancelled));
    let ended = made.replies.on_deadline(made.now, &mut made.out);
    assert!(ended.is_ok());
    assert_eq!(made.happened(), "> cancel r1\n> ask r2\n< done r1");
}

#[test]
fn a_reply_has_an_end() {
    let mut made = Made::new();
    made.begin(R1);
    for _minute in 0..5 {
        made.audio("r1", "a", 60_000);
    }
    let more = ("a".to_owned(), Bytes::from_static(&[0xff]));
    let error = made.replies.on_audio("r1", more, made.now, &mut made.out);
    assert!(matches!(error, Err(ProviderError::Garbled { .. })));
    let error = made
        .replies
        .on_text("r1", "a".repeat(70_000), made.now, &mut made.out);
    assert!(matches!(error, Err(ProviderError::Garbled { .. })));
}

#[test]
fn what_another_session_knows_as_text_is_not_trimmed() {
    let mut made = Made::new();
    made.begin(R1);
    made.text("r1", "Hello.");
    made.audio("r1", "a", 100);
    made.done("r1", End::Completed);
    made.happened();
    assert_eq!(made.replies.since_prompt().len(), 1);
    made.replies.on_new_session();
    made.cancel(R1, 50);
    assert_eq!(made.happened(), "");
    made.replies.on_prompt();
    assert_eq!(made.replies.since_prompt(), []);
}
