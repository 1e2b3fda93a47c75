//! The fake and our own client: both read the protocol, and each keeps the other honest.

mod strict;

use bytes::Bytes;
use domain::{Language, Millis, ReplyId};
use providers::{
    BaseUrl, ProviderError, Secret, Verdict,
    llm::ToolOffer,
    offline::fixtures,
    realtime::{
        FromSpeaker, OpenAiRealtime, SpeechToSpeech as _, Talk, TalkSettings, ToSpeaker,
        TurnDetection, openai::Deadlines,
    },
};
use session::{Message, Prompt};
use tokio::{sync::mpsc, task::JoinHandle};

use super::*;
use crate::fakes::{LevelEar, Reply, ReplyTool, Scripted, Tones};

const R1: ReplyId = ReplyId(1);
const R2: ReplyId = ReplyId(2);

fn quick() -> Settings {
    Settings {
        voice: Arc::new(Tones::default()),
        settle: Delay::NONE,
        words: Delay::NONE,
        first_audio: Delay::NONE,
        chunk_gap: Delay::NONE,
        ..Settings::default()
    }
}

fn prompt(messages: Vec<Message>) -> Prompt {
    Prompt {
        system: "You are Ana.".into(),
        messages,
        may_press: false,
    }
}

fn caller(text: &str) -> Message {
    Message::Caller(text.to_owned())
}

struct Call {
    orders: mpsc::Sender<ToSpeaker>,
    told: mpsc::Receiver<FromSpeaker>,
    ended: JoinHandle<Result<(), ProviderError>>,
}

impl Call {
    fn begin(fake: &FakeRealtime, turns: TurnDetection, deadlines: Deadlines) -> Self {
        let base = BaseUrl::parse("TEST", &fake.base_url()).unwrap();
        let key = Secret::parse("openai-test-key").unwrap();
        let client = OpenAiRealtime::new(base, key).with_deadlines(deadlines);
        let offer = ToolOffer {
            name: "book_table".to_owned(),
            description: "Books a table.".to_owned(),
            parameters: r#"{"type":"object","properties":{}}"#.to_owned(),
        };
        let settings = TalkSettings {
            model: "gpt-realtime-2.1".to_owned(),
            voice: "marin".to_owned(),
            language: Language::default(),
            transcription_model: Some("gpt-4o-mini-transcribe".to_owned()),
            turns,
            max_output_tokens: Some(1_024),
            tools: vec![offer],
        };
        let talk = Talk {
            prompt: prompt(Vec::new()),
            settings: Arc::new(settings),
        };
        let (orders, given) = mpsc::channel(1_024);
        let (out, told) = mpsc::channel(1_024);
        let ended = tokio::spawn(client.talk(talk, given, out));
        Self {
            orders,
            told,
            ended,
        }
    }

    async fn order(&self, order: ToSpeaker) {
        self.orders.send(order).await.unwrap();
    }

    /// Sends a phrase, 20 ms at a time but without waiting.
    async fn speak(&self, phrase: &str) {
        let phrase = fixtures::caller_phrase(phrase).unwrap();
        for frame in phrase.ulaw.chunks(160) {
            let frame = Bytes::from_static(frame);
            self.order(ToSpeaker::Audio(frame)).await;
        }
    }

    async fn commit(&self, reply: ReplyId, messages: Vec<Message>) {
        let prompt = prompt(messages);
        self.order(ToSpeaker::Commit { reply, prompt }).await;
    }

    async fn respond(&self, reply: ReplyId, messages: Vec<Message>) {
        let prompt = prompt(messages);
        self.order(ToSpeaker::Respond { reply, prompt }).await;
    }

