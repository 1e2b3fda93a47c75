//! Starts the server, and stops it without cutting anyone off.

mod connections;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use domain::{Clock, Millis};
use driver::{Exchange, Shared};
use prometheus_client::registry::Registry;
use ring::rand::SystemRandom;
use store::{Database, Store, Writer, WriterTask};
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use transports::twilio::{
    signature::AuthToken,
    stream::{Oddities, StreamLimits},
    token::MediaTokens,
};

use crate::{
    admission::Gate,
    app::{App, Trust},
    clock::SystemClock,
    config::Config,
    directory::Directory,
    doorstep::Doorstep,
    loop_lag,
    meters::{Meters, state::State},
    reaper, routes,
    stations::Stations,
    switchboard::Switchboard,
    tools::BuiltIn,
};

/// How long records may take to be written at the end.
const FLUSH: Duration = Duration::from_secs(10);

/// How long the carrier may take to ask about the last call.
const LAST_QUESTIONS: Duration = Duration::from_secs(2);

/// How long calls may take to say goodbye once they have to.
const GOODBYE: Duration = Duration::from_secs(10);

/// How long calls may take to end once their lines are cut.
const LAST_RECORDS: Duration = Duration::from_secs(2);

/// How long announced calls may still open their streams once no more are taken. A stream that
/// comes at all does so within seconds of its document.
const LAST_OPENINGS: Duration = Duration::from_secs(15);

/// How often announced calls are looked through.
const SWEEP: Duration = Duration::from_secs(1);

/// What a start needs beside the configuration.
#[derive(Default)]
pub struct Options {
    /// Whether webhooks are believed without a signature.
    pub webhooks: Webhooks,
    /// What tells the time of day, if not this machine.
    pub clock: Option<Arc<dyn Clock>>,
    /// Where calls are kept, if not in the configured database.
    pub store: Option<Arc<dyn Store>>,
}

/// Whether webhooks are believed without a signature.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Webhooks {
    /// No: each is checked.
    #[default]
    Checked,
    /// Yes, from this machine.
    InsecureOnLoopback,
    /// Yes, from anywhere.
    InsecureEverywhere,
}

/// A server that runs.
pub struct Running {
    address: SocketAddr,
    app: Arc<App>,
    accepting: JoinHandle<()>,
    rehearsals: TaskTracker,
    stop: CancellationToken,
    sweeping: JoinHandle<()>,
    watching: JoinHandle<()>,
    reaping: JoinHandle<()>,
    wait: Duration,
    writing: WriterTask,
}

