//! Providers that are not there: axum servers on loopback which answer as the real ones do.

mod deepgram;
mod elevenlabs;
pub(crate) mod listener;
pub(crate) mod log;
mod moment;
mod openai;

pub use deepgram::{
    Ear, FakeDeepgram, FingerprintEar, HeardStream, LevelEar, Settings as DeepgramSettings,
    SttFault, Word,
};
pub use elevenlabs::{
    FakeElevenLabs, Recorded, Settings as ElevenLabsSettings, SpokenStream, Tones, TtsFault, Voice,
};
pub use log::Violation;
pub use moment::{Moment, Timeline, What};
pub use openai::{
    Asked, Brain, Chat, Desk, Echo, FakeOpenAi, LlmFault, Pieces, Reply, ReplyTool, Scripted,
    Settings as OpenAiSettings,
};

#[cfg(test)]
mod tests;
