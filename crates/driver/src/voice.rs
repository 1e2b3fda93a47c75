mod nonsense;
mod rehearsal;
mod speaking;
mod trimming;

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use domain::ReplyId;
use providers::{
    Verdict,
    tts::{FromVoice, TextToSpeech, ToVoice, Voice},
};
use session::{Audio, ClauseId, Input, WordEnd};
use tokio::sync::mpsc;
use tracing::warn;

use self::speaking::{Clause, Given, Speaking, current};
use crate::{
    agent::Station,
    connection::{Broken, NobodyListens, length},
    exchange::Commons,
    meters::Job,
    tally::Tally,
};

pub(crate) use self::{rehearsal::rehearse, trimming::Trimming};

/// Orders that may wait for the voice. A reply has far fewer clauses.
pub(crate) const QUEUE: usize = 256;

/// Speaks for one call: plays what is in the cache, has the rest made, and walks down the agent's
/// list when a provider fails, repeating what was not spoken.
pub(crate) struct Speaker {
    pub(crate) stations: Vec<Station<dyn TextToSpeech, Voice>>,
    pub(crate) commons: Commons,
    pub(crate) mailbox: mpsc::Sender<Input>,
    pub(crate) tally: Arc<Tally>,
    /// Sentences worth keeping: what the agent says by itself.
    pub(crate) own_lines: Arc<BTreeSet<String>>,
    pub(crate) trimming: Trimming,
    pub(crate) begins: Begins,
}

/// When a voice connects.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Begins {
    AtOnce,
    /// Once there is something to say: usually somebody else speaks.
    WhenAsked,
}

