mod talking;

use proptest::prelude::*;

use super::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().copied().collect()
}

fn parse(text: &str) -> Result<Config, Problems> {
    Config::parse("repartee.toml", text, &environment(&[]))
}

fn problems(text: &str) -> String {
    parse(text).expect_err("something is wrong").to_string()
}

#[test]
fn every_mistake_is_found_at_once_and_located() {
    insta::assert_snapshot!(problems(
        r#"
[server]
prot = 3001
port = "many"

[agents.desk]
greeting = "Hello from {{compny_name}}"
turn = { presett = "eager", wait = { terminal_ms = -1 } }
llm = ["gpt-4o"]
tts.stability = 7.0

[[tenants]]
id = "Acme"
numbers = ["0123"]
agent = "dsk"
"#
    ), @r#"
    repartee.toml:3:1: server.prot: unknown key; did you mean `port`?
    repartee.toml:4:1: server.port: "many" is not a whole number up to 65535
    repartee.toml:7:1: agents.desk.greeting: `{{compny_name}}` is not known here; did you mean `company_name`?
    repartee.toml:8:10: agents.desk.turn.presett: unknown key; did you mean `preset`?
    repartee.toml:8:38: agents.desk.turn.wait.terminal_ms: `-1` is not a whole number from 0 up
    repartee.toml:9:8: agents.desk.llm.0: `gpt-4o` does not name a model (write provider/model, such as deepgram/nova-3)
    repartee.toml:10:5: agents.desk.tts.stability: 7 is not between 0 and 1
    repartee.toml:13:1: tenants.0.id: `Acme` is not a name (1 to 64 of a-z, 0-9, `-` and `_`, beginning with a letter or digit)
    repartee.toml:14:12: tenants.0.numbers.0: not a phone number in E.164 form (`+` and 7 to 15 digits, as in +14155550100)
    repartee.toml:15:1: tenants.0.agent: there is no agent `dsk`; did you mean `desk`?
    "#);
}

#[test]
fn a_model_that_nothing_would_run_is_refused() {
    let told = problems("[agents.desk]\nmodels.vad = \"/models/vad.onnx\"\n");
    let refused = "repartee.toml:2:1: agents.desk.models: unknown key; known here: ";
    assert!(told.starts_with(refused), "{told}");
}

#[test]
fn wrong_kinds_of_values_are_told_in_plain_words() {
    insta::assert_snapshot!(problems(
        r#"
[log]
level = "info,drver=="

[store]
url = "postgres://user:secret@host/db"

[agents.desk]
voice_guidelines = "yes"
still_there_lines = ["one"]
stt = 5
idle = true
tts.stability = "high"

[agents.door]
goodbye_line = ["Bye."]

[prices."x/y"]
per_minute_usd = {}
"#
    ), @r#"
    tenants: say which `agent` answers: desk, door
    repartee.toml:3:1: log.level: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5
    repartee.toml:6:1: store.url: a database is given as sqlite:PATH, such as sqlite:repartee.db
    repartee.toml:9:1: agents.desk.voice_guidelines: "yes" is not true or false
    repartee.toml:10:1: agents.desk.still_there_lines: a list of 1, where 2 are needed
    repartee.toml:11:1: agents.desk.stt: `5` is not a list of models or a section
    repartee.toml:12:1: agents.desk.idle: `true` is not a section
    repartee.toml:13:5: agents.desk.tts.stability: "high" is not a number
    repartee.toml:16:1: agents.door.goodbye_line: a list is not a text in quotation marks
    repartee.toml:19:1: prices.x/y.per_minute_usd: a section is not a number
    "#);
}

#[test]
fn a_wrong_variable_goes_by_its_own_name() {
    let wrong = [
        ("DATABASE_URL", "sqlite:"),
        ("LOG_FORMAT", "xml"),
        ("NODE_ENV", "staging"),
        ("PORT", "http"),
        ("RUST_LOG", "info,x=loud"),
        ("TWILIO_AUTH_TOKEN_SECONDARY", "t"),
        ("VOICE_SERVER_URL", "ftp://x"),
    ];
    let problems = Config::parse("", "", &environment(&wrong)).expect_err("all wrong");
    let keys: Vec<&str> = problems.0.iter().map(|problem| &*problem.key).collect();
    assert_eq!(keys, wrong.map(|(name, _)| name), "{problems}");
}

#[test]
fn a_database_that_cannot_be_used_is_mentioned() {
    let config = Config::parse("", "", &environment(&[("DATABASE_URL", "postgres://h/db")]));
    let config = config.expect("a configuration");
    assert_eq!(config.store_url, "sqlite:repartee.db");
    assert!(
        config.warnings[0].contains("DATABASE_URL"),
        "{:?}",
        config.warnings
    );
}

#[test]
fn speech_is_kept_in_memory_and_on_disk_only_where_asked() {
    let cache = |text: &str| {
        Config::parse("", text, &environment(&[]))
            .expect("a configuration")
            .cache
    };
    assert_eq!(cache(""), driver::CacheSettings::default());
    let on_disk = cache("[cache]\nmemory_mb = 8\ndir = \"speech\"\n");
    assert_eq!(on_disk.memory_bytes, 8 << 20);
    let disk = on_disk.disk.expect("a folder");
    assert_eq!((disk.folder, disk.bytes), ("speech".into(), 256 << 20));
    insta::assert_snapshot!(problems("[cache]\nmemory_mb = 0\ndisk_mb = 9\n"), @r"
    repartee.toml:2:1: cache.memory_mb: 0 is not between 1 and 65536
    repartee.toml:3:1: cache.disk_mb: needs `cache.dir`, the folder to fill
    ");
    insta::assert_snapshot!(problems("[cache]\ndir = \"\"\n"), @"repartee.toml:2:1: cache.dir: is empty; leave it out to write nothing to disk");
}

#[test]
fn broken_toml_is_located() {
    insta::assert_snapshot!(problems("[server\nport = 1"), @"repartee.toml:1:8: unclosed table, expected `]`");
}

#[test]
fn variables_fill_in_text_and_numbers() {
    let text = "[server]\nport = \"${MY_PORT:-4000}\"\n[twilio]\nauth_token = \"${MY_TOKEN}\"\n";
    let config = Config::parse("x.toml", text, &environment(&[("MY_TOKEN", "12345")]))
        .expect("a configuration");
    assert_eq!(config.listen.port(), 4000);
    assert_eq!(config.webhook_tokens.len(), 1);
    let error = Config::parse("x.toml", text, &environment(&[])).expect_err("no token");
    assert_eq!(
        error.to_string(),
        "x.toml:4:1: twilio.auth_token: the variable MY_TOKEN is not set (write ${MY_TOKEN:-…} to \
         give a default)"
    );
}

#[test]
fn nothing_at_all_makes_an_offline_agent_for_every_number() {
    let config = parse("").expect("a configuration");
    let [plan] = config.tenants.as_slice() else {
        panic!("one tenant, not {:?}", config.tenants);
    };
    assert!(plan.tenant.numbers.is_empty());
    assert_eq!(plan.agent.listen[0].0.provider, "offline");
    assert_eq!(config.listen.to_string(), "0.0.0.0:3001");
    assert_eq!(config.warnings.len(), 3, "{:?}", config.warnings);
    assert!(config.warnings[0].contains("DEEPGRAM_API_KEY"));
}

const KEYS: [(&str, &str); 4] = [
    ("DEEPGRAM_API_KEY", "d"),
    ("OPENAI_API_KEY", "o"),
    ("ELEVENLABS_API_KEY", "e"),
    ("TWILIO_AUTH_TOKEN", "t"),
];

#[test]
fn keys_alone_make_the_hotline() {
    let mut variables = KEYS.to_vec();
    variables.extend([
        ("AI_NAME", "Robin"),
        ("COMPANY_NAME", "Acme"),
        ("PORT", "8080"),
    ]);
    let config = Config::parse("", "", &environment(&variables)).expect("a configuration");
    let agent = &config.tenants[0].agent;
    assert_eq!(agent.listen[0].0.to_string(), "deepgram/nova-3");
    assert_eq!(agent.think[0].0.to_string(), "openai/gpt-6-luna");
    assert_eq!(agent.speak[0].0.to_string(), "elevenlabs/eleven_flash_v2_5");
    let voice = &agent.speak[0].1;
    assert_eq!(voice.voice, "21m00Tcm4TlvDq8ikWAM");
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
        agent.rules.lines.greeting,
        "Hello, this is Robin from Acme. How can I help you?"
    );
    assert!(agent.rules.system.contains("You are Robin"));
    assert_eq!(config.listen.port(), 8080);
    assert_eq!(config.warnings, Vec::<String>::new());
    assert!(
        !format!("{config:?}").contains("\"t\""),
        "secrets do not print"
    );
}

#[test]
fn number_variables_make_tenants() {
    let config = Config::parse(
        "",
        "",
        &environment(&[
            ("TWILIO_PHONE_NUMBER_NORTH", "+14155550101"),
            ("TWILIO_PHONE_NUMBER_SOUTH", "+14155550102"),
            ("ELEVENLABS_VOICE_SOUTH", "southern"),
            ("ELEVENLABS_API_KEY", "e"),
        ]),
    )
    .expect("a configuration");
    let told: Vec<_> = config
        .tenants
        .iter()
        .map(|plan| {
            (
                plan.tenant.id.as_str(),
                plan.tenant.numbers[0].as_str(),
                plan.agent.speak[0].1.voice.as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("north", "+14155550101", "21m00Tcm4TlvDq8ikWAM"),
            ("south", "+14155550102", "southern")
        ]
    );
}

#[test]
fn a_model_that_ends_is_warned_about() {
    let mut variables = KEYS.to_vec();
    variables.push(("OPENAI_MODEL", "gpt-4o"));
    let config = Config::parse("", "", &environment(&variables)).expect("a configuration");
    assert_eq!(
        config.warnings,
        ["openai/gpt-4o ends on 2027-01-14: change to gpt-6-luna"]
    );
}

#[test]
fn a_compatible_server_next_door_needs_no_key() {
    let near = |url| Config::parse("", "", &environment(&[("OPENAI_BASE_URL", url)]));
    let config = near("http://127.0.0.1:11434/v1/").expect("a configuration");
    let base_url = config.providers.openai.base_url.map(|url| url.to_string());
    assert_eq!(base_url.as_deref(), Some("http://127.0.0.1:11434/v1"));
    assert_eq!(config.tenants[0].agent.think[0].0.provider, "openai");
    let error = near("http://api.example.com/v1").expect_err("plain text over the internet");
    assert_eq!(
        error.to_string(),
        "OPENAI_BASE_URL: plain http is for this machine and private networks (their addresses, \
         names without a dot, .internal and .local); write https://api.example.com"
    );
}

#[test]
fn the_keys_that_are_there_choose_the_providers() {
    let with = |keys: &[(&'static str, &'static str)]| {
        let config = Config::parse("", "", &environment(keys)).expect("a configuration");
        let agent = config.tenants[0].agent.clone();
        [
            agent.listen[0].0.to_string(),
            agent.think[0].0.to_string(),
            agent.speak[0].0.to_string(),
        ]
    };
    let only_openai = [
        "openai/gpt-transcribe",
        "openai/gpt-6-luna",
        "openai/gpt-4o-mini-tts",
    ];
    assert_eq!(with(&[("OPENAI_API_KEY", "k")]), only_openai);
    let two = [("ANTHROPIC_API_KEY", "k"), ("DEEPGRAM_API_KEY", "k")];
    let without_openai = [
        "deepgram/nova-3",
        "anthropic/claude-haiku-5-5",
        "deepgram/aura-2-thalia-en",
    ];
    assert_eq!(with(&two), without_openai);
    assert_eq!(
        with(&[("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1")]),
        ["offline/auto", "openai/gpt-6-luna", "offline/auto"],
        "a server next door may know no sounds"
    );
}

#[test]
fn compatible_servers_have_names_of_their_own() {
    let file = r#"
[providers.compatible.ollama]
base_url = "http://127.0.0.1:11434/v1"

[agents.desk]
llm = ["ollama/llama3.3", "openai/gpt-6-luna"]
tts = { models = ["ollama/kokoro"], voice = "af_sky" }
"#;
    let keys = environment(&[("OPENAI_API_KEY", "k")]);
    let config = Config::parse("", file, &keys).expect("a configuration");
    let agent = &config.tenants[0].agent;
    assert_eq!(agent.think[0].0.to_string(), "ollama/llama3.3");
    assert_eq!(agent.speak[0].1.voice, "af_sky");
    insta::assert_snapshot!(problems(
        r#"
[providers.compatible.deepgram]
base_url = "http://127.0.0.1:1"

[providers.compatible.near]
api_key = "k"

[providers.compatible."a/b"]
base_url = "http://127.0.0.1:1"

[providers.compatible.offline]
base_url = "http://127.0.0.1:1"
"#
    ), @"
    repartee.toml:2:23: providers.compatible.deepgram: `deepgram` is set up in [providers.deepgram]: choose another name
    repartee.toml:5:23: providers.compatible.near: needs a base_url
    repartee.toml:8:23: providers.compatible.a/b: a name has no `/` and is not empty: it stands before the `/` of its models
    repartee.toml:11:23: providers.compatible.offline: `offline` are the engines of this machine: choose another name
    ");
}

#[test]
fn contradictions_are_named() {
    insta::assert_snapshot!(problems(
        r#"
[[tenants]]
id = "a"
agent = "x"
numbers = ["+14155550100"]

[[tenants]]
id = "a"
agent = "x"
numbers = ["+14155550100"]

[agents.x]
stt = ["elevenlabs/scribe"]
turn = { end = "provider", speculate = "speak" }
vad = { start_threshold = 0.3 }

[agents.y]
llm.models = ["openai/gpt-6-luna"]
"#
    ), @r#"
    repartee.toml:8:1: tenants.1.id: there are two tenants `a`
    repartee.toml:10:1: tenants.1.numbers: the number +…00 already belongs to `a`
    repartee.toml:13:8: agents.x.stt.0: `elevenlabs` does not do speech recognition; known here: deepgram, openai, offline
    repartee.toml:14:28: agents.x.turn.speculate: contradicts `turn.end = "provider"`
    repartee.toml:15:1: agents.x.vad.stop_threshold: must not be above start_threshold
    repartee.toml:18:15: agents.y.llm.models.0: needs the variable OPENAI_API_KEY or a base_url
    "#);
}

/// Lines of which some are right, some wrong, and some fit only elsewhere.
const LINES: [&str; 16] = [
    "[server]",
    "[[tenants]]",
    "[agents.a]",
    "[agents.\"a.b\"]",
    "[prices.\"x/y.z\"]",
    "port = \"${P:-1}\"",
    "port = \"${P:-x}\"",
    "id = \"a\"",
    "id = 3",
    "numbers = [\"+14155550100\", 7, { a = 1 }]",
    "stt = [1]",
    "stt = \"x\"",
    "llm = { models = 1, modles = 2 }",
    "input_per_million_usd = -1.0",
    "turn.wait.terminal_ms = 99999999999",
    "\"\" = { \"\" = [[]] }",
];

proptest! {
    #[test]
    fn any_file_is_read_or_refused(picks in prop::collection::vec(0..LINES.len(), 0..12)) {
        let text: Vec<&str> = picks.iter().map(|pick| LINES[*pick]).collect();
        if let Err(problems) = parse(&text.join("\n")) {
            prop_assert!(!problems.0.is_empty());
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,80}") {
        if let Err(problems) = parse(&text) {
            prop_assert!(!problems.0.is_empty());
        }
    }
}

#[test]
fn fillers_are_written_down_unless_that_is_switched_off() {
    let wanted = |stt: &str| {
        let config = parse(&format!("[agents.desk]\nstt = {stt}\n")).expect("a configuration");
        config.tenants[0].agent.listen[0].1.filler_words
    };
    assert!(wanted("{}"));
    assert!(!wanted("{ filler_words = false }"));
}

#[test]
fn a_voice_is_reached_over_a_socket_unless_told_otherwise() {
    let over = |tts: &str| {
        let config = parse(&format!("[agents.desk]\ntts = {tts}\n"))?;
        Ok::<_, Problems>(config.tenants[0].agent.speak_over)
    };
    assert_eq!(over("{}").expect("right"), SpeakOver::Socket);
    assert_eq!(
        over("{ transport = \"http\" }").expect("right"),
        SpeakOver::Http
    );
    let wrong = over("{ transport = \"http\", multi_context = true }").expect_err("contradictory");
    assert!(
        wrong
            .to_string()
            .contains("agents.desk.tts.multi_context: needs"),
        "{wrong}"
    );
    let wrong = over("{ transport = \"htp\" }")
        .expect_err("a typo")
        .to_string();
    assert!(wrong.contains("did you mean `http`?"), "{wrong}");
}

#[test]
fn a_speed_that_nobody_set_is_sent_to_elevenlabs_alone() {
    let keys = [("ELEVENLABS_API_KEY", "k"), ("DEEPGRAM_API_KEY", "k")];
    let speeds = |more: &str| {
        let models = r#"["elevenlabs/eleven_flash_v2_5", "deepgram/aura-2-thalia-en"]"#;
        let text = format!("[agents.desk]\ntts = {{ models = {models}{more} }}");
        let config = Config::parse("repartee.toml", &text, &environment(&keys));
        let config = config.expect("a configuration");
        let voices = config.tenants[0].agent.speak.iter();
        voices.map(|(_name, voice)| voice.speed).collect::<Vec<_>>()
    };
    assert_eq!(speeds(""), [Some(0.92), None]);
    assert_eq!(speeds(", speed = 1.1"), [Some(1.1), Some(1.1)]);
}
