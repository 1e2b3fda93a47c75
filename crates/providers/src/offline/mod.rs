//! Engines for a machine without keys and without a network.

pub mod fingerprint;
pub mod fixtures;
