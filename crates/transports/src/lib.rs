//! How a call reaches us. A line is what the driver sees of it: one reader, one writer.

mod line;
mod rounds;
pub mod twilio;

pub use line::{FromLine, LineGone, LineReader, LineWriter};
pub use rounds::Round;
pub use session::{AfterSaying, RoundHeard};
