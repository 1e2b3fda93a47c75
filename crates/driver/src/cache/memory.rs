use std::collections::BTreeMap;

use bytes::Bytes;

use super::key::Key;

/// What an entry costs beside its audio, about.
const ENTRY: usize = 160;

/// Speech in memory: the least recently used goes first when there is no more room.
#[derive(Debug)]
pub(super) struct Memory {
    most: usize,
    bytes: usize,
    lines: BTreeMap<Key, Line>,
    /// By when they were used last.
    order: BTreeMap<u64, Key>,
    uses: u64,
}

#[derive(Debug)]
struct Line {
    audio: Bytes,
    used: u64,
}

impl Memory {
    pub(super) const fn new(most: usize) -> Self {
        Self {
            most,
            bytes: 0,
            lines: BTreeMap::new(),
            order: BTreeMap::new(),
            uses: 0,
        }
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn get(&mut self, key: &Key) -> Option<Bytes> {
        self.uses += 1;
        let line = self.lines.get_mut(key)?;
        self.order.remove(&line.used);
        line.used = self.uses;
        self.order.insert(line.used, *key);
        Some(line.audio.clone())
    }

    /// Keeps a line, unless it alone is more than there is room for.
    pub(super) fn put(&mut self, key: Key, audio: Bytes) {
        self.remove(&key);
        let size = audio.len() + ENTRY;
        if size > self.most {
            return;
        }
        while self.bytes + size > self.most {
            let Some(oldest) = self.order.first_key_value().map(|(_, key)| *key) else {
                break;
            };
            self.remove(&oldest);
        }
        self.uses += 1;
        let used = self.uses;
        self.bytes += size;
        self.order.insert(used, key);
        self.lines.insert(key, Line { audio, used });
    }

    fn remove(&mut self, key: &Key) {
        if let Some(line) = self.lines.remove(key) {
            self.order.remove(&line.used);
            self.bytes -= line.audio.len() + ENTRY;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::key::tests::{model, voice};

    fn key(text: &str) -> Key {
        Key::of(&model(), &voice(), text)
    }

    fn audio(length: usize) -> Bytes {
        Bytes::from(vec![0x20; length])
    }

    #[test]
    fn the_least_recently_used_line_goes_first() {
        let mut memory = Memory::new(3 * (1_000 + ENTRY));
        for text in ["a", "b", "c"] {
            memory.put(key(text), audio(1_000));
        }
        assert!(memory.get(&key("a")).is_some());
        memory.put(key("d"), audio(1_000));
        assert_eq!(memory.get(&key("b")), None);
        for text in ["a", "c", "d"] {
            assert!(memory.get(&key(text)).is_some(), "{text}");
        }
    }

    #[test]
    fn a_line_that_was_made_again_replaces_the_old_one() {
        let mut memory = Memory::new(10_000);
        memory.put(key("a"), audio(1_000));
        memory.put(key("a"), audio(500));
        assert_eq!(memory.bytes(), 500 + ENTRY);
        assert_eq!(memory.get(&key("a")), Some(audio(500)));
    }

    #[test]
    fn a_line_that_is_too_long_pushes_nothing_out() {
        let mut memory = Memory::new(2_000);
        memory.put(key("a"), audio(1_000));
        memory.put(key("b"), audio(5_000));
        assert_eq!(memory.get(&key("b")), None);
        assert!(memory.get(&key("a")).is_some());
    }
}
