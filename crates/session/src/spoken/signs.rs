use super::{
    cursor::{Cursor, Reading, leading_digits, leading_word},
    tongue::Form,
};

/// Reads a sign that stands by itself.
pub(super) fn read(cursor: Cursor<'_>) -> Option<Reading> {
    let sign = cursor.rest.chars().next()?;
    let words = match sign {
        '/' => return slash(cursor),
        '#' => return hash(cursor),
        '*' => star(cursor)?,
        ')' => after_item(cursor)?,
        '-' | '–' | '−' | '—' | ':' => between_numbers(cursor, sign)?,
        '<' | '>' | '~' => comparison(cursor, sign)?,
        '½' | '⅓' | '⅔' | '¼' | '¾' => fraction(cursor, sign)?,
        _ => plain(cursor, sign)?.to_owned(),
    };
    Some(Reading {
        length: sign.len_utf8(),
        words,
    })
}

fn plain(cursor: Cursor<'_>, sign: char) -> Option<&'static str> {
    let signs = cursor.tongue.signs();
    let currency = |sign: &str| {
        let known = cursor.tongue.speech.currencies.iter();
        known
            .into_iter()
            .find(|currency| currency.signs.contains(&sign))
            .map(|currency| currency.one)
    };
    match sign {
        '%' => Some(signs.percent),
        '&' => Some(signs.and),
        '+' => Some(signs.plus),
        '=' => Some(signs.equals),
        '@' => Some(signs.at),
        '°' => Some(signs.degrees),
        '×' => Some(signs.times),
        '÷' => Some(signs.divided),
        '$' => Some(cursor.tongue.dollar.one),
        '€' => currency("€"),
        '£' => currency("£"),
        _ => None,
    }
}

/// "his/her", "$99/night". Between two names it stays.
fn slash(cursor: Cursor<'_>) -> Option<Reading> {
    let signs = cursor.tongue.signs();
    let before = cursor.letter_before()?;
    let rest = &cursor.rest[1..];
    let after = rest.chars().next()?;
    if before.is_ascii_digit() && after.is_ascii_digit() {
        return sign(signs.slash);
    }
    let amount = before.is_ascii_digit() || matches!(before, '€' | '$' | '£' | '%');
    if amount && after.is_lowercase() {
        let word = leading_word(rest);
        let short = cursor
            .tongue
            .speech
            .spans
            .iter()
            .find(|(short, _)| *short == word);
        return short.map_or_else(
            || sign(signs.per),
            |(short, span)| {
                Some(Reading {
                    length: 1 + short.len(),
                    words: format!("{} {span}", signs.per),
                })
            },
        );
    }
    let joint = [signs.and, signs.or].contains(&cursor.word_before());
    if before.is_lowercase() && after.is_lowercase() && !joint {
        return sign(signs.or);
    }
    None
}

/// A sign of one letter in words.
fn sign(words: &str) -> Option<Reading> {
    Some(Reading {
        length: 1,
        words: words.to_owned(),
    })
}

/// "#5" is a number, "#" a key of the phone.
fn hash(cursor: Cursor<'_>) -> Option<Reading> {
    let signs = cursor.tongue.signs();
    let rest = &cursor.rest[1..];
    if rest.starts_with(char::is_alphabetic) {
        return None;
    }
    let digits = leading_digits(rest);
    if digits.is_empty() {
        return Some(Reading {
            length: 1,
            words: signs.hash.to_owned(),
        });
    }
    let value = digits
        .parse()
        .ok()
        .filter(|_| digits.len() <= 4 && !digits.starts_with('0'));
    let number = value.map_or_else(
        || super::codes::in_groups(digits, cursor.tongue),
        |value| cursor.tongue.cardinal(value, Form::Alone),
    );
    Some(Reading {
        length: 1 + digits.len(),
        words: format!("{} {number}", signs.number),
    })
}

/// A star that marks no emphasis: a key of the phone, or a product of two numbers.
fn star(cursor: Cursor<'_>) -> Option<String> {
    let signs = cursor.tongue.signs();
    let rest = &cursor.rest[1..];
    let free = cursor
        .letter_before()
        .is_some_and(|before| matches!(before, ' ' | '"' | '“' | '\'' | '('));
    let closed = rest.chars().next().is_none_or(|next| {
        next.is_whitespace() || matches!(next, '.' | ',' | '?' | '!' | ';' | '"' | '”' | '\'' | ')')
    });
    let number = |text: &str, letter: Option<char>| {
        !text.is_empty() && letter.is_some_and(|letter| letter.is_ascii_digit())
    };
    let left = cursor.before.trim_end();
    let right = rest.trim_start();
    if number(left, left.chars().next_back()) && number(right, right.chars().next()) {
        return Some(signs.times.to_owned());
    }
    (free && closed && !left.is_empty()).then(|| signs.star.to_owned())
}

/// The bracket of `1) Red`.
fn after_item(cursor: Cursor<'_>) -> Option<String> {
    let line = cursor.before.rsplit('\n').next()?.trim_start();
    let number = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    number.then(|| ".".to_owned())
}

/// The dash of a range, the colon of a score.
fn between_numbers(cursor: Cursor<'_>, sign: char) -> Option<String> {
    let rest = &cursor.rest[sign.len_utf8()..];
    let hour = ["am", "pm", "AM", "PM", ".m.", "h"]
        .into_iter()
        .any(|half| sign != ':' && cursor.before.ends_with(half));
    let left = cursor
        .letter_before()
        .is_some_and(|before| before.is_ascii_digit() || matches!(before, '%' | '€' | '$' | '£'));
    let left = left
        || (hour
            && cursor
                .word_before()
                .starts_with(|first: char| first.is_ascii_digit()));
    let right = rest
        .chars()
        .next()
        .is_some_and(|next| next.is_ascii_digit() || matches!(next, '€' | '$' | '£'));
    (left && right).then(|| cursor.tongue.signs().to.to_owned())
}

fn comparison(cursor: Cursor<'_>, sign: char) -> Option<String> {
    let rest = cursor.rest[1..].trim_start();
    let signs = cursor.tongue.signs();
    rest.starts_with(|next: char| next.is_ascii_digit() || matches!(next, '€' | '$' | '£'))
        .then(|| match sign {
            '<' => signs.less.to_owned(),
            '>' => signs.more.to_owned(),
            _ => signs.about.to_owned(),
        })
}

fn fraction(cursor: Cursor<'_>, sign: char) -> Option<String> {
    let index = "½⅓⅔¼¾".chars().position(|known| known == sign)?;
    let words = cursor.tongue.signs().fractions[index];
    let after_number = cursor
        .letter_before()
        .is_some_and(|before| before.is_ascii_digit());
    Some(if after_number {
        format!("{} {words}", cursor.tongue.signs().and)
    } else {
        words.to_owned()
    })
}
