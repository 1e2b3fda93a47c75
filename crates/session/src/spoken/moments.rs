use super::{
    cursor::{
        Cursor, Reading, after_space, after_word, ends_number, ends_word, leading_digits,
        leading_word, short_number,
    },
    tongue::{DateOrder, Form, Grammar, Tongue},
};

/// Reads a date in digits, a day with its month, or a time of day.
pub(super) fn read(cursor: Cursor<'_>) -> Option<Reading> {
    let date = year_first(cursor)
        .or_else(|| year_last(cursor))
        .or_else(|| day_then_month(cursor))
        .or_else(|| day_and_month(cursor));
    date.or_else(|| clock_time(cursor))
        .or_else(|| bare_hour(cursor))
}

/// A day of some month, perhaps of a known year.
#[derive(Clone, Copy)]
struct Day {
    day: u64,
    /// Counted from 1.
    month: u64,
    year: Option<u64>,
}

impl Day {
    fn checked(self) -> Option<Self> {
        let in_month = (1..=31).contains(&self.day);
        (in_month && (1..=12).contains(&self.month)).then_some(self)
    }

    fn words(self, tongue: Tongue) -> String {
        let month = usize::try_from(self.month).unwrap_or(1);
        let name = tongue.speech.months[(month.max(1) - 1) % 12];
        match tongue.speech.grammar {
            Grammar::English => {
                let year = self.year.map(|year| format!(", {}", tongue.year(year)));
                let day = tongue.ordinal(self.day, Form::Alone);
                format!("{name} {day}{}", year.unwrap_or_default())
            }
            Grammar::Spanish => {
                let year = self.year.map(|year| format!(" de {}", tongue.year(year)));
                let day = day_in_spanish(self.day, tongue);
                format!("{day} de {name}{}", year.unwrap_or_default())
            }
        }
    }
}

/// The first of a month has a name of its own.
fn day_in_spanish(day: u64, tongue: Tongue) -> String {
    if day == 1 {
        tongue.ordinal(1, Form::Alone)
    } else {
        tongue.cardinal(day, Form::Alone)
    }
}

/// Three numbers with the same mark between them, and what follows.
fn three_numbers(text: &str) -> Option<([&str; 3], &str)> {
    let first = leading_digits(text);
    let mark = text[first.len()..].chars().next()?;
    if first.is_empty() || !matches!(mark, '/' | '.' | '-') {
        return None;
    }
    let rest = &text[first.len() + 1..];
    let second = leading_digits(rest);
    let rest = rest[second.len()..].strip_prefix(mark)?;
    let third = leading_digits(rest);
    let after = &rest[third.len()..];
    ends_number(after).then_some(([first, second, third], after))
}

/// `2026-05-03`.
fn year_first(cursor: Cursor<'_>) -> Option<Reading> {
    let ([year, month, day], after) = three_numbers(cursor.rest)?;
    if year.len() != 4 || month.len() > 2 || day.len() > 2 {
        return None;
    }
    let day = Day {
        day: day.parse().ok()?,
        month: month.parse().ok()?,
        year: year.parse().ok(),
    }
    .checked()?;
    reading(cursor, after, day.words(cursor.tongue))
}

/// `3/5/2026`, in the order of the language unless only the other one makes a date.
fn year_last(cursor: Cursor<'_>) -> Option<Reading> {
    let ([first, second, year], after) = three_numbers(cursor.rest)?;
    if first.len() > 2 || second.len() > 2 || !matches!(year.len(), 2 | 4) {
        return None;
    }
    let pointed = cursor.rest[first.len()..].starts_with('.');
    let (first, second) = (first.parse().ok()?, second.parse().ok()?);
    let year = full_year(year)?;
    let of = |day, month| {
        Day {
            day,
            month,
            year: Some(year),
        }
        .checked()
    };
    let order = if pointed {
        DateOrder::DayFirst
    } else {
        cursor.tongue.dates
    };
    let day = in_order(order, first, second, of)?;
    reading(cursor, after, day.words(cursor.tongue))
}

/// `on 3/5`: two numbers, where a date is expected.
fn day_and_month(cursor: Cursor<'_>) -> Option<Reading> {
    let (first, rest) = short_number(cursor.rest, 2)?;
    let (second, after) = short_number(rest.strip_prefix('/')?, 2)?;
    if !ends_number(after) || !cursor.follows_one_of(cursor.tongue.speech.before_dates) {
        return None;
    }
    let of = |day, month| {
        Day {
            day,
            month,
            year: None,
        }
        .checked()
    };
    let day = in_order(cursor.tongue.dates, first, second, of)?;
    reading(cursor, after, day.words(cursor.tongue))
}

/// A day and a month in the order of the language, unless only the other one makes a date.
fn in_order(
    order: DateOrder,
    first: u64,
    second: u64,
    of: impl Fn(u64, u64) -> Option<Day>,
) -> Option<Day> {
    match order {
        DateOrder::DayFirst => of(first, second).or(of(second, first)),
        DateOrder::MonthFirst => of(second, first).or(of(first, second)),
    }
}

