//! The documents that answer a webhook. Every text is escaped, whoever wrote it.

mod gather;

use std::io;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use domain::{Language, PhoneNumber};
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

pub use gather::{GatherDocument, Listening};

/// A whole TwiML document. As a response it carries its content type.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Twiml(String);

/// Why a document would be refused by the carrier.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadDocument {
    /// Name and value of a parameter have a common limit.
    #[error("stream parameter `{0}` and its value reach 500 characters")]
    LongParameter(String),
    /// Twilio refuses a query and anything that is not a socket.
    #[error("`{0}` is not a `wss://` URL without a query")]
    StreamUrl(String),
}

/// A line in the carrier's own voice.
#[derive(Clone, Copy, Debug)]
pub struct Say<'a> {
    /// What is said. Cut at the carrier's limit.
    pub line: &'a str,
    /// Such as `Polly.Nicole-Neural`. The carrier's default otherwise.
    pub voice: Option<&'a str>,
    /// Which language the line is in.
    pub language: Option<&'a Language>,
}

/// The document that connects a call to the media socket.
///
/// However the stream ends, the call comes back to us: by `action` when the socket was closed
/// properly, by the redirect when it never opened or broke.
#[derive(Clone, Copy, Debug)]
pub struct StreamDocument<'a> {
    /// Said before the stream opens, in the carrier's voice.
    pub greeting: Option<Say<'a>>,
    /// The media socket.
    pub stream_url: &'a str,
    /// Asked when the stream has ended.
    pub action_url: &'a str,
    /// Asked when `action` was not.
    pub fallback_url: &'a str,
    /// Told when the stream starts, stops or fails.
    pub status_url: Option<&'a str>,
    /// Come back in `start`, such as the media token.
    pub parameters: &'a [(&'a str, &'a str)],
}

/// Hands the caller to a person.
#[derive(Clone, Copy, Debug)]
pub struct Dial<'a> {
    /// Said before.
    pub line: Option<Say<'a>>,
    /// Who is called.
    pub number: &'a PhoneNumber,
    /// Which of our numbers is shown. The caller's own otherwise.
    pub shown: Option<&'a PhoneNumber>,
    /// Asked when that leg has ended. The call ends otherwise.
    pub action_url: Option<&'a str>,
}

/// What a caller hears who is turned away before the call is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rejection {
    /// The engaged tone.
    Busy,
    /// That the number is not in service.
    OutOfService,
}

/// The language as the carrier names it, which is always with a region: that of the
/// country it is named after, where none is given. `None` leaves the carrier at its default, English.
#[must_use]
pub fn regional(language: &Language) -> Option<Language> {
    if language.tag().contains('-') {
        return Some(language.clone());
    }
    let tag = match language.primary() {
        "da" => "da-DK",
        "de" => "de-DE",
        "es" => "es-ES",
        "fr" => "fr-FR",
        "it" => "it-IT",
        "ja" => "ja-JP",
        "ko" => "ko-KR",
        "nl" => "nl-NL",
        "pl" => "pl-PL",
        "pt" => "pt-PT",
        "ru" => "ru-RU",
        "sv" => "sv-SE",
        _ => return None,
    };
    tag.parse().ok()
}

type Xml = Writer<Vec<u8>>;

impl Twiml {
    /// What the document is served as.
    pub const CONTENT_TYPE: &'static str = "text/xml; charset=utf-8";

    /// Connects the call to the media socket.
    ///
    /// # Errors
    /// When the carrier would refuse the document.
    pub fn stream(document: &StreamDocument<'_>) -> Result<Self, BadDocument> {
        check(document)?;
        Ok(Self::write(|xml| {
            if let Some(greeting) = &document.greeting {
                say(xml, greeting)?;
            }
            let connect = xml
                .create_element("Connect")
                .with_attributes([("action", &*plain(document.action_url)), ("method", "POST")]);
            connect.write_inner_content(|xml| stream(xml, document))?;
            redirect(xml, document.fallback_url)
        }))
    }

    /// Says one line and ends the call.
    #[must_use]
    pub fn say_and_hang_up(line: &Say<'_>) -> Self {
        Self::write(|xml| {
            say(xml, line)?;
            empty(xml, "Hangup")
        })
    }

    /// Ends the call.
    #[must_use]
    pub fn hang_up() -> Self {
        Self::write(|xml| empty(xml, "Hangup"))
    }

