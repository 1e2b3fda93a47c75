mod gather;

use std::{borrow::Cow, time::Duration};

use quick_xml::{
    Reader,
    events::{BytesStart, Event, attributes::Attribute},
};

pub use gather::{Gather, Input};

/// One thing to do with a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verb {
    /// Open a media stream; the rest waits until it ends.
    Connect(Stream),
    /// Put the caller through: the call leaves our hands.
    Dial,
    /// Say something, listen, and tell what was heard.
    Gather(Gather),
    /// End the call.
    Hangup,
    /// Wait in silence.
    Pause(Duration),
    /// Fetch another document; what follows never runs.
    Redirect(String),
    /// Do not answer at all.
    Reject,
    /// Speak in the carrier's own voice.
    Say(String),
}

/// A media stream as a document asks for it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Stream {
    /// The socket.
    pub url: String,
    /// Asked when the stream has ended.
    pub action: Option<String>,
    /// Told about starts, stops and errors.
    pub status_callback: Option<String>,
    /// What comes back in `start`, in order.
    pub parameters: Vec<(String, String)>,
}

impl Verb {
    /// The verb with whole URLs: a document may leave out what its own URL has.
    pub(crate) fn seen_from(self, base: &str) -> Self {
        let whole = |url: Option<String>| url.map(|url| absolute(base, &url));
        match self {
            Self::Connect(stream) => Self::Connect(Stream {
                action: whole(stream.action),
                status_callback: whole(stream.status_callback),
                ..stream
            }),
            Self::Gather(gather) => Self::Gather(Gather {
                action: absolute(base, &gather.action),
                ..gather
            }),
            Self::Redirect(url) => Self::Redirect(absolute(base, &url)),
            Self::Dial | Self::Hangup | Self::Pause(_) | Self::Reject | Self::Say(_) => self,
        }
    }
}

/// Why the carrier cannot use a document: its own error code and words.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("error {code}: {what}")]
pub struct BadDocument {
    /// As in the carrier's debugger.
    pub code: u32,
    /// What is wrong.
    pub what: String,
}

/// Larger answers are refused.
const LARGEST: usize = 64 * 1024;

/// Reads a document as strictly as the carrier, which knows each verb by its exact name.
pub(crate) fn read(text: &str) -> Result<Vec<Verb>, BadDocument> {
    if text.len() > LARGEST {
        return Err(bad(11750, "the response body is too large"));
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut reading = Reading::default();
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(Event::Start(tag)) => {
                reading.open(&tag)?;
                reading.depth += 1;
            }
            Ok(Event::Empty(tag)) => {
                reading.open(&tag)?;
                reading.depth += 1;
                reading.close()?;
            }
            Ok(Event::End(_)) => reading.close()?,
            Ok(Event::Text(text)) => reading.text.push_str(&text),
            Ok(Event::GeneralRef(name)) => reading.reference(&name)?,
            Ok(Event::CData(text)) => reading.text.push_str(&text),
            Ok(Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_)) => {}
            Err(why) => return Err(bad(12100, format!("the document is no XML: {why}"))),
        }
    }
    if reading.depth != 0 || !reading.responded {
        return Err(bad(12100, "the document is not a whole <Response>"));
    }
    Ok(reading.verbs)
}

#[derive(Default)]
struct Reading {
    depth: usize,
    responded: bool,
    verbs: Vec<Verb>,
    open: Option<Verb>,
    /// A verb inside of that one.
    nested: Option<Verb>,
    /// The stream inside a `<Connect>` was seen.
    streamed: bool,
    text: String,
}

