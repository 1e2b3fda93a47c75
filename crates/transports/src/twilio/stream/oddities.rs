use std::sync::atomic::{AtomicU64, Ordering};

/// Something odd on a media socket that was coped with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Oddity {
    /// A key that no phone has.
    BadDigit,
    /// A message that is not the JSON it should be.
    BadJson,
    /// A mark that we never set.
    BadMark,
    /// Audio that is not base64.
    BadPayload,
    /// A binary frame, which the protocol does not have.
    BinaryFrame,
    /// Audio before `start`.
    EarlyMedia,
    /// More audio than fits the time that passed.
    Flood,
    /// The connection was probed because nothing came.
    Probe,
    /// An event of a kind that we do not know.
    UnknownEvent,
}

impl Oddity {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::BadDigit,
        Self::BadJson,
        Self::BadMark,
        Self::BadPayload,
        Self::BinaryFrame,
        Self::EarlyMedia,
        Self::Flood,
        Self::Probe,
        Self::UnknownEvent,
    ];

    /// The name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadDigit => "bad_digit",
            Self::BadJson => "bad_json",
            Self::BadMark => "bad_mark",
            Self::BadPayload => "bad_payload",
            Self::BinaryFrame => "binary_frame",
            Self::EarlyMedia => "early_media",
            Self::Flood => "flood",
            Self::Probe => "probe",
            Self::UnknownEvent => "unknown_event",
        }
    }
}

/// How often each oddity was met, on all streams that share this value.
#[derive(Debug, Default)]
pub struct Oddities([AtomicU64; Oddity::ALL.len()]);

impl Oddities {
    /// How often this one was met.
    #[must_use]
    pub fn count(&self, oddity: Oddity) -> u64 {
        self.0[oddity as usize].load(Ordering::Relaxed)
    }

    pub(super) fn note(&self, oddity: Oddity) {
        tracing::debug!(oddity = oddity.as_str(), "something odd on a media socket");
        self.0[oddity as usize].fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_oddity_has_its_own_counter() {
        let oddities = Oddities::default();
        for (index, oddity) in Oddity::ALL.into_iter().enumerate() {
            assert_eq!(oddity as usize, index, "{}", oddity.as_str());
            oddities.note(oddity);
        }
        assert!(
            Oddity::ALL
                .into_iter()
                .all(|oddity| oddities.count(oddity) == 1)
        );
    }
}
