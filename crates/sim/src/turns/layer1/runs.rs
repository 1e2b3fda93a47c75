use std::sync::Arc;

use session::{Rules, Waits};

use crate::turns::{
    generate::{self, Places, Providers},
    report::{Family, Policy, SeedScore},
    scenario::{Llm, Preset, Scenario, Spread, Stt, Tts},
    score::{HistoryScore, OPENERS, OverlapScore, TurnScore},
    world::{self, Call},
};

/// Everything that layer 1 plays.
pub(super) struct Runs {
    seed: u64,
    /// Balanced, without punctuation.
    pub(super) main: End,
    /// The same, on pauses whose places no list of words has chosen.
    pub(super) by_hand: End,
    /// The same as the main one, with a recogniser that leaves out `um`.
    pub(super) no_fillers: End,
    pub(super) eager: End,
    pub(super) patient: End,
    /// Balanced, with a recogniser that writes `.` and `?`, wrongly too.
    pub(super) punctuated: End,
    /// Balanced, with a faster model and voice.
    pub(super) fast: End,
    /// Balanced and punctuated, with words that cover a slow answer.
    pub(super) openers: End,
    /// Balanced, and one of twenty finals never comes.
    pub(super) lossy: End,
    silence: Vec<(u64, End)>,
    /// Something sounds over the agent; the voice tells when words end.
    pub(super) overlaps: Over,
    /// The same with a voice that does not.
    pub(super) without_word_times: Over,
}

/// One policy over many calls.
pub(super) struct End {
    pub(super) name: String,
    pub(super) calls: Vec<Call>,
    pub(super) score: TurnScore,
}

/// Sounds over the agent's voice in many calls.
pub(super) struct Over {
    pub(super) calls: Vec<Call>,
    pub(super) score: OverlapScore,
    pub(super) history: HistoryScore,
}

/// The waits of policies that know silence alone.
const SILENCES: [u64; 8] = [300, 400, 500, 600, 800, 1_000, 1_300, 1_600];

/// Calls to be made, and the seed of everything random in them.
#[derive(Clone, Copy, Debug)]
struct Dealt {
    calls: usize,
    seed: u64,
}

impl Dealt {
    fn turns(self, places: Places, providers: Providers) -> Vec<Arc<Scenario>> {
        generate::turns(self.calls, places, providers, self.seed)
    }

    fn preset(self, name: &str, calls: &[Arc<Scenario>], preset: Preset) -> End {
        End::play(name, calls, self.seed, |rules| {
            rules.turn.wait = world::waits(preset);
        })
    }

    fn balanced(self, name: &str, calls: &[Arc<Scenario>]) -> End {
        self.preset(name, calls, Preset::Balanced)
    }

    fn by_hand(self) -> End {
        let calls = self.turns(Places::ByHand, unpunctuated());
        self.balanced("balanced, pauses placed by hand", &calls)
    }

    fn patient(self, calls: &[Arc<Scenario>]) -> End {
        self.preset("patient", calls, Preset::Patient)
    }
}

/// The policies whose goals depend on what the waits were tuned on, with another seed.
pub(super) fn held_out(calls: usize, seed: u64) -> SeedScore {
    let dealt = Dealt { calls, seed };
    let plain = dealt.turns(Places::Told, unpunctuated());
    let ends = [
        dealt.balanced("balanced", &plain),
        dealt.by_hand(),
        dealt.patient(&plain),
    ];
    SeedScore::of(seed, ends.each_ref())
}

impl SeedScore {
    fn of(seed: u64, ends: [&End; 3]) -> Self {
        Self {
            seed,
            policies: ends.map(|end| end.policy(Family::Beside)).into(),
        }
    }
}

fn unpunctuated() -> Providers {
    Providers {
        stt: Stt {
            punctuates: false,
            ..Stt::default()
        },
        ..Providers::default()
    }
}

impl Runs {
    pub(super) fn play(calls: usize, seed: u64) -> Self {
        let dealt = Dealt { calls, seed };
        let unpunctuated = unpunctuated();
        let made = |providers| dealt.turns(Places::Told, providers);
        let plain = made(unpunctuated);
        let punctuated = made(Providers::default());
        let no_fillers = Stt {
            writes_fillers: false,
            ..unpunctuated.stt
        };
        let lossy = Stt {
            finals_lost_percent: 5.0,
            ..unpunctuated.stt
        };
        let heard_by = |stt| {
            made(Providers {
                stt,
                ..unpunctuated
            })
        };
        let no_word_times = Tts {
            word_times: false,
            ..Tts::default()
        };
        Self {
            seed,
            main: dealt.balanced("balanced", &plain),
            by_hand: dealt.by_hand(),
            no_fillers: dealt.balanced("balanced, without written fillers", &heard_by(no_fillers)),
            eager: dealt.preset("eager", &plain, Preset::Eager),
            patient: dealt.patient(&plain),
            punctuated: dealt.balanced("balanced, punctuated", &punctuated),
            fast: dealt.balanced("balanced, fast providers", &made(fast(unpunctuated))),
            openers: End::play("balanced, openers", &punctuated, seed, |rules| {
                rules.mask.openers = OPENERS.map(str::to_owned).into();
            }),
            lossy: dealt.balanced("balanced, 5 % of finals lost", &heard_by(lossy)),
            silence: SILENCES
                .iter()
                .map(|wait| (*wait, silence_alone(*wait, &plain, seed)))
                .collect(),
            overlaps: Over::play(calls, unpunctuated, seed),
            without_word_times: Over::play(
                calls,
                Providers {
                    tts: no_word_times,
                    ..unpunctuated
                },
                seed,
            ),
        }
    }

