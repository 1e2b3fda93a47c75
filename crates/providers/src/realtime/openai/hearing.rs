//! The caller's turns and their words, in the order of the conversation. Pure but for its clock.
//!
//! Words are written down by another model, which is in no hurry: those of a turn may come after its
//! answer, after those of a later turn, or never.

use std::{collections::VecDeque, time::Duration};

use domain::Millis;
use session::{Message, Span, Words};
use tokio::time::Instant;

use crate::realtime::{FromSpeaker, TranscriptionUsage};

/// More turns than this do not wait for their words.
const MOST: usize = 16;
/// More text than this is no turn.
const MAX_TEXT: usize = 64 * 1_024;

/// Turns whose words are not all told, in their order.
#[derive(Debug)]
pub(super) struct Hearing {
    /// How long words may take after their turn.
    patience: Duration,
    turns: VecDeque<Turn>,
    /// Settled words since the last prompt.
    written: Vec<String>,
    /// Items that were told, the newest last: what comes of them later is ignored.
    told: VecDeque<String>,
}

#[derive(Debug)]
struct Turn {
    item: String,
    previous: Option<String>,
    text: String,
    from: Option<Millis>,
    until: Option<Millis>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Its words have to come until then.
    Committed(Instant),
    /// The caller is speaking.
    Open,
    /// Its words are all there, or never will be.
    Settled(Option<TranscriptionUsage>),
}

impl Hearing {
    pub(super) const fn new(patience: Duration) -> Self {
        Self {
            patience,
            turns: VecDeque::new(),
            written: Vec::new(),
            told: VecDeque::new(),
        }
    }

    /// Whether nobody is speaking, and all words were told.
    pub(super) fn is_idle(&self) -> bool {
        self.turns.is_empty()
    }

    /// Whether the provider hears the caller speak.
    pub(super) fn is_open(&self) -> bool {
        self.turns.iter().any(|turn| turn.state == State::Open)
    }

    pub(super) fn on_started(&mut self, item: String, at: Millis) {
        self.turn(item).from = Some(at);
    }

    pub(super) fn on_stopped(&mut self, item: String, at: Millis) {
        self.turn(item).until = Some(at);
    }

    /// A turn is over, and stands behind this item.
    pub(super) fn on_committed(&mut self, item: String, previous: Option<String>, now: Instant) {
        if self.told.contains(&item) {
            return;
        }
        let due = now + self.patience;
        self.turn(item.clone()).previous = previous;
        // Turns do not overlap: whatever was open before this one will not be committed any more.
        for turn in &mut self.turns {
            if turn.state == State::Open {
                turn.state = State::Committed(due);
            }
            if turn.item == item {
                break;
            }
        }
        self.sort();
    }

    /// More words of a turn; those of the first turn that waits are told at once.
    pub(super) fn on_words(&mut self, item: String, text: &str, tell: &mut VecDeque<FromSpeaker>) {
        if self.told.contains(&item) {
            return;
        }
        let turn = self.turn(item.clone());
        if turn.text.len() + text.len() <= MAX_TEXT && !matches!(turn.state, State::Settled(_)) {
            turn.text.push_str(text);
        }
        let first = self.turns.front().filter(|first| first.item == item);
        if let Some(first) = first.filter(|first| !first.text.trim().is_empty()) {
            tell.push_back(first.words(None));
        }
    }

    /// All words of a turn; `None`: as many as there are.
    pub(super) fn on_settled(
        &mut self,
        item: String,
        (text, usage): (Option<String>, Option<TranscriptionUsage>),
        tell: &mut VecDeque<FromSpeaker>,
    ) {
        let Some(turn) = self.turns.iter_mut().find(|turn| turn.item == item) else {
            // Its time was up, and it was told without.
            tracing::debug!("late words dropped");
            return;
        };
        turn.state = State::Settled(usage);
        turn.text = text.unwrap_or_else(|| std::mem::take(&mut turn.text));
        self.tell_settled(tell);
    }

    /// When to call [`Hearing::on_deadline`].
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.turns.front()?.state {
            State::Committed(due) => Some(due),
            State::Open | State::Settled(_) => None,
        }
    }

    /// The first turn's words are overdue: what came of them has to do.
    pub(super) fn on_deadline(&mut self, tell: &mut VecDeque<FromSpeaker>) {
        if let Some(first) = self.turns.front_mut() {
            first.state = State::Settled(None);
        }
        self.tell_settled(tell);
    }

    /// A turn whose words nobody writes down.
    pub(super) fn forget(&mut self, item: &str) {
        self.turns.retain(|turn| turn.item != item);
    }

    /// What was being said is forgotten.
    pub(super) fn on_cleared(&mut self) {
        self.turns.retain(|turn| turn.state != State::Open);
    }

    /// The prompt has all words that were told so far.
    pub(super) fn on_prompt(&mut self) {
        self.written.clear();
    }

    /// Words that came after the prompt of their turn.
    pub(super) fn since_prompt(&self) -> impl Iterator<Item = Message> {
        self.written.iter().cloned().map(Message::Caller)
    }

    fn tell_settled(&mut self, tell: &mut VecDeque<FromSpeaker>) {
        while let Some(first) = self.turns.front() {
            match first.state {
                State::Settled(usage) => {
                    if !first.text.is_empty() && self.written.len() < MOST {
                        self.written.push(first.text.clone());
                    }
                    tell.push_back(first.words(Some(usage)));
                }
                State::Committed(_) | State::Open => {
                    if !first.text.trim().is_empty() {
                        tell.push_back(first.words(None));
                    }
                    return;
                }
            }
            if self.told.len() == MOST {
                self.told.pop_front();
            }
            let told = self.turns.pop_front().map(|turn| turn.item);
            self.told.extend(told);
        }
    }

    /// The turn of an item, a new one at the end if need be.
    fn turn(&mut self, item: String) -> &mut Turn {
        let at = self.turns.iter().position(|turn| turn.item == item);
        let at = at.unwrap_or_else(|| {
            if self.turns.len() == MOST {
                self.turns.pop_front();
            }
            self.turns.push_back(Turn {
                item,
                previous: None,
                text: String::new(),
                from: None,
                until: None,
                state: State::Open,
            });
            self.turns.len() - 1
        });
        &mut self.turns[at]
    }

    /// Puts every turn behind the one that it follows: events may overtake each other. Each pass
    /// brings at least one turn to its place, whatever the server says.
    fn sort(&mut self) {
        for _pass in 0..self.turns.len() {
            let misplaced = (0..self.turns.len()).find_map(|at| {
                let previous = self.turns[at].previous.as_ref()?;
                let before = self.turns.iter().position(|turn| turn.item == *previous)?;
                (before > at).then_some((at, before))
            });
            let Some((at, before)) = misplaced else {
                return;
            };
            if let Some(turn) = self.turns.remove(at) {
                self.turns.insert(before, turn);
            }
        }
    }
}

impl Turn {
    fn words(&self, settled: Option<Option<TranscriptionUsage>>) -> FromSpeaker {
        let span = self.from.zip(self.until);
        FromSpeaker::Words {
            words: Words {
                text: self.text.trim().to_owned(),
                settled: settled.is_some(),
                ends_utterance: settled.is_some(),
                span: span
                    .filter(|(from, until)| from <= until)
                    .map(|(from, until)| Span { from, until }),
                ..Words::default()
            },
            usage: settled.flatten(),
        }
    }
}

#[cfg(test)]
mod tests;
