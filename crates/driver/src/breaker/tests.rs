use super::*;

const SETTINGS: BreakerSettings = BreakerSettings {
    failures: 3,
    window: Duration::from_secs(10),
    open: Duration::from_secs(30),
    open_for_key: Duration::from_secs(300),
    successes: 2,
    ramp_percent: 10,
};

fn name() -> ModelName {
    "deepgram/nova-3".parse().unwrap()
}

fn silent() -> ProviderError {
    ProviderError::Silent {
        provider: "deepgram",
        stage: "connect",
        waited: Duration::from_secs(2),
    }
}

/// Of somebody who failed too often, some time ago: one may probe.
async fn half_open() -> Breakers {
    let breakers = Breakers::default();
    for _ in 0..SETTINGS.failures {
        breakers.failed(&name(), &silent());
    }
    tokio::time::advance(SETTINGS.open).await;
    breakers
}

/// Of somebody whose probes went well since.
async fn back() -> Breakers {
    let breakers = half_open().await;
    for _ in 0..SETTINGS.successes {
        assert!(breakers.allows(&name(), Need::Usual));
        breakers.succeeded(&name());
    }
    breakers
}

#[tokio::test(start_paused = true)]
async fn three_failures_open_it_and_two_successes_close_it() {
    let breakers = Breakers::default();
    for _ in 0..3 {
        assert!(breakers.allows(&name(), Need::Usual));
        breakers.failed(&name(), &silent());
    }
    assert!(!breakers.allows(&name(), Need::Usual));
    tokio::time::advance(SETTINGS.open).await;
    assert!(breakers.allows(&name(), Need::Usual), "one probe");
    assert!(
        !breakers.allows(&name(), Need::Usual),
        "and no more than one"
    );
    breakers.succeeded(&name());
    assert_eq!(breakers.statuses()[0].state, BreakerState::HalfOpen);
    assert!(breakers.allows(&name(), Need::Usual));
    breakers.succeeded(&name());
    assert_eq!(breakers.statuses()[0].state, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_was_dropped_does_not_block_the_next() {
    let breakers = half_open().await;
    assert!(breakers.allows(&name(), Need::Usual));
    tokio::time::advance(PROBE).await;
    assert!(breakers.allows(&name(), Need::Usual));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_has_reached_somebody_keeps_away_only_those_who_have_a_choice() {
    let breakers = half_open().await;
    assert!(breakers.allows(&name(), Need::Usual));
    assert!(!breakers.allows(&name(), Need::LastResort));
    assert_eq!(breakers.rests(&name()), PROBE);
    breakers.reached(&name());
    assert!(!breakers.allows(&name(), Need::Usual));
    assert_eq!(breakers.rests(&name()), Duration::ZERO);
    assert!(breakers.allows(&name(), Need::LastResort));
    assert!(!breakers.allows(&name(), Need::LastResort), "one at a time");
    breakers.failed(&name(), &silent());
    assert_eq!(breakers.statuses()[0].state, BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn failures_far_apart_leave_it_closed() {
    let breakers = Breakers::default();
    for _ in 0..5 {
        breakers.failed(&name(), &silent());
        tokio::time::advance(Duration::from_secs(6)).await;
    }
    assert!(breakers.allows(&name(), Need::Usual));
}

fn refused() -> ProviderError {
    ProviderError::Refused {
        provider: "deepgram",
        status: 401,
        detail: "INVALID_AUTH".to_owned(),
        verdict: Verdict::KeyRefused,
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_opens_it_at_once_and_for_long() {
    let breakers = Breakers::default();
    breakers.failed(&name(), &refused());
    tokio::time::advance(Duration::from_secs(299)).await;
    assert!(!breakers.allows(&name(), Need::Usual));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(breakers.allows(&name(), Need::Usual));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_shown_until_something_works() {
    let breakers = Breakers::default();
    breakers.failed(&name(), &refused());
    let is_refused = || breakers.statuses()[0].refused;
    breakers.succeeded(&name());
    assert!(is_refused(), "it was asked before the refusal");
    tokio::time::advance(SETTINGS.open_for_key).await;
    assert!(is_refused());
    assert!(breakers.allows(&name(), Need::Usual));
    assert!(is_refused(), "the probe is on its way");
    breakers.failed(&name(), &silent());
    assert!(is_refused());
    tokio::time::advance(SETTINGS.open).await;
    assert!(breakers.allows(&name(), Need::Usual));
    breakers.succeeded(&name());
    assert!(!is_refused());
}

type Change<'c> = &'c dyn Fn(&mut Watched, Instant);

/// What the log is told of each of these.
fn notices(of: &[Change<'_>]) -> Vec<Option<Notice>> {
    let mut watched = Watched::default();
    of.iter()
        .map(|change| {
            let before = watched.standing();
            change(&mut watched, Instant::now());
            watched.notice(before)
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn every_turn_of_events_is_told_once() {
    let fails = |watched: &mut Watched, now| watched.breaker.failed(now, &SETTINGS);
    let is_asked = |watched: &mut Watched, now| {
        let later = now + SETTINGS.open_for_key;
        assert!(watched.breaker.allows(later, Need::LastResort, 10));
    };
    let works = |watched: &mut Watched, now| watched.succeeded(now, 2);
    let told = notices(&[&fails, &fails, &fails, &fails, &is_asked, &works, &works]);
    let [nothing, opened, tried, recovers] = [
        None,
        Some(Notice::Opened),
        Some(Notice::HalfOpen),
        Some(Notice::Recovers),
    ];
    let expected = [nothing, nothing, opened, nothing, tried, nothing, recovers];
    assert_eq!(told, expected);
    let refuses = |watched: &mut Watched, now| watched.refused(now, &SETTINGS);
    let told = notices(&[&refuses, &refuses, &is_asked, &refuses]);
    assert_eq!(told, [Some(Notice::Refused), None, tried, opened]);
}

#[test]
fn these_are_the_usual_settings() {
    assert_eq!(BreakerSettings::default(), SETTINGS);
}

/// Of a hundred who ask every second, ten more are let through each second.
#[tokio::test(start_paused = true)]
async fn who_comes_back_is_not_overrun() {
    let breakers = back().await;
    assert!(!breakers.allows(&name(), Need::Usual));
    assert!(
        breakers.allows(&name(), Need::LastResort),
        "nobody else is there"
    );
    let mut through = 0;
    for second in 1..10 {
        tokio::time::advance(Duration::from_secs(1)).await;
        let asks = (0..100).filter(|_| breakers.allows(&name(), Need::Usual));
        let before = std::mem::replace(&mut through, asks.count());
        assert!(
            through <= before + 11,
            "{before}, then {through} in second {second}"
        );
    }
    assert!(through >= 89, "{through}");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!((0..100).all(|_| breakers.allows(&name(), Need::Usual)));
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_and_fails_again_is_left_alone_at_once() {
    let breakers = back().await;
    breakers.failed(&name(), &silent());
    assert!(!breakers.allows(&name(), Need::LastResort));
}
