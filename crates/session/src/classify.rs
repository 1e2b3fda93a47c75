use domain::Millis;

use crate::{
    Expect, Waits,
    words::{self, Lists, dictation::Dictated},
};

/// What the last words of a caller look like: how likely it is that more will come.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum WaitClass {
    /// Looks finished, without punctuation.
    Complete,
    /// "um", "so", "let me see".
    Filler,
    /// At most three words that answer no question and say nothing by themselves.
    Fragment,
    /// The last word cannot end a sentence.
    Incomplete,
    /// "One moment": the caller wants the agent to wait.
    Hold,
    /// Keys of the phone: over when they are.
    Keys,
    /// A number or a spelling that goes on.
    Number,
    /// The recogniser alone decides.
    Provider,
    /// A short answer to a yes/no question.
    ShortAnswer,
    /// A finished sentence.
    Terminal,
    /// A language without word lists.
    Unknown,
}

impl WaitClass {
    /// The name in records and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Filler => "filler",
            Self::Fragment => "fragment",
            Self::Incomplete => "incomplete",
            Self::Hold => "hold",
            Self::Keys => "keys",
            Self::Number => "number",
            Self::Provider => "provider",
            Self::ShortAnswer => "short_answer",
            Self::Terminal => "terminal",
            Self::Unknown => "unknown",
        }
    }

    /// How long a silence ends a turn of this class.
    #[must_use]
    pub(crate) const fn wait(self, waits: &Waits) -> Millis {
        match self {
            Self::Complete => waits.complete,
            Self::Filler => waits.filler,
            Self::Incomplete => waits.incomplete,
            Self::Keys | Self::Provider => Millis::ZERO,
            // Whoever asks for a moment may say why.
            Self::Hold | Self::Number => waits.number,
            Self::ShortAnswer => waits.short_answer,
            Self::Terminal => waits.terminal,
            Self::Fragment | Self::Unknown => waits.unknown,
        }
    }
}

/// Whether the agent's last words want an answer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Asked {
    #[default]
    Nothing,
    /// They end in a question mark: "yes" may be all that is to be said.
    Question,
    /// They ask without one ("tell me about it"), or the model said that it expects an answer.
    Something,
}

/// Classifies what the caller said so far; the first rule that fits counts. `lists`: those of the
/// language, `None` if it has none or they shall not judge.
pub(crate) fn classify(
    text: &str,
    lists: Option<&Lists>,
    expected: Expect,
    asked: Asked,
) -> WaitClass {
    let Some(lists) = lists else {
        return without_lists(text);
    };
    let said = words::normalised(text);
    if said.is_empty() {
        WaitClass::Incomplete
    } else if asks_to_hold(&said, lists) {
        WaitClass::Hold
    } else if lists.endings.trails_off(&said) {
        WaitClass::Filler
    } else if let Some(class) = of_expected(&said, lists, expected, asked) {
        class
    } else if lists.endings.is_unfinished(&said) {
        // Before the punctuation: recognisers put a full stop to every pause.
        WaitClass::Incomplete
    } else if ends_sentence(text) {
        WaitClass::Terminal
    } else if asked == Asked::Nothing && expected == Expect::Open && is_fragment(&said, lists) {
        WaitClass::Fragment
    } else {
        WaitClass::Complete
    }
}

/// Whether so few words, with nothing asked before, are the beginning of more: "the battery". What
/// people do say in two words, thanks and goodbyes, yes and no, "never mind", is listed, and short
/// questions begin like questions.
fn is_fragment(said: &str, lists: &Lists) -> bool {
    const FEW: usize = 3;
    let whole = [
        lists.yes_no,
        lists.acks,
        lists.whole_by_itself,
        lists.goodbyes,
        lists.endings.answers,
    ];
    let says = |phrase: &&str| words::contains_phrase(said, phrase);
    let asks = |word: &&str| words::begins_with_phrase(said, word);
    said.split(' ').count() <= FEW
        && !whole.into_iter().flatten().any(says)
        && !lists.endings.question_words.iter().any(asks)
}

fn without_lists(text: &str) -> WaitClass {
    if ends_sentence(text) {
        WaitClass::Terminal
    } else {
        WaitClass::Unknown
    }
}

fn ends_sentence(text: &str) -> bool {
    text.trim_end().ends_with(['.', '?', '!', '。', '？', '！'])
}

/// Asking to hold stands at the end, or is all that a short utterance is about.
fn asks_to_hold(said: &str, lists: &Lists) -> bool {
    const SHORT: usize = 12;
    const END: usize = 6;
    let short = said.split(' ').count() <= SHORT;
    let place = if short { said } else { last_words(said, END) };
    let holds = |text: &str| {
        lists
            .holds
            .iter()
            .any(|phrase| words::contains_phrase(text, phrase))
    };
    holds(&words::without_phrases(place, lists.not_holds))
}

