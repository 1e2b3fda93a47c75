use std::collections::BTreeMap;

use providers::offline::fixtures;

use super::{Tones, Voice};

/// Speaks the recorded lines of the demo's agent; hums everything else.
#[derive(Clone, Debug)]
pub struct Recorded {
    lines: BTreeMap<&'static str, &'static [u8]>,
    other: Tones,
}

impl Default for Recorded {
    fn default() -> Self {
        let lines = fixtures::agent_lines().iter();
        Self {
            lines: lines.map(|line| (line.text.as_str(), line.ulaw)).collect(),
            other: Tones::default(),
        }
    }
}

impl Voice for Recorded {
    fn say(&self, text: &str) -> Vec<u8> {
        let line = self.lines.get(text.trim());
        line.map_or_else(|| self.other.say(text), |ulaw| ulaw.to_vec())
    }
}
