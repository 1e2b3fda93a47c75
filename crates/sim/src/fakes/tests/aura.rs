//! Deepgram's voices.

use providers::tts::Aura;

use super::*;

async fn fake() -> FakeDeepgram {
    let speech = Speech {
        first_audio: Delay::NONE,
        chunk_gap: Delay::NONE,
        ..Speech::default()
    };
    let settings = DeepgramSettings {
        speech,
        ..DeepgramSettings::default()
    };
    FakeDeepgram::start(settings).await.unwrap()
}

struct Call {
    orders: mpsc::Sender<ToVoice>,
    hears: mpsc::Receiver<FromVoice>,
    speaking: tokio::task::JoinHandle<Result<(), ProviderError>>,
}

impl Call {
    fn begin(fake: &FakeDeepgram) -> Self {
        let client = Aura::new(base(&fake.base_url()), key("deepgram-test-key"));
        let voice = Voice {
            model: "aura-2".to_owned(),
            voice: "thalia".to_owned(),
            ..voice(false)
        };
        let (orders, to_speak) = mpsc::channel(64);
        let (made, hears) = mpsc::channel(64);
        let speaking = tokio::spawn(client.speak(voice, to_speak, made));
        Self {
            orders,
            hears,
            speaking,
        }
    }

    async fn say(&self, reply: ReplyId, clause: u32, text: &str) {
        let order = ToVoice::Say {
            reply,
            clause: ClauseId(clause),
            text: text.to_owned(),
        };
        self.orders.send(order).await.unwrap();
    }

    /// The rest of a reply: how much audio, and the clauses that it was for.
    async fn rest(&mut self, whole: ReplyId) -> (usize, Vec<u32>) {
        let (mut bytes, mut clauses) = (0, Vec::new());
        loop {
            match self.hears.recv().await.unwrap() {
                FromVoice::Audio {
                    reply,
                    clause,
                    bytes: more,
                    ..
                } if reply == whole => {
                    bytes += more.len();
                    clauses.push(clause.0);
                }
                FromVoice::All(reply) => {
                    assert_eq!(reply, whole);
                    clauses.dedup();
                    return (bytes, clauses);
                }
                FromVoice::Audio { .. } | FromVoice::Ready => {}
            }
        }
    }
}

#[tokio::test]
async fn our_voice_speaks_all_clauses_within_the_limits() {
    let fake = fake().await;
    let mut call = Call::begin(&fake);
    let text = "One more clause.";
    for number in 1..=15 {
        let reply = ReplyId(number);
        for clause in 0..4 {
            call.say(reply, clause, text).await;
        }
        call.orders.send(ToVoice::End(reply)).await.unwrap();
        let (bytes, clauses) = call.rest(reply).await;
        // A blank between two clauses of one flush sounds as long as a letter.
        let chars = 4 * text.len();
        assert!(
            (chars * 480..=(chars + 2) * 480).contains(&bytes),
            "{bytes}"
        );
        assert_eq!(clauses, [0, 1, 2, 3]);
    }
    drop(call.orders);
    assert!(call.speaking.await.unwrap().is_ok());
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
    let lines = fake.spoken().len();
    assert!(lines >= 2, "the first is worn out");
}

#[tokio::test]
async fn our_voice_falls_silent_when_it_is_told() {
    let fake = fake().await;
    let mut call = Call::begin(&fake);
    let (first, second) = (ReplyId(1), ReplyId(2));
    call.say(first, 0, "A sentence that nobody wants to hear.")
        .await;
    while !matches!(call.hears.recv().await, Some(FromVoice::Audio { .. })) {}
    call.orders.send(ToVoice::Cancel(first)).await.unwrap();
    call.say(second, 0, "Yes?").await;
    call.orders.send(ToVoice::End(second)).await.unwrap();
    let (bytes, _) = call.rest(second).await;
    assert_eq!(bytes, "Yes?".len() * 480, "its own audio and no other");
    assert!(fake.violations().is_empty(), "{:?}", fake.violations());
}

#[tokio::test]
async fn our_voice_understands_every_failure() {
    let busy = Verdict::RetryAfter(Duration::from_millis(500));
    for (fault, verdict) in [
        (TtsFault::Refuse(503), Verdict::Retry),
        (TtsFault::NoQuota, Verdict::KeyRefused),
        (TtsFault::TooMany, busy),
        (TtsFault::DropAfter(1), Verdict::Retry),
        (TtsFault::Garbage, Verdict::SwitchProvider),
        (TtsFault::Mute, Verdict::SwitchProvider),
    ] {
        let fake = fake().await;
        fake.fail_speech_once(fault);
        let mut call = Call::begin(&fake);
        call.say(ReplyId(1), 0, "A sentence of several chunks.")
            .await;
        while call.hears.recv().await.is_some() {}
        let error = call.speaking.await.unwrap().unwrap_err();
        assert_eq!(error.verdict(), verdict, "{fault:?}");
    }
}
