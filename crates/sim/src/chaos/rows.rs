//! The rows, in the order of their numbers.

mod clock;
mod keys;
mod listening;
mod outage;
mod speaking;
mod talking;
mod thinking;

use std::pin::Pin;

use super::{Findings, Set};

type Running = Pin<Box<dyn Future<Output = anyhow::Result<Findings>> + Send>>;

/// How much of a machine a row takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Weight {
    /// It makes work: one of these runs at a time.
    Heavy,
    /// It waits.
    Light,
    /// It disturbs, and is disturbed by, others: it runs alone.
    Whole,
}

/// One fault, and what is required of us.
#[derive(Clone, Copy)]
pub struct Row {
    /// Its number: `F01`.
    pub name: &'static str,
    /// What goes wrong.
    pub fault: &'static str,
    /// What has to happen.
    pub required: &'static str,
    /// How much of a machine it takes.
    pub weight: Weight,
    /// Sets that it says nothing about, and why.
    but_for: &'static [(Set, &'static str)],
    run: fn(Set) -> Running,
}

impl Row {
    /// Lets it go wrong for those who listen, think and speak in a set, in real time.
    ///
    /// # Errors
    /// When the stage could not be set: that says nothing about the fault.
    pub async fn run(&self, set: Set) -> anyhow::Result<Findings> {
        (self.run)(set).await
    }

    /// Why it is not played with this set, if it is not.
    #[must_use]
    pub fn why_not(&self, set: Set) -> Option<&'static str> {
        let mut but_for = self.but_for.iter();
        but_for
            .find(|(other, _)| *other == set)
            .map(|(_, why)| *why)
    }
}

/// All rows that are played.
#[must_use]
pub fn rows() -> Vec<Row> {
    let parts = [
        listening::ROWS,
        thinking::ROWS,
        speaking::ROWS,
        talking::ROWS,
        keys::ROWS,
        outage::ROWS,
        clock::ROWS,
    ];
    parts.concat()
}

const fn row(
    name: &'static str,
    fault: &'static str,
    required: &'static str,
    run: fn(Set) -> Running,
) -> Row {
    Row {
        name,
        fault,
        required,
        weight: Weight::Light,
        but_for: &[],
        run,
    }
}
