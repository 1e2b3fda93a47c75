use std::sync::Mutex;

use super::log::held;

/// What a request used, as the provider bills it: exactly, or about four characters to the token
/// where it was not told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Used {
    /// Tokens of the prompt.
    pub input: u64,
    /// Tokens of the reply.
    pub output: u64,
}

/// The running bill of one request.
#[derive(Debug)]
pub(super) struct Tab(Mutex<Items>);

#[derive(Debug)]
struct Items {
    sent: u64,
    written: u64,
    told: Option<Used>,
}

impl Tab {
    /// A request with so many characters was taken.
    pub(super) const fn new(characters: u64) -> Self {
        Self(Mutex::new(Items {
            sent: characters,
            written: 0,
            told: None,
        }))
    }

    /// A piece of the reply went out.
    pub(super) fn wrote(&self, text: &str) {
        held(&self.0).written += characters(text);
    }

    /// The client was told what it has used.
    pub(super) fn told(&self, used: Used) {
        held(&self.0).told = Some(used);
    }

    pub(super) fn used(&self) -> Used {
        let items = held(&self.0);
        items.told.unwrap_or(Used {
            input: tokens(items.sent),
            output: tokens(items.written),
        })
    }
}

pub(super) fn characters(text: &str) -> u64 {
    text.chars().count() as u64
}

fn tokens(characters: u64) -> u64 {
    const CHARACTERS: u64 = 4;
    characters.div_ceil(CHARACTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_was_told_counts_more_than_a_guess() {
        let tab = Tab::new(9);
        tab.wrote("Hello");
        let (guess, told) = ((3, 2), (7, 1));
        let used = |(input, output)| Used { input, output };
        assert_eq!(tab.used(), used(guess));
        tab.told(used(told));
        assert_eq!(tab.used(), used(told));
    }
}
