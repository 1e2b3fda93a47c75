use serde::Deserialize;

/// `[breaker]`: when a provider that fails is left alone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Breaker {
    /// Failures within `window_s` after which a model is not asked. Default 3.
    pub failures: Option<u32>,
    /// How long a failure is remembered. Default 10.
    pub window_s: Option<u64>,
    /// How long the model is left alone then. Default 30.
    pub open_s: Option<u64>,
    /// How long it is left alone when its key, its quota or the model itself was refused. Default
    /// 300.
    pub open_for_key_s: Option<u64>,
    /// Successes in a row after which everybody may ask it again. Default 2.
    pub successes: Option<u32>,
    /// Of those who ask, so many percent more are let through every second after that, where
    /// somebody else can do the work of the others. Default 10.
    pub ramp_percent: Option<u32>,
}

/// `budget`: what one call may cost.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Budget {
    /// The most in US dollars, as far as prices are known; then the agent says goodbye. By default
    /// there is no limit.
    pub per_call_usd: Option<f64>,
    /// The part of it, in percent, at which `budget_low_line` is said. Default 80.
    pub warn_percent: Option<u8>,
}
