//! G.711, the two 8-bit codes of the telephone network: mu-law and A-law.

pub mod alaw;
pub mod ulaw;

#[cfg(test)]
mod tests;
