//! Engines for a machine without keys and without a network.

pub mod desk;
pub mod fingerprint;
pub mod fixtures;
mod script;
mod words;

pub use script::{Answer, BadScript, Pace, Script, ScriptLines, Scripted};
