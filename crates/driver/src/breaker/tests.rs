mod settings;

use domain::ModelName;

use super::{machine::PROBE, *};

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

/// Of somebody who failed too often, some time ago, as did another model of its provider: one may
/// probe.
async fn half_open() -> Breakers {
    let breakers = Breakers::default();
    let other = "deepgram/other".parse().unwrap();
    breakers.failed(Whom::named(&other), &silent());
    for _ in 0..SETTINGS.failures {
        breakers.failed(Whom::named(&name()), &silent());
    }
    tokio::time::advance(SETTINGS.open).await;
    breakers
}

/// Of somebody whose probes went well since.
async fn back() -> Breakers {
    let breakers = half_open().await;
    for _ in 0..SETTINGS.successes {
        assert!(breakers.allows(Whom::named(&name()), Need::Usual));
        breakers.succeeded(Whom::named(&name()));
    }
    breakers
}

#[tokio::test(start_paused = true)]
async fn three_failures_open_it_and_two_successes_close_it() {
    let breakers = Breakers::default();
    for _ in 0..3 {
        assert!(breakers.allows(Whom::named(&name()), Need::Usual));
        breakers.failed(Whom::named(&name()), &silent());
    }
    assert!(!breakers.allows(Whom::named(&name()), Need::Usual));
    tokio::time::advance(SETTINGS.open).await;
    assert!(
        breakers.allows(Whom::named(&name()), Need::Usual),
        "one probe"
    );
    assert!(
        !breakers.allows(Whom::named(&name()), Need::Usual),
        "and no more than one"
    );
    breakers.succeeded(Whom::named(&name()));
    assert_eq!(breakers.statuses()[0].state, BreakerState::HalfOpen);
    assert!(breakers.allows(Whom::named(&name()), Need::Usual));
    breakers.succeeded(Whom::named(&name()));
    assert_eq!(breakers.statuses()[0].state, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_was_dropped_does_not_block_the_next() {
    let breakers = half_open().await;
    assert!(breakers.allows(Whom::named(&name()), Need::Usual));
    tokio::time::advance(PROBE).await;
    assert!(breakers.allows(Whom::named(&name()), Need::Usual));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_has_reached_somebody_keeps_away_only_those_who_have_a_choice() {
    let breakers = half_open().await;
    assert!(breakers.allows(Whom::named(&name()), Need::Usual));
    assert!(!breakers.allows(Whom::named(&name()), Need::LastResort));
    assert_eq!(breakers.rests(Whom::named(&name())), PROBE);
    breakers.reached(Whom::named(&name()));
    assert!(!breakers.allows(Whom::named(&name()), Need::Usual));
    assert_eq!(breakers.rests(Whom::named(&name())), Duration::ZERO);
    assert!(breakers.allows(Whom::named(&name()), Need::LastResort));
    assert!(
        !breakers.allows(Whom::named(&name()), Need::LastResort),
        "one at a time"
    );
    breakers.failed(Whom::named(&name()), &silent());
    assert_eq!(breakers.statuses()[0].state, BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn failures_far_apart_leave_it_closed() {
    let breakers = Breakers::default();
    for _ in 0..5 {
        breakers.failed(Whom::named(&name()), &silent());
        tokio::time::advance(Duration::from_secs(6)).await;
    }
    assert!(breakers.allows(Whom::named(&name()), Need::Usual));
}

fn refused() -> ProviderError {
    refused_with(Verdict::KeyRefused)
}

fn refused_with(verdict: Verdict) -> ProviderError {
    ProviderError::Refused {
        provider: "deepgram",
        status: 400,
        detail: "no".to_owned(),
        verdict,
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_opens_it_at_once_and_for_long() {
    let breakers = Breakers::default();
    breakers.failed(Whom::named(&name()), &refused());
    tokio::time::advance(Duration::from_secs(299)).await;
    assert!(!breakers.allows(Whom::named(&name()), Need::Usual));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(breakers.allows(Whom::named(&name()), Need::Usual));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_shown_until_something_works() {
    let breakers = Breakers::default();
    breakers.failed(Whom::named(&name()), &refused());
    let is_refused = || breakers.statuses().iter().any(|status| status.refused);
    breakers.succeeded(Whom::named(&name()));
    assert!(is_refused(), "it was asked before the refusal");
    tokio::time::advance(SETTINGS.open_for_key).await;
    assert!(is_refused());
    assert!(breakers.allows(Whom::named(&name()), Need::Usual));
    assert!(is_refused(), "the probe is on its way");
    breakers.failed(Whom::named(&name()), &silent());
    assert!(is_refused());
    tokio::time::advance(SETTINGS.open).await;
    assert!(breakers.allows(Whom::named(&name()), Need::Usual));
    breakers.succeeded(Whom::named(&name()));
    assert!(!is_refused());
}

type Change<'c> = &'c dyn Fn(&mut Standing, Instant);

/// What the log is told of each of these.
fn notices(of: &[Change<'_>]) -> Vec<Option<Notice>> {
    let mut standing = Standing::default();
    of.iter()
        .map(|change| {
            let before = standing.is();
            change(&mut standing, Instant::now());
            standing.notice(before)
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn every_turn_of_events_is_told_once() {
    let of = Watched::Model(name());
    let fails = |standing: &mut Standing, now| standing.failed((&of, &name()), now, &SETTINGS);
    let is_asked = |standing: &mut Standing, now| {
        let later = now + SETTINGS.open_for_key;
        assert!(!standing.breaker.turns_away(later, Need::LastResort));
        standing.breaker.is_asked(later);
    };
    let works = |standing: &mut Standing, now| standing.succeeded(now, 2);
    let told = notices(&[&fails, &fails, &fails, &fails, &is_asked, &works, &works]);
    let [nothing, opened, tried, recovers] = [
        None,
        Some(Notice::Opened),
        Some(Notice::HalfOpen),
        Some(Notice::Recovers),
    ];
    let expected = [nothing, nothing, opened, nothing, tried, nothing, recovers];
    assert_eq!(told, expected);
    let refuses = |standing: &mut Standing, now| standing.refused(now, &SETTINGS);
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
    assert!(!breakers.allows(Whom::named(&name()), Need::Usual));
    assert!(
        breakers.allows(Whom::named(&name()), Need::LastResort),
        "nobody else is there"
    );
    let mut through = 0;
    for second in 1..10 {
        tokio::time::advance(Duration::from_secs(1)).await;
        let asks = (0..100).filter(|_| breakers.allows(Whom::named(&name()), Need::Usual));
        let before = std::mem::replace(&mut through, asks.count());
        assert!(
            through <= before + 11,
            "{before}, then {through} in second {second}"
        );
    }
    assert!(through >= 89, "{through}");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!((0..100).all(|_| breakers.allows(Whom::named(&name()), Need::Usual)));
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_and_fails_again_is_left_alone_at_once() {
    let breakers = back().await;
    breakers.failed(Whom::named(&name()), &silent());
    assert!(!breakers.allows(Whom::named(&name()), Need::LastResort));
}

/// Two models of one provider, one with two settings, and another provider's.
struct Town {
    breakers: Breakers,
    names: [ModelName; 3],
}

impl Town {
    fn new() -> Self {
        let names = ["eleven/flash", "eleven/multi", "other/voice"];
        Self {
            breakers: Breakers::default(),
            names: names.map(|name| name.parse().expect("a name")),
        }
    }

    fn model(&self, place: usize) -> Whom<'_> {
        Whom::named(&self.names[place])
    }

    /// The first model, as another tenant's wishes have it.
    fn wished(&self) -> Whom<'_> {
        Whom {
            settings: &"another voice",
            ..self.model(0)
        }
    }

    /// Who rests: the first model, the same with other settings, its neighbour, the other provider's.
    fn rest(&self) -> [bool; 4] {
        [self.model(0), self.wished(), self.model(1), self.model(2)]
            .map(|whom| !self.breakers.rests(whom).is_zero())
    }

    fn open(&self) -> Vec<String> {
        let statuses = self.breakers.statuses();
        let open = statuses
            .iter()
            .filter(|status| status.state == BreakerState::Open);
        open.map(|status| status.of.to_string()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_spared_and_nothing_else() {
    for (verdict, rest) in [
        (Verdict::SettingsRefused, [true, false, false, false]),
        (Verdict::ModelRefused, [true, true, false, false]),
        (Verdict::KeyRefused, [true, true, true, false]),
        (Verdict::GiveUp, [false; 4]),
    ] {
        let town = Town::new();
        town.breakers.failed(town.model(0), &refused_with(verdict));
        assert_eq!(town.rest(), rest, "{verdict:?}");
        tokio::time::advance(SETTINGS.open_for_key).await;
        assert_eq!(town.rest(), [false; 4], "{verdict:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn refused_settings_are_told_with_their_agent_until_they_work() {
    let town = Town::new();
    let error = refused_with(Verdict::SettingsRefused);
    town.breakers.failed(town.model(0), &error);
    let open = town.open();
    assert!(
        open[0].starts_with("eleven/flash as set for anna ("),
        "{open:?}"
    );
    assert_eq!(open.len(), 1);
    town.breakers.succeeded(town.wished());
    assert_eq!(town.open(), open, "those of somebody else");
    tokio::time::advance(SETTINGS.open_for_key).await;
    assert!(town.breakers.allows(town.model(0), Need::Usual));
    assert!(
        !town.breakers.allows(town.model(0), Need::Usual),
        "one probe"
    );
    assert!(town.breakers.allows(town.wished(), Need::Usual));
    town.breakers.succeeded(town.model(0));
    assert!(!town.breakers.statuses().iter().any(|status| status.refused));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_reached_is_every_models_and_what_breaks_or_is_silent_one_models() {
    let lost = ProviderError::Unreachable {
        provider: "eleven",
        detail: "refused".to_owned(),
    };
    let broken = ProviderError::Connection {
        provider: "eleven",
        detail: "reset".to_owned(),
    };
    let mute = ProviderError::Silent {
        provider: "eleven",
        stage: "first audio",
        waited: Duration::from_secs(1),
    };
    let town = Town::new();
    for place in [0, 1, 0] {
        town.breakers.failed(town.model(place), &lost);
    }
    assert_eq!(town.rest(), [true, true, true, false]);
    assert_eq!(town.open(), ["eleven"], "found out once for all of them");
    for own in [&broken, &mute] {
        let town = Town::new();
        for _ in 0..3 {
            town.breakers.failed(town.model(0), own);
        }
        assert_eq!(town.rest(), [true, true, false, false], "{own}");
        assert_eq!(town.open(), ["eleven/flash"], "{own}");
    }
    let town = Town::new();
    for _ in 0..3 {
        town.breakers.failed(town.model(0), &lost);
    }
    assert_eq!(town.open(), ["eleven/flash"], "nobody asked another");
    let town = Town::new();
    for place in [0, 1, 0] {
        town.breakers.succeeded(town.model(1));
        town.breakers.failed(town.model(place), &lost);
    }
    assert_eq!(town.open(), [""; 0], "its neighbour was reached");
}

/// One model that cannot be reached takes nothing from another that can.
#[tokio::test(start_paused = true)]
async fn what_models_share_opens_again_only_when_two_of_them_fail() {
    let town = Town::new();
    let fails = |place| {
        let waited = Duration::from_secs(2);
        let (provider, stage) = ("eleven", "connect");
        let error = ProviderError::Silent {
            provider,
            stage,
            waited,
        };
        town.breakers.failed(town.model(place), &error);
    };
    for place in [0, 1, 0] {
        fails(place);
    }
    tokio::time::advance(SETTINGS.open).await;
    for _ in 0..SETTINGS.successes {
        assert!(town.breakers.allows(town.model(1), Need::Usual));
        fails(0);
        assert_eq!(town.open(), [""; 0], "it is being tried");
        town.breakers.succeeded(town.model(1));
    }
    fails(0);
    assert!(!town.open().contains(&"eleven".to_owned()), "it recovers");
    fails(1);
    assert!(town.open().contains(&"eleven".to_owned()));
}

/// Requests from before somebody was left alone may fail while others try.
#[tokio::test(start_paused = true)]
async fn a_failure_frees_nobodys_probe_of_something_else() {
    let town = Town::new();
    let refused = refused_with(Verdict::KeyRefused);
    town.breakers.failed(town.model(0), &refused);
    tokio::time::advance(SETTINGS.open_for_key).await;
    assert!(town.breakers.allows(town.model(1), Need::Usual));
    let broken = ProviderError::Connection {
        provider: "eleven",
        detail: "reset".to_owned(),
    };
    for error in [broken, refused_with(Verdict::GiveUp)] {
        town.breakers.failed(town.model(0), &error);
        assert!(!town.breakers.allows(town.model(1), Need::Usual), "{error}");
    }
}

/// Whoever is turned away by one of them holds no probe of another.
#[tokio::test(start_paused = true)]
async fn a_probe_is_taken_only_by_who_asks() {
    let town = Town::new();
    town.breakers
        .failed(town.model(0), &refused_with(Verdict::KeyRefused));
    tokio::time::advance(SETTINGS.open).await;
    town.breakers
        .failed(town.model(0), &refused_with(Verdict::ModelRefused));
    tokio::time::advance(SETTINGS.open_for_key - SETTINGS.open).await;
    assert!(!town.breakers.allows(town.model(0), Need::Usual), "its own");
    assert!(
        town.breakers.allows(town.model(1), Need::Usual),
        "the probe"
    );
    assert_eq!(town.breakers.take_probes(town.model(1)).len(), 1);
    assert!(!town.breakers.allows(town.model(1), Need::Usual), "one");
}

/// A call's recogniser and its voice may share a key, and both have to be tried.
#[tokio::test(start_paused = true)]
async fn who_has_reached_an_address_leaves_it_to_others_but_not_a_key_that_was_refused() {
    let town = Town::new();
    let lost = ProviderError::Unreachable {
        provider: "eleven",
        detail: "refused".to_owned(),
    };
    for place in [0, 1, 0] {
        town.breakers.failed(town.model(place), &lost);
    }
    tokio::time::advance(SETTINGS.open).await;
    assert!(town.breakers.allows(town.model(0), Need::Usual));
    let probe = town.breakers.take_probes(town.model(0));
    assert!(!town.breakers.allows(town.model(1), Need::Usual));
    tokio::time::advance(Duration::from_millis(100)).await;
    town.breakers.reached(town.model(0));
    assert!(town.breakers.allows(town.model(1), Need::Usual));
    for held in &probe {
        town.breakers.give_back(held);
    }
    assert!(
        !town.breakers.allows(town.model(0), Need::Usual),
        "the voice's"
    );

    let town = Town::new();
    let refused = refused_with(Verdict::KeyRefused);
    town.breakers.failed(town.model(0), &refused);
    tokio::time::advance(SETTINGS.open_for_key).await;
    assert!(town.breakers.allows(town.model(0), Need::Usual));
    town.breakers.reached(town.model(0));
    assert!(!town.breakers.allows(town.model(1), Need::Usual));
}

/// Where both come back at once, that is no reason to be twice as slow.
#[tokio::test(start_paused = true)]
async fn who_comes_back_with_its_provider_has_the_same_share() {
    let breakers = back().await;
    tokio::time::advance(Duration::from_secs(5)).await;
    let asks = (0..100).filter(|_| breakers.allows(Whom::named(&name()), Need::Usual));
    assert_eq!(asks.count(), 50);
}
