use clap::ValueEnum;

/// Who listens, thinks and speaks while something goes wrong.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, ValueEnum)]
pub enum Set {
    /// Deepgram Nova, OpenAI, ElevenLabs
    Nova,
    /// Deepgram Flux, Anthropic, OpenAI's speech
    Flux,
    /// OpenAI's transcription of files, OpenAI, ElevenLabs over HTTP
    Files,
}

impl Set {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::Nova, Self::Flux, Self::Files];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nova => "nova",
            Self::Flux => "flux",
            Self::Files => "files",
        }
    }

    /// Its voice is asked for each clause apart, and keeps its connections for the next call.
    pub(super) const fn speaks_by_clause(self) -> bool {
        match self {
            Self::Nova => false,
            Self::Flux | Self::Files => true,
        }
    }
}
