use tokio::{sync::mpsc, time::Instant};

/// Where the fakes report what passed over their sockets and when. Full means lost, never late.
pub type Timeline = mpsc::Sender<Moment>;

/// Something that passed over a provider's socket.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// When, on the clock that all fakes of one process share.
    pub at: Instant,
    /// What.
    pub what: What,
}

/// What passed.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A chat request came in; the last thing the caller said in it.
    ChatAsked(String),
    /// Final words were sent that end an utterance.
    FinalSent(String),
    /// The first audio of this text was sent.
    SpeechSent(String),
    /// Text to be spoken came in.
    TextAsked(String),
    /// A piece of a reply was sent.
    TextSent(String),
}

/// Reports to a timeline, if there is one, what passed at this moment.
///
/// A request came in before it was read and judged: what a fake does with it is its own time. Over a
/// socket it came when its message was taken.
pub(crate) fn report(timeline: Option<&Timeline>, at: Instant, what: impl FnOnce() -> What) {
    if let Some(timeline) = timeline {
        let moment = Moment { at, what: what() };
        // A full timeline loses moments: whoever measures sees that turns are missing.
        let _ = timeline.try_send(moment);
    }
}
