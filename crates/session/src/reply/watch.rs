use domain::{Gap, Millis};

/// When each stage of a turn was reached. The first time counts.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch {
    /// The caller's first sound or word.
    pub(crate) began: Option<Millis>,
    /// The caller's last sound.
    pub(crate) quiet: Option<Millis>,
    /// The last words were known.
    pub(crate) words: Option<Millis>,
    /// The turn was taken.
    pub(crate) committed: Option<Millis>,
    /// The first clause was complete.
    pub(crate) clause: Option<Millis>,
    /// The first audio came.
    pub(crate) audio: Option<Millis>,
    /// The first audio was handed to the mouth.
    pub(crate) played: Option<Millis>,
}

impl Stopwatch {
    /// The silence that the caller heard, in parts that add up. Stages that were reached ahead of
    /// time, by speculation, count as nothing.
    pub(super) fn gap(&self) -> Option<Gap> {
        let mut reached = self.quiet?;
        let played = self.played?;
        let mut until = |stage: Option<Millis>| {
            let next = stage
                .unwrap_or(reached)
                .or_later(reached)
                .or_earlier(played.or_later(reached));
            let part = next - reached;
            reached = next;
            part
        };
        Some(Gap {
            transcribe: until(self.words),
            wait: until(self.committed),
            think: until(self.clause),
            speak: until(self.audio),
            send: until(self.played),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_gap_add_up_to_the_whole() {
        let watch = Stopwatch {
            began: Some(Millis(0)),
            quiet: Some(Millis(1_000)),
            words: Some(Millis(1_250)),
            committed: Some(Millis(1_500)),
            clause: Some(Millis(1_400)),
            audio: Some(Millis(1_620)),
            played: Some(Millis(1_620)),
        };
        let gap = watch.gap().expect("something was heard");
        assert_eq!(gap.parts().map(|part| part.0), [250, 250, 0, 120, 0]);
        assert_eq!(gap.total(), Millis(620));
    }

    #[test]
    fn an_answer_over_the_callers_last_word_has_no_gap() {
        let watch = Stopwatch {
            quiet: Some(Millis(500)),
            played: Some(Millis(400)),
            ..Stopwatch::default()
        };
        assert_eq!(watch.gap().map(|gap| gap.total()), Some(Millis::ZERO));
    }
}
