//! One call from nowhere: a server, a simulated caller, and everything told while it happens.

mod narrator;
mod notice;
mod watched;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use domain::CallId;
use sim::{
    carrier::CallReport,
    demo::{DemoCall, DemoPlan},
};
use store::{Database, Record, Store};
use tokio::sync::mpsc;

use crate::{
    Options, Running, SystemClock,
    config::{Config, Environment},
    paint::{Paint, Tone},
    serve::generated_token,
    story,
};
use narrator::Narrator;
use watched::Watched;

/// The demo's whole configuration: no key, no network.
const CONFIG: &str = r#"
[server]
host = "127.0.0.1"
port = 0

# There is one call, and it is never refused, however busy this machine is.
[limits]
loop_lag_ms = 10_000

[twilio]
line_per_minute_usd = 0.0

[[tenants]]
id = "demo"
name = "Harbour Table"

[agents.demo]
stt = ["offline/phrases"]
"#;

/// Records that wait to be shown; further ones are not shown, but kept all the same.
const QUEUED: usize = 256;

/// What a demo shall leave behind.
#[derive(Debug)]
pub(crate) struct Demo {
    /// Where the sound of the call goes.
    pub(crate) wav: PathBuf,
    /// The database of calls.
    pub(crate) store_url: String,
}

/// A demo whose call is over, and the server that took it.
pub(crate) struct Shown {
    pub(crate) running: Running,
}

impl Demo {
    /// Starts a server, places a call, and shows it.
    ///
    /// # Errors
    /// When the server cannot start, the call cannot be placed, or nothing can be written.
    pub(crate) async fn show(&self, paint: Paint) -> anyhow::Result<Shown> {
        let mut config = Config::parse("demo", CONFIG, &Environment::default())?;
        let (token_text, token) = generated_token()?;
        config.webhook_tokens = vec![token];
        let opened = Database::open(&self.store_url, &SystemClock)
            .await
            .with_context(|| format!("cannot open the database {}", self.store_url))?;
        let (told, records) = mpsc::channel(QUEUED);
        let store: Arc<dyn Store> = Arc::new(Watched::new(Arc::new(opened.database), told));
        let options = Options {
            store: Some(Arc::clone(&store)),
            ..Options::default()
        };
        let running = Running::start(config, options).await?;
        running.rehearsed().await;
        let address = running.address();
        write_out(&introduction(&address.to_string(), paint))?;
        let plan = DemoPlan::recorded(&format!("http://{address}"), Some(token_text));
        let (report, call) = follow(DemoCall::place(plan)?, records, paint).await?;
        self.conclude(&report, call, store.as_ref(), paint).await?;
        Ok(Shown { running })
    }

    async fn conclude(
        &self,
        report: &CallReport,
        call: Option<CallId>,
        store: &dyn Store,
        paint: Paint,
    ) -> anyhow::Result<()> {
        fs::write(&self.wav, report.wav())
            .with_context(|| format!("cannot write {}", self.wav.display()))?;
        let id = call.context("the call left no record")?;
        let whole = store.call(id).await?.context("the call left no record")?;
        let heading = paint.tone(Tone::Strong, "The record that it left");
        write_out(&format!("\n{heading}\n\n{}", story::tell(&whole, paint)))?;
        write_out(&notice::summary(&whole.turns, paint))?;
        let wav = self.wav.display();
        write_out(&format!(
            "\nThe call's sound is in {wav}: the caller on the left, the agent on the right.\n\
             `repartee calls` lists calls, `repartee explain last` tells this one again.\n"
        ))?;
        if !report.violations.is_empty() {
            anyhow::bail!(
                "the simulated carrier complains: {}",
                report.violations.join("; ")
            );
        }
        Ok(())
    }
}

fn introduction(address: &str, paint: Paint) -> String {
    let mut text = format!(
        "{}\n{}\n\n",
        paint.tone(
            Tone::Strong,
            "A simulated telephone call, over real sockets of this machine"
        ),
        paint.tone(
            Tone::Faint,
            &format!("The server listens on {address}; nothing leaves this machine.")
        ),
    );
    for engine in providers::offline::describe() {
        // The recorded caller is recognised by its recordings, whatever is installed.
        if engine.job != "listen" {
            let told = format!("  {:<7} {}: {}", engine.job, engine.name, engine.quality);
            text.push_str(&format!("{}\n", paint.tone(Tone::Faint, &told)));
        }
        if let Some(command) = engine.install {
            let told = format!("          better with: {command}");
            text.push_str(&format!("{}\n", paint.tone(Tone::Faint, &told)));
        }
    }
    text.push('\n');
    text
}

/// Shows what happens until the call is over and its record is complete.
async fn follow(
    mut call: DemoCall,
    mut records: mpsc::Receiver<Record>,
    paint: Paint,
) -> anyhow::Result<(CallReport, Option<CallId>)> {
    let mut narrator = Narrator::new(paint);
    let mut id = None;
    let mut over = false;
    let mut ended = false;
    while !(over && (ended || id.is_none())) {
        tokio::select! {
            biased;
            Some(record) = records.recv() => match record {
                Record::Begun(begun) => id = Some(begun.id),
                Record::Turn { turn, .. } => write_out(&narrator.turn(&turn))?,
                Record::Ended { .. } => ended = true,
                Record::Spent { .. } => {}
            },
            happening = call.next(), if !over => match happening {
                Some(happening) => write_out(&narrator.happened(&happening))?,
                None => over = true,
            },
        }
    }
    Ok((call.report().await?, id))
}

fn write_out(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// The usual place for the demo's sound.
pub(crate) fn usual_wav() -> &'static Path {
    Path::new("repartee-demo.wav")
}
