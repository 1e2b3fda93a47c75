//! The sections of an agent that say who speaks when.

use serde::{Deserialize, Deserializer, de};

/// `[agents.NAME.turn]`: when the caller's turn is over.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Turn {
    /// `eager`, `balanced` or `patient`. Default `balanced`.
    pub preset: Option<String>,
    /// `words`: we decide, from silence and words. `provider`: the recogniser alone, at once.
    /// Default `words`.
    pub end: Option<String>,
    /// What is begun before the turn is surely over: `off`, nothing; `think`, the reply is written;
    /// `speak`, it is written and its first clause spoken. The caller hears nothing of it too soon.
    /// Default `speak`; `off` with `end = "provider"`.
    #[serde(deserialize_with = "level")]
    pub speculate: Option<String>,
    /// Silence after which the recogniser is asked for what it has. Default 200.
    pub finalize_after_ms: Option<u64>,
    /// Longest wait for the recogniser after the last sound. Default 1000.
    pub words_deadline_ms: Option<u64>,
    /// No turn ends on a shorter silence. Default 250, or the shortest wait if that is less.
    pub floor_ms: Option<u64>,
    /// Whether waits follow the caller's own pace and what was asked. Menus, a slow recogniser and
    /// `floor_ms` count either way. Default true; false with `wait.all_ms`.
    pub adapt: Option<bool>,
    /// Whether the language's word lists judge the last words. Without them only punctuation tells
    /// a finished sentence, and everything else is `unknown`. Default true.
    pub language_rules: Option<bool>,
    /// What callers are expected to say unless the question tells: `open`, `yes_no`, `choice`,
    /// `digits 4-6`, `phone`, `date`, `email`, `name_spelled` or `address`. Default `open`.
    pub expect: Option<String>,
    /// A turn that lasts longer is taken at the next short pause. Default 60.
    pub max_user_turn_s: Option<u64>,
    /// Silence that ends a turn, where it shall differ from the preset.
    pub wait: Wait,
}

/// `[agents.NAME.turn.wait]`: silence that ends a turn, by what the last words look like.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Wait {
    /// Silence alone decides: the same whatever was said, in place of all others here. Neither the
    /// caller's pace nor what was asked changes it; menus and a slow recogniser make it longer.
    pub all_ms: Option<u64>,
    /// A finished sentence.
    pub terminal_ms: Option<u64>,
    /// A short answer to a yes/no question.
    pub short_answer_ms: Option<u64>,
    /// Looks finished, without punctuation.
    pub complete_ms: Option<u64>,
    /// A language without word lists; and up to three words that answer nothing and say nothing by
    /// themselves ("the battery").
    pub unknown_ms: Option<u64>,
    /// A number or a spelling that goes on.
    pub number_ms: Option<u64>,
    /// The last word cannot end a sentence.
    pub incomplete_ms: Option<u64>,
    /// "um", "let me see".
    pub filler_ms: Option<u64>,
}

/// `[agents.NAME.overlap]`: when caller's speech over the agent's counts as cutting in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Overlap {
    /// Whether the greeting may be interrupted. Default true.
    pub greeting_interruptible: Option<bool>,
    /// What happens to the agent's voice until it is clear what the caller wants: `duck`, it
    /// becomes quieter; `pause`, it stops and goes on from the last whole word; `none`. Default
    /// `duck`.
    pub mode: Option<String>,
    /// By how many decibels it becomes quieter, 0 to 40. Default 12.
    pub duck_db: Option<u8>,
    /// Speech without any recognised word that cuts in all the same. Default 650; with
    /// `vad.detector = "energy"` only words cut in.
    pub min_ms: Option<u64>,
    /// Whether a noisy place makes the agent harder to interrupt. Default true.
    pub adapt: Option<bool>,
    /// Speech this close to the end of our audio is simply the next turn. Default 400.
    pub end_edge_ms: Option<u64>,
    /// Words and phrases that stop the agent at once, on top of the language's own.
    pub stop_words: Vec<String>,
    /// Words that only say "I am listening", on top of the language's own.
    pub ack_words: Vec<String>,
}

