//! ElevenLabs over HTTP: a clause goes up, lines with sound and the times of its letters come back;
//! and the list of voices that an account may use.

mod client;
pub mod wire;

pub use client::ElevenLabsHttp;
pub use wire::VoiceInfo;

pub use crate::tts::ahead::Deadlines;
