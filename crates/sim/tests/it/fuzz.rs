//! The targets of `fuzz/`, each as a function that is given the examples of its corpus: what was once
//! worth keeping stays harmless, without a fuzzer.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// In place of the fuzzer's macro: the body of a target becomes a function.
macro_rules! fuzz_target {
    (|$bytes:ident: &[u8]| $body:block) => {
        pub(super) fn run($bytes: &[u8]) $body
    };
}

#[path = "../../../../fuzz/fuzz_targets/anthropic_wire.rs"]
mod anthropic_wire;
#[path = "../../../../fuzz/fuzz_targets/deepgram_flux_wire.rs"]
mod deepgram_flux_wire;
#[path = "../../../../fuzz/fuzz_targets/deepgram_speak_wire.rs"]
mod deepgram_speak_wire;
#[path = "../../../../fuzz/fuzz_targets/deepgram_wire.rs"]
mod deepgram_wire;
#[path = "../../../../fuzz/fuzz_targets/elevenlabs_wire.rs"]
mod elevenlabs_wire;
#[path = "../../../../fuzz/fuzz_targets/openai_realtime_wire.rs"]
mod openai_realtime_wire;
#[path = "../../../../fuzz/fuzz_targets/openai_speech_wire.rs"]
mod openai_speech_wire;
#[path = "../../../../fuzz/fuzz_targets/openai_transcription_wire.rs"]
mod openai_transcription_wire;
#[path = "../../../../fuzz/fuzz_targets/openai_wire.rs"]
mod openai_wire;
#[path = "../../../../fuzz/fuzz_targets/session_script.rs"]
mod session_script;
#[path = "../../../../fuzz/fuzz_targets/twilio_webhook.rs"]
mod twilio_webhook;
#[path = "../../../../fuzz/fuzz_targets/twilio_wire.rs"]
mod twilio_wire;

type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 12] = [
    ("anthropic_wire", anthropic_wire::run),
    ("deepgram_flux_wire", deepgram_flux_wire::run),
    ("deepgram_speak_wire", deepgram_speak_wire::run),
    ("deepgram_wire", deepgram_wire::run),
    ("elevenlabs_wire", elevenlabs_wire::run),
    ("openai_realtime_wire", openai_realtime_wire::run),
    ("openai_speech_wire", openai_speech_wire::run),
    ("openai_transcription_wire", openai_transcription_wire::run),
    ("openai_wire", openai_wire::run),
    ("session_script", session_script::run),
    ("twilio_webhook", twilio_webhook::run),
    ("twilio_wire", twilio_wire::run),
];

#[test]
fn every_example_passes_its_target() {
    for (name, run) in TARGETS {
        run(&[]);
        let examples = entries(&folder().join("corpus").join(name));
        assert!(!examples.is_empty(), "{name} has examples");
        for example in examples {
            // The last one is shown when a target panics.
            eprintln!("{}", example.display());
            run(&fs::read(&example).unwrap());
        }
    }
}

#[test]
fn every_target_is_listed() {
    let names = |folder: PathBuf| -> Vec<String> {
        let paths = entries(&folder);
        let stems = paths.iter().map(|path| path.file_stem().unwrap());
        stems
            .map(|stem| stem.to_str().unwrap().to_owned())
            .collect()
    };
    let listed = TARGETS.map(|(name, _)| name.to_owned());
    assert_eq!(names(folder().join("fuzz_targets")), listed);
    assert_eq!(names(folder().join("corpus")), listed);
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    let bins = manifest.lines().skip_while(|line| *line != "[[bin]]");
    let bins = bins.filter_map(|line| line.strip_prefix("name = "));
    let bins: Vec<&str> = bins.map(|name| name.trim_matches('"')).collect();
    assert_eq!(bins, listed);
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
