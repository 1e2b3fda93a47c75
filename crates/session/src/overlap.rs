//! What the caller's speech over the agent's means.

use domain::Millis;

use crate::{
    rules::OverlapRules,
    words::{self, Lists},
};

/// What was heard of the caller since the agent was spoken over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heard<'a> {
    /// The words so far.
    pub text: &'a str,
    /// The recogniser will not change its mind about them.
    pub settled: bool,
    /// How long the speech lasts, or lasted.
    pub spoken: Millis,
    /// How long ago it ended. `None`: it goes on.
    pub quiet_for: Option<Millis>,
}

/// What else bears on the verdict.
#[derive(Clone, Copy)]
pub(crate) struct Circumstances {
    /// The word lists of the language, if it has any.
    pub lists: Option<&'static Lists>,
    /// The agent asks a question: what acknowledges something else answers it.
    pub may_answer: bool,
    /// The recogniser is late or silent: its words mean less, the speech itself more.
    pub slow_recogniser: bool,
}

/// What the caller's speech over the agent's means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// "Yes" to the question that the agent is asking: a turn, and no reason to stop.
    Answer,
    /// "uh-huh": the agent goes on, and no turn comes of it.
    Backchannel,
    /// A cough: the agent goes on.
    Noise,
    /// Not enough to tell.
    Undecided,
    /// The caller wants the floor.
    Yield,
}

/// One content word cuts in when the speech lasted this long; shorter, it may be misheard.
pub(crate) const ONE_WORD: Millis = Millis(400);
/// A stop word that may be the beginning of a harmless phrase, "no" of "no problem", is waited
/// with until the phrase would be over.
pub(crate) const HARMLESS_PHRASE: Millis = Millis(600);
/// The recogniser has had its chance to find words in a sound that long ago.
pub(crate) const NO_WORDS_COME: Millis = Millis(500);
/// Speech without words when the recogniser is slow: it cuts in sooner, for words come too late.
const WITHOUT_WORDS_WHEN_SLOW: Millis = Millis(500);
/// More acknowledgements in a row want to be heard.
const MOST_ACKS: usize = 3;

/// Judges the caller's speech over the agent's; the first rule that fits counts.
pub(crate) fn judge(heard: &Heard, rules: &OverlapRules, circumstances: Circumstances) -> Verdict {
    let text = words::normalised(heard.text);
    if text.is_empty() {
        return without_words(heard, rules, circumstances);
    }
    match stopped_by(&text, rules, circumstances.lists) {
        Stop::Certain => return Verdict::Yield,
        Stop::Beginning if may_go_on(heard) => return Verdict::Undecided,
        Stop::Beginning => return Verdict::Yield,
        Stop::None => {}
    }
    let over = heard.settled || heard.quiet_for.is_some();
    let acks = Acknowledgements::of(&text, rules);
    match acks {
        Acknowledgements { others: 1, acks: 0 } => one_word(heard, circumstances),
        Acknowledgements { others: 1.., .. } => Verdict::Yield,
        Acknowledgements { .. } if !over => Verdict::Undecided,
        Acknowledgements { .. } if circumstances.may_answer => Verdict::Answer,
        Acknowledgements { acks, .. } if acks > MOST_ACKS => Verdict::Yield,
        Acknowledgements { .. } if opens_a_sentence(&text, rules, circumstances.lists) => {
            Verdict::Yield
        }
        Acknowledgements { .. } => Verdict::Backchannel,
    }
}

fn without_words(heard: &Heard, rules: &OverlapRules, circumstances: Circumstances) -> Verdict {
    let patience = patience_without_words(rules, circumstances.slow_recogniser);
    match heard.quiet_for {
        None if patience.is_some_and(|patience| heard.spoken >= patience) => Verdict::Yield,
        Some(quiet) if quiet >= NO_WORDS_COME => Verdict::Noise,
        None | Some(_) => Verdict::Undecided,
    }
}

/// How long speech without a word is listened to before the agent gives way.
pub(crate) fn patience_without_words(
    rules: &OverlapRules,
    slow_recogniser: bool,
) -> Option<Millis> {
    let usual = rules.speech_without_words?;
    Some(if slow_recogniser {
        usual.or_earlier(WITHOUT_WORDS_WHEN_SLOW)
    } else {
        usual
    })
}

/// A single word that means something. Late interim words are guesses about the past.
fn one_word(heard: &Heard, circumstances: Circumstances) -> Verdict {
    let late = heard.quiet_for.is_some_and(|quiet| quiet >= NO_WORDS_COME);
    let sure =
        heard.settled || late || (heard.spoken >= ONE_WORD && !circumstances.slow_recogniser);
    if sure {
        Verdict::Yield
    } else {
        Verdict::Undecided
    }
}

/// Whether the recogniser may yet turn the words into a longer phrase.
fn may_go_on(heard: &Heard) -> bool {
    !heard.settled && heard.quiet_for.is_none() && heard.spoken < HARMLESS_PHRASE
}

/// Whether a text stops the agent.
enum Stop {
    /// It ends with a stop word that harmless phrases begin with.
    Beginning,
    Certain,
    None,
}

fn stopped_by(text: &str, rules: &OverlapRules, lists: Option<&Lists>) -> Stop {
    let harmless = lists.map_or(&[][..], |lists| lists.not_stops);
    let text = words::without_phrases(text, harmless);
    let text = text.trim();
    let mut stops = rules
        .stop_words
        .iter()
        .filter(|stop| words::contains_phrase(text, stop))
        .peekable();
    if stops.peek().is_none() {
        return Stop::None;
    }
    let begins = |stop: &str| {
        text == stop
            && harmless
                .iter()
                .any(|phrase| words::begins_with_phrase(phrase, stop))
    };
    if stops.all(|stop| begins(stop)) {
        Stop::Beginning
    } else {
        Stop::Certain
    }
}

/// The words of a text, counted by what they do. A phrase counts as one.
struct Acknowledgements {
    acks: usize,
    others: usize,
}

impl Acknowledgements {
    fn of(text: &str, rules: &OverlapRules) -> Self {
        let mut count = Self { acks: 0, others: 0 };
        let mut rest = text;
        while !rest.is_empty() {
            let length = longest_ack(rest, rules);
            if length > 0 {
                count.acks += 1;
                rest = rest[length..].trim_start();
            } else {
                count.others += 1;
                rest = rest.split_once(' ').map_or("", |(_, rest)| rest);
            }
        }
        count
    }
}

/// The length of the longest acknowledgement that a text begins with, in bytes.
fn longest_ack(text: &str, rules: &OverlapRules) -> usize {
    rules
        .ack_words
        .iter()
        .filter(|ack| words::begins_with_phrase(text, ack))
        .map(String::len)
        .max()
        .unwrap_or(0)
}

/// "So", "but": more than listening, whatever follows. A listed phrase such as "I see" is none.
fn opens_a_sentence(text: &str, rules: &OverlapRules, lists: Option<&Lists>) -> bool {
    let first = text.split(' ').next().unwrap_or_default();
    longest_ack(text, rules) <= first.len()
        && lists.is_some_and(|lists| lists.not_acks.contains(&first))
}

#[cfg(test)]
mod tests;
