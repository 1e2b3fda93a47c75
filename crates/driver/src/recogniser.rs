mod open;
mod replay;
mod ruler;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use domain::{Millis, ModelName};
use providers::{
    ProviderError, Verdict,
    stt::{Listen, Recognised, SpeechToText},
};
use session::Input;
use tokio::{sync::mpsc, time::Instant};
use tracing::{info, warn};

use self::{
    open::{Meter, Open},
    replay::Replay,
};
use crate::{
    agent::Station,
    backoff::Backoff,
    connection::{Broken, NobodyListens, length, until},
    exchange::Commons,
    meters::Job,
    tally::Tally,
};

/// Audio that may wait for the recogniser: a second and a half of pieces. When it is full the
/// newest is dropped and counted.
pub(crate) const QUEUE: usize = 64;
/// Times that one provider is called again within a call.
const RECONNECTS: u32 = 3;
/// Between two calls.
const RETRY: Backoff = Backoff {
    least: Duration::from_millis(100),
    most: Duration::from_millis(400),
};
/// A connection that lasted this long was a good one.
const LIVED: Duration = Duration::from_secs(5);
/// The longest wait for a breaker, when there is nobody else.
const LONGEST_REST: Duration = Duration::from_secs(10);
/// The longest wait for words that were asked for.
const WORDS_WITHIN: Duration = Duration::from_millis(2_500);
const MUTE: &str = "words";

/// What the recogniser is asked to do.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// Say now what was understood.
    Finalize,
    Hear(Sound),
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

    fn until(&self) -> Millis {
        self.from + self.length()
    }
}

/// Keeps one call's audio recognised: walks down the agent's list when a provider fails, and plays
/// again what was said meanwhile.
pub(crate) struct Recogniser {
    pub(crate) stations: Vec<Station<dyn SpeechToText, Listen>>,
    pub(crate) commons: Commons,
    pub(crate) mailbox: mpsc::Sender<Input>,
    pub(crate) tally: Arc<Tally>,
}