impl Reading {
    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), BadDocument> {
        let name = tag.name().as_ref().to_owned();
        match (self.depth, name.as_str()) {
            (0, "Response") if !self.responded => self.responded = true,
            (0, _) => return Err(bad(12100, format!("<{name}> is not <Response>"))),
            (1, _) => {
                self.text.clear();
                self.streamed = false;
                self.open = Some(verb(&name, tag)?);
            }
            (2, "Stream") => self.stream(tag)?,
            (2, "Pause" | "Say") if matches!(self.open, Some(Verb::Gather(_))) => {
                self.text.clear();
                self.nested = Some(verb(&name, tag)?);
            }
            (2, _) if matches!(self.open, Some(Verb::Say(_) | Verb::Dial)) => {}
            (3, _) if matches!(self.nested, Some(Verb::Say(_))) => {}
            (3, "Parameter") => self.parameter(tag)?,
            _ => return Err(bad(12200, format!("<{name}> does not belong there"))),
        }
        Ok(())
    }

    fn stream(&mut self, tag: &BytesStart<'_>) -> Result<(), BadDocument> {
        let Some(Verb::Connect(stream)) = &mut self.open else {
            return Err(bad(12200, "<Stream> belongs into <Connect>"));
        };
        if self.streamed {
            return Err(bad(12200, "a <Connect> has one <Stream>"));
        }
        self.streamed = true;
        stream.url = attribute(tag, "url")?.unwrap_or_default();
        stream.status_callback = attribute(tag, "statusCallback")?;
        let track = attribute(tag, "track")?;
        if track.is_some_and(|track| track != "inbound_track") {
            return Err(bad(31941, "invalid track for a bidirectional stream"));
        }
        check_stream_url(&stream.url)
    }

    fn parameter(&mut self, tag: &BytesStart<'_>) -> Result<(), BadDocument> {
        let Some(Verb::Connect(stream)) = &mut self.open else {
            return Err(bad(12200, "<Parameter> belongs into <Stream>"));
        };
        let name = attribute(tag, "name")?.unwrap_or_default();
        let value = attribute(tag, "value")?.unwrap_or_default();
        if name.is_empty() || name.chars().count() + value.chars().count() >= 500 {
            return Err(bad(
                12200,
                format!("parameter {name:?} is empty or too long"),
            ));
        }
        stream.parameters.push((name, value));
        Ok(())
    }

    fn reference(&mut self, name: &str) -> Result<(), BadDocument> {
        let text = quick_xml::escape::unescape(&format!("&{name};")).map(Cow::into_owned);
        let text = text.map_err(|_| bad(12100, format!("unknown entity &{name};")))?;
        self.text.push_str(&text);
        Ok(())
    }

    fn close(&mut self) -> Result<(), BadDocument> {
        self.depth = self
            .depth
            .checked_sub(1)
            .ok_or_else(|| bad(12100, "a tag too many"))?;
        let text = self.text.trim().to_owned();
        if self.depth == 2
            && let Some(verb) = self.nested.take()
            && let Some(Verb::Gather(gather)) = &mut self.open
        {
            gather.prompt.push(finished(verb, text, false)?);
            return Ok(());
        }
        if self.depth != 1 {
            return Ok(());
        }
        let verb = self
            .open
            .take()
            .map(|verb| finished(verb, text, self.streamed));
        self.verbs.extend(verb.transpose()?);
        Ok(())
    }
}

fn verb(name: &str, tag: &BytesStart<'_>) -> Result<Verb, BadDocument> {
    Ok(match name {
        "Connect" => {
            let action = attribute(tag, "action")?;
            Verb::Connect(Stream {
                action,
                ..Stream::default()
            })
        }
        "Dial" => Verb::Dial,
        "Gather" => Verb::Gather(Gather::open(tag)?),
        "Hangup" => Verb::Hangup,
        "Pause" => {
            let seconds = attribute(tag, "length")?.map_or(Ok(1), |length| length.parse::<u32>());
            let seconds = seconds.map_err(|_| bad(13910, "the length of a pause is a number"))?;
            Verb::Pause(Duration::from_secs(seconds.into()))
        }
        "Redirect" => Verb::Redirect(String::new()),
        "Reject" => Verb::Reject,
        "Say" => Verb::Say(String::new()),
        _ => {
            return Err(bad(
                12200,
                format!("<{name}> is no verb that this simulation knows"),
            ));
        }
    })
}

fn finished(verb: Verb, text: String, streamed: bool) -> Result<Verb, BadDocument> {
    match verb {
        Verb::Say(_) if text.is_empty() => Err(bad(13520, "<Say> has no text")),
        Verb::Say(_) if text.chars().count() > 4_096 => Err(bad(13520, "<Say> is too long")),
        Verb::Say(_) => Ok(Verb::Say(text)),
        Verb::Redirect(_) => Ok(Verb::Redirect(text)),
        Verb::Connect(_) if !streamed => Err(bad(12200, "<Connect> without <Stream>")),
        Verb::Connect(_)
        | Verb::Dial
        | Verb::Gather(_)
        | Verb::Hangup
        | Verb::Pause(_)
        | Verb::Reject => Ok(verb),
    }
}

