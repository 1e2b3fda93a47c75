//! Keys of the telephone, pressed by the agent.

use audio::dtmf;
use providers::llm::Written;
use session::ToolCall;

use crate::{
    line::Sent,
    providers::{FakeEars, FakeModel, FakeVoice},
    world::{Cast, World, rules},
};

#[tokio::test(start_paused = true)]
async fn keys_go_out_as_tones_and_are_kept() {
    let call = Written::Tool(ToolCall {
        id: "c1".into(),
        name: "press_keys".into(),
        arguments: r#"{"keys":"2"}"#.into(),
    });
    let thinks = FakeModel::default();
    thinks.replies.lock().unwrap().push_back(vec![call]);
    let cast = Cast {
        ears: vec![FakeEars::default()],
        models: vec![thinks],
        voices: vec![FakeVoice::default()],
        ..Cast::default()
    };
    let world = World::answer(rules(), &cast);
    world.wait(1_000).await;
    let menu = "For sales, press one. For service, press two.";
    world.say(&cast.ears[0], menu).await;
    world.wait(3_000).await;
    let frames = |(_, sent)| {
        if let Sent::Frames(audio) = sent {
            Some(audio)
        } else {
            None
        }
    };
    let sent: Vec<u8> = world
        .sent()
        .into_iter()
        .filter_map(frames)
        .flatten()
        .collect();
    let tones = dtmf::tones('2').unwrap();
    assert!(sent.windows(tones.len()).any(|piece| piece == tones));
    world.say(&cast.ears[0], "Please hold.").await;
    world.wait(3_000).await;
    let (_, turns) = world.hang_up().await;
    assert_eq!((&*turns[1].caller, &*turns[1].heard), (menu, "pressed 2"));
    let asked = cast.models[0].asked.lock().unwrap();
    let offered = asked.iter().map(|think| think.settings.tools.len());
    assert_eq!(
        offered.collect::<Vec<_>>(),
        [1, 1],
        "a menu may ask for more"
    );
    let told = format!("{:?}", asked[1].prompt.messages);
    assert!(told.contains(r#"{\"pressed\":\"2\"}"#), "{told}");
}
