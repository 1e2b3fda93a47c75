//! The scenarios as sound: simulated callers speak mu-law over the carrier's media socket to a real
//! server, in real time, while fake providers answer it on their own wires.
//!
//! Speech carries stamps in its lowest bits. By them the fake recogniser knows which words
//! reached it, however much noise and echo lie over them, and the carrier knows which words of the
//! agent were played.

mod arrivals;
mod call;
mod caller;
mod cast;
mod desk;
mod ear;
mod goals;
mod history;
mod judge;
mod line;
mod listener;
mod overlaps;
mod played;
mod providers;
mod recordings;
mod run;
mod server;
mod sounds;
#[cfg(test)]
mod stage;
mod stamp;
mod timeline;
mod truth;
mod turns;
mod voice;

pub use call::{Diary, Phone, Tracks};
pub use cast::{Cast, Role};
pub use history::HistoryError;
pub use judge::{CallReport, Finals, Stored};
pub use overlaps::{Overlapped, Source};
pub use providers::Fakes;
pub use recordings::{BadRecordings, Recordings, Wanted, wanted};
pub use run::Run;
pub use server::agents;
pub use turns::{Taken, TurnReport};
