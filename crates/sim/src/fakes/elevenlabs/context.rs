/// Characters before the first generation and the later ones, when the client says nothing.
const DEFAULT_SCHEDULE: [u32; 4] = [120, 160, 250, 290];
/// Enough text for `try_trigger_generation`.
const WORTH_TRYING: usize = 50;

/// Text waiting to become sound. Pure.
#[derive(Debug)]
pub(super) struct Buffer {
    text: String,
    schedule: Vec<u32>,
    generated: usize,
    auto_mode: bool,
}

/// What a piece of text asks for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Urge {
    pub(super) flush: bool,
    pub(super) attempt: bool,
}

impl Buffer {
    /// The error is the provider's, for a schedule out of its range.
    pub(super) fn new(schedule: Option<Vec<u32>>, auto_mode: bool) -> Result<Self, String> {
        let schedule = schedule.filter(|schedule| !schedule.is_empty());
        let schedule = schedule.unwrap_or_else(|| DEFAULT_SCHEDULE.to_vec());
        if schedule.iter().any(|chars| !(50..=500).contains(chars)) {
            return Err("chunk_length_schedule values must be between 50 and 500".to_owned());
        }
        Ok(Self {
            text: String::new(),
            schedule,
            generated: 0,
            auto_mode,
        })
    }

    /// Adds text; gives what is to be spoken at once.
    pub(super) fn add(&mut self, text: &str, urge: Urge) -> Option<String> {
        self.text.push_str(text);
        let chars = self.text.chars().count();
        let wanted = self.schedule.get(self.generated).or(self.schedule.last());
        let full = wanted.is_some_and(|wanted| chars >= *wanted as usize);
        let attempt = urge.attempt && chars >= WORTH_TRYING;
        if urge.flush || self.auto_mode || full || attempt {
            self.take()
        } else {
            None
        }
    }

    /// Gives all that is left.
    pub(super) fn take(&mut self) -> Option<String> {
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        self.generated += 1;
        Some(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_waits_for_the_schedule_or_a_flush() {
        let mut buffer = Buffer::new(Some(vec![50, 100]), false).unwrap();
        let part = "Thirty characters of a sentence ";
        assert_eq!(buffer.add(part, Urge::default()), None);
        assert!(
            buffer.add(part, Urge::default()).is_some(),
            "64 characters are over 50"
        );
        let attempt = Urge {
            attempt: true,
            flush: false,
        };
        assert_eq!(buffer.add(part, attempt), None);
        assert!(buffer.add(part, attempt).is_some(), "64 are worth trying");
        assert_eq!(buffer.add("Yes. ", Urge::default()), None);
        assert_eq!(
            buffer
                .add(
                    " ",
                    Urge {
                        flush: true,
                        attempt: false
                    }
                )
                .as_deref(),
            Some("Yes.")
        );
        assert_eq!(buffer.take(), None);
    }

    #[test]
    fn auto_mode_never_waits() {
        let mut buffer = Buffer::new(None, true).unwrap();
        assert_eq!(buffer.add(" ", Urge::default()), None);
        assert_eq!(buffer.add("Hi. ", Urge::default()).as_deref(), Some("Hi."));
    }

    #[test]
    fn a_schedule_out_of_range_is_refused() {
        assert!(Buffer::new(Some(vec![40]), false).is_err());
    }
}
