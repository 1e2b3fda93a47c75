//! Simulated carrier, callers and providers, for tests, demos and load.
