use std::collections::BTreeMap;

use domain::CarrierCallId;

use super::{
    Oddities, Oddity, Rejected,
    wire::{self, Format, FromTwilio, Unreadable},
};

/// The order in which a stream must begin: `connected`, then `start`.
#[derive(Debug, Default)]
pub(super) struct Opening {
    connected: bool,
    ignored: u32,
}

/// Whose stream it is, checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Start {
    /// The carrier's id of the call.
    pub call: CarrierCallId,
    /// The carrier's id of the stream.
    pub stream_sid: String,
    /// The carrier's account, if said.
    pub account: Option<String>,
    /// What our document gave it to bring along.
    pub parameters: BTreeMap<String, String>,
}

impl Opening {
    /// A second of audio. Who sends more before saying whose it is will not say it.
    const MAX_IGNORED: u32 = 50;

    /// Takes a message; returns the start when this was it.
    pub(super) fn text(
        &mut self,
        text: &str,
        oddities: &Oddities,
    ) -> Result<Option<Start>, Rejected> {
        let message = wire::read(text).map_err(|why| {
            oddities.note(Oddity::BadJson);
            Rejected::BadStart(why)
        })?;
        match message {
            FromTwilio::Connected if !self.connected => {
                self.connected = true;
                Ok(None)
            }
            FromTwilio::Start(start) if self.connected => check(*start).map(Some),
            FromTwilio::Media(_) => self.ignore(Oddity::EarlyMedia, "media", oddities),
            FromTwilio::Other => self.ignore(Oddity::UnknownEvent, "unknown event", oddities),
            FromTwilio::Connected => Err(Rejected::WrongOrder("connected")),
            FromTwilio::Start(_) => Err(Rejected::WrongOrder("start")),
            FromTwilio::Dtmf(_) => Err(Rejected::WrongOrder("dtmf")),
            FromTwilio::Mark(_) => Err(Rejected::WrongOrder("mark")),
            FromTwilio::Stop => Err(Rejected::WrongOrder("stop")),
        }
    }

    /// Takes a binary frame.
    pub(super) fn binary(&mut self, oddities: &Oddities) -> Result<(), Rejected> {
        self.ignore(Oddity::BinaryFrame, "binary frame", oddities)
            .map(|_no_start| ())
    }

    fn ignore(
        &mut self,
        oddity: Oddity,
        what: &'static str,
        oddities: &Oddities,
    ) -> Result<Option<Start>, Rejected> {
        oddities.note(oddity);
        self.ignored += 1;
        if self.ignored > Self::MAX_IGNORED {
            Err(Rejected::WrongOrder(what))
        } else {
            Ok(None)
        }
    }
}

fn check(start: wire::Start<'_>) -> Result<Start, Rejected> {
    if let Some(format) = start.format.filter(|format| !is_ours(format)) {
        let Format {
            encoding,
            sample_rate,
            channels,
        } = format;
        let encoding: String = encoding
            .chars()
            .filter(|c| !c.is_control())
            .take(40)
            .collect();
        return Err(Rejected::Format(format!(
            "{encoding} {sample_rate:?} {channels:?}"
        )));
    }
    let call = start.call_sid.parse();
    // Goes into every message that we send: no surprises in it.
    let stream: Result<CarrierCallId, _> = start.stream_sid.parse();
    let (Ok(call), Ok(stream)) = (call, stream) else {
        return Err(Rejected::BadStart(Unreadable::Missing(
            "a callSid and a streamSid of letters and digits",
        )));
    };
    Ok(Start {
        call,
        stream_sid: stream.as_str().to_owned(),
        account: start.account_sid.map(|sid| sid.chars().take(64).collect()),
        parameters: start.parameters,
    })
}

fn is_ours(format: &Format<'_>) -> bool {
    format.encoding == "audio/x-mulaw"
        && format.sample_rate.is_none_or(|hz| hz == 8000)
        && format.channels.is_none_or(|channels| channels == 1)
}
