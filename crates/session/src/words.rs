//! Words as the caller hears or says them: normalised for comparison, listed per language.

pub(crate) mod dictation;
mod en;
pub(crate) mod endings;
mod es;
pub(crate) mod machines;
pub(crate) mod questions;

use std::iter;

use domain::Language;

use crate::spoken::Speech;

use dictation::Numbers;
use endings::Endings;
use questions::Questions;

/// The word lists of one language.
pub(crate) struct Lists {
    /// What can end a sentence, and what cannot.
    pub endings: &'static Endings,
    /// How digits, letters and addresses are dictated.
    pub numbers: &'static Numbers,
    /// How questions are asked.
    pub questions: &'static Questions,
    /// Phrases that ask the agent to wait.
    pub holds: &'static [&'static str],
    /// Phrases that contain one of them and do not.
    pub not_holds: &'static [&'static str],
    /// Words that answer a yes/no question.
    pub yes_no: &'static [&'static str],
    /// Words that agree to say something, and do not say it yet.
    pub agreeing: &'static [&'static str],
    /// Words that decline to, or ask back.
    pub declining: &'static [&'static str],
    /// Words and phrases that only say "I am listening".
    pub acks: &'static [&'static str],
    /// Nothing that begins with one of these only says that.
    pub not_acks: &'static [&'static str],
    /// Words that stop the agent at once.
    pub stops: &'static [&'static str],
    /// Phrases that contain one of them and stop nobody.
    pub not_stops: &'static [&'static str],
    /// Phrases that say goodbye.
    pub goodbyes: &'static [&'static str],
    /// What else callers say in so few words, and is all that they want to say.
    pub whole_by_itself: &'static [&'static str],
    /// How numbers, signs and short forms are said.
    pub speech: &'static Speech,
    /// What an agent says while a tool runs or the model is slow.
    pub fillers_while_working: &'static [&'static str],
    /// What an agent says by itself.
    pub lines: Lines,
}

/// What an agent says by itself unless the configuration says otherwise. See [`crate::Lines`].
pub(crate) struct Lines {
    pub unheard: &'static str,
    pub trouble: &'static str,
    pub still_there: [&'static str; 2],
    pub one_moment: &'static str,
    pub hold: &'static str,
    pub almost_over: &'static str,
    pub goodbye: &'static str,
    pub failure: &'static str,
}

/// The lists of a language. `None`: no rules for it, so waits are those of the unknown class.
pub(crate) fn lists(language: &Language) -> Option<&'static Lists> {
    match language.primary() {
        "en" => Some(&en::LISTS),
        "es" => Some(&es::LISTS),
        _ => None,
    }
}

/// The lists that stand in for a language without lists of its own.
pub(crate) const FALLBACK: &Lists = &en::LISTS;

/// Lower-case words without punctuation, one space between: what two texts are compared by.
pub fn normalised(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in words(text) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&word);
    }
    out
}

/// The words of a text, lower-case, without punctuation around them.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|letter: char| letter.is_whitespace() || matches!(letter, '-' | '—' | '…' | '/'))
        .map(|word| {
            word.trim_matches(|letter: char| !letter.is_alphanumeric())
                .replace(['’', '\''], "")
                .to_lowercase()
        })
        .filter(|word| !word.is_empty())
}

/// Whether a normalised text contains a normalised phrase, whole words only.
pub(crate) fn contains_phrase(text: &str, phrase: &str) -> bool {
    !phrase.is_empty() && tails(text).any(|tail| begins_with_phrase(tail, phrase))
}

/// A normalised text from each of its words on.
pub(crate) fn tails(text: &str) -> impl Iterator<Item = &str> {
    let later = text.match_indices(' ').map(|(at, _)| &text[at + 1..]);
    iter::once(text).chain(later)
}

