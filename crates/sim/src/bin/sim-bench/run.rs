use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::ensure;
use sim::{
    Delay,
    carrier::Settings,
    fakes::{
        DeepgramSettings, ElevenLabsSettings, FakeDeepgram, FakeElevenLabs, FakeOpenAi, Manner,
        Moment, OpenAiSettings, Pieces, Timeline,
    },
    load::{self, LoadPlan, Phase, Probe, TaggedBrain, TaggedVoice, tagged_ear},
};
use tokio::{sync::mpsc, time::sleep};

use crate::{
    CallArgs,
    child::{AUTH_TOKEN, Cpu, Policy, Providers, Server, Start},
    result::{Row, Usage},
};

/// Moments that wait to be noted; more are lost, which shows as unanswered turns.
const MOMENTS: usize = 1 << 14;

/// Measures one number of calls with a fresh server.
pub(crate) async fn run(args: &CallArgs, calls: usize) -> anyhow::Result<Row> {
    let probe = Arc::new(Mutex::new(Probe::default()));
    let (timeline, moments) = mpsc::channel(MOMENTS);
    let noting = tokio::spawn(note(moments, probe.clone()));
    let providers = providers(timeline).await?;
    let start = Start {
        binary: &args.server,
        core: Some(args.server_core),
        log: args.server_log.as_deref(),
        policy: Policy::Bare,
    };
    let mut server = Server::start(&start, &providers).await?;
    // What a server does once, such as speaking its greeting into the cache, is not the calls'.
    sleep(Duration::from_secs(1)).await;
    let idle = server.memory();
    let carrier = Settings::local(&server.url, Some(AUTH_TOKEN.to_owned()));
    let length = Duration::from_secs(args.seconds);
    let plan = LoadPlan {
        ramp: args.ramp,
        ..LoadPlan::of(calls, length, carrier)
    };
    let mut usage = Usage::from_idle(idle);
    let report = load::run(&plan, &probe, |phase| match phase {
        Phase::AllUp => usage.begin(server.cpu(), own()),
        Phase::Ending => usage.end(server.cpu(), own(), server.memory()),
    })
    .await?;
    ensure!(server.is_alive(), "the server died under the load");
    let ready_after = server.ready_after;
    let violations = providers.violations();
    drop(server);
    drop(providers);
    noting.abort();
    let probe = probe.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Row::new(calls, &report, &probe, usage).with_server(ready_after, violations))
}

/// What the load itself had of its core.
fn own() -> Cpu {
    Cpu::of(std::process::id())
}

/// Delays as real providers have them, without their spread: what varies is ours.
async fn providers(timeline: Timeline) -> anyhow::Result<Providers> {
    let hearing_tags = Manner {
        ear: tagged_ear(),
        ..Manner::default()
    };
    let deepgram = FakeDeepgram::start(DeepgramSettings {
        manner: hearing_tags.lagging(Delay::fixed_ms(100)).for_all(),
        timeline: Some(timeline.clone()),
        ..DeepgramSettings::default()
    });
    let openai = FakeOpenAi::start(OpenAiSettings {
        brain: Arc::new(TaggedBrain),
        first_token: Delay::fixed_ms(200),
        token_gap: Delay::fixed_ms(50),
        pieces: Pieces::Sentences,
        timeline: Some(timeline.clone()),
        ..OpenAiSettings::default()
    });
    let elevenlabs = FakeElevenLabs::start(ElevenLabsSettings {
        voice: Arc::new(TaggedVoice::default()),
        first_audio: Delay::fixed_ms(80),
        chunk_gap: Delay::fixed_ms(40),
        timeline: Some(timeline),
        ..ElevenLabsSettings::default()
    });
    Ok(Providers {
        deepgram: deepgram.await?,
        openai: openai.await?,
        elevenlabs: elevenlabs.await?,
    })
}

async fn note(mut moments: mpsc::Receiver<Moment>, probe: Arc<Mutex<Probe>>) {
    while let Some(moment) = moments.recv().await {
        probe
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .moment(&moment);
    }
}
