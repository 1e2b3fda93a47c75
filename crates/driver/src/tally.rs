use std::sync::atomic::{AtomicU64, Ordering};

use domain::{Millis, Usage};
use providers::llm::Tokens;

/// What a call has consumed so far, counted by the tasks that consume it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    stt_audio_ms: AtomicU64,
    input_tokens: AtomicU64,
    cached_tokens: AtomicU64,
    output_tokens: AtomicU64,
    discarded_input_tokens: AtomicU64,
    discarded_output_tokens: AtomicU64,
    characters: AtomicU64,
}

impl Tally {
    pub(crate) fn heard(&self, audio: Millis) {
        self.stt_audio_ms.fetch_add(audio.0, Ordering::Relaxed);
    }

    pub(crate) fn thought(&self, tokens: Tokens) {
        self.input_tokens.fetch_add(tokens.input, Ordering::Relaxed);
        self.cached_tokens
            .fetch_add(tokens.cached, Ordering::Relaxed);
        self.output_tokens
            .fetch_add(tokens.output, Ordering::Relaxed);
    }

    /// So much of what was thought is in vain.
    pub(crate) fn discarded(&self, tokens: Tokens) {
        self.discarded_input_tokens
            .fetch_add(tokens.input, Ordering::Relaxed);
        self.discarded_output_tokens
            .fetch_add(tokens.output, Ordering::Relaxed);
    }

    pub(crate) fn spoke(&self, text: &str) {
        self.characters
            .fetch_add(text.chars().count() as u64, Ordering::Relaxed);
    }

    /// The sum, for a call that has lasted so long.
    pub(crate) fn usage(&self, line: Millis) -> Usage {
        Usage {
            line,
            stt_audio: Millis(self.stt_audio_ms.load(Ordering::Relaxed)),
            llm_input_tokens: self.input_tokens.load(Ordering::Relaxed),
            llm_cached_tokens: self.cached_tokens.load(Ordering::Relaxed),
            llm_output_tokens: self.output_tokens.load(Ordering::Relaxed),
            llm_discarded_input_tokens: self.discarded_input_tokens.load(Ordering::Relaxed),
            llm_discarded_output_tokens: self.discarded_output_tokens.load(Ordering::Relaxed),
            tts_characters: self.characters.load(Ordering::Relaxed),
        }
    }
}
