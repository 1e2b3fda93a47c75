use std::time::Duration;

use bytes::Bytes;
use domain::Millis;
use futures_util::future::BoxFuture;
use session::{Delivery, Span, Words};
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until},
};
use tokio_tungstenite::tungstenite::Message;

use super::{
    interim::Interim,
    opening::{Waiting, failed, length_in_ms, while_opening},
    patience::Patience,
    wire::{self, FromDeepgram},
};
use crate::{
    BaseUrl, ProviderError, Secret,
    deepgram::{self, NAME},
    socket::{Closed, Dial, Frame, Socket},
    stt::{Listen, PaysFor, Recognised, SpeechToText, SttCapabilities, ToRecogniser},
};

/// Silence sent where no audio has come since the connection stood: 20 ms of mu-law.
static SILENCE: [u8; 160] = [0xff; 160];
/// The keep-alive clock ticks so many times in one keep-alive.
const TICKS: u32 = 4;

/// Speech recognition by Deepgram.
#[derive(Clone, Debug)]
pub struct Deepgram {
    base: BaseUrl,
    key: Secret,
    deadlines: Deadlines,
}

/// How long Deepgram may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// From nothing to an open socket.
    pub connect: Duration,
    /// For the server to take a message; meanwhile no order is obeyed.
    pub send: Duration,
    /// Time without audio after which the connection is kept alive. The server allows ten seconds.
    pub keep_alive: Duration,
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
            keep_alive: Duration::from_secs(4),
            ping: Duration::from_secs(30),
            last_words: Duration::from_secs(2),
        }
    }
}

impl Deepgram {
    /// Where Deepgram's own service is.
    pub const BASE_URL: &str = deepgram::BASE_URL;

    /// Recognition at this address with this key.
    #[must_use]
    pub fn new(base: BaseUrl, key: Secret) -> Self {
        Self {
            base,
            key,
            deadlines: Deadlines::default(),
        }
    }

    /// The same with other deadlines.
    #[must_use]
    pub fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    fn dial(&self, listen: &Listen) -> Dial {
        Dial {
            provider: NAME,
            url: wire::listen_url(&self.base, listen),
            key: deepgram::authorization(&self.key),
            connect: self.deadlines.connect,
            send: self.deadlines.send,
        }
    }
}

impl SpeechToText for Deepgram {
    fn capabilities(&self) -> SttCapabilities {
        SttCapabilities {
            finalizes: true,
            words: Delivery::AsSpoken,
            replay: Millis(10_000),
            // A healthy stream has a result every second.
            tells_within: Some(Millis(4_000)),
            pays_for: PaysFor::Given,
        }
    }

    fn longest_pause(&self, listen: &Listen) -> Millis {
        listen.endpointing.or_later(listen.utterance_end)
    }

    fn listen(
        &self,
        listen: Listen,
        mut audio: mpsc::Receiver<ToRecogniser>,
        heard: mpsc::Sender<Recognised>,
    ) -> BoxFuture<'static, Result<(), ProviderError>> {
        let dial = self.dial(&listen);
        let deadlines = self.deadlines;
        let key = self.key.clone();
        Box::pin(async move {
            let mut waiting = Waiting::default();
            let opened = while_opening(dial.open(), &mut audio, &mut waiting).await;
            let opened = opened.map_err(|why| deepgram::not_opened(why).without(&key))?;
            let Some(socket) = opened else { return Ok(()) };
            if heard.send(Recognised::Ready).await.is_err() {
                return Ok(());
            }
            let stream = Stream::new(socket, heard, deadlines);
            let ended = stream.run(audio, waiting).await;
            ended.map_err(|error| error.without(&key))
        })
    }
}

/// An open stream.
struct Stream {
    socket: Socket,
    heard: mpsc::Sender<Recognised>,
    clock: Interval,
    last_words: Duration,
    ticks_per_ping: u32,
    /// Ticks since audio or a keep-alive was sent.
    quiet: u32,
    /// Ticks since the last ping.
    unpinged: u32,
    /// Ticks since the server sent anything.
    silent: u32,
    patience: Patience,
    interim: Interim,
    /// Audio was sent at least once.
    begun: bool,
    /// Audio that we were given and that the server never saw.
    dropped: Millis,
    /// Audio that we made up.
    padded: Millis,
    /// When to stop waiting for last words.
    until: Option<Instant>,
}

/// What a stream does next.
enum Next {
    Listen,
    Stop,
}

impl Stream {
    fn new(socket: Socket, heard: mpsc::Sender<Recognised>, deadlines: Deadlines) -> Self {
        let tick = (deadlines.keep_alive / TICKS).max(Duration::from_millis(1));
        let mut clock = interval_at(Instant::now() + tick, tick);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ticks_per_ping = deadlines.ping.as_millis() / tick.as_millis();
        Self {
            socket,
            heard,
            clock,
            last_words: deadlines.last_words,
            ticks_per_ping: u32::try_from(ticks_per_ping).unwrap_or(u32::MAX / 2).max(1),
            quiet: 0,
            unpinged: 0,
            silent: 0,
            patience: Patience::default(),
            interim: Interim::default(),
            begun: false,
            dropped: Millis::ZERO,
            padded: Millis::ZERO,
            until: None,
        }
    }

