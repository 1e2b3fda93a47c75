//! The names of all metrics of the server itself, in one place. Each is explained in
//! `docs/metrics.md`.

/// Calls that asked to be taken, by result and reason.
pub const ADMISSION: &str = "repartee_admission";
/// Requests and streams that could not prove where they come from, by reason.
pub const AUTH_REFUSED: &str = "repartee_auth_refused";
/// What runs.
pub const BUILD_INFO: &str = "repartee_build";
/// Calls that were announced and wait for their stream.
pub const CALLS_WAITING: &str = "repartee_calls_waiting";
/// Announced calls whose stream never came.
pub const CALLS_UNCLAIMED: &str = "repartee_calls_unclaimed";
/// 1 while no more calls are taken.
pub const DRAIN_STATE: &str = "repartee_drain_state";
/// Requests, by route and status.
pub const HTTP_REQUESTS: &str = "repartee_http_requests";
/// How late the process did what was due.
pub const LOOP_LAG: &str = "repartee_loop_lag_seconds";
/// Odd things on media sockets that were coped with.
pub const MEDIA_ODDITIES: &str = "repartee_media_oddities";
/// Sockets that did not become a stream, by reason.
pub const MEDIA_REFUSED: &str = "repartee_media_refused";
/// 1 while a provider refuses a key, a quota or a model, by provider.
pub const PROVIDER_REFUSED: &str = "repartee_provider_refused";
/// What waits in bounded queues, by queue.
pub const QUEUE_DEPTH: &str = "repartee_queue_depth";
/// Records of calls that were lost, by reason.
pub const RECORDS_DROPPED: &str = "repartee_store_dropped";
/// Memory in use.
pub const RESIDENT_BYTES: &str = "repartee_resident_memory_bytes";
/// New streams for calls that lost theirs, by cause and result.
pub const RESUMES: &str = "repartee_resume";
/// 1 while a store takes records.
pub const STORE_UP: &str = "repartee_store_up";
/// How long the server runs.
pub const UPTIME_SECONDS: &str = "repartee_uptime_seconds";
/// Webhooks refused before they were read, by reason.
pub const WEBHOOKS_REFUSED: &str = "repartee_webhooks_refused";
