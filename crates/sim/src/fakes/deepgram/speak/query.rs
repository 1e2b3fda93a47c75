/// Reads a query as strictly as the real one and gives the model; the error says what is wrong.
pub(super) fn model(pairs: &[(String, String)]) -> Result<String, String> {
    const KNOWN: [&str; 6] = [
        "encoding",
        "mip_opt_out",
        "model",
        "sample_rate",
        "speed",
        "tag",
    ];
    let unknown = pairs
        .iter()
        .find(|(name, _)| !KNOWN.contains(&name.as_str()));
    if let Some((name, _)) = unknown {
        return Err(format!("unknown parameter {name}"));
    }
    let one = |name: &str| {
        let found = pairs.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str())
    };
    let model = one("model").ok_or("model is missing")?;
    if !model.starts_with("aura-") || model.split('-').count() < 3 {
        return Err(format!("model {model} is not served by this endpoint"));
    }
    if one("encoding") != Some("mulaw") || one("sample_rate") != Some("8000") {
        return Err("this simulation speaks encoding=mulaw with sample_rate=8000".to_owned());
    }
    let speed = one("speed").map_or(Ok(1.0), str::parse::<f64>);
    if !speed.is_ok_and(|speed| (0.7..=1.5).contains(&speed)) {
        return Err("speed is not between 0.7 and 1.5".to_owned());
    }
    Ok(model.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::listener::query_pairs;

    #[test]
    fn what_the_real_one_refuses_is_refused() {
        let read = |model_and_more: &str| {
            let query = format!("encoding=mulaw&sample_rate=8000&model={model_and_more}");
            model(&query_pairs(&query))
        };
        assert_eq!(
            read("aura-2-thalia-en&speed=0.9"),
            Ok("aura-2-thalia-en".to_owned())
        );
        for query in [
            "",
            "aura",
            "flux-haley-en",
            "nova-3",
            "aura-2-thalia-en&speed=3",
            "aura-2-thalia-en&speed=fast",
            "aura-2-thalia-en&container=none",
        ] {
            assert!(read(query).is_err(), "{query}");
        }
        assert!(model(&query_pairs("model=aura-2-thalia-en")).is_err());
    }
}
