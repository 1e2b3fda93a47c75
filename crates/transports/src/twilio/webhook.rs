//! What Twilio's voice webhooks say. Unknown fields are ignored, most known ones may be missing.

mod gather;

use domain::{CarrierCallId, Direction, Party, PhoneNumber};

use super::form::{BadForm, Form};

pub use gather::{heard, turn};

/// Why a webhook cannot be read. The answer is 400.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadWebhook {
    /// The body is not a form.
    #[error(transparent)]
    Form(#[from] BadForm),
    /// Nothing can be done without this field.
    #[error("field `{0}` is missing")]
    Missing(&'static str),
    /// The field is there but cannot be what it should be.
    #[error("field `{field}`: {why}")]
    Field {
        /// Its name.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// A call as the carrier describes it: an inbound call, an `action`, or a status callback.
#[derive(Clone, Debug, PartialEq)]
pub struct VoiceRequest {
    /// The carrier's id of the call.
    pub call: CarrierCallId,
    /// The account that owns it, if said.
    pub account: Option<String>,
    /// Who calls. Never proof of identity.
    pub from: Party,
    /// Who is called.
    pub to: Party,
    /// Where the call stands, if said in a word that we know.
    pub status: Option<CallStatus>,
    /// Which way it goes.
    pub direction: Direction,
}

impl VoiceRequest {
    /// The dialled number, by which the tenant is chosen. `None` for `sip:…` and the like.
    #[must_use]
    pub fn called(&self) -> Option<&PhoneNumber> {
        match &self.to {
            Party::Number(number) => Some(number),
            Party::Hidden | Party::Other(_) => None,
        }
    }
}

/// Where a call stands, in the carrier's words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CallStatus {
    /// The line was engaged.
    Busy,
    /// We called it off before it was answered.
    Canceled,
    /// It was answered and is over.
    Completed,
    /// It could not be put through.
    Failed,
    /// Someone is on the line.
    InProgress,
    /// It left the queue.
    Initiated,
    /// Nobody answered.
    NoAnswer,
    /// It waits to be dialled.
    Queued,
    /// The phone rings.
    Ringing,
}

impl CallStatus {
    /// Reads the carrier's word. Unknown words are `None`: new ones appear.
    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Some(match word {
            "busy" => Self::Busy,
            "canceled" => Self::Canceled,
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            "in-progress" => Self::InProgress,
            "initiated" => Self::Initiated,
            "no-answer" => Self::NoAnswer,
            "queued" => Self::Queued,
            "ringing" => Self::Ringing,
            _ => return None,
        })
    }

    /// Whether nothing can follow.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Busy | Self::Canceled | Self::Completed | Self::Failed | Self::NoAnswer => true,
            Self::InProgress | Self::Initiated | Self::Queued | Self::Ringing => false,
        }
    }
}

/// What a stream's status callback reports.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamRequest {
    /// The carrier's id of the call.
    pub call: CarrierCallId,
    /// The carrier's id of the stream.
    pub stream_sid: String,
    /// What happened to it.
    pub event: StreamEvent,
}

/// What happened to a media stream, seen from the carrier.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StreamEvent {
    /// It could not be opened, or broke.
    Error(String),
    /// Something that we have no word for.
    Other(String),
    /// It runs.
    Started,
    /// It is over.
    Stopped,
}

/// Reads a voice webhook, an `action` request, or a call's status callback.
///
/// # Errors
/// When the body is not a form or names no call.
pub fn parse(body: &[u8]) -> Result<VoiceRequest, BadWebhook> {
    read(&Form::parse(body)?)
}

/// The same for a form that is decoded already, because its signature was checked.
///
/// # Errors
/// When it names no call.
pub fn read(form: &Form) -> Result<VoiceRequest, BadWebhook> {
    let outbound = form
        .get("Direction")
        .is_some_and(|word| word.starts_with("outbound"));
    Ok(VoiceRequest {
        call: call(form)?,
        account: text(form, "AccountSid"),
        from: Party::read(first(form, ["From", "Caller"])),
        to: Party::read(first(form, ["To", "Called"])),
        status: form.get("CallStatus").and_then(CallStatus::read),
        direction: if outbound {
            Direction::Outbound
        } else {
            Direction::Inbound
        },
    })
}

/// Reads a stream's status callback.
///
/// # Errors
/// When it names no call, no stream or no event.
pub fn read_stream(form: &Form) -> Result<StreamRequest, BadWebhook> {
    let event = text(form, "StreamEvent").ok_or(BadWebhook::Missing("StreamEvent"))?;
    Ok(StreamRequest {
        call: call(form)?,
        stream_sid: text(form, "StreamSid").ok_or(BadWebhook::Missing("StreamSid"))?,
        event: match event.as_str() {
            "stream-error" => StreamEvent::Error(text(form, "StreamError").unwrap_or_default()),
            "stream-started" => StreamEvent::Started,
            "stream-stopped" => StreamEvent::Stopped,
            _ => StreamEvent::Other(event),
        },
    })
}

