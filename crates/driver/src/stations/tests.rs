use super::*;
use crate::{
    backoff::Backoff,
    breaker::{BreakerSettings, anna},
};

const RETRY: Retry = Retry {
    backoff: Backoff {
        least: Duration::from_millis(100),
        most: Duration::from_millis(100),
    },
    longest: Duration::from_secs(1),
    times: 2,
};
const AT_ONCE: Verdict = Verdict::RetryAfter(Duration::ZERO);

/// So many providers that nobody asks in earnest.
struct Rig {
    stations: Stations<(), ()>,
    commons: Commons,
}

impl Rig {
    fn of(count: usize) -> Self {
        let station = |place| Station {
            name: format!("somebody{place}/it").parse().expect("a name"),
            provider: Arc::new(()),
            settings: (),
        };
        let commons = Commons::for_tests();
        let list = (0..count).map(station).collect();
        Self {
            stations: Stations::new(anna(), list, (Job::Speak, RETRY), &commons),
            commons,
        }
    }

    /// Fails so often that nobody asks it for a while.
    fn dies(&self, place: usize) {
        for _ in 0..BreakerSettings::default().failures {
            let breakers = &self.commons.breakers;
            breakers.failed(self.stations.whom(place), &broken());
        }
    }

    /// Died, and has come back a moment ago.
    async fn recovers(&self, place: usize) {
        self.dies(place);
        tokio::time::advance(BreakerSettings::default().open).await;
        for _ in 0..BreakerSettings::default().successes {
            assert_eq!(self.stations.next(&mut Tried::default()), Some(place));
            self.stations.succeeded(place);
        }
    }

    fn fell_back(&self) -> Vec<(&'static str, u64)> {
        let names = [("0 to 1", 0, 1), ("0 to 2", 0, 2), ("1 to 2", 1, 2)];
        let of = |from, to| {
            let name = |place| self.stations.name(place);
            self.commons.meters.fallbacks_of(name(from), name(to))
        };
        let counts = names.map(|(name, from, to)| (name, of(from, to)));
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

fn broken() -> ProviderError {
    ProviderError::Connection {
        provider: "somebody",
        detail: "reset".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn everyone_has_a_turn_in_order_and_only_one() {
    let rig = Rig::of(2);
    let mut tried = Tried::default();
    let turns = [(); 3].map(|()| rig.stations.next(&mut tried));
    assert_eq!(turns, [Some(0), Some(1), None]);
}

#[tokio::test(start_paused = true)]
async fn who_was_spared_while_it_recovers_steps_in_when_the_others_fail() {
    let rig = Rig::of(2);
    rig.recovers(0).await;
    let mut tried = Tried::default();
    assert_eq!(
        rig.stations.next(&mut tried),
        Some(1),
        "the first is spared"
    );
    rig.stations.failed(&mut tried, 1, &broken());
    assert!(rig.stations.has_other(&tried));
    assert_eq!(rig.stations.next(&mut tried), Some(0));
}

#[tokio::test(start_paused = true)]
async fn asking_whether_somebody_is_left_takes_nobodys_turn() {
    let rig = Rig::of(2);
    rig.dies(1);
    tokio::time::advance(BreakerSettings::default().open).await;
    let mut tried = Tried::of([0], Some(0));
    assert!(rig.stations.has_other(&tried));
    assert_eq!(rig.stations.next(&mut tried), Some(1), "the one probe");
    assert!(!rig.stations.has_other(&Tried::of([0], None)));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_is_counted_to_whoever_steps_in() {
    let rig = Rig::of(3);
    rig.dies(1);
    let mut tried = Tried::default();
    assert_eq!(rig.stations.next(&mut tried), Some(0));
    rig.stations.failed(&mut tried, 0, &broken());
    assert_eq!(rig.fell_back(), [], "nobody has stepped in");
    assert!(rig.stations.retry(&mut tried, 0, AT_ONCE).is_some());
    rig.stations.failed(&mut tried, 0, &broken());
    assert_eq!(rig.stations.next(&mut tried), Some(2));
    assert_eq!(rig.fell_back(), [("0 to 2", 1)]);
}

#[tokio::test(start_paused = true)]
async fn who_rests_is_not_asked_again_if_somebody_else_is_left() {
    let rig = Rig::of(2);
    let mut tried = Tried::default();
    assert_eq!(rig.stations.next(&mut tried), Some(0));
    rig.dies(0);
    assert_eq!(rig.stations.retry(&mut tried, 0, AT_ONCE), None);
    assert_eq!(rig.stations.next(&mut tried), Some(1));
    rig.dies(1);
    for _ in 0..RETRY.times {
        let wait = rig.stations.retry(&mut tried, 1, AT_ONCE);
        assert_eq!(wait, Some(Duration::ZERO), "there is nobody else");
    }
    assert_eq!(rig.stations.retry(&mut tried, 1, AT_ONCE), None);
}

#[tokio::test(start_paused = true)]
async fn good_work_makes_up_for_the_hiccups_before_it() {
    let rig = Rig::of(2);
    let mut tried = Tried::default();
    assert_eq!(rig.stations.next(&mut tried), Some(0));
    assert_eq!(rig.stations.next(&mut tried), Some(1));
    let retry = |tried: &mut Tried| rig.stations.retry(tried, 1, Verdict::Retry).is_some();
    assert_eq!([(); 3].map(|()| retry(&mut tried)), [true, true, false]);
    tried.worked(1);
    assert!(retry(&mut tried));
    assert_eq!(rig.stations.next(&mut tried), Some(0), "perhaps it is back");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_ends_without_a_word_is_anyones_again_at_once() {
    let rig = Rig::of(1);
    let next = || rig.stations.next(&mut Tried::default());
    rig.dies(0);
    tokio::time::advance(BreakerSettings::default().open).await;
    assert_eq!(next(), Some(0));
    let probe = rig.stations.probe(0);
    assert_eq!(next(), None, "one at a time");
    drop(probe);
    assert_eq!(next(), Some(0));
    // One that has lasted for so long that it was forgotten does not give back another's.
    let old = rig.stations.probe(0);
    tokio::time::advance(Duration::from_secs(11)).await;
    assert_eq!(next(), Some(0));
    drop(old);
    assert_eq!(next(), None);
}

#[tokio::test(start_paused = true)]
async fn who_asks_again_beside_a_probe_does_not_give_it_back() {
    let rig = Rig::of(1);
    let next = || rig.stations.next(&mut Tried::default());
    rig.dies(0);
    tokio::time::advance(BreakerSettings::default().open).await;
    assert_eq!(next(), Some(0));
    let probe = rig.stations.probe(0);
    let other = rig.stations.probe(0);
    assert!(other.is_none());
    drop(other);
    assert_eq!(next(), None, "the first still tries");
    drop(probe);
    assert_eq!(next(), Some(0));
}

#[tokio::test(start_paused = true)]
async fn who_loses_a_race_leaves_the_probe_to_whoever_holds_it() {
    let rig = Rig::of(1);
    let next = || rig.stations.next(&mut Tried::default());
    rig.dies(0);
    tokio::time::advance(BreakerSettings::default().open).await;
    assert_eq!(next(), Some(0));
    let probe = rig.stations.probe(0);
    rig.stations.lost_race(0, None);
    assert_eq!(next(), None, "it was asked before the rest");
    drop(probe);
    assert_eq!(next(), Some(0));
}
