use serde::Deserialize;

use super::Models;

/// `realtime`: who hears, thinks and speaks in one. A list of models is enough:
/// `realtime = ["openai/gpt-realtime-2.1"]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Realtime {
    /// Models in order of preference. Those of `stt` write down what the caller says beside them;
    /// those of `llm` and `tts` step in, within a call, when none of these works. By default there
    /// are none.
    pub models: Vec<String>,
    /// The voice. Default `marin`.
    pub voice: Option<String>,
    /// The longest reply in tokens, those of its sound included, 1 to 4096. By default the provider
    /// decides.
    pub max_output_tokens: Option<u32>,
    /// Who says that the caller's turn is over: `ours`, as `turn` has it; `semantic_vad`, the
    /// provider, by what was said, as eagerly as `turn.preset`; `server_vad`, the provider, after
    /// silence of `turn.wait.all_ms`, or 300 ms, 500 ms or 800 ms by `turn.preset`. Default `ours`.
    pub turns: Option<String>,
}

impl Models for Realtime {
    fn of(models: Vec<String>) -> Self {
        Self {
            models,
            ..Self::default()
        }
    }
}
