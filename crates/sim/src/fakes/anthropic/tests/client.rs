//! The fake against our own client: both read the protocol, and each keeps the other honest.

use providers::{
    BaseUrl, ProviderError, Secret, Verdict,
    llm::{Anthropic, LanguageModel as _, ModelSettings, Think, Tokens, ToolOffer, Written},
    offline::Script,
};
use session::{Message, Prompt, ToolCall};
use tokio::sync::mpsc;

use super::*;
use crate::fakes::{Desk, Moment};

fn client(fake: &FakeAnthropic, key: &str) -> Anthropic {
    let base = BaseUrl::parse("TEST", &fake.base_url()).unwrap();
    Anthropic::new(base, Some(Secret::parse(key).unwrap()))
}

fn asked(model: &str, messages: Vec<Message>) -> Think {
    let offer = ToolOffer {
        name: "book_table".to_owned(),
        description: "Books a table.".to_owned(),
        parameters:
            r#"{"type":"object","properties":{},"required":[],"additionalProperties":false}"#
                .to_owned(),
    };
    let settings = ModelSettings {
        model: model.to_owned(),
        max_tokens: 200,
        temperature: None,
        presence_penalty: Some(0.6),
        frequency_penalty: None,
        reasoning_effort: None,
        tools: vec![offer],
    };
    Think {
        prompt: Prompt {
            system: "You are a desk.".into(),
            messages,
            may_press: false,
        },
        settings: Arc::new(settings),
    }
}

fn caller(text: &str) -> Message {
    Message::Caller(text.to_owned())
}

fn agent(text: &str, tools: Vec<ToolCall>) -> Message {
    Message::Agent {
        text: text.to_owned(),
        interrupted: false,
        tools,
    }
}

fn call(id: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: "book_table".to_owned(),
        arguments: r#"{"party":"4","#.to_owned(),
    }
}

fn answered(id: &str) -> Message {
    Message::Tool {
        id: id.to_owned(),
        output: "{}".to_owned(),
    }
}

struct Came {
    outcome: Result<Tokens, ProviderError>,
    text: String,
    tools: Vec<ToolCall>,
}

async fn reply(fake: &FakeAnthropic, think: Think) -> Came {
    reply_of(&client(fake, KEY), think).await
}

async fn reply_of(client: &Anthropic, think: Think) -> Came {
    let (written, mut reads) = mpsc::channel(1_024);
    let outcome = client.reply(think, written).await;
    let (mut text, mut tools) = (String::new(), Vec::new());
    while let Some(piece) = reads.recv().await {
        match piece {
            Written::Text(piece) => text.push_str(&piece),
            Written::Tool(call) => tools.push(call),
            Written::Used(_) => {}
        }
    }
    Came {
        outcome,
        text,
        tools,
    }
}

async fn said(fake: &FakeAnthropic, messages: Vec<Message>) -> String {
    let came = reply(fake, asked("claude-haiku-5-5", messages)).await;
    assert!(came.outcome.is_ok(), "{:?}", came.outcome);
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
    came.text
}

#[tokio::test]
async fn our_model_talks_to_the_scripted_desk() {
    let fake = fake(Desk::new(Arc::new(Script::demo()))).await;
    let messages = vec![
        agent("Harbour Table, good evening.", Vec::new()),
        caller("Hi, I would like to book a table."),
    ];
    assert_eq!(
        said(&fake, messages).await,
        "With pleasure. For how many people?"
    );
}

#[tokio::test]
async fn every_conversation_of_ours_is_taken() {
    let fake = fake(Echo).await;
    for messages in [
        Vec::new(),
        vec![agent("Hello.", Vec::new())],
        vec![caller(" "), caller("Hi. ")],
        vec![agent("", vec![call("a"), call("b")]), answered("b")],
        vec![agent(" One moment. ", vec![call("functions.x:0")])],
        vec![
            caller("Book."),
            agent("", vec![call("a")]),
            caller("And?"),
            answered("a"),
            agent("Done.", vec![call("a")]),
            answered("a"),
            agent("Anything else?", Vec::new()),
            agent("Are you there?", Vec::new()),
        ],
    ] {
        said(&fake, messages).await;
    }
    for model in [
        "claude-sonnet-5-5",
        "claude-opus-5-5",
        "claude-fable-5-1",
        "claude-sonnet-5",
        "claude-haiku-4-5-20251001",
        "claude-unknown",
    ] {
        let came = reply(&fake, asked(model, vec![caller("Hi.")])).await;
        assert_eq!(came.text, "You said: Hi.", "{model}");
    }
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
}