    /// Everything up to the end of a reply: what is said, milliseconds of it, and the rest by name.
    async fn reply(&mut self, reply: ReplyId) -> (String, usize, Vec<String>) {
        let (mut said, mut bytes, mut rest) = (String::new(), 0, Vec::new());
        loop {
            match self.told.recv().await.expect("the reply ends") {
                FromSpeaker::Text { reply: of, text } if of == reply => said.push_str(&text),
                FromSpeaker::Audio {
                    reply: of,
                    bytes: piece,
                } if of == reply => bytes += piece.len(),
                FromSpeaker::Done { reply: of, .. } if of == reply => {
                    return (said, bytes / 8, rest);
                }
                FromSpeaker::Tool { call, .. } => rest.push(format!("tool {}", call.id)),
                FromSpeaker::Words { words, .. } if words.settled => {
                    rest.push(format!("words {}", words.text));
                }
                FromSpeaker::TurnEnded => rest.push("turn ended".to_owned()),
                FromSpeaker::SpeechStarted { .. } => rest.push("started".to_owned()),
                FromSpeaker::SpeechStopped { .. } => rest.push("stopped".to_owned()),
                FromSpeaker::Failed { error, .. } => {
                    rest.push(format!("failed {:?}", error.verdict()));
                    return (said, bytes / 8, rest);
                }
                FromSpeaker::Audio { .. }
                | FromSpeaker::Consumed(_)
                | FromSpeaker::Done { .. }
                | FromSpeaker::Dropped(_)
                | FromSpeaker::Ready
                | FromSpeaker::Text { .. }
                | FromSpeaker::Words { .. } => {}
            }
        }
    }

    async fn failure(self) -> ProviderError {
        self.ended.await.unwrap().unwrap_err()
    }
}

#[track_caller]
fn assert_clean(fake: &FakeRealtime) {
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
}

#[tokio::test]
async fn our_client_is_heard_and_answered() {
    let fake = FakeRealtime::start(quick()).await.unwrap();
    let mut call = Call::begin(&fake, TurnDetection::Ours, Deadlines::default());
    call.speak("when").await;
    call.commit(R1, vec![caller("Tomorrow at seven.")]).await;
    let (said, ms, rest) = call.reply(R1).await;
    assert_eq!(said, "You said: Tomorrow at seven.");
    assert_eq!(ms, said.chars().count() * 60);
    assert!(rest.iter().all(|told| told == "words Tomorrow at seven."));

    let text = "Goodbye, and thank you.".to_owned();
    call.order(ToSpeaker::Say { reply: R2, text }).await;
    assert_eq!(call.reply(R2).await.0, "Goodbye, and thank you.");
    drop(call.orders);
    assert!(call.ended.await.unwrap().is_ok());
    assert_eq!(
        fake.seen()[0].items,
        [
            "user: Tomorrow at seven.",
            "assistant: You said: Tomorrow at seven.",
            "assistant: Goodbye, and thank you.",
        ]
    );
    assert_eq!(fake.seen()[0].instructions, "You are Ana.");
    assert_clean(&fake);
}

#[tokio::test]
async fn our_client_leaves_turns_to_the_provider() {
    let fake = FakeRealtime::start(quick()).await.unwrap();
    let turns = TurnDetection::ServerVad {
        threshold: 0.5,
        padding: Millis(300),
        silence: Millis(300),
    };
    let mut call = Call::begin(&fake, turns, Deadlines::default());
    call.speak("when").await;
    call.order(ToSpeaker::Audio(Bytes::from_static(&[0xff; 4_000])))
        .await;
    let mut told = Vec::new();
    loop {
        match call.told.recv().await.unwrap() {
            FromSpeaker::SpeechStarted { .. } => told.push("started"),
            FromSpeaker::SpeechStopped { .. } => told.push("stopped"),
            FromSpeaker::TurnEnded => told.push("turn ended"),
            FromSpeaker::Words { words, .. } if words.settled => {
                assert_eq!(words.text, "Tomorrow at seven.");
                let span = words.span.unwrap();
                assert!(span.until > span.from, "{span:?}");
                break;
            }
            FromSpeaker::Audio { .. }
            | FromSpeaker::Consumed(_)
            | FromSpeaker::Done { .. }
            | FromSpeaker::Dropped(_)
            | FromSpeaker::Failed { .. }
            | FromSpeaker::Ready
            | FromSpeaker::Text { .. }
            | FromSpeaker::Tool { .. }
            | FromSpeaker::Words { .. } => {}
        }
    }
    assert_eq!(told, ["started", "stopped", "turn ended"]);
    call.respond(R1, vec![caller("Tomorrow at seven.")]).await;
    assert_eq!(call.reply(R1).await.0, "You said: Tomorrow at seven.");
    assert_clean(&fake);
}

