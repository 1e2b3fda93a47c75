//! Who does the work of a call: sets of providers, and the fakes that stand for them.

use std::{sync::Arc, time::Duration};

use clap::ValueEnum;
use sim::{
    Delay,
    fakes::{
        AnthropicSettings, DeepgramSettings, ElevenLabsSettings, FakeAnthropic, FakeDeepgram,
        FakeElevenLabs, FakeOpenAi, FakeRealtime, Manner, OpenAiSettings, Pieces, RealtimeSettings,
        Speech, SpeechSettings, Timeline, TranscriptionSettings, What,
    },
    load::{BeatingVoice, LoadPlan, TaggedBrain, TaggedVoice, tagged_ear},
};

use crate::child::Providers;

/// From the sound to its words, from the request to the first of a reply, from a clause to its
/// first sound. As real providers have them, without their spread: what varies is ours.
const WORDS_MS: u64 = 100;
const FIRST_TOKEN_MS: u64 = 200;
const FIRST_AUDIO_MS: u64 = 80;
/// Silence after which a recogniser that ends turns does so.
const PAUSE_MS: u64 = 300;
/// The same for one that ends them when it is sure enough, which Flux is asked to be at 0.7.
const SURE_MS: u64 = PAUSE_MS * 10 / 7 + 1;

/// A set of providers, in the order in which they are measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Set {
    /// Deepgram Nova, OpenAI, ElevenLabs
    Nova,
    /// Deepgram Flux, Anthropic, OpenAI's speech
    Flux,
    /// OpenAI's transcription of files, OpenAI, ElevenLabs over HTTP
    Files,
    /// Deepgram Nova, a compatible server, Deepgram Aura
    Aura,
    /// OpenAI Realtime, with Deepgram Nova beside it
    Realtime,
    /// The engines that are installed
    Offline,
}

/// Who ends a turn.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum TurnEnd {
    /// The recogniser, at once, and nothing is begun before: no wait of ours is in a turn
    Provider,
    /// We do, as callers meet it: from silence and words, with answers that are begun early
    Words,
}

/// What the fakes can tell of our part of a turn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Told {
    Everything,
    Nothing,
    /// Only when sound was sent: the rest is in one model.
    Sound,
}

impl Told {
    /// Whether this says something about our part.
    pub(crate) const fn counts(self, what: &What) -> bool {
        match self {
            Self::Everything => true,
            Self::Nothing => false,
            Self::Sound => matches!(what, What::SpeechSent(_)),
        }
    }
}

