mod bills;
mod orders;
mod rehearsal;
#[cfg(test)]
mod scripted;
mod speaking;
mod trimming;
mod work;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bytes::Bytes;
use domain::ReplyId;
use providers::tts::{FromVoice, TextToSpeech, ToVoice, Voice};
use session::{Audio, ClauseId, Input, StillSpeaks, WordEnd};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tracing::{info, warn};

use self::{
    speaking::{Clause, Given, Speaking, current},
    work::{Work, overdue},
};
use crate::{
    agent::Station,
    backoff::{Backoff, Retry},
    connection::{Broken, LIVED, Left, NobodyListens, length, until},
    exchange::Commons,
    mouth::Sent,
    stations::{Tried, Voices},
};

pub(crate) use self::{
    bills::Bills,
    orders::{Order, give, reply_of},
    rehearsal::rehearse,
    trimming::Trimming,
};

/// Orders that may wait for the voice. A reply has far fewer clauses.
pub(crate) const QUEUE: usize = 256;
/// When the same voice is asked once more.
pub(crate) const RETRY: Retry = Retry {
    backoff: Backoff {
        least: Duration::from_millis(50),
        most: Duration::from_millis(200),
    },
    longest: Duration::from_millis(300),
    times: 1,
};

/// Speaks for one call: plays what is in the cache, has the rest made, and walks down the agent's
/// list when a provider fails, repeating what was not spoken.
pub(crate) struct Speaker {
    pub(crate) stations: Voices,
    pub(crate) commons: Commons,
    pub(crate) mailbox: mpsc::Sender<Input>,
    pub(crate) bills: Bills,
    /// Sentences worth keeping: what the agent says by itself.
    pub(crate) own_lines: Arc<BTreeSet<String>>,
    pub(crate) trimming: Trimming,
    pub(crate) begins: Begins,
    /// What the caller has had of the reply.
    pub(crate) sent: watch::Receiver<Sent>,
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
    pub(crate) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let next = match self.begins {
            Begins::AtOnce => None,
            Begins::WhenAsked => match self.wait_for_work(&mut orders, None).await {
                Some(order) => Some(order),
                None => return,
            },
        };
        let mut work = Work::of(orders, next);
        loop {
            let Some(place) = self.stations.next(&mut work.tried) else {
                if !self.give_up(&mut work).await {
                    return;
                }
                work.tried = Tried::default();
                continue;
            };
            match self.stay_with(place, &mut work).await {
                Left::Back => {
                    info!("an earlier voice works again");
                    work.tried = Tried::default();
                }
                Left::Broken(Broken::CallOver) => return,
                Left::Broken(Broken::Failed(error)) => {
                    warn!(provider = %self.stations.name(place), %error, "voice failed");
                }
            }
        }
    }

    /// Says that the reply cannot be spoken, and waits for something else to say. Returns whether
    /// there is anything.
    async fn give_up(&mut self, work: &mut Work) -> bool {
        let failed = work.give_up();
        if let Some(reply) = failed
            && self
                .tell(Input::SpeakingFailed(reply, StillSpeaks::Nobody))
                .await
                .is_err()
        {
            return false;
        }
        work.next = self.wait_for_work(&mut work.orders, failed).await;
        work.next.is_some()
    }

    /// Nobody speaks. What is in the cache is played all the same; something else to say is a
    /// reason to try again.
    async fn wait_for_work(
        &mut self,
        orders: &mut mpsc::Receiver<Order>,
        failed: Option<ReplyId>,
    ) -> Option<ToVoice> {
        let mut from_cache = None;
        loop {
            let told = match orders::next(orders, &mut self.bills).await? {
                ToVoice::Say { reply, .. } if Some(reply) == failed => continue,
                ToVoice::Say {
                    reply,
                    clause,
                    text,
                } => match self.cached(&text) {
                    Some(audio) => {
                        from_cache = Some(reply);
                        let played = self.play(reply, clause, &audio, Vec::new()).await;
                        played.map(|_bytes| ())
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
    async fn stay_with(&mut self, place: usize, work: &mut Work) -> Left {
        loop {
            let begun = Instant::now();
            let error = match self.connect(place, work).await {
                Left::Broken(Broken::Failed(error)) => error,
                left @ (Left::Back | Left::Broken(Broken::CallOver)) => return left,
            };
            if let Some(speaking) = &work.speaking {
                let unbilled = speaking.unbilled(&error, work.reached);
                self.bills.spoke_not(place, speaking.reply, unbilled);
            }
            if begun.elapsed() > LIVED {
                work.tried.worked(place);
            }
            self.stations.failed(&mut work.tried, place, &error);
            if !self.stations.has_other(&work.tried) && work.is_overdue() {
                return Broken::Failed(error).into();
            }
            let verdict = error.verdict();
            let Some(wait) = self.stations.retry(&mut work.tried, place, verdict) else {
                return Broken::Failed(error).into();
            };
            info!(provider = %self.stations.name(place), %error, "voice lost, calling again");
            tokio::time::sleep(wait).await;
        }
    }

    /// One connection, from opening to its end.
    async fn connect(&mut self, place: usize, work: &mut Work) -> Left {
        let begun = Instant::now();
        let station = self.stations[place].clone();
        let _probe = self.stations.probe(place);
        let (to, given) = mpsc::channel(QUEUE);
        let (tell, mut made) = mpsc::channel(64);
        work.reached = false;
        if let Some(speaking) = &mut work.speaking {
            let characters = speaking.repeat(&to);
            self.bills.spoke(place, speaking.reply, characters);
        }
        let mut to = Some(to);
        let connection = station
            .provider
            .speak(station.settings.clone(), given, tell);
        tokio::pin!(connection);
        loop {
            if to.is_some() && work.is_idle() && self.stations.goes_back(place, begun) {
                return Left::Back;
            }
            let alone = !self.stations.has_other(&work.tried);
            let patience = work.patience(begun).filter(|_| alone);
            let order = if let Some(order) = work.next.take() {
                Some(order)
            } else {
                tokio::select! {
                    biased;
                    order = orders::next(&mut work.orders, &mut self.bills), if to.is_some() => order,
                    heard = self.sent.changed(), if work.holds() => {
                        let speaking = &mut work.speaking;
                        let more = match (heard, &to) {
                            (Ok(()), Some(voice)) => self.give_more(place, voice, speaking).await,
                            // Nobody will hear it.
                            (Err(_), _) | (_, None) => {
                                *speaking = None;
                                Ok(())
                            }
                        };
                        if more.is_err() {
                            return Broken::CallOver.into();
                        }
                        continue;
                    }
                    Some(event) = made.recv() => {
                        if let Err(broken) = self.made(place, event, work).await {
                            return broken.into();
                        }
                        continue;
                    }
                    () = until(patience) => return Broken::Failed(overdue()).into(),
                    result = &mut connection => {
                        let end = Broken::from(result);
                        return self.last_breath(place, &mut made, work).await.unwrap_or(end).into();
                    }
                }
            };
            let done = match (order, &to) {
                (Some(order), Some(voice)) => {
                    self.order(place, order, voice, &mut work.speaking).await
                }
                (None | Some(_), _) => {
                    to = None;
                    Ok(())
                }
            };
            if done.is_err() {
                return Broken::CallOver.into();
            }
        }
    }

    /// What a connection made before it ended is still in the channel. Returns what broke by it.
    async fn last_breath(
        &mut self,
        place: usize,
        made: &mut mpsc::Receiver<FromVoice>,
        work: &mut Work,
    ) -> Option<Broken> {
        while let Ok(event) = made.try_recv() {
            if let Err(broken) = self.made(place, event, work).await {
                return Some(broken);
            }
        }
        None
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
                let sent = self.sent.borrow().of(reply);
                let current = current(speaking, reply);
                if !current.held.is_empty() || !current.has_room(sent) {
                    current.held.push_back((clause, text));
                    return Ok(());
                }
                self.say(place, voice, current, (clause, text)).await?;
            }
            ToVoice::End(reply) => {
                current(speaking, reply).ended = true;
                self.end(voice, speaking).await?;
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

    /// Gives the voice another clause, if the caller will soon have heard what there is.
    async fn give_more(
        &mut self,
        place: usize,
        voice: &mpsc::Sender<ToVoice>,
        speaking: &mut Option<Speaking>,
    ) -> Result<(), NobodyListens> {
        let Some(current) = speaking else {
            return Ok(());
        };
        let sent = self.sent.borrow().of(current.reply);
        if current.has_room(sent)
            && let Some(next) = current.held.pop_front()
        {
            self.say(place, voice, current, next).await?;
            self.end(voice, speaking).await?;
        }
        Ok(())
    }

    /// Has a clause spoken, or plays it from the cache.
    async fn say(
        &mut self,
        place: usize,
        voice: &mpsc::Sender<ToVoice>,
        current: &mut Speaking,
        (clause, text): (ClauseId, String),
    ) -> Result<(), NobodyListens> {
        let reply = current.reply;
        let cached = if current.given != Given::Nothing {
            None
        } else {
            self.cached_by(&self.stations[place], &text)
        };
        if let Some(audio) = cached {
            current.handed += self.play(reply, clause, &audio, Vec::new()).await?;
            return Ok(());
        }
        self.bills.spoke(place, reply, current.give(clause, &text));
        // The queue holds more clauses than any reply has.
        drop(voice.try_send(ToVoice::Say {
            reply,
            clause,
            text,
        }));
        Ok(())
    }

    /// Lets the voice know that it has all clauses, once it has.
    async fn end(
        &mut self,
        voice: &mpsc::Sender<ToVoice>,
        speaking: &mut Option<Speaking>,
    ) -> Result<(), NobodyListens> {
        let Some(done) = speaking.take_if(|current| current.is_all_given()) else {
            return Ok(());
        };
        let reply = done.reply;
        if done.given == Given::Nothing {
            return self.tell(Input::SpokenAll(reply)).await;
        }
        drop(voice.try_send(ToVoice::End(reply)));
        *speaking = Some(done);
        Ok(())
    }

    async fn made(
        &mut self,
        place: usize,
        event: FromVoice,
        work: &mut Work,
    ) -> Result<(), Broken> {
        let speaking = &mut work.speaking;
        match event {
            FromVoice::Ready => {
                work.reached = true;
                self.stations.reached(place);
            }
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
                self.bills.works(place);
                if let Given::Asked(asked) = std::mem::replace(&mut current.given, Given::Answered)
                {
                    self.stations.answers(place, asked.elapsed());
                }
                for whole in current.take_until(clause)? {
                    self.keep(place, whole);
                }
                let keeps = |text: &str| self.own_lines.contains(text);
                let words = current.note(clause, &bytes, words, keeps)?;
                current.handed += self.play(reply, clause, &bytes, words).await?;
            }
            FromVoice::All(reply) => {
                if let Some(current) = speaking.as_mut().filter(|current| current.reply == reply) {
                    current.all_sounds()?;
                }
                let done =
                    speaking.take_if(|current| current.reply == reply && current.is_all_given());
                if let Some(done) = done {
                    if done.given == Given::Answered {
                        self.stations.succeeded(place);
                        work.tried.worked(place);
                    }
                    for whole in done.unspoken {
                        self.keep(place, whole);
                    }
                    self.tell(Input::SpokenAll(reply)).await?;
                }
            }
        }
        Ok(())
    }

    /// Keeps the voice of a sentence that will be said again.
    fn keep(&self, place: usize, clause: Clause) {
        if !clause.audio.is_empty() {
            let station = &self.stations[place];
            let audio = clause.audio.freeze();
            self.commons
                .cache
                .keep(&station.name, &station.settings, &clause.text, audio);
        }
    }

    /// Hands over a piece of a reply's voice, without needless silence. Returns how many bytes are
    /// left of it.
    async fn play(
        &mut self,
        reply: ReplyId,
        clause: ClauseId,
        bytes: &Bytes,
        words: Vec<WordEnd>,
    ) -> Result<u64, NobodyListens> {
        let Some(audio) = self.trimming.trimmed(reply, clause, bytes, words) else {
            return Ok(0);
        };
        let handed = audio.bytes.len() as u64;
        self.tell(Input::Audio(audio)).await?;
        Ok(handed)
    }

    async fn tell(&self, input: Input) -> Result<(), NobodyListens> {
        self.mailbox.send(input).await.map_err(|_| NobodyListens)
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
