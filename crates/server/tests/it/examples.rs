use std::path::Path;

use server::config::{Config, Environment};

const KEYS: [(&str, &str); 4] = [
    ("DEEPGRAM_API_KEY", "d"),
    ("ELEVENLABS_API_KEY", "e"),
    ("OPENAI_API_KEY", "o"),
    ("TWILIO_AUTH_TOKEN", "t"),
];

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn every_example_is_right_with_keys_and_without() {
    let mut seen = 0;
    for entry in std::fs::read_dir(repository().join("examples")).expect("examples") {
        let folder = entry.expect("an entry").path();
        if folder.join("repartee.toml").exists() {
            for environment in [KEYS.into_iter().collect(), Environment::default()] {
                let config = Config::load(None, &folder, &environment);
                assert!(
                    config.is_ok(),
                    "{}: {}",
                    folder.display(),
                    config.expect_err("wrong")
                );
            }
            seen += 1;
        }
    }
    assert!(seen > 0, "there are examples");
}

#[test]
fn every_example_in_the_manual_is_right() {
    let manual = repository().join("docs/configuration.md");
    let manual = std::fs::read_to_string(manual).expect("a manual");
    let examples: Vec<&str> = manual
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(!examples.is_empty(), "there are examples");
    for example in examples {
        for environment in [KEYS.into_iter().collect(), Environment::default()] {
            let config = Config::parse("example", example, &environment);
            assert!(config.is_ok(), "{example}\n{}", config.expect_err("wrong"));
        }
    }
}

#[test]
fn the_hotline_is_the_profile_that_it_promises() {
    let environment: Environment = KEYS.into_iter().collect();
    let folder = repository().join("examples/hotline");
    let config = Config::load(None, &folder, &environment).expect("a configuration");
    let agent = &config.tenants[0].agent;
    let listen = &agent.listen[0].1;
    assert_eq!(
        (
            listen.endpointing.0,
            listen.utterance_end.0,
            listen.smart_format
        ),
        (1_500, 3_000, true)
    );
    let voice = &agent.speak[0].1;
    assert_eq!(
        (
            voice.stability,
            voice.similarity_boost,
            voice.style,
            voice.speed
        ),
        (Some(0.6), Some(0.75), Some(0.35), Some(0.92))
    );
    assert_eq!(
        agent.rules.turn.wait,
        session::Waits::fixed(domain::Millis(1_800))
    );
}

#[test]
fn the_environment_template_names_known_variables_only() {
    let template = std::fs::read_to_string(repository().join(".env.example")).expect("a template");
    let variables: Environment = template
        .lines()
        .map(|line| line.trim_start_matches("# ").trim())
        .filter_map(|line| line.split_once('='))
        .filter(|(name, _)| {
            name.bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        })
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert!(Config::parse("", "", &variables).is_ok());
    let documented =
        std::fs::read_to_string(repository().join("docs/configuration.md")).expect("a manual");
    for (name, _) in KEYS {
        assert!(
            variables.get(name).is_none(),
            "{name}: a template holds no key"
        );
        assert!(
            template.contains(name) && documented.contains(name),
            "{name}"
        );
    }
}
