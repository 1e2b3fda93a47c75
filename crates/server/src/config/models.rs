//! What is known about models by name: when they end, and what they cost. All of it is only a
//! warning or a default; nothing here decides what runs.

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

/// List prices in millionths of a dollar, as they were seen; `[prices]` overrides them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct ListPrice {
    /// A minute of recognised audio.
    pub minute: u64,
    /// A million prompt tokens, prompt tokens from the cache, and generated tokens.
    pub tokens: [u64; 3],
    /// A million characters.
    pub characters: u64,
}

const NOTHING: ListPrice = ListPrice {
    minute: 0,
    tokens: [0; 3],
    characters: 0,
};

const PRICES: &[(&str, ListPrice)] = &[
    (
        "deepgram/nova-2",
        ListPrice {
            minute: 4_300,
            ..NOTHING
        },
    ),
    (
        "deepgram/nova-3",
        ListPrice {
            minute: 4_800,
            ..NOTHING
        },
    ),
    (
        "elevenlabs/eleven_flash_v2_5",
        ListPrice {
            characters: 50_000_000,
            ..NOTHING
        },
    ),
    (
        "elevenlabs/eleven_multilingual_v2",
        ListPrice {
            characters: 220_000_000,
            ..NOTHING
        },
    ),
    (
        "elevenlabs/eleven_turbo_v2_5",
        ListPrice {
            characters: 50_000_000,
            ..NOTHING
        },
    ),
    (
        "openai/gpt-4o",
        ListPrice {
            tokens: [2_500_000, 1_250_000, 10_000_000],
            ..NOTHING
        },
    ),
    (
        "openai/gpt-6-luna",
        ListPrice {
            tokens: [100_000, 10_000, 500_000],
            ..NOTHING
        },
    ),
    (
        "openai/gpt-6-sol",
        ListPrice {
            tokens: [2_000_000, 200_000, 10_000_000],
            ..NOTHING
        },
    ),
];

/// The list price of a model, if one is known. What is not known costs nothing.
pub(crate) fn list_price(name: &str) -> ListPrice {
    PRICES
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(NOTHING, |(_, price)| *price)
}