/// A year that is written with its last two digits is a recent one.
fn full_year(digits: &str) -> Option<u64> {
    let year: u64 = digits.parse().ok()?;
    Some(match digits.len() {
        2 if year < 70 => 2_000 + year,
        2 => 1_900 + year,
        _ => year,
    })
}

/// `3 May 2026`, `3rd of May`, `3 de mayo de 2026`.
fn day_then_month(cursor: Cursor<'_>) -> Option<Reading> {
    let (day, rest) = short_number(cursor.rest, 2)?;
    let tongue = cursor.tongue;
    let (month, after) = match tongue.speech.grammar {
        Grammar::English => {
            let rest = ordinal_ending(rest).unwrap_or(rest).strip_prefix(' ')?;
            month_name(after_word(rest, "of ").unwrap_or(rest), tongue)?
        }
        Grammar::Spanish => {
            let rest = rest.strip_prefix(['º', '°']).unwrap_or(rest);
            let rest = rest.strip_prefix(' ')?;
            month_name(after_word(rest, "de ").unwrap_or(rest), tongue)?
        }
    };
    let year = year_after(after, tongue);
    let of = Day {
        day,
        month,
        year: year.map(|(year, _)| year),
    }
    .checked()?;
    let after = year.map_or(after, |(_, after)| after);
    let words = match tongue.speech.grammar {
        Grammar::English => the_day_of(cursor, of),
        Grammar::Spanish => of.words(tongue),
    };
    reading(cursor, after, words)
}

fn the_day_of(cursor: Cursor<'_>, of: Day) -> String {
    let tongue = cursor.tongue;
    let the = if cursor.follows_one_of(&["the"]) {
        ""
    } else {
        "the "
    };
    let day = tongue.ordinal(of.day, Form::Alone);
    let name = Day { day: 1, ..of }.words(tongue).replacen(" first", "", 1);
    format!("{the}{day} of {name}")
}

/// `May 3, 2026`, `May 3rd`: English only, where the month comes first.
pub(super) fn month_then_day(cursor: Cursor<'_>) -> Option<Reading> {
    let tongue = cursor.tongue;
    if !tongue.is_english() {
        return None;
    }
    let (month, after) = month_name(cursor.rest, tongue)?;
    let (day, rest) = short_number(after.strip_prefix(' ')?, 2)?;
    let after = ordinal_ending(rest).unwrap_or(rest);
    let clear = ends_number(after) || after.starts_with('-');
    if !clear || after.starts_with(['%', '°']) {
        return None;
    }
    let year = year_after(after, tongue);
    let of = Day {
        day,
        month,
        year: year.map(|(year, _)| year),
    }
    .checked()?;
    let after = year.map_or(after, |(_, after)| after);
    if let Some((last, beyond)) = until_day(after, of) {
        let last = tongue.ordinal(last, Form::Alone);
        let words = format!("{} {} {last}", of.words(tongue), tongue.signs().to);
        return reading(cursor, beyond, words);
    }
    reading(cursor, after, of.words(tongue))
}

/// The `-5` of `May 3-5`.
fn until_day(text: &str, from: Day) -> Option<(u64, &str)> {
    let rest = text.strip_prefix(['-', '–'])?;
    let (last, after) = short_number(rest, 2)?;
    let after = ordinal_ending(after).unwrap_or(after);
    let later = from.year.is_none() && last > from.day && last <= 31;
    (later && ends_number(after)).then_some((last, after))
}

/// The month at the beginning of a text. English months have capitals, which tells May from may.
fn month_name(text: &str, tongue: Tongue) -> Option<(u64, &str)> {
    let word = leading_word(text);
    let after = &text[word.len()..];
    if tongue.is_english() && !word.starts_with(char::is_uppercase) {
        return None;
    }
    let lower = word.to_lowercase();
    let whole = (1u64..)
        .zip(tongue.speech.months)
        .find(|(_, name)| name.to_lowercase() == lower);
    if let Some((month, _)) = whole {
        return Some((month, after));
    }
    let (_, month) = tongue
        .speech
        .short_months
        .iter()
        .find(|(name, _)| *name == lower)?;
    Some(((*month).into(), after.strip_prefix('.').unwrap_or(after)))
}

/// The year after a day and its month.
fn year_after(text: &str, tongue: Tongue) -> Option<(u64, &str)> {
    let rest = match tongue.speech.grammar {
        Grammar::English => text.strip_prefix(", ").or(text.strip_prefix(' ')),
        Grammar::Spanish => [" de ", " del ", ", "]
            .into_iter()
            .find_map(|joint| text.strip_prefix(joint)),
    }?;
    let digits = leading_digits(rest);
    let after = &rest[digits.len()..];
    let year = digits.parse().ok()?;
    ((1_100..=2_199).contains(&year) && digits.len() == 4 && ends_number(after))
        .then_some((year, after))
}

