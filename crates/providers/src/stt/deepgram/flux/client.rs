use std::time::Duration;

use bytes::Bytes;
use domain::Millis;
use futures_util::future::BoxFuture;
use session::{Delivery, Span, Words};
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until, timeout},
};
use tokio_tungstenite::tungstenite::Message;

use super::{
    Thresholds,
    ruler::Ruler,
    wire::{self, Event, FromFlux, Turn},
};
use crate::{
    BaseUrl, ProviderError, Secret,
    deepgram::{self, NAME},
    socket::{Closed, Dial, Frame, Socket},
    stt::{
        Listen, PaysFor, Recognised, SpeechToText, SttCapabilities, ToRecogniser,
        deepgram::{
            opening::{Waiting, failed, length_in_ms, while_opening},
            patience::Patience,
        },
    },
};

/// A second of mu-law silence: gaps are filled with parts of it.
static SILENCE: [u8; 8_000] = [0xff; 8_000];
/// The clock ticks so many times before a gap is filled, and fills it tick by tick from there.
const TICKS: u32 = 4;

/// Speech recognition by those of Deepgram's models that hear turns.
#[derive(Clone, Debug)]
pub struct DeepgramFlux {
    base: BaseUrl,
    key: Secret,
    deadlines: Deadlines,
    thresholds: Thresholds,
}

/// How long Deepgram may take, and we.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// From nothing to a server that takes audio. One that dislikes a parameter may say nothing.
    pub connect: Duration,
    /// For the server to take a message; meanwhile no order is obeyed.
    pub send: Duration,
    /// Time without audio after which silence is sent: without it no turn ends, and after ten
    /// seconds the server hangs up.
    pub gap: Duration,
    /// Between pings; a server that sends nothing for two of them is gone.
    pub ping: Duration,
    /// For the last words after the last audio.
    pub last_words: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            send: Duration::from_secs(1),
            gap: Duration::from_millis(500),
            ping: Duration::from_secs(30),
            last_words: Duration::from_secs(2),
        }
    }
}

impl DeepgramFlux {
    /// Where Deepgram's own service is.
    pub const BASE_URL: &str = deepgram::BASE_URL;

    /// Recognition at this address with this key.
    #[must_use]
    pub fn new(base: BaseUrl, key: Secret) -> Self {
        Self {
            base,
            key,
            deadlines: Deadlines::default(),
            thresholds: Thresholds::default(),
        }
    }

    /// The same with other deadlines.
    #[must_use]
    pub fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }
}

impl SpeechToText for DeepgramFlux {
    fn capabilities(&self) -> SttCapabilities {
        SttCapabilities {
            finalizes: false,
            words: Delivery::AsSpoken,
            replay: Millis(10_000),
            // A healthy stream tells how its turn stands four times a second.
            tells_within: Some(Millis(4_000)),
            pays_for: PaysFor::Given,
        }
    }

    fn longest_pause(&self, _listen: &Listen) -> Millis {
        self.thresholds.silence
    }

    fn listen(
        &self,
        listen: Listen,
        mut audio: mpsc::Receiver<ToRecogniser>,
        heard: mpsc::Sender<Recognised>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let dial = Dial {
            provider: NAME,
            url: wire::listen_url(&self.base, &listen, &self.thresholds),
            key: deepgram::authorization(&self.key),
            connect: self.deadlines.connect,
            send: self.deadlines.send,
        };
        let (deadlines, over) = (self.deadlines, self.thresholds.over);
        let key = self.key.clone();
        Box::pin(async move {
            let mut waiting = Waiting::default();
            let opened = while_opening(open(dial), &mut audio, &mut waiting).await;
            let opened = opened.map_err(|error| error.without(&key))?;
            let Some(socket) = opened else { return Ok(()) };
            if heard.send(Recognised::Ready).await.is_err() {
                return Ok(());
            }
            let stream = Stream::new(socket, heard, (deadlines, over));
            let ended = stream.run(audio, waiting).await;
            ended.map_err(|error| error.without(&key))
        })
    }
}

