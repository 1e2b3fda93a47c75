//! What goes over the wire: the address of a stream, control messages, results, refusals.

use std::time::Duration;

use domain::{Language, Millis};
use serde::{Deserialize, de::IgnoredAny};
use session::{Span, Words};

use crate::{
    BaseUrl, ProviderError, Verdict,
    address::Address,
    deepgram::{NAME, garbled},
    stt::Listen,
    text::{Text, brief},
};

pub use crate::deepgram::refused;

/// Keeps a silent connection open.
pub const KEEP_ALIVE: &str = r#"{"type":"KeepAlive"}"#;
/// Asks for what was understood so far.
pub const FINALIZE: &str = r#"{"type":"Finalize"}"#;
/// Says that no more audio comes.
pub const CLOSE_STREAM: &str = r#"{"type":"CloseStream"}"#;

/// The provider's limit on likely words is 500 tokens in total.
const KEYTERM_BYTES: usize = 1_600;
/// The word-gap timer cannot be shorter: words come about once a second.
const SHORTEST_UTTERANCE_END_MS: u64 = 1_000;

/// One message of the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FromDeepgram {
    /// It heard speech begin.
    SpeechStarted,
    /// Its word-gap timer ran out.
    UtteranceEnd,
    /// Words, or the answer to a question. Their span is counted from the first audio sent.
    Words(Words),
    /// A result without any: it counts where there were some before.
    NoWords(Words),
    /// A summary: the last message of a stream that we closed.
    Metadata,
    /// It could not read something; a close may follow.
    Complaint(String),
    /// Nothing for us.
    Nothing,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    description: Text<'a>,
    #[serde(borrow, default)]
    message: Text<'a>,
}

#[derive(Deserialize)]
struct Results<'a> {
    #[serde(default)]
    is_final: Option<bool>,
    #[serde(default)]
    speech_final: Option<bool>,
    #[serde(default)]
    from_finalize: Option<bool>,
    #[serde(default)]
    start: Lenient<f64>,
    #[serde(default)]
    duration: Lenient<f64>,
    #[serde(borrow, default)]
    channel: Option<Channel<'a>>,
}

#[derive(Deserialize)]
struct Channel<'a> {
    #[serde(borrow, default)]
    alternatives: Option<Vec<Alternative<'a>>>,
}

#[derive(Deserialize)]
struct Alternative<'a> {
    #[serde(borrow, default)]
    transcript: Text<'a>,
    #[serde(default)]
    words: Lenient<Vec<Word>>,
}

#[derive(Deserialize)]
struct Word {
    #[serde(default)]
    start: Lenient<f64>,
    #[serde(default)]
    end: Lenient<f64>,
}

/// A field that may be odd: that must not lose the rest of its message.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Lenient<T> {
    Good(T),
    Odd(IgnoredAny),
}

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self::Odd(IgnoredAny)
    }
}

impl<T> Lenient<T> {
    pub(super) fn good(&self) -> Option<&T> {
        match self {
            Self::Good(value) => Some(value),
            Self::Odd(_) => None,
        }
    }
}

/// Reads a text message.
pub fn read(message: &str) -> Result<FromDeepgram, ProviderError> {
    let garbled = |why| garbled(message, &why);
    let kind: Kind<'_> = serde_json::from_str(message).map_err(garbled)?;
    Ok(match &*kind.kind {
        // Servers that copy the interface may leave the type out of the one message that matters.
        "Results" | "" => words(&serde_json::from_str(message).map_err(garbled)?),
        "SpeechStarted" => FromDeepgram::SpeechStarted,
        "UtteranceEnd" => FromDeepgram::UtteranceEnd,
        "Metadata" => FromDeepgram::Metadata,
        "Error" => {
            FromDeepgram::Complaint(brief(&format!("{} {}", &*kind.description, &*kind.message)))
        }
        _ => FromDeepgram::Nothing,
    })
}

fn words(results: &Results<'_>) -> FromDeepgram {
    let ends_utterance = results.speech_final.unwrap_or_default();
    let answers_finalize = results.from_finalize.unwrap_or_default();
    let best = results
        .channel
        .iter()
        .flat_map(|channel| channel.alternatives.iter().flatten())
        .next();
    let text = best.map_or("", |best| best.transcript.trim());
    let words = Words {
        text: text.to_owned(),
        settled: results.is_final.unwrap_or_default() || ends_utterance,
        ends_utterance,
        answers_finalize,
        span: span(results, best),
        begins: results.start.good().and_then(|start| time(*start)),
        word_spans: word_spans(text, best),
    };
    if !text.is_empty() || ends_utterance || answers_finalize {
        FromDeepgram::Words(words)
    } else if results.channel.is_some() {
        FromDeepgram::NoWords(words)
    } else {
        FromDeepgram::Nothing
    }
}

/// When each word was spoken. Formatting may write several words as one, and then there is no
/// telling which is which.
fn word_spans(text: &str, best: Option<&Alternative<'_>>) -> Vec<Span> {
    let words = best.and_then(|best| best.words.good());
    words
        .filter(|words| words.len() == text.split_whitespace().count())
        .and_then(|words| words.iter().map(Word::span).collect())
        .unwrap_or_default()
}

