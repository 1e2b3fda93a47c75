use super::{
    cursor::{Cursor, Reading, after_space, after_word, ends_word, leading_digits, leading_word},
    moments::ordinal_ending,
    numeral::{Marks, Numeral},
    tongue::{Currency, Form, Grammar, Scale, Tongue},
};

/// Reads money, a place in a row, a measure or a plain number.
pub(super) fn read(cursor: Cursor<'_>) -> Option<Reading> {
    money_after_sign(cursor)
        .or_else(|| place_in_row(cursor))
        .or_else(|| fraction(cursor))
        .or_else(|| quantity(cursor))
}

/// `$12.50`, `US$ 5`, `EUR 12`.
pub(super) fn money_after_sign(cursor: Cursor<'_>) -> Option<Reading> {
    let negative = cursor.rest.strip_prefix(['-', '−']);
    let body = negative.unwrap_or(cursor.rest);
    let (currency, after) = currency_sign(body, cursor.tongue)?;
    let after = after_space(after);
    if !after.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let numeral = Numeral::parse(after, cursor.tongue)?;
    let amount = Amount::read(numeral, after, cursor.tongue);
    let rest = &after[amount.length..];
    // Some write the currency twice: "$12 USD".
    let rest = match currency_sign(after_space(rest), cursor.tongue) {
        Some((_, beyond)) if leading_word(after_space(rest)).len() == 3 => beyond,
        Some(_) | None => rest,
    };
    if !ends_word(rest) {
        return None;
    }
    let mut words = amount.money(currency, cursor.tongue);
    if negative.is_some() {
        words = format!("{} {words}", cursor.tongue.signs().minus);
    }
    Some(Reading {
        length: cursor.rest.len() - rest.len(),
        words,
    })
}

/// The currency whose sign or code begins a text.
fn currency_sign(text: &str, tongue: Tongue) -> Option<(&'static Currency, &str)> {
    if let Some(after) = text.strip_prefix('$') {
        return Some((tongue.dollar, after));
    }
    let signs = tongue
        .speech
        .currencies
        .iter()
        .flat_map(|currency| currency.signs.iter().map(move |sign| (currency, *sign)));
    signs
        .filter(|(_, sign)| text.starts_with(sign))
        .max_by_key(|(_, sign)| sign.len())
        .map(|(currency, sign)| (currency, &text[sign.len()..]))
        .filter(|(_, after)| {
            !text.starts_with(char::is_alphabetic) || !after.starts_with(char::is_alphabetic)
        })
}

/// A number with the word that multiplies it.
struct Amount<'a> {
    numeral: Numeral<'a>,
    scale: Option<&'static Scale>,
    length: usize,
}

impl<'a> Amount<'a> {
    fn read(numeral: Numeral<'a>, text: &str, tongue: Tongue) -> Self {
        let rest = &text[numeral.length..];
        let word = after_space(rest);
        let scale = tongue.speech.scales.iter().find(|scale| {
            let short = scale.sign.len() == 1;
            let text = if short { rest } else { word };
            after_word(text, scale.sign).is_some_and(ends_word)
        });
        let length = match scale {
            Some(scale) if scale.sign.len() == 1 => numeral.length + 1,
            Some(scale) => text.len() - word.len() + scale.sign.len(),
            None => numeral.length,
        };
        Self {
            numeral,
            scale,
            length,
        }
    }

    /// The number, with its scale.
    fn words(&self, tongue: Tongue, form: Form) -> String {
        let Some(scale) = self.scale else {
            return self.numeral.words(tongue, form);
        };
        let name = if self.numeral.is_one() {
            scale.one
        } else {
            scale.many
        };
        // Spanish says "mil", not "un mil".
        let thousand = !tongue.is_english() && scale.many == "mil" && self.numeral.is_one();
        if thousand {
            return name.to_owned();
        }
        format!("{} {name}", self.numeral.words(tongue, Form::Masculine))
    }

