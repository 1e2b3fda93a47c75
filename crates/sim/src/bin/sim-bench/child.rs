use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use clap::ValueEnum;
use sim::fakes::{
    AnthropicSettings, FakeAnthropic, FakeDeepgram, FakeElevenLabs, FakeOpenAi, FakeRealtime,
    over_http2,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep},
};

/// The token that webhooks are signed with.
pub(crate) const AUTH_TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// How the server decides.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Policy<'a> {
    /// By these agents, written as a part of the configuration.
    Agents(&'a str),
    /// As callers meet it.
    Usual,
}

/// How the server is to ask the fakes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Http {
    /// HTTP/1.1, as servers nearby are often asked
    #[value(name = "1.1")]
    One,
    /// HTTP/2, as the services that the fakes stand for are asked
    #[default]
    #[value(name = "2")]
    Two,
}

impl Http {
    fn at(self, base_url: &str) -> String {
        match self {
            Self::One => base_url.to_owned(),
            Self::Two => over_http2(base_url),
        }
    }
}

/// How to start a server.
pub(crate) struct Start<'a> {
    pub(crate) binary: &'a Path,
    /// Its only core.
    pub(crate) core: Option<usize>,
    pub(crate) log: Option<&'a Path>,
    pub(crate) policy: Policy<'a>,
    pub(crate) http: Http,
}

/// The file of its store.
const DATABASE: &str = "bench.db";

const CONFIG: &str = r#"
[server]
host = "127.0.0.1"

[log]
level = "LEVEL"

[limits]
max_calls = 10000
calls_per_second = 1000
unproven_streams_per_address = 10000

[store]
url = "sqlite:DATABASE"
"#;

const USUAL: &str = r#"
[agents.desk]
greeting = "Harbour Table, good evening. How can I help you?"
"#;

/// The providers that the server is told to use.
pub(crate) struct Providers {
    pub(crate) deepgram: FakeDeepgram,
    pub(crate) openai: FakeOpenAi,
    pub(crate) elevenlabs: FakeElevenLabs,
    pub(crate) anthropic: Option<FakeAnthropic>,
    pub(crate) realtime: Option<FakeRealtime>,
}

/// Time that a process had on its core, and time that it waited for it while others ran there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cpu {
    pub(crate) ran: Duration,
    pub(crate) waited: Duration,
}

impl Cpu {
    /// Of this process and all its threads.
    pub(crate) fn of(process: u32) -> Self {
        let tasks = fs::read_dir(format!("/proc/{process}/task"));
        let mut cpu = Self::default();
        for task in tasks.into_iter().flatten().flatten() {
            let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            let mut nanos = text
                .split_whitespace()
                .filter_map(|number| number.parse().ok());
            cpu.ran += Duration::from_nanos(nanos.next().unwrap_or_default());
            cpu.waited += Duration::from_nanos(nanos.next().unwrap_or_default());
        }
        cpu
    }

    /// What came after `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            ran: self.ran.saturating_sub(earlier.ran),
            waited: self.waited.saturating_sub(earlier.waited),
        }
    }
}

impl Providers {
    /// Those that every environment has.
    pub(crate) const fn of(
        deepgram: FakeDeepgram,
        openai: FakeOpenAi,
        elevenlabs: FakeElevenLabs,
    ) -> Self {
        Self {
            deepgram,
            openai,
            elevenlabs,
            anthropic: None,
            realtime: None,
        }
    }

    /// The variables that lead to them. A realtime model has none: its address is OpenAI's.
    fn environment(&self, http: Http) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("DEEPGRAM_BASE_URL", self.deepgram.base_url()),
            ("DEEPGRAM_API_KEY", "deepgram-test-key".to_owned()),
            ("OPENAI_BASE_URL", http.at(&self.openai.base_url())),
            ("OPENAI_API_KEY", "openai-test-key".to_owned()),
            ("ELEVENLABS_BASE_URL", http.at(&self.elevenlabs.base_url())),
            ("ELEVENLABS_API_KEY", "elevenlabs-test-key".to_owned()),
        ];
        if let Some(anthropic) = &self.anthropic {
            all.push(("ANTHROPIC_BASE_URL", http.at(&anthropic.base_url())));
            all.push(("ANTHROPIC_API_KEY", AnthropicSettings::default().key));
        }
        all
    }

    /// What the server did that a provider's protocol forbids.
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut all = vec![
            ("deepgram", self.deepgram.violations()),
            ("openai", self.openai.violations()),
            ("openai speech", self.openai.speech().violations()),
            (
                "openai transcription",
                self.openai.transcription().violations(),
            ),
            ("elevenlabs", self.elevenlabs.violations()),
            ("elevenlabs http", self.elevenlabs.clauses().violations()),
        ];
        let anthropic = self.anthropic.iter();
        all.extend(anthropic.map(|fake| ("anthropic", fake.violations())));
        let realtime = self.realtime.iter();
        all.extend(realtime.map(|fake| ("openai realtime", fake.violations())));
        let named = all.into_iter().flat_map(|(name, violations)| {
            violations
                .into_iter()
                .map(move |violation| format!("{name}: {}", violation.what))
        });
        named.collect()
    }
}

