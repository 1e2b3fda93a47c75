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
    let breakers = Breakers::default();
    for _ in 0..3 {
        breakers.failed(&name(), &silent());
    }
    tokio::time::advance(SETTINGS.open).await;
    assert!(breakers.allows(&name(), Need::Usual));
    tokio::time::advance(PROBE).await;
    assert!(breakers.allows(&name(), Need::Usual));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_has_reached_somebody_keeps_away_only_those_who_have_a_choice() {
    let breakers = Breakers::default();
    for _ in 0..3 {
        breakers.failed(&name(), &silent());
    }
    tokio::time::advance(SETTINGS.open).await;
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

#[tokio::test(start_paused = true)]
async fn a_refused_key_opens_it_at_once_and_for_long() {
    let refused = ProviderError::Refused {
        provider: "deepgram",
        status: 401,
        detail: "INVALID_AUTH".to_owned(),
        verdict: Verdict::KeyRefused,
    };
    let breakers = Breakers::default();
    breakers.failed(&name(), &refused);
    tokio::time::advance(Duration::from_secs(299)).await;
    assert!(!breakers.allows(&name(), Need::Usual));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(breakers.allows(&name(), Need::Usual));
}

#[test]
fn these_are_the_usual_settings() {
    assert_eq!(BreakerSettings::default(), SETTINGS);
}

/// Of a hundred who ask every second, ten more are let through each second.
#[tokio::test(start_paused = true)]
async fn who_comes_back_is_not_overrun() {
    let breakers = Breakers::default();
    for _ in 0..3 {
        breakers.failed(&name(), &silent());
    }
    tokio::time::advance(SETTINGS.open).await;
    for _ in 0..2 {
        assert!(breakers.allows(&name(), Need::Usual));
        breakers.succeeded(&name());
    }
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
    let breakers = Breakers::default();
    for _ in 0..3 {
        breakers.failed(&name(), &silent());
    }
    tokio::time::advance(SETTINGS.open).await;
    for _ in 0..2 {
        assert!(breakers.allows(&name(), Need::Usual));
        breakers.succeeded(&name());
    }
    breakers.failed(&name(), &silent());
    assert!(!breakers.allows(&name(), Need::LastResort));
}
