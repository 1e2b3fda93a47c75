//! A recogniser beside a model that hears the caller itself.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_only_writes_ends_no_turn() {
    let mut rig = Rig::start();
    let connection = rig.connected().await;
    let ends = || async {
        connection
            .tell(Recognised::Words(Words {
                text: "Hello.".to_owned(),
                settled: true,
                ends_utterance: true,
                ..Words::default()
            }))
            .await;
        for end in [
            Recognised::TurnLikely,
            Recognised::TurnEnded { confidence: 90 },
            Recognised::TurnResumed,
            Recognised::UtteranceOver,
        ] {
            connection.tell(end).await;
        }
        settle().await;
    };
    rig.only_writes.store(true, Ordering::SeqCst);
    ends().await;
    rig.only_writes.store(false, Ordering::SeqCst);
    ends().await;
    let mut told = Vec::new();
    while let Ok(input) = rig.mailbox.try_recv() {
        told.push(input.to_string());
    }
    assert_eq!(
        told,
        [
            "settled \"Hello.\"",
            "utterance \"Hello.\"",
            "likely",
            "ended 90",
            "resumed",
            "over"
        ]
    );
}
