use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use sim::load::{LoadReport, Probe};
use tokio::time::Instant;

use crate::child::Cpu;

/// All rows of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Results {
    pub(crate) rows: Vec<Row>,
}

/// What was measured with one number of calls.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    calls: usize,
    opened: usize,
    turns_spoken: usize,
    turns_answered: usize,
    calls_lost: usize,
    own_us: Quantiles,
    think_us: Quantiles,
    speak_us: Quantiles,
    play_us: Quantiles,
    gap_us: Quantiles,
    greeting_us: Quantiles,
    cpu_ms_per_call_second: f64,
    cpu_of_core: f64,
    /// Of the time, how much the server could have run but others had its core.
    server_waited: f64,
    load_of_core: f64,
    load_waited: f64,
    memory_per_call: u64,
    memory_idle: u64,
    ready_after_ms: f64,
    late_frames: u64,
    frames: u64,
    unanswered: BTreeMap<&'static str, usize>,
    first_refusal: Option<String>,
    violations: Vec<String>,
}

/// Of a sorted list.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Quantiles {
    p50: u64,
    p95: u64,
    p99: u64,
    max: u64,
}

/// What the server used.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    idle: u64,
    memory: u64,
    server: Cpu,
    load: Cpu,
    span: Duration,
    began: Option<(Instant, Cpu, Cpu)>,
}

/// The goal at which capacity is read: p99 of our share of a turn.
const CAPACITY_US: u64 = 20_000;

impl Usage {
    pub(crate) fn from_idle(idle: u64) -> Self {
        Self {
            idle,
            ..Self::default()
        }
    }

    pub(crate) fn begin(&mut self, server: Cpu, load: Cpu) {
        self.began = Some((Instant::now(), server, load));
    }

    pub(crate) fn end(&mut self, server: Cpu, load: Cpu, memory: u64) {
        if let Some((at, server_before, load_before)) = self.began {
            self.server = server.since(server_before);
            self.load = load.since(load_before);
            self.span = at.elapsed();
        }
        self.memory = memory;
    }
}

impl Quantiles {
    fn of(sorted: &[u64]) -> Self {
        let at = |share: f64| {
            let place = (sorted.len() as f64 * share).ceil() as usize;
            sorted
                .get(place.saturating_sub(1))
                .copied()
                .unwrap_or_default()
        };
        Self {
            p50: at(0.50),
            p95: at(0.95),
            p99: at(0.99),
            max: at(1.0),
        }
    }
}

impl Row {
    pub(crate) fn new(calls: usize, report: &LoadReport, probe: &Probe, usage: Usage) -> Self {
        let shares = probe.shares();
        let mut greetings = report.greetings_us.clone();
        greetings.sort_unstable();
        let mut unanswered = BTreeMap::new();
        for label in probe.unanswered() {
            *unanswered.entry(label).or_default() += 1;
        }
        let span = usage.span.as_secs_f64().max(1e-9);
        let share = |time: Duration| time.as_secs_f64() / span;
        let cores = share(usage.server.ran);
        Self {
            calls,
            opened: report.opened,
            turns_spoken: report.turns,
            turns_answered: shares.sum.len(),
            calls_lost: report.refused + report.broken,
            own_us: Quantiles::of(&shares.sum),
            think_us: Quantiles::of(&shares.think),
            speak_us: Quantiles::of(&shares.speak),
            play_us: Quantiles::of(&shares.play),
            gap_us: Quantiles::of(&shares.gap),
            greeting_us: Quantiles::of(&greetings),
            cpu_ms_per_call_second: 1_000.0 * cores / calls.max(1) as f64,
            cpu_of_core: cores,
            server_waited: share(usage.server.waited),
            load_of_core: share(usage.load.ran),
            load_waited: share(usage.load.waited),
            memory_per_call: usage.memory.saturating_sub(usage.idle) / calls.max(1) as u64,
            memory_idle: usage.idle,
            ready_after_ms: 0.0,
            late_frames: report.late_frames,
            frames: report.frames,
            unanswered,
            first_refusal: report.first_refusal.clone(),
            violations: Vec::new(),
        }
    }

    pub(crate) fn with_server(mut self, ready_after: Duration, violations: Vec<String>) -> Self {
        self.ready_after_ms = ready_after.as_secs_f64() * 1_000.0;
        self.violations = violations;
        self
    }

    /// One line of the table.
    pub(crate) fn row(&self) -> String {
        let ms = |us: u64| us as f64 / 1_000.0;
        format!(
            "{:>6} {:>11} {:>5} {:>7.2} {:>7.2} {:>7.2} {:>22} {:>9.2} {:>9.3} {:>8.1} {:>7.0} {:>7.0}",
            self.calls,
            format!("{}/{}", self.turns_answered, self.turns_spoken),
            self.calls_lost,
            ms(self.own_us.p50),
            ms(self.own_us.p95),
            ms(self.own_us.p99),
            format!(
                "{:.2} + {:.2} + {:.2}",
                ms(self.think_us.p50),
                ms(self.speak_us.p50),
                ms(self.play_us.p50)
            ),
            ms(self.greeting_us.p99),
            self.cpu_ms_per_call_second / 10.0,
            100.0 * self.cpu_of_core,
            self.memory_per_call as f64 / 1_024.0,
            self.ready_after_ms,
        )
    }

    /// What a reader has to know beside the numbers.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        for (label, turns) in &self.unanswered {
            remarks.push(format!("{turns} turns unanswered: {label}"));
        }
        if let Some(why) = &self.first_refusal {
            remarks.push(format!("the first refused call: {why}"));
        }
        if self.server_waited > 0.01 || self.load_waited > 0.01 {
            remarks.push(format!(
                "threads waited for a core, behind their own process or others: the server \
                 {:.1} % of the time, the load {:.1} %",
                100.0 * self.server_waited,
                100.0 * self.load_waited
            ));
        }
        if self.late_frames * 100 > self.frames {
            let share = 100.0 * self.late_frames as f64 / self.frames as f64;
            let core = 100.0 * self.load_of_core;
            remarks.push(format!(
                "{share:.1} % of the callers' frames were late; the load used {core:.0} % of its core"
            ));
        }
        let shown = self.violations.iter().take(3);
        remarks.extend(shown.map(|violation| format!("protocol violation: {violation}")));
        remarks
    }

    /// Nothing was lost, and our share stayed in bounds.
    fn holds(&self) -> bool {
        self.turns_answered >= self.turns_spoken
            && self.turns_spoken > 0
            && self.calls_lost == 0
            && self.own_us.p99 < CAPACITY_US
    }
}

impl Results {
    /// The head of the table: times in milliseconds, memory in KiB.
    pub(crate) const HEAD: &str = " calls       turns  lost own p50 own p95 own p99  think + speak + play  greet p99 \
         cpu%/call   core%  KiB/call  ready";

    /// The line under the table.
    pub(crate) fn summary(&self) -> String {
        let capacity = self
            .rows
            .iter()
            .filter(|row| row.holds())
            .map(|row| row.calls)
            .max();
        let capacity = capacity.map_or("none of these".to_owned(), |calls| calls.to_string());
        let idle = self.rows.first().map_or(0, |row| row.memory_idle) / (1 << 20);
        format!(
            "capacity (own p99 < 20 ms, nothing lost): {capacity} calls; idle server: {idle} MiB"
        )
    }
}
