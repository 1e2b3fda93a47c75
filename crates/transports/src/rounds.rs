use domain::Millis;

/// What a carrier heard that listens and speaks by itself, and asks us in between.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RoundHeard {
    /// Keys were pressed.
    Keys(String),
    /// The caller said nothing, or was not asked.
    Nothing,
    /// What the caller said.
    Words(String),
}

/// What such a carrier is to do next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Round {
    /// What it says first, in its own voice. May be empty.
    pub say: String,
    /// What it does then.
    pub then: AfterSaying,
}

/// What the carrier does once it has said its words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AfterSaying {
    /// It asks us at once what comes next.
    ComeBack,
    /// It ends the call.
    HangUp,
    /// It listens, and tells us what it heard.
    Listen {
        /// The longest wait for the first sound.
        patience: Millis,
        /// The silence that ends the caller's words. Without one the carrier judges by itself.
        pause: Option<Millis>,
    },
}
