use std::{
    fmt,
    sync::atomic::{AtomicU32, Ordering},
};

use super::*;

/// Settings that mind whether others have to wait while they are written out.
struct Long<'b> {
    breakers: &'b Breakers,
    written: AtomicU32,
}

impl fmt::Debug for Long<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        assert!(self.breakers.all.try_lock().is_ok(), "others wait");
        self.written.fetch_add(1, Ordering::Relaxed);
        f.write_str("long")
    }
}

#[tokio::test(start_paused = true)]
async fn settings_are_written_out_while_some_were_refused_and_nobody_waits_for_that() {
    let town = Town::new();
    let settings = Long {
        breakers: &town.breakers,
        written: AtomicU32::new(0),
    };
    let whom = Whom {
        settings: &settings,
        ..town.model(0)
    };
    let is_written = || {
        let before = settings.written.load(Ordering::Relaxed);
        town.breakers.rests(whom);
        settings.written.load(Ordering::Relaxed) > before
    };
    town.breakers.allows(whom, Need::Usual);
    assert!(!is_written());
    let refused = refused_with(Verdict::SettingsRefused);
    town.breakers.failed(whom, &refused);
    assert!(is_written());
    tokio::time::advance(SETTINGS.open_for_key).await;
    for _ in 0..SETTINGS.successes {
        assert!(town.breakers.allows(whom, Need::Usual));
        assert_eq!(town.breakers.take_probes(whom).len(), 1);
        town.breakers.succeeded(whom);
        assert_eq!(town.breakers.forget(), []);
    }
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(town.breakers.forget().len(), 1, "they work");
    assert!(!is_written());
}

#[tokio::test(start_paused = true)]
async fn refused_settings_that_nobody_asks_for_are_forgotten_after_a_day() {
    let town = Town::new();
    let refused = refused_with(Verdict::SettingsRefused);
    town.breakers.failed(town.model(0), &refused);
    let second = Duration::from_secs(1);
    let day = 24 * 60 * 60 * second;
    tokio::time::advance(SETTINGS.open_for_key + day - second).await;
    assert_eq!(town.breakers.forget(), []);
    tokio::time::advance(second).await;
    assert_eq!(town.breakers.forget().len(), 1);
}