/// `[agents.NAME.mask]`: what covers a wait that is ours.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Mask {
    /// Said when an answer is not ready soon: `["Sure.", "Okay."]`. Every other turn at most.
    /// Default: none.
    pub openers: Vec<String>,
    /// Silence of ours before an opener. Default 150.
    pub opener_after_ms: Option<u64>,
    /// Said while a tool runs or the model is slow, in place of the language's own; an empty list
    /// for none.
    pub fillers: Option<Vec<String>>,
    /// How long a tool runs before a filler; 0 for none. Default 700.
    pub tool_filler_ms: Option<u64>,
    /// How long the answer to a finished turn may take before a filler; 0 for none. Default 1500.
    pub slow_filler_ms: Option<u64>,
    /// Silence before the next filler of the same wait. Default 4000.
    pub again_ms: Option<u64>,
    /// An answer that has not begun by then is given up. Default 10000.
    pub give_up_ms: Option<u64>,
}

/// `[agents.NAME.idle]`: what happens when nobody says anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Idle {
    /// Silence before the first question. Default 8000.
    pub ask_after_ms: Option<u64>,
    /// Silence before the second question. Default 10000.
    pub ask_again_after_ms: Option<u64>,
    /// Silence before the goodbye. Default 12000.
    pub hang_up_after_ms: Option<u64>,
    /// Silence that is granted to a caller who asked for a moment. Default 45.
    pub hold_s: Option<u64>,
}

/// `[agents.NAME.dtmf]`: how keys of the phone are collected.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Dtmf {
    /// A pause between keys that ends typing. Default 2000.
    pub pause_ms: Option<u64>,
    /// So many keys end typing, 1 to 64. Default 32.
    pub max_keys: Option<u8>,
    /// This key ends typing: 0 to 9, `*` or `#`. Default `#`.
    pub end_key: Option<String>,
    /// Whether keys are a secret: the model gets them, records and logs do not. Default false.
    pub secret: Option<bool>,
    /// When the model may press keys itself, by the tool `press_keys`, which sounds their tones:
    /// `menus` (once a menu of recorded sentences was heard in the call), `always` or `never`. A
    /// model in `realtime` knows its tools from the start: it has this one with `always`. Default
    /// `menus`, and `never` with `llm.end_call_tool = false`.
    pub press_keys: Option<String>,
}

/// `[agents.NAME.amd]`: how a person who answers a call of ours is told from a machine. Without
/// effect on calls that reach us, and this version places none: `repartee check` warns of it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Amd {
    /// The longest greeting of a person. Default 2500.
    pub greeting_ms: Option<u64>,
    /// Silence after a short greeting that shows a person. Default 500.
    pub greeting_silence_ms: Option<u64>,
    /// Silence after a longer greeting that waits for an answer. Default 1000.
    pub silence_ms: Option<u64>,
    /// Nobody has said anything by then. Default 10000.
    pub nobody_ms: Option<u64>,
    /// Nothing is clear by then. Default 20000.
    pub total_ms: Option<u64>,
    /// Between a beep and our message. Default 300.
    pub after_beep_ms: Option<u64>,
}

/// `[agents.NAME.end]`: how the call ends.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct End {
    /// The longest call. Default: `limits.max_call_s`.
    pub max_call_s: Option<u64>,
    /// How long before its end the caller is warned by `almost_over_line`; 0 for no warning.
    /// Default 60.
    pub warn_before_s: Option<u64>,
    /// Silence between the last word of a goodbye and the hang-up. Default 1000.
    pub grace_ms: Option<u64>,
    /// Phrases by which either side says goodbye, in place of the language's own list.
    pub goodbyes: Option<Vec<String>>,
    /// Failures in a row after which the call is given up. Default 3.
    pub max_failures: Option<u32>,
    /// Tool runs allowed within one turn. Default 5.
    pub max_tools_per_turn: Option<u32>,
}

/// A text, with a better word for those who write `true` or `false` out of habit.
fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Level;

    impl de::Visitor<'_> for Level {
        type Value = String;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_bool<E: de::Error>(self, typed: bool) -> Result<String, E> {
            let meant = if typed { "speak" } else { "off" };
            Err(E::custom(format!(
                "say how far: \"off\", \"think\" or \"speak\"; `{typed}` would be \"{meant}\""
            )))
        }
    }

    deserializer.deserialize_any(Level).map(Some)
}