impl Set {
    /// What it is called in a table.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Nova => "Deepgram Nova, OpenAI, ElevenLabs",
            Self::Flux => "Deepgram Flux, Anthropic, OpenAI speech",
            Self::Files => "OpenAI transcription, OpenAI, ElevenLabs HTTP",
            Self::Aura => "Deepgram Nova, compatible server, Deepgram Aura",
            Self::Realtime => "OpenAI Realtime, Deepgram Nova beside it",
            Self::Offline => "offline",
        }
    }

    /// What its fakes tell.
    pub(crate) const fn told(self, end: TurnEnd) -> Told {
        match (end, self) {
            (TurnEnd::Words, _) | (_, Self::Offline) => Told::Nothing,
            (TurnEnd::Provider, Self::Realtime) => Told::Sound,
            (TurnEnd::Provider, Self::Nova | Self::Flux | Self::Files | Self::Aura) => {
                Told::Everything
            }
        }
    }

    /// How long its fakes take of a turn, the silence that they wait for included. With turns that
    /// we end their times and ours run beside each other.
    pub(crate) const fn fakes_ms(self, end: TurnEnd) -> Option<u64> {
        let answer = WORDS_MS + FIRST_TOKEN_MS + FIRST_AUDIO_MS;
        match (end, self) {
            (TurnEnd::Words, _) | (_, Self::Offline) => None,
            // Our own ear hears the pause.
            (TurnEnd::Provider, Self::Files) => Some(answer),
            (TurnEnd::Provider, Self::Nova | Self::Flux | Self::Aura | Self::Realtime) => {
                Some(PAUSE_MS + answer)
            }
        }
    }

    /// A load whose callers let its agent finish.
    pub(crate) fn paced(self, plan: LoadPlan) -> LoadPlan {
        match self {
            Self::Offline => LoadPlan {
                first_turn: Duration::from_secs(5),
                turn_every: Duration::from_secs(10),
                tail: Duration::from_secs(4),
                ..plan
            },
            Self::Nova | Self::Flux | Self::Files | Self::Aura | Self::Realtime => plan,
        }
    }

    /// The agent that it works for, as a part of the configuration.
    pub(crate) fn agents(self, end: TurnEnd, providers: &Providers) -> String {
        let turn = match end {
            TurnEnd::Provider => "turn = { end = \"provider\" }\n",
            TurnEnd::Words => "",
        };
        let spoken_form = end == TurnEnd::Words;
        let Jobs {
            listen,
            think,
            speak,
            speak_over,
            talk,
        } = self.jobs();
        let talk = talk.map_or_else(String::new, |model| format!("realtime = [\"{model}\"]\n"));
        let near = self.near(providers).map_or_else(String::new, |url| {
            format!(
                "[providers.compatible.near]\nbase_url = \"{url}\"\napi_key = \"openai-test-key\"\n"
            )
        });
        format!(
            r#"
{near}
[agents.bench]
greeting = "Hello, this is the benchmark. How can I help you?"
{talk}stt = {{ models = ["{listen}"], endpointing_ms = {PAUSE_MS} }}
llm = {{ models = ["{think}"] }}
tts = {{ models = ["{speak}"], transport = "{speak_over}", spoken_form = {spoken_form} }}
{turn}mask = {{ slow_filler_ms = 0 }}
idle = {{ ask_after_ms = 600000, ask_again_after_ms = 600000, hang_up_after_ms = 600000 }}
"#
        )
    }

    /// Who worked in place of its own, by the fakes' memory.
    pub(crate) fn stood_in(self, providers: &Providers) -> Option<String> {
        let asked = providers.openai.seen().len();
        match self {
            Self::Realtime => (asked > 0).then(|| {
                format!("its model failed: the one that stands in was asked {asked} times")
            }),
            Self::Nova | Self::Flux | Self::Files | Self::Aura | Self::Offline => None,
        }
    }

    /// The address of the compatible server, where there is one.
    fn near(self, providers: &Providers) -> Option<String> {
        match self {
            Self::Aura => Some(providers.openai.base_url()),
            Self::Realtime => providers.realtime.as_ref().map(FakeRealtime::base_url),
            Self::Nova | Self::Flux | Self::Files | Self::Offline => None,
        }
    }

    const fn jobs(self) -> Jobs {
        let usual = Jobs {
            listen: "deepgram/nova-3",
            think: "openai/gpt-6-luna",
            speak: "elevenlabs/eleven_flash_v2_5",
            speak_over: "socket",
            talk: None,
        };
        match self {
            Self::Nova => usual,
            Self::Flux => Jobs {
                listen: "deepgram/flux-general-en",
                think: "anthropic/claude-haiku-5-5",
                speak: "openai/gpt-4o-mini-tts",
                ..usual
            },
            Self::Files => Jobs {
                listen: "openai/gpt-transcribe",
                speak_over: "http",
                ..usual
            },
            Self::Aura => Jobs {
                think: "near/llama3",
                speak: "deepgram/aura-2-thalia-en",
                ..usual
            },
            Self::Realtime => Jobs {
                talk: Some("near/gpt-realtime-2.1"),
                ..usual
            },
            Self::Offline => Jobs {
                listen: "offline/auto",
                think: "offline/auto",
                speak: "offline/auto",
                ..usual
            },
        }
    }
}

/// Who does which job.
struct Jobs {
    listen: &'static str,
    think: &'static str,
    speak: &'static str,
    speak_over: &'static str,
    /// Who hears, thinks and speaks in one, before the others.
    talk: Option<&'static str>,
}

