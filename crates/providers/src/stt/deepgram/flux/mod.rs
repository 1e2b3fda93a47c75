//! Deepgram's recognition that hears turns, `/v2/listen`.
//!
//! One message says what is understood of the whole turn so far, and what the model makes of it:
//! that it may be over, that it goes on after all, that it is over. There is nothing to finalise:
//! words come four times a second, whether or not somebody asks. `ForceEndTurn` would answer a
//! question for the last words, but at the price of the turn: the session asks at every pause, and
//! each of them would become an end. So `Finalize` is not sent on.

mod client;
mod ruler;
pub mod wire;

pub use client::{Deadlines, DeepgramFlux};

use domain::Millis;

/// When the model takes a turn to be over. Percents of confidence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Thresholds {
    /// From here on a turn is likely over, 30 to 90. `None`: never told.
    pub likely: Option<u8>,
    /// From here on it is over, 50 to 100.
    pub over: u8,
    /// Silence after which it is over whatever the model thinks, 500 to 60,000.
    pub silence: Millis,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            likely: Some(50),
            over: 70,
            silence: Millis(5_000),
        }
    }
}

/// Whether this model of Deepgram's is one that hears turns.
#[must_use]
pub fn is_flux(model: &str) -> bool {
    model.starts_with("flux-")
}
