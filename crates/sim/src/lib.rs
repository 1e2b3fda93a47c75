//! Simulated carrier, callers and providers, for tests, demos and load.
//!
//! The providers here speak the real wire formats on loopback sockets, and strictly: a client that
//! breaks the protocol gets the provider's own error, and the break is kept as a violation.

pub mod caller;
pub mod carrier;
pub mod chaos;
mod delay;
pub mod demo;
pub mod fakes;
mod http;
pub mod load;
pub mod proxy;
#[cfg(test)]
mod resampled;
pub mod turns;
pub mod wav;

pub use delay::{Delay, Dice};
