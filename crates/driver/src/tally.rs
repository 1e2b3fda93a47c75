use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use domain::{Item, Micros, Millis, ModelName, PriceBook, Purpose, Receipt};
use providers::{llm::Tokens, realtime::RealtimeTokens};

use crate::{agent::Agent, meters::Job, purse::Change};

/// What a call has consumed so far, counted by the tasks that consume it: of each provider in the
/// agent's lists, by its place there.
#[derive(Debug)]
pub(crate) struct Tally {
    carrier: ModelName,
    listen: Vec<Counter>,
    speak: Vec<SpeechCounter>,
    think: Vec<TokenCounter>,
    talk: Vec<TalkCounter>,
    /// Who answered last, by their places: recogniser, model, voice.
    at_work: [AtomicUsize; 3],
    /// One model in place of model and voice: its place, counted from 1.
    talks: AtomicUsize,
    /// The cost that the tenant's purse knows of.
    taken: AtomicU64,
}

/// Something of one provider that is used for the conversation only.
#[derive(Debug)]
struct Counter {
    payee: ModelName,
    amount: AtomicU64,
}

/// Characters that one voice was given, by what they were used for.
#[derive(Debug)]
struct SpeechCounter {
    payee: ModelName,
    by_purpose: [AtomicU64; Purpose::ALL.len()],
}

/// Tokens of one model, by what they were used for.
#[derive(Debug)]
struct TokenCounter {
    payee: ModelName,
    by_purpose: [TokenSums; Purpose::ALL.len()],
}

/// Tokens of one model that hears and speaks, by what they were used for.
#[derive(Debug)]
struct TalkCounter {
    payee: ModelName,
    by_purpose: [TalkSums; Purpose::ALL.len()],
}

/// Tokens of text and of sound: each has a price of its own.
#[derive(Debug, Default)]
struct TalkSums {
    text: TokenSums,
    audio: TokenSums,
}

/// Tokens that add up.
#[derive(Debug, Default)]
pub(crate) struct TokenSums {
    /// Cached ones included.
    input: AtomicU64,
    cached: AtomicU64,
    cache_writes: AtomicU64,
    long_cache_writes: AtomicU64,
    output: AtomicU64,
}

impl Tally {
    pub(crate) fn of(agent: &Agent) -> Self {
        let counter = |payee: &ModelName| Counter {
            payee: payee.clone(),
            amount: AtomicU64::new(0),
        };
        let token_counter = |payee: &ModelName| TokenCounter {
            payee: payee.clone(),
            by_purpose: Default::default(),
        };
        Self {
            carrier: agent.carrier.clone(),
            listen: agent.listen.iter().map(|at| counter(&at.name)).collect(),
            speak: agent
                .speak
                .iter()
                .map(|at| speech_counter(&at.name))
                .collect(),
            think: agent
                .think
                .iter()
                .map(|at| token_counter(&at.name))
                .collect(),
            talk: agent.talk.iter().map(|at| talk_counter(&at.name)).collect(),
            at_work: Default::default(),
            talks: AtomicUsize::new(usize::from(!agent.talk.is_empty())),
            taken: AtomicU64::new(0),
        }
    }

    /// Whoever is at this place of the list does the job.
    pub(crate) fn works(&self, job: Job, place: usize) {
        match job {
            Job::Listen => self.at_work[0].store(place, Ordering::Relaxed),
            Job::Think => {
                self.at_work[1].store(place, Ordering::Relaxed);
                self.talks.store(0, Ordering::Relaxed);
            }
            Job::Speak => self.at_work[2].store(place, Ordering::Relaxed),
            Job::Talk => self.talks.store(place + 1, Ordering::Relaxed),
        }
    }

