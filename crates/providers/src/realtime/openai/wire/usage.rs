//! What replies and transcripts consumed, as the server counts it.

use domain::Millis;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::part;
use crate::realtime::{RealtimeTokens, TranscriptionUsage};

#[derive(Default, Deserialize)]
struct Usage<'a> {
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: Option<u64>,
    #[serde(borrow, default)]
    input_token_details: Option<&'a RawValue>,
    #[serde(borrow, default)]
    output_token_details: Option<&'a RawValue>,
    #[serde(default)]
    seconds: Option<f64>,
}

#[derive(Default, Deserialize)]
struct Details<'a> {
    #[serde(default)]
    text_tokens: Option<u64>,
    #[serde(default)]
    audio_tokens: Option<u64>,
    #[serde(default)]
    image_tokens: Option<u64>,
    #[serde(default)]
    cached_tokens: Option<u64>,
    #[serde(borrow, default)]
    cached_tokens_details: Option<&'a RawValue>,
}

impl Details<'_> {
    /// Text and sound of so many tokens. What the details leave out counts as sound, the dearer.
    fn split(&self, total: Option<u64>) -> (u64, u64) {
        let text = self
            .text_tokens
            .unwrap_or(0)
            .saturating_add(self.image_tokens.unwrap_or(0));
        let audio = self.audio_tokens.unwrap_or(0);
        let told = text.saturating_add(audio);
        let untold = total.unwrap_or(told).saturating_sub(told);
        (text, audio.saturating_add(untold))
    }
}

/// Reads the usage of a response.
pub(super) fn tokens(usage: Option<&RawValue>) -> RealtimeTokens {
    let usage: Usage<'_> = part(usage);
    let input: Details<'_> = part(usage.input_token_details);
    let output: Details<'_> = part(usage.output_token_details);
    let (input_text, input_audio) = input.split(usage.input_tokens);
    let (output_text, output_audio) = output.split(usage.output_tokens);
    let cached: Details<'_> = part(input.cached_tokens_details);
    let cached_audio = cached.audio_tokens.unwrap_or(0).min(input_audio);
    // Without details the cache holds the instructions before anything else.
    let cached_text = cached.text_tokens.or(input.cached_tokens).unwrap_or(0);
    RealtimeTokens {
        input_text,
        input_audio,
        cached_text: cached_text.min(input_text),
        cached_audio,
        output_text,
        output_audio,
    }
}

/// Reads the usage of a transcript: some models are priced by tokens, others by length.
pub(super) fn transcription(usage: Option<&RawValue>) -> Option<TranscriptionUsage> {
    let usage: Usage<'_> = part(Some(usage?));
    if let Some(seconds) = usage.seconds {
        let length = std::time::Duration::try_from_secs_f64(seconds).ok()?;
        let ms = u64::try_from(length.as_millis()).ok()?;
        return Some(TranscriptionUsage::Duration(Millis(ms)));
    }
    let input: Details<'_> = part(usage.input_token_details);
    let (input_text, input_audio) = input.split(usage.input_tokens);
    Some(TranscriptionUsage::Tokens {
        input_text,
        input_audio,
        output: usage.output_tokens?,
    })
}
