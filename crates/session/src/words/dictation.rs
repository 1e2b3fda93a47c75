//! Things that are dictated piece by piece: numbers, spellings, e-mail addresses.

use super::ends_with_phrase;

/// How one language says digits, letters and addresses.
pub(crate) struct Numbers {
    /// One digit each.
    pub units: &'static [&'static str],
    /// Units that are other words too: digits only beside a digit.
    pub doubtful_units: &'static [&'static str],
    /// Two digits that no unit follows: "twelve".
    pub teens: &'static [&'static str],
    /// Two digits, the second of which may follow: "twenty".
    pub tens: &'static [&'static str],
    /// Three digits, two of which may follow: "doscientos".
    pub hundreds: &'static [&'static str],
    /// They add digits to the number before them: "hundred" adds two.
    pub powers: &'static [(&'static str, usize)],
    /// They say the next digit so often: "double".
    pub repeats: &'static [(&'static str, usize)],
    /// Said between digits without being one.
    pub joints: &'static [&'static str],
    /// Open a number with its country.
    pub international: &'static [&'static str],
    /// Digits of a usual telephone number.
    pub phone_digits: usize,
    /// Phrases after which even a single digit is the beginning of a number.
    pub announces: &'static [&'static str],
    /// Names of letters, besides the letters themselves.
    pub letters: &'static [&'static str],
    /// Between a letter and a word that begins with it: "b as in boy".
    pub as_in: &'static [&'static str],
    /// The sign in the middle of an address.
    pub at: &'static [&'static str],
    /// The point of an address.
    pub dot: &'static [&'static str],
    /// Firms that are followed by "dot com".
    pub mail_hosts: &'static [&'static str],
    /// Months: a day is likely to follow, or went before.
    pub months: &'static [&'static str],
    /// Words that are a date by themselves.
    pub days: &'static [&'static str],
}

/// Endings of addresses, however the language says the point before them.
const TOP_LEVELS: &[&str] = &[
    "ai", "app", "ar", "au", "biz", "br", "ca", "cat", "ch", "cl", "com", "de", "dev", "edu", "es",
    "eu", "fr", "gov", "ie", "info", "io", "it", "me", "mx", "net", "nl", "nz", "org", "pe", "pt",
    "uk", "us", "uy", "ve",
];

/// The number that a text ends with.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Dictated {
    /// How many digits.
    pub digits: usize,
    /// Pieces that were said one by one: "forty five" is one.
    pub pieces: usize,
    /// Pieces of a single digit.
    pub singles: usize,
    opening: Opening,
    /// Digits of the last number that following words may still fill: "twenty" awaits one.
    open: usize,
    /// The next digit comes so often. Not zero at the end: that digit is missing.
    repeat: usize,
}

/// How a number begins.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Opening {
    /// With its country: "plus", "zero zero".
    Country,
    /// With a nought: the national form of many countries.
    Nought,
    #[default]
    Other,
}

impl Dictated {
    /// Reads the end of a normalised text. `None`: it does not end with a number.
    pub(crate) fn at_end(said: &str, numbers: &Numbers, fillers: &[&str]) -> Option<Self> {
        let words: Vec<&str> = said.split(' ').collect();
        let from = words
            .iter()
            .rposition(|word| !numbers.is_part(word) && !fillers.contains(word))
            .map_or(0, |at| at + 1);
        let mut number = Self::default();
        let mut certain = false;
        for word in &words[from..] {
            certain |= !numbers.doubtful_units.contains(word) && numbers.has_digits(word);
            number.add(word, numbers);
        }
        let ends = words
            .last()
            .is_some_and(|last| !numbers.joints.contains(last) && !fillers.contains(last));
        (certain && ends).then_some(number)
    }

    fn add(&mut self, word: &str, numbers: &Numbers) {
        if let Some((_, times)) = numbers.repeats.iter().find(|(name, _)| *name == word) {
            self.repeat = *times;
            self.open = 0;
        } else if numbers.international.contains(&word) {
            self.opening = Opening::Country;
        } else if let Some((_, more)) = numbers.powers.iter().find(|(name, _)| *name == word) {
            self.grow(*more);
        } else if word.bytes().all(|byte| byte.is_ascii_digit()) {
            self.open_with(word.bytes().take_while(|byte| *byte == b'0').count());
            self.piece(word.len(), 0);
        } else if numbers.is_unit(word) {
            self.unit(numbers.is_nought(word));
        } else if numbers.teens.contains(&word) {
            self.fill(2, 0);
        } else if numbers.tens.contains(&word) {
            self.fill(2, 1);
        } else if numbers.hundreds.contains(&word) {
            self.fill(3, 2);
        }
    }

