mod open;
mod replay;
mod ruler;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::Millis;
use providers::{
    ProviderError, Verdict,
    stt::{PaysFor, Recognised},
};
use session::{Delivery, Input};
use tokio::{sync::mpsc, task::JoinSet, time::Instant};
use tracing::{info, warn};

use self::{
    open::{Meter, Open},
    replay::Replay,
};
use crate::{
    backoff::{Backoff, Retry},
    connection::{Broken, LIVED, Left, NobodyListens, length, until},
    exchange::Commons,
    meters::Meters,
    stations::{Ears, Tried},
    tally::Tally,
};

/// Audio that may wait for the recogniser: nearly four seconds of pieces. When it is full the newest
/// is dropped and counted.
pub(crate) const QUEUE: usize = 64;
/// When the same recogniser is called again.
pub(crate) const RETRY: Retry = Retry {
    backoff: Backoff {
        least: Duration::from_millis(100),
        most: Duration::from_millis(400),
    },
    longest: Duration::from_secs(1),
    times: 2,
};
/// The longest wait for a breaker, when there is nobody else.
const LONGEST_REST: Duration = Duration::from_secs(10);
/// The session is told of a wait that is longer.
const MISSED_AFTER: Duration = Duration::from_secs(1);
/// A probe of another call may be over sooner than it seems.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// The longest wait for words that were asked for.
const WORDS_WITHIN: Duration = Duration::from_millis(2_500);
/// The longest silence after which a recogniser may still have something to say of a turn.
const QUIET: Millis = Millis(6_000);
const MUTE: &str = "words";

/// What the recogniser is asked to do.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// Say now what was understood.
    Finalize,
    Hear(Sound),
    /// The call is over: nobody will read another word. Whoever recognises closes the queue once what
    /// was used is counted.
    Over,
}

/// Asks for the words of the sound so far: where sound has piled up, as soon as there is room behind
/// it, since nobody else would ask again.
pub(crate) fn finalize(orders: &mpsc::Sender<Order>, tasks: &mut JoinSet<()>, meters: &Meters) {
    let Err(mpsc::error::TrySendError::Full(order)) = orders.try_send(Order::Finalize) else {
        // Where it is closed, recognition was given up; the session knows.
        return;
    };
    meters.dropped("recogniser", "late");
    let orders = orders.clone();
    tasks.spawn(async move { drop(orders.send(order).await) });
}

/// A piece of the caller's sound.
#[derive(Clone, Debug)]
pub(crate) struct Sound {
    /// When its first sample was heard, on the call's clock.
    pub(crate) from: Millis,
    /// Mu-law, 8 kHz.
    pub(crate) bytes: Bytes,
    /// The caller speaks.
    pub(crate) speech: bool,
}

impl Sound {
    fn length(&self) -> Millis {
        length(&self.bytes)
    }

    pub(crate) fn until(&self) -> Millis {
        self.from + self.length()
    }
}

/// Keeps one call's audio recognised: walks down the agent's list when a provider fails, and plays
/// again what was said meanwhile.
pub(crate) struct Recogniser {
    pub(crate) stations: Ears,
    pub(crate) commons: Commons,
    pub(crate) mailbox: mpsc::Sender<Input>,
    pub(crate) tally: Arc<Tally>,
    /// Somebody else says when turns are over, and this one only writes them down.
    pub(crate) only_writes: Arc<AtomicBool>,
}

/// What outlives a connection.
#[derive(Default)]
struct Memory {
    unsettled: Replay,
    /// The words of the unsettled sound were asked for.
    asked: bool,
    contact: Contact,
    /// How the session believes that words come.
    words: Delivery,
    /// Since the caller spoke.
    quiet: Millis,
}

impl Memory {
    fn remember(&mut self, sound: &Sound) {
        self.quiet = if sound.speech {
            Millis::ZERO
        } else {
            self.quiet + sound.length()
        };
        self.unsettled.remember(sound);
    }

    /// The caller has been silent for so long that even the end of the turn was told, and all words
    /// are there.
    fn is_quiet(&self) -> bool {
        self.quiet >= QUIET && !self.unsettled.has_speech()
    }
}

/// Whether words can come.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
enum Contact {
    Lost,
    #[default]
    NotYet,
    Stands,
}

impl Recogniser {
    /// Recognises until `orders` is closed. Says so when nothing is left to try.
    pub(crate) async fn run(self, mut orders: mpsc::Receiver<Order>) {
        let mut memory = Memory::default();
        while self.walk(&mut orders, &mut memory).await {}
    }

