/// The seconds from one HTTP date to a later one: the form that every server has to write
/// (`Fri, 20 Nov 2026 10:00:00 GMT`). A server's own `Date` against its `Retry-After` needs no
/// clock of ours, and no agreement between the two.
pub(crate) fn seconds_between(from: &str, to: &str) -> Option<u64> {
    u64::try_from(seconds(to)? - seconds(from)?).ok()
}

/// Seconds since the year 0.
fn seconds(date: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let words: Vec<&str> = date.split_ascii_whitespace().collect();
    let [_weekday, day, month, year, time, "GMT"] = words[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|known| *known == month)?;
    let clock: Vec<i64> = time
        .split(':')
        .map(|part| part.parse::<u8>().ok().map(i64::from))
        .collect::<Option<_>>()?;
    let [hours, minutes, seconds] = clock[..] else {
        return None;
    };
    let days = days(year.parse::<u16>().ok()?, month, day.parse::<u8>().ok()?);
    Some(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
}

/// Days before a date, counted as if each year began in March, so that leap days come last.
fn days(year: u16, month: usize, day: u8) -> i64 {
    const BEFORE: [i64; 12] = [306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275];
    let year = i64::from(year) - i64::from(month < 2);
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + BEFORE[month] + i64::from(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_between_dates_is_counted_over_every_border() {
        for (from, to, seconds) in [
            ("20 Nov 2026 10:00:00", "20 Nov 2026 10:00:05", 5),
            ("31 Dec 2026 23:59:58", "01 Jan 2027 00:00:01", 3),
            ("28 Feb 2028 23:59:59", "01 Mar 2028 00:00:00", 86_401),
            ("28 Feb 2026 23:59:59", "01 Mar 2026 00:00:00", 1),
            ("01 Jan 2026 00:00:00", "01 Jan 2027 00:00:00", 365 * 86_400),
        ] {
            let dates = [from, to].map(|date| format!("Fri, {date} GMT"));
            assert_eq!(seconds_between(&dates[0], &dates[1]), Some(seconds));
        }
    }

    #[test]
    fn the_past_and_anything_else_are_no_wait() {
        let good = "Fri, 20 Nov 2026 10:00:00 GMT";
        for odd in [
            "Fri, 20 Nov 2026 10:00:01 GMT",
            "Friday, 20-Nov-26 10:00:00 GMT",
            "Fri, 20 Nov 2026 10:00 GMT",
            "Fri, 20 Nov 2026 10:00:00 CET",
            "",
        ] {
            assert_eq!(seconds_between(odd, good), None, "{odd}");
        }
    }
}
