use super::{
    Anchor, Tongue, abbreviations, address, amounts, codes,
    cursor::{Cursor, Reading},
    draft::Draft,
    markup::{self, Line, Mark},
    moments, signs,
};

/// Whether a text is said as it is written, which most clauses are.
pub(super) fn is_plain(text: &str, tongue: Option<Tongue>) -> bool {
    let mut before = ' ';
    for letter in text.chars() {
        let doubled = before.is_whitespace() && letter.is_whitespace();
        if doubled || is_special(letter, tongue.is_some()) || stops_inside(before, letter) {
            return false;
        }
        before = letter;
    }
    if before.is_whitespace() {
        return false;
    }
    tongue.is_none_or(|tongue| !ends_with_short_form(text, tongue))
}

/// Whether a letter is one that is said in other words.
fn is_special(letter: char, has_words: bool) -> bool {
    if letter.is_ascii() {
        return markup::is_mark(letter)
            || (has_words
                && (letter.is_ascii_digit()
                    || matches!(letter, '$' | '@' | '&' | '+' | '=' | '%' | '/')));
    }
    match letter {
        'á' | 'é' | 'í' | 'ó' | 'ú' | 'ü' | 'ñ' | '¿' | '¡' | '’' => false,
        '\u{a0}' | '\u{202f}' => true,
        '€' | '£' | '°' | '×' | '÷' | '½' | '⅓' | '⅔' | '¼' | '¾' | 'º' | 'ª' => {
            has_words
        }
        letter => markup::is_mark(letter),
    }
}

/// A full stop in the middle of a text may belong to a short form or an address.
fn stops_inside(before: char, letter: char) -> bool {
    before == '.' && letter != '.'
}

fn ends_with_short_form(text: &str, tongue: Tongue) -> bool {
    let Some(body) = text.strip_suffix('.') else {
        return false;
    };
    let word = body.rsplit(' ').next().unwrap_or_default().to_lowercase();
    let mut known = tongue.speech.abbreviations.iter();
    known.any(|short| short.written.ends_with(&word))
}

/// What is said for a text, and where in the text each part of it comes from.
pub(super) fn read(source: &str, tongue: Option<Tongue>) -> (String, Vec<Anchor>) {
    let mut reader = Reader {
        source,
        at: 0,
        draft: Draft::default(),
        tongue,
        line: Line::Text,
    };
    reader.begin_line();
    while reader.at < source.len() {
        reader.step();
    }
    reader.end_line();
    reader.draft.finish()
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    draft: Draft,
    tongue: Option<Tongue>,
    /// What the current line is.
    line: Line,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn step(&mut self) {
        let (before, rest) = self.source.split_at(self.at);
        let Some(first) = rest.chars().next() else {
            return;
        };
        if first == '\n' {
            self.end_line();
            self.draft.line_end(1);
            self.at += 1;
            return self.begin_line();
        }
        if first.is_whitespace() {
            return self.space(first.len_utf8());
        }
        if let Some(reading) = self.in_words(before, rest, first) {
            self.draft.say(reading.length, &reading.words);
            self.at += reading.length;
            return;
        }
        match markup::mark(before, rest) {
            Some(Mark::Gone { length }) => {
                self.draft.skip(length);
                self.at += length;
            }
            Some(Mark::Pause { length }) => {
                self.draft.say(length, ",");
                self.at += length;
            }
            Some(Mark::Space { length }) => self.space(length),
            None => self.copy(rest, first),
        }
    }

    /// The reading of what begins here, if it is not said as it is written.
    fn in_words(&self, before: &str, rest: &str, first: char) -> Option<Reading> {
        let cursor = Cursor {
            before,
            rest,
            tongue: self.tongue?,
        };
        let inside = before.ends_with(char::is_alphanumeric);
        if first.is_alphabetic() {
            return if inside { None } else { word(cursor) };
        }
        let signed = matches!(first, '-' | '−' | '+' | '(' | '$' | '€' | '£' | '¥' | '.');
        let counts = first.is_ascii_digit() || (signed && !inside);
        let number = if counts { number(cursor) } else { None };
        number.or_else(|| signs::read(cursor))
    }

    fn copy(&mut self, rest: &str, first: char) {
        let word = rest
            .find(|letter: char| !letter.is_alphabetic())
            .unwrap_or(rest.len());
        let length = word.max(first.len_utf8());
        self.draft.copy(&rest[..length]);
        self.at += length;
    }

    fn space(&mut self, length: usize) {
        self.draft.space(length);
        self.at += length;
    }

    fn begin_line(&mut self) {
        self.line = markup::line(self.rest());
        match self.line {
            Line::Item { mark: length } | Line::Void { length } => self.space(length),
            Line::Text => {}
        }
    }

    fn end_line(&mut self) {
        match self.line {
            Line::Item { .. } => self.draft.full_stop(),
            Line::Text | Line::Void { .. } => {}
        }
    }
}

/// Reads what begins with a letter.
fn word(cursor: Cursor<'_>) -> Option<Reading> {
    if is_bare(cursor.rest) {
        return number_sign(cursor)
            .or_else(|| moments::month_then_day(cursor))
            .or_else(|| amounts::money_after_sign(cursor));
    }
    address::read(cursor)
        .or_else(|| number_sign(cursor))
        .or_else(|| street(cursor))
        .or_else(|| abbreviations::read(cursor))
        .or_else(|| moments::month_then_day(cursor))
        .or_else(|| amounts::money_after_sign(cursor))
        .or_else(|| codes::mixed(cursor))
}

/// Whether letters alone come before the next space, which rules out most readings.
fn is_bare(text: &str) -> bool {
    let token = text.split([' ', '\n']).next().unwrap_or_default();
    token
        .bytes()
        .all(|letter| letter.is_ascii_alphabetic() || !letter.is_ascii() || letter == b',')
}

/// Reads what begins with a digit, or with a sign before one.
fn number(cursor: Cursor<'_>) -> Option<Reading> {
    let digit_next = |text: &str| text.starts_with(|next: char| next.is_ascii_digit());
    if cursor.rest.starts_with('.') && !digit_next(&cursor.rest[1..]) {
        return None;
    }
    address::read(cursor)
        .or_else(|| moments::read(cursor))
        .or_else(|| codes::phone(cursor))
        .or_else(|| amounts::money_after_sign(cursor))
        .or_else(|| amounts::read(cursor))
        .or_else(|| codes::mixed(cursor))
        .or_else(|| codes::dotted(cursor))
}

/// `n.º 5`, `Nº 5`.
fn number_sign(cursor: Cursor<'_>) -> Option<Reading> {
    let rest = cursor.rest.strip_prefix(['n', 'N'])?;
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    let after = rest.strip_prefix(['º', '°'])?;
    after
        .trim_start()
        .starts_with(|next: char| next.is_ascii_digit())
        .then(|| Reading {
            length: cursor.rest.len() - after.len(),
            words: cursor.tongue.signs().number.to_owned(),
        })
}

/// `C/ Mayor`: how Spanish addresses begin.
fn street(cursor: Cursor<'_>) -> Option<Reading> {
    let after = cursor
        .rest
        .strip_prefix("C/")
        .or(cursor.rest.strip_prefix("c/"))?;
    let named = after.trim_start().starts_with(char::is_uppercase);
    (named && !cursor.tongue.is_english()).then(|| Reading {
        length: 2,
        words: "calle".to_owned(),
    })
}