    /// The recogniser, the model and the voice that answered last, or will answer first.
    pub(crate) fn names(&self) -> Vec<ModelName> {
        let [listen, think, speak] = self.at_work.each_ref();
        let [listen, think, speak] =
            [listen, think, speak].map(|place| place.load(Ordering::Relaxed));
        let listen = self.listen.get(listen).map(|counter| &counter.payee);
        let talks = self.talks.load(Ordering::Relaxed).checked_sub(1);
        if let Some(talks) = talks.and_then(|place| self.talk.get(place)) {
            return listen.into_iter().chain([&talks.payee]).cloned().collect();
        }
        let think = self.think.get(think).map(|counter| &counter.payee);
        let speak = self.speak.get(speak).map(|counter| &counter.payee);
        [listen, think, speak]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// The recogniser at this place of the list was sent so much audio.
    pub(crate) fn heard(&self, place: usize, audio: Millis) {
        self.listen[place]
            .amount
            .fetch_add(audio.0, Ordering::Relaxed);
    }

    /// The recogniser at this place refused so much of that audio: nobody bills it.
    pub(crate) fn heard_not(&self, place: usize, audio: Millis) {
        self.listen[place]
            .amount
            .fetch_sub(audio.0, Ordering::Relaxed);
    }

    /// The voice at this place was sent so much text.
    pub(crate) fn spoke(&self, place: usize, purpose: Purpose, characters: u64) {
        self.speak[place].by_purpose[purpose as usize].fetch_add(characters, Ordering::Relaxed);
    }

    /// The voice at this place refused so much of that text: nobody bills it.
    pub(crate) fn spoke_not(&self, place: usize, purpose: Purpose, characters: u64) {
        self.speak[place].by_purpose[purpose as usize].fetch_sub(characters, Ordering::Relaxed);
    }

    /// Text that was counted for the conversation was spoken for nothing.
    pub(crate) fn spoke_too_soon(&self, place: usize, characters: u64) {
        self.spoke(place, Purpose::Speculation, characters);
        self.spoke_not(place, Purpose::Call, characters);
    }

    /// The model at this place took so many tokens.
    pub(crate) fn thought(&self, place: usize, purpose: Purpose, tokens: Tokens) {
        self.think[place].by_purpose[purpose as usize].add(tokens);
    }

    /// Tokens that were counted for the conversation were for nothing.
    pub(crate) fn discarded(&self, place: usize, tokens: Tokens) {
        let by_purpose = &self.think[place].by_purpose;
        by_purpose[Purpose::Speculation as usize].add(tokens);
        by_purpose[Purpose::Call as usize].take(tokens);
    }

    /// The model at this place, which hears and speaks, took so many tokens.
    pub(crate) fn talked(&self, place: usize, purpose: Purpose, tokens: &RealtimeTokens) {
        let (text, audio) = kinds(tokens);
        let sums = &self.talk[place].by_purpose[purpose as usize];
        sums.text.add(text);
        sums.audio.add(audio);
    }

    /// Tokens of its that were counted for the conversation were for nothing.
    pub(crate) fn talked_too_soon(&self, place: usize, tokens: &RealtimeTokens) {
        let (text, audio) = kinds(tokens);
        let sums = &self.talk[place].by_purpose[Purpose::Call as usize];
        sums.text.take(text);
        sums.audio.take(audio);
        self.talked(place, Purpose::Speculation, tokens);
    }

    /// What there is to pay for a call that has lasted so long.
    pub(crate) fn receipt(&self, line: Millis, prices: &PriceBook) -> Receipt {
        let charge =
            |used: Used<'_>| prices.charge(used.payee, used.item, used.purpose, used.amount);
        Receipt(self.used(line).map(charge).collect())
    }

    /// The sum of that, as far as prices are known.
    pub(crate) fn cost(&self, line: Millis, prices: &PriceBook) -> Micros {
        let costs = self
            .used(line)
            .filter_map(|used| prices.cost(used.payee, used.item, used.amount));
        costs.sum()
    }

    /// What the tenant's purse does not know yet: each cent leaves it but once, and comes back if
    /// it turns out that nobody has to be paid.
    pub(crate) fn take(&self, cost: Micros) -> Change {
        Change {
            before: Micros(self.taken.swap(cost.0, Ordering::Relaxed)),
            after: cost,
        }
    }

    fn used(&self, line: Millis) -> impl Iterator<Item = Used<'_>> {
        let line = Used {
            payee: &self.carrier,
            item: Item::Line,
            purpose: Purpose::Call,
            amount: line.0,
        };
        let thought = self.think.iter().flat_map(|counter| {
            let purposes = Purpose::ALL.into_iter().zip(&counter.by_purpose);
            purposes.flat_map(|(purpose, sums)| {
                sums.items().map(|(item, amount)| Used {
                    payee: &counter.payee,
                    item,
                    purpose,
                    amount,
                })
            })
        });
        let talked = self.talk.iter().flat_map(|counter| {
            let purposes = Purpose::ALL.into_iter().zip(&counter.by_purpose);
            purposes.flat_map(move |(purpose, sums)| {
                sums.items().map(move |(item, amount)| Used {
                    payee: &counter.payee,
                    item,
                    purpose,
                    amount,
                })
            })
        });
        std::iter::once(line)
            .chain(
                self.listen
                    .iter()
                    .map(|each| each.used(Item::Transcription)),
            )
            .chain(self.speak.iter().flat_map(SpeechCounter::used))
            .chain(thought)
            .chain(talked)
            .filter(|used| used.amount > 0)
    }
}

fn speech_counter(payee: &ModelName) -> SpeechCounter {
    SpeechCounter {
        payee: payee.clone(),
        by_purpose: Default::default(),
    }
}

fn talk_counter(payee: &ModelName) -> TalkCounter {
    TalkCounter {
        payee: payee.clone(),
        by_purpose: Default::default(),
    }
}

/// So much of something.
struct Used<'t> {
    payee: &'t ModelName,
    item: Item,
    purpose: Purpose,
    amount: u64,
}

impl Counter {
    fn used(&self, item: Item) -> Used<'_> {
        Used {
            payee: &self.payee,
            item,
            purpose: Purpose::Call,
            amount: self.amount.load(Ordering::Relaxed),
        }
    }
}