/// Starts the fakes of all sets, which take the same time for the same work.
pub(crate) async fn start(timeline: Timeline) -> anyhow::Result<Providers> {
    let listening = Manner {
        ear: tagged_ear(),
        sure_after: Duration::from_millis(SURE_MS),
        ..Manner::default()
    };
    let deepgram = FakeDeepgram::start(DeepgramSettings {
        manner: listening.lagging(Delay::fixed_ms(WORDS_MS)).for_all(),
        speech: Speech {
            voice: Arc::new(TaggedVoice::default()),
            first_audio: Delay::fixed_ms(FIRST_AUDIO_MS),
            ..Speech::default()
        },
        timeline: Some(timeline.clone()),
        ..DeepgramSettings::default()
    });
    let elevenlabs = FakeElevenLabs::start(ElevenLabsSettings {
        voice: Arc::new(TaggedVoice::default()),
        first_audio: Delay::fixed_ms(FIRST_AUDIO_MS),
        timeline: Some(timeline.clone()),
        ..ElevenLabsSettings::default()
    });
    let anthropic = FakeAnthropic::start(AnthropicSettings {
        brain: Arc::new(TaggedBrain),
        first_token: Delay::fixed_ms(FIRST_TOKEN_MS),
        token_gap: Delay::fixed_ms(50),
        pieces: Pieces::Sentences,
        timeline: Some(timeline.clone()),
        ..AnthropicSettings::default()
    });
    let realtime = FakeRealtime::start(RealtimeSettings {
        ear: tagged_ear(),
        brain: Arc::new(TaggedBrain),
        voice: Arc::new(TaggedVoice::default()),
        words: Delay::fixed_ms(WORDS_MS),
        first_audio: Delay::fixed_ms(FIRST_TOKEN_MS + FIRST_AUDIO_MS),
        timeline: Some(timeline.clone()),
        ..RealtimeSettings::default()
    });
    Ok(Providers {
        anthropic: Some(anthropic.await?),
        realtime: Some(realtime.await?),
        ..Providers::of(deepgram.await?, openai(timeline).await?, elevenlabs.await?)
    })
}

async fn openai(timeline: Timeline) -> std::io::Result<FakeOpenAi> {
    FakeOpenAi::start(OpenAiSettings {
        brain: Arc::new(TaggedBrain),
        first_token: Delay::fixed_ms(FIRST_TOKEN_MS),
        token_gap: Delay::fixed_ms(50),
        pieces: Pieces::Sentences,
        speech: SpeechSettings {
            voice: Arc::new(BeatingVoice::default()),
            first_audio: Delay::fixed_ms(FIRST_AUDIO_MS),
            ..SpeechSettings::default()
        },
        transcription: TranscriptionSettings {
            ear: tagged_ear(),
            lag: Delay::fixed_ms(WORDS_MS),
        },
        timeline: Some(timeline),
        ..OpenAiSettings::default()
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sound_counts_where_one_model_does_all() {
        let (asked, sent) = (
            What::ChatAsked("zo".to_owned()),
            What::SpeechSent("zo".to_owned()),
        );
        let realtime = Set::Realtime.told(TurnEnd::Provider);
        assert!(!realtime.counts(&asked) && realtime.counts(&sent));
        assert!(Set::Nova.told(TurnEnd::Provider).counts(&asked));
        assert!(!Set::Nova.told(TurnEnd::Words).counts(&sent));
        assert!(!Set::Offline.told(TurnEnd::Provider).counts(&sent));
    }

    #[tokio::test]
    async fn every_set_asks_its_own_providers() {
        let (timeline, _moments) = tokio::sync::mpsc::channel(1);
        let providers = start(timeline).await.unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for set in Set::value_variants() {
            let agents = set.agents(TurnEnd::Provider, &providers);
            assert!(agents.contains("turn = { end = \"provider\" }"), "{agents}");
            assert_eq!(
                agents.contains("near/"),
                agents.contains("[providers.compatible.near]"),
                "{agents}"
            );
            assert!(seen.insert(agents), "{set:?} is like another one");
        }
    }
}
