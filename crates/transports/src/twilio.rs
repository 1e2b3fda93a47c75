//! Twilio: webhooks and their signatures, the documents that answer them, and the media socket.
//!
//! Everything but [`stream`]'s socket is pure. Parsing never acts: routes live elsewhere.

pub mod form;
pub mod public_url;
pub mod signature;
pub mod stream;
pub mod token;
pub mod twiml;
pub mod webhook;