impl Word {
    fn span(&self) -> Option<Span> {
        let from = time(*self.start.good()?)?;
        let until = time(*self.end.good()?)?;
        (from <= until).then_some(Span { from, until })
    }
}

/// From the first word, or where the result begins without one, to the end of what was heard.
fn span(results: &Results<'_>, best: Option<&Alternative<'_>>) -> Option<Span> {
    let start = *results.start.good()?;
    let until = time(start + results.duration.good()?)?;
    let first_word = best
        .and_then(|best| best.words.good()?.first()?.start.good())
        .and_then(|seconds| time(*seconds));
    let from = time(start)?;
    let from = first_word.map_or(from, |word| word.max(from));
    (from <= until).then_some(Span { from, until })
}

/// A position in a stream. No call lasts for a year.
pub(super) fn time(seconds: f64) -> Option<Millis> {
    const YEAR_MS: u128 = 366 * 86_400_000;
    let ms = Duration::try_from_secs_f64(seconds).ok()?.as_millis();
    u64::try_from(ms)
        .ok()
        .filter(|ms| u128::from(*ms) < YEAR_MS)
        .map(Millis)
}

/// The address of one stream of a caller's audio.
#[must_use]
pub fn listen_url(base: &BaseUrl, listen: &Listen) -> String {
    let endpointing = match listen.endpointing.0 {
        0 => "false".to_owned(),
        silence => silence.to_string(),
    };
    let language = language(&listen.language);
    let model = model(&listen.model, language);
    let mut address = Address::new(base.clone().versioned().ws("/listen"))
        .with("model", model)
        .with("language", language)
        .with("encoding", "mulaw")
        .with("sample_rate", "8000")
        .with("channels", "1")
        .with("interim_results", "true")
        .with("punctuate", "true")
        .with(
            "smart_format",
            if listen.smart_format { "true" } else { "false" },
        )
        .with("endpointing", &endpointing)
        .with("vad_events", "true");
    if listen.utterance_end.0 > 0 {
        let gap = listen.utterance_end.0.max(SHORTEST_UTTERANCE_END_MS);
        address = address.with("utterance_end_ms", &gap.to_string());
    }
    if listen.filler_words && knows_fillers(model, language) {
        address = address.with("filler_words", "true");
    }
    likely_words(address, &listen.model, &listen.keyterms).finish()
}

/// Only the general models of Nova leave "um" and "uh" in the transcript, and only in English.
fn knows_fillers(model: &str, language: &str) -> bool {
    let general = model.strip_suffix("-general").unwrap_or(model);
    is_english(language) && ["nova", "nova-2", "nova-3"].contains(&general)
}

fn is_english(language: &str) -> bool {
    language == "en" || language.starts_with("en-")
}

/// The variants of Nova for one trade know English only; in other languages the general one serves.
fn model<'a>(model: &'a str, language: &str) -> &'a str {
    let english = is_english(language);
    for general in ["nova-2", "nova-3"] {
        let variant = model
            .strip_prefix(general)
            .and_then(|rest| rest.strip_prefix('-'));
        if !english && variant.is_some_and(|variant| variant != "general") {
            return general;
        }
    }
    model
}

/// A region that the provider does not know is refused, so `es-ES` has to be `es`.
fn language(language: &Language) -> &str {
    const WITH_REGION: [&str; 25] = [
        "da-DK", "de-CH", "en-AU", "en-GB", "en-IN", "en-NZ", "en-US", "es-419", "fr-CA",
        "hi-Latn", "ko-KR", "nl-BE", "pt-BR", "pt-PT", "sv-SE", "ta-IN", "th-TH", "uk-UA", "zh-CN",
        "zh-HK", "zh-Hans", "zh-Hant", "zh-TW", "ar-AE", "ar-SA",
    ];
    let known = WITH_REGION
        .iter()
        .find(|known| known.eq_ignore_ascii_case(language.tag()));
    known.copied().unwrap_or_else(|| language.primary())
}

/// Nova-3 takes phrases as `keyterm`; everything older takes single words as `keywords`. Each
/// refuses the other's parameter.
pub(super) fn likely_words(mut address: Address, model: &str, keyterms: &[String]) -> Address {
    let old = ["nova-2", "enhanced", "base", "whisper"];
    let takes_keywords = model == "nova"
        || model.starts_with("nova-general")
        || model.starts_with("nova-phonecall")
        || old.iter().any(|family| model.starts_with(family));
    let mut room = KEYTERM_BYTES;
    for term in keyterms
        .iter()
        .map(|term| term.trim())
        .filter(|term| !term.is_empty())
    {
        let Some(left) = room.checked_sub(term.len() + 1) else {
            break;
        };
        room = left;
        if takes_keywords {
            for word in term.split([' ', ':']).filter(|word| !word.is_empty()) {
                address = address.with("keywords", word);
            }
        } else {
            address = address.with("keyterm", term);
        }
    }
    address
}

/// What a close that we did not ask for means.
#[must_use]
pub fn closed(code: u16, reason: &str) -> ProviderError {
    let verdict = match code {
        1008 | 1003 => Verdict::SettingsRefused,
        _ => Verdict::Retry,
    };
    ProviderError::Refused {
        provider: NAME,
        status: code,
        detail: brief(reason),
        verdict,
    }
}

#[cfg(test)]
mod tests;
