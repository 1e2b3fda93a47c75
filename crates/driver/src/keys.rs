use std::sync::Arc;

use audio::dtmf;
use domain::{Millis, ReplyId};
use providers::llm::{ModelSettings, ToolOffer};
use session::{Audio, ClauseId, Prompt, WordEnd};

use crate::{connection::length, voice};

/// The tool by which a model presses keys of the telephone. The session carries it out.
#[must_use]
pub fn offer() -> ToolOffer {
    ToolOffer {
        name: "press_keys".to_owned(),
        description: "Presses keys of the telephone, for a menu of recorded sentences that asks \
                      for them. Say nothing in the same reply: a menu does not listen."
            .to_owned(),
        parameters: r#"{"type":"object","properties":{"keys":{"type":"string","description":"0-9, *, #, and w for a wait of half a second"}},"required":["keys"],"additionalProperties":false}"#
            .to_owned(),
    }
}

/// How the model writes this reply: it has another tool while there is a menu.
pub(crate) fn settings(usual: &Arc<ModelSettings>, prompt: &Prompt) -> Arc<ModelSettings> {
    if !prompt.may_press {
        return Arc::clone(usual);
    }
    let mut settings = ModelSettings::clone(usual);
    settings.tools.push(offer());
    Arc::new(settings)
}

/// The tones of the keys in a clause, its words of one sign.
pub(crate) fn sound(reply: ReplyId, clause: ClauseId, text: &str) -> Audio {
    let (mut bytes, mut words, mut chars) = (Vec::new(), Vec::new(), 0);
    for word in text.split(' ') {
        chars += word.chars().count();
        let mut signs = word.chars();
        let key = signs.next().filter(|_| signs.next().is_none());
        if let Some(tones) = key.and_then(dtmf::tones) {
            bytes.extend(tones);
            // A key is pressed once it has sounded; the silence after it is nothing to wait for.
            let at = Millis(length(&bytes).0 - dtmf::SILENCE_MS);
            words.push(WordEnd { chars, at });
        }
        chars += 1;
    }
    voice::piece(reply, clause, bytes.into(), words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_one_sign_are_keys_and_tell_when_they_were_pressed() {
        let audio = sound(ReplyId(2), ClauseId(1), "pressed 4 w #");
        assert_eq!(audio.duration, Millis(200 + 500 + 200));
        let ends = audio.words.iter().map(|word| (word.chars, word.at.0));
        assert_eq!(ends.collect::<Vec<_>>(), [(9, 100), (11, 600), (13, 800)]);
    }

    #[test]
    fn a_model_has_the_tool_while_it_may_press_keys() {
        let usual = Arc::new(ModelSettings::plain("m", 1));
        let prompt = |may_press| Prompt {
            system: "".into(),
            messages: Vec::new(),
            may_press,
        };
        assert_eq!(settings(&usual, &prompt(false)), usual);
        assert_eq!(settings(&usual, &prompt(true)).tools, [offer()]);
    }
}
