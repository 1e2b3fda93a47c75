//! What is known about models by name: when they end. It is only a warning; nothing here decides
//! what runs.

/// Models with a known last day.
const ENDING: &[(&str, &str, &str)] = &[
    ("claude-sonnet-4-5", "2026-11-30", "claude-sonnet-5-5"),
    ("gpt-3.5-turbo", "2026-10-23", "gpt-6-luna"),
    ("gpt-4", "2026-10-23", "gpt-6-luna"),
    ("gpt-4-turbo", "2026-10-23", "gpt-6-luna"),
    ("gpt-4.1", "2027-01-14", "gpt-6-luna"),
    ("gpt-4.1-nano", "2026-10-23", "gpt-6-luna"),
    ("gpt-4o", "2027-01-14", "gpt-6-luna"),
    ("gpt-4o-mini", "2027-01-14", "gpt-6-luna"),
    ("gpt-4o-mini-tts", "2027-01-06", "another voice"),
    ("gpt-4o-transcribe", "2027-02-26", "gpt-transcribe"),
    ("gpt-5", "2026-12-11", "gpt-6-luna"),
    ("gpt-5-mini", "2026-12-11", "gpt-6-luna"),
    ("gpt-5-nano", "2026-12-11", "gpt-6-luna"),
    ("gpt-realtime", "2027-01-20", "gpt-realtime-2.1"),
    ("gpt-realtime-mini", "2027-01-20", "gpt-realtime-2.1"),
    ("o3", "2026-12-11", "gpt-6-luna"),
    ("o4-mini", "2026-10-23", "gpt-6-luna"),
    ("tts-1", "2027-01-06", "another voice"),
    ("tts-1-hd", "2027-01-06", "another voice"),
    ("whisper-1", "2027-02-26", "gpt-transcribe"),
];

/// The last day of a model and what to use in its place, if that is known.
pub(crate) fn ending(model: &str) -> Option<(&'static str, &'static str)> {
    ENDING
        .iter()
        .find(|(name, ..)| *name == model)
        .map(|(_, day, instead)| (*day, *instead))
}