    /// Turns a call away unanswered, which costs the tenant nothing.
    #[must_use]
    pub fn reject(rejection: Rejection) -> Self {
        let reason = match rejection {
            Rejection::Busy => "busy",
            Rejection::OutOfService => "rejected",
        };
        Self::write(|xml| {
            xml.create_element("Reject")
                .with_attribute(("reason", reason))
                .write_empty()?;
            Ok(())
        })
    }

    /// Puts the caller through to another number.
    #[must_use]
    pub fn dial(dial: &Dial<'_>) -> Self {
        Self::write(|xml| {
            if let Some(line) = &dial.line {
                say(xml, line)?;
            }
            let mut element = xml.create_element("Dial");
            if let Some(shown) = dial.shown {
                element = element.with_attribute(("callerId", shown.as_str()));
            }
            if let Some(url) = dial.action_url {
                let action = plain(url);
                element = element.with_attributes([("action", &*action), ("method", "POST")]);
            }
            element.write_inner_content(|xml| {
                let number = BytesText::new(dial.number.as_str());
                xml.create_element("Number").write_text_content(number)?;
                Ok(())
            })?;
            Ok(())
        })
    }

    /// Sends the carrier to another of our documents.
    #[must_use]
    pub fn redirect(url: &str) -> Self {
        Self::write(|xml| redirect(xml, url))
    }

    /// Nothing to do: answers callbacks whose answer is ignored.
    #[must_use]
    pub fn nothing() -> Self {
        Self::write(|_xml| Ok(()))
    }

    /// The document as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn write(content: impl FnOnce(&mut Xml) -> io::Result<()>) -> Self {
        let mut xml = Writer::new(Vec::with_capacity(512));
        xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))
            .and_then(|()| {
                xml.create_element("Response")
                    .write_inner_content(content)
                    .map(|_| ())
            })
            .expect("writing to memory does not fail");
        let text = String::from_utf8(xml.into_inner()).expect("XML made of text is text");
        Self(text)
    }
}

impl From<Twiml> for String {
    fn from(twiml: Twiml) -> Self {
        twiml.0
    }
}

impl IntoResponse for Twiml {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, Self::CONTENT_TYPE)], self.0).into_response()
    }
}

fn check(document: &StreamDocument<'_>) -> Result<(), BadDocument> {
    /// Twilio wants name and value together to stay under this.
    const PARAMETER_CHARS: usize = 500;
    let url = document.stream_url;
    let is_socket = url.starts_with("wss://") || url.starts_with("ws://");
    if !is_socket || url.contains(['?', '#']) {
        return Err(BadDocument::StreamUrl(url.to_owned()));
    }
    let long = document
        .parameters
        .iter()
        .find(|(name, value)| name.chars().count() + value.chars().count() >= PARAMETER_CHARS);
    match long {
        Some((name, _value)) => Err(BadDocument::LongParameter(name.chars().take(50).collect())),
        None => Ok(()),
    }
}

fn stream(xml: &mut Xml, document: &StreamDocument<'_>) -> io::Result<()> {
    let url = plain(document.stream_url);
    let mut element = xml.create_element("Stream").with_attribute(("url", &*url));
    if let Some(status_url) = document.status_url {
        let status_url = plain(status_url);
        element = element.with_attribute(("statusCallback", &*status_url));
    }
    element.write_inner_content(|xml| {
        for (name, value) in document.parameters {
            xml.create_element("Parameter")
                .with_attributes([("name", &*plain(name)), ("value", &*plain(value))])
                .write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

fn say(xml: &mut Xml, say: &Say<'_>) -> io::Result<()> {
    const MAX_CHARS: usize = 4096;
    let mut element = xml.create_element("Say");
    if let Some(voice) = say.voice {
        let voice = plain(voice);
        element = element.with_attribute(("voice", &*voice));
    }
    if let Some(language) = say.language {
        element = element.with_attribute(("language", language.tag()));
    }
    let line: String = plain(say.line).chars().take(MAX_CHARS).collect();
    element.write_text_content(BytesText::new(&line))?;
    Ok(())
}

fn redirect(xml: &mut Xml, url: &str) -> io::Result<()> {
    let url = plain(url);
    let element = xml
        .create_element("Redirect")
        .with_attribute(("method", "POST"));
    element.write_text_content(BytesText::new(&url))?;
    Ok(())
}

fn empty(xml: &mut Xml, name: &str) -> io::Result<()> {
    xml.create_element(name).write_empty()?;
    Ok(())
}

/// The text without characters that XML cannot hold at all, escaped or not.
fn plain(text: &str) -> String {
    let fits = |char: &char| {
        matches!(char, '\t' | '\n')
            || !(char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}'))
    };
    text.chars().filter(fits).collect()
}

#[cfg(test)]
mod tests;