    fn unit(&mut self, nought: bool) {
        if nought {
            self.open_with(self.repeat.max(1));
            self.open = 0;
        }
        if self.repeat > 0 {
            self.piece(self.repeat, 0);
        } else {
            self.fill(1, 0);
        }
    }

    /// So many noughts are said: they tell the form of a number if nothing else went before.
    fn open_with(&mut self, noughts: usize) {
        self.opening = match (self.opening, self.digits, noughts) {
            (Opening::Other, 0, 2) | (Opening::Nought, 1, 1) => Opening::Country,
            (Opening::Other, 0, 1) => Opening::Nought,
            (opening, ..) => opening,
        };
    }

    /// A number of so many digits, part of the one before if that has room for it.
    fn fill(&mut self, digits: usize, open: usize) {
        if self.open >= digits {
            self.open = open;
        } else {
            self.piece(digits, open);
        }
    }

    fn piece(&mut self, digits: usize, open: usize) {
        self.digits += digits;
        self.pieces += 1;
        self.singles += usize::from(digits == 1 || self.repeat > 0);
        self.open = open;
        self.repeat = 0;
    }

    /// "Hundred", "thousand".
    fn grow(&mut self, more: usize) {
        if self.digits == 0 {
            self.piece(1, 0);
        }
        self.singles = self.singles.saturating_sub(1);
        self.digits += more;
        self.open = more;
    }

    /// Whether it sounds like a number that is read out, not like an amount or a time: single
    /// digits in a row, three groups or more, or a beginning. "Double" without any digit may be a
    /// room.
    pub(crate) fn is_read_out(&self) -> bool {
        let breaks_off = self.dangles() && self.digits > 0;
        self.singles >= 2 || self.pieces >= 3 || breaks_off || self.opening == Opening::Country
    }

    /// Whether the last word says how often a digit comes, and the digit is missing: "double".
    pub(crate) fn dangles(&self) -> bool {
        self.repeat > 0
    }

    /// Whether it has the digits of a telephone number. Countries differ: ten with a nought in
    /// front, eleven with the country's own number, otherwise what is usual in the language.
    pub(crate) fn is_phone(&self, usual: usize) -> bool {
        const NATIONAL: usize = 10;
        const INTERNATIONAL: usize = 11;
        let least = match self.opening {
            Opening::Country => INTERNATIONAL,
            Opening::Nought => NATIONAL,
            Opening::Other => usual,
        };
        self.digits >= least && !self.dangles()
    }
}

impl Numbers {
    fn is_unit(&self, word: &str) -> bool {
        self.units.contains(&word) || self.doubtful_units.contains(&word)
    }

    /// The first units of a list say nought.
    fn is_nought(&self, word: &str) -> bool {
        self.units.first() == Some(&word) || self.doubtful_units.contains(&word)
    }

    fn has_digits(&self, word: &str) -> bool {
        (!word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()))
            || self.is_unit(word)
            || self.teens.contains(&word)
            || self.tens.contains(&word)
            || self.hundreds.contains(&word)
            || self.repeats.iter().any(|(name, _)| *name == word)
            || self.powers.iter().any(|(name, _)| *name == word)
    }

    fn is_part(&self, word: &str) -> bool {
        self.has_digits(word) || self.joints.contains(&word) || self.international.contains(&word)
    }

    /// Whether the number at the end was announced: "my number is five".
    pub(crate) fn announced(&self, said: &str) -> bool {
        let end = said
            .split(' ')
            .rev()
            .take_while(|word| self.is_part(word))
            .map(|word| word.len() + 1)
            .sum::<usize>();
        let before = said[..said.len().saturating_sub(end)].trim_end();
        self.announces
            .iter()
            .any(|phrase| ends_with_phrase(before, phrase))
    }

    /// How many letters were spelled at the end: "b as in boy" is one.
    pub(crate) fn letters_at_end(&self, said: &str) -> usize {
        let mut rest = said;
        let mut letters = 0;
        while let Some(before) = self.before_letter(rest) {
            letters += 1;
            rest = before;
        }
        letters
    }

    /// What stands before the letter at the end.
    fn before_letter<'a>(&self, said: &'a str) -> Option<&'a str> {
        let (before, last) = said.rsplit_once(' ').unwrap_or(("", said));
        if self.is_letter(last) {
            return Some(before);
        }
        let before = self.as_in.iter().find_map(|phrase| {
            ends_with_phrase(before, phrase)
                .then(|| before[..before.len() - phrase.len()].trim_end())
        })?;
        let (before, letter) = before.rsplit_once(' ').unwrap_or(("", before));
        self.is_letter(letter).then_some(before)
    }

    fn is_letter(&self, word: &str) -> bool {
        let mut letters = word.chars();
        let single = letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none();
        single || self.letters.contains(&word)
    }

    /// Whether the text is an e-mail address so far: the sign was said, or a well-known firm after
    /// what sounds like it.
    pub(crate) fn has_email(&self, said: &str) -> bool {
        said.contains('@')
            || self.at.iter().any(|at| {
                self.mail_hosts
                    .iter()
                    .any(|host| ends_with_phrase(said, &format!("{at} {host}")))
                    || (*at != "at" && super::contains_phrase(said, at))
            })
            || self.dot.iter().any(|dot| {
                ends_with_phrase(said, dot)
                    && self.at.iter().any(|at| super::contains_phrase(said, at))
            })
    }

    /// Whether the text ends like a whole address: "dot com".
    pub(crate) fn ends_email(&self, said: &str) -> bool {
        let (before, last) = said.rsplit_once(' ').unwrap_or(("", said));
        let written = last
            .rsplit_once('.')
            .is_some_and(|(_, level)| TOP_LEVELS.contains(&level));
        let spoken =
            TOP_LEVELS.contains(&last) && self.dot.iter().any(|dot| ends_with_phrase(before, dot));
        written || spoken
    }

    /// Whether a date ends where more of it is likely: a month without a day, a day without a
    /// month.
    pub(crate) fn is_part_of_date(&self, said: &str, fillers: &[&str]) -> bool {
        let has = |list: &[&str]| said.split(' ').any(|word| list.contains(&word));
        if has(self.days) {
            return false;
        }
        let (before, last) = said.rsplit_once(' ').unwrap_or(("", said));
        if self.months.contains(&last) {
            return !before
                .split(' ')
                .any(|word| self.has_digits(word) || is_ordinal(word))
                && !before.ends_with(" of");
        }
        !has(self.months) && Dictated::at_end(said, self, fillers).is_some_and(|at| at.digits <= 2)
    }
}