    fn money(&self, currency: &Currency, tongue: Tongue) -> String {
        let signs = tongue.signs();
        let cents: u64 = match (self.scale, self.numeral.fraction) {
            (None, cents) if cents.len() == 2 && !currency.cents.is_empty() => {
                cents.parse().unwrap_or_default()
            }
            (None, "" | "0" | "00") => 0,
            (_, _) => return self.whole_money(currency, tongue),
        };
        let whole = Self {
            numeral: Numeral {
                fraction: "",
                ..self.numeral.clone()
            },
            ..*self
        };
        let money = whole.whole_money(currency, tongue);
        if cents == 0 {
            return money;
        }
        let name = if cents == 1 {
            currency.cent
        } else {
            currency.cents
        };
        let cents = format!("{} {name}", tongue.cardinal(cents, Form::Masculine));
        match (self.numeral.value(), tongue.speech.grammar) {
            (0, Grammar::English | Grammar::Spanish) => cents,
            (_, Grammar::English) => format!("{money} {} {cents}", signs.and),
            (_, Grammar::Spanish) => format!("{money} con {cents}"),
        }
    }

    fn whole_money(&self, currency: &Currency, tongue: Tongue) -> String {
        let one = self.numeral.is_one() && self.scale.is_none();
        let name = if one { currency.one } else { currency.many };
        let round = match self.scale {
            Some(scale) => scale.many.ends_with("ones"),
            None => {
                let value = self.numeral.value();
                value > 0 && value.is_multiple_of(1_000_000) && self.numeral.fraction.is_empty()
            }
        };
        let joint = if round && !tongue.is_english() {
            "de "
        } else {
            ""
        };
        format!("{} {joint}{name}", self.words(tongue, currency.form))
    }
}

/// `3rd`, `1.º`, `2ª`.
fn place_in_row(cursor: Cursor<'_>) -> Option<Reading> {
    let digits = leading_digits(cursor.rest);
    let value: u64 = digits.parse().ok()?;
    let rest = &cursor.rest[digits.len()..];
    let (after, words) = match cursor.tongue.speech.grammar {
        Grammar::English => {
            let after = ordinal_ending(rest)?;
            (after, cursor.tongue.ordinal(value, Form::Alone))
        }
        Grammar::Spanish => spanish_place(value, rest, cursor.tongue)?,
    };
    Some(Reading {
        length: cursor.rest.len() - after.len(),
        words,
    })
}

fn spanish_place(value: u64, rest: &str, tongue: Tongue) -> Option<(&str, String)> {
    let pointed = rest.strip_prefix('.');
    let ending = pointed.unwrap_or(rest);
    let short = after_word(ending, "er").filter(|after| ends_word(after));
    let (after, form) = if let Some(after) = short {
        (after, Form::Masculine)
    } else if let Some(after) = ending.strip_prefix('ª') {
        (after, Form::Feminine)
    } else if let Some(after) = ending.strip_prefix('º') {
        (after, Form::Alone)
    } else {
        // Typed by mistake for the sign of an ordinal; without the point it means degrees.
        (pointed?.strip_prefix('°')?, Form::Alone)
    };
    Some((after, tongue.ordinal(value, form)))
}

/// `1/2`, `3/4`; `24/7` has its own way.
fn fraction(cursor: Cursor<'_>) -> Option<Reading> {
    const WRITTEN: [&str; 5] = ["1/2", "1/3", "2/3", "1/4", "3/4"];
    let text = cursor.rest;
    let own = [("24/7", [24, 7]), ("50/50", [50, 50])]
        .into_iter()
        .find_map(|(written, parts)| {
            let after = text.strip_prefix(written)?;
            let parts = parts.map(|number| cursor.tongue.cardinal(number, Form::Alone));
            Some((after, parts.join(" ")))
        });
    let mixed = cursor.before.ends_with(' ')
        && cursor
            .before
            .trim_end()
            .ends_with(|last: char| last.is_ascii_digit());
    let known = || {
        let index = WRITTEN.iter().position(|known| text.starts_with(known))?;
        let signs = cursor.tongue.signs();
        let words = signs.fractions[index];
        let words = if mixed {
            format!("{} {words}", signs.and)
        } else {
            words.to_owned()
        };
        Some((&text[WRITTEN[index].len()..], words))
    };
    let (after, words) = own.or_else(known)?;
    (ends_word(after) && !after.starts_with('/')).then(|| Reading {
        length: text.len() - after.len(),
        words,
    })
}

