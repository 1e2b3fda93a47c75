use std::future::ready;

use super::*;

fn say(reply: u32, clause: u32, text: &str) -> ToVoice {
    ToVoice::Say {
        reply: ReplyId(reply),
        clause: ClauseId(clause),
        text: text.to_owned(),
    }
}

/// One byte of audio for every letter, a hundredfold.
fn loud(text: String) -> std::future::Ready<Bytes> {
    ready(vec![0x20; text.len() * 100].into())
}

/// What a voice makes, shortly: `1.0:200` is 200 bytes of reply 1, clause 0.
fn shown(made: &FromVoice) -> String {
    match made {
        FromVoice::Ready => "ready".to_owned(),
        FromVoice::Audio {
            reply,
            clause,
            bytes,
            ..
        } => {
            format!("{}.{}:{}", reply.0, clause.0, bytes.len())
        }
        FromVoice::All(reply) => format!("all {}", reply.0),
    }
}

/// Gives all orders at once and hears what comes of them.
async fn after(orders: Vec<ToVoice>) -> Vec<String> {
    let (order, ordered) = mpsc::channel(16);
    let (made, mut hear) = mpsc::channel(64);
    for each in orders {
        order.send(each).await.expect("room");
    }
    drop(order);
    serve(ordered, made, loud).await;
    let mut all = Vec::new();
    while let Some(piece) = hear.recv().await {
        all.push(shown(&piece));
    }
    all
}

#[tokio::test]
async fn clauses_come_in_order_and_in_pieces() {
    let orders = vec![
        say(1, 0, "seventeen letters"),
        say(1, 1, "two"),
        ToVoice::End(ReplyId(1)),
    ];
    assert_eq!(
        after(orders).await,
        ["ready", "1.0:1600", "1.0:100", "1.1:300", "all 1"]
    );
}

#[tokio::test]
async fn a_cancelled_reply_is_not_finished() {
    let orders = vec![
        say(1, 0, "one"),
        say(1, 1, "two"),
        ToVoice::Cancel(ReplyId(1)),
        say(2, 0, "four"),
        ToVoice::End(ReplyId(2)),
    ];
    assert_eq!(after(orders).await, ["ready", "2.0:400", "all 2"]);
}

#[tokio::test]
async fn a_new_reply_ends_one_that_was_left_open() {
    let orders = vec![say(1, 0, "one"), say(1, 1, "two"), say(2, 0, "four")];
    assert_eq!(after(orders).await, ["ready", "2.0:400"]);
}

#[tokio::test]
async fn a_new_reply_waits_for_one_that_was_ended() {
    let orders = vec![
        say(1, 0, "one"),
        ToVoice::End(ReplyId(1)),
        say(2, 0, "four"),
    ];
    assert_eq!(
        after(orders).await,
        ["ready", "1.0:300", "all 1", "2.0:400"]
    );
}

#[tokio::test]
async fn cancelling_works_while_nobody_takes_the_audio() {
    let (order, ordered) = mpsc::channel(16);
    let (made, mut hear) = mpsc::channel(1);
    let voice = tokio::spawn(serve(ordered, made, loud));
    assert_eq!(
        hear.recv().await.as_ref().map(shown).as_deref(),
        Some("ready")
    );
    order
        .send(say(1, 0, &"long ".repeat(100)))
        .await
        .expect("room");
    assert_eq!(
        hear.recv().await.as_ref().map(shown).as_deref(),
        Some("1.0:1600")
    );
    order.send(ToVoice::Cancel(ReplyId(1))).await.expect("room");
    order.send(say(2, 0, "x")).await.expect("room");
    let mut late = 0;
    while let Some(piece) = hear.recv().await {
        if shown(&piece) == "2.0:100" {
            break;
        }
        late += 1;
    }
    assert!(late <= 2, "{late} pieces of a cancelled reply");
    drop(order);
    voice.await.expect("no panic");
}

#[tokio::test]
async fn a_listener_who_leaves_ends_the_voice() {
    let (order, ordered) = mpsc::channel(16);
    let (made, hear) = mpsc::channel(16);
    order.send(say(1, 0, "one")).await.expect("room");
    drop(hear);
    serve(ordered, made, loud).await;
}