    /// What the same policies did on this run's own seed.
    pub(super) fn own_seed(&self) -> SeedScore {
        SeedScore::of(self.seed, [&self.main, &self.by_hand, &self.patient])
    }

    /// The policy that waits so long, whatever was said.
    pub(super) fn silence(&self, wait: u64) -> Option<&End> {
        let found = self.silence.iter().find(|(known, _)| *known == wait);
        found.map(|(_, end)| end)
    }

    pub(super) fn policies(&self) -> Vec<Policy> {
        let ours = [&self.eager, &self.main, &self.patient, &self.punctuated];
        let beside = [&self.by_hand, &self.no_fillers].map(|end| end.policy(Family::Beside));
        let silence = self.silence.iter().map(|(_, end)| end);
        let ours = ours.into_iter().map(|end| end.policy(Family::Ours));
        ours.chain(beside)
            .chain(silence.map(|end| end.policy(Family::Silence)))
            .chain(published())
            .collect()
    }
}

/// What others have published, all at 10 % cut-offs.
fn published() -> impl Iterator<Item = Policy> {
    [
        ("Smart Turn v3.2", 739.0),
        ("LiveKit v1-mini", 698.0),
        ("Deepgram Flux", 548.0),
        ("LiveKit v1", 295.0),
    ]
    .into_iter()
    .map(|(name, mean_wait_ms)| Policy {
        name: name.to_owned(),
        family: Family::Published,
        cuts_percent: 10.0,
        audible_cuts_percent: None,
        mean_wait_ms,
    })
}

fn fast(providers: Providers) -> Providers {
    Providers {
        llm: Llm {
            first_ms: Spread::between(200, 350),
            ..Llm::default()
        },
        tts: Tts {
            first_ms: Spread::between(90, 150),
            ..Tts::default()
        },
        ..providers
    }
}

fn silence_alone(wait: u64, calls: &[Arc<Scenario>], seed: u64) -> End {
    End::play(&format!("silence, {wait} ms"), calls, seed, |rules| {
        rules.turn.wait = Waits::fixed(domain::Millis(wait));
        rules.turn.language_rules = false;
        rules.turn.adapts = false;
    })
}

impl End {
    fn play(
        name: &str,
        scenarios: &[Arc<Scenario>],
        seed: u64,
        change: impl Fn(&mut Rules),
    ) -> Self {
        let calls = calls(scenarios, seed, change);
        let mut score = TurnScore::default();
        for (number, call) in calls.iter().enumerate() {
            score.add(number, &call.play());
        }
        Self {
            name: name.to_owned(),
            calls,
            score,
        }
    }

    pub(super) fn cuts_percent(&self) -> f64 {
        self.score.cuts.percent().unwrap_or(f64::NAN)
    }

    fn policy(&self, family: Family) -> Policy {
        Policy {
            name: self.name.clone(),
            family,
            cuts_percent: self.cuts_percent(),
            audible_cuts_percent: self.score.audible_cuts.percent(),
            mean_wait_ms: self.score.waits.mean().unwrap_or(f64::NAN),
        }
    }
}

impl Over {
    fn play(calls: usize, providers: Providers, seed: u64) -> Self {
        let scenarios = generate::overlaps(calls, providers, seed);
        let calls = self::calls(&scenarios, seed, |_| {});
        let mut over = Self {
            calls: Vec::new(),
            score: OverlapScore::default(),
            history: HistoryScore::default(),
        };
        for (number, call) in calls.iter().enumerate() {
            let seen = call.play();
            over.score.add(number, &seen);
            over.history.add(number, &seen);
        }
        over.calls = calls;
        over
    }
}

fn calls(scenarios: &[Arc<Scenario>], seed: u64, change: impl Fn(&mut Rules)) -> Vec<Call> {
    let numbered = scenarios.iter().zip(seed..);
    numbered
        .map(|(scenario, seed)| {
            let mut rules = world::rules(scenario);
            change(&mut rules);
            Call {
                scenario: Arc::clone(scenario),
                rules: Arc::new(rules),
                seed,
            }
        })
        .collect()
}
