use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use domain::Purpose;
use providers::llm::{Tokens, Written};
use session::{Message, Prompt};
use tokio::time::{Duration, Instant};

use crate::{
    meters::Job,
    stations::Tried,
    tally::{Tally, TokenSums},
};

/// Characters of a token, roughly: what English text has. Only replies without a bill are guessed.
const CHARACTERS_PER_TOKEN: u64 = 4;

/// What having one reply written has consumed so far, whoever wrote at it.
///
/// The task that has it written and whoever may cancel it share it: what was consumed for nothing
/// is named apart, and it may be known before or after the cancellation.
#[derive(Debug)]
pub(crate) struct Draft {
    tally: Arc<Tally>,
    /// Counted for the conversation, by the model's place in the agent's list.
    spent: Vec<TokenSums>,
    discarded: AtomicBool,
    /// Who is asked no more, by their places: they failed, and the last of them in the middle.
    passed_over: Vec<AtomicBool>,
    /// Who broke off and was not replaced yet.
    broke_off: AtomicUsize,
    made: Instant,
    /// Since when it is being written, in milliseconds after that: see [`Draft::begun`].
    since_ms: AtomicU64,
}

/// Nobody writes.
const NEVER: u64 = u64::MAX;
/// No place in the list.
const NOBODY: usize = usize::MAX;

impl Draft {
    /// A reply that any of so many models may write.
    pub(crate) fn new(tally: Arc<Tally>, models: usize) -> Self {
        Self {
            tally,
            spent: (0..models).map(|_| TokenSums::default()).collect(),
            discarded: AtomicBool::new(false),
            passed_over: (0..models).map(|_| AtomicBool::new(false)).collect(),
            broke_off: AtomicUsize::new(NOBODY),
            made: Instant::now(),
            since_ms: AtomicU64::new(NEVER),
        }
    }

    /// Since when it is being written, whoever writes: whoever goes on with half a reply has no more
    /// time for it than the first.
    pub(crate) fn begun(&self) -> Instant {
        let now = u64::try_from(self.made.elapsed().as_millis()).unwrap_or(NEVER);
        let since = self
            .since_ms
            .compare_exchange(NEVER, now, Ordering::SeqCst, Ordering::SeqCst)
            .map_or_else(|since| since, |_| now);
        self.made + Duration::from_millis(since)
    }

    /// A request was answered to its end. What is asked for once the tools have answered has its own
    /// time.
    pub(crate) fn written(&self) {
        self.since_ms.store(NEVER, Ordering::SeqCst);
    }

    /// The model at this place writes it.
    pub(crate) fn written_by(&self, place: usize) {
        self.tally.works(Job::Think, place);
    }

    /// The last of those who were asked broke off.
    pub(crate) fn broke_off(&self, tried: &Tried) {
        for place in tried.places() {
            self.passed_over[place].store(true, Ordering::Relaxed);
        }
        let failed = tried.failed().unwrap_or(NOBODY);
        self.broke_off.store(failed, Ordering::Relaxed);
    }

    /// Who is not asked again for this reply. Whoever steps in for the one that broke off does so
    /// once.
    pub(crate) fn tried(&self) -> Tried {
        let broke_off = self.broke_off.swap(NOBODY, Ordering::Relaxed);
        let passed_over = self.passed_over.iter().enumerate();
        let places = passed_over.filter(|(_, passed)| passed.load(Ordering::Relaxed));
        Tried::of(
            places.map(|(place, _)| place),
            Some(broke_off).filter(|place| *place != NOBODY),
        )
    }

    /// Nobody was to hear it: it was begun too soon.
    pub(crate) fn discard(&self) {
        self.discarded.store(true, Ordering::SeqCst);
        for place in 0..self.spent.len() {
            self.move_over(place);
        }
    }

    fn spend(&self, place: usize, purpose: Purpose, tokens: Tokens) {
        self.tally.thought(place, purpose, tokens);
        if purpose == Purpose::Call {
            self.spent[place].add(tokens);
            if self.discarded.load(Ordering::SeqCst) {
                self.move_over(place);
            }
        }
    }

    fn move_over(&self, place: usize) {
        self.tally.discarded(place, self.spent[place].take_all());
    }
}

/// What one request consumes. A provider sends no bill for a request that was cancelled, but bills
/// it all the same: so what was sent and what came is counted along the way, and dropping this
/// settles it.
#[derive(Debug)]
pub(crate) struct Bill {
    draft: Arc<Draft>,
    place: usize,
    purpose: Purpose,
    input: u64,
    /// Characters that came.
    written: u64,
    /// What the provider counted along the way.
    counted: Option<Tokens>,
    settled: bool,
}

impl Bill {
    /// The model at this place is asked.
    pub(crate) fn asked(draft: &Arc<Draft>, place: usize, prompt: &Prompt) -> Self {
        let messages = prompt.messages.iter().map(length);
        let sent = characters(&prompt.system) + messages.sum::<u64>();
        Self {
            draft: Arc::clone(draft),
            place,
            purpose: Purpose::Call,
            input: tokens(sent),
            written: 0,
            counted: None,
            settled: false,
        }
    }