fn last_words(said: &str, count: usize) -> &str {
    said.rmatch_indices(' ')
        .nth(count - 1)
        .map_or(said, |(at, _)| &said[at + 1..])
}

/// What is known from the question: whether the answer to it is whole.
fn of_expected(said: &str, lists: &Lists, expected: Expect, asked: Asked) -> Option<WaitClass> {
    if expected.is_dictated() && has_not_begun(said, lists) {
        return Some(WaitClass::Number);
    }
    match expected {
        Expect::Address => of_number(said, lists).and(Some(WaitClass::Number)),
        Expect::Choice => of_choice(said, lists),
        Expect::Date => lists
            .numbers
            .is_part_of_date(said, lists.endings.fillers)
            .then_some(WaitClass::Number),
        Expect::Digits { min, max } => of_digits(said, lists, (min.into(), max.into())),
        Expect::Email => of_email(said, lists),
        Expect::Name => {
            (lists.numbers.letters_at_end(said) > 0 && said.len() > 1).then_some(WaitClass::Number)
        }
        Expect::Phone => of_phone(said, lists),
        Expect::YesNo => of_yes_no(said, lists),
        Expect::Open => of_nothing_special(said, lists, asked),
    }
}

/// "Sure", "yes of course": the caller will dictate, and has not begun.
fn has_not_begun(said: &str, lists: &Lists) -> bool {
    said.split(' ').all(|word| lists.agreeing.contains(&word))
}

fn of_number(said: &str, lists: &Lists) -> Option<Dictated> {
    Dictated::at_end(said, lists.numbers, lists.endings.fillers)
}

fn of_choice(said: &str, lists: &Lists) -> Option<WaitClass> {
    const SHORT: usize = 4;
    let whole = said.split(' ').count() <= SHORT && !lists.endings.is_unfinished(said);
    whole.then_some(WaitClass::ShortAnswer)
}

fn of_digits(said: &str, lists: &Lists, (min, max): (usize, usize)) -> Option<WaitClass> {
    let number = of_number(said, lists)?;
    Some(if number.dangles() || number.digits < min {
        WaitClass::Number
    } else if number.digits < max {
        WaitClass::Complete
    } else {
        WaitClass::ShortAnswer
    })
}

/// A number that is long enough may still go on in some country, so it is complete, not certain.
fn of_phone(said: &str, lists: &Lists) -> Option<WaitClass> {
    let number = of_number(said, lists)?;
    Some(if number.is_phone(lists.numbers.phone_digits) {
        WaitClass::Complete
    } else {
        WaitClass::Number
    })
}

/// An address goes on until "dot com", unless the caller says something else altogether.
fn of_email(said: &str, lists: &Lists) -> Option<WaitClass> {
    if lists.numbers.ends_email(said) {
        return Some(WaitClass::Complete);
    }
    let dictates = lists.numbers.has_email(said)
        || !said
            .split(' ')
            .take(FIRST_WORDS)
            .any(|word| lists.declining.contains(&word));
    dictates.then_some(WaitClass::Number)
}

/// Whoever declines does so in the first words.
const FIRST_WORDS: usize = 4;

fn of_yes_no(said: &str, lists: &Lists) -> Option<WaitClass> {
    const SHORT: usize = 4;
    let answers = said.split(' ').count() <= SHORT
        && lists
            .yes_no
            .iter()
            .any(|answer| words::begins_with_phrase(said, answer))
        && !lists.endings.is_unfinished(said);
    answers.then_some(WaitClass::ShortAnswer)
}

/// Numbers, spellings and addresses are recognised when nobody asked for one, too.
fn of_nothing_special(said: &str, lists: &Lists, asked: Asked) -> Option<WaitClass> {
    const SPELLING: usize = 3;
    const RECENT: usize = 3;
    let numbers = lists.numbers;
    if let Some(number) = of_number(said, lists) {
        let short = !number.is_phone(numbers.phone_digits);
        let read_out = number.is_read_out() || numbers.announced(said);
        if read_out || number.digits > 0 {
            return (short && read_out).then_some(WaitClass::Number);
        }
    }
    // An address that was said long ago is over.
    let email = numbers.has_email(last_words(said, RECENT)) && !numbers.ends_email(said);
    if email || numbers.letters_at_end(said) >= SPELLING {
        return Some(WaitClass::Number);
    }
    if asked == Asked::Question {
        return of_yes_no(said, lists);
    }
    None
}

#[cfg(test)]
mod tests;
