//! What is wanted of turn-taking, and the limits by which it is measured: both layers read them
//! here.

use domain::Millis;

/// How much silence a caller hears out who waits for an agent.
pub(crate) const PATIENCE: Millis = Millis(15_000);
