//! G.711, resampling, framing, levels, tones, keys, and hearing: who speaks when. Pure.

pub mod dtmf;
pub mod framing;
pub mod g711;
pub mod gain;
pub mod hearing;
pub mod hiss;
pub mod level;
pub mod resample;
pub mod tone;
pub mod trim;
pub mod vad;
pub mod wav;

pub use hearing::{Heard, Hearing, HearingSettings};
pub use vad::{Detector, Vad, VadSettings, Voice};