impl Speaker {
    /// Speaks until `orders` is closed.
    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<ToVoice>) {
        let mut speaking = None;
        let mut next = match self.begins {
            Begins::AtOnce => None,
            Begins::WhenAsked => match self.wait_for_work(&mut orders, None).await {
                Some(order) => Some(order),
                None => return,
            },
        };
        loop {
            let mut from = 0;
            while let Some(index) = self.allowed(from) {
                match self
                    .stay_with(index, &mut orders, &mut next, &mut speaking)
                    .await
                {
                    Broken::CallOver => return,
                    Broken::Failed(error) => {
                        warn!(provider = %self.stations[index].name, %error, "voice failed");
                    }
                }
                if let Some(instead) = self.stations.get(index + 1) {
                    self.commons
                        .meters
                        .fell_back(&self.stations[index].name, &instead.name);
                }
                from = index + 1;
            }
            let failed = speaking
                .take()
                .map(|current: Speaking| current.reply)
                .or_else(|| reply_of(&next));
            if let Some(reply) = failed
                && self
                    .mailbox
                    .send(Input::SpeakingFailed(reply))
                    .await
                    .is_err()
            {
                return;
            }
            next = self.wait_for_work(&mut orders, failed).await;
            if next.is_none() {
                return;
            }
        }
    }

    /// The first voice from here on in the list that may be asked.
    fn allowed(&self, from: usize) -> Option<usize> {
        let stations = self.stations.iter().enumerate().skip(from);
        let names = stations.map(|(place, station)| (place, &station.name));
        self.commons.breakers.first_allowed(names)
    }

    /// Nobody speaks. What is in the cache is played all the same; something else to say is a
    /// reason to try again.
    async fn wait_for_work(
        &mut self,
        orders: &mut mpsc::Receiver<ToVoice>,
        failed: Option<ReplyId>,
    ) -> Option<ToVoice> {
        let mut from_cache = None;
        loop {
            let told = match orders.recv().await? {
                ToVoice::Say { reply, .. } if Some(reply) == failed => continue,
                ToVoice::Say {
                    reply,
                    clause,
                    text,
                } => match self.cached(&text) {
                    Some(audio) => {
                        from_cache = Some(reply);
                        self.play(reply, clause, &audio, Vec::new()).await
                    }
                    None => {
                        return Some(ToVoice::Say {
                            reply,
                            clause,
                            text,
                        });
                    }
                },
                ToVoice::End(reply) if from_cache == Some(reply) => {
                    self.tell(Input::SpokenAll(reply)).await
                }
                ToVoice::End(_) | ToVoice::Cancel(_) => continue,
            };
            told.ok()?;
        }
    }

    /// The speech of a line that any of the agent's voices has made.
    fn cached(&self, text: &str) -> Option<Bytes> {
        self.stations
            .iter()
            .find_map(|station| self.cached_by(station, text))
    }

    /// Only an agent's own lines are ever kept.
    fn cached_by(&self, station: &Station<dyn TextToSpeech, Voice>, text: &str) -> Option<Bytes> {
        let cache = &self.commons.cache;
        self.own_lines
            .contains(text)
            .then(|| cache.get(&station.name, &station.settings, text))
            .flatten()
    }

    /// Speaks with one provider until it fails for good.
    async fn stay_with(
        &mut self,
        index: usize,
        orders: &mut mpsc::Receiver<ToVoice>,
        next: &mut Option<ToVoice>,
        speaking: &mut Option<Speaking>,
    ) -> Broken {
        let mut tries = 0;
        loop {
            let error = match self.connect(index, orders, next, speaking).await {
                Broken::CallOver => return Broken::CallOver,
                Broken::Failed(error) => error,
            };
            let name = &self.stations[index].name;
            self.commons.breakers.failed(name, &error);
            self.commons.meters.request(name, Job::Speak, error.kind());
            tries += 1;
            if tries > 1 || error.verdict() != Verdict::Retry {
                return Broken::Failed(error);
            }
        }
    }

    /// One connection, from opening to its end.
    async fn connect(
        &mut self,
        index: usize,
        orders: &mut mpsc::Receiver<ToVoice>,
        next: &mut Option<ToVoice>,
        speaking: &mut Option<Speaking>,
    ) -> Broken {
        let station = self.stations[index].clone();
        let (to, given) = mpsc::channel(QUEUE);
        let (tell, mut made) = mpsc::channel(64);
        if let Some(speaking) = speaking {
            self.tally.spoke(index, speaking.repeat(&to));
        }
        let mut to = Some(to);
        let connection = station
            .provider
            .speak(station.settings.clone(), given, tell);
        tokio::pin!(connection);
        loop {
            let order = if let Some(order) = next.take() {
                Some(order)
            } else {
                tokio::select! {
                    biased;
                    order = orders.recv(), if to.is_some() => order,
                    Some(event) = made.recv() => {
                        if let Err(broken) = self.made((index, &station), event, speaking).await {
                            return broken;
                        }
                        continue;
                    }
                    result = &mut connection => {
                        // What it made with its last breath is still in the channel.
                        while let Ok(event) = made.try_recv() {
                            if let Err(broken) = self.made((index, &station), event, speaking).await {
                                return broken;
                            }
                        }
                        return result.into();
                    }
                }
            };
            let done = match (order, &to) {
                (Some(order), Some(voice)) => self.order(index, order, voice, speaking).await,
                (None | Some(_), _) => {
                    to = None;
                    Ok(())
                }
            };
            if done.is_err() {
                return Broken::CallOver;
            }
        }
    }

    async fn order(
        &mut self,
        place: usize,
        order: ToVoice,
        voice: &mpsc::Sender<ToVoice>,
        speaking: &mut Option<Speaking>,
    ) -> Result<(), NobodyListens> {
        match order {
            ToVoice::Say {
                reply,
                clause,
                text,
            } => {
                let current = current(speaking, reply);
                let cached = if current.given != Given::Nothing {
                    None
                } else {
                    self.cached_by(&self.stations[place], &text)
                };
                if let Some(audio) = cached {
                    return self.play(reply, clause, &audio, Vec::new()).await;
                }
                self.tally.spoke(place, text.chars().count() as u64);
                current.give(clause, &text);
                // The queue holds more clauses than any reply has.
                drop(voice.try_send(ToVoice::Say {
                    reply,
                    clause,
                    text,
                }));
            }
            ToVoice::End(reply) => {
                let current = current(speaking, reply);
                current.ended = true;
                if current.given == Given::Nothing {
                    *speaking = None;
                    return self.tell(Input::SpokenAll(reply)).await;
                }
                drop(voice.try_send(ToVoice::End(reply)));
            }
            ToVoice::Cancel(reply) => {
                if speaking
                    .take_if(|current| current.reply == reply)
                    .is_some_and(|current| current.given != Given::Nothing)
                {
                    drop(voice.try_send(ToVoice::Cancel(reply)));
                }
            }
        }
        Ok(())
    }

    async fn made(
        &mut self,
        (place, station): (usize, &Station<dyn TextToSpeech, Voice>),
        event: FromVoice,
        speaking: &mut Option<Speaking>,
    ) -> Result<(), Broken> {
        match event {
            FromVoice::Ready => self.commons.breakers.succeeded(&station.name),
            FromVoice::Audio {
                reply,
                clause,
                bytes,
                words,
            } => {
                let Some(current) = speaking.as_mut().filter(|current| current.reply == reply)
                else {
                    return Ok(());
                };
                self.tally.works(Job::Speak, place);
                if let Given::Asked(asked) = std::mem::replace(&mut current.given, Given::Answered)
                {
                    let after = asked.elapsed();
                    self.commons
                        .meters
                        .provider_answered(&station.name, Job::Speak, after);
                }
                for whole in current.take_until(clause)? {
                    self.keep(station, whole);
                }
                let keeps = |text: &str| self.own_lines.contains(text);
                let words = current.note(clause, &bytes, words, keeps)?;
                self.play(reply, clause, &bytes, words).await?;
            }
            FromVoice::All(reply) => {
                if let Some(current) = speaking.as_mut().filter(|current| current.reply == reply) {
                    current.all_sounds()?;
                }
                let done = speaking.take_if(|current| current.reply == reply && current.ended);
                if let Some(done) = done {
                    for whole in done.unspoken {
                        self.keep(station, whole);
                    }
                    self.tell(Input::SpokenAll(reply)).await?;
                }
            }
        }
        Ok(())
    }

    /// Keeps the voice of a sentence that will be said again.
    fn keep(&self, station: &Station<dyn TextToSpeech, Voice>, clause: Clause) {
        if !clause.audio.is_empty() {
            let audio = clause.audio.freeze();
            self.commons
                .cache
                .keep(&station.name, &station.settings, &clause.text, audio);
        }
    }

    /// Hands over a piece of a reply's voice, without needless silence.
    async fn play(
        &mut self,
        reply: ReplyId,
        clause: ClauseId,
        bytes: &Bytes,
        words: Vec<WordEnd>,
    ) -> Result<(), NobodyListens> {
        match self.trimming.trimmed(reply, clause, bytes, words) {
            Some(audio) => self.tell(Input::Audio(audio)).await,
            None => Ok(()),
        }
    }

    async fn tell(&self, input: Input) -> Result<(), NobodyListens> {
        self.mailbox.send(input).await.map_err(|_| NobodyListens)
    }
}

fn reply_of(order: &Option<ToVoice>) -> Option<ReplyId> {
    match order {
        Some(ToVoice::Say { reply, .. } | ToVoice::End(reply)) => Some(*reply),
        Some(ToVoice::Cancel(_)) | None => None,
    }
}

pub(crate) fn piece(reply: ReplyId, clause: ClauseId, bytes: Bytes, words: Vec<WordEnd>) -> Audio {
    let duration = length(&bytes);
    Audio {
        reply,
        clause,
        bytes,
        duration,
        words,
    }
}

#[cfg(test)]
mod tests;
