//! An agent's providers for one job: whose turn it is, and how each of them does.

use std::{collections::BTreeSet, fmt::Debug, ops::Index, sync::Arc, time::Duration};

use domain::{AgentId, ModelName};
use providers::{
    ProviderError, Verdict,
    llm::{LanguageModel, ModelSettings},
    realtime::{SpeechToSpeech, TalkSettings},
    stt::{Listen, SpeechToText},
    tts::{TextToSpeech, Voice},
};
use tokio::time::Instant;

use crate::{
    agent::Station,
    backoff::Retry,
    breaker::{Breakers, Held, Need, Whom},
    exchange::Commons,
    meters::{Job, Meters},
};

pub(crate) type Ears = Stations<dyn SpeechToText, Listen>;
pub(crate) type Models = Stations<dyn LanguageModel, Arc<ModelSettings>>;
pub(crate) type Talkers = Stations<dyn SpeechToSpeech, Arc<TalkSettings>>;
pub(crate) type Voices = Stations<dyn TextToSpeech, Voice>;

/// The list, in order of preference, with what is known of everyone in it.
pub(crate) struct Stations<P: ?Sized, S> {
    agent: AgentId,
    list: Vec<Station<P, S>>,
    job: Job,
    retry: Retry,
    breakers: Breakers,
    meters: Arc<Meters>,
}

/// Whoever stood in does so for this long: who fails only now and then is not to spoil every reply.
const BACK_AFTER: Duration = Duration::from_secs(30);

/// A request or a connection that is to show how somebody does. Once it is dropped somebody else may
/// try, for it may have been cancelled, which shows nothing.
#[derive(Debug)]
pub(crate) struct Probe {
    breakers: Breakers,
    held: Vec<Held>,
}

impl Drop for Probe {
    fn drop(&mut self) {
        for held in &self.held {
            self.breakers.give_back(held);
        }
    }
}

/// Who was asked to do one piece of work, by their places in the list.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tried {
    places: BTreeSet<usize>,
    /// Who failed last, as long as nobody stepped in.
    failed: Option<usize>,
    /// How often the last one was asked again.
    again: u32,
}

impl Tried {
    /// These were asked, and this one failed last.
    pub(crate) fn of(places: impl IntoIterator<Item = usize>, failed: Option<usize>) -> Self {
        Self {
            places: places.into_iter().collect(),
            failed,
            again: 0,
        }
    }

    /// Who was asked.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> {
        self.places.iter().copied()
    }

    /// Who failed last, if nobody stepped in.
    pub(crate) const fn failed(&self) -> Option<usize> {
        self.failed
    }

    /// The one at this place was not needed beside `other`, and may have a turn of its own.
    pub(crate) fn spared(&mut self, place: usize, other: usize) {
        if place != other {
            self.places.remove(&place);
        }
    }

    /// Nobody was asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The one at this place has done good work: hiccups of before are forgotten, and those who
    /// failed before it may have come back since.
    pub(crate) fn worked(&mut self, place: usize) {
        *self = Self::of([place], None);
    }
}

impl<P: ?Sized, S: Debug> Stations<P, S> {
    /// An agent's.
    pub(crate) fn new(
        agent: &AgentId,
        list: Vec<Station<P, S>>,
        (job, retry): (Job, Retry),
        of: &Commons,
    ) -> Self {
        Self {
            agent: agent.clone(),
            list,
            job,
            retry,
            breakers: of.breakers.clone(),
            meters: Arc::clone(&of.meters),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Station<P, S>> {
        self.list.iter()
    }

    pub(crate) fn name(&self, place: usize) -> &ModelName {
        &self.list[place].name
    }

    fn whom(&self, place: usize) -> Whom<'_> {
        self.list[place].whom(&self.agent)
    }

    /// Whose turn it is: the first of those not asked yet whom the breakers allow, one that is just
    /// recovering only if there is nobody else.
    pub(crate) fn next(&self, tried: &mut Tried) -> Option<usize> {
        let place = self.breakers.first_allowed(self.left(tried))?;
        tried.places.insert(place);
        tried.again = 0;
        if let Some(failed) = tried.failed.take() {
            self.meters.fell_back(self.name(failed), self.name(place));
        }
        Some(place)
    }

    /// Whether it could be somebody's turn. Nobody is asked by that.
    pub(crate) fn has_other(&self, tried: &Tried) -> bool {
        let mut left = self.left(tried);
        left.any(|(_, whom)| self.breakers.rests(whom).is_zero())
    }

    fn left<'s>(&'s self, tried: &'s Tried) -> impl Iterator<Item = (usize, Whom<'s>)> + Clone {
        let all = self.list.iter().enumerate();
        all.filter(|(place, _)| !tried.places.contains(place))
            .map(|(place, station)| (place, station.whom(&self.agent)))
    }

