use domain::EndReason;
use driver::{Agent, nobody_is_left};
use providers::{ProviderError, Verdict, llm::Written};
use session::ToolCall;
use transports::FromLine;

use crate::{
    line::{Sent, sound},
    providers::{FakeEars, FakeModel, FakeVoice, Plan, Plans, broken, silent},
    world::{Cast, World, agent, rules},
};

pub(crate) fn ears(plans: Vec<Plan>) -> FakeEars {
    FakeEars {
        plans: Plans::of(plans),
        ..FakeEars::default()
    }
}

pub(crate) fn model(plans: Vec<Plan>, replies: &[&str]) -> FakeModel {
    FakeModel {
        plans: Plans::of(plans),
        ..FakeModel::saying(replies)
    }
}

pub(crate) fn voice(plans: Vec<Plan>) -> FakeVoice {
    FakeVoice {
        plans: Plans::of(plans),
        ..FakeVoice::default()
    }
}

pub(crate) fn refused() -> ProviderError {
    ProviderError::Refused {
        provider: "fake",
        status: 401,
        detail: "bad key".to_owned(),
        verdict: Verdict::KeyRefused,
    }
}

/// One tenant's mistyped voice is no other tenant's trouble.
#[tokio::test(start_paused = true)]
async fn what_is_refused_of_one_agent_leaves_the_others_their_provider() {
    let not_found = ProviderError::Refused {
        provider: "fake",
        status: 404,
        detail: "voice_not_found".to_owned(),
        verdict: Verdict::SettingsRefused,
    };
    let cast = Cast {
        ears: vec![ears(vec![])],
        models: vec![model(vec![], &[])],
        voices: vec![voice(vec![Plan::Fail(not_found)])],
        ..Cast::default()
    };
    let lakeview = agent(rules(), &cast);
    let mut hillside = lakeview.clone();
    hillside.speak[0].settings.voice = "somebody else".to_owned();
    let world = World::answer_as(lakeview.clone());
    world.wait(1_000).await;
    let breakers = world.exchange.breakers();
    assert!(nobody_is_left(&lakeview, &breakers), "{breakers:?}");
    assert!(!nobody_is_left(&hillside, &breakers), "{breakers:?}");
    assert!(shows_settings(&world), "as refused");
    world.wait(25 * 60 * 60 * 1_000).await;
    assert!(!shows_settings(&world), "nobody asks for them");
    world.hang_up().await;
}

/// Whether metrics show a breaker of an agent's settings.
fn shows_settings(world: &World) -> bool {
    drop(world.exchange.breakers());
    let mut metrics = String::new();
    prometheus_client::encoding::text::encode(&mut metrics, &world.registry).unwrap();
    metrics.contains("as set for anna")
}