    /// Walks down the list once. Returns whether to begin again: when every provider rests after
    /// failures, and one of them not for long.
    async fn walk(&self, orders: &mut mpsc::Receiver<Order>, memory: &mut Memory) -> bool {
        let mut tried = Tried::default();
        while let Some(place) = self.stations.next(&mut tried) {
            match self.stay_with(place, &mut tried, orders, memory).await {
                Left::Back => {
                    info!("an earlier recogniser works again");
                    tried = Tried::default();
                }
                Left::Broken(Broken::CallOver) => return false,
                Left::Broken(Broken::Failed(error)) => {
                    let provider = self.stations.name(place);
                    warn!(%provider, %error, "recogniser given up");
                }
            }
        }
        let rest = self.stations.rest();
        if tried.is_empty() && rest <= LONGEST_REST {
            return self.wait(rest, orders, memory).await.is_ok();
        }
        // A closed mailbox means that the call is over, and nobody needs to know.
        drop(self.mailbox.send(Input::RecogniserFailed).await);
        false
    }

    /// Nobody may be asked for so long. What the caller says meanwhile is kept.
    async fn wait(
        &self,
        rest: Duration,
        orders: &mut mpsc::Receiver<Order>,
        memory: &mut Memory,
    ) -> Result<(), NobodyListens> {
        if rest > MISSED_AFTER && memory.contact != Contact::Lost {
            memory.contact = Contact::Lost;
            self.tell(Input::RecogniserLost).await?;
        }
        let replays = self.stations.iter();
        let replays = replays.map(|station| station.provider.capabilities().replay);
        memory.unsettled.keep = replays.max().unwrap_or_default();
        pause(rest.min(LOOK_AGAIN), orders, memory).await
    }

    async fn stay_with(
        &self,
        place: usize,
        tried: &mut Tried,
        orders: &mut mpsc::Receiver<Order>,
        memory: &mut Memory,
    ) -> Left {
        memory.unsettled.keep = self.stations[place].provider.capabilities().replay;
        loop {
            let begun = Instant::now();
            let error = match self.listen(place, orders, memory).await {
                Left::Broken(Broken::Failed(error)) => error,
                left @ (Left::Back | Left::Broken(Broken::CallOver)) => return left,
            };
            if self.lost(memory).await.is_err() {
                return Broken::CallOver.into();
            }
            // A connection that lived for long may be called again as often as it takes; one that
            // took the sound and kept its words may not.
            if begun.elapsed() > LIVED && !is_mute(&error) {
                tried.worked(place);
            }
            self.stations.failed(tried, place, &error);
            let verdict = if is_mute(&error) && !self.stations.has_other(tried) {
                Verdict::RetryAfter(Duration::ZERO)
            } else {
                error.verdict()
            };
            let Some(wait) = self.stations.retry(tried, place, verdict) else {
                return Broken::Failed(error).into();
            };
            info!(provider = %self.stations.name(place), %error, "recogniser lost, calling again");
            if pause(wait, orders, memory).await.is_err() {
                return Broken::CallOver.into();
            }
        }
    }

    /// One connection, from opening to its end.
    async fn listen(
        &self,
        place: usize,
        orders: &mut mpsc::Receiver<Order>,
        memory: &mut Memory,
    ) -> Left {
        let station = &self.stations[place];
        let _probe = self.stations.probe(place);
        // All that is played again has room, however much that is.
        let (to, given) = mpsc::channel(QUEUE * 4 + memory.unsettled.sounds().len());
        let (tell, mut heard) = mpsc::channel(QUEUE);
        let capabilities = station.provider.capabilities();
        let meter = Meter::new(&self.tally, place, capabilities);
        let mut open = Open::new(to, capabilities.tells_within, meter);
        for sound in memory.unsettled.sounds() {
            let _fits = open.hear(sound);
        }
        let connection = station
            .provider
            .listen(station.settings.clone(), given, tell);
        tokio::pin!(connection);
        loop {
            tokio::select! {
                biased;
                Some(event) = heard.recv() => {
                    if self.take(place, event, &mut open, memory).await.is_err() {
                        return Broken::CallOver.into();
                    }
                }
                result = &mut connection => {
                    // What it said with its last breath is still in the channel.
                    while let Ok(event) = heard.try_recv() {
                        if self.take(place, event, &mut open, memory).await.is_err() {
                            return Broken::CallOver.into();
                        }
                    }
                    if let Err(error) = &result {
                        open.failed(error);
                    }
                    return Broken::from(result).into();
                }
                order = orders.recv(), if open.takes_orders() => {
                    if matches!(order, Some(Order::Over)) {
                        count_the_last(&mut heard, &mut open);
                        orders.close();
                        // There is no stream to say goodbye on, and words that it would still ask
                        // for cost money.
                        if capabilities.pays_for == PaysFor::Sent {
                            return Broken::CallOver.into();
                        }
                    }
                    self.order(order, &mut open, memory);
                    if let Some(speech) = open.mute_for() {
                        return Broken::Failed(mute(Duration::from_millis(speech.0))).into();
                    }
                    let idle = open.takes_orders() && open.owed.is_none() && memory.is_quiet();
                    if idle && self.stations.goes_back(place, open.begun) {
                        return Left::Back;
                    }
                }
                () = until(open.owed) => return Broken::Failed(mute(WORDS_WITHIN)).into(),
            }
        }
    }

