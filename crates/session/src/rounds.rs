use domain::Millis;

/// What a carrier heard that listens and speaks by itself, and asks us in between.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RoundHeard {
    /// The caller hung up, or nothing was heard of him for far too long.
    HungUp,
    /// Keys were pressed.
    Keys(String),
    /// The caller said nothing.
    Nothing,
    /// What the caller said.
    Words(String),
}

/// What a call lacks that goes on in rounds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Missing {
    /// Nobody recognises the caller's speech.
    Recogniser,
    /// Nobody speaks to him.
    Voice,
}

/// What such a carrier does once it has said its words.
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
