//! A line of channels: what the mouth sends is kept with its time, marks come back when their
//! audio has been played.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use session::Mark;
use tokio::{sync::mpsc, time::Instant};
use transports::{FromLine, LineGone, LineReader, LineWriter};

/// What the mouth did, and when.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sent {
    Clear,
    Close,
    Frames(Vec<u8>),
    Mark(Mark),
}

/// The carrier's side.
pub(crate) struct Far {
    pub(crate) caller: mpsc::Sender<FromLine>,
    pub(crate) sent: Arc<Mutex<Vec<(Instant, Sent)>>>,
}

pub(crate) struct Reader(mpsc::Receiver<FromLine>);

pub(crate) struct Writer {
    caller: mpsc::Sender<FromLine>,
    sent: Arc<Mutex<Vec<(Instant, Sent)>>>,
    played_until: Instant,
    pending: tokio::task::JoinSet<()>,
}

pub(crate) fn line() -> (Far, Reader, Writer) {
    let (caller, incoming) = mpsc::channel(64);
    let sent = Arc::default();
    let far = Far {
        caller: caller.clone(),
        sent: Arc::clone(&sent),
    };
    let writer = Writer {
        caller,
        sent,
        played_until: Instant::now(),
        pending: tokio::task::JoinSet::new(),
    };
    (far, Reader(incoming), writer)
}

impl LineReader for Reader {
    async fn next(&mut self) -> FromLine {
        self.0.recv().await.unwrap_or(FromLine::Lost)
    }
}

impl Writer {
    fn note(&self, sent: Sent) {
        self.sent.lock().unwrap().push((Instant::now(), sent));
    }
}

impl LineWriter for Writer {
    async fn frames(&mut self, audio: &[u8]) -> Result<(), LineGone> {
        self.note(Sent::Frames(audio.to_vec()));
        let from = self.played_until.max(Instant::now());
        self.played_until = from + Duration::from_micros(audio.len() as u64 * 125);
        Ok(())
    }

    async fn mark(&mut self, mark: Mark) -> Result<(), LineGone> {
        self.note(Sent::Mark(mark));
        let (caller, at) = (self.caller.clone(), self.played_until);
        self.pending.spawn(async move {
            tokio::time::sleep_until(at).await;
            drop(caller.send(FromLine::Played(mark)).await);
        });
        Ok(())
    }

    async fn clear(&mut self) -> Result<(), LineGone> {
        self.note(Sent::Clear);
        self.played_until = Instant::now();
        Ok(())
    }

    async fn close(&mut self) {
        self.note(Sent::Close);
    }
}

/// Audio of which every byte tells whose it is.
pub(crate) fn sound(tag: u8, ms: u64) -> Bytes {
    Bytes::from(vec![tag; usize::try_from(ms * 8).unwrap()])
}
