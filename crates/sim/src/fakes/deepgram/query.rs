pub(super) use audio::g711::BYTES_PER_MS;

/// What the query of a stream asked for, as far as the fake acts on it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "parameters of the query, independent of each other"
)]
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Options {
    pub(super) model: String,
    pub(super) interim: bool,
    /// In bytes of audio; `None` is off.
    pub(super) endpointing: Option<u64>,
    /// In bytes of audio; `None` is off.
    pub(super) utterance_end: Option<u64>,
    pub(super) vad_events: bool,
    /// `um` and its like were asked for.
    pub(super) fillers: bool,
    /// Capitals and punctuation were asked for.
    pub(super) punctuate: bool,
    pub(super) language: Option<String>,
}

const BOOLEANS: [&str; 11] = [
    "detect_entities",
    "diarize",
    "dictation",
    "filler_words",
    "interim_results",
    "mip_opt_out",
    "multichannel",
    "no_delay",
    "numerals",
    "profanity_filter",
    "punctuate",
];
const MORE_BOOLEANS: [&str; 2] = ["smart_format", "vad_events"];
const FREE: [&str; 11] = [
    "diarize_model",
    "extra",
    "keyterm",
    "keywords",
    "language",
    "language_hint",
    "redact",
    "replace",
    "search",
    "tag",
    "version",
];
const READ: [&str; 6] = [
    "channels",
    "encoding",
    "endpointing",
    "model",
    "sample_rate",
    "utterance_end_ms",
];

impl Options {
    /// Reads a query as strictly as the real one; the error says what is wrong with it.
    pub(super) fn read(pairs: &[(String, String)]) -> Result<Self, String> {
        for (name, value) in pairs {
            check_known(name, value)?;
        }
        let one = |name: &str| {
            pairs
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.as_str())
        };
        let model = one("model")
            .filter(|model| !model.is_empty())
            .ok_or("model is missing")?;
        if model.starts_with("flux-") {
            return Err(format!("model {model} is not served by this endpoint"));
        }
        if one("encoding") != Some("mulaw") || one("sample_rate") != Some("8000") {
            return Err("this simulation takes encoding=mulaw with sample_rate=8000".to_owned());
        }
        if one("channels").is_some_and(|channels| channels != "1") {
            return Err("this simulation takes one channel".to_owned());
        }
        check_terms(model, pairs)?;
        let interim = one("interim_results") == Some("true");
        let utterance_end = one("utterance_end_ms").map(utterance_end).transpose()?;
        if utterance_end.is_some() && !interim {
            return Err("utterance_end_ms needs interim_results=true".to_owned());
        }
        Ok(Self {
            model: model.to_owned(),
            interim,
            endpointing: endpointing(one("endpointing"))?,
            utterance_end,
            vad_events: one("vad_events") == Some("true"),
            fillers: one("filler_words") == Some("true"),
            punctuate: one("punctuate") == Some("true") || one("smart_format") == Some("true"),
            language: one("language").map(str::to_owned),
        })
    }
}

fn check_known(name: &str, value: &str) -> Result<(), String> {
    if BOOLEANS.contains(&name) || MORE_BOOLEANS.contains(&name) {
        return match value {
            "true" | "false" => Ok(()),
            _ => Err(format!("{name} is neither true nor false: {value}")),
        };
    }
    if value.is_empty() {
        return Err(format!("{name} is empty"));
    }
    let known = FREE.contains(&name) || READ.contains(&name);
    known
        .then_some(())
        .ok_or_else(|| format!("unknown parameter {name}"))
}

fn check_terms(model: &str, pairs: &[(String, String)]) -> Result<(), String> {
    let has = |name: &str| pairs.iter().any(|(n, _)| n == name);
    let third = model.starts_with("nova-3");
    if third && has("keywords") {
        return Err("keywords is not supported by nova-3, use keyterm".to_owned());
    }
    if !third && has("keyterm") {
        return Err("keyterm is supported by nova-3 only".to_owned());
    }
    Ok(())
}

fn endpointing(value: Option<&str>) -> Result<Option<u64>, String> {
    match value {
        None => Ok(Some(10 * BYTES_PER_MS)),
        Some("false") => Ok(None),
        Some(ms) => {
            let ms: u64 = ms
                .parse()
                .map_err(|_| format!("endpointing is no number: {ms}"))?;
            Ok(Some(ms.max(10) * BYTES_PER_MS))
        }
    }
}

fn utterance_end(ms: &str) -> Result<u64, String> {
    let value: u64 = ms
        .parse()
        .map_err(|_| format!("utterance_end_ms is no number: {ms}"))?;
    match value {
        1_000..=60_000 => Ok(value * BYTES_PER_MS),
        _ => Err(format!(
            "utterance_end_ms is not between 1000 and 60000: {ms}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::listener::query_pairs;

    const GOOD: &str = "model=nova-3&encoding=mulaw&sample_rate=8000";

    fn read(more: &str) -> Result<Options, String> {
        Options::read(&query_pairs(&format!("{GOOD}{more}")))
    }

    #[test]
    fn a_usual_query_is_understood() {
        let more = "&interim_results=true&endpointing=300&utterance_end_ms=1000&vad_events=true\
                    &smart_format=true&language=es&keyterm=Luc%C3%ADa&keyterm=Harbourside";
        let options = read(more).unwrap();
        assert_eq!(options.endpointing, Some(2_400));
        assert_eq!(options.utterance_end, Some(8_000));
        assert!(options.interim && options.vad_events && options.punctuate);
    }

    #[test]
    fn what_the_real_one_refuses_is_refused() {
        for (more, reason) in [
            (
                "&smart_format=True",
                "smart_format is neither true nor false: True",
            ),
            (
                "&keywords=a:2",
                "keywords is not supported by nova-3, use keyterm",
            ),
            (
                "&utterance_end_ms=1000",
                "utterance_end_ms needs interim_results=true",
            ),
            ("&endpoint=3", "unknown parameter endpoint"),
            ("&endpointing=soon", "endpointing is no number: soon"),
            ("&keyterm=", "keyterm is empty"),
        ] {
            assert_eq!(read(more), Err(reason.to_owned()));
        }
        let turns = query_pairs("model=flux-general-en&encoding=mulaw&sample_rate=8000");
        assert!(Options::read(&turns).is_err());
        assert!(Options::read(&[]).is_err());
    }
}
