//! Recognises recordings that it knows, byte for byte, in a stream of mu-law audio.
//!
//! Between a simulated caller and a recogniser the audio passes unchanged, so a known phrase needs
//! no speech recognition: some of its eight-byte windows, one about every 50 ms, are looked for at
//! every byte of the stream. The phrase may begin at any byte, in pieces of any size, and silence
//! may be inserted. Pure: time is counted in bytes, 8 for a millisecond.
//!
//! A [`Book`] holds the recordings, a [`Matcher`] listens to one stream. Anything that is not in
//! the book is silence to it: this is no speech recogniser, and says nothing about real speech.

mod book;
mod matcher;

pub use book::Book;
pub use matcher::{Match, Matcher};

#[cfg(test)]
mod tests;