/// What follows the `rd` of `3rd`.
pub(super) fn ordinal_ending(text: &str) -> Option<&str> {
    ["st", "nd", "rd", "th"]
        .into_iter()
        .find_map(|ending| after_word(text, ending))
        .filter(|after| ends_word(after))
}

/// Which half of the day.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Half {
    Morning,
    Afternoon,
}

/// `14:30`, `2:30 pm`, `9:00`.
fn clock_time(cursor: Cursor<'_>) -> Option<Reading> {
    let (hour, rest) = short_number(cursor.rest, 2)?;
    let rest = rest.strip_prefix(':')?;
    let minutes = leading_digits(rest);
    let (minute, after) = short_number(rest, 2)?;
    let seconds = after
        .strip_prefix(':')
        .is_some_and(|rest| !leading_digits(rest).is_empty());
    let real = hour <= 24 && minute < 60 && minutes.len() == 2;
    if !real || seconds || !ends_word(after) {
        return None;
    }
    let (half, after) =
        half_of_day(after).map_or((None, after), |(half, after)| (Some(half), after));
    let words = match cursor.tongue.speech.grammar {
        Grammar::English => english_time(hour, minute, half, cursor.tongue),
        Grammar::Spanish => spanish_time(hour, minute, half, cursor.tongue),
    };
    match after_space(after)
        .strip_prefix('h')
        .filter(|after| ends_word(after))
    {
        Some(after) if !cursor.tongue.is_english() => {
            reading(cursor, after, format!("{words} horas"))
        }
        Some(_) | None => sentence_end(cursor, after, words),
    }
}

/// `2 pm`.
fn bare_hour(cursor: Cursor<'_>) -> Option<Reading> {
    let (hour, rest) = short_number(cursor.rest, 2)?;
    let (half, after) = half_of_day(rest)?;
    if !(1..=12).contains(&hour) {
        return None;
    }
    let words = match cursor.tongue.speech.grammar {
        Grammar::English => english_time(hour, 0, Some(half), cursor.tongue),
        Grammar::Spanish => spanish_time(hour, 0, Some(half), cursor.tongue),
    };
    sentence_end(cursor, after, words)
}

/// "p.m." at the end of a text ends its sentence too.
fn sentence_end(cursor: Cursor<'_>, after: &str, words: String) -> Option<Reading> {
    let ate_stop = after.is_empty() && cursor.rest.ends_with('.') && !words.ends_with('.');
    reading(cursor, after, if ate_stop { words + "." } else { words })
}

fn half_of_day(text: &str) -> Option<(Half, &str)> {
    let text = after_space(text);
    let half = match text.chars().next()? {
        'a' | 'A' => Half::Morning,
        'p' | 'P' => Half::Afternoon,
        _ => return None,
    };
    let rest = &text[1..];
    let pointed = rest.strip_prefix('.').map(after_space);
    let rest = pointed.unwrap_or(rest).strip_prefix(['m', 'M'])?;
    let after = match pointed {
        Some(_) => rest.strip_prefix('.').unwrap_or(rest),
        None => rest,
    };
    ends_word(after).then_some((half, after))
}

fn english_time(hour: u64, minute: u64, half: Option<Half>, tongue: Tongue) -> String {
    let hours = tongue.cardinal(hour, Form::Alone);
    let minutes = match (minute, half) {
        (0, Some(_)) => String::new(),
        (0, None) if hour == 0 || hour == 24 => return "midnight".to_owned(),
        (0, None) if hour <= 12 => " o'clock".to_owned(),
        (0, None) => " hundred".to_owned(),
        (1..10, _) => format!(" oh {}", tongue.cardinal(minute, Form::Alone)),
        _ => format!(" {}", tongue.cardinal(minute, Form::Alone)),
    };
    let half = match half {
        Some(Half::Morning) => " a.m.",
        Some(Half::Afternoon) => " p.m.",
        None => "",
    };
    format!("{hours}{minutes}{half}")
}

fn spanish_time(hour: u64, minute: u64, half: Option<Half>, tongue: Tongue) -> String {
    let hours = tongue.cardinal(hour, Form::Feminine);
    let minutes = match minute {
        0 => String::new(),
        1..10 => format!(" cero {}", tongue.cardinal(minute, Form::Alone)),
        _ => format!(" {}", tongue.cardinal(minute, Form::Alone)),
    };
    let half = match half {
        Some(Half::Morning) if hour == 12 => " de la noche",
        Some(Half::Morning) => " de la mañana",
        Some(Half::Afternoon) if (8..12).contains(&hour) => " de la noche",
        Some(Half::Afternoon) if hour == 12 => " del mediodía",
        Some(Half::Afternoon) => " de la tarde",
        None => "",
    };
    format!("{hours}{minutes}{half}")
}

fn reading(cursor: Cursor<'_>, after: &str, words: String) -> Option<Reading> {
    Some(Reading {
        length: cursor.rest.len() - after.len(),
        words,
    })
}