#[tokio::test(start_paused = true)]
async fn a_second_recogniser_takes_over() {
    let cast = Cast {
        ears: vec![ears(vec![Plan::Fail(refused())]), ears(vec![])],
        models: vec![model(vec![], &["At nine."])],
        voices: vec![voice(vec![])],
        ..Cast::default()
    };
    let world = World::answer(rules(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[1], "When do you open?").await;
    world.wait(3_000).await;
    let (_, turns) = world.hang_up().await;
    assert_eq!(turns[1].heard, "At nine.");
}

#[tokio::test(start_paused = true)]
async fn a_lost_recogniser_is_called_again_and_hears_what_it_missed() {
    let cast = Cast {
        ears: vec![ears(vec![])],
        models: vec![model(vec![], &[])],
        voices: vec![voice(vec![])],
        ..Cast::default()
    };
    let world = World::answer(rules(), &cast);
    let ears = &cast.ears[0];
    for frame in 0..60 {
        if frame == 30 {
            *ears.open.lock().unwrap() = None;
        }
        world
            .far
            .caller
            .send(FromLine::Audio(sound(0x20, 20)))
            .await
            .unwrap();
        world.wait(20).await;
    }
    world.wait(500).await;
    let heard: usize = ears
        .heard
        .lock()
        .unwrap()
        .iter()
        .map(|piece| match piece {
            ::providers::stt::ToRecogniser::Audio(bytes) => bytes.len(),
            ::providers::stt::ToRecogniser::Finalize => 0,
        })
        .sum();
    assert!(
        heard >= 1_200 * 8 + 600 * 8,
        "everything, and again what was not settled: {heard}"
    );
    assert!(ears.open.lock().unwrap().is_some(), "it listens again");
    world.hang_up().await;
}

#[tokio::test(start_paused = true)]
async fn without_any_recogniser_the_caller_is_told() {
    let cast = Cast {
        ears: vec![ears(vec![Plan::Fail(silent())])],
        models: vec![model(vec![], &[])],
        voices: vec![voice(vec![])],
        ..Cast::default()
    };
    let world = World::answer(rules(), &cast);
    world.wait(20_000).await;
    let (ended, turns) = world.end().await;
    assert_eq!(ended.reason, EndReason::ProviderFailedStt);
    assert!(turns.last().unwrap().heard.ends_with("Goodbye."));
}

#[tokio::test(start_paused = true)]
async fn a_model_is_asked_again_and_then_another_one() {
    let cast = Cast {
        ears: vec![ears(vec![])],
        models: vec![
            model(vec![Plan::Fail(broken()), Plan::Fail(broken())], &[]),
            model(vec![], &["From the second."]),
        ],
        voices: vec![voice(vec![])],
        ..Cast::default()
    };
    let world = World::answer(rules(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "Hello there.").await;
    world.wait(3_000).await;
    assert_eq!(cast.models[0].asked.lock().unwrap().len(), 2);
    let mut metrics = String::new();
    prometheus_client::encoding::text::encode(&mut metrics, &world.registry).unwrap();
    assert!(
        metrics.contains(r#"repartee_fallback_total{from="model0/fake",to="model1/fake"} 1"#),
        "{metrics}"
    );
    let (_, turns) = world.hang_up().await;
    assert_eq!(turns[1].heard, "From the second.");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_never_works_is_excused_and_then_given_up() {
    let cast = Cast {
        ears: vec![ears(vec![])],
        models: vec![model(vec![Plan::Fail(refused()); 9], &[])],
        voices: vec![voice(vec![])],
        ..Cast::default()
    };
    let world = World::answer(rules(), &cast);
    for _ in 0..3 {
        world.wait(6_000).await;
        world.say(&cast.ears[0], "Hello there.").await;
    }
    world.wait(20_000).await;
    assert_eq!(
        cast.models[0].asked.lock().unwrap().len(),
        1,
        "the breaker is open for long"
    );
    let (ended, _) = world.end().await;
    assert_eq!(ended.reason, EndReason::ProviderFailedLlm);
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_breaks_is_replaced_in_the_middle_of_a_reply() {
    let cast = Cast {
        ears: vec![ears(vec![])],
        models: vec![model(
            vec![],
            &["This is the first sentence. This is the second sentence."],
        )],
        voices: vec![
            voice(vec![Plan::Work, Plan::Work, Plan::Fail(refused())]),
            voice(vec![]),
        ],
        ..Cast::default()
    };
    let world = World::answer(rules(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "Go on.").await;
    world.wait(8_000).await;
    let (_, turns) = world.hang_up().await;
    assert_eq!(
        turns[1].heard,
        "This is the first sentence. This is the second sentence."
    );
    assert_eq!(
        *cast.voices[1].said.lock().unwrap(),
        ["This is the second sentence."]
    );
}

#[tokio::test(start_paused = true)]
async fn without_any_voice_the_built_in_apology_is_played() {
    let cast = Cast {
        ears: vec![ears(vec![])],
        models: vec![model(vec![], &["One.", "Two."])],
        voices: vec![voice(vec![Plan::Fail(refused()); 9])],
        ..Cast::default()
    };
    let world = World::answer(rules(), &cast);
    for _ in 0..3 {
        world.wait(9_000).await;
        if world.exchange.live() > 0 {
            world.say(&cast.ears[0], "Hello there.").await;
        }
    }
    world.wait(20_000).await;
    let (ended, _) = world.end().await;
    assert_eq!(ended.reason, EndReason::ProviderFailedTts);
}

#[tokio::test(start_paused = true)]
async fn an_apology_of_ones_own_stands_in_for_the_built_in_one() {
    let cast = Cast {
        ears: vec![ears(vec![])],
        models: vec![model(vec![], &[])],
        voices: vec![voice(vec![Plan::Fail(refused()); 9])],
        ..Cast::default()
    };
    let own = sound(0x20, 200);
    let world = World::answer_as(Agent {
        apology: Some(own.clone()),
        ..agent(rules(), &cast)
    });
    world.wait(8_000).await;
    let heard: Vec<u8> = world
        .sent()
        .into_iter()
        .filter_map(|(_, sent)| match sent {
            Sent::Frames(audio) => Some(audio),
            Sent::Clear | Sent::Close | Sent::Mark(_) => None,
        })
        .flatten()
        .collect();
    assert_eq!(heard, own);
    world.hang_up().await;
}

#[tokio::test(start_paused = true)]
async fn a_bug_ends_one_call_and_is_counted() {
    let bug = Cast {
        ears: vec![ears(vec![])],
        models: vec![model(vec![Plan::Panic], &[])],
        voices: vec![voice(vec![])],
        ..Cast::default()
    };
    let world = World::answer(rules(), &bug);
    world.wait(1_000).await;
    world.say(&bug.ears[0], "Hello there.").await;
    let mut metrics = String::new();
    world.wait(1_000).await;
    prometheus_client::encoding::text::encode(&mut metrics, &world.registry).unwrap();
    assert!(metrics.contains("repartee_panics_total 1"), "{metrics}");
    let (ended, turns) = world.end().await;
    assert_eq!(ended.reason, EndReason::InternalError);
    assert_eq!(turns[0].heard, "Hello", "what was heard before is kept");
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_does_not_exist_is_answered_to_the_model() {
    let call = ToolCall {
        id: "c1".into(),
        name: "launch".into(),
        arguments: "{}".into(),
    };
    let thinks = model(vec![], &[]);
    thinks
        .replies
        .lock()
        .unwrap()
        .push_back(vec![Written::Tool(call)]);
    thinks
        .replies
        .lock()
        .unwrap()
        .push_back(vec![Written::Text("I cannot do that.".into())]);
    let cast = Cast {
        ears: vec![ears(vec![])],
        models: vec![thinks],
        voices: vec![voice(vec![])],
        ..Cast::default()
    };
    let world = World::answer(rules(), &cast);
    world.wait(1_000).await;
    world.say(&cast.ears[0], "Launch it.").await;
    world.wait(4_000).await;
    let (_, turns) = world.hang_up().await;
    assert_eq!(turns[1].tools, ["launch"]);
    assert_eq!(turns[1].heard, "I cannot do that.");
}

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_keeps_its_words_is_replaced() {
    let cast = Cast {
        ears: vec![ears(vec![]), ears(vec![])],
        models: vec![model(vec![], &["At nine."])],
        voices: vec![voice(vec![])],
        ..Cast::default()
    };
    let world = World::answer(rules(), &cast);
    world.wait(1_000).await;
    speak(&world, 1_000).await;
    world.wait(3_000).await;
    assert!(
        cast.ears[1].open.lock().unwrap().is_some(),
        "the second one listens"
    );
    assert!(
        !cast.ears[1].heard.lock().unwrap().is_empty(),
        "and hears what the first one kept"
    );
    world.say(&cast.ears[1], "When do you open?").await;
    world.wait(3_000).await;
    let (_, turns) = world.hang_up().await;
    assert_eq!(turns.last().unwrap().heard, "At nine.");
}

/// The caller makes the recorded sound of speech for some time, and is quiet for a while.
async fn speak(world: &World, ms: u64) {
    let phrase = ::providers::offline::fixtures::caller_phrases()[0].ulaw;
    let quiet = sound(0xff, 800);
    let bytes = phrase
        .iter()
        .copied()
        .cycle()
        .take(usize::try_from(ms * 8).unwrap());
    for frame in bytes
        .chain(quiet.iter().copied())
        .collect::<Vec<u8>>()
        .chunks(160)
    {
        let frame = FromLine::Audio(bytes::Bytes::copy_from_slice(frame));
        world.far.caller.send(frame).await.unwrap();
        world.wait(20).await;
    }
}

#[tokio::test(start_paused = true)]
async fn everyone_who_may_be_asked_is_shown_before_anyone_calls() {
    let cast = Cast {
        ears: vec![ears(vec![]), ears(vec![])],
        models: vec![model(vec![], &[]), model(vec![], &[])],
        voices: vec![voice(vec![]), voice(vec![])],
        ..Cast::default()
    };
    let world = World::answer(rules(), &cast);
    world.exchange.rehearse(&agent(rules(), &cast)).await;
    let shown = world.exchange.breakers();
    let names: Vec<String> = shown.iter().map(|at| at.of.to_string()).collect();
    assert_eq!(
        names,
        [
            "ears0/fake",
            "ears1/fake",
            "model0/fake",
            "model1/fake",
            "voice0/fake",
            "voice1/fake",
            "ears0",
            "ears1",
            "model0",
            "model1",
            "voice0",
            "voice1",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_given_up_behind_a_filler_writes_no_more() {
    let mut rules = rules();
    rules.mask.give_up_after = domain::Millis(2_000);
    let cast = Cast {
        ears: vec![ears(vec![])],
        models: vec![model(vec![Plan::Hang], &[])],
        voices: vec![voice(vec![])],
        ..Cast::default()
    };
    let world = World::answer(rules, &cast);
    let idle = cast.models[0].holders();
    world.wait(1_000).await;
    world.say(&cast.ears[0], "Hello there.").await;
    world.wait(2_000).await;
    assert!(cast.models[0].holders() > idle, "it is asked");
    world.wait(1_000).await;
    assert_eq!(cast.models[0].holders(), idle, "nobody waits for it");
    world.wait(5_000).await;
    let (_, turns) = world.hang_up().await;
    let heard = &turns[1].heard;
    assert!(heard.ends_with("Could you say that again?"), "{heard}");
}
