use std::time::Duration;

use crate::http_date::seconds_between;

/// What headers say about trying again.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Hints {
    /// `retry-after-ms`, or `retry-after` as seconds or as a date.
    pub wait: Option<Duration>,
    /// `x-should-retry`.
    pub again: Option<bool>,
}

impl Hints {
    /// Reads them by name.
    pub fn read<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Self {
        let number = |name| header(name)?.trim().parse::<f64>().ok();
        let millis = number("retry-after-ms").map(|ms| ms / 1_000.0);
        let seconds = millis.or_else(|| number("retry-after"));
        let until_date = || seconds_between(header("date")?, header("retry-after")?);
        Self {
            wait: match seconds {
                Some(seconds) => Duration::try_from_secs_f64(seconds).ok(),
                None => until_date().map(Duration::from_secs),
            },
            again: match header("x-should-retry") {
                Some("true") => Some(true),
                Some("false") => Some(false),
                Some(_) | None => None,
            },
        }
    }
}