/// TLS only, except on this machine, where there is none; never a query.
fn check_stream_url(url: &str) -> Result<(), BadDocument> {
    let host = url
        .strip_prefix("ws://")
        .map(|rest| rest.split(['/', ':']).next());
    let near = matches!(host, Some(Some("127.0.0.1" | "localhost" | "[")));
    if !(url.starts_with("wss://") || near) {
        return Err(bad(
            31922,
            format!("stream URL scheme not supported: {url}"),
        ));
    }
    if url.contains('?') {
        return Err(bad(31920, format!("stream URL with a query: {url}")));
    }
    Ok(())
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, BadDocument> {
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|why| bad(12100, format!("bad attribute: {why}")))?;
        if attribute.key.as_ref() == name {
            return value(&attribute).map(Some);
        }
    }
    Ok(None)
}

fn value(attribute: &Attribute<'_>) -> Result<String, BadDocument> {
    let value = quick_xml::escape::unescape(&attribute.value).map(Cow::into_owned);
    value.map_err(|why| bad(12100, format!("bad attribute: {why}")))
}

/// The URL that `url` means in a document fetched from `base`.
fn absolute(base: &str, url: &str) -> String {
    if url.contains("://") {
        return url.to_owned();
    }
    if url.is_empty() {
        return base.to_owned();
    }
    let host_end = base.find("://").map_or(0, |at| at + 3);
    let path = base[host_end..]
        .find('/')
        .map_or(base.len(), |at| host_end + at);
    if url.starts_with('/') {
        return format!("{}{url}", &base[..path]);
    }
    let query = base.find('?').unwrap_or(base.len());
    let folder = base[..query]
        .rfind('/')
        .filter(|at| *at >= path)
        .unwrap_or(query);
    format!("{}/{url}", &base[..folder])
}

fn bad(code: u32, what: impl Into<String>) -> BadDocument {
    BadDocument {
        code,
        what: what.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(body: &str) -> u32 {
        read(&format!("<Response>{body}</Response>"))
            .unwrap_err()
            .code
    }

    #[test]
    fn a_stream_document_is_understood() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?><Response><Say>Hi &amp; hello</Say>
            <Connect action="https://v.example/after?a=1&amp;b=2"><Stream url="wss://v.example/m"
            ><Parameter name="t" value="&quot;x&quot;"/></Stream></Connect>
            <Redirect method="POST">https://v.example/lost?n=1&amp;m=2</Redirect></Response>"#;
        let stream = Stream {
            url: "wss://v.example/m".to_owned(),
            action: Some("https://v.example/after?a=1&b=2".to_owned()),
            status_callback: None,
            parameters: vec![("t".to_owned(), "\"x\"".to_owned())],
        };
        let verbs = [
            Verb::Say("Hi & hello".to_owned()),
            Verb::Connect(stream),
            Verb::Redirect("https://v.example/lost?n=1&m=2".to_owned()),
        ];
        assert_eq!(read(text).unwrap(), verbs);
    }

    #[test]
    fn what_the_carrier_refuses_is_refused() {
        assert_eq!(code("<say>Hi</say>"), 12200);
        assert_eq!(code("<Say></Say>"), 13520);
        assert_eq!(code("<Connect/>"), 12200);
        assert_eq!(
            code(r#"<Connect><Stream url="ws://v.example/m"/></Connect>"#),
            31922
        );
        assert_eq!(
            code(r#"<Connect><Stream url="wss://v.example/m?a=1"/></Connect>"#),
            31920
        );
        let track = r#"<Connect><Stream url="wss://v.example/m" track="both_tracks"/></Connect>"#;
        assert_eq!(code(track), 31941);
        assert_eq!(code("<Say>Fish & chips</Say>"), 12100);
        assert_eq!(read("<Response><Hangup/>").unwrap_err().code, 12100);
        assert_eq!(read("not found").unwrap_err().code, 12100);
    }

    #[test]
    fn urls_are_seen_from_the_document() {
        let base = "https://v.example/twilio/voice?a=/b";
        for (url, whole) in [
            ("/after", "https://v.example/after"),
            ("after", "https://v.example/twilio/after"),
            ("", base),
            ("http://w.example/", "http://w.example/"),
        ] {
            assert_eq!(absolute(base, url), whole);
        }
        assert_eq!(
            absolute("https://v.example", "after"),
            "https://v.example/after"
        );
    }

    #[test]
    fn an_empty_response_does_nothing() {
        assert_eq!(read("<Response/>").unwrap(), []);
    }
}
