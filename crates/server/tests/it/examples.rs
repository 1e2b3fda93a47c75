use std::path::Path;

use server::config::{Config, Environment};

const KEYS: [(&str, &str); 5] = [
    ("ANTHROPIC_API_KEY", "a"),
    ("DEEPGRAM_API_KEY", "d"),
    ("ELEVENLABS_API_KEY", "e"),
    ("OPENAI_API_KEY", "o"),
    ("TWILIO_AUTH_TOKEN", "t"),
];

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn every_example_is_right_and_without_keys_wants_only_keys() {
    let mut seen = 0;
    for entry in std::fs::read_dir(repository().join("examples")).expect("examples") {
        let folder = entry.expect("an entry").path();
        if !folder.join("repartee.toml").exists() {
            continue;
        }
        let config = Config::load(None, &folder, &KEYS.into_iter().collect());
        assert!(
            config.is_ok(),
            "{}: {}",
            folder.display(),
            config.expect_err("wrong")
        );
        if let Err(problems) = Config::load(None, &folder, &Environment::default()) {
            for problem in problems.0 {
                let wants_key = problem.message.starts_with("needs the variable ");
                assert!(wants_key, "{}: {}", folder.display(), problem.message);
            }
        }
        seen += 1;
    }
    assert!(seen >= 3, "there are examples");
}

#[test]
fn every_example_in_the_manuals_is_right() {
    let manual: String = ["docs/configuration.md", "docs/providers.md"]
        .map(|page| std::fs::read_to_string(repository().join(page)).expect(page))
        .concat();
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
fn the_companion_is_the_profile_that_it_promises() {
    let environment: Environment = KEYS.into_iter().collect();
    let folder = repository().join("examples/companion");
    let config = Config::load(None, &folder, &environment).expect("a configuration");
    let agent = &config.tenants[0].agent;
    assert_eq!(agent.listen[0].0.to_string(), "deepgram/nova-3");
    let (model, think) = &agent.think[0];
    assert_eq!(
        (model.to_string().as_str(), think.max_tokens),
        ("anthropic/claude-haiku-5-5", 150)
    );
    let (model, voice) = &agent.speak[0];
    assert_eq!(
        (model.to_string().as_str(), voice.voice.as_str()),
        ("openai/tts-1-hd", "nova")
    );
    let rules = &agent.rules;
    assert_eq!(rules.history_messages, 10);
    assert_eq!(rules.turn.wait, session::Waits::fixed(domain::Millis(500)));
    assert_eq!(rules.budget.limit, Some(domain::Micros(5_000_000)));
    assert_eq!(rules.budget.warn_percent, 80);
    assert!(!rules.lines.budget_low.is_empty());
    assert_eq!(rules.end.max_call, domain::Millis(1_800_000));
    assert!(
        !config.warnings.iter().any(|told| told.contains("price")),
        "a budget needs prices: {:?}",
        config.warnings
    );
}

#[test]
fn the_council_is_the_profile_that_it_promises() {
    let environment: Environment = KEYS
        .into_iter()
        .chain([
            ("TWILIO_PHONE_NUMBER_LAKEVIEW", "+61255500199"),
            ("ELEVENLABS_VOICE_LAKEVIEW", "own-voice"),
        ])
        .collect();
    let folder = repository().join("examples/council");
    let config = Config::load(None, &folder, &environment).expect("a configuration");
    let unpriced: Vec<_> = config
        .warnings
        .iter()
        .filter(|one| one.contains("price"))
        .collect();
    assert_eq!(unpriced, Vec::<&String>::new(), "the list has all of them");
    let tenants = config.tenants.iter();
    let named = |plan: &server::config::TenantPlan| {
        let number = plan.tenant.numbers[0].as_str().to_owned();
        (
            plan.tenant.id.to_string(),
            number,
            plan.agent.speak[0].1.voice.clone(),
        )
    };
    let expected = [
        ("hillside", "+61255500101", "21m00Tcm4TlvDq8ikWAM"),
        ("lakeview", "+61255500199", "own-voice"),
    ];
    let expected = expected.map(|(id, number, voice)| (id.into(), number.into(), voice.into()));
    assert_eq!(tenants.map(named).collect::<Vec<_>>(), expected);
    let agent = &config.tenants[0].agent;
    assert_eq!(agent.listen[0].0.to_string(), "openai/whisper-1");
    let (model, think) = &agent.think[0];
    assert_eq!(model.to_string(), "openai/gpt-4o-mini");
    assert_eq!((think.temperature, think.max_tokens), (Some(0.5), 800));
    let voice = &agent.speak[0].1;
    assert_eq!(
        (
            voice.stability,
            voice.similarity_boost,
            voice.style,
            voice.use_speaker_boost
        ),
        (Some(0.5), Some(0.75), Some(0.0), Some(true))
    );
    assert_eq!(voice.chunk_length_schedule, [120, 160, 250, 290]);
    assert_eq!(
        agent.rules.turn.wait,
        session::Waits::fixed(domain::Millis(500))
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
