use domain::Language;

use super::abbreviations::Abbreviation;
use crate::words;

/// How numbers, dates and signs are said in one language.
#[derive(Debug)]
pub(crate) struct Speech {
    pub(crate) abbreviations: &'static [Abbreviation],
    pub(super) grammar: Grammar,
    pub(super) months: [&'static str; 12],
    /// Short names of months, without their full stop. Empty where they are common words.
    pub(super) short_months: &'static [(&'static str, u8)],
    pub(super) currencies: &'static [Currency],
    pub(super) units: &'static [Unit],
    pub(super) scales: &'static [Scale],
    pub(super) signs: Signs,
    /// Short forms of what a price is for: "$5/mo".
    pub(super) spans: &'static [(&'static str, &'static str)],
    /// Words after which two numbers are a day and a month.
    pub(super) before_dates: &'static [&'static str],
    /// Words after which a number is a name, and said digit by digit.
    pub(super) names_of_codes: &'static [&'static str],
    /// Words after which a number of four digits is a year.
    pub(super) before_years: &'static [&'static str],
    /// Endings of addresses that are said as words, not as letters.
    pub(super) domains_as_words: &'static [&'static str],
}

/// Whose rules build the words of a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Grammar {
    English,
    Spanish,
}

/// A currency, by its signs and names.
#[derive(Debug)]
pub(super) struct Currency {
    pub(super) signs: &'static [&'static str],
    pub(super) one: &'static str,
    pub(super) many: &'static str,
    pub(super) cent: &'static str,
    pub(super) cents: &'static str,
    pub(super) form: Form,
}

/// A unit, by its sign.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) sign: &'static str,
    pub(super) one: &'static str,
    pub(super) many: &'static str,
    pub(super) form: Form,
}

/// A word or letter that multiplies the number before it.
#[derive(Debug)]
pub(super) struct Scale {
    pub(super) sign: &'static str,
    pub(super) one: &'static str,
    pub(super) many: &'static str,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// Nothing: "uno", "veintiuno".
    Alone,
    /// A feminine noun: "una", "doscientas".
    Feminine,
    /// A masculine noun: "un", "veintiún".
    Masculine,
}

/// Signs and joints in words.
#[derive(Debug)]
pub(super) struct Signs {
    pub(super) about: &'static str,
    pub(super) and: &'static str,
    pub(super) at: &'static str,
    pub(super) by: &'static str,
    pub(super) dash: &'static str,
    pub(super) degrees: &'static str,
    pub(super) divided: &'static str,
    pub(super) dot: &'static str,
    pub(super) equals: &'static str,
    pub(super) fractions: [&'static str; 5],
    pub(super) hash: &'static str,
    pub(super) less: &'static str,
    pub(super) minus: &'static str,
    pub(super) more: &'static str,
    pub(super) number: &'static str,
    pub(super) or: &'static str,
    pub(super) per: &'static str,
    pub(super) percent: &'static str,
    pub(super) plus: &'static str,
    pub(super) slash: &'static str,
    pub(super) star: &'static str,
    pub(super) times: &'static str,
    pub(super) to: &'static str,
    pub(super) underscore: &'static str,
}

/// A language as it is spoken and written in one region.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tongue {
    pub(super) speech: &'static Speech,
    pub(super) dates: DateOrder,
    pub(super) decimals: Decimals,
    /// What a bare `$` is.
    pub(super) dollar: &'static Currency,
}

/// How `3/5/2026` is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum DateOrder {
    DayFirst,
    MonthFirst,
}

/// Where `1.299` has a decimal mark.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Decimals {
    Comma,
    Point,
}

/// Where Spanish is written with a decimal point.
const POINT_REGIONS: &[&str] = &["DO", "GT", "HN", "MX", "NI", "PA", "PE", "PR", "SV", "US"];
/// Where `$` is a peso.
const PESO_REGIONS: &[&str] = &["AR", "CL", "CO", "CU", "DO", "MX", "UY"];
/// Where English puts the month first.
const MONTH_FIRST_REGIONS: &[&str] = &["", "PH", "US"];

impl Tongue {
    /// `None`: a language without rules.
    pub(crate) fn of(language: &Language) -> Option<Self> {
        let speech = words::lists(language)?.speech;
        let region = language
            .tag()
            .split('-')
            .skip(1)
            .find(|part| part.len() == 2)
            .unwrap_or_default()
            .to_uppercase();
        let of_region = |regions: &[&str]| regions.contains(&region.as_str());
        Some(match speech.grammar {
            Grammar::English => Self {
                speech,
                dates: if of_region(MONTH_FIRST_REGIONS) {
                    DateOrder::MonthFirst
                } else {
                    DateOrder::DayFirst
                },
                decimals: Decimals::Point,
                dollar: &speech.currencies[0],
            },
            Grammar::Spanish => Self {
                speech,
                dates: DateOrder::DayFirst,
                decimals: if of_region(POINT_REGIONS) {
                    Decimals::Point
                } else {
                    Decimals::Comma
                },
                dollar: if of_region(PESO_REGIONS) {
                    &super::es::PESO
                } else {
                    &speech.currencies[0]
                },
            },
        })
    }

    pub(super) fn signs(self) -> &'static Signs {
        &self.speech.signs
    }

    pub(super) fn is_english(self) -> bool {
        self.speech.grammar == Grammar::English
    }

    /// A number in words.
    pub(super) fn cardinal(self, number: u64, form: Form) -> String {
        match self.speech.grammar {
            Grammar::English => super::en::cardinal(number),
            Grammar::Spanish => super::es::cardinal(number, form),
        }
    }

    /// The words for a place in a row.
    pub(super) fn ordinal(self, number: u64, form: Form) -> String {
        match self.speech.grammar {
            Grammar::English => super::en::ordinal(number),
            Grammar::Spanish => super::es::ordinal(number, form),
        }
    }

    /// A number of four digits as the name of a year.
    pub(super) fn year(self, number: u64) -> String {
        match self.speech.grammar {
            Grammar::English => super::en::year(number),
            Grammar::Spanish => super::es::cardinal(number, Form::Alone),
        }
    }

    /// The ten years from a number of four or two digits on. English only.
    pub(super) fn decade(self, number: u64) -> Option<String> {
        let singular = self.is_english().then(|| self.year(number))?;
        let stem = singular.strip_suffix('y').filter(|_| number % 100 >= 20)?;
        Some(format!("{stem}ies"))
    }

    /// Digits one by one; other letters between them are passed over.
    pub(super) fn digits(self, digits: &str) -> String {
        let words: Vec<String> = digits
            .chars()
            .filter_map(|letter| letter.to_digit(10))
            .map(|digit| self.cardinal(digit.into(), Form::Alone))
            .collect();
        words.join(" ")
    }

    /// What is counted by a number before `word`, as far as the word tells.
    pub(super) fn form_before(self, word: &str) -> Form {
        match self.speech.grammar {
            Grammar::English => Form::Alone,
            Grammar::Spanish => super::es::form_before(word),
        }
    }
}
