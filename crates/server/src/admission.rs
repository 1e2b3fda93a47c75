//! Whether a new call is taken: one function, in memory.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use tokio::time::Instant;

/// Why a call is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// Its tenant has spent today's budget.
    Budget,
    /// Too many began within the last second.
    CallsPerSecond,
    /// The server is about to stop.
    Draining,
    /// The process cannot keep up with the calls that it has.
    LoopLag,
    /// As many calls as there may be.
    MaxCalls,
    /// Nobody is left who does one of the agent's jobs: keys, quotas or models were refused.
    Providers,
}

impl Refusal {
    /// All reasons, for metrics that start at zero.
    pub(crate) const ALL: [Self; 6] = [
        Self::Budget,
        Self::CallsPerSecond,
        Self::Draining,
        Self::LoopLag,
        Self::MaxCalls,
        Self::Providers,
    ];

    /// The label in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::CallsPerSecond => "calls_per_second",
            Self::Draining => "draining",
            Self::LoopLag => "loop_lag",
            Self::MaxCalls => "max_calls",
            Self::Providers => "providers",
        }
    }
}

/// Lets calls in, one by one.
#[derive(Debug)]
pub(crate) struct Gate {
    max_calls: usize,
    calls_per_second: f64,
    behind: AtomicBool,
    draining: AtomicBool,
    allowance: Mutex<Allowance>,
}

/// How many calls may begin at once: refilled by time, never more than one second's worth.
#[derive(Debug)]
struct Allowance {
    calls: f64,
    at: Instant,
}

impl Gate {
    pub(crate) fn new(max_calls: usize, calls_per_second: u32, now: Instant) -> Self {
        let calls_per_second = f64::from(calls_per_second);
        Self {
            max_calls,
            calls_per_second,
            behind: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            allowance: Mutex::new(Allowance {
                calls: calls_per_second,
                at: now,
            }),
        }
    }

    /// Takes one call, when `taken` are there already, or says why not.
    pub(crate) fn admit(&self, taken: usize, now: Instant) -> Result<(), Refusal> {
        self.open(taken)?;
        // Arithmetic alone happens under the lock, so it cannot be left half done.
        let mut allowance = self
            .allowance
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(allowance.at).as_secs_f64();
        let refilled = passed.mul_add(self.calls_per_second, allowance.calls);
        allowance.calls = refilled.min(self.calls_per_second);
        allowance.at = now;
        if allowance.calls < 1.0 {
            return Err(Refusal::CallsPerSecond);
        }
        allowance.calls -= 1.0;
        Ok(())
    }

    /// Takes no more calls from here on.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether no more calls are taken.
    pub(crate) fn draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Notes whether the process cannot keep up; returns what was known before.
    pub(crate) fn fall_behind(&self, behind: bool) -> bool {
        self.behind.swap(behind, Ordering::AcqRel)
    }

    /// Whether calls are taken at all when `taken` are there already, or why not.
    pub(crate) fn open(&self, taken: usize) -> Result<(), Refusal> {
        if self.draining() {
            Err(Refusal::Draining)
        } else if taken >= self.max_calls {
            Err(Refusal::MaxCalls)
        } else if self.behind.load(Ordering::Acquire) {
            Err(Refusal::LoopLag)
        } else {
            Ok(())
        }
    }

