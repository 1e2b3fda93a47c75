use domain::Millis;

use super::StreamLimits;

/// Watches a line that should never be silent: Twilio sends audio also when nobody speaks.
#[derive(Debug)]
pub(super) struct Silence {
    probe_after: Millis,
    lost_after: Millis,
    heard: Millis,
    probed: bool,
}

/// What the silence so far calls for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Alarm {
    /// Nothing. Look again then.
    Wait(Millis),
    /// Provoke an answer, or the error that a dead connection hides. Look again then.
    Probe(Millis),
    /// Give the line up.
    Lost,
}

impl Silence {
    pub(super) fn new(limits: &StreamLimits) -> Self {
        let millis = |duration: std::time::Duration| {
            Millis(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
        };
        Self {
            probe_after: millis(limits.probe_after),
            lost_after: millis(limits.lost_after),
            heard: Millis::ZERO,
            probed: false,
        }
    }

    /// Notes a sign of life. Cheap: no timer is touched, the alarm finds out when it rings.
    pub(super) fn heard(&mut self, now: Millis) {
        self.heard = now;
        self.probed = false;
    }

    /// What to do when the alarm rings.
    pub(super) fn alarm(&mut self, now: Millis) -> Alarm {
        let (probe_at, lost_at) = (self.heard + self.probe_after, self.heard + self.lost_after);
        if now >= lost_at {
            Alarm::Lost
        } else if now < probe_at {
            Alarm::Wait(probe_at)
        } else if self.probed {
            Alarm::Wait(lost_at)
        } else {
            self.probed = true;
            Alarm::Probe(lost_at)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_line_is_probed_and_then_lost() {
        let mut silence = Silence::new(&StreamLimits::default());
        silence.heard(Millis(3_000));
        assert_eq!(silence.alarm(Millis(5_000)), Alarm::Wait(Millis(8_000)));
        assert_eq!(silence.alarm(Millis(8_000)), Alarm::Probe(Millis(13_000)));
        assert_eq!(
            silence.alarm(Millis(8_001)),
            Alarm::Wait(Millis(13_000)),
            "one probe"
        );
        assert_eq!(silence.alarm(Millis(13_000)), Alarm::Lost);
    }

    #[test]
    fn a_message_after_the_probe_saves_the_line() {
        let mut silence = Silence::new(&StreamLimits::default());
        assert_eq!(silence.alarm(Millis(5_000)), Alarm::Probe(Millis(10_000)));
        silence.heard(Millis(9_999));
        assert_eq!(silence.alarm(Millis(10_000)), Alarm::Wait(Millis(14_999)));
        assert_eq!(silence.alarm(Millis(14_999)), Alarm::Probe(Millis(19_999)));
    }
}