/// Whether a normalised text begins with a normalised phrase, whole words only.
pub(crate) fn begins_with_phrase(text: &str, phrase: &str) -> bool {
    text.strip_prefix(phrase)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// A normalised text without these phrases; a dash marks where one was.
pub(crate) fn without_phrases(text: &str, phrases: &[&str]) -> String {
    let found = phrases
        .iter()
        .filter(|phrase| contains_phrase(text, phrase));
    found.fold(format!(" {text} "), |text, phrase| {
        text.replace(&format!(" {phrase} "), " - ")
    })
}

/// Whether a text says goodbye: it ends with one of these normalised farewells, or is short and
/// contains one.
pub(crate) fn says_goodbye(text: &str, goodbyes: &[String]) -> bool {
    const SHORT: usize = 8;
    let text = normalised(text);
    let short = text.split(' ').count() <= SHORT;
    goodbyes
        .iter()
        .any(|phrase| (short && contains_phrase(&text, phrase)) || ends_with_phrase(&text, phrase))
}

/// Whether a normalised text ends with a normalised phrase, whole words only.
pub(crate) fn ends_with_phrase(text: &str, phrase: &str) -> bool {
    !phrase.is_empty()
        && text
            .strip_suffix(phrase)
            .is_some_and(|before| before.is_empty() || before.ends_with(' '))
}

/// The last sentence of a text.
pub(crate) fn last_sentence(text: &str) -> &str {
    let text = text.trim_end();
    let body = text.trim_end_matches(['.', '!', '?', '"', ')', '…']);
    let start = body.rfind(['.', '!', '?']).map_or(0, |at| at + 1);
    text[start..].trim_start()
}

/// Whether a text ends in a question.
pub(crate) fn asks(text: &str) -> bool {
    text.trim_end()
        .trim_end_matches(['"', ')', '»'])
        .ends_with('?')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_compared_without_case_and_punctuation() {
        assert_eq!(normalised(" Yes, I’d  like — that. "), "yes id like that");
        assert_eq!(normalised("¿Qué tal?"), "qué tal");
        assert_eq!(normalised("…"), "");
    }

    #[test]
    fn phrases_match_whole_words() {
        assert!(contains_phrase("well goodbye then", "goodbye"));
        assert!(contains_phrase("goodbyes end in goodbye", "goodbye"));
        assert!(!contains_phrase("goodbyes are hard", "goodbye"));
        assert!(!contains_phrase("no badgoodbye", "goodbye"));
        assert!(!contains_phrase("anything", ""));
    }

    #[test]
    fn goodbyes_end_a_text_or_fill_a_short_one() {
        let goodbyes: Vec<String> = en::LISTS
            .goodbyes
            .iter()
            .map(|phrase| (*phrase).to_owned())
            .collect();
        for text in [
            "Thank you, goodbye.",
            "Bye!",
            "Okay, bye-bye then",
            "That is all I needed to know for today, have a nice day!",
        ] {
            assert!(says_goodbye(text, &goodbyes), "{text}");
        }
        for text in [
            "Can you buy it?",
            "Before we say goodbye I would like to ask about the other booking.",
            "",
        ] {
            assert!(!says_goodbye(text, &goodbyes), "{text}");
        }
    }

    #[test]
    fn the_last_sentence_is_found() {
        assert_eq!(last_sentence("Sure. Is Tuesday fine?"), "Is Tuesday fine?");
        assert_eq!(last_sentence("Hello."), "Hello.");
        assert!(asks("Is Tuesday fine? "));
        assert!(!asks("Tuesday is fine."));
    }

    /// Every word and phrase that texts are compared with.
    fn compared(lists: &Lists) -> impl Iterator<Item = &'static str> {
        let (endings, numbers, questions) = (lists.endings, lists.numbers, lists.questions);
        let own = [
            lists.holds,
            lists.not_holds,
            lists.yes_no,
            lists.agreeing,
            lists.declining,
            lists.acks,
            lists.not_acks,
            lists.stops,
            lists.not_stops,
            lists.goodbyes,
            lists.whole_by_itself,
            endings.fillers,
            endings.question_words,
            endings.answers,
            questions.requests,
            questions.yes_no,
            questions.tags,
            questions.or,
            questions.or_not,
            questions.open,
            questions.openers,
            numbers.units,
            numbers.doubtful_units,
            numbers.teens,
            numbers.tens,
            numbers.hundreds,
            numbers.joints,
            numbers.international,
            numbers.announces,
            numbers.letters,
            numbers.as_in,
            numbers.at,
            numbers.dot,
            numbers.mail_hosts,
            numbers.months,
            numbers.days,
        ];
        own.into_iter()
            .chain(endings.cannot_end.iter().copied())
            .chain(endings.may_end.iter().map(|rule| rule.last))
            .flatten()
            .copied()
            .chain(questions.topics.iter().map(|(phrase, _)| *phrase))
    }

    #[test]
    fn every_listed_word_is_in_its_normal_form() {
        let machines = [
            machines::ANSWERING,
            machines::INTRODUCING,
            machines::KEYS,
            machines::MENUS,
            machines::PRESSING,
        ];
        let machines = machines.into_iter().flatten().copied();
        let callers = compared(&en::LISTS).chain(compared(&es::LISTS));
        for word in callers.chain(machines) {
            assert_eq!(normalised(word), word);
        }
    }
}
