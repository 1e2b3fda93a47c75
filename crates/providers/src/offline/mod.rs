//! Engines for a machine without keys and without a network.
//!
//! Two kinds for each job of listening and speaking: libraries of the operating system
//! ([`SphinxEars`], [`FliteVoice`]), used if they are installed, and built-in stand-ins
//! ([`PhraseEars`], [`PhraseVoice`]) that know recorded phrases alone, so that a simulated call
//! always runs. Thinking is done by a [`Script`]. [`describe`] says which are in use.

mod choice;
pub mod desk;
pub mod fingerprint;
pub mod fixtures;
mod flite_voice;
mod mouth;
mod phrase_ears;
mod phrase_voice;
mod script;
mod sphinx_ears;
mod words;

pub use choice::{EngineStatus, describe, ears, script, voice};
pub use flite_voice::FliteVoice;
pub use phrase_ears::PhraseEars;
pub use phrase_voice::PhraseVoice;
pub use script::{Answer, BadScript, Pace, Script, ScriptLines, Scripted};
pub use sphinx_ears::SphinxEars;
