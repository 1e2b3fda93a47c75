//! The names of all metrics about calls, in one place. Each is explained in `docs/metrics.md`.

/// Calls going on.
pub const CALLS_LIVE: &str = "repartee_calls_live";
/// Calls that ended, by reason.
pub const CALLS: &str = "repartee_calls";
/// Turns answered.
pub const TURNS: &str = "repartee_turns";
/// Times that a caller cut in.
pub const BARGE_INS: &str = "repartee_barge_ins";
/// The silence before an answer, by stage.
pub const TURN_LATENCY: &str = "repartee_turn_latency_seconds";
/// From the line's beginning to the greeting's first frame.
pub const ANSWER_LATENCY: &str = "repartee_answer_latency_seconds";
/// Requests to providers, by result.
pub const PROVIDER_REQUESTS: &str = "repartee_provider_requests";
/// Time until a provider's first answer.
pub const PROVIDER_LATENCY: &str = "repartee_provider_latency_seconds";
/// Times that another provider had to step in.
pub const FALLBACKS: &str = "repartee_fallback";
/// Breakers: 0 closed, 1 half open, 2 open.
pub const BREAKER_STATE: &str = "repartee_breaker_state";
/// Frames that left later than they should have.
pub const FRAMES_LATE: &str = "repartee_frames_late";
/// Things thrown away because a queue was full.
pub const DROPPED: &str = "repartee_dropped";
/// Odd things that a session ignored.
pub const NOTES: &str = "repartee_session_notes";
/// The silence that a turn was given before it was taken, by class of its last words.
pub const TURN_WAIT: &str = "repartee_turn_wait_seconds";
/// From the last sound of a turn until its words were known.
pub const STT_LAG: &str = "repartee_stt_lag_seconds";
/// What callers' sounds over the agent's words came to, by outcome.
pub const OVERLAPS: &str = "repartee_overlaps";
/// From the beginning of such a sound to the decision, by outcome.
pub const REACTION: &str = "repartee_overlap_reaction_seconds";
/// Replies begun before the turn was surely over, by result.
pub const SPECULATIONS: &str = "repartee_speculations";
/// Openers and fillers that covered a wait.
pub const MASKS: &str = "repartee_masks";
/// Turns taken too soon, and given back before three words of the answer were heard.
pub const TAKEN_BACK: &str = "repartee_turns_taken_back";
/// Lines of agents that were played from the cache.
pub const SPEECH_CACHE_HITS: &str = "repartee_speech_cache_hits";
/// Lines of agents that had to be made during a call.
pub const SPEECH_CACHE_MISSES: &str = "repartee_speech_cache_misses";
/// Memory that the cache holds.
pub const SPEECH_CACHE_BYTES: &str = "repartee_speech_cache_bytes";
/// What calls have cost.
pub const COST: &str = "repartee_cost_usd";
/// Calls ended by a bug.
pub const PANICS: &str = "repartee_panics";
