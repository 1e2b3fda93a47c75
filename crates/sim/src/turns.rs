//! The benchmark of turn-taking: conversations with a known truth, and scores of what became of it.

pub mod generate;
pub mod scenario;
pub mod world;