/// Opens a socket and waits until the server takes audio.
async fn open(dial: Dial) -> Result<Socket, ProviderError> {
    let begun = Instant::now();
    let waited = dial.connect;
    let mut socket = dial.open().await.map_err(deepgram::not_opened)?;
    let left = waited.saturating_sub(begun.elapsed());
    match timeout(left, connected(&mut socket)).await {
        Ok(taken) => taken.map(|()| socket),
        Err(_elapsed) => Err(ProviderError::Silent {
            provider: NAME,
            stage: "connected",
            waited,
        }),
    }
}

async fn connected(socket: &mut Socket) -> Result<(), ProviderError> {
    loop {
        let text = match socket.next().await {
            Frame::Text(text) => text,
            Frame::Binary(_) | Frame::Other => continue,
            Frame::Closed(how) => return Err(failed(how)),
        };
        match wire::read(&text) {
            Ok(FromFlux::Connected) => return Ok(()),
            Ok(FromFlux::Failed { code, description }) => {
                return Err(wire::failed(&code, &description));
            }
            Ok(FromFlux::Complaint(said)) => complain(&said),
            Ok(FromFlux::Turn(_) | FromFlux::Nothing) => {}
            Err(error) => return Err(error),
        }
    }
}

fn complain(said: &str) {
    tracing::warn!(provider = NAME, said, "the recogniser complained");
}

/// An open stream.
struct Stream {
    socket: Socket,
    heard: mpsc::Sender<Recognised>,
    clock: Interval,
    deadlines: Deadlines,
    /// The confidence, in percent, that ends a turn.
    over: u8,
    ruler: Ruler,
    /// When audio was last given.
    given: Instant,
    /// Up to when the server has sound, ours or silence.
    filled: Instant,
    /// Silence that was sent and not told.
    untold: Millis,
    pinged: Instant,
    /// When the server last sent anything.
    alive: Instant,
    patience: Patience,
    /// The turn that is not over, as it was told last.
    turn: Option<Turn>,
    /// When to stop waiting for last words.
    until: Option<Instant>,
}

/// A last word that was heard up to the end may go on: "Sun" is told before "Sunday".
const WHOLE_AFTER: Millis = Millis(150);

/// What a stream does next.
enum Next {
    Listen,
    Stop,
}

/// Nobody takes what was heard.
struct Gone;

