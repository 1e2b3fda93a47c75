use super::{
    cursor::leading_digits,
    tongue::{Decimals, Form, Tongue},
};

/// A number as it is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Numeral<'a> {
    /// Bytes of it.
    pub(super) length: usize,
    pub(super) sign: Sign,
    /// The whole part without its marks.
    pub(super) whole: String,
    /// The digits after the decimal mark.
    pub(super) fraction: &'a str,
    pub(super) marks: Marks,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sign {
    Minus,
    None,
}

/// How the whole part is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Marks {
    /// Digits in a row.
    None,
    /// With marks at the thousands.
    Thousands,
}

/// More digits than this are no quantity.
const MOST_DIGITS: usize = 15;

impl<'a> Numeral<'a> {
    /// The number at the beginning of `text`. `None` where its marks make no sense as one.
    pub(super) fn parse(text: &'a str, tongue: Tongue) -> Option<Self> {
        let (sign, body) = match text.strip_prefix(['-', '−']) {
            Some(body) => (Sign::Minus, body),
            None => (Sign::None, text),
        };
        let mut groups = Groups::parse(body)?;
        let fraction = groups.take_fraction(tongue)?;
        let whole: String = groups.digits.concat();
        (whole.len() <= MOST_DIGITS).then_some(Self {
            length: text.len() - body.len() + groups.length,
            sign,
            marks: if groups.digits.len() > 1 {
                Marks::Thousands
            } else {
                Marks::None
            },
            whole: if whole.is_empty() {
                "0".to_owned()
            } else {
                whole
            },
            fraction,
        })
    }

    /// The whole part.
    pub(super) fn value(&self) -> u64 {
        // The parser lets no more digits through than fit.
        self.whole.parse().unwrap_or_default()
    }

    /// Whether it is exactly one.
    pub(super) fn is_one(&self) -> bool {
        self.whole == "1" && self.fraction.is_empty()
    }

    /// In words.
    pub(super) fn words(&self, tongue: Tongue, form: Form) -> String {
        let mut words = match self.sign {
            Sign::Minus => format!("{} ", tongue.signs().minus),
            Sign::None => String::new(),
        };
        let form = if self.fraction.is_empty() {
            form
        } else {
            Form::Alone
        };
        words.push_str(&tongue.cardinal(self.value(), form));
        if !self.fraction.is_empty() {
            words.push_str(match tongue.decimals {
                _ if tongue.is_english() => " point ",
                Decimals::Comma => " coma ",
                Decimals::Point => " punto ",
            });
            words.push_str(&fraction_words(self.fraction, tongue));
        }
        words
    }
}

/// English reads decimals digit by digit, Spanish reads two of them as one number.
fn fraction_words(fraction: &str, tongue: Tongue) -> String {
    let pair = fraction.len() <= 2 && !fraction.starts_with('0');
    match fraction.parse() {
        Ok(value) if pair && !tongue.is_english() => tongue.cardinal(value, Form::Alone),
        Ok(_) | Err(_) => tongue.digits(fraction),
    }
}

/// Groups of digits with single marks between them.
struct Groups<'a> {
    digits: Vec<&'a str>,
    marks: Vec<char>,
    length: usize,
}

impl<'a> Groups<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let first = leading_digits(text);
        let point = text.starts_with('.');
        if first.is_empty() && !point {
            return None;
        }
        let mut groups = Self {
            digits: vec![first],
            marks: Vec::new(),
            length: first.len(),
        };
        while let Some(mark) = text[groups.length..].chars().next() {
            let digits = leading_digits(&text[groups.length + mark.len_utf8()..]);
            if digits.is_empty() || !is_mark(mark) {
                break;
            }
            groups.length += mark.len_utf8() + digits.len();
            groups.marks.push(mark);
            groups.digits.push(digits);
        }
        (groups.length > 0).then_some(groups)
    }

    /// Takes off the digits after the decimal mark. `None`: these groups make no number.
    fn take_fraction(&mut self, tongue: Tongue) -> Option<&'a str> {
        let fraction = match self.marks.split_last() {
            None => "",
            Some((last, before)) if self.is_decimal(*last, before, tongue) => {
                self.marks.pop();
                self.digits.pop()?
            }
            Some(_) => "",
        };
        let one_kind = self.marks.iter().all(|mark| *mark == self.marks[0]);
        (one_kind && self.thousands_fit()).then_some(fraction)
    }

    fn is_decimal(&self, last: char, before: &[char], tongue: Tongue) -> bool {
        if is_blank(last) {
            return false;
        }
        match before.first() {
            Some(first) => *first != last,
            None => {
                let thousands = match tongue.decimals {
                    Decimals::Comma => '.',
                    Decimals::Point => ',',
                };
                last != thousands || !self.thousands_fit()
            }
        }
    }

    /// Whether these are groups of thousands.
    fn thousands_fit(&self) -> bool {
        match self.digits.split_first() {
            Some((_, [])) | None => true,
            Some((first, rest)) => {
                (1..=3).contains(&first.len())
                    && !first.starts_with('0')
                    && rest.iter().all(|group| group.len() == 3)
            }
        }
    }
}

fn is_blank(mark: char) -> bool {
    matches!(mark, '\u{a0}' | '\u{202f}')
}

fn is_mark(mark: char) -> bool {
    matches!(mark, '.' | ',') || is_blank(mark)
}