    /// How many calls there may be.
    pub(crate) const fn max_calls(&self) -> usize {
        self.max_calls
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use domain::Language;
    use driver::{
        Agent, BreakerState,
        BreakerState::{Closed, HalfOpen, Open},
        BreakerStatus, Station, Watched, nobody_is_left,
    };
    use futures_util::future::BoxFuture;
    use providers::{
        ProviderError,
        realtime::{FromSpeaker, SpeechToSpeech, Talk, TalkSettings, ToSpeaker, TurnDetection},
    };
    use tokio::sync::mpsc;

    use super::*;
    use crate::{
        config::{Config, Environment},
        stations::Stations,
    };

    fn agent() -> Agent {
        let environment: Environment = [("DEEPGRAM_API_KEY", "k"), ("OPENAI_API_KEY", "k")]
            .into_iter()
            .collect();
        let file = "[agents.desk]\nstt = [\"deepgram/nova-3\", \"openai/whisper-1\"]\n";
        let config = Config::parse("", file, &environment).expect("a configuration");
        let agent = Stations::new(&config.providers).agent(&config.tenants[0].agent);
        agent.expect("an agent")
    }

    fn breaker(name: &str, state: BreakerState, refused: bool) -> BreakerStatus {
        BreakerStatus {
            of: Watched::Model(name.parse().expect("a name")),
            state,
            refused,
        }
    }

    #[test]
    fn a_job_is_lost_when_nobody_is_left_and_nobody_comes_back() {
        let agent = agent();
        let rows = [
            ((Open, true), (Open, true), true),
            ((Open, true), (Open, false), true),
            ((Open, true), (Closed, false), false),
            ((Open, true), (HalfOpen, true), false),
            ((Open, false), (Open, false), false),
        ];
        for (first, second, lost) in rows {
            let breakers = [
                breaker("deepgram/nova-3", first.0, first.1),
                breaker("openai/whisper-1", second.0, second.1),
            ];
            let told = nobody_is_left(&agent, &breakers);
            assert_eq!(told, lost, "{first:?}, {second:?}");
        }
        assert!(!nobody_is_left(&agent, &[]), "nobody has failed yet");
    }

    #[test]
    fn a_refused_key_takes_all_models_of_its_provider() {
        let key = |provider: &str| BreakerStatus {
            of: Watched::Access(provider.to_owned()),
            state: Open,
            refused: true,
        };
        for (provider, lost) in [("openai", true), ("anthropic", false)] {
            let told = nobody_is_left(&agent(), &[key(provider)]);
            assert_eq!(told, lost, "{provider}");
        }
    }

    struct Talks;

    impl SpeechToSpeech for Talks {
        fn talk(
            &self,
            _talk: Talk,
            _orders: mpsc::Receiver<ToSpeaker>,
            _told: mpsc::Sender<FromSpeaker>,
        ) -> BoxFuture<'static, Result<(), ProviderError>> {
            Box::pin(async { Ok(()) })
        }
    }

    /// Whoever talks does the work of those who think and speak, and they theirs.
    #[test]
    fn who_talks_stands_in_for_a_model_and_a_voice() {
        let mut agent = agent();
        let model = breaker("openai/gpt-6-luna", Open, true);
        assert!(nobody_is_left(&agent, std::slice::from_ref(&model)));
        agent.talk.push(Station {
            name: "openai/gpt-realtime-2.1".parse().expect("a name"),
            provider: Arc::new(Talks),
            settings: Arc::new(TalkSettings {
                model: String::new(),
                voice: String::new(),
                language: Language::default(),
                transcription_model: None,
                turns: TurnDetection::Ours,
                max_output_tokens: None,
                tools: Vec::new(),
            }),
        });
        let talker = breaker("openai/gpt-realtime-2.1", Open, true);
        assert!(!nobody_is_left(&agent, std::slice::from_ref(&model)));
        assert!(!nobody_is_left(&agent, std::slice::from_ref(&talker)));
        assert!(nobody_is_left(&agent, &[model, talker]));
    }

    #[test]
    fn a_full_server_takes_nobody() {
        let now = Instant::now();
        let gate = Gate::new(2, 100, now);
        assert_eq!(gate.admit(1, now), Ok(()));
        assert_eq!(gate.admit(2, now), Err(Refusal::MaxCalls));
        assert!(!gate.fall_behind(true));
        assert_eq!(gate.admit(0, now), Err(Refusal::LoopLag));
        assert!(gate.fall_behind(false));
        assert_eq!(gate.admit(0, now), Ok(()));
        gate.drain();
        assert_eq!(gate.admit(0, now), Err(Refusal::Draining));
    }

    #[test]
    fn calls_come_in_at_a_limited_rate() {
        let now = Instant::now();
        let gate = Gate::new(1_000, 2, now);
        assert_eq!(gate.admit(0, now), Ok(()));
        assert_eq!(gate.admit(1, now), Ok(()));
        assert_eq!(gate.admit(2, now), Err(Refusal::CallsPerSecond));
        assert_eq!(gate.admit(2, now + Duration::from_millis(500)), Ok(()));
        let later = now + Duration::from_secs(60);
        assert_eq!(gate.admit(3, later), Ok(()));
        assert_eq!(gate.admit(4, later), Ok(()));
        assert_eq!(
            gate.admit(5, later),
            Err(Refusal::CallsPerSecond),
            "nothing is saved up"
        );
    }
}
