//! Simulated carrier, callers and providers, for tests, demos and load.
//!
//! The providers here speak the real wire formats on loopback sockets, and strictly: a client that
//! breaks the protocol gets the provider's own error, and the break is kept as a violation.

mod delay;
pub mod fakes;
#[cfg(test)]
mod http;

pub use delay::{Delay, Dice};
