//! Which calls there are, from their webhook to a while after their end: what waits for its media
//! stream, what talks, and how the others ended.

use std::{
    collections::{BTreeMap, btree_map},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{CallId, CarrierCallId, Direction, EndReason, Party};
use driver::Prepared;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use transports::twilio::{token::Grant, twiml::Twiml};

use crate::directory::Desk;

/// How long the end of a call is remembered, for the carrier's last questions.
const REMEMBERED: Duration = Duration::from_secs(300);

/// A call gets so many new streams …
const MOST_RELINKS: usize = 3;

/// … within this time.
const RELINK_SPAN: Duration = Duration::from_secs(60);

/// A call as its webhook told it.
#[derive(Clone)]
pub(crate) struct Announced {
    /// Our id of it.
    pub(crate) id: CallId,
    /// The carrier's id of it.
    pub(crate) call: CarrierCallId,
    /// Who answers.
    pub(crate) desk: Arc<Desk>,
    /// Who calls.
    pub(crate) from: Party,
    /// Who is called.
    pub(crate) to: Party,
    /// Who called whom.
    pub(crate) direction: Direction,
    /// The path of its media socket.
    pub(crate) stream_path: &'static str,
    /// Which of the call's streams is the right one.
    pub(crate) epoch: u32,
}

/// What a stream with a valid token gets.
pub(crate) struct Taken {
    /// What is known of the call.
    pub(crate) announced: Announced,
    /// Its opened providers.
    pub(crate) prepared: Prepared,
    /// Cancelled when a newer stream of the call takes over.
    pub(crate) superseded: CancellationToken,
    /// Where the end of the call is told.
    pub(crate) over: watch::Sender<Option<EndReason>>,
}

/// What became of an announcement.
#[derive(Debug)]
pub(crate) enum Announcement {
    /// The call waits for its stream.
    New,
    /// Another webhook was faster; this is what it was answered with.
    Repeated(Twiml),
}

/// Where a call stands when the carrier asks what to do next.
pub(crate) enum Whereabouts {
    /// It has a stream, as far as we know.
    Live(watch::Receiver<Option<EndReason>>),
    /// Its stream never opened.
    NeverOpened,
    /// It is over.
    Over(EndReason),
    /// We do not know it.
    Unknown,
}

/// All calls of this process.
pub(crate) struct Switchboard {
    calls: Mutex<BTreeMap<CarrierCallId, Entry>>,
    patience: Duration,
    most: usize,
}

struct Entry {
    announced: Announced,
    twiml: Twiml,
    at: Instant,
    waiting: Option<Prepared>,
    talk: Talk,
    relinks: Vec<Instant>,
    /// The round that was answered last, for a carrier that asks twice.
    round: Option<(u32, Twiml)>,
}

enum Talk {
    NotYet,
    Live {
        epoch: u32,
        superseded: CancellationToken,
        over: watch::Receiver<Option<EndReason>>,
    },
    Over(EndReason),
}

impl Switchboard {
    /// Announced calls wait for `patience`; no more than `most` calls are remembered.
    pub(crate) fn new(patience: Duration, most: usize) -> Self {
        Self {
            calls: Mutex::default(),
            patience,
            most,
        }
    }

    // Every change is one assignment or map operation, so a panic leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<CarrierCallId, Entry>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The document that a call was answered with, while it can still be used.
    pub(crate) fn answered(&self, call: &CarrierCallId, now: Instant) -> Option<Twiml> {
        let calls = self.lock();
        let entry = calls.get(call)?;
        (now.saturating_duration_since(entry.at) < self.patience).then(|| entry.twiml.clone())
    }

    /// The epoch of the next stream that `call` is announced with.
    pub(crate) fn next_epoch(&self, call: &CarrierCallId) -> u32 {
        let calls = self.lock();
        calls.get(call).map_or(1, |entry| entry.announced.epoch + 1)
    }

    /// Keeps a call until its stream opens, and returns the document that is good for it: of two
    /// webhooks at the same time only the first one announces the call.
    pub(crate) fn announce(
        &self,
        announced: Announced,
        twiml: Twiml,
        prepared: Prepared,
        now: Instant,
    ) -> Announcement {
        let mut calls = self.lock();
        let unused = match calls.entry(announced.call.clone()) {
            btree_map::Entry::Vacant(place) => {
                place.insert(Entry {
                    announced,
                    twiml,
                    at: now,
                    waiting: Some(prepared),
                    talk: Talk::NotYet,
                    relinks: Vec::new(),
                    round: None,
                });
                None
            }
            btree_map::Entry::Occupied(known) => {
                let entry = known.into_mut();
                if entry.announced.epoch >= announced.epoch {
                    let twiml = entry.twiml.clone();
                    drop(calls);
                    return Announcement::Repeated(twiml);
                }
                // A stream that still talks goes on until the new one takes over.
                entry.announced = announced;
                entry.twiml = twiml;
                entry.at = now;
                entry.waiting.replace(prepared)
            }
        };
        let forgotten = make_room(&mut calls, self.most);
        drop(calls);
        drop((unused, forgotten));
        Announcement::New
    }

    /// Prepares another stream for a call that lost its own. `None` after too many.
    pub(crate) fn relink(
        &self,
        call: &CarrierCallId,
        now: Instant,
        make: impl FnOnce(&Announced) -> Option<(Twiml, Prepared)>,
    ) -> Option<Twiml> {
        let mut calls = self.lock();
        let entry = calls.get_mut(call)?;
        entry
            .relinks
            .retain(|at| now.saturating_duration_since(*at) < RELINK_SPAN);
        if entry.relinks.len() >= MOST_RELINKS {
            return None;
        }
        entry.relinks.push(now);
        entry.announced.epoch += 1;
        let (twiml, prepared) = make(&entry.announced)?;
        entry.twiml = twiml.clone();
        entry.at = now;
        let unused = entry.waiting.replace(prepared);
        drop(calls);
        drop(unused);
        Some(twiml)
    }

    /// Hands a call to the stream that showed `grant`. A newer stream takes over from an older one;
    /// an older one gets nothing.
    pub(crate) fn take(&self, grant: &Grant, next_id: impl FnOnce() -> CallId) -> Option<Taken> {
        let mut calls = self.lock();
        let entry = calls.get_mut(&grant.call)?;
        if entry.announced.epoch != grant.epoch || entry.announced.desk.tenant.id != grant.tenant {
            return None;
        }
        let prepared = entry.waiting.take()?;
        let superseded = CancellationToken::new();
        let (over, told) = watch::channel(None);
        let live = Talk::Live {
            epoch: grant.epoch,
            superseded: superseded.clone(),
            over: told,
        };
        // A call has one record; what a second stream brings is told under an id of its own.
        match std::mem::replace(&mut entry.talk, live) {
            Talk::NotYet => {}
            Talk::Live { superseded, .. } => {
                superseded.cancel();
                entry.announced.id = next_id();
            }
            Talk::Over(_) => entry.announced.id = next_id(),
        }
        Some(Taken {
            announced: entry.announced.clone(),
            prepared,
            superseded,
            over,
        })
    }

    /// Notes how a stream's call ended, unless another stream has taken over.
    pub(crate) fn ended(
        &self,
        taken_call: &CarrierCallId,
        epoch: u32,
        reason: EndReason,
        now: Instant,
    ) {
        if let Some(entry) = self.lock().get_mut(taken_call)
            && let Talk::Live { epoch: current, .. } = entry.talk
            && current == epoch
        {
            entry.talk = Talk::Over(reason);
            entry.at = entry.at.max(now);
        }
    }

    /// Where a call stands.
    pub(crate) fn whereabouts(&self, call: &CarrierCallId) -> Whereabouts {
        match self.lock().get(call).map(|entry| &entry.talk) {
            None => Whereabouts::Unknown,
            Some(Talk::NotYet) => Whereabouts::NeverOpened,
            Some(Talk::Live { over, .. }) => Whereabouts::Live(over.clone()),
            Some(Talk::Over(reason)) => Whereabouts::Over(*reason),
        }
    }

    /// What is known of a call.
    pub(crate) fn announced(&self, call: &CarrierCallId) -> Option<Announced> {
        let calls = self.lock();
        calls.get(call).map(|entry| entry.announced.clone())
    }

    /// What round `turn` was answered with, if it was the last one.
    pub(crate) fn round(&self, call: &CarrierCallId, turn: u32) -> Option<Twiml> {
        let calls = self.lock();
        let (last, twiml) = calls.get(call)?.round.as_ref()?;
        (*last == turn).then(|| twiml.clone())
    }

    /// Keeps the answer to the newest round.
    pub(crate) fn keep_round(&self, call: &CarrierCallId, turn: u32, twiml: &Twiml) {
        if let Some(entry) = self.lock().get_mut(call)
            && entry.round.as_ref().is_none_or(|(last, _)| *last < turn)
        {
            entry.round = Some((turn, twiml.clone()));
        }
    }

    /// Drops what was prepared for a call that will not come.
    pub(crate) fn dismiss(&self, call: &CarrierCallId) {
        let unused = self
            .lock()
            .get_mut(call)
            .and_then(|entry| entry.waiting.take());
        drop(unused);
    }

    /// Cuts the lines of all live calls, and says which they are: one in rounds has none.
    pub(crate) fn cut_all(&self) -> Vec<CallId> {
        let mut cut = Vec::new();
        for entry in self.lock().values() {
            if let Talk::Live { superseded, .. } = &entry.talk {
                superseded.cancel();
                cut.push(entry.announced.id);
            }
        }
        cut
    }

    /// Drops everything that was prepared.
    pub(crate) fn dismiss_all(&self) {
        let unused: Vec<Prepared> = self
            .lock()
            .values_mut()
            .filter_map(|entry| entry.waiting.take())
            .collect();
        drop(unused);
    }

    /// How many calls wait for their stream.
    pub(crate) fn waiting(&self) -> usize {
        self.lock()
            .values()
            .filter(|entry| entry.waiting.is_some())
            .count()
    }

    /// Drops what waited too long, or longer than `most`, and forgets what ended long ago. Says how
    /// many waited in vain.
    pub(crate) fn sweep(&self, now: Instant, most: Duration) -> usize {
        let patience = self.patience.min(most);
        let mut calls = self.lock();
        let late = calls
            .values_mut()
            .filter(|entry| now.saturating_duration_since(entry.at) >= patience)
            .filter_map(|entry| entry.waiting.take())
            .collect::<Vec<_>>();
        calls.retain(|_, entry| {
            matches!(entry.talk, Talk::Live { .. })
                || now.saturating_duration_since(entry.at) < REMEMBERED.max(self.patience)
        });
        drop(calls);
        late.len()
    }
}

/// Forgets the oldest calls that do not talk.
fn make_room(calls: &mut BTreeMap<CarrierCallId, Entry>, most: usize) -> Option<Entry> {
    if calls.len() <= most {
        return None;
    }
    let oldest = calls
        .iter()
        .filter(|(_, entry)| !matches!(entry.talk, Talk::Live { .. }))
        .min_by_key(|(_, entry)| entry.at)
        .map(|(call, _)| call.clone())?;
    calls.remove(&oldest)
}

#[cfg(test)]
mod tests;
