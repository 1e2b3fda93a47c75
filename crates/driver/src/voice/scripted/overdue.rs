//! Voices that keep the caller waiting.

use super::*;

const TWO: ReplyId = ReplyId(2);

impl Rig {
    async fn says_next(&self, text: &str) {
        self.order(ToVoice::Say {
            reply: TWO,
            clause: ClauseId(0),
            text: text.to_owned(),
        })
        .await;
    }
}

fn begun(reply: ReplyId) -> FromVoice {
    FromVoice::Audio {
        reply,
        clause: ClauseId(0),
        bytes: vec![0x20; 3_200].into(),
        words: Vec::new(),
    }
}

async fn pass(ms: u64) {
    tokio::time::advance(Duration::from_millis(ms)).await;
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_steps_in_has_what_the_first_left_of_the_callers_patience() {
    let mut rig = Rig::start();
    let first = rig.connected(0).await;
    rig.say(0, "We open at nine.").await;
    pass(1_500).await;
    first.fails(late()).await;
    let _second = rig.connected(1).await;
    pass(1_190).await;
    assert!(rig.told().is_empty(), "it has a little longer");
    pass(20).await;
    assert_eq!(rig.told(), ["no-voice r1"]);
    rig.say(1, "And close at five.").await;
    rig.says_next("Are you there?").await;
    let mut again = rig.connected(0).await;
    assert_eq!(again.given(), ["Are you there?"]);
    again.makes(begun(TWO)).await;
    pass(5_000).await;
    assert!(rig.told().is_empty(), "it began in time");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_given_up_for_the_time_while_somebody_else_is_left() {
    let mut rig = Rig::start();
    let first = rig.connection(0).await;
    rig.say(0, "We open at nine.").await;
    pass(2_800).await;
    assert!(rig.told().is_empty(), "its own deadlines say when");
    first.fails(late()).await;
    let mut second = rig.connected(1).await;
    assert_eq!(second.given(), ["We open at nine."]);
    pass(1_100).await;
    assert!(rig.told().is_empty(), "the last one has its time");
    pass(110).await;
    assert_eq!(rig.told(), ["no-voice r1"]);
}
