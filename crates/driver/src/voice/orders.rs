//! What the voice is told by the call.

use domain::ReplyId;
use providers::tts::ToVoice;
use tokio::sync::mpsc;

use super::Bills;

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