/// A folder of its own, removed when dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> anyhow::Result<Self> {
        let name = format!("repartee-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// What a linker has written lies in memory page by page, and runs slower than the copy of it that
    /// people install.
    pub(crate) fn copy_of(&self, binary: &Path) -> anyhow::Result<PathBuf> {
        let copy = self.0.join("copy");
        fs::copy(binary, &copy)?;
        Ok(copy)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of it is of no use to anyone.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server in a process of its own. Killed when dropped, with what it wrote.
pub(crate) struct Server {
    child: Child,
    scratch: Scratch,
    pub(crate) url: String,
    /// From its start to the first yes of `/readyz`.
    pub(crate) ready_after: Duration,
}

impl Server {
    /// Starts the server on its core and waits until it is ready.
    pub(crate) async fn start(start: &Start<'_>, providers: &Providers) -> anyhow::Result<Self> {
        ensure!(
            start.binary.exists(),
            "{} does not exist",
            start.binary.display()
        );
        let scratch = Scratch::new("bench")?;
        let config = scratch.0.join("repartee.toml");
        let database = scratch.0.join(DATABASE).display().to_string();
        let level = if start.log.is_some() { "info" } else { "warn" };
        let agent = match start.policy {
            Policy::Agents(agents) => agents,
            Policy::Usual => USUAL,
        };
        fs::write(
            &config,
            CONFIG
                .replace("DATABASE", &database)
                .replace("LEVEL", level)
                + agent,
        )?;
        let port = free_port()?;
        let url = format!("http://127.0.0.1:{port}");
        let mut command = command(start, &config, &scratch)?;
        command
            .env("PORT", port.to_string())
            .env("VOICE_SERVER_URL", &url)
            .env("TWILIO_AUTH_TOKEN", AUTH_TOKEN)
            .envs(providers.environment(start.http));
        let began = Instant::now();
        let child = command.spawn().context("cannot start the server")?;
        let mut server = Self {
            child,
            scratch,
            url,
            ready_after: Duration::ZERO,
        };
        let up = ready(&mut server.child, port).await;
        up.context("the server (--server-log keeps what it says)")?;
        server.ready_after = began.elapsed();
        Ok(server)
    }

    /// Where it keeps its calls.
    pub(crate) fn store_url(&self) -> String {
        format!("sqlite:{}", self.scratch.0.join(DATABASE).display())
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// What all its threads had of their core.
    pub(crate) fn cpu(&self) -> Cpu {
        Cpu::of(self.child.id())
    }

    /// Memory that it holds, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let text = text.unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes =
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kilobytes.unwrap_or_default() * 1_024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(start: &Start<'_>, config: &Path, scratch: &Scratch) -> anyhow::Result<Command> {
    let log = match start.log {
        Some(path) => fs::File::options()
            .create(true)
            .append(true)
            .open(path)?
            .into(),
        None => Stdio::null(),
    };
    let mut command = on_core(start.core, &scratch.copy_of(start.binary)?);
    command
        .arg("--config")
        .arg(config)
        .arg("serve")
        .current_dir(&scratch.0)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    Ok(command)
}

/// A program on its core, if it has one of its own.
pub(crate) fn on_core(core: Option<usize>, binary: &Path) -> Command {
    let Some(core) = core else {
        return Command::new(binary);
    };
    let mut taskset = Command::new("taskset");
    taskset.args(["-c", &core.to_string()]).arg(binary);
    taskset
}

/// Waits until a server that was just started is ready.
pub(crate) async fn ready(server: &mut Child, port: u16) -> anyhow::Result<()> {
    const PATIENCE: Duration = Duration::from_secs(20);
    let until = Instant::now() + PATIENCE;
    while !is_ready(port).await {
        if let Some(status) = server.try_wait()? {
            anyhow::bail!("it ended at once: {status}");
        }
        ensure!(Instant::now() < until, "it is not ready after {PATIENCE:?}");
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}

async fn is_ready(port: u16) -> bool {
    let asked = async {
        let mut tcp = TcpStream::connect(("127.0.0.1", port)).await?;
        let request = "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
        tcp.write_all(request.as_bytes()).await?;
        let mut answer = [0; 12];
        tcp.read_exact(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    asked.await.is_ok_and(|answer| answer.ends_with(b" 200"))
}