fn call(form: &Form) -> Result<CarrierCallId, BadWebhook> {
    let text = form.get("CallSid").ok_or(BadWebhook::Missing("CallSid"))?;
    text.parse()
        .map_err(|why: domain::BadId| BadWebhook::Field {
            field: "CallSid",
            why: why.to_string(),
        })
}

/// A short text for logs and records, without what could break a log line.
fn text(form: &Form, name: &str) -> Option<String> {
    const MAX_CHARS: usize = 200;
    let value = form.get(name)?;
    Some(
        value
            .chars()
            .filter(|char| !char.is_control())
            .take(MAX_CHARS)
            .collect(),
    )
}

fn first<'a, const N: usize>(form: &'a Form, names: [&str; N]) -> &'a str {
    names
        .iter()
        .find_map(|name| form.get(name))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_inbound_call_is_read() {
        let request = parse(
            b"CallSid=CA5a&AccountSid=AC1&From=%2B14155550100&To=%2B14155550199\
              &CallStatus=ringing&Direction=inbound&Novelty=1",
        )
        .unwrap();
        assert_eq!(request.call.as_str(), "CA5a");
        assert_eq!(request.account.as_deref(), Some("AC1"));
        assert_eq!(request.from.as_str(), "+14155550100");
        assert_eq!(
            request.called().map(PhoneNumber::as_str),
            Some("+14155550199")
        );
        assert_eq!(request.status, Some(CallStatus::Ringing));
        assert_eq!(request.direction, Direction::Inbound);
    }

    #[test]
    fn an_odd_caller_is_accepted() {
        for (from, party) in [
            ("anonymous", Party::Hidden),
            ("", Party::Hidden),
            ("client%3Aada", Party::Other("client:ada".to_owned())),
            ("%00%3Cscript%3E", Party::Other("\0<script>".to_owned())),
        ] {
            let request = parse(format!("CallSid=CA5a&From={from}").as_bytes()).unwrap();
            assert_eq!(request.from, party, "{from}");
            assert_eq!(request.called(), None);
        }
    }

    #[test]
    fn the_first_of_a_repeated_field_counts() {
        let request =
            parse(b"CallSid=CA1&CallSid=CA2&To=%2B14155550199&To=%2B14155550100").unwrap();
        assert_eq!(request.call.as_str(), "CA1");
        assert_eq!(request.to.as_str(), "+14155550199");
    }

    #[test]
    fn an_error_names_the_field() {
        for (body, message) in [
            (&b"From=1"[..], "field `CallSid` is missing"),
            (
                b"CallSid=",
                "field `CallSid`: a carrier's call id has 1 to 64 letters and digits",
            ),
            (
                b"CallSid=a%2Fb",
                "field `CallSid`: a carrier's call id has 1 to 64 letters and digits",
            ),
            (b"CallSid=%ff", "field 1 of the form is not UTF-8"),
        ] {
            assert_eq!(
                parse(body).map_err(|why| why.to_string()),
                Err(message.to_owned())
            );
        }
    }

    #[test]
    fn a_final_status_is_known_as_such() {
        assert_eq!(
            CallStatus::read("no-answer").map(CallStatus::is_final),
            Some(true)
        );
        assert_eq!(
            CallStatus::read("in-progress").map(CallStatus::is_final),
            Some(false)
        );
        assert_eq!(CallStatus::read("teleported"), None);
    }

    #[test]
    fn a_stream_callback_is_read() {
        let read = |event: &str| {
            let body = format!("CallSid=CA1&StreamSid=MZ1&StreamError=late%0A&StreamEvent={event}");
            read_stream(&Form::parse(body.as_bytes()).unwrap())
                .unwrap()
                .event
        };
        assert_eq!(read("stream-started"), StreamEvent::Started);
        assert_eq!(read("stream-stopped"), StreamEvent::Stopped);
        assert_eq!(read("stream-error"), StreamEvent::Error("late".to_owned()));
        assert_eq!(
            read("stream-sang"),
            StreamEvent::Other("stream-sang".to_owned())
        );
        let without = Form::parse(b"CallSid=CA1&StreamSid=MZ1").unwrap();
        assert_eq!(
            read_stream(&without),
            Err(BadWebhook::Missing("StreamEvent"))
        );
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&[b"CallSid=CA1&From=", &body[..]].concat());
        }
    }
}
