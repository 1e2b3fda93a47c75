use std::{
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use providers::tts::elevenlabs::VoiceInfo;
use serde_json::{Value, json};

use super::{Shared, block_on};
use crate::{config::Config, stations::elevenlabs_over_http};

/// For each page of the list.
const PAGE_WITHIN: Duration = Duration::from_secs(10);

/// What `voices` understands.
#[derive(Debug, Args)]
pub(crate) struct VoicesArgs {
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Lists the voices of the ElevenLabs account.
pub(crate) fn list(shared: &Shared, args: &VoicesArgs) -> anyhow::Result<ExitCode> {
    let config = match shared.load_or_say() {
        Ok(config) => config,
        Err(code) => return Ok(code),
    };
    let voices = block_on(voices(&config))?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{:#}", as_json(&voices))?;
    } else {
        write!(out, "{}", as_table(&voices))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn voices(config: &Config) -> anyhow::Result<Vec<VoiceInfo>> {
    let access = &config.providers.elevenlabs;
    anyhow::ensure!(
        access.usable(),
        "ELEVENLABS_API_KEY is not set: there is no account whose voices could be listed"
    );
    Ok(elevenlabs_over_http(access).voices(PAGE_WITHIN).await?)
}

fn as_json(voices: &[VoiceInfo]) -> Value {
    let voice = |voice: &VoiceInfo| json!({ "id": voice.id, "name": voice.name, "category": voice.category });
    voices.iter().map(voice).collect()
}

fn as_table(voices: &[VoiceInfo]) -> String {
    if voices.is_empty() {
        return "The account has no voices.\n".to_owned();
    }
    let rows = voices
        .iter()
        .map(|voice| [&voice.id, &voice.category, &voice.name].map(|text| plain(text)));
    let rows: Vec<[String; 3]> = rows.collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let (ids, categories) = (width(0), width(1));
    let row =
        |[id, category, name]: &[String; 3]| format!("{id:ids$}  {category:categories$}  {name}\n");
    rows.iter().map(row).collect()
}

/// Foreign words without anything that a terminal would obey.
fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use sim::fakes::{ElevenLabsSettings, FakeElevenLabs};

    use super::*;
    use crate::config::Environment;

    fn config(variables: &[(&str, &str)]) -> Config {
        let environment: Environment = variables.iter().copied().collect();
        Config::parse("", "", &environment).expect("a configuration")
    }

    #[tokio::test]
    async fn the_account_that_is_configured_is_asked() {
        let fake = FakeElevenLabs::start(ElevenLabsSettings::default()).await;
        let fake = fake.expect("a fake");
        let base = fake.base_url();
        let known = config(&[
            ("ELEVENLABS_API_KEY", "elevenlabs-test-key"),
            ("ELEVENLABS_BASE_URL", &base),
        ]);
        let listed = voices(&known).await.expect("a list");
        assert_eq!(
            as_table(&listed),
            "21m00Tcm4TlvDq8ikWAM  premade  Rachel\n\
             EXAVITQu4vr4xnSDxMaL  premade  Sarah\n\
             own-voice-1           cloned   Front desk\n"
        );
        assert_eq!(
            as_json(&listed)[2],
            json!({ "id": "own-voice-1", "name": "Front desk", "category": "cloned" })
        );
        let stranger = config(&[
            ("ELEVENLABS_API_KEY", "another"),
            ("ELEVENLABS_BASE_URL", &base),
        ]);
        let refused = voices(&stranger).await.expect_err("a refusal").to_string();
        assert!(refused.contains("invalid_api_key"), "{refused}");
    }

    #[tokio::test]
    async fn without_a_key_the_variable_is_named() {
        let error = voices(&config(&[])).await.expect_err("no account");
        assert!(
            error
                .to_string()
                .starts_with("ELEVENLABS_API_KEY is not set")
        );
    }

    #[test]
    fn a_terminal_obeys_no_name() {
        let voice = VoiceInfo {
            id: "v".into(),
            name: "A\u{1b}[2J\nb".into(),
            category: String::new(),
        };
        assert_eq!(as_table(&[voice]), "v    A [2J b\n");
        assert_eq!(as_table(&[]), "The account has no voices.\n");
    }
}
