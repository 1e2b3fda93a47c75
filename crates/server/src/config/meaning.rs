//! The step from what was typed to what it means. Contradictions are collected, never thrown.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use domain::{Micros, PhoneNumber};
use driver::{BreakerSettings, CacheSettings, DiskSettings};
use store::Database;
use tracing_subscriber::EnvFilter;
use transports::twilio::{public_url::PublicUrl, signature::AuthToken};

use super::{
    Admission, Config, Limits, Log, LogFormat, Mode, ProviderAccess, Waits, WhenFull,
    agent::{Agents, prices::warn_of_unused},
    env::{Environment, FOR_LATER},
    problem::{Problem, did_you_mean},
    raw,
    source::Source,
    tenant,
};

const DEFAULT_PORT: u16 = 3001;
const CALLS_PER_CORE: usize = 150;

/// Reads meaning out of text, and remembers what has none.
pub(crate) struct Meaning<'a> {
    source: Source<'a>,
    pub(crate) warnings: Vec<String>,
    pub(crate) remarks: Vec<String>,
    /// The models whose price somebody wanted to know.
    pub(crate) priced: BTreeSet<String>,
}

impl<'a> Meaning<'a> {
    pub(crate) fn new(source: Source<'a>) -> Self {
        Self {
            source,
            warnings: Vec::new(),
            remarks: Vec::new(),
            priced: BTreeSet::new(),
        }
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.source.problems
    }