impl Running {
    /// Starts a server.
    ///
    /// # Errors
    /// When the port or the database cannot be opened, or trust is asked for too widely.
    pub async fn start(config: Config, options: Options) -> anyhow::Result<Self> {
        let trust = trust(&config, options.webhooks)?;
        let directory = Directory::open(&config.tenants, Stations::new(&config.providers))?;
        let store = match options.store {
            Some(store) => store,
            None => open_store(&config.store_url).await?,
        };
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("cannot listen on {}", config.listen))?;
        let address = listener.local_addr()?;
        let (writer, writing) = Writer::start(Arc::clone(&store));
        let clock = options.clock.unwrap_or_else(|| Arc::new(SystemClock));
        let books = (Arc::clone(&store), writer);
        let (app, registry) = assemble(&config, (trust, directory), books, clock);
        match store.spent_since(app.exchange.today()).await {
            Ok(spent) => app.exchange.remember_spending(&spent),
            Err(error) => tracing::warn!(%error, "what was spent today is not known"),
        }
        let stop = CancellationToken::new();
        let accepting = tokio::spawn(connections::accept(
            listener,
            routes::router(Arc::clone(&app), Arc::new(registry)),
            connections::Limits::of(&config.limits),
            stop.clone(),
        ));
        Ok(Self {
            address,
            rehearsals: rehearse(&app, &config),
            sweeping: tokio::spawn(sweep(Arc::clone(&app))),
            watching: tokio::spawn(loop_lag::watch(Arc::clone(&app))),
            reaping: tokio::spawn(reaper::watch(
                store,
                Arc::clone(&app.clock),
                longest_call(&app),
            )),
            app,
            accepting,
            stop,
            wait: config.shutdown_wait,
            writing,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the agents' own lines are ready to be played.
    pub async fn rehearsed(&self) {
        self.rehearsals.wait().await;
    }

    /// Takes no more calls; those that go on are not touched.
    pub fn drain(&self) {
        self.app.gate.drain();
    }

    /// Waits until no call goes on or is about to.
    pub async fn idle(&self) {
        self.app.streams.close();
        while self.app.taken() > 0 || !self.app.streams.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops: lets calls end by themselves for as long as the configuration says, or until
    /// `hurry` comes; then has them say goodbye; then writes what is to be written.
    pub async fn stop(self, hurry: impl Future<Output = ()>) {
        self.drain();
        let live = self.app.exchange.live();
        tracing::info!(live, "no more calls are taken");
        let flush = self.end_calls(hurry).await;
        self.stop.cancel();
        self.sweeping.abort();
        self.watching.abort();
        self.reaping.abort();
        drop(self.accepting.await);
        match self.writing.finish(flush).await {
            Ok(()) => tracing::info!("stopped"),
            Err(error) => tracing::error!(%error, "stopped"),
        }
    }
}

impl Running {
    /// Waits for calls to end, and sees to it that they do. Says how long records may take then.
    async fn end_calls(&self, hurry: impl Future<Output = ()>) -> Duration {
        let some_go_on = self.app.taken() > 0;
        let by_themselves = async {
            self.idle().await;
            if some_go_on {
                // The carrier asks what to do with a call only after its stream is over: nobody
                // to ask would be an error that the caller hears.
                tokio::time::sleep(LAST_QUESTIONS).await;
            }
        };
        tokio::select! {
            () = by_themselves => FLUSH,
            () = self.dismiss_in_time() => FLUSH,
            () = hurry => {
                tracing::warn!(live = self.app.exchange.live(), "stopping at once");
                self.cut_off().await;
                LAST_RECORDS
            }
        }
    }

    /// Has calls say goodbye when their time is over, and cuts off those that do not end by that.
    async fn dismiss_in_time(&self) {
        tokio::time::sleep(self.wait).await;
        tracing::warn!(live = self.app.exchange.live(), "calls are asked to end");
        self.app.exchange.dismiss_all();
        if tokio::time::timeout(GOODBYE, self.idle()).await.is_err() {
            self.cut_off().await;
        }
        tokio::time::sleep(LAST_QUESTIONS).await;
    }

    /// Ends what goes on without a goodbye, but with a record.
    async fn cut_off(&self) {
        self.app.switchboard.dismiss_all();
        self.app.exchange.dismiss_all();
        for call in self.app.switchboard.cut_all() {
            self.app.exchange.hung_up(call);
        }
        if tokio::time::timeout(LAST_RECORDS, self.idle())
            .await
            .is_err()
        {
            tracing::error!(live = self.app.exchange.live(), "calls did not end in time");
        }
    }
}

fn trust(config: &Config, webhooks: Webhooks) -> anyhow::Result<Trust> {
    match webhooks {
        Webhooks::Checked => Ok(Trust::Signed(config.webhook_tokens.clone())),
        Webhooks::InsecureOnLoopback if !config.listen.ip().is_loopback() => anyhow::bail!(
            "--insecure-webhooks lets anyone who reaches {} start calls: listen on 127.0.0.1 \
             (server.host), or give the flag twice",
            config.listen
        ),
        Webhooks::InsecureOnLoopback | Webhooks::InsecureEverywhere => {
            tracing::warn!(
                "WEBHOOKS ARE NOT CHECKED: anyone who reaches {} can start calls that you pay for",
                config.listen
            );
            Ok(Trust::Anyone)
        }
    }
}

/// The token of a server that only talks to itself.
///
/// # Errors
/// Never in practice: only if random text were empty.
pub(crate) fn generated_token() -> anyhow::Result<(String, AuthToken)> {
    let mut random = [0_u8; 16];
    ring::rand::SecureRandom::fill(&SystemRandom::new(), &mut random)
        .map_err(|_| anyhow::anyhow!("the system has no random numbers"))?;
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let token = AuthToken::new(&text)?;
    Ok((text, token))
}

async fn open_store(url: &str) -> anyhow::Result<Arc<dyn Store>> {
    let opened = Database::open(url, &SystemClock)
        .await
        .with_context(|| format!("cannot open the database {url}"))?;
    if let Some(damaged) = &opened.damaged {
        tracing::error!(
            aside = %damaged.display(),
            "the database was damaged: it was set aside, and a fresh one begun"
        );
    }
    Ok(Arc::new(opened.database))
}

fn assemble(
    config: &Config,
    (trust, directory): (Trust, Directory),
    (store, writer): (Arc<dyn Store>, Writer),
    clock: Arc<dyn Clock>,
) -> (Arc<App>, Registry) {
    let mut registry = Registry::default();
    let call_meters = driver::Meters::new(&mut registry);
    let exchange = Exchange::new(Shared {
        meters: Arc::clone(&call_meters),
        records: writer.clone(),
        clock: Arc::clone(&clock),
        tools: Arc::new(BuiltIn),
    })
    .with_breakers(config.breaker)
    .with_cache(config.cache.clone());
    let now = Instant::now();
    let limits = config.limits;
    let app = Arc::new(App {
        admission: config.admission.clone(),
        call_meters,
        clock,
        directory,
        doorstep: Doorstep::new(limits.unproven_streams_per_address),
        exchange,
        gate: Gate::new(limits.max_calls, limits.calls_per_second, now),
        limits,
        media_tokens: MediaTokens::of_this_process(),
        meters: Meters::new(&mut registry),
        oddities: Arc::new(Oddities::default()),
        public_url: config.public_url.clone(),
        random: SystemRandom::new(),
        started: now,
        store,
        stream_limits: StreamLimits {
            start_within: limits.waits.media_start,
            probe_after: limits.waits.media_silence / 2,
            lost_after: limits.waits.media_silence,
            ..StreamLimits::default()
        },
        streams: TaskTracker::new(),
        switchboard: Switchboard::new(limits.waits.prepared_call, limits.max_calls * 4 + 64),
        trust,
        writer,
    });
    registry.register_collector(Box::new(State(Arc::clone(&app))));
    (app, registry)
}

/// Has agents make their own lines before someone calls.
fn rehearse(app: &Arc<App>, config: &Config) -> TaskTracker {
    let rehearsals = TaskTracker::new();
    for agent in app.directory.agents() {
        let exchange = app.exchange.clone();
        rehearsals.spawn(async move { exchange.rehearse(&agent).await });
    }
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    for remark in &config.remarks {
        tracing::debug!("{remark}");
    }
    rehearsals.close();
    rehearsals
}

/// The longest that any agent talks.
fn longest_call(app: &App) -> Millis {
    app.directory
        .agents()
        .iter()
        .map(|agent| agent.rules.end.max_call)
        .max()
        .unwrap_or_default()
}

async fn sweep(app: Arc<App>) {
    let mut ticks = tokio::time::interval(SWEEP);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let now = ticks.tick().await;
        let patience = if app.gate.draining() {
            LAST_OPENINGS
        } else {
            Duration::MAX
        };
        let unclaimed = app.switchboard.sweep(now, patience);
        if unclaimed > 0 {
            app.meters
                .calls_unclaimed
                .inc_by(u64::try_from(unclaimed).unwrap_or(0));
            tracing::warn!(calls = unclaimed, "announced calls opened no stream");
        }
    }
}
