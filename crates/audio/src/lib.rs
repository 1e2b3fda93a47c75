//! G.711, resampling, framing, levels and voice activity. Pure.

pub mod framing;
pub mod g711;
pub mod level;
pub mod resample;
pub mod vad;
pub mod wav;

pub use vad::{Vad, VadSettings, Voice};
