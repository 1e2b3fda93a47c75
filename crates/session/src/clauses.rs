use crate::words::{FALLBACK, Lists};

/// Cuts a streamed reply into pieces for the voice: a first clause as early as it sounds natural,
/// then whole sentences.
#[derive(Debug)]
pub(crate) struct ClauseCutter {
    lists: &'static [&'static str],
    /// Text that was not handed out.
    rest: String,
    first: bool,
}

/// The first piece may be short, but not so short that it sounds chopped.
const FIRST_CHARS: usize = 10;
const FIRST_WORDS: usize = 2;
/// Without any punctuation the first piece is cut here.
const FIRST_WORDS_AT_MOST: usize = 12;
/// Shorter sentences are joined to the next.
const SENTENCE_CHARS: usize = 20;
/// A sentence without end is cut between words here.
const LONGEST_CHARS: usize = 300;

impl ClauseCutter {
    pub(crate) fn new(lists: Option<&'static Lists>) -> Self {
        Self {
            lists: lists.unwrap_or(FALLBACK).abbreviations,
            rest: String::new(),
            first: true,
        }
    }

    /// Takes some text and gives back every piece that is complete.
    pub(crate) fn push(&mut self, text: &str, pieces: &mut Vec<String>) {
        self.rest.push_str(text);
        while let Some(end) = self.next_end() {
            let tail = self.rest.split_off(end);
            self.hand_out(pieces);
            self.rest = tail;
        }
    }

    /// Gives back what is left, at the end of the reply.
    pub(crate) fn finish(&mut self, pieces: &mut Vec<String>) {
        self.hand_out(pieces);
    }

    fn hand_out(&mut self, pieces: &mut Vec<String>) {
        let piece = std::mem::take(&mut self.rest);
        if piece.chars().any(char::is_alphanumeric) {
            self.first = false;
            pieces.push(piece.trim().to_owned());
        }
    }

    /// Where the next piece ends, if it is complete.
    fn next_end(&self) -> Option<usize> {
        if self.first {
            self.first_clause_end()
                .or_else(|| self.word_end(FIRST_WORDS_AT_MOST))
        } else {
            self.sentence_end().or_else(|| self.overlong_end())
        }
    }

    fn first_clause_end(&self) -> Option<usize> {
        self.boundaries(is_clause_end).find(|&end| {
            let piece = self.rest[..end].trim();
            piece.chars().count() >= FIRST_CHARS && piece.split_whitespace().count() >= FIRST_WORDS
        })
    }

    fn sentence_end(&self) -> Option<usize> {
        self.boundaries(is_sentence_end)
            .find(|&end| self.rest[..end].trim().chars().count() >= SENTENCE_CHARS)
    }

    fn overlong_end(&self) -> Option<usize> {
        let (limit, _) = self.rest.char_indices().nth(LONGEST_CHARS)?;
        self.rest[..limit]
            .rfind(char::is_whitespace)
            .map(|at| at + 1)
            .or(Some(limit))
    }

    /// The end of the `count`th word, once the next one has begun.
    fn word_end(&self, count: usize) -> Option<usize> {
        let begun = self.rest.split_whitespace().count();
        let mut ends = self
            .rest
            .split_inclusive(char::is_whitespace)
            .filter(|word| !word.trim().is_empty());
        let length = ends.by_ref().take(count).map(str::len).sum();
        (begun > count).then_some(length)
    }

    /// Ends of clauses or sentences: punctuation, closing quotes, then a space and more text.
    fn boundaries(&self, ends: fn(char) -> bool) -> impl Iterator<Item = usize> {
        let text = self.rest.as_str();
        text.char_indices().filter_map(move |(at, mark)| {
            if mark == '\n' && ends('\n') {
                return Some(at + 1);
            }
            if !ends(mark) {
                return None;
            }
            let after = at + mark.len_utf8();
            let closed = after + closing(&text[after..]);
            let space = text[closed..].chars().next()?;
            let splits = space.is_whitespace() && !self.is_inside(at, mark, closed);
            splits.then_some(closed + space.len_utf8())
        })
    }

