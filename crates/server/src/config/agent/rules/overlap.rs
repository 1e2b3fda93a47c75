//! When the caller has cut in, and what covers a wait that is ours.

use domain::Millis;
use session::{MaskRules, OverlapMode, Rules};

use super::super::Reading;

impl Reading<'_, '_> {
    pub(super) fn fill_overlap(&mut self, rules: &mut Rules) {
        let typed = &self.typed.overlap;
        let overlap = &mut rules.overlap;
        overlap.greeting_interruptible = typed
            .greeting_interruptible
            .unwrap_or(overlap.greeting_interruptible);
        overlap.mode = self.overlap_mode();
        // The simple detector takes a door for speech: only words interrupt.
        let simple = self.typed.vad.detector.as_deref() == Some("energy");
        if simple && typed.min_ms.is_none() {
            overlap.speech_without_words = None;
        }
        if let Some(usual) = overlap.speech_without_words {
            let key = "overlap.min_ms";
            let wait = self.millis(key, typed.min_ms, usual, (100, 10_000));
            overlap.speech_without_words = Some(wait);
        }
        overlap.adapts = typed.adapt.unwrap_or(overlap.adapts);
        overlap.end_edge = self.millis(
            "overlap.end_edge_ms",
            typed.end_edge_ms,
            overlap.end_edge,
            (0, 5_000),
        );
        let stop_words = self.words("overlap.stop_words", &typed.stop_words);
        let ack_words = self.words("overlap.ack_words", &typed.ack_words);
        overlap.stop_words.extend(stop_words);
        for word in ack_words
            .iter()
            .filter(|word| overlap.stop_words.contains(word))
        {
            self.contradiction(
                "overlap.ack_words",
                &format!("`{word}` is among the words that stop the agent"),
            );
        }
        overlap.ack_words.extend(ack_words);
    }

    fn overlap_mode(&mut self) -> OverlapMode {
        const USUAL_DB: u8 = 12;
        let typed = &self.typed.overlap;
        let key = self.at("overlap.duck_db");
        let db = self.meaning.within(&key, typed.duck_db, (0, USUAL_DB, 40));
        let modes = [
            ("duck", OverlapMode::Duck { db }),
            ("pause", OverlapMode::Pause),
            ("none", OverlapMode::Ignore),
        ];
        let key = self.at("overlap.mode");
        let mode = self.meaning.choice(&key, typed.mode.as_deref(), &modes);
        match mode {
            OverlapMode::Duck { .. } => {}
            OverlapMode::Ignore | OverlapMode::Pause => {
                if typed.duck_db.is_some() {
                    self.contradiction("overlap.duck_db", "needs `overlap.mode = \"duck\"`");
                }
            }
        }
        mode
    }

    /// Words as they are compared with what is said.
    pub(super) fn words(&mut self, key: &str, typed: &[String]) -> Vec<String> {
        self.phrases(key, typed)
            .iter()
            .map(|phrase| session::normalised(phrase))
            .collect()
    }

    /// What is typed, if something is in each of them.
    fn phrases(&mut self, key: &str, typed: &[String]) -> Vec<String> {
        for (index, phrase) in typed.iter().enumerate() {
            if !phrase.chars().any(char::is_alphanumeric) {
                self.contradiction(&format!("{key}.{index}"), "there is no word in it");
            }
        }
        typed.to_vec()
    }

    pub(super) fn fill_mask(&mut self, rules: &mut Rules) {
        let typed = &self.typed.mask;
        let mask = &mut rules.mask;
        mask.openers = self.phrases("mask.openers", &typed.openers);
        if let Some(fillers) = &typed.fillers {
            mask.fillers = self.phrases("mask.fillers", fillers);
        }
        mask.opener_after = self.millis(
            "mask.opener_after_ms",
            typed.opener_after_ms,
            mask.opener_after,
            (0, 10_000),
        );
        mask.tool_filler_after = self.filler_after(
            "mask.tool_filler_ms",
            typed.tool_filler_ms,
            mask.tool_filler_after,
        );
        mask.slow_filler_after = self.filler_after(
            "mask.slow_filler_ms",
            typed.slow_filler_ms,
            mask.slow_filler_after,
        );
        mask.again_after = self.millis(
            "mask.again_ms",
            typed.again_ms,
            mask.again_after,
            (500, 60_000),
        );
        mask.give_up_after = self.millis(
            "mask.give_up_ms",
            typed.give_up_ms,
            mask.give_up_after,
            (1_000, 60_000),
        );
        self.mask_contradictions(mask);
    }

    /// When a filler comes; 0 is never.
    fn filler_after(
        &mut self,
        key: &str,
        typed: Option<u64>,
        usual: Option<Millis>,
    ) -> Option<Millis> {
        if typed.is_none() {
            return usual;
        }
        let after = self.millis(key, typed, Millis::ZERO, (0, 30_000));
        Some(after).filter(|after| *after > Millis::ZERO)
    }

    fn mask_contradictions(&mut self, mask: &mut MaskRules) {
        let typed = &self.typed.mask;
        if typed.opener_after_ms.is_some() && mask.openers.is_empty() {
            self.contradiction("mask.opener_after_ms", "needs `mask.openers`");
        }
        if mask.fillers.is_empty() {
            let times = [
                ("mask.tool_filler_ms", typed.tool_filler_ms),
                ("mask.slow_filler_ms", typed.slow_filler_ms),
                ("mask.again_ms", typed.again_ms),
            ];
            for (key, _) in times
                .iter()
                .filter(|(_, typed)| typed.is_some_and(|ms| ms > 0))
            {
                self.contradiction(key, "needs `mask.fillers`");
            }
            mask.tool_filler_after = None;
            mask.slow_filler_after = None;
        } else if mask.tool_filler_after.or(mask.slow_filler_after).is_none()
            && typed.again_ms.is_some()
        {
            self.contradiction(
                "mask.again_ms",
                "needs `mask.tool_filler_ms` or `mask.slow_filler_ms`: there is no first filler",
            );
        }
        let never = mask
            .slow_filler_after
            .is_some_and(|after| after >= mask.give_up_after);
        if never {
            let key = match typed.slow_filler_ms {
                Some(_) => "mask.slow_filler_ms",
                None => "mask.give_up_ms",
            };
            self.contradiction(
                key,
                "an answer would be given up (`mask.give_up_ms`) before a filler \
                 (`mask.slow_filler_ms`)",
            );
        }
    }
}
