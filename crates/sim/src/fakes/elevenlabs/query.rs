use std::time::Duration;

/// What the query of a socket asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Options {
    pub(super) auto_mode: bool,
    pub(super) alignment: bool,
    pub(super) inactivity: Duration,
}

const KNOWN: [&str; 11] = [
    "apply_text_normalization",
    "auto_mode",
    "enable_logging",
    "enable_ssml_parsing",
    "inactivity_timeout",
    "language_code",
    "model_id",
    "optimize_streaming_latency",
    "output_format",
    "seed",
    "sync_alignment",
];

const MODELS: [&str; 5] = [
    "eleven_flash_v2",
    "eleven_flash_v2_5",
    "eleven_multilingual_v2",
    "eleven_turbo_v2",
    "eleven_turbo_v2_5",
];

impl Options {
    /// Reads a query as strictly as the real one; the error says what is wrong with it.
    pub(super) fn read(pairs: &[(String, String)]) -> Result<Self, String> {
        if let Some((name, _)) = pairs
            .iter()
            .find(|(name, _)| !KNOWN.contains(&name.as_str()))
        {
            return Err(format!("unknown parameter {name}"));
        }
        let one = |name: &str| {
            pairs
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.as_str())
        };
        if let Some(model) = one("model_id") {
            if !MODELS.contains(&model) {
                return Err(format!("model {model} is not served by this socket"));
            }
            if one("language_code").is_some() && !model.ends_with("v2_5") {
                return Err(format!("language_code is not supported by {model}"));
            }
        }
        if one("output_format") != Some("ulaw_8000") {
            return Err("this simulation speaks output_format=ulaw_8000".to_owned());
        }
        let seconds = one("inactivity_timeout").map_or(Ok(20), str::parse::<u64>);
        let seconds = seconds.ok().filter(|seconds| (1..=180).contains(seconds));
        let seconds = seconds.ok_or("inactivity_timeout is not between 1 and 180")?;
        Ok(Self {
            auto_mode: boolean("auto_mode", one("auto_mode"))?,
            alignment: boolean("sync_alignment", one("sync_alignment"))?,
            inactivity: Duration::from_secs(seconds),
        })
    }
}

fn boolean(name: &str, value: Option<&str>) -> Result<bool, String> {
    match value {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(format!("{name} is neither true nor false: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::listener::query_pairs;

    fn read(query: &str) -> Result<Options, String> {
        Options::read(&query_pairs(query))
    }

    #[test]
    fn a_usual_query_is_understood() {
        let query = "model_id=eleven_flash_v2_5&output_format=ulaw_8000&language_code=es\
                     &auto_mode=true&inactivity_timeout=180&sync_alignment=true";
        let inactivity = Duration::from_secs(180);
        assert_eq!(
            read(query),
            Ok(Options {
                auto_mode: true,
                alignment: true,
                inactivity
            })
        );
    }

    #[test]
    fn what_the_real_one_refuses_is_refused() {
        for query in [
            "output_format=ulaw_8000&model_id=eleven_v3",
            "output_format=ulaw_8000&model_id=eleven_multilingual_v2&language_code=es",
            "output_format=ulaw_8000&inactivity_timeout=181",
            "output_format=ulaw_8000&auto_mode=1",
            "output_format=ulaw_8000&stability=1",
            "model_id=eleven_flash_v2_5",
        ] {
            assert!(read(query).is_err(), "{query}");
        }
    }
}
