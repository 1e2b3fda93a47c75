//! What pocketsphinx may hear in grammar mode, in JSGF, the format that it reads.

/// Longest grammar: more phrases than a desk has, few enough to stay quick.
const MAX_PHRASES: usize = 2_000;

/// The words of a phrase as a pronouncing dictionary spells them: lower case, with apostrophes.
#[must_use]
pub fn spelled(phrase: &str) -> Vec<String> {
    phrase
        .replace('\u{2019}', "'")
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| word.trim_matches('\'').to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

/// A grammar, and the phrases that could not be part of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Grammar {
    /// Nothing if no phrase is left.
    pub(crate) jsgf: Option<String>,
    pub(crate) dropped: Vec<String>,
}

impl Grammar {
    /// Allows one or more of `phrases` in a row; those with a word that is not `known` are dropped.
    pub(crate) fn new(phrases: &[String], known: impl Fn(&str) -> bool) -> Self {
        let mut rules = Vec::new();
        let mut dropped = Vec::new();
        for phrase in phrases {
            let words = spelled(phrase);
            let sayable = |word: &String| {
                word.bytes()
                    .all(|byte| byte.is_ascii_alphabetic() || byte == b'\'')
                    && known(word)
            };
            if rules.len() < MAX_PHRASES && !words.is_empty() && words.iter().all(sayable) {
                rules.push(words.join(" "));
            } else {
                dropped.push(phrase.clone());
            }
        }
        rules.sort_unstable();
        rules.dedup();
        let jsgf = (!rules.is_empty()).then(|| {
            let phrases = rules.join(" | ");
            format!(
                "#JSGF V1.0;\ngrammar desk;\n<phrase> = {phrases};\npublic <turn> = <phrase>+;\n"
            )
        });
        Self { jsgf, dropped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_drop_their_phrase() {
        let phrases = [
            "Yes, please!",
            "yes please",
            "Call Xyzzy",
            "at 7",
            "…",
            "a;b|c<d>",
        ];
        let phrases = phrases.map(ToOwned::to_owned);
        let grammar = Grammar::new(&phrases, |word| word != "xyzzy");
        assert_eq!(grammar.dropped, ["Call Xyzzy", "at 7", "…"]);
        let jsgf = grammar.jsgf.expect("some phrases");
        assert!(jsgf.contains("<phrase> = a b c d | yes please;"), "{jsgf}");
    }

    #[test]
    fn no_phrase_is_no_grammar() {
        assert_eq!(Grammar::new(&[], |_| true).jsgf, None);
    }
}
