//! Providers that are not there: axum servers on loopback which answer as the real ones do.

mod deepgram;
mod elevenlabs;
mod listener;
mod log;
mod moment;
mod openai;

pub use deepgram::{
    Ear, FakeDeepgram, HeardStream, LevelEar, Settings as DeepgramSettings, SttFault, Word,
};
pub use elevenlabs::{
    FakeElevenLabs, Settings as ElevenLabsSettings, SpokenStream, Tones, TtsFault, Voice,
};
pub use log::Violation;
pub use moment::{Moment, Timeline, What};
pub use openai::{
    Asked, Brain, Chat, Echo, FakeOpenAi, LlmFault, Pieces, Reply, ReplyTool, Scripted,
    Settings as OpenAiSettings,
};
