//! The benchmark of turn-taking: conversations with a known truth, and scores of what became of it.

pub(crate) mod bounds;
pub mod generate;
pub mod layer1;
pub mod layer2;
pub mod picture;
pub mod report;
pub mod scenario;
pub mod score;
pub(crate) mod text;
pub mod world;
