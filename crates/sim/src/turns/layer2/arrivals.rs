//! What the server sends, frame by frame, when it sends it: up to 200 ms before it is played. Pure.

use std::sync::Arc;

use super::{
    cast::Role,
    listener::{Listener, Tick},
};
use crate::carrier::FRAME;

/// A frame that came from the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived {
    pub(super) at_ms: u64,
    /// As it will be heard.
    pub(super) tick: Tick,
}

/// Listens to what comes.
#[derive(Debug)]
pub(super) struct Arrivals {
    listener: Listener,
    /// Less than a frame, of which the rest is to come.
    begun: Vec<u8>,
}

impl Arrivals {
    pub(super) fn new(role: Arc<Role>) -> Self {
        Self {
            listener: Listener::new(role),
            begun: Vec::new(),
        }
    }

    /// Audio came; gives the frames that are complete with it.
    pub(super) fn hear(&mut self, at_ms: u64, ulaw: &[u8]) -> Vec<Arrived> {
        self.begun.extend(ulaw);
        let (frames, rest) = self.begun.as_chunks::<FRAME>();
        let listener = &mut self.listener;
        let arrived = frames.iter().map(|frame| Arrived {
            at_ms,
            tick: listener.hear(frame, FRAME),
        });
        let arrived = arrived.collect();
        self.begun = rest.to_vec();
        arrived
    }

    /// What came and was not played is thrown away.
    pub(super) fn forget(&mut self) {
        self.listener.forget();
        self.begun.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fakes::Voice as _,
        turns::layer2::{stage, voice::StampVoice},
    };

    #[test]
    fn pieces_of_any_size_are_heard_as_frames() {
        let role = stage::role("Hi.", 80);
        let audio = StampVoice(role.clone()).say("We close at six.");
        let mut arrivals = Arrivals::new(role);
        assert_eq!(arrivals.hear(5, &audio[..100]).len(), 0);
        let came = arrivals.hear(25, &audio[100..500]);
        let until: Vec<_> = came
            .iter()
            .map(|came| (came.at_ms, came.tick.playing.map(|playing| playing.until)))
            .collect();
        assert_eq!(until, [(25, Some(160)), (25, Some(320)), (25, Some(480))]);
        arrivals.forget();
        assert_eq!(
            arrivals.hear(45, &audio[500..600]).len(),
            0,
            "its beginning is gone"
        );
    }
}
