use session::AfterSaying;

/// What a carrier is to do next that listens and speaks by itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Round {
    /// What it says first, in its own voice. May be empty.
    pub say: String,
    /// What it does then.
    pub then: AfterSaying,
}
