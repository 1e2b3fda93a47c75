//! G.711, the two 8-bit codes of the telephone network: mu-law and A-law.

pub mod alaw;
pub mod ulaw;

/// How many bytes of either code are a millisecond: the telephone has 8,000 samples a second.
pub const BYTES_PER_MS: u64 = 8;

#[cfg(test)]
mod tests;