    async fn run(
        mut self,
        mut audio: mpsc::Receiver<ToRecogniser>,
        waiting: Waiting,
    ) -> Result<(), ProviderError> {
        if waiting.dropped > 0 {
            tracing::warn!(
                provider = NAME,
                bytes = waiting.dropped,
                "audio dropped while connecting"
            );
            self.dropped = length_in_ms(waiting.dropped);
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
            // An empty message would end the stream.
            ToRecogniser::Audio(bytes) if bytes.is_empty() => {}
            ToRecogniser::Audio(bytes) => self.send_audio(bytes).await?,
            ToRecogniser::Finalize => self.send_text(wire::FINALIZE).await?,
        }
        Ok(Next::Listen)
    }

    async fn close(&mut self) -> Result<Next, ProviderError> {
        self.until = Some(Instant::now() + self.last_words);
        self.send_text(wire::CLOSE_STREAM).await?;
        Ok(Next::Listen)
    }

    async fn on_frame(&mut self, frame: Frame) -> Result<Next, ProviderError> {
        self.silent = 0;
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Binary(_) | Frame::Other => return Ok(Next::Listen),
            Frame::Closed(_how) if self.until.is_some() => return Ok(Next::Stop),
            Frame::Closed(how) => return Err(failed(how)),
        };
        let told = match self.patience.take(wire::read(&text))? {
            Some(FromDeepgram::SpeechStarted) => Recognised::SpeechStarted,
            Some(FromDeepgram::UtteranceEnd) => Recognised::UtteranceOver,
            Some(FromDeepgram::Words(words)) => self.with_words(words),
            Some(FromDeepgram::NoWords(none)) if self.interim.is_covered_by(&none) => {
                self.with_words(none)
            }
            Some(FromDeepgram::NoWords(_)) => Recognised::NoWords,
            Some(FromDeepgram::Metadata) if self.until.is_some() => return Ok(Next::Stop),
            Some(FromDeepgram::Metadata | FromDeepgram::Nothing) | None => {
                return Ok(Next::Listen);
            }
            Some(FromDeepgram::Complaint(said)) => {
                tracing::warn!(provider = NAME, said, "the recogniser complained");
                return Ok(Next::Listen);
            }
        };
        // Whoever took the words may be gone; then nothing is left to do.
        Ok(match self.heard.send(told).await {
            Ok(()) => Next::Listen,
            Err(_gone) => Next::Stop,
        })
    }

    fn with_words(&mut self, words: Words) -> Recognised {
        self.interim.take(&words);
        Recognised::Words(self.as_given(words))
    }

    /// The server counts from the first audio it saw, we from the first that we were given.
    fn as_given(&self, mut words: Words) -> Words {
        let given = |sent: Millis| sent + self.dropped - self.padded;
        let all = |span: Span| Span {
            from: given(span.from),
            until: given(span.until),
        };
        words.span = words.span.map(all);
        words.begins = words.begins.map(given);
        for word in &mut words.word_spans {
            *word = all(*word);
        }
        words
    }

    async fn on_tick(&mut self) -> Result<Next, ProviderError> {
        self.quiet += 1;
        self.unpinged += 1;
        self.silent = self.silent.saturating_add(1);
        if self.quiet >= TICKS {
            if !self.begun {
                // The documentation is of two minds whether a keep-alive is enough before any audio.
                self.send_audio(Bytes::from_static(&SILENCE)).await?;
                let padding = length_in_ms(SILENCE.len());
                self.padded += padding;
                // Whoever listens is gone when the call is: that is seen elsewhere.
                drop(self.heard.send(Recognised::Sent(padding)).await);
            }
            self.send_text(wire::KEEP_ALIVE).await?;
            self.quiet = 0;
        }
        if self.unpinged >= self.ticks_per_ping {
            if self.silent > self.ticks_per_ping.saturating_mul(2) {
                return Err(failed(Closed::Broke(
                    "nothing came for two pings".to_owned(),
                )));
            }
            self.unpinged = 0;
            self.send(Message::Ping(Bytes::new())).await?;
        }
        Ok(Next::Listen)
    }

    async fn send_audio(&mut self, bytes: Bytes) -> Result<(), ProviderError> {
        self.begun = true;
        self.quiet = 0;
        self.send(Message::Binary(bytes)).await
    }

    async fn send_text(&mut self, text: &'static str) -> Result<(), ProviderError> {
        self.send(Message::Text(text.into())).await
    }

    /// A line that broke while we sent may still hold the reason in what it sent before.
    async fn send(&mut self, message: Message) -> Result<(), ProviderError> {
        let Err(how) = self.socket.send(message).await else {
            return Ok(());
        };
        Err(failed(self.socket.last_words(how).await))
    }
}

#[cfg(test)]
mod tests;
