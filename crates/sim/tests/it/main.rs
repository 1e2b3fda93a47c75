//! Calls through the driver with a paused clock: lines and providers are in-memory channels, so a
//! long call takes a millisecond and every time is exact. Only `chaos` has real sockets and real
//! time, and only `fuzz` has no calls.

#![expect(
    clippy::unwrap_used,
    reason = "every line here belongs to a test, helpers included"
)]

mod calls;
mod chaos;
mod failures;
mod fuzz;
mod keys;
mod line;
mod money;
mod providers;
mod talkers;
mod talking;
mod world;
