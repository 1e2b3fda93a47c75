//! Those who speak.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use driver::Station;
use providers::{
    Secret,
    tts::{ElevenLabs, ElevenLabsHttp, OpenAiSpeech, TextToSpeech, Voice},
};
use serde_json::Value;
use tokio::time::Instant;

use super::{Post, base};
use crate::{
    Delay,
    chaos::Set,
    fakes::{
        ElevenLabsSettings, FakeElevenLabs, FakeOpenAi, OpenAiSettings, SpeechFault,
        SpeechSettings, SpokenStream, Timeline, TtsFault, Violation, Voice as Says,
    },
};

/// From a text to its first audio, and between two pieces of it.
const FIRST_AUDIO: Delay = Delay::fixed_ms(80);
const CHUNK_GAP: Delay = Delay::fixed_ms(20);
/// Sound in a piece.
const CHUNK: Duration = Duration::from_millis(400);

/// A voice that is not there.
pub(in crate::chaos) enum FakeVoice {
    /// A request for each clause, of lines.
    Clauses(FakeElevenLabs),
    /// A socket for each reply.
    Socket(FakeElevenLabs),
    /// A request for each clause, of wide sound.
    Wide(FakeOpenAi),
}

impl FakeVoice {
    pub(super) async fn start(
        set: Set,
        voice: Arc<dyn Says>,
        timeline: Timeline,
    ) -> anyhow::Result<Self> {
        let timeline = Some(timeline);
        if set == Set::Flux {
            let fake = FakeOpenAi::start(OpenAiSettings {
                speech: SpeechSettings {
                    voice,
                    first_audio: FIRST_AUDIO,
                    chunk: CHUNK,
                    chunk_gap: CHUNK_GAP,
                },
                timeline,
                ..OpenAiSettings::default()
            });
            return Ok(Self::Wide(fake.await?));
        }
        let fake = FakeElevenLabs::start(ElevenLabsSettings {
            voice,
            first_audio: FIRST_AUDIO,
            chunk: CHUNK,
            chunk_gap: CHUNK_GAP,
            timeline,
            ..ElevenLabsSettings::default()
        });
        let fake = fake.await?;
        Ok(match set {
            Set::Nova => Self::Socket(fake),
            Set::Flux | Set::Files => Self::Clauses(fake),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        match self {
            Self::Clauses(fake) | Self::Socket(fake) => fake.address(),
            Self::Wide(fake) => fake.address(),
        }
    }

    pub(in crate::chaos) fn attempts(&self) -> Vec<Instant> {
        match self {
            Self::Clauses(fake) => fake.clauses().attempts(),
            Self::Socket(fake) => fake.attempts(),
            Self::Wide(fake) => fake.speech().attempts(),
        }
    }

    pub(in crate::chaos) fn fail_once(&self, fault: TtsFault) {
        match self {
            Self::Clauses(fake) => fake.clauses().fail_once(with_clauses(fault)),
            Self::Socket(fake) => fake.fail_once(fault),
            Self::Wide(fake) => fake.speech().fail_once(with_clauses(fault)),
        }
    }

    pub(in crate::chaos) fn fail_always(&self, fault: Option<TtsFault>) {
        match self {
            Self::Clauses(fake) => fake.clauses().fail_always(fault.map(with_clauses)),
            Self::Socket(fake) => fake.fail_always(fault),
            Self::Wide(fake) => fake.speech().fail_always(fault.map(with_clauses)),
        }
    }

    /// Sends files in place of samples, where a file can be told from samples.
    pub(in crate::chaos) fn speak_in_files(&self) {
        match self {
            Self::Clauses(_) | Self::Socket(_) => {}
            Self::Wide(fake) => fake.speech().fail_always(Some(SpeechFault::Wav)),
        }
    }

    /// Connections that were opened for the next reply and given nothing to say.
    pub(super) fn spares(&self) -> usize {
        let is_spare = |stream: &SpokenStream| {
            let blank = |message: &String| message.contains("\"text\":\" \"");
            stream.messages.iter().all(blank)
        };
        match self {
            Self::Clauses(_) | Self::Wide(_) => 0,
            Self::Socket(fake) => fake.seen().into_iter().filter(is_spare).count(),
        }
    }

    /// What was taken to be spoken: of each socket that was given anything, of each request.
    pub(in crate::chaos) fn texts(&self) -> Vec<String> {
        match self {
            Self::Clauses(_) | Self::Wide(_) => {
                let requests = self.requests().into_iter();
                let taken = requests.filter(|(status, _text)| *status == 200);
                taken.map(|(_status, text)| text).collect()
            }
            Self::Socket(fake) => {
                let streams = fake.seen().into_iter();
                let given = streams.filter(|stream| stream.characters > 0);
                given.map(|stream| stream.spoken.join(" ")).collect()
            }
        }
    }

    /// The text of every request for a clause, and the status it was answered with.
    pub(super) fn requests(&self) -> Vec<(u16, String)> {
        let request = |(status, text): (u16, &Value)| {
            let text = text.as_str()?;
            Some((status, text.trim().to_owned()))
        };
        match self {
            Self::Clauses(fake) => {
                let asked = fake.clauses().seen();
                let texts = asked.iter().map(|it| (it.status, &it.body["text"]));
                texts.filter_map(request).collect()
            }
            Self::Socket(_) => Vec::new(),
            Self::Wide(fake) => {
                let asked = fake.speech().seen();
                let texts = asked.iter().map(|it| (it.status, &it.body["input"]));
                texts.filter_map(request).collect()
            }
        }
    }

    /// Characters that were to be spoken.
    pub(in crate::chaos) fn characters(&self) -> u64 {
        match self {
            Self::Socket(fake) => fake.seen().iter().map(|stream| stream.characters).sum(),
            Self::Clauses(_) | Self::Wide(_) => {
                let texts = self.texts();
                texts.iter().map(|text| text.chars().count() as u64).sum()
            }
        }
    }

    pub(in crate::chaos) fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Clauses(fake) => [fake.clauses().violations(), fake.violations()].concat(),
            Self::Socket(fake) => fake.violations(),
            Self::Wide(fake) => [fake.speech().violations(), fake.violations()].concat(),
        }
    }
}