impl SpeechCounter {
    fn used(&self) -> impl Iterator<Item = Used<'_>> {
        let purposes = Purpose::ALL.into_iter().zip(&self.by_purpose);
        purposes.map(|(purpose, amount)| Used {
            payee: &self.payee,
            item: Item::Speech,
            purpose,
            amount: amount.load(Ordering::Relaxed),
        })
    }
}

impl TalkSums {
    fn items(&self) -> impl Iterator<Item = (Item, u64)> {
        let audio = self
            .audio
            .items()
            .map(|(item, amount)| (of_sound(item), amount));
        self.text.items().into_iter().chain(audio)
    }
}

/// What such tokens are called when they are sound.
const fn of_sound(item: Item) -> Item {
    match item {
        Item::CachedInput => Item::CachedAudioInput,
        Item::Output => Item::AudioOutput,
        Item::AudioInput
        | Item::AudioOutput
        | Item::CachedAudioInput
        | Item::CacheWrite
        | Item::Input
        | Item::Line
        | Item::LongCacheWrite
        | Item::Speech
        | Item::Transcription => Item::AudioInput,
    }
}

/// Tokens of text, and of sound.
fn kinds(tokens: &RealtimeTokens) -> (Tokens, Tokens) {
    let text = Tokens {
        input: tokens.input_text,
        cached: tokens.cached_text,
        output: tokens.output_text,
        ..Tokens::default()
    };
    let audio = Tokens {
        input: tokens.input_audio,
        cached: tokens.cached_audio,
        output: tokens.output_audio,
        ..Tokens::default()
    };
    (text, audio)
}

impl TokenSums {
    pub(crate) fn add(&self, tokens: Tokens) {
        for (sum, count) in self.with(tokens) {
            sum.fetch_add(count, Ordering::Relaxed);
        }
    }

    fn take(&self, tokens: Tokens) {
        for (sum, count) in self.with(tokens) {
            sum.fetch_sub(count, Ordering::Relaxed);
        }
    }

    /// Each sum, and what counts for it.
    fn with(&self, tokens: Tokens) -> [(&AtomicU64, u64); 5] {
        [
            (&self.input, tokens.input),
            (&self.cached, tokens.cached),
            (&self.cache_writes, tokens.cache_writes),
            (&self.long_cache_writes, tokens.long_cache_writes),
            (&self.output, tokens.output),
        ]
    }

    /// Takes out what there is.
    pub(crate) fn take_all(&self) -> Tokens {
        let all = |sum: &AtomicU64| sum.swap(0, Ordering::AcqRel);
        Tokens {
            input: all(&self.input),
            cached: all(&self.cached),
            cache_writes: all(&self.cache_writes),
            long_cache_writes: all(&self.long_cache_writes),
            output: all(&self.output),
        }
    }

    fn items(&self) -> [(Item, u64); 5] {
        let of = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
        let [cached, written, kept] =
            [&self.cached, &self.cache_writes, &self.long_cache_writes].map(of);
        let apart = cached.saturating_add(written).saturating_add(kept);
        [
            (Item::Input, of(&self.input).saturating_sub(apart)),
            (Item::CachedInput, cached),
            (Item::CacheWrite, written),
            (Item::LongCacheWrite, kept),
            (Item::Output, of(&self.output)),
        ]
    }
}

#[cfg(test)]
impl Tally {
    /// Of one provider for each job.
    pub(crate) fn for_tests() -> Self {
        Self::of_models(&["one/model".parse().expect("a name")])
    }

    /// Of these voices, and one provider for each of the other jobs.
    pub(crate) fn of_voices(voices: &[ModelName]) -> Self {
        Self {
            speak: voices.iter().map(speech_counter).collect(),
            ..Self::for_tests()
        }
    }

    /// Of these recognisers, and one provider for each of the other jobs.
    pub(crate) fn of_ears(ears: &[ModelName]) -> Self {
        let counter = |payee: &ModelName| Counter {
            payee: payee.clone(),
            amount: AtomicU64::new(0),
        };
        Self {
            listen: ears.iter().map(counter).collect(),
            ..Self::for_tests()
        }
    }

    /// Of these models, and one provider for each of the other jobs.
    pub(crate) fn of_models(models: &[ModelName]) -> Self {
        let name = |name: &str| name.parse().expect("a name");
        let counter = |payee: &str| Counter {
            payee: name(payee),
            amount: AtomicU64::new(0),
        };
        let token_counter = |payee: &ModelName| TokenCounter {
            payee: payee.clone(),
            by_purpose: Default::default(),
        };
        Self {
            carrier: name("carrier/line"),
            listen: vec![counter("one/ears")],
            speak: vec![speech_counter(&name("one/voice"))],
            think: models.iter().map(token_counter).collect(),
            talk: vec![talk_counter(&name("one/talker"))],
            at_work: Default::default(),
            talks: AtomicUsize::new(0),
            taken: AtomicU64::new(0),
        }
    }
}

#[cfg(test)]
mod tests;
