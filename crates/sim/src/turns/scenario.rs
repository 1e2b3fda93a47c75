//! One conversation written down: who says what when, how slow everybody is, and what should come
//! of it. Both layers of the benchmark play the same files.
//!
//! A scenario is JSON. Unknown keys are errors, and an error names the file and the place in it:
//! `pause.json: steps[3].say.txet: unknown field …`.

mod check;
mod steps;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::Delay;

pub use steps::{Role, Say, Sound, SoundKind, Step, Turn, VoiceName};

/// A conversation with a known truth.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The name of its file, without `.json`.
    pub name: String,
    /// One sentence: what happens, and why that is hard.
    pub what: String,
    /// What it is an example of.
    pub group: Group,
    /// The language of both sides: `en`, `es-ES`.
    #[serde(default = "english")]
    pub language: String,
    /// How the agent behaves, and what it says.
    pub agent: Agent,
    /// What the line adds and takes away.
    #[serde(default)]
    pub line: Line,
    /// The recogniser.
    #[serde(default)]
    pub stt: Stt,
    /// The model.
    #[serde(default)]
    pub llm: Llm,
    /// The voice.
    #[serde(default)]
    pub tts: Tts,
    /// What the caller does, in order.
    pub steps: Vec<Step>,
    /// What should come of it.
    #[serde(default)]
    pub expect: Expected,
}

/// What a scenario is an example of.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it all")]
pub enum Group {
    BackgroundVoice,
    Backchannel,
    Clean,
    Cough,
    Digits,
    DoubleTalk,
    Dtmf,
    EarlyBargeIn,
    Echo,
    Email,
    Filler,
    Goodbye,
    Hold,
    LateBargeIn,
    LossyStt,
    Pause,
    SideTalk,
    Silence,
    SlowLlm,
    SlowStt,
    SlowTts,
    Spelling,
    StopWord,
    Tool,
}

/// How the agent behaves, and what it says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// Which waits apply.
    #[serde(default)]
    pub preset: Preset,
    /// What callers are expected to say.
    #[serde(default)]
    pub expects: Expects,
    /// Its first words. Empty: it waits for the caller.
    #[serde(default)]
    pub greeting: String,
    /// What the model writes, in order. When it has nothing left it repeats the last.
    pub replies: Vec<Reply>,
    /// Said when an answer is not ready soon. Empty: nothing is.
    #[serde(default)]
    pub openers: Vec<String>,
    /// Said while a tool runs or the model is slow. Absent: those of the language.
    pub fillers: Option<Vec<String>>,
    /// What happens to the voice while somebody speaks over it.
    #[serde(default)]
    pub overlap: Overlapping,
    /// Whether the greeting may be interrupted.
    #[serde(default = "yes")]
    pub greeting_interruptible: bool,
}

/// The waits that apply.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// The agent is usually right, and soon there.
    #[default]
    Balanced,
    /// The agent is fast, and cuts in more often.
    Eager,
    /// The agent waits.
    Patient,
}

impl Preset {
    /// The name in files and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Balanced => "balanced",
            Self::Eager => "eager",
            Self::Patient => "patient",
        }
    }
}

/// What callers are expected to say.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expects {
    /// Street, number, town.
    Address,
    /// One of the things that were offered.
    Choice,
    /// A day, perhaps with a time.
    Date,
    /// A number of so many digits.
    Digits {
        /// Complete from here on.
        min: u8,
        /// Certainly complete.
        max: u8,
    },
    /// An e-mail address.
    Email,
    /// A name, spelled.
    NameSpelled,
    /// Anything.
    #[default]
    Open,
    /// A telephone number.
    Phone,
    /// Yes or no.
    YesNo,
}

/// What happens to the agent's voice while somebody speaks over it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Overlapping {
    /// It becomes quieter.
    #[default]
    Duck,
    /// Nothing, until it is clear who has the floor.
    Ignore,
    /// It stops for a moment.
    Pause,
}

/// One reply of the model.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// What it writes. Empty: it only asks for the tool.
    #[serde(default)]
    pub say: String,
    /// The tool that it asks for at the end. The next reply is written when it has answered.
    pub tool: Option<Tool>,
}

/// A tool that the model asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Which one.
    pub name: String,
    /// What it is given: a JSON object.
    #[serde(default = "no_arguments")]
    pub arguments: String,
    /// How long it runs.
    #[serde(default)]
    pub takes_ms: u64,
    /// What it answers: a JSON object.
    #[serde(default = "no_arguments")]
    pub answer: String,
}

/// What the line adds and takes away.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Noise so many decibels under the caller's voice.
    pub noise_db: Option<u8>,
    /// Frames that never arrive.
    #[serde(default)]
    pub loss_percent: f64,
    /// The agent's own voice comes back.
    pub echo: Option<Echo>,
}

/// The agent's own voice, coming back.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Echo {
    /// By how many decibels it is quieter than what was sent.
    pub loss_db: u8,
    /// How much later it comes.
    pub delay_ms: u64,
}

/// The recogniser.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stt {
    /// From the last sound to its final words, if they were asked for in time.
    pub final_ms: Spread,
    /// How often the final words never come.
    pub finals_lost_percent: f64,
    /// Whether it writes `.` and `?`.
    pub punctuates: bool,
    /// Whether it writes `um` and its like, in English.
    pub writes_fillers: bool,
}

impl Default for Stt {
    fn default() -> Self {
        Self {
            final_ms: Spread::between(247, 298),
            finals_lost_percent: 0.0,
            punctuates: true,
            writes_fillers: true,
        }
    }
}

