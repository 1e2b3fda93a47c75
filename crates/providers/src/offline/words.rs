//! Text as bare words, so that what was recognised, written and recorded can be compared.

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const CONTRACTIONS: [(&str, [&str; 2]); 13] = [
    ("can't", ["can", "not"]),
    ("cannot", ["can", "not"]),
    ("don't", ["do", "not"]),
    ("i'd", ["i", "would"]),
    ("i'll", ["i", "will"]),
    ("i'm", ["i", "am"]),
    ("it's", ["it", "is"]),
    ("name's", ["name", "is"]),
    ("o'clock", ["oclock", ""]),
    ("that's", ["that", "is"]),
    ("we're", ["we", "are"]),
    ("what's", ["what", "is"]),
    ("where's", ["where", "is"]),
];

/// The words of a text: lower case, without punctuation, numbers written out.
#[must_use]
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let text = text.replace('\u{2019}', "'").to_lowercase();
    for token in text.split(|c: char| !c.is_alphanumeric() && c != '\'') {
        add_token(token.trim_matches('\''), &mut words);
    }
    words
}

/// Where `phrase` stands in `words`, if it does; never for an empty phrase.
#[must_use]
pub(super) fn find(words: &[String], phrase: &[String]) -> Option<usize> {
    if phrase.is_empty() {
        return None;
    }
    words
        .windows(phrase.len())
        .position(|window| window == phrase)
}

fn add_token(token: &str, words: &mut Vec<String>) {
    if let Some((_, plain)) = CONTRACTIONS.iter().find(|(short, _)| *short == token) {
        words.extend(
            plain
                .iter()
                .filter(|word| !word.is_empty())
                .map(ToString::to_string),
        );
        return;
    }
    let digits = token.len() - token.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = token.split_at(digits);
    if !number.is_empty() {
        add_number(number, words);
    }
    let word: String = rest.chars().filter(|c| *c != '\'').collect();
    if !word.is_empty() {
        words.push(word);
    }
}

/// Up to 99 as it is spoken, longer ones digit by digit; the `00` of a full hour is silent.
fn add_number(digits: &str, words: &mut Vec<String>) {
    match digits.parse::<usize>() {
        Ok(0) if digits.len() == 2 => {}
        Ok(number) if digits.len() <= 2 && number < SMALL.len() => {
            words.push(SMALL[number].to_owned());
        }
        Ok(number) if digits.len() <= 2 => {
            words.push(TENS[number / 10].to_owned());
            if number % 10 != 0 {
                words.push(SMALL[number % 10].to_owned());
            }
        }
        Ok(_) | Err(_) => {
            let each = digits
                .bytes()
                .map(|digit| SMALL[usize::from(digit - b'0')].to_owned());
            words.extend(each);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> String {
        words(text).join(" ")
    }

    #[test]
    fn punctuation_and_case_do_not_matter() {
        assert_eq!(
            joined("  Hi, I'd like — a TABLE!  "),
            "hi i would like a table"
        );
        assert_eq!(joined("That’s 'all'."), "that is all");
        assert_eq!(joined("…"), "");
    }

    #[test]
    fn numbers_are_written_out() {
        assert_eq!(joined("7pm or 19:30"), "seven pm or nineteen thirty");
        assert_eq!(joined("at 7:00"), "at seven");
        assert_eq!(
            joined("472, 05 and 21"),
            "four seven two five and twenty one"
        );
        assert_eq!(joined("seven o'clock"), "seven oclock");
    }

    #[test]
    fn a_phrase_is_found_as_whole_words() {
        let said = words("please book a table");
        assert_eq!(find(&said, &words("book a")), Some(1));
        assert_eq!(find(&said, &words("boo")), None);
        assert_eq!(find(&said, &[]), None);
    }
}
