//! Sound that needs no provider: the apology, and the tones of keys.

use bytes::Bytes;
use domain::ReplyId;
use providers::tts::ToVoice;
use session::{ClauseId, Input};

use super::Hands;
use crate::{keys, voice};

impl Hands {
    pub(super) fn apologise(&mut self, reply: ReplyId, clause: ClauseId) {
        if self.sheet.is_some() {
            let text = self.agent.rules.lines.trouble.clone();
            let order = ToVoice::Say {
                reply,
                clause,
                text,
            };
            self.tell_voice(order);
            return self.tell_voice(ToVoice::End(reply));
        }
        let own = self.agent.apology.clone();
        let bytes = own.unwrap_or_else(|| apology(self.agent.rules.language.primary()));
        self.own
            .push_back(Input::Audio(voice::piece(reply, clause, bytes, Vec::new())));
        self.own.push_back(Input::SpokenAll(reply));
    }

    pub(super) fn press(&mut self, reply: ReplyId, clause: ClauseId, text: &str) {
        self.own
            .push_back(Input::Audio(keys::sound(reply, clause, text)));
        self.own.push_back(Input::SpokenAll(reply));
    }
}

/// The apology that needs no network, in the agent's language.
fn apology(language: &str) -> Bytes {
    Bytes::from_static(match language {
        "es" => include_bytes!("../../clips/apology-es.ulaw"),
        _ => include_bytes!("../../clips/apology-en.ulaw"),
    })
}
