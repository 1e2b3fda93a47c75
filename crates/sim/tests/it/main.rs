//! Calls through the driver with a paused clock: lines and providers are in-memory channels, so a
//! long call takes a millisecond and every time is exact.

mod calls;
mod failures;
mod line;
mod providers;
mod world;