/// What outlives a connection.
#[derive(Default)]
struct Memory {
    unsettled: Replay,
    /// The words of the unsettled sound were asked for.
    asked: bool,
    contact: Contact,
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
        let mut last: Option<&ModelName> = None;
        let mut from = 0;
        while let Some(place) = self.allowed(from) {
            from = place + 1;
            let station = &self.stations[place];
            if let Some(failed) = last.replace(&station.name) {
                self.commons.meters.fell_back(failed, &station.name);
            }
            match self.stay_with(place, orders, memory).await {
                Broken::CallOver => return false,
                Broken::Failed(error) => {
                    warn!(provider = %station.name, %error, "recogniser given up");
                }
            }
        }
        let rests = self
            .stations
            .iter()
            .map(|station| self.commons.breakers.rests(&station.name));
        if let Some(rest) = rests
            .min()
            .filter(|rest| last.is_none() && *rest <= LONGEST_REST)
        {
            tokio::time::sleep(rest).await;
            return true;
        }
        // A closed mailbox means that the call is over, and nobody needs to know.
        drop(self.mailbox.send(Input::RecogniserFailed).await);
        false
    }

    /// The first recogniser from here on in the list that may be asked.
    fn allowed(&self, from: usize) -> Option<usize> {
        let stations = self.stations.iter().enumerate().skip(from);
        let names = stations.map(|(place, station)| (place, &station.name));
        self.commons.breakers.first_allowed(names)
    }

    /// Whether somebody further down the list may be asked.
    fn has_other(&self, place: usize) -> bool {
        let others = self.stations.iter().skip(place + 1);
        others
            .map(|station| self.commons.breakers.rests(&station.name))
            .any(|rest| rest.is_zero())
    }

    async fn stay_with(
        &self,
        place: usize,
        orders: &mut mpsc::Receiver<Order>,
        memory: &mut Memory,
    ) -> Broken {
        let station = &self.stations[place];
        memory.unsettled.keep = station.provider.capabilities().replay;
        let mut tries = 0;
        loop {
            let begun = Instant::now();
            let error = match self.listen(place, orders, memory).await {
                Broken::CallOver => return Broken::CallOver,
                Broken::Failed(error) => error,
            };
            if self.lost(memory).await.is_err() {
                return Broken::CallOver;
            }
            self.commons.breakers.failed(&station.name, &error);
            self.commons
                .meters
                .request(&station.name, Job::Listen, error.kind());
            // A connection that lived for long may be called again as often as it takes; one that
            // took the sound and kept its words may not.
            let lived = begun.elapsed() > LIVED && !is_mute(&error);
            tries = if lived { 1 } else { tries + 1 };
            let wait = match error.verdict() {
                Verdict::Retry => RETRY.wait(tries - 1),
                Verdict::RetryAfter(wait) if wait <= Duration::from_secs(1) => wait,
                Verdict::SwitchProvider if is_mute(&error) && !self.has_other(place) => {
                    Duration::ZERO
                }
                Verdict::RetryAfter(_)
                | Verdict::GiveUp
                | Verdict::KeyRefused
                | Verdict::SwitchProvider => return Broken::Failed(error),
            };
            if tries >= RECONNECTS {
                return Broken::Failed(error);
            }
            info!(provider = %station.name, %error, "recogniser lost, calling again");
            tokio::time::sleep(wait).await;
        }
    }

    /// One connection, from opening to its end.
    async fn listen(
        &self,
        place: usize,
        orders: &mut mpsc::Receiver<Order>,
        memory: &mut Memory,
    ) -> Broken {
        let station = &self.stations[place];
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
                    if self.take(station, event, &mut open, memory).await.is_err() {
                        return Broken::CallOver;
                    }
                }
                result = &mut connection => {
                    // What it said with its last breath is still in the channel.
                    while let Ok(event) = heard.try_recv() {
                        if self.take(station, event, &mut open, memory).await.is_err() {
                            return Broken::CallOver;
                        }
                    }
                    if let Err(error) = &result {
                        open.failed(error);
                    }
                    return result.into();
                }
                order = orders.recv(), if open.takes_orders() => {
                    self.order(order, &mut open, memory);
                    if let Some(speech) = open.mute_for() {
                        return Broken::Failed(mute(Duration::from_millis(speech.0)));
                    }
                }
                () = until(open.owed) => return Broken::Failed(mute(WORDS_WITHIN)),
            }
        }
    }

    fn order(&self, order: Option<Order>, open: &mut Open, memory: &mut Memory) {
        let taken = match order {
            Some(Order::Finalize) => {
                memory.asked = true;
                open.finalize(memory.unsettled.length())
            }
            Some(Order::Hear(sound)) => {
                memory.unsettled.remember(&sound);
                open.hear(&sound)
            }
            None => {
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
        station: &Station<dyn SpeechToText, Listen>,
        event: Recognised,
        open: &mut Open,
        memory: &mut Memory,
    ) -> Result<(), NobodyListens> {
        if let Recognised::Sent(sound) = event {
            open.sent(sound);
            return Ok(());
        }
        if event == Recognised::Refused {
            open.refused();
        }
        open.told();
        let input = match event {
            Recognised::Ready => {
                self.commons.breakers.succeeded(&station.name);
                let after = open.begun.elapsed();
                self.commons
                    .meters
                    .provider_answered(&station.name, Job::Listen, after);
                open.is_ready();
                // What the last connection was asked for, this one does not know.
                if memory.asked && !open.finalize(memory.unsettled.length()) {
                    self.commons.meters.dropped("stt", "full");
                }
                return self.back(memory).await;
            }
            // Our own ear is faster and does not mistake a television for the caller.
            Recognised::NoWords
            | Recognised::Refused
            | Recognised::Sent(_)
            | Recognised::SpeechStarted => return Ok(()),
            Recognised::TurnEnded { confidence } => Input::TurnEnded { confidence },
            Recognised::TurnLikely => Input::TurnLikely,
            Recognised::TurnResumed => Input::TurnResumed,
            Recognised::UtteranceOver => Input::UtteranceOver,
            Recognised::Words(mut words) => {
                words.span = words.span.and_then(|span| open.ruler.on_call(span));
                words.word_spans = open.ruler.all_on_call(&words.word_spans);
                if words.settled {
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