/// A number, with what it counts if that is a sign.
fn quantity(cursor: Cursor<'_>) -> Option<Reading> {
    let tongue = cursor.tongue;
    let signed = cursor.rest.starts_with(['-', '−']);
    if signed && cursor.letter_before().is_some_and(char::is_alphanumeric) {
        return None;
    }
    let numeral = Numeral::parse(cursor.rest, tongue)?;
    let amount = Amount::read(numeral, cursor.rest, tongue);
    let rest = &cursor.rest[amount.length..];
    if let Some((currency, after)) = currency_after(rest, tongue) {
        return Some(Reading {
            length: cursor.rest.len() - after.len(),
            words: amount.money(currency, tongue),
        });
    }
    if let Some(decade) = decade(cursor, &amount, rest) {
        return Some(decade);
    }
    if let Some(measure) = measured(cursor, &amount, rest) {
        return Some(measure);
    }
    let glued = rest.starts_with(char::is_alphabetic);
    let dotted = rest.starts_with('.') && !leading_digits(&rest[1..]).is_empty();
    if glued || dotted {
        return None;
    }
    Some(Reading {
        length: amount.length,
        words: plain(cursor, &amount, rest),
    })
}

/// `1990s`, `'80s`.
fn decade(cursor: Cursor<'_>, amount: &Amount<'_>, rest: &str) -> Option<Reading> {
    let after = rest.strip_prefix('s').filter(|after| ends_word(after))?;
    let value = amount.numeral.value();
    let short = value < 100 && matches!(cursor.letter_before(), Some('\'' | '’'));
    let long = (1_500..2_100).contains(&value) && amount.numeral.marks == Marks::None;
    let whole = amount.numeral.fraction.is_empty() && amount.scale.is_none();
    if !whole || !(short || long) || !value.is_multiple_of(10) {
        return None;
    }
    let words = if short {
        cursor
            .tongue
            .decade(1_900 + value)?
            .replacen("nineteen ", "", 1)
    } else {
        cursor.tongue.decade(value)?
    };
    Some(Reading {
        length: cursor.rest.len() - after.len(),
        words,
    })
}

/// `12,50 €`, `12 EUR`, `12.50 dollars`.
fn currency_after(rest: &str, tongue: Tongue) -> Option<(&'static Currency, &str)> {
    let text = after_space(rest);
    let by_sign = currency_sign(text, tongue).filter(|(_, after)| {
        // "5 $10 notes": the sign belongs to what follows.
        ends_word(after)
    });
    by_sign.or_else(|| {
        let word = leading_word(text);
        let named = |currency: &&Currency| currency.many == word || currency.one == word;
        let currency = tongue.speech.currencies.iter().find(named)?;
        Some((currency, &text[word.len()..]))
    })
}

fn measured(cursor: Cursor<'_>, amount: &Amount<'_>, rest: &str) -> Option<Reading> {
    let tongue = cursor.tongue;
    let text = after_space(rest);
    if let Some(after) = text.strip_prefix('%') {
        let words = amount.words(tongue, Form::Alone);
        return Some(Reading {
            length: cursor.rest.len() - after.len(),
            words: format!("{words} {}", tongue.signs().percent),
        });
    }
    let unit = tongue
        .speech
        .units
        .iter()
        .filter(|unit| text.strip_prefix(unit.sign).is_some_and(ends_word))
        .max_by_key(|unit| unit.sign.len())?;
    let name = if amount.numeral.is_one() {
        unit.one
    } else {
        unit.many
    };
    Some(Reading {
        length: cursor.rest.len() - text.len() + unit.sign.len(),
        words: format!("{} {name}", amount.words(tongue, unit.form)),
    })
}

/// A number that counts whatever the next word says.
fn plain(cursor: Cursor<'_>, amount: &Amount<'_>, rest: &str) -> String {
    let tongue = cursor.tongue;
    let numeral = &amount.numeral;
    if amount.scale.is_none() && numeral.marks == Marks::None && numeral.fraction.is_empty() {
        if super::codes::is_code(cursor, &numeral.whole) {
            return super::codes::in_groups(&numeral.whole, tongue);
        }
        if is_year(cursor, &numeral.whole, numeral.value()) {
            return tongue.year(numeral.value());
        }
    }
    let next = rest.strip_prefix(' ').map_or("", leading_word);
    amount.words(tongue, tongue.form_before(next))
}

fn is_year(cursor: Cursor<'_>, digits: &str, value: u64) -> bool {
    let said_so =
        (1_100..2_200).contains(&value) && cursor.follows_one_of(cursor.tongue.speech.before_years);
    digits.len() == 4 && (said_so || (1_900..2_100).contains(&value))
}