    /// A piece of the reply came.
    pub(crate) fn came(&mut self, piece: &Written) {
        self.written += match piece {
            Written::Text(text) => characters(text),
            Written::Tool(call) => characters(&call.name) + characters(&call.arguments),
            Written::Used(tokens) => {
                self.counted = Some(*tokens);
                return;
            }
        };
    }

    /// Whether any of it came.
    pub(crate) const fn began(&self) -> bool {
        self.written > 0
    }

    /// The provider said what it took.
    pub(crate) fn billed(mut self, tokens: Tokens) {
        self.settle(tokens);
    }

    /// It was not even tried, unless something was counted.
    pub(crate) fn refused(mut self) {
        self.settled = self.counted.is_none();
    }

    /// Somebody else writes the reply.
    pub(crate) fn hedged(mut self) -> Self {
        self.purpose = Purpose::Hedge;
        self
    }

    fn settle(&mut self, tokens: Tokens) {
        if !std::mem::replace(&mut self.settled, true) {
            self.draft.spend(self.place, self.purpose, tokens);
        }
    }
}

impl Drop for Bill {
    fn drop(&mut self) {
        let counted = self.counted.unwrap_or(Tokens {
            input: self.input,
            ..Tokens::default()
        });
        self.settle(Tokens {
            output: counted.output.max(tokens(self.written)),
            ..counted
        });
    }
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
        Message::Note(text) => characters(text),
        Message::Tool { output, .. } => characters(output),
    }
}

fn characters(text: &str) -> u64 {
    text.chars().count() as u64
}

#[cfg(test)]
mod tests {
    use domain::{Item, Millis, PriceBook, Receipt};

    use super::*;

    fn begun() -> (Arc<Tally>, Arc<Draft>, Bill) {
        let tally = Arc::new(Tally::for_tests());
        let draft = Arc::new(Draft::new(Arc::clone(&tally), 1));
        let prompt = Prompt {
            system: "You are Anna.".into(),
            messages: vec![Message::Caller("A table for four.".to_owned())],
            may_press: false,
        };
        let mut bill = Bill::asked(&draft, 0, &prompt);
        bill.came(&Written::Text("With pleasure. ".to_owned()));
        bill.came(&Written::Text("When?".to_owned()));
        (tally, draft, bill)
    }

    /// Tokens in and out, by purpose: for the call, hedged, speculative.
    fn used(tally: &Tally) -> [[u64; 2]; 3] {
        let Receipt(lines) = tally.receipt(Millis::ZERO, &PriceBook::default());
        [Purpose::Call, Purpose::Hedge, Purpose::Speculation].map(|purpose| {
            [Item::Input, Item::Output].map(|item| {
                let of = lines
                    .iter()
                    .filter(|line| (line.purpose, line.item) == (purpose, item));
                of.map(|line| line.amount).sum()
            })
        })
    }

    const BILL: Tokens = Tokens {
        input: 100,
        cached: 0,
        cache_writes: 0,
        long_cache_writes: 0,
        output: 9,
    };

    #[test]
    fn a_cancelled_reply_is_counted_as_far_as_it_came() {
        let (tally, _draft, bill) = begun();
        drop(bill);
        assert_eq!(used(&tally), [[8, 5], [0, 0], [0, 0]]);
    }

    #[test]
    fn what_was_begun_too_soon_is_named_apart_whenever_its_bill_comes() {
        let (tally, draft, bill) = begun();
        draft.discard();
        drop(bill);
        assert_eq!(used(&tally), [[0, 0], [0, 0], [8, 5]]);
        let (tally, draft, bill) = begun();
        bill.billed(BILL);
        draft.discard();
        assert_eq!(used(&tally), [[0, 0], [0, 0], [100, 9]]);
    }

    #[test]
    fn a_bill_is_better_than_a_guess_and_counts_once() {
        let (tally, draft, bill) = begun();
        bill.billed(BILL);
        draft.discard();
        draft.discard();
        assert_eq!(used(&tally), [[0, 0], [0, 0], [100, 9]]);
    }

    #[test]
    fn who_lost_the_race_is_paid_all_the_same() {
        let (tally, draft, bill) = begun();
        drop(bill.hedged());
        draft.discard();
        assert_eq!(used(&tally), [[0, 0], [8, 5], [0, 0]]);
    }

    #[test]
    fn what_the_provider_counted_is_paid_whatever_became_of_the_reply() {
        const COUNTED: Tokens = Tokens {
            input: 1_225,
            cached: 1_200,
            output: 1,
            ..BILL
        };
        let (tally, _draft, mut bill) = begun();
        bill.came(&Written::Used(COUNTED));
        drop(bill);
        assert_eq!(used(&tally), [[25, 5], [0, 0], [0, 0]], "five came since");

        let (tally, _draft, mut bill) = begun();
        bill.came(&Written::Used(Tokens {
            output: 300,
            ..COUNTED
        }));
        bill.refused();
        assert_eq!(used(&tally), [[25, 300], [0, 0], [0, 0]]);
    }

    #[test]
    fn a_refusal_costs_nothing() {
        let (tally, _draft, bill) = begun();
        bill.refused();
        assert_eq!(used(&tally), [[0, 0]; 3]);
    }
}
