//! Call scripts: one line per input, one line per action, times in seconds.
//!
//! The same text is the body of a test, the journal of a real call and the body of a bug report.
//!
//! ```text
//! 1.000 speech                  the caller begins to speak (`at 0.950`: when the sound began)
//! 1.900 pause at 1.800          the caller is quiet since 1.800
//! 2.000 words I want to         what the recogniser believes so far
//! 2.100 settled I want to book. words that will not change (`utterance`: and the end of it;
//!                               `finalized`: in answer to a finalize; `over`: the end alone)
//!                               (`from 1.200 to 1.900` before the words: which sound; then
//!                               `since 0.900`: from where on it is all that was heard; then
//!                               `each 1.200-1.500,1.600-1.900`: the sound of each word)
//! 2.150 likely                  the recogniser's model of turns: also `resumed`, `ended 80`
//! 2.200 ignored from 0.100 to 0.900  that sound was not the caller's
//! 2.300 noise                   something that is no speech (`quiet`: it stopped; both `at`)
//! 2.400 no-words                the recogniser is gone (`words-again`: it is back;
//!                               `words-in-batches`, `words-as-spoken`: how the next one works)
//! 2.500 text r2 Sure.           a piece of a reply; in quotes when blanks matter
//! 2.550 said r2 Sure.           the same, by a model that speaks for itself
//! 2.600 tool r2 c1 book {}      the model asks for a tool; `answer 1 {}`: run 1 answers
//! 2.700 done r2                 the model is done; `no-thought r2`: it failed
//! 2.800 audio r2/0 0.700        0.7 s of voice for its clause 0
//! 2.900 spoken r2               the voice is done; `no-voice r2`: it failed, and no other is left;
//!                               `no-sound r2`: one is
//! 3.600 played r2-0             the line has played up to this mark
//! 3.800 round words For two.    what the carrier heard (`round keys 12`, `round over`; `round`: nothing)
//! 4.000 digit 5                 also: hang-up, lost, dismissed, deaf, tick
//! ```

mod log_line;
mod print;

use std::str::FromStr;

use bytes::Bytes;
use domain::{Micros, Millis, ReplyId};

use crate::{
    Audio, ClauseId, Delivery, Input, Mark, RoundHeard, Span, StillSpeaks, ToolRunId, Words,
};

pub use log_line::LogLine;

/// Why a line of a script cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{line}`: {what}")]
pub struct BadLine {
    line: String,
    what: &'static str,
}

/// Reads one line: when, and what.
///
/// # Errors
/// When the line is not in the form that the module's documentation shows.
pub fn read(line: &str) -> Result<(Millis, Input), BadLine> {
    let bad = |what| BadLine {
        line: line.trim().to_owned(),
        what,
    };
    let (at, rest) = word(line);
    let at = seconds(at).ok_or_else(|| bad("begins with no time such as 1.250"))?;
    let (verb, rest) = word(rest);
    let input =
        input(at, verb, rest).ok_or_else(|| bad("says nothing that can happen to a call"))?;
    Ok((at, input))
}

fn input(at: Millis, verb: &str, rest: &str) -> Option<Input> {
    recognised(verb, rest).or_else(|| happened(at, verb, rest))
}

/// What the recogniser says.
fn recognised(verb: &str, rest: &str) -> Option<Input> {
    Some(match verb {
        "deaf" => Input::RecogniserFailed,
        "ended" => Input::TurnEnded {
            confidence: rest.trim().parse().ok()?,
        },
        "finalized" => heard(
            rest,
            Words {
                settled: true,
                answers_finalize: true,
                ..Words::default()
            },
        ),
        "likely" => Input::TurnLikely,
        "no-words" => Input::RecogniserLost,
        "over" => Input::UtteranceOver,
        "resumed" => Input::TurnResumed,
        "settled" => heard(
            rest,
            Words {
                settled: true,
                ..Words::default()
            },
        ),
        "utterance" => heard(
            rest,
            Words {
                settled: true,
                ends_utterance: true,
                ..Words::default()
            },
        ),
        "words" => heard(rest, Words::default()),
        "words-again" => Input::RecogniserBack,
        "words-as-spoken" => Input::WordsCome(Delivery::AsSpoken),
        "words-in-batches" => Input::WordsCome(Delivery::InBatches),
        _ => return None,
    })
}

