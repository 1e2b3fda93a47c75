//! The answer of a voice over HTTP as it goes out: pieces of sound, the time between them, and an
//! end that may not come.

use std::iter;

use axum::body::{Body, Bytes};
use tokio::time::Instant;

use super::{
    SpeechFault, Timeline,
    body::{Step, Write, body},
    listener::Stop,
    moment::{What, report},
    requests::Open,
};
use crate::{Delay, Dice};

/// One text, spoken.
pub(super) struct Playing {
    pub(super) text: String,
    /// Its sound, as the provider wraps it.
    pub(super) pieces: Vec<Bytes>,
    /// A piece that a voice without end goes on with.
    pub(super) more: Bytes,
    pub(super) fault: Option<SpeechFault>,
    pub(super) first_audio: Delay,
    /// Between two pieces.
    pub(super) gap: Delay,
}

impl Playing {
    /// The body that plays it; `sent` learns how many pieces went out so far.
    pub(super) fn body(
        self,
        mut dice: Dice,
        timeline: Option<Timeline>,
        mut sent: impl FnMut(usize) + Send + 'static,
        kept: (Stop, Open),
    ) -> Body {
        let (fault, more) = (self.fault, self.more.clone());
        let steps = self.steps(&mut dice);
        let mut text = Some(self.text);
        let tell = move |pieces| {
            if let Some(text) = text.take() {
                report(timeline.as_ref(), Instant::now(), || What::SpeechSent(text));
            }
            sent(pieces);
        };
        if fault == Some(SpeechFault::Endless) {
            let more = iter::repeat_with(move || Step::at_once(Write::Bytes(more.clone())));
            body(steps.into_iter().chain(more), tell, kept)
        } else {
            body(steps.into_iter(), tell, kept)
        }
    }

    fn steps(&self, dice: &mut Dice) -> Vec<Step> {
        let mut after = self.first_audio.draw(dice);
        if let Some(SpeechFault::Slow(later)) = self.fault {
            after += later;
        }
        let mut steps = Vec::with_capacity(self.pieces.len() + 1);
        for piece in &self.pieces {
            let write = Write::Bytes(piece.clone());
            steps.push(Step { after, write });
            after = self.gap.draw(dice);
        }
        let end = match self.fault {
            Some(SpeechFault::CutAfter(pieces)) => Some((pieces, Write::Break)),
            Some(SpeechFault::StallAfter(pieces)) => Some((pieces, Write::Hang)),
            Some(_) | None => None,
        };
        if let Some((pieces, end)) = end {
            steps.truncate(pieces);
            steps.push(Step::at_once(end));
        }
        steps
    }
}
