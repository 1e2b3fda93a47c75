use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use bytes::Bytes;
use domain::ModelName;
use providers::tts::Voice;

/// Voices of sentences that agents say by themselves, made once and played from memory.
///
/// Bounded by the configuration: only an agent's own lines are kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineCache {
    lines: Arc<RwLock<BTreeMap<String, Bytes>>>,
}

impl LineCache {
    pub(crate) fn get(&self, model: &ModelName, voice: &Voice, text: &str) -> Option<Bytes> {
        let lines = self.lines.read().unwrap_or_else(PoisonError::into_inner);
        lines.get(&key(model, voice, text)).cloned()
    }

    pub(crate) fn keep(&self, model: &ModelName, voice: &Voice, text: &str, audio: Bytes) {
        let mut lines = self.lines.write().unwrap_or_else(PoisonError::into_inner);
        lines.insert(key(model, voice, text), audio);
    }
}

/// Whatever changes the sound is part of the key.
fn key(model: &ModelName, voice: &Voice, text: &str) -> String {
    format!("{model} {voice:?} {text}")
}