/// The model.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Llm {
    /// From the request to the first piece of text.
    pub first_ms: Spread,
    /// Tokens per second from then on.
    pub tokens_per_second: u32,
}

impl Default for Llm {
    fn default() -> Self {
        Self {
            first_ms: Spread::between(375, 750),
            tokens_per_second: 80,
        }
    }
}

/// The voice.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tts {
    /// From a clause to its first audio.
    pub first_ms: Spread,
    /// Whether it tells when words end.
    pub word_times: bool,
    /// How many seconds of audio it makes per second.
    pub speed: f64,
}

impl Default for Tts {
    fn default() -> Self {
        Self {
            first_ms: Spread::between(100, 250),
            word_times: true,
            speed: 8.0,
        }
    }
}

/// How long something takes: `250`, always, or `[100, 250]`, median and 95th percentile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Spread {
    /// Half take no longer.
    pub p50: u64,
    /// Nineteen of twenty take no longer.
    pub p95: u64,
}

impl Spread {
    /// Median and 95th percentile in milliseconds.
    #[must_use]
    pub const fn between(p50: u64, p95: u64) -> Self {
        Self { p50, p95 }
    }

    /// The same, to draw from.
    #[must_use]
    pub const fn delay(self) -> Delay {
        if self.p50 == self.p95 {
            Delay::fixed_ms(self.p50)
        } else {
            Delay::spread_ms(self.p50, self.p95)
        }
    }
}

/// What should come of it. What is absent is not checked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expected {
    /// The caller's turns as the model gets them, without regard to case and punctuation. Absent:
    /// those of the steps. Turns that were answered together count as one, in any case.
    pub turns: Option<Vec<String>>,
    /// Words by which all turns together may differ.
    pub words_off: usize,
    /// Turns that may be taken before they are over.
    pub cuts: usize,
    /// What the caller's sounds over the agent's words come to, in order.
    pub overlaps: Option<Vec<Outcome>>,
    /// From the last sound of any turn to the decision that it is over.
    pub max_wait_ms: Option<u64>,
    /// From the last sound of any turn to the agent's first.
    pub max_latency_ms: Option<u64>,
    /// From the beginning of an interruption to silence.
    pub silent_within_ms: Option<u64>,
    /// From the end of a false alarm to the voice as it was.
    pub restored_within_ms: Option<u64>,
    /// Times that the agent speaks unasked, after the greeting: re-prompts.
    pub unasked: Option<usize>,
    /// How the call ends: `caller_hung_up`, `agent_ended`, `silence`, …
    pub end: Option<String>,
}

/// What a sound over the agent's words comes to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// "Uh-huh": the agent goes on, and no turn comes of it.
    Backchannel,
    /// The agent had cut in on a caller who was not done.
    CutIn,
    /// So near the end of the agent's words that it is simply the next turn.
    NextTurn,
    /// A cough, a door: the agent goes on.
    Noise,
    /// The agent gives way.
    Yielded,
}

/// Why a file is not a scenario.
#[derive(Debug, thiserror::Error)]
pub enum BadScenario {
    /// The file cannot be read.
    #[error("{}: {why}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// It is not of this form.
    #[error("{}: {place}: {why}", file.display())]
    Malformed {
        /// Which file.
        file: PathBuf,
        /// Where in it: `steps[3].say`.
        place: String,
        /// What is wrong there.
        why: String,
    },
    /// It is of this form, and makes no sense.
    #[error("{}: {}", file.display(), faults.join("; "))]
    Senseless {
        /// Which file.
        file: PathBuf,
        /// Everything that is wrong.
        faults: Vec<String>,
    },
}

impl Scenario {
    /// Reads one file.
    ///
    /// # Errors
    /// When it cannot be read, is not of this form, or makes no sense.
    pub fn load(file: &Path) -> Result<Self, BadScenario> {
        let text = fs::read_to_string(file).map_err(|why| BadScenario::Unreadable {
            file: file.to_owned(),
            why,
        })?;
        Self::parse(&text, file)
    }

    /// Reads every `.json` of a folder, in the order of names.
    ///
    /// # Errors
    /// When the folder or one of its files cannot be read, or a file is no scenario.
    pub fn load_folder(folder: &Path) -> Result<Vec<Self>, BadScenario> {
        let unreadable = |why| BadScenario::Unreadable {
            file: folder.to_owned(),
            why,
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                files.push(path);
            }
        }
        files.sort();
        files.iter().map(|file| Self::load(file)).collect()
    }

    /// Reads the text of a file; `file` is for messages, and gives the name that it must have.
    ///
    /// # Errors
    /// When it is not of this form, or makes no sense.
    pub fn parse(text: &str, file: &Path) -> Result<Self, BadScenario> {
        let mut json = serde_json::Deserializer::from_str(text);
        let scenario: Self = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            BadScenario::Malformed {
                file: file.to_owned(),
                place: error.path().to_string(),
                why: error.inner().to_string(),
            }
        })?;
        let faults = check::faults(&scenario, file);
        if faults.is_empty() {
            Ok(scenario)
        } else {
            Err(BadScenario::Senseless {
                file: file.to_owned(),
                faults,
            })
        }
    }

    /// Whether both sides speak English.
    #[must_use]
    pub fn is_english(&self) -> bool {
        self.language == "en" || self.language.starts_with("en-")
    }

    /// The turns that the caller makes, in order: what is said up to each `turn_ends`.
    #[must_use]
    pub fn turns(&self) -> Vec<Turn> {
        steps::turns(&self.steps)
    }
}

fn english() -> String {
    "en".to_owned()
}

fn no_arguments() -> String {
    "{}".to_owned()
}

const fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests;
