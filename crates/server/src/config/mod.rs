//! The configuration: what was typed (`raw`) becomes what it means ([`Config`]) in one step that
//! reports everything wrong at once.

mod agent;
mod clip;
mod env;
mod meaning;
mod models;
mod problem;
mod prompt;
mod provider;
mod raw;
mod source;
mod tenant;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

pub(crate) use agent::prices::{CARRIER, LIST};
pub use agent::{AgentPlan, SpeakOver};
pub use env::Environment;
pub use problem::{Place, Problem, Problems};
pub use provider::{Access, ProviderAccess};
pub use tenant::TenantPlan;

use driver::{BreakerSettings, CacheSettings};
use transports::twilio::{public_url::PublicUrl, signature::AuthToken};

use source::Source;

/// The file that is read when it exists and no other is named.
pub const DEFAULT_FILE: &str = "repartee.toml";

/// Everything an operator decided, checked and complete.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the server listens.
    pub listen: SocketAddr,
    /// How the carrier reaches it.
    pub public_url: Option<PublicUrl>,
    /// For whom it runs.
    pub mode: Mode,
    /// What is logged.
    pub log: Log,
    /// How much it takes on.
    pub limits: Limits,
    /// What refused callers hear.
    pub admission: Admission,
    /// How long live calls may go on after the first signal.
    pub shutdown_wait: Duration,
    /// The database of calls.
    pub store_url: String,
    /// How much synthesised speech is kept.
    pub cache: CacheSettings,
    /// When a provider that fails is left alone.
    pub breaker: BreakerSettings,
    /// The keys that sign webhooks, the one to expect first. Empty: webhooks cannot be checked.
    pub webhook_tokens: Vec<AuthToken>,
    /// Where providers are, and with which keys.
    pub providers: ProviderAccess,
    /// Who is called.
    pub tenants: Vec<TenantPlan>,
    /// What works but deserves attention, one line each.
    pub warnings: Vec<String>,
    /// What is of interest to someone who looks closely.
    pub remarks: Vec<String>,
}

/// For whom the server runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// For someone who builds with it.
    Development,
    /// For callers.
    Production,
}

/// What is logged.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Log {
    /// How lines look; by default a terminal decides.
    pub format: Option<LogFormat>,
    /// A level or directives.
    pub level: String,
}

/// How lines of the log look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// For people.
    Pretty,
}

/// How much the server takes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Calls at the same time.
    pub max_calls: usize,
    /// New calls per second.
    pub calls_per_second: u32,
    /// The largest body of a request.
    pub http_body_bytes: usize,
    /// Streams without a valid token yet, per address.
    pub unproven_streams_per_address: usize,
    /// How long it waits for others.
    pub waits: Waits,
}

/// How long the server waits before it acts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Waits {
    /// A body may take so long.
    pub http_body: Duration,
    /// The head of a request may take so long.
    pub http_head: Duration,
    /// The process itself may be so late, for seconds, before it takes no more calls.
    pub loop_lag: Duration,
    /// A media stream may send nothing for so long before it is lost.
    pub media_silence: Duration,
    /// A media socket may take so long to say whose it is.
    pub media_start: Duration,
    /// An announced call waits so long for its stream.
    pub prepared_call: Duration,
}

/// What refused callers hear.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Admission {
    /// What is done with a call too many.
    pub when_full: WhenFull,
    /// Said to a refused caller.
    pub busy_line: String,
    /// Said when a fault of ours ended the call.
    pub apology_line: String,
}

/// What is done with a call too many.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WhenFull {
    /// A busy signal.
    Reject,
    /// A sentence, then the end.
    Say,
}

impl Config {
    /// Reads the configuration: the file at `path`, or [`DEFAULT_FILE`] in `folder` if there is
    /// one, or the variables alone.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn load(
        path: Option<&Path>,
        folder: &Path,
        environment: &Environment,
    ) -> Result<Self, Problems> {
        let mut source = Source::new(environment);
        let mut file = raw::File::default();
        if let Some(path) = file_to_read(path, folder) {
            if let Some(text) = read_text(&path, &mut source) {
                file = source.read(&path.display().to_string(), &text, "");
            }
            read_agents(&path, &mut file, &mut source);
        }
        Self::of(&file, source)
    }

    /// The configuration that `text` alone makes, as if it were the file `name`.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn parse(name: &str, text: &str, environment: &Environment) -> Result<Self, Problems> {
        let mut source = Source::new(environment);
        let file = source.read(name, text, "");
        Self::of(&file, source)
    }

    fn of(file: &raw::File, source: Source<'_>) -> Result<Self, Problems> {
        let mut meaning = meaning::Meaning::new(source);
        let config = meaning.config(file);
        let mut problems = meaning.into_problems();
        problems.sort();
        problems.dedup();
        match config {
            Some(config) if problems.is_empty() => Ok(config),
            Some(_) | None => Err(Problems(problems)),
        }
    }
}

fn file_to_read(named: Option<&Path>, folder: &Path) -> Option<PathBuf> {
    named.map(Path::to_owned).or_else(|| {
        let usual = folder.join(DEFAULT_FILE);
        usual.exists().then_some(usual)
    })
}

fn read_text(path: &Path, source: &mut Source<'_>) -> Option<String> {
    match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) => {
            source.problems.push(Problem {
                place: None,
                key: path.display().to_string(),
                message: format!("cannot be read: {error}"),
            });
            None
        }
    }
}

/// Reads `agents/*.toml` beside the file. An agent is described once.
fn read_agents(beside: &Path, file: &mut raw::File, source: &mut Source<'_>) {
    let Ok(entries) = fs::read_dir(beside.with_file_name("agents")) else {
        return;
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    paths.sort();
    for path in paths {
        let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        let Some(text) = read_text(&path, source) else {
            continue;
        };
        let key = format!("agents.{name}");
        if file.agents.contains_key(name) {
            source.problems.push(Problem {
                place: source.place_of(&key),
                message: format!("described here and in {}", path.display()),
                key,
            });
            continue;
        }
        let agent = source.read(&path.display().to_string(), &text, &key);
        file.agents.insert(name.to_owned(), agent);
    }
}

#[cfg(test)]
mod tests;