    fn order(&self, order: Option<Order>, open: &mut Open, memory: &mut Memory) {
        let taken = match order {
            Some(Order::Finalize) => {
                memory.asked = true;
                open.finalize(memory.unsettled.has_speech())
            }
            Some(Order::Hear(sound)) => {
                memory.remember(&sound);
                open.hear(&sound)
            }
            Some(Order::Over) | None => {
                open.close();
                true
            }
        };
        if !taken {
            self.commons.meters.dropped("stt", "full");
        }
    }

    async fn take(
        &self,
        place: usize,
        event: Recognised,
        open: &mut Open,
        memory: &mut Memory,
    ) -> Result<(), NobodyListens> {
        open.counts(&event);
        if matches!(event, Recognised::Sent(_)) {
            return Ok(());
        }
        open.told();
        let only_writes = self.only_writes.load(Ordering::SeqCst);
        let input = match event {
            Recognised::Ready => {
                self.stations.answers(place, open.begun.elapsed());
                open.is_ready();
                // What the last connection was asked for, this one does not know.
                if memory.asked && !open.finalize(memory.unsettled.has_speech()) {
                    self.commons.meters.dropped("stt", "full");
                }
                let words = self.stations[place].provider.capabilities().words;
                if std::mem::replace(&mut memory.words, words) != words {
                    self.tell(Input::WordsCome(words)).await?;
                }
                return self.back(memory).await;
            }
            // Our own ear is faster and does not mistake a television for the caller.
            Recognised::NoWords
            | Recognised::Refused
            | Recognised::Sent(_)
            | Recognised::SpeechStarted => return Ok(()),
            Recognised::TurnEnded { .. }
            | Recognised::TurnLikely
            | Recognised::TurnResumed
            | Recognised::UtteranceOver
                if only_writes =>
            {
                return Ok(());
            }
            Recognised::TurnEnded { confidence } => Input::TurnEnded { confidence },
            Recognised::TurnLikely => Input::TurnLikely,
            Recognised::TurnResumed => Input::TurnResumed,
            Recognised::UtteranceOver => Input::UtteranceOver,
            Recognised::Words(mut words) => {
                words.begins = open.ruler.begin_on_call(&words);
                words.span = words.span.and_then(|span| open.ruler.on_call(span));
                words.word_spans = open.ruler.all_on_call(&words.word_spans);
                words.ends_utterance &= !only_writes;
                if words.settled {
                    if !words.text.is_empty() && open.proves_itself() {
                        self.stations.succeeded(place);
                    }
                    memory.asked = false;
                    memory.unsettled.settle(words.span);
                }
                Input::Words(words)
            }
        };
        self.tell(input).await
    }

    /// A connection is gone. Only one that stood is missed.
    async fn lost(&self, memory: &mut Memory) -> Result<(), NobodyListens> {
        if memory.contact != Contact::Stands {
            return Ok(());
        }
        memory.contact = Contact::Lost;
        self.tell(Input::RecogniserLost).await
    }

    async fn back(&self, memory: &mut Memory) -> Result<(), NobodyListens> {
        match std::mem::replace(&mut memory.contact, Contact::Stands) {
            Contact::Lost => self.tell(Input::RecogniserBack).await,
            Contact::NotYet | Contact::Stands => Ok(()),
        }
    }

    async fn tell(&self, input: Input) -> Result<(), NobodyListens> {
        self.mailbox.send(input).await.map_err(|_| NobodyListens)
    }
}

/// Nobody is asked for so long. What the caller says meanwhile is kept.
async fn pause(
    length: Duration,
    orders: &mut mpsc::Receiver<Order>,
    memory: &mut Memory,
) -> Result<(), NobodyListens> {
    let over = tokio::time::sleep(length);
    tokio::pin!(over);
    loop {
        tokio::select! {
            biased;
            () = &mut over => return Ok(()),
            order = orders.recv() => match order {
                Some(Order::Finalize) => memory.asked = true,
                Some(Order::Hear(sound)) => memory.remember(&sound),
                Some(Order::Over) | None => return Err(NobodyListens),
            }
        }
    }
}

/// Counts what nobody reads any more.
fn count_the_last(heard: &mut mpsc::Receiver<Recognised>, open: &mut Open) {
    while let Ok(event) = heard.try_recv() {
        open.counts(&event);
    }
}

/// It takes sound and says nothing.
fn mute(waited: Duration) -> ProviderError {
    ProviderError::Silent {
        provider: "recogniser",
        stage: MUTE,
        waited,
    }
}

fn is_mute(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Silent { stage, .. } if *stage == MUTE)
}

#[cfg(test)]
mod tests;
