use std::ops::Range;

use crate::{ClauseId, playout::Playout, spoken::Spoken};

/// Keys that a reply presses after its words.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    wanted: String,
    /// The clause that says so, once they are being pressed.
    clause: Option<ClauseId>,
}

/// As many as the longest number that a menu asks for, with waits.
const MOST: usize = 32;

impl Keys {
    /// Reads what the model wrote: an object with nothing but text, or a number, in `keys`. `None`:
    /// those are no keys, or too many.
    pub(crate) fn read(arguments: &str) -> Option<String> {
        let inside = arguments.trim().strip_prefix('{')?.strip_suffix('}')?;
        let (name, value) = inside.split_once(':')?;
        let unquoted = |text: &str| -> Option<String> {
            let text = text.trim().strip_prefix('"')?.strip_suffix('"')?;
            Some(text.to_owned())
        };
        if unquoted(name)? != "keys" {
            return None;
        }
        let value = unquoted(value).unwrap_or_else(|| value.trim().to_owned());
        let keys: String = value
            .chars()
            .filter(|sign| !" -,".contains(*sign))
            .collect();
        let are_keys = keys.chars().all(|key| "0123456789*#w".contains(key));
        let pressed = keys.trim_matches('w');
        (are_keys && !pressed.is_empty() && keys.len() <= MOST).then_some(keys)
    }

    /// Wants more keys pressed. Returns whether there is room for them.
    pub(crate) fn want(&mut self, keys: &str) -> bool {
        let room = self.wanted.len() + keys.len() <= MOST;
        if room {
            self.wanted.push_str(keys);
        }
        room
    }

    /// Whether there are some that nobody has begun to press.
    pub(crate) fn wait(&self) -> bool {
        !self.wanted.is_empty() && self.clause.is_none()
    }

    /// Announces them as a clause: they are heard like words. Returns its words, which are kept
    /// without a secret.
    pub(crate) fn announce(&mut self, playout: &mut Playout, secret: bool) -> (ClauseId, String) {
        let mut said = "pressed".to_owned();
        let mut kept = said.clone();
        for key in self.wanted.chars() {
            said.extend([' ', key]);
            kept.extend([' ', if secret { '•' } else { key }]);
        }
        let clause = playout.announce(Spoken::verbatim(kept));
        self.clause = Some(clause);
        (clause, said)
    }

    /// Those that were pressed as far as `text` knows of the clause.
    pub(super) fn pressed(&self, text: impl Fn(Range<usize>) -> String) -> String {
        let Some(clause) = self.clause else {
            return String::new();
        };
        let at = clause.0 as usize;
        let said = text(at..at + 1);
        let count = said.split_whitespace().count().saturating_sub(1);
        self.wanted.chars().take(count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_models_write_them() {
        for (arguments, keys) in [
            (r#"{"keys":"1"}"#, "1"),
            (r#" { "keys" : "47 11-0,8*w#" } "#, "471108*w#"),
            (r#"{"keys":2}"#, "2"),
        ] {
            assert_eq!(Keys::read(arguments).as_deref(), Some(keys), "{arguments}");
        }
    }

    #[test]
    fn what_is_no_key_is_not_pressed() {
        let long = format!(r#"{{"keys":"{}"}}"#, "1".repeat(MOST + 1));
        for arguments in [
            "",
            "{}",
            r#"{"keys":""}"#,
            r#"{"keys":"ww"}"#,
            r#"{"keys":"one"}"#,
            r#"{"keys":"1","more":"2"}"#,
            r#"{"digits":"1"}"#,
            r#"{"keys":"\u0031"}"#,
            r#""keys":"1""#,
            &long,
        ] {
            assert_eq!(Keys::read(arguments), None, "{arguments}");
        }
    }
}