#[tokio::test]
async fn our_client_uses_a_tool() {
    let tool = ReplyTool {
        name: "book_table".to_owned(),
        arguments: r#"{"party":4}"#.to_owned(),
    };
    let asking = Reply {
        text: "One moment.".to_owned(),
        tools: vec![tool],
    };
    let brain = Scripted::new(vec![asking, Reply::saying("It is booked.")]);
    let settings = Settings {
        brain: Arc::new(brain),
        ..quick()
    };
    let fake = FakeRealtime::start(settings).await.unwrap();
    let mut call = Call::begin(&fake, TurnDetection::Ours, Deadlines::default());
    call.commit(R1, vec![caller("Yes.")]).await;
    let (said, _ms, rest) = call.reply(R1).await;
    assert_eq!(said, "One moment.");
    let [tool] = rest.as_slice() else {
        panic!("{rest:?}")
    };
    let id = tool.strip_prefix("tool ").unwrap().to_owned();
    let output = r#"{"ok":true}"#.to_owned();
    call.order(ToSpeaker::ToolAnswered { id, output }).await;
    call.respond(R2, Vec::new()).await;
    assert_eq!(call.reply(R2).await.0, "It is booked.");
    assert_eq!(
        fake.seen()[0].items,
        [
            "user: Yes.",
            "assistant: One moment.",
            r#"call: book_table {"party":4}"#,
            r#"output: {"ok":true}"#,
            "assistant: It is booked.",
        ]
    );
    assert_clean(&fake);
}

#[tokio::test]
async fn our_client_cuts_a_reply_where_it_was_heard() {
    let settings = Settings {
        brain: Arc::new(Scripted::new(vec![Reply::saying("One two three four.")])),
        ..quick()
    };
    let fake = FakeRealtime::start(settings).await.unwrap();
    let mut call = Call::begin(&fake, TurnDetection::Ours, Deadlines::default());
    call.commit(R1, vec![caller("Count.")]).await;
    call.reply(R1).await;
    let heard = Millis(420);
    call.order(ToSpeaker::Cancel { reply: R1, heard }).await;
    let text = "Yes?".to_owned();
    call.order(ToSpeaker::Say { reply: R2, text }).await;
    call.reply(R2).await;
    assert_eq!(
        fake.seen()[0].items,
        ["user: Count.", "assistant: One two", "assistant: Yes?"]
    );
    assert_clean(&fake);
}

#[tokio::test]
async fn our_client_forgets_a_reply_that_nobody_heard() {
    let settings = Settings {
        first_audio: Delay::fixed_ms(60_000),
        ..quick()
    };
    let fake = FakeRealtime::start(settings).await.unwrap();
    let mut call = Call::begin(&fake, TurnDetection::Ours, Deadlines::default());
    call.commit(R1, vec![caller("I would like")]).await;
    let heard = Millis::ZERO;
    call.order(ToSpeaker::Cancel { reply: R1, heard }).await;
    assert_eq!(call.reply(R1).await.0, "");
    assert_clean(&fake);
}

#[tokio::test]
async fn our_client_moves_to_another_session_with_all_that_was_said() {
    let fake = FakeRealtime::start(quick()).await.unwrap();
    let limits = Deadlines {
        recycle: Duration::from_millis(1),
        ..Deadlines::default()
    };
    let mut call = Call::begin(&fake, TurnDetection::Ours, limits);
    call.commit(R1, vec![caller("Hi.")]).await;
    call.reply(R1).await;
    // The reply is as good as played once it is cut.
    let heard = Millis(60_000);
    call.order(ToSpeaker::Cancel { reply: R1, heard }).await;
    let moved = |fake: &FakeRealtime| fake.seen().iter().any(|one| one.ended);
    while !moved(&fake) {
        tokio::task::yield_now().await;
    }
    call.commit(R2, vec![caller("Still there?")]).await;
    assert_eq!(call.reply(R2).await.0, "You said: Still there?");
    let last = fake.seen().into_iter().rfind(|one| one.items.len() == 4);
    assert_eq!(
        last.unwrap().items[..2],
        ["user: Hi.", "assistant: You said: Hi.…"]
    );
    assert_clean(&fake);
}