/// What a fault of a socket is with clauses: each of them fails.
fn with_clauses(fault: TtsFault) -> SpeechFault {
    match fault {
        TtsFault::DropAfter(pieces) => SpeechFault::CutAfter(pieces),
        TtsFault::Garbage => SpeechFault::Garbage,
        TtsFault::Mute | TtsFault::NoAnswer => SpeechFault::NoAnswer,
        TtsFault::NoQuota => SpeechFault::NoQuota,
        TtsFault::Refuse(status) => SpeechFault::Refuse(status),
        TtsFault::Slow(more) => SpeechFault::Slow(more),
        TtsFault::TooMany => SpeechFault::Busy {
            retry_after: Duration::from_secs(1),
        },
    }
}

pub(super) fn speak(
    voices: &[Post<FakeVoice>; 2],
    (set, name): (Set, &str),
) -> anyhow::Result<Vec<Station<dyn TextToSpeech, Voice>>> {
    let (model, voice) = match set {
        Set::Nova | Set::Files => ("eleven_flash_v2_5", "v"),
        Set::Flux => ("gpt-4o-mini-tts", "nova"),
    };
    let settings = Voice::plain(model, voice);
    let station = |(place, post): (usize, &Post<FakeVoice>)| -> anyhow::Result<_> {
        let (base, elevenlabs) = (base(post, set)?, ElevenLabsSettings::default().key);
        let provider: Arc<dyn TextToSpeech> = match post.fake {
            FakeVoice::Clauses(_) => {
                let key = Secret::parse(&elevenlabs)?;
                Arc::new(ElevenLabsHttp::new(base, key))
            }
            FakeVoice::Socket(_) => Arc::new(ElevenLabs::new(base, Secret::parse(&elevenlabs)?)),
            FakeVoice::Wide(_) => {
                let key = Secret::parse(&OpenAiSettings::default().key)?;
                Arc::new(OpenAiSpeech::new(base, Some(key)))
            }
        };
        Ok(Station {
            name: format!("voice{place}/{name}").parse()?,
            provider,
            settings: settings.clone(),
        })
    };
    voices.iter().enumerate().map(station).collect()
}
