//! Metrics that are read from what is, at the moment someone asks.

use std::{borrow::Cow, fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};
use store::Health;
use transports::twilio::stream::Oddity;

use super::names;
use crate::app::App;

/// Reads the state of the server for whoever scrapes it.
pub(crate) struct State(pub(crate) Arc<App>);

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State")
    }
}

impl Collector for State {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let app = &self.0;
        let mut gauge = |name: &str, help: &str, value: f64| {
            let metric = ConstGauge::new(value);
            let encoder = encoder.encode_descriptor(name, help, None, metric.metric_type())?;
            metric.encode(encoder)
        };
        gauge(
            names::CALLS_WAITING,
            "Calls that were announced and wait for their stream",
            count(app.switchboard.waiting()),
        )?;
        gauge(
            names::DRAIN_STATE,
            "1 while no more calls are taken",
            f64::from(u8::from(app.gate.draining())),
        )?;
        gauge(
            names::UPTIME_SECONDS,
            "How long the server runs",
            app.uptime().as_secs_f64(),
        )?;
        if let Some(bytes) = crate::memory::resident_bytes() {
            gauge(names::RESIDENT_BYTES, "Memory in use", count(bytes))?;
        }
        self.build(&mut encoder)?;
        self.refused(&mut encoder)?;
        self.store(&mut encoder)?;
        self.losses(&mut encoder)?;
        self.oddities(&mut encoder)
    }
}

impl State {
    fn build(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let metric = prometheus_client::metrics::info::Info::new([(
            Cow::Borrowed("version"),
            Cow::Borrowed(crate::VERSION),
        )]);
        let kind = metric.metric_type();
        metric.encode(encoder.encode_descriptor(names::BUILD_INFO, "What runs", None, kind)?)
    }

    fn refused(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "1 while a key, a quota, a model or settings are refused";
        let kind = ConstGauge::new(0_i64).metric_type();
        let mut family = encoder.encode_descriptor(names::PROVIDER_REFUSED, help, None, kind)?;
        for breaker in self.0.exchange.breakers() {
            let label = [("provider", breaker.of.to_string())];
            let gauge = ConstGauge::new(i64::from(breaker.refused));
            gauge.encode(family.encode_family(&label)?)?;
        }
        Ok(())
    }

    fn store(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let writer = &self.0.writer;
        let up = f64::from(u8::from(writer.health() == Health::Well));
        labelled(
            encoder,
            (names::STORE_UP, "1 while a store takes records"),
            ("store", [("calls", up)]),
            ConstGauge::new,
        )?;
        labelled(
            encoder,
            (names::QUEUE_DEPTH, "What waits in a queue"),
            ("q", [("records", count(writer.depth()))]),
            ConstGauge::new,
        )
    }

    fn losses(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let dropped = self.0.writer.dropped();
        let counts = [
            ("full", dropped.full),
            ("late", dropped.late),
            ("refused", dropped.refused),
        ];
        labelled(
            encoder,
            (names::RECORDS_DROPPED, "Records of calls that were lost"),
            ("reason", counts),
            ConstCounter::new,
        )
    }

    fn oddities(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let counts = Oddity::ALL.map(|oddity| (oddity.as_str(), self.0.oddities.count(oddity)));
        let help = "Odd things on media sockets that were coped with";
        labelled(
            encoder,
            (names::MEDIA_ODDITIES, help),
            ("oddity", counts),
            ConstCounter::new,
        )
    }
}

/// Writes a metric with one label: a name with its help, the label with its values.
fn labelled<N: Copy + Default, M: EncodeMetric, const COUNT: usize>(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    (label, values): (&'static str, [(&'static str, N); COUNT]),
    metric: impl Fn(N) -> M,
) -> fmt::Result {
    let kind = metric(N::default()).metric_type();
    let mut family = encoder.encode_descriptor(name, help, None, kind)?;
    for (value, number) in values {
        metric(number).encode(family.encode_family(&[(label, value)])?)?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^53")]
fn count(count: usize) -> f64 {
    count as f64
}
