use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use providers::llm::{Tokens, Written};
use session::{Message, Prompt};

use crate::tally::Tally;

/// Characters of a token, roughly: what English text has. Only replies without a bill are guessed.
const CHARACTERS_PER_TOKEN: u64 = 4;

/// What having one reply written consumes.
///
/// The task that has it written and whoever may cancel it share it: a provider sends no bill for a
/// reply that was cancelled, but bills it all the same. So what was sent and what came is counted
/// along the way, and stands for the bill when there is none.
#[derive(Debug)]
pub(crate) struct Draft {
    tally: Arc<Tally>,
    input: AtomicU64,
    /// In characters until it is settled.
    written: AtomicU64,
    output: AtomicU64,
    /// Whether it is counted in the tally.
    settled: AtomicBool,
}

impl Draft {
    pub(crate) fn new(tally: Arc<Tally>) -> Self {
        Self {
            tally,
            input: AtomicU64::new(0),
            written: AtomicU64::new(0),
            output: AtomicU64::new(0),
            settled: AtomicBool::new(false),
        }
    }

    /// A provider was asked.
    pub(crate) fn asked(&self, prompt: &Prompt) {
        let characters =
            characters(&prompt.system) + prompt.messages.iter().map(length).sum::<u64>();
        self.input.store(tokens(characters), Ordering::Relaxed);
        self.written.store(0, Ordering::Relaxed);
        self.output.store(0, Ordering::Relaxed);
    }

    /// A piece of the reply came.
    pub(crate) fn came(&self, piece: &Written) {
        let more = match piece {
            Written::Text(text) => characters(text),
            Written::Tool(call) => characters(&call.name) + characters(&call.arguments),
        };
        let before = self.written.fetch_add(more, Ordering::Relaxed);
        self.output.store(tokens(before + more), Ordering::Relaxed);
    }

    /// The provider said what it took.
    pub(crate) fn billed(&self, bill: Tokens) {
        self.input.store(bill.input, Ordering::Relaxed);
        self.output.store(bill.output, Ordering::Relaxed);
        if !self.settled.swap(true, Ordering::AcqRel) {
            self.tally.thought(bill);
        }
    }

    /// Nobody wants the rest of it. `unheard`: nor was any of it meant to be heard.
    pub(crate) fn cancelled(&self, unheard: Unheard) {
        let settled = self.settled.swap(true, Ordering::AcqRel);
        let spent = Tokens {
            input: self.input.load(Ordering::Relaxed),
            cached: 0,
            output: self.output.load(Ordering::Relaxed),
        };
        if !settled {
            self.tally.thought(spent);
        }
        match unheard {
            Unheard::Discarded => self.tally.discarded(spent),
            Unheard::Rest => {}
        }
    }
}

/// How much of a cancelled reply nobody heard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unheard {
    /// All of it: it was begun too soon.
    Discarded,
    /// What came after the caller cut in, at most.
    Rest,
}

fn tokens(characters: u64) -> u64 {
    characters.div_ceil(CHARACTERS_PER_TOKEN)
}

fn length(message: &Message) -> u64 {
    match message {
        Message::Agent { text, tools, .. } => {
            let tools = tools
                .iter()
                .map(|tool| characters(&tool.name) + characters(&tool.arguments));
            characters(text) + tools.sum::<u64>()
        }
        Message::Caller(text) => characters(text),
        Message::Tool { output, .. } => characters(output),
    }
}

fn characters(text: &str) -> u64 {
    text.chars().count() as u64
}

#[cfg(test)]
mod tests {
    use domain::{Millis, Usage};

    use super::*;

    fn begun() -> (Arc<Tally>, Draft) {
        let tally = Arc::new(Tally::default());
        let draft = Draft::new(Arc::clone(&tally));
        draft.asked(&Prompt {
            system: "You are Anna.".into(),
            messages: vec![Message::Caller("A table for four.".to_owned())],
        });
        draft.came(&Written::Text("With pleasure. ".to_owned()));
        draft.came(&Written::Text("When?".to_owned()));
        (tally, draft)
    }

    fn used(tally: &Tally) -> [u64; 4] {
        let Usage {
            llm_input_tokens,
            llm_output_tokens,
            llm_discarded_input_tokens,
            llm_discarded_output_tokens,
            ..
        } = tally.usage(Millis::ZERO);
        [
            llm_input_tokens,
            llm_output_tokens,
            llm_discarded_input_tokens,
            llm_discarded_output_tokens,
        ]
    }

    const BILL: Tokens = Tokens {
        input: 100,
        cached: 0,
        output: 9,
    };

    #[test]
    fn a_cancelled_reply_is_counted_as_far_as_it_came() {
        let (tally, draft) = begun();
        draft.cancelled(Unheard::Rest);
        assert_eq!(used(&tally), [8, 5, 0, 0]);
    }

    #[test]
    fn what_was_begun_too_soon_is_named_apart() {
        let (tally, draft) = begun();
        draft.cancelled(Unheard::Discarded);
        assert_eq!(used(&tally), [8, 5, 8, 5]);
    }

    #[test]
    fn a_bill_is_better_than_a_guess_and_counts_once() {
        let (tally, draft) = begun();
        draft.billed(BILL);
        draft.cancelled(Unheard::Discarded);
        assert_eq!(used(&tally), [100, 9, 100, 9]);
    }

    #[test]
    fn a_bill_that_comes_too_late_is_not_counted_again() {
        let (tally, draft) = begun();
        draft.cancelled(Unheard::Rest);
        draft.billed(BILL);
        assert_eq!(used(&tally), [8, 5, 0, 0]);
    }

    #[test]
    fn a_reply_that_nobody_was_asked_for_costs_nothing() {
        let tally = Arc::new(Tally::default());
        Draft::new(Arc::clone(&tally)).cancelled(Unheard::Discarded);
        assert_eq!(used(&tally), [0; 4]);
    }
}
