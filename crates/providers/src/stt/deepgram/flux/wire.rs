//! What goes over the wire: the address of a stream, what the server says of a turn, errors.

use serde::Deserialize;
use session::Span;

use super::Thresholds;
use crate::{
    BaseUrl, ProviderError, Verdict,
    address::Address,
    deepgram::{NAME, garbled},
    stt::{
        Listen,
        deepgram::wire::{Lenient, likely_words, time},
    },
    text::{Text, brief},
};

pub use crate::stt::deepgram::wire::{CLOSE_STREAM, closed, refused};

/// One message of the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FromFlux {
    /// It takes audio. Before this it takes nothing.
    Connected,
    /// How a turn stands.
    Turn(Turn),
    /// It is about to close.
    Failed {
        /// Why, as a name.
        code: String,
        /// Why, in words.
        description: String,
    },
    /// It dislikes something, and goes on.
    Complaint(String),
    /// Nothing for us.
    Nothing,
}

/// How a turn stands.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Turn {
    /// What happened to it.
    pub event: Event,
    /// All that was understood of it so far.
    pub text: String,
    /// Its first word to the end of what was heard, counted from the first audio sent.
    pub span: Option<Span>,
    /// How many words it was told in.
    pub words: usize,
    /// Where its last word is.
    pub last_word: Option<Span>,
    /// How sure the model is that it is over, in percent.
    pub confidence: Option<u8>,
}

/// What happened to a turn.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Event {
    /// It may be over.
    Likely,
    /// It is over.
    Over,
    /// It seemed over, and goes on.
    Resumed,
    /// It began.
    Started,
    /// More of it was heard.
    #[default]
    Update,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    code: Text<'a>,
    #[serde(borrow, default)]
    description: Text<'a>,
}

#[derive(Deserialize)]
struct TurnInfo<'a> {
    #[serde(borrow, default)]
    event: Text<'a>,
    #[serde(borrow, default)]
    transcript: Text<'a>,
    #[serde(default)]
    words: Lenient<Vec<Word>>,
    #[serde(default)]
    audio_window_start: Lenient<f64>,
    #[serde(default)]
    audio_window_end: Lenient<f64>,
    #[serde(default)]
    end_of_turn_confidence: Lenient<f64>,
}

#[derive(Deserialize)]
struct Word {
    #[serde(default)]
    start: Lenient<f64>,
    #[serde(default)]
    end: Lenient<f64>,
}

/// Reads a text message.
pub fn read(message: &str) -> Result<FromFlux, ProviderError> {
    let garbled = |why| garbled(message, &why);
    let kind: Kind<'_> = serde_json::from_str(message).map_err(garbled)?;
    Ok(match &*kind.kind {
        "Connected" => FromFlux::Connected,
        "TurnInfo" => FromFlux::Turn(turn(&serde_json::from_str(message).map_err(garbled)?)),
        "Error" => FromFlux::Failed {
            code: brief(&kind.code),
            description: brief(&kind.description),
        },
        "Warning" | "ConfigureFailure" => {
            FromFlux::Complaint(brief(&format!("{} {}", &*kind.code, &*kind.description)))
        }
        _ => FromFlux::Nothing,
    })
}

fn turn(info: &TurnInfo<'_>) -> Turn {
    let words = info.words.good().map_or(&[][..], Vec::as_slice);
    let seconds = |time: &Lenient<f64>| time.good().copied();
    let until = seconds(&info.audio_window_end).and_then(time);
    let first_word = words.first().and_then(|word| time(seconds(&word.start)?));
    let from = first_word.or_else(|| time(seconds(&info.audio_window_start)?));
    let span = from
        .zip(until)
        .filter(|(from, until)| from <= until)
        .map(|(from, until)| Span { from, until });
    let last_word = words.last().and_then(|word| {
        let until = time(seconds(&word.end)?)?;
        let from = seconds(&word.start).and_then(time).unwrap_or(until);
        Some(Span { from, until })
    });
    Turn {
        event: match &*info.event {
            "EagerEndOfTurn" => Event::Likely,
            "EndOfTurn" => Event::Over,
            "TurnResumed" => Event::Resumed,
            "StartOfTurn" => Event::Started,
            // Whatever else may happen to a turn, the words are those of the turn.
            _ => Event::Update,
        },
        text: info.transcript.trim().to_owned(),
        span,
        words: words.len(),
        last_word: last_word.filter(|last| {
            let within = |span: Span| span.from <= last.from && last.until <= span.until;
            last.from <= last.until && span.is_some_and(within)
        }),
        confidence: seconds(&info.end_of_turn_confidence).and_then(percent),
    }
}

fn percent(share: f64) -> Option<u8> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and the range is checked"
    )]
    let percent = (share * 100.0).round() as u8;
    (0.0..=1.0).contains(&share).then_some(percent)
}

/// The address of one stream of a caller's audio.
#[must_use]
pub fn listen_url(base: &BaseUrl, listen: &Listen, thresholds: &Thresholds) -> String {
    let language = listen.language.primary();
    let model = model(&listen.model, language);
    let over = thresholds.over.clamp(50, 100);
    let mut address = Address::new(base.clone().in_version("/v2").ws("/listen"))
        .with("model", &model)
        .with("encoding", "mulaw")
        .with("sample_rate", "8000")
        .with("eot_threshold", &share(over));
    if let Some(likely) = thresholds.likely {
        let likely = likely.clamp(30, 90).min(over);
        address = address.with("eager_eot_threshold", &share(likely));
    }
    let silence = thresholds.silence.0.clamp(500, 60_000);
    address = address.with("eot_timeout_ms", &silence.to_string());
    if model.ends_with("-multi") {
        address = address.with("language_hint", language);
    }
    if listen.smart_format {
        address = address.with("numerals", "true");
    }
    likely_words(address, &model, &listen.keyterms).finish()
}

/// The English model knows nothing else; another language is for the one that knows many.
fn model(model: &str, language: &str) -> String {
    match model.strip_suffix("-en") {
        Some(family) if language != "en" => format!("{family}-multi"),
        Some(_) | None => model.to_owned(),
    }
}

fn share(percent: u8) -> String {
    format!("{}.{:02}", percent / 100, percent % 100)
}

/// What an error message means. A close follows it.
#[must_use]
pub fn failed(code: &str, description: &str) -> ProviderError {
    // What we wrote will not be readable the next time either.
    let (status, verdict) = if code == "UNPARSABLE_CLIENT_MESSAGE" {
        (1008, Verdict::SwitchProvider)
    } else {
        (1011, Verdict::Retry)
    };
    ProviderError::Refused {
        provider: NAME,
        status,
        detail: brief(&format!("{code} {description}")),
        verdict,
    }
}

#[cfg(test)]
mod tests;
