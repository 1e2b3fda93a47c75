//! Binds two speech libraries of the operating system, if they are there: flite, which speaks, and
//! pocketsphinx, which listens.
//!
//! Nothing is linked: the libraries are looked for when the program runs, and where they are absent
//! the caller gets a [`Missing`] that says what to install. This is the one crate that calls foreign
//! functions; what it hands out is safe.

mod flite;
mod grammar;
mod missing;
mod sphinx;

pub use flite::{Flite, FliteVoice, Pcm, VoiceName};
pub use grammar::spelled;
pub use missing::Missing;
pub use sphinx::{Decoder, DecoderError, Hear, Sphinx};
