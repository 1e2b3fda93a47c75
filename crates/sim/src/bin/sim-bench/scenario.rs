use std::{fs, io::Write as _, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::Args;
use providers::offline::Script as DeskScript;
use sim::{
    caller::{Phrasebook, Script},
    carrier::{CallPlan, CallReport, Carrier, Settings},
    fakes::{
        DeepgramSettings, Desk, ElevenLabsSettings, FakeDeepgram, FakeElevenLabs, FakeOpenAi,
        OpenAiSettings,
    },
};

use crate::child::{AUTH_TOKEN, Http, Policy, Providers, Server, Start};

/// What `scenario` is told.
#[derive(Debug, Args)]
pub(crate) struct ScenarioArgs {
    /// The caller's script, such as scenarios/book-a-table.call
    script: PathBuf,
    /// The server's binary
    #[arg(long, default_value = "target/release/repartee")]
    server: PathBuf,
    /// Where the call's sound is written: caller left, agent right
    #[arg(long)]
    wav: Option<PathBuf>,
    /// Where the server's own output goes; nowhere by default
    #[arg(long)]
    server_log: Option<PathBuf>,
}

/// Places one call by a script against the real server with simulated providers, and prints it.
pub(crate) async fn run(args: &ScenarioArgs) -> anyhow::Result<()> {
    let book = Arc::new(Phrasebook::recorded());
    let text = fs::read_to_string(&args.script)
        .with_context(|| format!("cannot read {}", args.script.display()))?;
    let script = Script::parse(&text, &book)?;
    let providers = providers().await?;
    let start = Start {
        binary: &args.server,
        core: None,
        log: args.server_log.as_deref(),
        policy: Policy::Usual,
        http: Http::default(),
    };
    let server = Server::start(&start, &providers).await?;
    let carrier = Carrier::new(Settings::local(&server.url, Some(AUTH_TOKEN.to_owned())))?;
    let limit = Duration::from_secs(180);
    let report = carrier
        .place_call(CallPlan {
            book,
            limit,
            ..CallPlan::by(script)
        })
        .await;
    drop(server);
    if let Some(path) = &args.wav {
        fs::write(path, report.wav())?;
    }
    print(&report, &providers.violations())
}

/// Delays and spreads of real providers, and the demo's desk for a brain.
async fn providers() -> anyhow::Result<Providers> {
    let desk = Desk::new(Arc::new(DeskScript::demo()));
    let openai = OpenAiSettings {
        brain: Arc::new(desk),
        ..OpenAiSettings::default()
    };
    Ok(Providers::of(
        FakeDeepgram::start(DeepgramSettings::default()).await?,
        FakeOpenAi::start(openai).await?,
        FakeElevenLabs::start(ElevenLabsSettings::default()).await?,
    ))
}

fn print(report: &CallReport, provider_violations: &[String]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for turn in &report.turns {
        writeln!(out, "{}", serde_json::to_string(turn)?)?;
    }
    let summary = serde_json::json!({
        "end": format!("{:?}", report.end),
        "greeting_after_ms": report.greeting_after_ms,
        "gave_up": report.gave_up,
        "clears": report.clears,
        "marks": report.marks,
        "most_ahead_ms": report.most_ahead_ms,
        "carrier_violations": report.violations,
        "provider_violations": provider_violations,
    });
    writeln!(out, "{summary}")?;
    Ok(())
}