    /// Whether the punctuation at `at` belongs to a number, an abbreviation or an initial.
    fn is_inside(&self, at: usize, mark: char, closed: usize) -> bool {
        if mark != '.' {
            return false;
        }
        let before = self.rest[..at]
            .rsplit(char::is_whitespace)
            .next()
            .unwrap_or_default();
        let word = before
            .trim_start_matches(|letter: char| !letter.is_alphanumeric())
            .to_lowercase();
        let initial = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
        let digit_follows = self.rest[closed..]
            .trim_start()
            .chars()
            .next()
            .is_some_and(|next| next.is_ascii_digit());
        initial || digit_follows || self.lists.contains(&word.as_str())
    }
}

/// The length of quotes and brackets that close at the beginning of `text`.
fn closing(text: &str) -> usize {
    text.chars()
        .take_while(|mark| matches!(mark, '"' | '”' | '’' | '\'' | ')' | '»'))
        .map(char::len_utf8)
        .sum()
}

fn is_sentence_end(mark: char) -> bool {
    matches!(mark, '.' | '!' | '?' | '…' | '\n' | '。' | '！' | '？')
}

fn is_clause_end(mark: char) -> bool {
    is_sentence_end(mark) || matches!(mark, ',' | ';' | ':' | '–' | '—')
}

/// The text as a voice can read it: without markdown marks, emoji and doubled spaces.
pub(crate) fn spoken_form(text: &str) -> String {
    let kept = text.chars().map(|letter| match letter {
        '*' | '`' | '#' | '_' | '~' | '|' => ' ',
        '\u{200d}' | '\u{fe0f}' | '\u{20e3}' => ' ',
        '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' | '\u{e0000}'..='\u{e007f}' => ' ',
        letter if letter.is_control() => ' ',
        letter => letter,
    });
    let mut out = String::with_capacity(text.len());
    for letter in kept {
        let tight = letter == ' ' || matches!(letter, ',' | '.' | '?' | '!');
        if tight && out.ends_with(' ') {
            out.pop();
        }
        if letter != ' ' || !out.is_empty() {
            out.push(letter);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::words;

    fn cut(text: &str) -> Vec<String> {
        let mut cutter = ClauseCutter::new(words::lists(&"en".parse().unwrap()));
        let mut pieces = Vec::new();
        cutter.push(text, &mut pieces);
        cutter.finish(&mut pieces);
        pieces
    }

    #[test]
    fn the_first_clause_is_short_and_then_come_sentences() {
        assert_eq!(
            cut("Sure, I can do that. Would you like a table for two, or for four? Tell me."),
            [
                "Sure, I can do that.",
                "Would you like a table for two, or for four?",
                "Tell me."
            ]
        );
        assert_eq!(
            cut("We have Tuesday, and we have Friday, as well. Choose."),
            [
                "We have Tuesday,",
                "and we have Friday, as well.",
                "Choose."
            ]
        );
    }

    #[test]
    fn numbers_abbreviations_and_initials_stay_whole() {
        assert_eq!(
            cut("It costs 3.50 dollars at Dr. Smith and J. R. Jones. Fine?"),
            [
                "It costs 3.50 dollars at Dr. Smith and J. R. Jones.",
                "Fine?"
            ]
        );
        assert_eq!(
            cut("Write to ada@example.com or call. Bye."),
            ["Write to ada@example.com or call.", "Bye."]
        );
    }

    #[test]
    fn a_first_piece_without_punctuation_is_cut_after_twelve_words() {
        let pieces =
            cut("one two three four five six seven eight nine ten eleven twelve thirteen fourteen");
        assert_eq!(pieces[0].split(' ').count(), 12);
    }

    #[test]
    fn nothing_is_said_for_punctuation_alone() {
        assert!(cut(" … ").is_empty());
    }

    #[test]
    fn marks_and_pictures_are_not_read_aloud() {
        assert_eq!(spoken_form("**Great** 😀! See `this`."), "Great! See this.");
        assert_eq!(spoken_form("  plain "), "plain");
    }

    proptest! {
        #[test]
        fn no_letter_is_lost_or_doubled_however_the_text_arrives(text in "[a-zé .,!?\n0-9\"]{0,400}", cuts in prop::collection::vec(0usize..400, 0..20)) {
            let mut cutter = ClauseCutter::new(None);
            let mut pieces = Vec::new();
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| text.is_char_boundary(*cut)).collect();
            cuts.sort_unstable();
            let mut from = 0;
            for to in cuts.into_iter().chain([text.len()]) {
                cutter.push(&text[from..to], &mut pieces);
                from = to;
            }
            cutter.finish(&mut pieces);
            let letters = |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
            prop_assert_eq!(letters(&pieces.concat()), letters(&text));
        }
    }
}