/// Everything else.
fn happened(at: Millis, verb: &str, rest: &str) -> Option<Input> {
    Some(match verb {
        "answer" => {
            let (run, output) = word(rest);
            Input::ToolAnswered {
                run: ToolRunId(run.parse().ok()?),
                output: output.to_owned(),
            }
        }
        "audio" => Input::Audio(audio(rest)?),
        "budget-gone" => Input::BudgetGone,
        "digit" => Input::Digit(rest.trim().chars().next()?),
        "dismissed" => Input::Dismissed,
        "done" => Input::ThoughtAll(reply(rest)?),
        "hang-up" => Input::HungUp,
        "ignored" => Input::Ignored(span(rest)?.0),
        "lost" => Input::LineLost,
        "no-thought" => Input::ThinkingFailed(reply(rest)?),
        "half-thought" => Input::ThinkingBroke(reply(rest)?),
        "noise" => Input::NoiseStarted {
            at: moment(at, rest)?,
        },
        "no-sound" => Input::SpeakingFailed(reply(rest)?, StillSpeaks::Somebody),
        "no-voice" => Input::SpeakingFailed(reply(rest)?, StillSpeaks::Nobody),
        "pause" => Input::SpeechStopped {
            at: moment(at, rest)?,
        },
        "played" => Input::Played(Mark::read(rest.trim())?),
        "quiet" => Input::NoiseStopped {
            at: moment(at, rest)?,
        },
        "round" => Input::Round(round(rest)?),
        "said" => {
            let (id, text) = word(rest);
            Input::Said {
                reply: reply(id)?,
                text: unquoted(text),
            }
        }
        "speech" => Input::SpeechStarted {
            at: moment(at, rest)?,
        },
        "spent" => Input::Spent(Micros(rest.trim().parse().ok()?)),
        "spoken" => Input::SpokenAll(reply(rest)?),
        "text" => {
            let (id, text) = word(rest);
            Input::Text {
                reply: reply(id)?,
                text: unquoted(text),
            }
        }
        "tick" => Input::Tick,
        "tool" => tool(rest)?,
        _ => return None,
    })
}

fn round(rest: &str) -> Option<RoundHeard> {
    Some(match word(rest) {
        ("", "") => RoundHeard::Nothing,
        ("over", "") => RoundHeard::HungUp,
        ("keys", keys) => RoundHeard::Keys(keys.trim().to_owned()),
        ("words", text) => RoundHeard::Words(unquoted(text)),
        _ => return None,
    })
}

fn tool(rest: &str) -> Option<Input> {
    let (whose, rest) = word(rest);
    let (id, rest) = word(rest);
    let (name, arguments) = word(rest);
    Some(Input::ToolAsked {
        reply: reply(whose)?,
        id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    })
}

fn heard(rest: &str, words: Words) -> Input {
    let (span, text) = match span(rest) {
        Some((span, text)) => (Some(span), text),
        None => (None, rest),
    };
    let (begins, text) = match since(text) {
        Some((begins, text)) => (Some(begins), text),
        None => (None, text),
    };
    let (word_spans, text) = each(text).unwrap_or((Vec::new(), text));
    Input::Words(Words {
        text: unquoted(text),
        span,
        begins,
        word_spans,
        ..words
    })
}

/// `since 0.900`, and what follows.
fn since(text: &str) -> Option<(Millis, &str)> {
    let (begins, rest) = word(text.trim_start().strip_prefix("since ")?);
    Some((seconds(begins)?, rest))
}

/// `each 1.200-1.500,1.600-1.900`, and what follows.
fn each(text: &str) -> Option<(Vec<Span>, &str)> {
    let (spans, rest) = word(text.trim_start().strip_prefix("each ")?);
    let spans = spans.split(',').map(|span| {
        let (from, until) = span.split_once('-')?;
        Some(Span {
            from: seconds(from)?,
            until: seconds(until)?,
        })
    });
    Some((spans.collect::<Option<_>>()?, rest))
}