#[tokio::test]
async fn our_model_puts_several_calls_together() {
    let tool = |arguments: &str| ReplyTool {
        name: "book_table".to_owned(),
        arguments: arguments.to_owned(),
    };
    let arguments = r#"{"party":"4","day":"mañana"}"#;
    let fake = fake(Scripted::new(vec![Reply {
        text: "One moment.".to_owned(),
        tools: vec![tool(arguments), tool("{}")],
    }]))
    .await;
    let came = reply(&fake, asked("claude-haiku-5-5", vec![caller("Yes.")])).await;
    assert_eq!(came.text, "One moment.");
    let calls: Vec<_> = came
        .tools
        .iter()
        .map(|call| (&*call.id, &*call.arguments))
        .collect();
    assert_eq!(calls, [("toolu_0_0", arguments), ("toolu_0_1", "{}")]);
}

#[tokio::test]
async fn the_second_turn_reads_the_prompt_from_the_cache() {
    let fake = fake(Echo).await;
    let think = || asked("claude-haiku-5-5", vec![caller("Hi.")]);
    let first = reply(&fake, think()).await.outcome.unwrap();
    let second = reply(&fake, think()).await.outcome.unwrap();
    assert_eq!(first.cached, 0);
    assert!(second.cached > 0);
    assert_eq!(first.input, second.input);
    assert_eq!(second.output, 4);
}

#[tokio::test]
async fn our_model_reads_every_refusal() {
    let fake = fake(Echo).await;
    let wait = Duration::from_millis(20);
    let think = || asked("claude-haiku-5-5", vec![caller("Hi.")]);
    for (fault, verdict) in [
        (
            LlmFault::Busy { retry_after: wait },
            Verdict::RetryAfter(wait),
        ),
        (LlmFault::NoQuota, Verdict::KeyRefused),
        (LlmFault::KeyRefused, Verdict::KeyRefused),
        (LlmFault::ServerError, Verdict::Retry),
        (LlmFault::Html, Verdict::Retry),
        (LlmFault::Overloaded, Verdict::SwitchProvider),
        (LlmFault::CutAfter(2), Verdict::SwitchProvider),
        (LlmFault::GarbageAfter(2), Verdict::SwitchProvider),
        (LlmFault::ErrorAfter(2), Verdict::Retry),
        (LlmFault::OverloadedAfter(2), Verdict::SwitchProvider),
    ] {
        fake.fail_once(fault);
        let came = reply(&fake, think()).await;
        let error = came.outcome.unwrap_err();
        assert_eq!(error.verdict(), verdict, "{fault:?}: {error}");
    }
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
}

#[tokio::test]
async fn a_connection_is_warmed_with_the_right_key() {
    let fake = fake(Echo).await;
    client(&fake, KEY).warm().await;
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
    client(&fake, "wrong").warm().await;
    assert_eq!(fake.violations()[0].what, "invalid x-api-key on /models");
}

#[tokio::test]
async fn the_timeline_tells_what_was_asked_and_sent() {
    let (timeline, mut moments) = mpsc::channel(64);
    let settings = Settings {
        first_token: Delay::NONE,
        token_gap: Delay::NONE,
        pieces: Pieces::Sentences,
        timeline: Some(timeline),
        ..Settings::default()
    };
    let fake = FakeAnthropic::start(settings).await.unwrap();
    said(&fake, vec![caller("Hi.")]).await;
    drop(fake);
    let mut told = Vec::new();
    while let Some(Moment { what, .. }) = moments.recv().await {
        told.push(what);
    }
    assert_eq!(
        told,
        [
            What::ChatAsked("Hi.".to_owned()),
            What::TextSent("You said: Hi.".to_owned()),
        ]
    );
}

#[tokio::test]
async fn a_model_that_thinks_gets_its_thoughts_back_with_the_answers_of_tools() {
    let tool = ReplyTool {
        name: "book".to_owned(),
        arguments: r#"{"day":2}"#.to_owned(),
    };
    let fake = fake(Scripted::new(vec![
        Reply {
            text: "One moment.".to_owned(),
            tools: vec![tool],
        },
        Reply::saying("Booked."),
    ]))
    .await;
    let thinker = client(&fake, KEY);
    let mut messages = vec![Message::Caller("Book it.".to_owned())];
    let came = reply_of(&thinker, asked("claude-opus-5-5", messages.clone())).await;
    let call = came.tools[0].clone();
    messages.push(Message::Agent {
        text: came.text,
        interrupted: false,
        tools: vec![call.clone()],
    });
    messages.push(Message::Tool {
        id: call.id,
        output: "done".to_owned(),
    });
    let came = reply_of(&thinker, asked("claude-opus-5-5", messages.clone())).await;
    assert_eq!(came.text, "Booked.", "{:?}", came.outcome);
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());

    // Whoever never had the thoughts is refused.
    let came = reply(&fake, asked("claude-opus-5-5", messages)).await;
    let error = came.outcome.expect_err("a refusal");
    assert_eq!(error.verdict(), Verdict::GiveUp);
}
