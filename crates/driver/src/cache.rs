//! Speech that was made once and is played again: what an agent says by itself.

mod disk;
mod key;
mod memory;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use domain::{Clock, ModelName};
use providers::tts::Voice;
use tracing::warn;

use self::{disk::Disk, key::Key, memory::Memory};
use crate::meters::Meters;

/// How much synthesised speech is kept, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CacheSettings {
    /// The most that is kept in memory.
    pub memory_bytes: usize,
    /// Where it outlives the process, if it is to.
    pub disk: Option<DiskSettings>,
}

/// Where synthesised speech outlives the process.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DiskSettings {
    /// Made when it is needed.
    pub folder: PathBuf,
    /// The most that is kept there.
    pub bytes: u64,
}

impl Default for CacheSettings {
    /// 64 MiB in memory: more than two hours of speech.
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            disk: None,
        }
    }
}

/// The cache of all calls.
///
/// Calls look only into the memory. Rehearsals read and write the disk as well, so no caller ever
/// waits for it; and since calls never write, what a caller said can never get there.
#[derive(Clone)]
pub(crate) struct LineCache {
    memory: Arc<Mutex<Memory>>,
    disk: Option<Arc<Disk>>,
    meters: Arc<Meters>,
}

impl LineCache {
    pub(crate) fn new(settings: CacheSettings, meters: Arc<Meters>, clock: Arc<dyn Clock>) -> Self {
        Self {
            memory: Arc::new(Mutex::new(Memory::new(settings.memory_bytes))),
            disk: settings.disk.map(|disk| Arc::new(Disk::new(disk, clock))),
            meters,
        }
    }

    /// The speech of a line that is expected to be here.
    pub(crate) fn get(&self, model: &ModelName, voice: &Voice, text: &str) -> Option<Bytes> {
        let found = self.memory().get(&Key::of(model, voice, text));
        if found.is_some() {
            self.meters.cache.hits.inc();
        } else {
            self.meters.cache.misses.inc();
        }
        found
    }

    /// Keeps the speech of a line for as long as there is room.
    pub(crate) fn keep(&self, model: &ModelName, voice: &Voice, text: &str, audio: Bytes) {
        self.put(Key::of(model, voice, text), audio);
    }

    /// Makes sure of a line if it is in memory or on disk. Returns whether it is.
    pub(crate) async fn recall(&self, model: &ModelName, voice: &Voice, text: &str) -> bool {
        let key = Key::of(model, voice, text);
        if self.memory().get(&key).is_some() {
            return true;
        }
        let Some(disk) = self.disk.clone() else {
            return false;
        };
        let read = tokio::task::spawn_blocking(move || disk.read(&key)).await;
        match read {
            Ok(Some(audio)) => {
                self.put(key, audio);
                true
            }
            Ok(None) | Err(_) => false,
        }
    }

    /// Keeps the speech of a line, on disk as well if it is kept there.
    pub(crate) async fn keep_for_good(
        &self,
        model: &ModelName,
        voice: &Voice,
        text: &str,
        audio: Bytes,
    ) {
        let key = Key::of(model, voice, text);
        self.put(key, audio.clone());
        let Some(disk) = self.disk.clone() else {
            return;
        };
        let written = tokio::task::spawn_blocking(move || disk.write(&key, &audio)).await;
        if let Ok(Err(error)) = written {
            warn!(%error, "speech could not be kept on disk");
        }
    }

    fn put(&self, key: Key, audio: Bytes) {
        let mut memory = self.memory();
        memory.put(key, audio);
        let bytes = i64::try_from(memory.bytes()).unwrap_or(i64::MAX);
        self.meters.cache.bytes.set(bytes);
    }

    /// The lock is held for a few instructions, and a panic inside leaves nothing half-done.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
