use super::super::query::BYTES_PER_MS;

/// What the query of a stream by turns asked for, as far as the fake acts on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Options {
    /// Confidence from which a turn is likely over.
    pub(in super::super) eager: Option<f64>,
    /// Confidence from which it is over.
    pub(in super::super) over: f64,
    /// Silence that ends it anyway, in bytes of audio.
    pub(in super::super) timeout: u64,
    /// The model told the languages it heard.
    pub(in super::super) multi: bool,
}

const BOOLEANS: [&str; 3] = ["mip_opt_out", "numerals", "profanity_filter"];
const FREE: [&str; 4] = ["keyterm", "language_hint", "redact", "tag"];
const READ: [&str; 6] = [
    "eager_eot_threshold",
    "encoding",
    "eot_threshold",
    "eot_timeout_ms",
    "model",
    "sample_rate",
];

impl Options {
    /// Reads a query as strictly as the real one; the error says what is wrong with it.
    pub(in super::super) fn read(pairs: &[(String, String)]) -> Result<Self, String> {
        for (name, value) in pairs {
            check_known(name, value)?;
        }
        let one = |name: &str| {
            let found = pairs.iter().find(|(n, _)| n == name);
            found.map(|(_, value)| value.as_str())
        };
        let multi = match one("model") {
            Some("flux-general-en") => false,
            Some("flux-general-multi") => true,
            Some(other) => return Err(format!("model {other} is not served by this endpoint")),
            None => return Err("model is missing".to_owned()),
        };
        if one("encoding") != Some("mulaw") || one("sample_rate") != Some("8000") {
            return Err("this simulation takes encoding=mulaw with sample_rate=8000".to_owned());
        }
        if !multi && one("language_hint").is_some() {
            return Err("language_hint is for flux-general-multi only".to_owned());
        }
        let over = number("eot_threshold", one("eot_threshold"), (0.5, 1.0))?;
        let over = over.unwrap_or(0.7);
        let eager = number(
            "eager_eot_threshold",
            one("eager_eot_threshold"),
            (0.3, 0.9),
        )?;
        if eager.is_some_and(|eager| eager > over) {
            return Err("eager_eot_threshold is above eot_threshold".to_owned());
        }
        let timeout = number("eot_timeout_ms", one("eot_timeout_ms"), (500.0, 60_000.0))?;
        Ok(Self {
            eager,
            over,
            timeout: timeout.unwrap_or(5_000.0) as u64 * BYTES_PER_MS,
            multi,
        })
    }
}

fn check_known(name: &str, value: &str) -> Result<(), String> {
    if value.is_empty() {
        return Err(format!("{name} is empty"));
    }
    if BOOLEANS.contains(&name) && !["true", "false"].contains(&value) {
        return Err(format!("{name} is neither true nor false: {value}"));
    }
    let known = [&BOOLEANS[..], &FREE[..], &READ[..]].concat();
    let known = known.contains(&name);
    known
        .then_some(())
        .ok_or_else(|| format!("unknown parameter {name}"))
}

fn number(
    name: &str,
    value: Option<&str>,
    (least, most): (f64, f64),
) -> Result<Option<f64>, String> {
    let Some(text) = value else { return Ok(None) };
    let value = text.parse().ok();
    let value = value.filter(|value| (least..=most).contains(value));
    value
        .map(Some)
        .ok_or_else(|| format!("{name} is not between {least} and {most}: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::listener::query_pairs;

    const GOOD: &str = "model=flux-general-en&encoding=mulaw&sample_rate=8000";

    fn read(more: &str) -> Result<Options, String> {
        Options::read(&query_pairs(&format!("{GOOD}{more}")))
    }

    #[test]
    fn a_usual_query_is_understood() {
        let more = "&eot_threshold=0.80&eager_eot_threshold=0.50&eot_timeout_ms=700&numerals=true\
                    &keyterm=Luc%C3%ADa&keyterm=Harbourside";
        let options = Options {
            eager: Some(0.5),
            over: 0.8,
            timeout: 5_600,
            multi: false,
        };
        assert_eq!(read(more), Ok(options));
        let usual = Options {
            eager: None,
            over: 0.7,
            timeout: 40_000,
            multi: false,
        };
        assert_eq!(read(""), Ok(usual));
    }

    #[test]
    fn what_the_real_one_refuses_is_refused() {
        for (more, reason) in [
            ("&language=en", "unknown parameter language"),
            ("&smart_format=true", "unknown parameter smart_format"),
            (
                "&language_hint=en",
                "language_hint is for flux-general-multi only",
            ),
            (
                "&eot_threshold=0.4",
                "eot_threshold is not between 0.5 and 1: 0.4",
            ),
            (
                "&eager_eot_threshold=0.8",
                "eager_eot_threshold is above eot_threshold",
            ),
            (
                "&eot_timeout_ms=soon",
                "eot_timeout_ms is not between 500 and 60000: soon",
            ),
            ("&numerals=1", "numerals is neither true nor false: 1"),
            ("&keyterm=", "keyterm is empty"),
        ] {
            assert_eq!(read(more), Err(reason.to_owned()));
        }
        let nova = Options::read(&query_pairs("model=nova-3"));
        assert_eq!(
            nova,
            Err("model nova-3 is not served by this endpoint".to_owned())
        );
    }
}