    /// A request to this one is a probe, if nobody knows yet how it does, and nobody else finds out.
    pub(crate) fn probe(&self, place: usize) -> Option<Probe> {
        let held = self.breakers.take_probes(self.whom(place));
        (!held.is_empty()).then(|| Probe {
            breakers: self.breakers.clone(),
            held,
        })
    }

    /// Nobody asks this one now.
    pub(crate) fn rests(&self, place: usize) -> bool {
        !self.breakers.rests(self.whom(place)).is_zero()
    }

    /// Whether somebody in front of this one, which has worked since then, is to have the work back:
    /// everybody may ask that one again, and it was given a while.
    pub(crate) fn goes_back(&self, place: usize, since: Instant) -> bool {
        since.elapsed() >= BACK_AFTER
            && (0..place).any(|earlier| self.breakers.are_closed(self.whom(earlier)))
    }

    /// Whether this one may be asked beside itself.
    pub(crate) fn takes_another(&self, place: usize) -> bool {
        self.breakers.allows(self.whom(place), Need::LastResort)
    }

    /// How long it will be nobody's turn.
    pub(crate) fn rest(&self) -> Duration {
        let list = self.list.iter();
        let rests = list.map(|at| self.breakers.rests(at.whom(&self.agent)));
        rests.min().unwrap_or_default()
    }

    /// How long to wait before the same one is asked again, where that is likely to help. A breaker
    /// that has opened meanwhile is a reason not to, if somebody else is left.
    pub(crate) fn retry(
        &self,
        tried: &mut Tried,
        place: usize,
        verdict: Verdict,
    ) -> Option<Duration> {
        if self.rests(place) && self.has_other(tried) {
            return None;
        }
        let wait = self.retry.after(verdict, tried.again)?;
        tried.again += 1;
        tried.failed = None;
        Some(wait)
    }

    /// Somebody is there. What that one can do is still to be seen.
    pub(crate) fn reached(&self, place: usize) {
        self.breakers.reached(self.whom(place));
    }

    /// It began to answer, after so long.
    pub(crate) fn answers(&self, place: usize, after: Duration) {
        self.reached(place);
        self.meters
            .provider_answered(self.name(place), self.job, after);
    }

    /// It did what it was asked for: to connect is not enough.
    pub(crate) fn succeeded(&self, place: usize) {
        self.breakers.succeeded(self.whom(place));
    }

    /// It failed.
    pub(crate) fn failed(&self, tried: &mut Tried, place: usize, error: &ProviderError) {
        let name = self.name(place);
        self.breakers.failed(self.whom(place), error);
        self.meters.request(name, self.job, error.kind());
        tried.failed = Some(place);
    }

    /// It failed, having been asked so late that it is not to blame.
    pub(crate) fn had_no_time(&self, place: usize, error: &ProviderError) {
        let name = self.name(place);
        self.meters.request(name, self.job, error.kind());
    }

    /// Somebody else was faster; if it was `late`, that is a failure of its own.
    pub(crate) fn lost_race(&self, place: usize, late: Option<&ProviderError>) {
        let name = self.name(place);
        if let Some(late) = late {
            self.breakers.failed(self.whom(place), late);
        }
        self.meters.request(name, self.job, "lost_race");
    }
}

impl<P: ?Sized, S> Index<usize> for Stations<P, S> {
    type Output = Station<P, S>;

    fn index(&self, place: usize) -> &Self::Output {
        &self.list[place]
    }
}

#[cfg(test)]
mod tests;
