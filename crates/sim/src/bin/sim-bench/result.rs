use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use sim::load::{LoadReport, Probe};
use tokio::time::Instant;

use crate::{
    child::Cpu,
    sets::{Set, Told, TurnEnd},
};

/// All rows of a run.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Results {
    pub(crate) rows: Vec<Row>,
}

/// What was measured with one number of calls.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// Who did the work, and how long the fakes of it took of a turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fakes_ms: Option<u64>,
    calls: usize,
    opened: usize,
    turns_spoken: usize,
    turns_answered: usize,
    calls_lost: usize,
    /// Turns after which a caller heard something, and how long he waited for it.
    turns_heard: usize,
    wait_us: Quantiles,
    /// Our share of a turn while all calls were up, and while they were being set up.
    own_us: Quantiles,
    own_at_first_us: Quantiles,
    think_us: Quantiles,
    speak_us: Quantiles,
    play_us: Quantiles,
    gap_us: Quantiles,
    greeting_us: Quantiles,
    cpu_ms_per_call_second: f64,
    /// The same of a plain relay on this machine, with as many calls.
    relay_ms_per_call_second: Option<f64>,
    no_relay: Option<String>,
    cpu_of_core: f64,
    /// Of the time, how much the server could have run but others had its core.
    server_waited: f64,
    load_of_core: f64,
    load_waited: f64,
    /// What was there for each call when they were about to end, and the most before that; what the
    /// first call of all left behind; what was there before any call.
    memory_per_call: u64,
    memory_most: u64,
    memory_once: u64,
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
    /// How many values there were.
    of: usize,
}

/// What the server used.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    idle: u64,
    /// After the first call was over.
    warm: u64,
    /// When the calls were about to end, and the most while they went on.
    memory: u64,
    most: u64,
    server: Cpu,
    load: Cpu,
    span: Duration,
    began: Option<(Instant, Cpu, Cpu)>,
    ended: bool,
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

    pub(crate) fn warm(&mut self, memory: u64) {
        self.warm = memory;
    }

    pub(crate) fn begin(&mut self, server: Cpu, load: Cpu) {
        self.began = Some((Instant::now(), server, load));
    }

    fn per_call(&self, memory: u64, calls: usize) -> u64 {
        memory.saturating_sub(self.warm) / calls.max(1) as u64
    }

    /// Memory that the server holds at the moment. Once calls hang up, all at the same time, it is not
    /// that of calls that go on.
    pub(crate) fn holds(&mut self, memory: u64) {
        if !self.ended {
            self.most = self.most.max(memory);
        }
    }

    pub(crate) fn end(&mut self, server: Cpu, load: Cpu, memory: u64) {
        if let Some((at, server_before, load_before)) = self.began {
            self.server = server.since(server_before);
            self.load = load.since(load_before);
            self.span = at.elapsed();
        }
        self.memory = memory;
        self.holds(memory);
        self.ended = true;
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
            of: sorted.len(),
        }
    }

    /// One of them in milliseconds, if there was anything to measure.
    fn told(self, which: impl Fn(Self) -> u64) -> String {
        match self.of {
            0 => untold(),
            _ => format!("{:.2}", ms(which(self))),
        }
    }
}

fn ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

fn kib(bytes: u64) -> String {
    format!("{:.0}", bytes as f64 / 1_024.0)
}

fn untold() -> String {
    "-".to_owned()
}

