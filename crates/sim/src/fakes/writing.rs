//! A fake model's reply as it goes out: pieces, the time between them, and an end that may not come.

use std::{convert::Infallible, time::Duration};

use axum::body::{Body, Bytes};
use futures_util::stream;
use tokio::time::{Instant, sleep};

use super::{
    Timeline,
    listener::Stop,
    moment::{What, report},
    tab::{OpenTab, Used},
};

/// How a reply is cut for streaming.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pieces {
    /// A sentence at a time, with the blank after it: for measuring, where gaps would blur.
    Sentences,
    /// About four characters, wherever that falls, as models do.
    Tokens,
}

impl Pieces {
    /// The pieces that a text is streamed in.
    pub(super) fn of(self, text: &str) -> Vec<String> {
        match self {
            Self::Sentences => text
                .split_inclusive(". ")
                .map(str::to_owned)
                .filter(|s| !s.is_empty())
                .collect(),
            Self::Tokens => {
                let chars: Vec<char> = text.chars().collect();
                chars
                    .chunks(4)
                    .map(|piece| piece.iter().collect())
                    .collect()
            }
        }
    }
}

/// One write of a stream.
pub(super) struct Step {
    pub(super) after: Duration,
    /// `None`: nothing more ever comes, and the stream stays open.
    pub(super) event: Option<Bytes>,
    /// What of the reply is in it.
    pub(super) part: Part,
    /// What it tells the client that it has used.
    pub(super) told: Option<Used>,
}

/// What of a reply is in one write.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// Nothing: it stands around the reply.
    Frame,
    Text(String),
    /// A piece of a call or of a thought.
    Wordless,
}

impl Step {
    pub(super) fn at_once(event: impl Into<Bytes>) -> Self {
        Self {
            after: Duration::ZERO,
            event: Some(event.into()),
            part: Part::Frame,
            told: None,
        }
    }

    /// From here on the stream is silent.
    pub(super) fn stall() -> Self {
        Self {
            after: Duration::ZERO,
            event: None,
            part: Part::Frame,
            told: None,
        }
    }
}

/// An event whose tildes are bytes that no UTF-8 has.
pub(super) fn spoilt(event: Vec<u8>) -> Vec<u8> {
    let spoil = |byte| if byte == b'~' { 0xFF } else { byte };
    event.into_iter().map(spoil).collect()
}

struct Writing {
    steps: std::vec::IntoIter<Step>,
    tab: OpenTab,
    timeline: Option<Timeline>,
    stop: Stop,
}

impl Writing {
    async fn next(&mut self) -> Option<Bytes> {
        let Some(step) = self.steps.next() else {
            self.tab.ended();
            return None;
        };
        if !step.after.is_zero() {
            sleep(step.after).await;
        }
        let Some(event) = step.event else {
            self.stop.wait().await;
            return None;
        };
        step.told.into_iter().for_each(|used| self.tab.told(used));
        match step.part {
            Part::Frame => {}
            Part::Text(text) => {
                self.tab.wrote(&text);
                let timeline = self.timeline.as_ref();
                report(timeline, Instant::now(), || What::TextSent(text));
            }
            Part::Wordless => self.tab.wrote(""),
        }
        Some(event)
    }
}

/// The body that these steps write. What they cost is noted in `tab`.
pub(super) fn body(steps: Vec<Step>, tab: OpenTab, timeline: Option<Timeline>, stop: Stop) -> Body {
    let writing = Writing {
        steps: steps.into_iter(),
        tab,
        timeline,
        stop,
    };
    Body::from_stream(stream::unfold(writing, |mut writing| async {
        let bytes = writing.next().await?;
        Some((Ok::<_, Infallible>(bytes), writing))
    }))
}
