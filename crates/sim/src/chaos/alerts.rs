//! What was logged as an error: somebody should wake up.

use std::{
    fmt::{self, Write as _},
    sync::{Mutex, Once},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

use crate::fakes::log::held;

static ALERTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Listens to the log of this process from here on, unless somebody else does.
pub(super) fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| drop(tracing::subscriber::set_global_default(Alerts)));
}

/// How many of them name this provider.
pub(super) fn about(name: &str) -> usize {
    let alerts = held(&ALERTS);
    alerts.iter().filter(|alert| alert.contains(name)).count()
}

struct Alerts;

impl Subscriber for Alerts {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() == Level::ERROR
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::ERROR)
    }

    fn new_span(&self, _span: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _span: &span::Id, _values: &span::Record<'_>) {}

    fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut told = Told(String::new());
        event.record(&mut told);
        held(&ALERTS).push(told.0);
    }

    fn enter(&self, _span: &span::Id) {}

    fn exit(&self, _span: &span::Id) {}
}

/// All that an event says.
struct Told(String);

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{field}={value:?} ");
    }
}