#[tokio::test]
async fn our_client_reads_every_refusal() {
    let wait = Duration::from_millis(20);
    for (fault, verdict) in [
        (
            RealtimeFault::Busy { retry_after: wait },
            Verdict::RetryAfter(wait),
        ),
        (RealtimeFault::Refuse(401), Verdict::KeyRefused),
        (RealtimeFault::Refuse(503), Verdict::Retry),
        (RealtimeFault::NoQuota, Verdict::KeyRefused),
        (RealtimeFault::Expired, Verdict::Retry),
        (RealtimeFault::CutAfter(1), Verdict::Retry),
        (RealtimeFault::Garbage, Verdict::SwitchProvider),
        (RealtimeFault::StallAfter(1), Verdict::SwitchProvider),
        (
            RealtimeFault::Slow(Duration::from_secs(60)),
            Verdict::SwitchProvider,
        ),
        (RealtimeFault::NoSession, Verdict::SwitchProvider),
        (RealtimeFault::NoAnswer, Verdict::SwitchProvider),
    ] {
        let limits = Deadlines {
            connect: Duration::from_millis(500),
            first_output: Duration::from_millis(200),
            output_gap: Duration::from_millis(200),
            ..Deadlines::default()
        };
        let settings = Settings {
            chunk: Duration::from_millis(20),
            // Unlike the recordings, it takes no time to begin with.
            ear: Arc::new(|| Box::new(LevelEar::saying("Hi.".to_owned()))),
            ..quick()
        };
        let fake = FakeRealtime::start(settings).await.unwrap();
        fake.fail_once(fault);
        let call = Call::begin(&fake, TurnDetection::Ours, limits);
        call.commit(R1, vec![caller("Hi.")]).await;
        assert_eq!(call.failure().await.verdict(), verdict, "{fault:?}");
        assert_clean(&fake);
    }
}

#[tokio::test]
async fn our_client_survives_what_fails_alone() {
    let fake = FakeRealtime::start(quick()).await.unwrap();
    fake.fail_once(RealtimeFault::FailedResponses);
    let mut call = Call::begin(&fake, TurnDetection::Ours, Deadlines::default());
    call.commit(R1, vec![caller("Hi.")]).await;
    let (_said, _ms, rest) = call.reply(R1).await;
    assert_eq!(rest, ["failed RetryAfter(500ms)"]);

    fake.fail_once(RealtimeFault::Wordless);
    let mut call = Call::begin(&fake, TurnDetection::Ours, Deadlines::default());
    call.speak("when").await;
    call.commit(R1, vec![caller("Tomorrow")]).await;
    let (said, _ms, rest) = call.reply(R1).await;
    assert_eq!(said, "You said: Tomorrow at seven.");
    assert_eq!(rest, ["words "]);
    assert_clean(&fake);
}

#[tokio::test]
async fn a_session_has_its_longest_time() {
    let settings = Settings {
        longest: Duration::from_millis(100),
        ..quick()
    };
    let fake = FakeRealtime::start(settings).await.unwrap();
    let call = Call::begin(&fake, TurnDetection::Ours, Deadlines::default());
    assert_eq!(call.failure().await.verdict(), Verdict::Retry);
}

#[tokio::test]
async fn a_wrong_key_is_refused() {
    let settings = Settings {
        key: "another".to_owned(),
        ..quick()
    };
    let fake = FakeRealtime::start(settings).await.unwrap();
    let call = Call::begin(&fake, TurnDetection::Ours, Deadlines::default());
    assert_eq!(call.failure().await.verdict(), Verdict::KeyRefused);
    assert_eq!(fake.violations()[0].what, "invalid_api_key");
}
