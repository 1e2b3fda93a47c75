//! The fake providers of a cast: each of its roles is served in its own manner.

use std::{io, sync::Arc, time::Duration};

use super::{cast::Cast, desk::Replies, ear::StampEar, voice::StampVoice};
use crate::{
    Delay,
    fakes::{
        DeepgramSettings, ElevenLabsSettings, FakeDeepgram, FakeElevenLabs, FakeOpenAi,
        HeardStream, Manner, OpenAiSettings, SpokenStream, VoiceManner,
    },
    turns::scenario::{Spread, Stt},
};

/// Everybody that the server talks to beside callers.
#[derive(Debug)]
pub struct Fakes {
    /// Recognises.
    pub deepgram: FakeDeepgram,
    /// Writes.
    pub openai: FakeOpenAi,
    /// Speaks.
    pub elevenlabs: FakeElevenLabs,
}

impl Fakes {
    /// Starts them on free ports.
    ///
    /// # Errors
    /// When a port cannot be had.
    pub async fn start(cast: &Arc<Cast>, seed: u64) -> io::Result<Self> {
        let (ears, voices) = (cast.clone(), cast.clone());
        let deepgram = DeepgramSettings {
            manner: Arc::new(move |stream| ear_manner(&ears, stream)),
            seed,
            ..DeepgramSettings::default()
        };
        let openai = OpenAiSettings {
            brain: Arc::new(Replies(cast.clone())),
            seed,
            ..OpenAiSettings::default()
        };
        let elevenlabs = ElevenLabsSettings {
            manners: Some(Arc::new(move |stream| voice_manner(&voices, stream))),
            chunk: CHUNK,
            seed,
            ..ElevenLabsSettings::default()
        };
        Ok(Self {
            deepgram: FakeDeepgram::start(deepgram).await?,
            openai: FakeOpenAi::start(openai).await?,
            elevenlabs: FakeElevenLabs::start(elevenlabs).await?,
        })
    }
}

/// Audio in one message of the voice.
const CHUNK: Duration = Duration::from_millis(200);

/// The silence after which the server asks for the words, unless it is told otherwise.
const ASKED_AFTER_MS: u64 = 200;
/// Words that may still change come so long after their sound, if the recogniser is not slow.
const INTERIM: Spread = Spread::between(150, 300);

/// How the recogniser of a stream behaves. Who is slow with final words is slow with all.
fn ear_manner(cast: &Cast, stream: &HeardStream) -> Manner {
    let terms = stream.query.iter().filter(|(name, _)| name == "keyterm");
    let mut roles = terms.filter_map(|(_, term)| cast.find(term));
    let Some(role) = roles.next() else {
        return Manner::default();
    };
    let stt = role.scenario.stt;
    let usual = Stt::default().final_ms;
    let interim = Spread::between(
        INTERIM.p50 + stt.final_ms.p50.saturating_sub(usual.p50),
        INTERIM.p95 + stt.final_ms.p95.saturating_sub(usual.p95),
    );
    let asked = Spread::between(
        stt.final_ms.p50.saturating_sub(ASKED_AFTER_MS).max(1),
        stt.final_ms.p95.saturating_sub(ASKED_AFTER_MS).max(1),
    );
    let own = role.clone();
    Manner {
        interim_lag: interim.delay(),
        final_lag: stt.final_ms.delay(),
        finalize_lag: asked.delay(),
        lost_finals: stt.finals_lost_percent / 100.0,
        punctuates: stt.punctuates,
        ..Manner::hearing(move || StampEar::new(own.clone()))
    }
}

fn voice_manner(cast: &Cast, stream: &SpokenStream) -> Option<VoiceManner> {
    let role = cast.find(&stream.voice)?;
    let tts = role.scenario.tts;
    Some(VoiceManner {
        voice: Arc::new(StampVoice(role.clone())),
        first_audio: tts.first_ms.delay(),
        chunk_gap: Delay::Fixed(CHUNK.div_f64(tts.speed.max(1.0))),
        character_times: tts.word_times,
    })
}