/// `from 1.200 to 1.900`, and what follows.
fn span(text: &str) -> Option<(Span, &str)> {
    let (from, rest) = word(text.trim_start().strip_prefix("from ")?);
    let (until, rest) = word(rest.trim_start().strip_prefix("to ")?);
    let span = Span {
        from: seconds(from)?,
        until: seconds(until)?,
    };
    Some((span, rest))
}

fn audio(rest: &str) -> Option<Audio> {
    let (whose, length) = word(rest);
    let (id, clause) = whose.split_once('/').unwrap_or((whose, "0"));
    Some(Audio {
        reply: reply(id)?,
        clause: ClauseId(clause.parse().ok()?),
        bytes: Bytes::new(),
        duration: seconds(length.trim())?,
        words: Vec::new(),
    })
}

/// `at 1.250`, or now.
fn moment(now: Millis, rest: &str) -> Option<Millis> {
    match rest.trim().strip_prefix("at ") {
        Some(at) => seconds(at.trim()),
        None => Some(now),
    }
}

fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(char::is_whitespace).unwrap_or((text, ""))
}

fn reply(text: &str) -> Option<ReplyId> {
    text.trim().strip_prefix('r')?.parse().ok().map(ReplyId)
}

fn seconds(text: &str) -> Option<Millis> {
    let (whole, part) = text.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if part.len() != 3 || whole.is_empty() || !digits(whole) || !digits(part) {
        return None;
    }
    let (whole, part) = (u64::from_str(whole).ok()?, u64::from_str(part).ok()?);
    Some(Millis(whole.checked_mul(1_000)?.checked_add(part)?))
}

/// Text as it stands, or between quotes with `\"`, `\\` and `\n`.
fn unquoted(text: &str) -> String {
    let text = text.trim();
    let Some(inner) = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
    else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => match letters.next() {
                Some('n') => out.push('\n'),
                Some(escaped) => out.push(escaped),
                None => {}
            },
            (plain, false) => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read() {
        for line in [
            "1.000 speech at 0.950",
            "1.000 pause at 0.950",
            "1.000 words \"I \\\"want\\\"\\nto\"",
            "1.000 utterance \"book.\"",
            "1.000 finalized \"\"",
            "1.000 settled \"a table\"",
            "1.000 text r2 \" Sure.\"",
            "1.000 said r2 \" Sure.\"",
            "1.000 audio r2/3 0.700",
            "1.000 tool r2 c1 book {\"day\": \"Tuesday\"}",
            "1.000 answer 1 {}",
            "1.000 played r2-0",
            "1.000 digit #",
            "1.000 round",
            "1.000 round keys 12",
            "1.000 round over",
            "1.000 round words \"For two.\"",
            "1.000 budget-gone",
            "1.000 spent 4000000",
            "1.000 hang-up",
            "1.000 half-thought r9",
            "1.000 no-sound r9",
            "1.000 no-voice r9",
            "1.000 settled from 0.100 to 0.900 \"a table\"",
            "1.000 words \"from here to there\"",
            "1.000 words from 0.100 to 0.900 each 0.100-0.400,0.500-0.900 \"a table\"",
            "1.000 words from 0.100 to 0.900 \"each table\"",
            "1.000 settled from 0.100 to 0.900 since 0.050 \"since noon\"",
            "1.000 words from 0.100 to 0.900 since 0.050 each 0.100-0.900 \"noon\"",
            "1.000 ignored from 0.100 to 0.900",
            "1.000 ended 80",
            "1.000 noise at 0.500",
            "1.000 no-words",
            "1.000 words-as-spoken",
            "1.000 words-in-batches",
        ] {
            let (at, input) = read(line).unwrap();
            assert_eq!(format!("{at} {input}"), line);
        }
    }

    #[test]
    fn an_odd_line_is_named() {
        assert_eq!(
            read("1.0 speech").unwrap_err().to_string(),
            "`1.0 speech`: begins with no time such as 1.250"
        );
        assert!(read("1.000 shout").is_err());
        assert!(read("99999999999999999999.000 tick").is_err());
        assert!(read("18446744073709551615.999 tick").is_err());
        assert!(read("18446744073709551.999 tick").is_err());
    }
}
