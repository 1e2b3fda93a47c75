use domain::Millis;

use crate::{
    Waits,
    words::{self, Lists},
};

/// What the last words of a caller look like: how likely it is that more will come.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum WaitClass {
    /// Looks finished, without punctuation.
    Complete,
    /// "um", "so", "let me see".
    Filler,
    /// The last word cannot end a sentence.
    Incomplete,
    /// "One moment": the caller wants the agent to wait.
    Hold,
    /// Keys of the phone: over when they are.
    Keys,
    /// A number or a spelling that goes on.
    Number,
    /// The recogniser alone decides.
    Provider,
    /// A short answer to a yes/no question.
    ShortAnswer,
    /// A finished sentence.
    Terminal,
    /// A language without word lists.
    Unknown,
}

impl WaitClass {
    /// The name in records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Filler => "filler",
            Self::Incomplete => "incomplete",
            Self::Hold => "hold",
            Self::Keys => "keys",
            Self::Number => "number",
            Self::Provider => "provider",
            Self::ShortAnswer => "short_answer",
            Self::Terminal => "terminal",
            Self::Unknown => "unknown",
        }
    }

    /// How long a silence ends a turn of this class.
    #[must_use]
    pub(crate) const fn wait(self, waits: &Waits) -> Millis {
        match self {
            Self::Complete => waits.complete,
            Self::Filler => waits.filler,
            Self::Incomplete => waits.incomplete,
            Self::Hold | Self::Terminal => waits.terminal,
            Self::Keys | Self::Provider => Millis::ZERO,
            Self::Number => waits.number,
            Self::ShortAnswer => waits.short_answer,
            Self::Unknown => waits.unknown,
        }
    }
}

/// Classifies what the caller said so far. `asked`: the agent's last sentence was a question.
pub(crate) fn classify(
    text: &str,
    lists: Option<&'static Lists>,
    _expected: crate::Expect,
    asked: bool,
) -> WaitClass {
    let Some(lists) = lists else {
        return unknown(text);
    };
    let words: Vec<String> = words::words(text).collect();
    let Some(last) = words.last() else {
        return WaitClass::Incomplete;
    };
    if ends_with_filler(&words, lists) {
        WaitClass::Filler
    } else if asked && is_short_answer(&words, lists) {
        WaitClass::ShortAnswer
    } else if lists.cannot_end.contains(&last.as_str()) && !words::asks(text) {
        WaitClass::Incomplete
    } else if ends_sentence(text) {
        WaitClass::Terminal
    } else {
        WaitClass::Complete
    }
}

fn unknown(text: &str) -> WaitClass {
    if ends_sentence(text) {
        WaitClass::Terminal
    } else {
        WaitClass::Unknown
    }
}

fn ends_sentence(text: &str) -> bool {
    text.trim_end().ends_with(['.', '?', '!', '。', '？', '！'])
}

fn ends_with_filler(words: &[String], lists: &Lists) -> bool {
    let text = words.join(" ");
    lists.fillers.iter().any(|filler| {
        text.strip_suffix(filler)
            .is_some_and(|before| before.is_empty() || before.ends_with(' '))
    })
}

fn is_short_answer(words: &[String], lists: &Lists) -> bool {
    const SHORT: usize = 3;
    words.len() <= SHORT && lists.yes_no.contains(&words[0].as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_whether_more_will_come() {
        use WaitClass::{Complete, Filler, Incomplete, ShortAnswer, Terminal};
        for (text, asked, class) in [
            ("I would like to book a table.", false, Terminal),
            ("I would like to book a table", false, Complete),
            ("I would like to book a", false, Incomplete),
            ("I would like to.", false, Incomplete),
            ("I would like, um", false, Filler),
            ("yes", true, ShortAnswer),
            ("yes", false, Complete),
            ("Yes please.", true, ShortAnswer),
            ("What is it for?", false, Terminal),
            ("", false, Incomplete),
        ] {
            assert_eq!(
                classify(
                    text,
                    words::lists(&domain::Language::default()),
                    crate::Expect::Open,
                    asked
                ),
                class,
                "{text}"
            );
        }
    }

    #[test]
    fn spanish_has_lists_of_its_own() {
        let spanish = "es-ES".parse().expect("a language");
        assert_eq!(
            classify(
                "quiero una mesa para",
                words::lists(&spanish),
                crate::Expect::Open,
                false
            ),
            WaitClass::Incomplete
        );
        assert_eq!(
            classify(
                "quiero una mesa, pues",
                words::lists(&spanish),
                crate::Expect::Open,
                false
            ),
            WaitClass::Filler
        );
    }

    #[test]
    fn a_language_without_lists_waits_longer() {
        let danish = "da".parse().expect("a language");
        assert_eq!(
            classify(
                "jeg vil gerne",
                words::lists(&danish),
                crate::Expect::Open,
                false
            ),
            WaitClass::Unknown
        );
        assert_eq!(
            classify("Ja.", words::lists(&danish), crate::Expect::Open, false),
            WaitClass::Terminal
        );
    }
}
