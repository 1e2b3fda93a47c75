//! Colours for people at a terminal.

use std::io::{self, IsTerminal};

/// Whether and how text is coloured.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Paint {
    /// For terminals.
    Coloured,
    /// For files, pipes and who set `NO_COLOR`.
    Plain,
}

/// What a piece of text is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tone {
    /// What the agent says.
    Agent,
    /// What went wrong.
    Bad,
    /// What the caller says.
    Caller,
    /// What is of less interest.
    Faint,
    /// What went well.
    Good,
    /// A heading.
    Strong,
}

impl Paint {
    /// What suits standard output.
    pub(crate) fn for_stdout() -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        if wanted && io::stdout().is_terminal() {
            Self::Coloured
        } else {
            Self::Plain
        }
    }

    /// The text in its tone. Control characters in it cannot reach the terminal.
    pub(crate) fn tone(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Agent => "36",
            Tone::Bad => "31",
            Tone::Caller => "33",
            Tone::Faint => "2",
            Tone::Good => "32",
            Tone::Strong => "1",
        };
        self.code(code, text)
    }

    /// The text in one of the colours of a bar.
    pub(crate) fn bar(self, index: usize, text: &str) -> String {
        const CODES: [&str; 5] = ["34", "90", "35", "36", "32"];
        self.code(CODES[index % CODES.len()], text)
    }

    fn code(self, code: &str, text: &str) -> String {
        let text: String = text.chars().filter(|char| !char.is_control()).collect();
        match self {
            Self::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Self::Plain => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_said_cannot_move_the_cursor() {
        let hostile = "\u{1b}[2Jgone\n";
        assert_eq!(Paint::Plain.tone(Tone::Caller, hostile), "[2Jgone");
        assert_eq!(
            Paint::Coloured.tone(Tone::Bad, "no"),
            "\u{1b}[31mno\u{1b}[0m"
        );
    }
}
