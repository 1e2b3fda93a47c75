//! Those who listen.

use std::{net::SocketAddr, sync::Arc};

use audio::g711::BYTES_PER_MS;
use driver::Station;
use providers::{
    Secret,
    stt::{Deepgram, DeepgramFlux, Listen, OpenAiTranscription, SpeechToText},
};
use tokio::time::Instant;

use super::{Post, base};
use crate::{
    Delay,
    chaos::{Set, code::CodedEar},
    fakes::{
        DeepgramSettings, FakeDeepgram, FakeOpenAi, Manner, OpenAiSettings, SttFault, Timeline,
        TranscriptionFault, TranscriptionSettings, Violation,
    },
};

/// A recogniser that is not there.
pub(in crate::chaos) enum FakeEar {
    /// Takes a file for each stretch of speech.
    Files(FakeOpenAi),
    /// Takes a call's sound as it comes.
    Socket(FakeDeepgram),
}

/// What one was sent.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::chaos) struct Sound {
    pub(in crate::chaos) ms: u64,
    /// Connections which may have been cut while sound was on its way.
    pub(in crate::chaos) streams: u64,
}

impl FakeEar {
    pub(super) async fn start(set: Set, timeline: Timeline) -> anyhow::Result<Self> {
        let timeline = Some(timeline);
        Ok(match set {
            Set::Nova | Set::Flux => {
                let manner = Manner {
                    interim_lag: Delay::fixed_ms(150),
                    final_lag: Delay::fixed_ms(200),
                    finalize_lag: Delay::fixed_ms(50),
                    ..Manner::hearing(CodedEar::default)
                };
                let fake = FakeDeepgram::start(DeepgramSettings {
                    manner: manner.for_all(),
                    timeline,
                    ..DeepgramSettings::default()
                });
                Self::Socket(fake.await?)
            }
            Set::Files => {
                let fake = FakeOpenAi::start(OpenAiSettings {
                    transcription: TranscriptionSettings {
                        ear: Arc::new(|| Box::new(CodedEar::default())),
                        lag: Delay::fixed_ms(200),
                    },
                    timeline,
                    ..OpenAiSettings::default()
                });
                Self::Files(fake.await?)
            }
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        match self {
            Self::Files(fake) => fake.address(),
            Self::Socket(fake) => fake.address(),
        }
    }

    /// When somebody connected, or sent a file.
    pub(in crate::chaos) fn attempts(&self) -> Vec<Instant> {
        match self {
            Self::Files(fake) => fake.transcription().attempts(),
            Self::Socket(fake) => fake.attempts(),
        }
    }

    pub(in crate::chaos) fn fail_once(&self, fault: SttFault) {
        match self {
            Self::Files(fake) => fake.transcription().fail_once(with_files(fault)),
            Self::Socket(fake) => fake.fail_once(fault),
        }
    }

    pub(in crate::chaos) fn fail_always(&self, fault: Option<SttFault>) {
        match self {
            Self::Files(fake) => fake.transcription().fail_always(fault.map(with_files)),
            Self::Socket(fake) => fake.fail_always(fault),
        }
    }

    pub(in crate::chaos) fn sound(&self) -> Sound {
        match self {
            Self::Files(fake) => {
                let files = fake.transcription().seen();
                let taken = files.iter().filter(|file| file.status == 200);
                Sound {
                    ms: taken.map(|file| file.ms).sum(),
                    streams: 0,
                }
            }
            Self::Socket(fake) => {
                let streams = fake.seen();
                let bytes: u64 = streams.iter().map(|stream| stream.audio_bytes).sum();
                Sound {
                    ms: bytes / BYTES_PER_MS,
                    streams: streams.len() as u64,
                }
            }
        }
    }

    pub(in crate::chaos) fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Files(fake) => [fake.transcription().violations(), fake.violations()].concat(),
            Self::Socket(fake) => fake.violations(),
        }
    }
}

/// What a fault of a connection is with files: a file has none of its own, so each of them fails.
fn with_files(fault: SttFault) -> TranscriptionFault {
    match fault {
        SttFault::DropAfter(_) => TranscriptionFault::Cut,
        SttFault::Garbage => TranscriptionFault::Garbage,
        SttFault::Mute | SttFault::NoAnswer => TranscriptionFault::NoAnswer,
        SttFault::Refuse(401) => TranscriptionFault::KeyRefused,
        SttFault::Refuse(402) => TranscriptionFault::NoQuota,
        SttFault::Refuse(status) => TranscriptionFault::Refuse(status),
        SttFault::Slow(more) => TranscriptionFault::Slow(more),
    }
}

pub(super) fn listen(
    ears: &[Post<FakeEar>; 2],
    (set, name): (Set, &str),
) -> anyhow::Result<Vec<Station<dyn SpeechToText, Listen>>> {
    let model = match set {
        Set::Nova => "nova-3",
        Set::Flux => "flux-general-en",
        Set::Files => "gpt-transcribe",
    };
    let settings = Listen::plain(model);
    let station = |(place, post): (usize, &Post<FakeEar>)| -> anyhow::Result<_> {
        let (base, deepgram) = (base(post, set)?, DeepgramSettings::default().key);
        let provider: Arc<dyn SpeechToText> = match set {
            Set::Nova => Arc::new(Deepgram::new(base, Secret::parse(&deepgram)?)),
            Set::Flux => Arc::new(DeepgramFlux::new(base, Secret::parse(&deepgram)?)),
            Set::Files => {
                let key = Secret::parse(&OpenAiSettings::default().key)?;
                Arc::new(OpenAiTranscription::new(base, Some(key)))
            }
        };
        Ok(Station {
            name: format!("ears{place}/{name}").parse()?,
            provider,
            settings: settings.clone(),
        })
    };
    ears.iter().enumerate().map(station).collect()
}
