//! Keys that the agent presses: the other side is a menu, and takes nothing else.

use domain::Millis;

use super::{CallSession, FarEnd, Line};
use crate::{
    Action, MenuEar, Presses,
    reply::{Keys, Kind, PRESS_KEYS, ToolState, Voicing},
};

const NO_KEYS: &str =
    r#"{"error":"keys has to be a text of at most 32 of 0-9, *, #, and w for a wait"}"#;
const NO_AUDIO: &str = r#"{"error":"keys cannot be pressed any more in this call"}"#;
const NO_MENU: &str =
    r#"{"error":"keys can be pressed only when a menu of recorded sentences asks for them"}"#;

impl CallSession {
    /// Takes a turn: does a menu speak?
    pub(super) fn judge_far_end(&mut self, said: &str) {
        let is_menu = self.menu_ear.hear(said);
        self.far_end = match (is_menu, self.far_end) {
            (true, _) => FarEnd::Menu,
            (false, FarEnd::Menu | FarEnd::WasMenu) => FarEnd::WasMenu,
            (false, FarEnd::Person) => FarEnd::Person,
        };
    }

    /// Whether a menu is speaking: it pauses between its choices.
    pub(super) fn hears_menu(&self) -> bool {
        self.far_end == FarEnd::Menu || MenuEar::asks_for_keys(&self.turn.text())
    }

    /// Whether the model may press keys in answer to these words. What a menu asks next may not
    /// sound like one: "enter your date of birth".
    pub(super) fn may_press(&self, said: &str) -> bool {
        match self.rules.dtmf.presses {
            Presses::Always | Presses::Menus if self.line == Line::Rounds => false,
            Presses::Always => true,
            Presses::Menus => self.far_end != FarEnd::Person || MenuEar::asks_for_keys(said),
            Presses::Never => false,
        }
    }

    /// The model asked for keys, and the turn is over: they are pressed when its words were spoken.
    pub(super) fn want_keys(&mut self) {
        let Some(reply) = self.reply.as_ref().filter(|reply| !reply.is_speculative()) else {
            return;
        };
        let may_press = self.may_press(&reply.answers);
        let has_audio = self.line != Line::Rounds;
        let Some(reply) = &mut self.reply else { return };
        let mut wanted = std::mem::take(&mut reply.keys);
        for tool in reply.tools_mut() {
            if tool.call.name != PRESS_KEYS || !matches!(tool.state, ToolState::Asked) {
                continue;
            }
            let keys = Keys::read(&tool.call.arguments);
            tool.state = if !has_audio {
                ToolState::Settled(NO_AUDIO)
            } else if !may_press {
                ToolState::Settled(NO_MENU)
            } else if keys.is_some_and(|keys| wanted.want(&keys)) {
                ToolState::Pressing
            } else {
                ToolState::Settled(NO_KEYS)
            };
        }
        reply.keys = wanted;
    }

    /// Presses what the reply has to press, behind its words. A menu goes on speaking meanwhile:
    /// that stops nothing, and is the next turn.
    pub(super) fn press(&mut self, now: Millis) {
        self.end_overlap_with_reply(now);
        let secret = self.rules.dtmf.secret;
        let Some(reply) = &mut self.reply else { return };
        reply.kind = Kind::ProtectedLine;
        reply.voicing = Voicing::Ending;
        let (clause, text) = reply.keys.announce(&mut reply.playout, secret);
        self.actions.push(Action::Press {
            reply: reply.id,
            clause,
            text,
        });
        self.turn.close();
    }
}