/// "5th", and every English word like it.
fn is_ordinal(word: &str) -> bool {
    const ENDS: [&str; 4] = ["st", "nd", "rd", "th"];
    word.len() > 2 && ENDS.iter().any(|end| word.ends_with(end))
}

#[cfg(test)]
mod tests {
    use crate::words;

    use super::*;

    fn lists(language: &str) -> &'static words::Lists {
        words::lists(&language.parse().unwrap()).unwrap()
    }

    #[test]
    fn digits_are_counted_however_they_are_said() {
        for (language, said, digits) in [
            ("en", "its five five five", Some(3)),
            ("en", "five double five oh", Some(4)),
            ("en", "415 555 2671", Some(10)),
            ("en", "eight hundred five five five", Some(5)),
            ("en", "twenty five", Some(2)),
            ("en", "two thousand twenty six", Some(4)),
            ("en", "nineteen eighty four", Some(4)),
            ("en", "four um seven", Some(2)),
            ("en", "oh", None),
            ("en", "four seven please", None),
            ("en", "no", None),
            ("es", "seiscientos doce treinta y cuatro", Some(5)),
            (
                "es",
                "seis uno dos tres cuatro cinco seis siete ocho",
                Some(9),
            ),
            ("es", "dos mil veintiséis", Some(4)),
            ("es", "cuarenta y", None),
        ] {
            let lists = lists(language);
            assert_eq!(
                Dictated::at_end(said, lists.numbers, lists.endings.fillers)
                    .map(|number| number.digits),
                digits,
                "{said}"
            );
        }
    }

    #[test]
    fn telephone_numbers_are_long_enough_for_their_form() {
        for (language, said, phone) in [
            ("en", "415 555 267", false),
            ("en", "415 555 2671", true),
            ("en", "oh seven nine one one one two three", false),
            (
                "en",
                "oh seven nine one one one two three four five six",
                true,
            ),
            (
                "en",
                "plus four four seven nine one one one two three",
                false,
            ),
            (
                "en",
                "plus four four seven nine one one one two three four five",
                true,
            ),
            ("en", "four one five double", false),
            (
                "es",
                "seiscientos doce treinta y cuatro cincuenta y seis",
                false,
            ),
            (
                "es",
                "seiscientos doce treinta y cuatro cincuenta y seis setenta y ocho",
                true,
            ),
        ] {
            let lists = lists(language);
            let number = Dictated::at_end(said, lists.numbers, lists.endings.fillers).unwrap();
            assert_eq!(number.is_phone(lists.numbers.phone_digits), phone, "{said}");
        }
    }

    #[test]
    fn spelled_letters_are_counted() {
        for (language, said, letters) in [
            ("en", "s m i t h", 5),
            ("en", "my name is b as in boy", 1),
            ("en", "b as in boy r for romeo", 2),
            ("en", "a table", 0),
            ("es", "be de barcelona", 1),
            ("es", "ge a erre ce í a", 6),
        ] {
            assert_eq!(
                lists(language).numbers.letters_at_end(said),
                letters,
                "{said}"
            );
        }
    }
}