    pub(crate) fn environment(&self) -> &'a Environment {
        self.source.environment
    }

    /// Whether `key` stands in a file.
    pub(crate) fn stands(&self, key: &str) -> bool {
        self.source.places.contains_key(key)
    }

    /// Notes that the value of `key` cannot stay as it is.
    pub(crate) fn problem(&mut self, key: &str, message: impl Into<String>) {
        let place = self.source.place_of(key);
        self.source.problems.push(Problem {
            place,
            key: key.to_owned(),
            message: message.into(),
        });
    }

    /// A path as it is seen from the folder of the file that `key` stands in.
    pub(crate) fn beside(&self, key: &str, path: &str) -> PathBuf {
        let place = self.source.place_of(key);
        let file = place.map(|place| place.file).unwrap_or_default();
        Path::new(&file).with_file_name(path)
    }

    /// The text in the file, else the first variable that is set.
    pub(crate) fn text(&self, typed: Option<&String>, variables: &[&str]) -> Option<String> {
        typed.cloned().or_else(|| {
            variables
                .iter()
                .find_map(|name| self.environment().get(name).map(str::to_owned))
        })
    }

    /// The text in the file, else the variable, and the name of where it came from.
    pub(crate) fn named_text(
        &self,
        key: &str,
        typed: Option<&String>,
        variable: &str,
    ) -> (String, Option<String>) {
        let name = if typed.is_some() { key } else { variable };
        (name.to_owned(), self.text(typed, &[variable]))
    }

    /// Parses a text, or notes why it cannot be parsed.
    pub(crate) fn parse<T: FromStr>(&mut self, key: &str, text: &str) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        self.ok(key, text.trim().parse())
    }

    /// The value, or `None` with the reason noted.
    pub(crate) fn ok<T, E: std::fmt::Display>(
        &mut self,
        key: &str,
        outcome: Result<T, E>,
    ) -> Option<T> {
        outcome
            .map_err(|error| self.problem(key, error.to_string()))
            .ok()
    }

    /// One of several words, or the first of them.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        key: &str,
        typed: Option<&str>,
        choices: &[(&str, T)],
    ) -> T {
        let (_, usual) = choices[0];
        let Some(typed) = typed else {
            return usual;
        };
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == typed) {
            return *value;
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        self.problem(
            key,
            format!(
                "`{typed}` is none of {}{}",
                names.join(", "),
                did_you_mean(typed, names.iter().copied())
            ),
        );
        usual
    }

    /// A number within a range, or the usual one.
    pub(crate) fn within<T: PartialOrd + std::fmt::Display + Copy>(
        &mut self,
        key: &str,
        typed: Option<T>,
        (least, usual, most): (T, T, T),
    ) -> T {
        match typed {
            None => usual,
            Some(value) if value >= least && value <= most => value,
            Some(value) => {
                self.problem(key, format!("{value} is not between {least} and {most}"));
                usual
            }
        }
    }

    /// Dollars as money.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked before"
    )]
    pub(crate) fn micros(&mut self, key: &str, dollars: f64) -> Micros {
        let range = (0.0, 0.0, 1_000_000.0);
        Micros((self.within(key, Some(dollars), range) * 1e6).round() as u64)
    }

    /// The most that something may cost, in dollars. As typed 0 is no limit; next to nothing is one.
    pub(crate) fn budget(&mut self, key: &str, dollars: f64) -> Option<Micros> {
        let limit = self.micros(key, dollars);
        (dollars != 0.0).then_some(limit)
    }

    /// A number that is only sent when it is set.
    pub(crate) fn optional(
        &mut self,
        key: &str,
        typed: Option<f32>,
        (least, most): (f32, f32),
    ) -> Option<f32> {
        typed.map(|value| self.within(key, Some(value), (least, least, most)))
    }

    /// Everything. `None` when no tenant could be made of it, with the reasons noted.
    pub(crate) fn config(&mut self, file: &raw::File) -> Option<Config> {
        let listen = self.listen(&file.server);
        let public_url = self.public_url(&file.server);
        let mode = self.mode(&file.server);
        let log = self.log(&file.log);
        let limits = self.limits(&file.limits);
        let admission = self.admission(&file.admission);
        let shutdown_s = self.within("shutdown.wait_s", file.shutdown.wait_s, (0, 900, 86_400));
        let store_url = self.store_url(&file.store);
        let cache = self.cache(&file.cache);
        let breaker = self.breaker(&file.breaker);
        let webhook_tokens = self.webhook_tokens(&file.twilio);
        let providers = ProviderAccess::read(&file.providers, self);
        let agents = Agents::read(file, &providers, self);
        let tenants = tenant::read(&file.tenants, &agents, self);
        warn_of_unused(&file.prices, self);
        self.remark_on_later_variables();
        Some(Config {
            listen,
            public_url,
            mode,
            log,
            limits,
            admission,
            shutdown_wait: Duration::from_secs(shutdown_s),
            store_url,
            cache,
            breaker,
            webhook_tokens,
            providers,
            tenants: tenants?,
            warnings: std::mem::take(&mut self.warnings),
            remarks: std::mem::take(&mut self.remarks),
        })
    }

    fn breaker(&mut self, typed: &raw::Breaker) -> BreakerSettings {
        let usual = BreakerSettings::default();
        let mut seconds = |key: &str, typed: Option<u64>, usual: Duration| {
            let key = format!("breaker.{key}");
            Duration::from_secs(self.within(&key, typed, (1, usual.as_secs(), 86_400)))
        };
        let window = seconds("window_s", typed.window_s, usual.window);
        let open = seconds("open_s", typed.open_s, usual.open);
        let open_for_key = seconds("open_for_key_s", typed.open_for_key_s, usual.open_for_key);
        let mut count = |key: &str, typed: Option<u32>, usual: u32, most: u32| {
            self.within(&format!("breaker.{key}"), typed, (1, usual, most))
        };
        BreakerSettings {
            failures: count("failures", typed.failures, usual.failures, 1_000),
            window,
            open,
            open_for_key,
            successes: count("successes", typed.successes, usual.successes, 1_000),
            ramp_percent: count("ramp_percent", typed.ramp_percent, usual.ramp_percent, 100),
        }
    }

    fn listen(&mut self, server: &raw::Server) -> SocketAddr {
        let host = match server.host.as_deref().map(str::trim) {
            None => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Some("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Some(text) => self
                .ok(
                    "server.host",
                    text.parse().map_err(|_| not_an_address(text)),
                )
                .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        };
        let port = server.port.or_else(|| {
            let text = self.environment().get("PORT")?;
            self.ok("PORT", text.trim().parse().map_err(|_| not_a_port(text)))
        });
        SocketAddr::new(host, port.unwrap_or(DEFAULT_PORT))
    }

    fn public_url(&mut self, server: &raw::Server) -> Option<PublicUrl> {
        let variables = ["TWILIO_WEBHOOK_BASE_URL", "VOICE_SERVER_URL"];
        let set = variables
            .map(|name| self.named_text("server.public_url", server.public_url.as_ref(), name));
        let (key, text) = set
            .into_iter()
            .find_map(|(name, text)| Some((name, text?)))?;
        // Some deployments name the socket: the same place, another scheme.
        let url = match text.trim().split_once("://") {
            Some(("wss", rest)) => format!("https://{rest}"),
            Some(("ws", rest)) => format!("http://{rest}"),
            Some(_) | None => text,
        };
        self.ok(&key, PublicUrl::parse(&url))
    }

    fn mode(&mut self, server: &raw::Server) -> Mode {
        let (key, typed) = self.named_text("server.mode", server.mode.as_ref(), "NODE_ENV");
        self.choice(
            &key,
            typed.as_deref(),
            &[
                ("production", Mode::Production),
                ("development", Mode::Development),
                ("test", Mode::Development),
            ],
        )
    }

    fn log(&mut self, log: &raw::Log) -> Log {
        let (key, format) = self.named_text("log.format", log.format.as_ref(), "LOG_FORMAT");
        let (level_key, level) = self.named_text("log.level", log.level.as_ref(), "RUST_LOG");
        let level = level.unwrap_or_else(|| "info".to_owned());
        self.ok(&level_key, EnvFilter::try_new(&level));
        Log {
            format: format.is_some().then(|| {
                let choices = [("pretty", LogFormat::Pretty), ("json", LogFormat::Json)];
                self.choice(&key, format.as_deref(), &choices)
            }),
            level,
        }
    }

    fn limits(&mut self, limits: &raw::Limits) -> Limits {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Limits {
            max_calls: self.within(
                "limits.max_calls",
                limits.max_calls,
                (1, CALLS_PER_CORE * cores, 100_000),
            ),
            calls_per_second: self.within(
                "limits.calls_per_second",
                limits.calls_per_second,
                (1, 20, 10_000),
            ),
            http_body_bytes: self.within(
                "limits.http_body_bytes",
                limits.http_body_bytes,
                (1_024, 64 * 1_024, 16 * 1_024 * 1_024),
            ),
            unproven_streams_per_address: self.within(
                "limits.unproven_streams_per_address",
                limits.unproven_streams_per_address,
                (1, 200, 100_000),
            ),
            waits: self.waits(limits),
        }
    }

    fn waits(&mut self, limits: &raw::Limits) -> Waits {
        let mut wait = |key: &str, typed: Option<u64>, range_ms: (u64, u64, u64)| {
            Duration::from_millis(self.within(&format!("limits.{key}"), typed, range_ms))
        };
        Waits {
            http_body: wait(
                "http_body_wait_ms",
                limits.http_body_wait_ms,
                (100, 5_000, 60_000),
            ),
            http_head: wait(
                "http_head_wait_ms",
                limits.http_head_wait_ms,
                (100, 5_000, 60_000),
            ),
            loop_lag: wait("loop_lag_ms", limits.loop_lag_ms, (1, 20, 10_000)),
            media_silence: wait(
                "media_silence_ms",
                limits.media_silence_ms,
                (100, 10_000, 60_000),
            ),
            media_start: wait(
                "media_start_wait_ms",
                limits.media_start_wait_ms,
                (100, 10_000, 60_000),
            ),
            prepared_call: Duration::from_secs(self.within(
                "limits.prepared_call_s",
                limits.prepared_call_s,
                (5, 60, 600),
            )),
        }
    }

    fn admission(&mut self, admission: &raw::Admission) -> Admission {
        let line =
            |typed: &Option<String>, usual: &str| typed.clone().unwrap_or_else(|| usual.to_owned());
        Admission {
            when_full: self.choice(
                "admission.when_full",
                admission.when_full.as_deref(),
                &[("say", WhenFull::Say), ("reject", WhenFull::Reject)],
            ),
            busy_line: line(
                &admission.busy_line,
                "All our lines are busy right now. Please call again in a few minutes. Goodbye.",
            ),
            apology_line: line(
                &admission.apology_line,
                "I am sorry, something went wrong on our side. Please call again. Goodbye.",
            ),
        }
    }

    fn cache(&mut self, cache: &raw::Cache) -> CacheSettings {
        let memory_mb = self.within("cache.memory_mb", cache.memory_mb, (1, 64, 65_536));
        let disk_mb = self.within("cache.disk_mb", cache.disk_mb, (1, 256, 1_048_576));
        if cache.dir.is_none() && cache.disk_mb.is_some() {
            self.problem("cache.disk_mb", "needs `cache.dir`, the folder to fill");
        }
        if cache.dir.as_ref().is_some_and(|dir| dir.trim().is_empty()) {
            self.problem(
                "cache.dir",
                "is empty; leave it out to write nothing to disk",
            );
        }
        CacheSettings {
            memory_bytes: memory_mb << 20,
            disk: cache.dir.as_ref().map(|dir| DiskSettings {
                folder: dir.into(),
                bytes: disk_mb << 20,
            }),
        }
    }

    fn store_url(&mut self, store: &raw::Store) -> String {
        let usual = "sqlite:repartee.db";
        let (key, url) = self.named_text("store.url", store.url.as_ref(), "DATABASE_URL");
        let url = url.unwrap_or_else(|| usual.to_owned());
        if store.url.is_none() && !url.starts_with("sqlite:") {
            let warning =
                "DATABASE_URL is not a sqlite: address and is not used: calls are kept in";
            self.warnings.push(format!("{warning} {usual}"));
            return usual.to_owned();
        }
        self.ok(&key, Database::check_url(&url));
        url
    }

    fn webhook_tokens(&mut self, twilio: &raw::Twilio) -> Vec<AuthToken> {
        let first = self.named_text(
            "twilio.auth_token",
            twilio.auth_token.as_ref(),
            "TWILIO_AUTH_TOKEN",
        );
        let second = self.named_text(
            "twilio.auth_token_secondary",
            twilio.auth_token_secondary.as_ref(),
            "TWILIO_AUTH_TOKEN_SECONDARY",
        );
        if first.1.is_none() && second.1.is_some() {
            self.problem(&second.0, "a second token without a first one");
        }
        let sid = self.text(twilio.account_sid.as_ref(), &["TWILIO_ACCOUNT_SID"]);
        if sid.is_some_and(|sid| !sid.starts_with("AC")) {
            let warning = "TWILIO_ACCOUNT_SID does not begin with AC: is it another id?";
            self.warnings.push(warning.to_owned());
        }
        let number = self.text(twilio.phone_number.as_ref(), &["TWILIO_PHONE_NUMBER"]);
        if number.is_some_and(|number| number.trim().parse::<PhoneNumber>().is_err()) {
            let warning = "TWILIO_PHONE_NUMBER is not a number such as +14155550100";
            self.warnings.push(warning.to_owned());
        }
        let token = |(key, text): (String, Option<String>)| self.ok(&key, AuthToken::new(&text?));
        [first, second].into_iter().filter_map(token).collect()
    }

    fn remark_on_later_variables(&mut self) {
        let set = FOR_LATER
            .iter()
            .filter(|name| self.environment().get(name).is_some());
        let remarks: Vec<String> = set
            .map(|name| format!("the variable {name} is known, but nothing uses it yet"))
            .collect();
        self.remarks.extend(remarks);
    }
}

fn not_an_address(text: &str) -> String {
    format!("`{text}` is not an IP address such as 0.0.0.0 or 127.0.0.1")
}

fn not_a_port(text: &str) -> String {
    format!("`{text}` is not a port from 0 to 65535")
}
