//! A session after the other: history, pauses, and what becomes of a session that cannot follow.

use super::*;

fn short() -> Deadlines {
    Deadlines {
        recycle: Duration::from_millis(1),
        recycle_again: Duration::from_millis(1),
        ..Deadlines::default()
    }
}

#[tokio::test]
async fn a_new_session_is_filled_with_what_was_said() {
    let server = Loopback::new().await;
    let said = vec![
        caller("Hello."),
        Message::Agent {
            text: "Hi, this is".into(),
            interrupted: true,
            tools: Vec::new(),
        },
    ];
    let mut call = Call::begin(
        &server,
        talk(TurnDetection::Ours, said),
        Deadlines::default(),
    );
    let mut socket = session(&server).await;
    assert_eq!(
        sent(&mut socket).await,
        "conversation.item.create user Hello."
    );
    assert_eq!(
        sent(&mut socket).await,
        "conversation.item.create assistant Hi, this is…"
    );
    assert_eq!(call.next().await, "ready");
}

#[tokio::test]
async fn earlier_calls_stand_in_front_in_every_session() {
    let server = Loopback::new().await;
    let (call, mut old) = Call::open(&server, TurnDetection::Ours, short()).await;
    call.speak(20).await;
    assert_eq!(sent(&mut old).await, "input_audio_buffer.append 20 ms");
    let mut new = session(&server).await;
    let earlier = vec![caller("Last week."), Message::Note("[That was then.]")];
    call.order(ToSpeaker::Recall(earlier)).await;
    call.order(ToSpeaker::Clear).await;
    let items = [
        "conversation.item.create user Last week.",
        "conversation.item.create system [That was then.]",
    ];
    for message in items.into_iter().chain(["input_audio_buffer.clear"]) {
        assert_eq!(sent(&mut old).await, message);
    }
    for message in items {
        assert_eq!(sent(&mut new).await, message);
    }
}

#[tokio::test]
async fn another_session_takes_over_in_a_pause() {
    let server = Loopback::new().await;
    let (mut call, mut old) = Call::open(&server, TurnDetection::Ours, short()).await;
    call.speak(100).await;
    call.commit(R1, vec![caller("Hello.")]).await;
    for message in [
        "input_audio_buffer.append 100 ms",
        "input_audio_buffer.commit",
        "response.create r1",
    ] {
        assert_eq!(sent(&mut old).await, message);
    }
    // The spare stands, but a reply is being made.
    let mut new = session(&server).await;
    begin(&mut old, "r1").await;
    say(&mut old, "r1", "Hi there.").await;
    audio(&mut old, "r1", 10).await;
    old.write(r#"{"type":"input_audio_buffer.committed","item_id":"a"}"#)
        .await;
    old.write(r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"a","transcript":"Hello."}"#)
        .await;
    done(&mut old, "r1", "completed").await;
    for told in [
        "text r1 Hi there.",
        "audio r1 10 ms",
        "words Hello..",
        "done r1 20",
    ] {
        assert_eq!(call.next().await, told);
    }
    for message in [
        "conversation.item.create user Hello.",
        "conversation.item.create assistant Hi there.",
        "session.update You are Ana.",
    ] {
        assert_eq!(sent(&mut new).await, message);
    }
    assert_eq!(sent(&mut old).await, "hung up");

    // Times are counted from the call's first audio, whichever session tells them.
    new.write(r#"{"type":"input_audio_buffer.speech_started","audio_start_ms":5,"item_id":"b"}"#)
        .await;
    assert_eq!(call.next().await, "started 0.105");
    call.respond(R2, Vec::new()).await;
    assert_eq!(sent(&mut new).await, "response.create r2");
}

#[tokio::test]
async fn a_session_that_takes_over_hears_what_the_old_one_has_not_told_of() {
    let server = Loopback::new().await;
    let (mut call, mut old) = Call::open(&server, VAD, short()).await;
    old.write(r#"{"type":"input_audio_buffer.speech_started","audio_start_ms":0,"item_id":"a"}"#)
        .await;
    assert_eq!(call.next().await, "started 0.000");
    for _piece in 0..6 {
        call.speak(100).await;
        assert_eq!(sent(&mut old).await, "input_audio_buffer.append 100 ms");
    }
    let mut new = session(&server).await;
    old.write(r#"{"type":"input_audio_buffer.speech_stopped","audio_end_ms":200,"item_id":"a"}"#)
        .await;
    old.write(r#"{"type":"input_audio_buffer.committed","item_id":"a"}"#)
        .await;
    old.write(r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"a","transcript":"Hello."}"#)
        .await;
    for message in [
        "conversation.item.create user Hello.",
        "input_audio_buffer.append 100 ms",
        "input_audio_buffer.append 100 ms",
        "input_audio_buffer.append 100 ms",
        "input_audio_buffer.append 100 ms",
        "session.update You are Ana.",
    ] {
        assert_eq!(sent(&mut new).await, message);
    }
    for told in ["stopped 0.200", "turn ended", "words Hello.."] {
        assert_eq!(call.next().await, told);
    }
    new.write(r#"{"type":"input_audio_buffer.speech_started","audio_start_ms":50,"item_id":"b"}"#)
        .await;
    assert_eq!(call.next().await, "started 0.250");
}

#[tokio::test]
async fn a_commit_that_is_refused_without_its_name_holds_up_no_session() {
    let server = Loopback::new().await;
    let (call, mut old) = Call::open(&server, TurnDetection::Ours, short()).await;
    call.speak(100).await;
    call.commit(R1, vec![caller("Hello.")]).await;
    for _message in 0..3 {
        sent(&mut old).await;
    }
    let mut new = session(&server).await;
    old.write(
        r#"{"type":"error","error":{"code":"input_audio_buffer_commit_empty","message":"no"}}"#,
    )
    .await;
    begin(&mut old, "r1").await;
    say(&mut old, "r1", "Hi there.").await;
    done(&mut old, "r1", "completed").await;
    assert_eq!(sent(&mut new).await, "conversation.item.create user Hello.");
}

#[tokio::test]
async fn no_session_takes_over_in_the_middle_of_a_turn() {
    let server = Loopback::new().await;
    let (call, mut old) = Call::open(&server, TurnDetection::Ours, short()).await;
    call.speak(20).await;
    assert_eq!(sent(&mut old).await, "input_audio_buffer.append 20 ms");
    let mut new = session(&server).await;
    call.speak(80).await;
    assert_eq!(sent(&mut old).await, "input_audio_buffer.append 80 ms");
    call.order(ToSpeaker::Clear).await;
    assert_eq!(sent(&mut old).await, "input_audio_buffer.clear");
    assert_eq!(sent(&mut new).await, "session.update You are Ana.");
    assert_eq!(sent(&mut old).await, "hung up");
}

#[tokio::test]
async fn a_session_that_cannot_follow_is_tried_again_later() {
    let server = Loopback::new().await;
    let (call, mut old) = Call::open(&server, TurnDetection::Ours, short()).await;
    call.speak(20).await;
    server.answer(&answer("503 Unavailable", "", "")).await;
    let broken = session(&server).await;
    broken.close(1_001, "restart").await;
    assert_eq!(sent(&mut old).await, "input_audio_buffer.append 20 ms");
    let mut new = session(&server).await;
    call.order(ToSpeaker::Clear).await;
    assert_eq!(sent(&mut old).await, "input_audio_buffer.clear");
    assert_eq!(sent(&mut new).await, "session.update You are Ana.");
}
