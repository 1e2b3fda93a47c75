//! What the voice is told by the call.

use domain::ReplyId;
use providers::tts::ToVoice;
use session::{Input, StillSpeaks};
use tokio::sync::mpsc::{self, error::TrySendError};

use super::Bills;
use crate::meters::Meters;

/// What the voice is to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Order {
    /// The call is over: nobody will hear another word. The queue is closed once what was used is
    /// counted.
    Over,
    Speak(ToVoice),
    /// Nobody was to hear this reply: it was begun too soon.
    TooSoon(ReplyId),
}

impl From<ToVoice> for Order {
    fn from(order: ToVoice) -> Self {
        Self::Speak(order)
    }
}

/// Gives the voice an order. Returns what to tell if it takes none: it has failed this reply.
pub(crate) fn give(voice: &mpsc::Sender<Order>, order: ToVoice, meters: &Meters) -> Option<Input> {
    let reply = reply_of(&order);
    let left = match voice.try_send(order.into()) {
        Ok(()) => return None,
        Err(TrySendError::Full(_)) => {
            meters.dropped("voice", "full");
            StillSpeaks::Somebody
        }
        Err(TrySendError::Closed(_)) => StillSpeaks::Nobody,
    };
    Some(Input::SpeakingFailed(reply, left))
}

pub(crate) fn reply_of(order: &ToVoice) -> ReplyId {
    match order {
        ToVoice::Cancel(reply) | ToVoice::End(reply) | ToVoice::Say { reply, .. } => *reply,
    }
}

/// The next thing to speak, or not to speak any more; nothing once the call is over.
pub(super) async fn next(orders: &mut mpsc::Receiver<Order>, bills: &mut Bills) -> Option<ToVoice> {
    loop {
        match orders.recv().await? {
            Order::Over => orders.close(),
            Order::Speak(order) => return Some(order),
            Order::TooSoon(reply) => bills.too_soon(reply),
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn a_voice_that_is_busy_is_left_and_one_that_is_gone_is_not() {
        const R1: ReplyId = ReplyId(1);
        let meters = Meters::new(&mut Registry::default());
        let (voice, orders) = mpsc::channel(1);
        let end = || give(&voice, ToVoice::End(R1), &meters);
        assert_eq!(end(), None);
        assert_eq!(
            end(),
            Some(Input::SpeakingFailed(R1, StillSpeaks::Somebody))
        );
        drop(orders);
        assert_eq!(end(), Some(Input::SpeakingFailed(R1, StillSpeaks::Nobody)));
    }
}
