use std::{
    ops::Deref,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::Instant;

use super::log::held;

/// What a request used, as the provider bills it: exactly, or about four characters to the token
/// where it was not told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Used {
    /// Tokens of the prompt that the cache has nothing to do with.
    pub fresh: u64,
    /// Of the prompt, read from the cache.
    pub cached: u64,
    /// Of the prompt, given to the cache for some minutes.
    pub cache_writes: u64,
    /// Of the prompt, given to the cache for an hour.
    pub long_cache_writes: u64,
    /// Tokens of the reply.
    pub output: u64,
    /// The client was told, but went away at once and before any of the reply: the news may have
    /// missed it.
    pub in_doubt: bool,
}

impl Used {
    /// Tokens of the whole prompt.
    #[must_use]
    pub const fn prompt(&self) -> u64 {
        self.fresh + self.cached + self.cache_writes + self.long_cache_writes
    }
}

/// News that may be on their way when a client goes away.
const ON_THEIR_WAY: Duration = Duration::from_millis(250);

/// The running bill of one request.
#[derive(Debug)]
pub(super) struct Tab(Mutex<Items>);

#[derive(Debug)]
struct Items {
    sent: u64,
    written: u64,
    /// Something of the reply went out, if only a piece of a call.
    began: bool,
    told: Option<(Used, Instant)>,
    ended: bool,
    closed: Option<Instant>,
}

/// The bill of a request that is still answered. Dropped once the answer is written, or nobody wants
/// it any more.
#[derive(Debug)]
pub(super) struct OpenTab(Arc<Tab>);

impl Deref for OpenTab {
    type Target = Tab;

    fn deref(&self) -> &Tab {
        &self.0
    }
}

impl Drop for OpenTab {
    fn drop(&mut self) {
        held(&self.0.0).closed = Some(Instant::now());
    }
}

impl Tab {
    /// A request with so many characters was taken.
    pub(super) const fn new(characters: u64) -> Self {
        Self(Mutex::new(Items {
            sent: characters,
            written: 0,
            began: false,
            told: None,
            ended: false,
            closed: None,
        }))
    }

    /// A piece of the reply went out, with this text in it.
    pub(super) fn wrote(&self, text: &str) {
        let mut items = held(&self.0);
        items.written += characters(text);
        items.began = true;
    }

    /// The client was told what it has used so far.
    pub(super) fn told(&self, used: Used) {
        held(&self.0).told = Some((used, Instant::now()));
    }

    /// The whole answer went out.
    pub(super) fn ended(&self) {
        held(&self.0).ended = true;
    }

    pub(super) fn used(&self) -> Used {
        let items = held(&self.0);
        let closed = items.closed.unwrap_or_else(Instant::now);
        let is_news = |(_, at): &(Used, Instant)| closed.duration_since(*at) < ON_THEIR_WAY;
        let in_doubt = items.told.as_ref().is_some_and(is_news) && !items.began && !items.ended;
        let told = items.told.map_or_else(
            || Used {
                fresh: tokens(items.sent),
                ..Used::default()
            },
            |(told, _at)| told,
        );
        Used {
            output: told.output.max(tokens(items.written)),
            in_doubt,
            ..told
        }
    }
}

/// The bills of all requests that were taken.
#[derive(Debug, Default)]
pub(super) struct Tabs(Mutex<Vec<Arc<Tab>>>);

impl Tabs {
    /// A request with so many characters; one that was refused is billed to nobody.
    pub(super) fn open(&self, characters: u64, refused: bool) -> OpenTab {
        let tab = Arc::new(Tab::new(characters));
        if !refused {
            held(&self.0).push(Arc::clone(&tab));
        }
        OpenTab(tab)
    }

    /// When the answer to each was over, in their order.
    pub(super) fn closed(&self) -> Vec<Option<Instant>> {
        held(&self.0)
            .iter()
            .map(|tab| held(&tab.0).closed)
            .collect()
    }

    /// What each has used so far, in their order.
    pub(super) fn used(&self) -> Vec<Used> {
        held(&self.0).iter().map(|tab| tab.used()).collect()
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

    fn used((fresh, output): (u64, u64)) -> Used {
        Used {
            fresh,
            output,
            ..Used::default()
        }
    }

    #[test]
    fn what_the_client_was_told_counts_more_than_a_guess() {
        let tab = Tab::new(9);
        tab.wrote("Hello");
        assert_eq!(tab.used(), used((3, 2)));
        tab.told(used((7, 1)));
        assert_eq!(tab.used(), used((7, 2)), "two were written");
        tab.told(used((7, 4)));
        assert_eq!(tab.used(), used((7, 4)));
    }

    #[test]
    fn who_goes_away_before_the_first_word_may_not_know_what_was_counted() {
        let tab = Tab::new(9);
        assert!(!tab.used().in_doubt, "nothing was told");
        tab.told(used((7, 1)));
        assert!(tab.used().in_doubt);
        tab.wrote("Hello");
        assert!(!tab.used().in_doubt);
        let wordless = Tab::new(9);
        wordless.told(used((7, 1)));
        wordless.ended();
        assert!(!wordless.used().in_doubt);
        let calling = Tab::new(9);
        calling.told(used((7, 1)));
        calling.wrote("");
        assert!(!calling.used().in_doubt, "a piece of a call");
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_told_long_before_he_went_away_knows_it() {
        let tabs = Tabs::default();
        let told = |tab: &OpenTab| tab.told(used((7, 1)));
        let (early, late) = (tabs.open(8, false), tabs.open(8, false));
        told(&early);
        tokio::time::advance(Duration::from_secs(1)).await;
        told(&late);
        drop((early, late));
        tokio::time::advance(Duration::from_secs(1)).await;
        let in_doubt: Vec<bool> = tabs.used().iter().map(|used| used.in_doubt).collect();
        assert_eq!(in_doubt, [false, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_over_when_nobody_answers_it_any_more() {
        let tabs = Tabs::default();
        let (first, _second) = (tabs.open(8, false), tabs.open(8, false));
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        drop(first);
        assert_eq!(tabs.closed(), [Some(Instant::now()), None]);
    }

    #[test]
    fn what_was_refused_is_on_no_bill() {
        let tabs = Tabs::default();
        tabs.open(8, true).wrote("No.");
        tabs.open(4, false);
        assert_eq!(tabs.used(), [used((1, 0))]);
    }
}
