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
    /// How long it is left alone when its key, its quota, the model or an agent's settings were
    /// refused. Default 300.
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
    /// The most in US dollars, as far as prices are known; then the agent says goodbye. What has no
    /// known price ends no call. 0: no limit. Default 5.
    pub per_call_usd: Option<f64>,
    /// The part of it, in percent, at which `budget_low_line` is said. Default 80.
    pub warn_percent: Option<u8>,
}

/// `[prices."PROVIDER/MODEL"]`: what a model costs, in US dollars; `twilio/voice` is the line. It
/// stands in place of the whole price that comes with the program; a model that has neither is
/// shown with an unknown cost.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Price {
    /// Speech to text, per minute of audio.
    pub per_minute_usd: Option<f64>,
    /// Language model, per million tokens of the prompt.
    pub input_per_million_usd: Option<f64>,
    /// Language model, per million tokens of the prompt that its cache held.
    pub cached_per_million_usd: Option<f64>,
    /// Language model, per million tokens of the prompt that its cache was given for some minutes.
    /// Default: 1.25 times the prompt's with Anthropic, else the prompt's.
    pub cache_write_per_million_usd: Option<f64>,
    /// The same, for an hour. Default: twice the prompt's with Anthropic, else the prompt's.
    pub long_cache_write_per_million_usd: Option<f64>,
    /// Language model, per million generated tokens.
    pub output_per_million_usd: Option<f64>,
    /// Speech to speech, per million tokens of heard audio.
    pub audio_input_per_million_usd: Option<f64>,
    /// Speech to speech, per million tokens of heard audio that its cache held.
    pub audio_cached_per_million_usd: Option<f64>,
    /// Speech to speech, per million tokens of spoken audio.
    pub audio_output_per_million_usd: Option<f64>,
    /// Text to speech, per million characters.
    pub characters_per_million_usd: Option<f64>,
}