impl Stream {
    fn new(
        socket: Socket,
        heard: mpsc::Sender<Recognised>,
        (deadlines, over): (Deadlines, u8),
    ) -> Self {
        let now = Instant::now();
        let tick = (deadlines.gap / TICKS).max(Duration::from_millis(1));
        let mut clock = interval_at(now + tick, tick);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            socket,
            heard,
            clock,
            deadlines,
            over,
            ruler: Ruler::default(),
            given: now,
            filled: now,
            untold: Millis::ZERO,
            pinged: now,
            alive: now,
            patience: Patience::default(),
            turn: None,
            until: None,
        }
    }

    async fn run(
        mut self,
        audio: mpsc::Receiver<ToRecogniser>,
        waiting: Waiting,
    ) -> Result<(), ProviderError> {
        let ended = self.serve(audio, waiting).await;
        let turn = self.turn.take();
        let turn = turn.and_then(|turn| match ended {
            Ok(()) => Some(turn),
            Err(_) => whole_words(turn),
        });
        self.close_turn(turn).await;
        ended
    }

    async fn serve(
        &mut self,
        mut audio: mpsc::Receiver<ToRecogniser>,
        waiting: Waiting,
    ) -> Result<(), ProviderError> {
        if waiting.dropped > 0 {
            tracing::warn!(
                provider = NAME,
                bytes = waiting.dropped,
                "audio dropped while connecting"
            );
            self.ruler.drop(waiting.dropped);
        }
        for order in waiting.orders {
            self.obey(order).await?;
        }
        loop {
            let open = self.until.is_none();
            let until = self.until.unwrap_or_else(Instant::now);
            let next = tokio::select! {
                order = audio.recv(), if open => match order {
                    Some(order) => self.obey(order).await?,
                    None => self.close().await?,
                },
                frame = self.socket.next() => self.on_frame(frame).await?,
                _tick = self.clock.tick() => self.on_tick().await?,
                () = sleep_until(until), if !open => Next::Stop,
            };
            match next {
                Next::Listen => {}
                Next::Stop => return Ok(()),
            }
        }
    }

    async fn obey(&mut self, order: ToRecogniser) -> Result<Next, ProviderError> {
        match order {
            // An empty message would end the stream; and there is nothing to finalise.
            ToRecogniser::Audio(bytes) if bytes.is_empty() => {}
            ToRecogniser::Finalize => {}
            ToRecogniser::Audio(bytes) => {
                self.ruler.send(bytes.len());
                self.given = Instant::now();
                self.filled = self.given;
                self.send(Message::Binary(bytes)).await?;
            }
        }
        Ok(Next::Listen)
    }

    async fn close(&mut self) -> Result<Next, ProviderError> {
        self.until = Some(Instant::now() + self.deadlines.last_words);
        self.send(Message::Text(wire::CLOSE_STREAM.into())).await?;
        Ok(Next::Listen)
    }

    async fn on_frame(&mut self, frame: Frame) -> Result<Next, ProviderError> {
        self.alive = Instant::now();
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Binary(_) | Frame::Other => return Ok(Next::Listen),
            Frame::Closed(_how) if self.until.is_some() => return Ok(Next::Stop),
            Frame::Closed(how) => return Err(failed(how)),
        };
        let told = match self.patience.take(wire::read(&text))? {
            Some(FromFlux::Turn(turn)) => self.on_turn(turn).await,
            Some(FromFlux::Failed { code, description }) => {
                return Err(wire::failed(&code, &description));
            }
            Some(FromFlux::Complaint(said)) => {
                complain(&said);
                Ok(())
            }
            Some(FromFlux::Connected | FromFlux::Nothing) | None => Ok(()),
        };
        Ok(match told {
            Ok(()) => Next::Listen,
            Err(Gone) => Next::Stop,
        })
    }

    async fn on_turn(&mut self, mut turn: Turn) -> Result<(), Gone> {
        turn.span = turn.span.map(|span| self.ruler.as_given(span));
        turn.last_word = turn.last_word.map(|word| self.ruler.as_given(word));
        let before = self.turn.as_ref().filter(|turn| !turn.text.is_empty());
        // The end of the turn before this one may have been lost.
        let before = before.filter(|_before| turn.event != Event::Started);
        let before = before.and_then(|turn| turn.span);
        if let (Some(span), Some(before)) = (&mut turn.span, before) {
            // All of a turn is told again and again: where it began does not change, even if its
            // first word is another one now.
            span.from = span.from.or_earlier(before.from);
        }
        match turn.event {
            Event::Over => return self.on_turn_over(turn).await,
            Event::Started => self.tell(Recognised::SpeechStarted).await?,
            Event::Resumed => self.tell(Recognised::TurnResumed).await?,
            Event::Likely | Event::Update => {}
        }
        let is_likely = turn.event == Event::Likely;
        let had_words = self.turn.as_ref().is_some_and(|turn| !turn.text.is_empty());
        if turn.text.is_empty() && !had_words {
            self.tell(Recognised::NoWords).await?;
        } else {
            // Words that were taken back have to be told as well.
            self.tell(words(&turn)).await?;
        }
        self.turn = Some(turn);
        if is_likely {
            self.tell(Recognised::TurnLikely).await?;
        }
        Ok(())
    }

    async fn on_turn_over(&mut self, turn: Turn) -> Result<(), Gone> {
        let had_words = self.turn.take().is_some_and(|turn| !turn.text.is_empty());
        if turn.text.is_empty() && !had_words {
            return self.tell(Recognised::NoWords).await;
        }
        let confidence = turn.confidence.unwrap_or(self.over);
        self.tell(settled(turn, true)).await?;
        self.tell(Recognised::TurnEnded { confidence }).await
    }

    /// The stream is over, the turn is not: its words will not be told again. Sound after the last
    /// one may hold half a word, which the next connection hears whole.
    async fn close_turn(&self, turn: Option<Turn>) {
        let Some(mut turn) = turn.filter(|turn| !turn.text.is_empty()) else {
            return;
        };
        if let (Some(span), Some(last)) = (&mut turn.span, turn.last_word) {
            span.until = last.until;
        }
        // Nobody may want them any more.
        drop(self.tell(settled(turn, false)).await);
    }

    async fn on_tick(&mut self) -> Result<Next, ProviderError> {
        let now = Instant::now();
        if self.until.is_none() && now - self.given >= self.deadlines.gap {
            self.fill(now).await?;
        }
        if now - self.pinged >= self.deadlines.ping {
            if now - self.alive > self.deadlines.ping * 2 {
                return Err(failed(Closed::Broke(
                    "nothing came for two pings".to_owned(),
                )));
            }
            self.pinged = now;
            self.send(Message::Ping(Bytes::new())).await?;
        }
        Ok(Next::Listen)
    }

    /// Sends silence for the time since the server last got any sound.
    async fn fill(&mut self, now: Instant) -> Result<(), ProviderError> {
        let missing = (now - self.filled).as_millis() * 8;
        let length =
            usize::try_from(missing).map_or(SILENCE.len(), |bytes| bytes.min(SILENCE.len()));
        if length == 0 {
            return Ok(());
        }
        self.filled = now;
        self.ruler.fill(length);
        self.send(Message::Binary(Bytes::from_static(&SILENCE[..length])))
            .await?;
        self.untold += length_in_ms(length);
        // What finds no room is told with the next one: filling waits for nobody.
        if self.heard.try_send(Recognised::Sent(self.untold)).is_ok() {
            self.untold = Millis::ZERO;
        }
        Ok(())
    }

    /// A line that broke while we sent may still hold the reason in what it sent before.
    async fn send(&mut self, message: Message) -> Result<(), ProviderError> {
        let Err(how) = self.socket.send(message).await else {
            return Ok(());
        };
        Err(failed(self.socket.last_words(how).await))
    }

    async fn tell(&self, told: Recognised) -> Result<(), Gone> {
        self.heard.send(told).await.map_err(|_told| Gone)
    }
}

/// What is understood of a turn so far: the next message replaces it.
fn words(turn: &Turn) -> Recognised {
    Recognised::Words(Words {
        text: turn.text.clone(),
        span: turn.span,
        ..Words::default()
    })
}

/// A turn without its last word, if that was heard to the end of what there is: it may be half a
/// word.
fn whole_words(mut turn: Turn) -> Option<Turn> {
    let (Some(span), Some(last)) = (turn.span, turn.last_word) else {
        return Some(turn);
    };
    if span.until < last.until + WHOLE_AFTER {
        let Some(before) = turn.text.trim_end().rfind(char::is_whitespace) else {
            // Not every language has blanks: half a word is little beside all the others.
            return (turn.words > 1).then_some(turn);
        };
        turn.text.truncate(before);
        turn.last_word = Some(Span {
            from: span.from,
            until: last.from,
        });
    }
    Some(turn)
}

fn settled(turn: Turn, ends_utterance: bool) -> Recognised {
    Recognised::Words(Words {
        text: turn.text,
        settled: true,
        ends_utterance,
        span: turn.span,
        ..Words::default()
    })
}

#[cfg(test)]
mod tests;
