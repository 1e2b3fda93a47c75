//! Providers that are not there: axum servers on loopback which answer as the real ones do.

/// What every fake offers beside its own settings: its memory, and how to spoil what it does.
macro_rules! memory_and_faults {
    ($fake:ident, $seen:ty, $fault:ty) => {
        impl $fake {
            /// What clients asked for so far.
            #[must_use]
            pub fn seen(&self) -> Vec<$seen> {
                self.shared.log.seen()
            }

            /// What clients did that the protocol forbids.
            #[must_use]
            pub fn violations(&self) -> Vec<$crate::fakes::Violation> {
                self.shared.log.violations()
            }

            /// When clients asked for something, whether or not they were given it: the first few
            /// thousand times.
            #[must_use]
            pub fn attempts(&self) -> Vec<tokio::time::Instant> {
                self.shared.faults.attempts()
            }

            /// Spoils the next connection or request that has no fault yet.
            pub fn fail_once(&self, fault: $fault) {
                self.shared.faults.once(fault);
            }

            /// Spoils every one from here on; `None` ends that.
            pub fn fail_always(&self, fault: Option<$fault>) {
                self.shared.faults.always(fault);
            }
        }

        impl std::fmt::Debug for $fake {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($fake))
                    .field(&self.base_url())
                    .finish()
            }
        }
    };
}

mod anthropic;
mod arrivals;
mod body;
mod cache;
mod deepgram;
mod elevenlabs;
pub(crate) mod listener;
pub(crate) mod log;
mod moment;
mod openai;
mod playing;
mod realtime;
mod requests;
mod schema;
mod tab;
mod writing;

pub use anthropic::{Asked as AnthropicAsked, FakeAnthropic, Settings as AnthropicSettings};
pub use deepgram::{
    Ear, FakeDeepgram, FingerprintEar, HeardStream, LevelEar, Manner, Settings as DeepgramSettings,
    Speech, SpokenByAura, SttFault, Word,
};
pub(crate) use deepgram::{LOUD, is_filler, is_loud};
pub(crate) use elevenlabs::char_end;
pub use elevenlabs::{
    FakeClauses, FakeElevenLabs, Manner as VoiceManner, Manners as VoiceManners, Recorded,
    Settings as ElevenLabsSettings, SpokenStream, SpokenText, Tones, TtsFault, Voice,
};
pub use listener::lean;
pub use log::Violation;
pub use moment::{Moment, Timeline, What};
pub use openai::{
    Asked, Brain, Chat, Desk, Echo, FakeOpenAi, FakeSpeech, FakeTranscription, HeardFile, LlmFault,
    Pace, Reply, ReplyTool, Scripted, Settings as OpenAiSettings, SpeechFault, SpeechSettings,
    SpokenClause, TranscriptionFault, TranscriptionSettings,
};
pub use realtime::{
    FakeRealtime, RealtimeFault, RealtimeSession, RealtimeUsed, Settings as RealtimeSettings,
};
pub use tab::Used;
pub use writing::Pieces;

/// A fake's address for clients that speak HTTP/2 to it, as the services that fakes stand for do.
#[must_use]
pub fn over_http2(base_url: &str) -> String {
    base_url.replacen("http:", "h2c:", 1)
}

#[cfg(test)]
mod tests;
