use super::*;
use crate::realtime::RealtimeTokens;

const R1: ReplyId = ReplyId(1);
const R2: ReplyId = ReplyId(2);

fn audio(reply: ReplyId) -> FromSpeaker {
    FromSpeaker::Audio {
        reply,
        bytes: Bytes::from_static(&[0x2a; 160]),
    }
}

fn used(output_text: u64) -> RealtimeTokens {
    RealtimeTokens {
        output_text,
        ..RealtimeTokens::default()
    }
}

fn done(reply: ReplyId, output_text: u64) -> FromSpeaker {
    FromSpeaker::Done {
        reply,
        usage: used(output_text),
    }
}

/// What a call is told in the end that begins to take it only so much later.
async fn told_after(tell: Vec<FromSpeaker>, late: Duration) -> Vec<String> {
    let (tells, mut told) = mpsc::channel(1);
    let handing = tokio::spawn(async move { hand_over(tell.into(), &tells).await });
    tokio::time::sleep(late).await;
    let mut shown = Vec::new();
    while let Some(event) = told.recv().await {
        shown.push(match (&event, event.piece_of()) {
            (FromSpeaker::Consumed(Consumed { reply, usage }), _) => {
                format!("consumed {reply:?} {}", usage.output_text)
            }
            (FromSpeaker::Done { reply, usage }, _) => {
                format!("done {reply} {}", usage.output_text)
            }
            (_, Some(reply)) => format!("piece of {reply}"),
            (_, None) => panic!("{event:?}"),
        });
    }
    handing.await.expect("no panic");
    shown
}

fn last_words() -> Vec<FromSpeaker> {
    vec![
        audio(R1),
        audio(R1),
        FromSpeaker::Consumed(Consumed {
            reply: None,
            usage: used(3),
        }),
        FromSpeaker::Text {
            reply: R1,
            text: "late".into(),
        },
        done(R1, 40),
        done(R2, 5),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_call_that_listens_is_told_all() {
    assert_eq!(
        told_after(last_words(), LAST_WORDS_WITHIN / 2).await,
        [
            "piece of r1",
            "piece of r1",
            "consumed None 3",
            "piece of r1",
            "done r1 40",
            "done r2 5",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_lost_a_piece_is_billed_and_not_done() {
    assert_eq!(
        told_after(last_words(), LAST_WORDS_WITHIN * 2).await,
        [
            "piece of r1",
            "consumed None 3",
            "consumed Some(ReplyId(1)) 40",
            "done r2 5"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn bills_are_not_owed_for_ever() {
    assert_eq!(
        told_after(last_words(), LAST_BILLS_WITHIN * 2).await,
        ["piece of r1"]
    );
}