impl Row {
    pub(crate) fn new(calls: usize, report: &LoadReport, probe: &Probe, usage: Usage) -> Self {
        let is_up = |at| usage.began.as_ref().is_some_and(|(up, ..)| at >= *up);
        let shares = probe.shares(is_up);
        let at_first = probe.shares(|at| !is_up(at));
        let mut greetings = report.greetings_us.clone();
        greetings.sort_unstable();
        let mut waits = report.waits_us.clone();
        waits.sort_unstable();
        let mut unanswered = BTreeMap::new();
        for label in probe.unanswered() {
            *unanswered.entry(label).or_default() += 1;
        }
        let span = usage.span.as_secs_f64().max(1e-9);
        let share = |time: Duration| time.as_secs_f64() / span;
        let cores = share(usage.server.ran);
        Self {
            set: None,
            fakes_ms: None,
            calls,
            opened: report.opened,
            turns_spoken: report.turns,
            turns_answered: shares.sum.len() + at_first.sum.len(),
            calls_lost: report.refused + report.broken,
            turns_heard: waits.len(),
            wait_us: Quantiles::of(&waits),
            own_us: Quantiles::of(&shares.sum),
            own_at_first_us: Quantiles::of(&at_first.sum),
            think_us: Quantiles::of(&shares.think),
            speak_us: Quantiles::of(&shares.speak),
            play_us: Quantiles::of(&shares.play),
            gap_us: Quantiles::of(&shares.gap),
            greeting_us: Quantiles::of(&greetings),
            cpu_ms_per_call_second: 1_000.0 * cores / calls.max(1) as f64,
            relay_ms_per_call_second: None,
            no_relay: None,
            cpu_of_core: cores,
            server_waited: share(usage.server.waited),
            load_of_core: share(usage.load.ran),
            load_waited: share(usage.load.waited),
            memory_per_call: usage.per_call(usage.memory, calls),
            memory_most: usage.per_call(usage.most, calls),
            memory_once: usage.warm.saturating_sub(usage.idle),
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

    /// Beside what a relay of as many calls costs for each of them and second, in milliseconds.
    pub(crate) fn beside_relay(mut self, ms: anyhow::Result<f64>) -> Self {
        match ms {
            Ok(ms) => self.relay_ms_per_call_second = Some(ms),
            Err(why) => self.no_relay = Some(format!("{why:#}")),
        }
        self
    }

    /// Its CPU in relays.
    fn in_relays(&self) -> String {
        let relay = self.relay_ms_per_call_second;
        relay.map_or_else(untold, |relay| {
            format!("{:.2}", self.cpu_ms_per_call_second / relay)
        })
    }

    /// As a row of these providers.
    pub(crate) fn with_set(mut self, set: Set, turns: TurnEnd) -> Self {
        self.set = Some(set.title());
        self.fakes_ms = set.fakes_ms(turns);
        if set.told(turns) != Told::Everything {
            // Whoever is told a part cannot say where a turn stopped.
            self.unanswered.clear();
        }
        let unheard = self.turns_spoken.saturating_sub(self.turns_heard);
        if unheard > 0 {
            let label = "nothing heard that began after them";
            self.unanswered.insert(label, unheard);
        }
        self
    }

    /// Whose row it is, among those of providers.
    pub(crate) fn name(&self) -> &'static str {
        self.set.unwrap_or_default()
    }

    /// One line of the table of providers, in Markdown.
    pub(crate) fn set_row(&self) -> String {
        let cells = [
            self.name().to_owned(),
            self.calls.to_string(),
            format!("{} of {}", self.turns_heard, self.turns_spoken),
            self.calls_lost.to_string(),
            format!("{:.0}", ms(self.wait_us.p50)),
            format!("{:.0}", ms(self.wait_us.p95)),
            self.fakes_ms.map_or_else(untold, |ms| ms.to_string()),
            self.own_us.told(|own| own.p50),
            self.own_us.told(|own| own.p95),
            [self.think_us, self.speak_us, self.play_us]
                .map(|part| part.told(|part| part.p50))
                .join(" + "),
            format!("{:.3}", self.cpu_ms_per_call_second / 10.0),
            self.in_relays(),
            kib(self.memory_per_call),
            kib(self.memory_most),
            kib(self.memory_once),
        ];
        format!("| {} |", cells.join(" | "))
    }

    /// One line of the table.
    pub(crate) fn row(&self) -> String {
        format!(
            "{:>6} {:>11} {:>5} {:>7.2} {:>7.2} {:>7.2} {:>22} {:>9.2} {:>9.3} {:>7} {:>6.1} {:>9} {:>8} {:>9} {:>6.0}",
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
            self.in_relays(),
            100.0 * self.cpu_of_core,
            kib(self.memory_per_call),
            kib(self.memory_most),
            kib(self.memory_once),
            self.ready_after_ms,
        )
    }

    /// What a reader has to know beside the numbers.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        for (label, turns) in &self.unanswered {
            remarks.push(format!("{turns} turns unanswered: {label}"));
        }
        let at_first = self.own_at_first_us;
        if at_first.of > 0 {
            remarks.push(format!(
                "while calls were set up: own p50 {}, p95 {}, p99 {} ms in {} turns",
                at_first.told(|all| all.p50),
                at_first.told(|all| all.p95),
                at_first.told(|all| all.p99),
                at_first.of
            ));
        }
        if let Some(why) = &self.first_refusal {
            remarks.push(format!("the first refused call: {why}"));
        }
        if let Some(why) = &self.no_relay {
            remarks.push(format!("no relay beside it: {why}"));
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
    /// The head of the table: times in milliseconds; CPU, and as a multiple of what a plain relay costs
    /// on this machine; memory in KiB: what the calls hold when they are about to end, the most before
    /// that, and what is there once, left behind by a call that went before.
    pub(crate) const HEAD: &str = " calls       turns  lost own p50 own p95 own p99  think + speak + play  greet p99 \
         cpu%/call  relays  core%  KiB/call  at most  KiB once  ready";

    /// The head of the table of providers: times in milliseconds, memory in KiB.
    pub(crate) const SETS_HEAD: &str = "| providers | calls | turns heard | lost | wait p50 | wait p95 | of it the fakes | own p50 | own p95 \
         | think + speak + play, p50 | CPU per call, % of a core | in relays | KiB per call | at most | KiB once |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|---:|---:|";

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_what_cpu_is_told_in() {
        let report = LoadReport::default();
        let mut row = Row::new(2, &report, &Probe::default(), Usage::default());
        assert_eq!(row.in_relays(), "-");
        row.cpu_ms_per_call_second = 1.5;
        assert_eq!(row.beside_relay(Ok(1.0)).in_relays(), "1.50");
    }

    fn row(set: Set, waits_us: Vec<u64>) -> Row {
        let report = LoadReport {
            turns: 3,
            waits_us,
            ..LoadReport::default()
        };
        Row::new(2, &report, &Probe::default(), Usage::default()).with_set(set, TurnEnd::Provider)
    }

    #[test]
    fn the_most_memory_is_that_of_calls_that_go_on() {
        let mut usage = Usage::from_idle(10);
        usage.warm(100);
        usage.holds(500);
        usage.end(Cpu::default(), Cpu::default(), 300);
        usage.holds(900);
        let per_call = (
            usage.per_call(usage.memory, 2),
            usage.per_call(usage.most, 2),
        );
        assert_eq!(per_call, (100, 200));
    }

    #[test]
    fn what_nobody_told_is_a_dash() {
        let row = row(Set::Offline, vec![90_000, 700_400, 80_000]);
        assert_eq!(
            row.set_row(),
            "| offline | 2 | 3 of 3 | 0 | 90 | 700 | - | - | - | - + - + - | 0.000 | - | 0 | 0 | 0 |"
        );
        assert_eq!(row.remarks(), [""; 0]);
    }

    #[test]
    fn turns_that_nobody_heard_are_told() {
        let row = row(Set::Nova, vec![700_000]);
        assert!(row.set_row().contains("| 1 of 3 | 0 | 700 | 700 | 680 |"));
        assert_eq!(
            row.remarks(),
            ["2 turns unanswered: nothing heard that began after them"]
        );
    }
}
