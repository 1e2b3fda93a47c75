//! What becomes of a conversation that nobody talks in any more.

use providers::tts::ToVoice;
use session::Input;

use super::{
    super::{Order, ask::What},
    Conversation, Out,
};
use crate::voice::reply_of;

impl Conversation {
    /// Nobody talks any more. What was to be said is for the voice.
    pub(in super::super) fn retire(&mut self, out: &mut Out) {
        self.break_off(out);
        let ended = self.ended.take();
        for ask in std::mem::take(&mut self.asks) {
            if let What::Line { clause, text } = ask.what {
                let reply = ask.reply;
                let order = Order::Speak(ToVoice::Say {
                    reply,
                    clause,
                    text,
                });
                self.pass_on(order, out);
            }
        }
        if let Some(reply) = ended {
            self.pass_on(Order::Speak(ToVoice::End(reply)), out);
        }
    }

    /// An order that came after that.
    pub(in super::super) fn pass_on(&mut self, order: Order, out: &mut Out) {
        match order {
            Order::Cancel { reply, .. } => out.speak.push(ToVoice::Cancel(reply)),
            Order::Kept { .. } | Order::NoTurn | Order::Recalled(_) | Order::StopThinking(_) => {}
            // The voice knows nothing of a reply of which it was given nothing.
            Order::Speak(ToVoice::End(reply)) if self.passed_on != Some(reply) => {
                out.tell.push(Input::SpokenAll(reply));
            }
            Order::Speak(order) => {
                self.passed_on = Some(reply_of(&order));
                out.speak.push(order);
            }
            // It was given in the moment of retiring: the session asks again.
            Order::Think { reply, .. } => out.tell.push(Input::ThinkingBroke(reply)),
        }
    }
}
