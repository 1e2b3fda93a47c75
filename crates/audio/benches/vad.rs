//! How long one 32 ms block takes, from mu-law to event: `cargo bench -p audio --bench vad`.
#![expect(
    clippy::print_stdout,
    reason = "a benchmark's result is what it prints"
)]

mod stopwatch;

use audio::{Vad, VadSettings, g711::ulaw};

const BLOCK: usize = 256;

/// Four seconds of speech.
const SPEECH: &[u8] = include_bytes!("../tests/data/u1.s16");

fn main() {
    let speech: Vec<u8> = SPEECH
        .as_chunks()
        .0
        .iter()
        .map(|&s| ulaw::encode(i16::from_le_bytes(s)))
        .collect();
    let silence = vec![ulaw::SILENCE; speech.len()];
    // The gate would hide the cost of the quiet blocks at both ends.
    let open = VadSettings {
        gate_dbfs: f32::NEG_INFINITY,
        ..VadSettings::default()
    };
    report(
        "a block of speech, the network always running",
        &speech,
        open,
    );
    report(
        "a block of silence behind the gate",
        &silence,
        VadSettings::default(),
    );
}

fn report(name: &str, audio: &[u8], settings: VadSettings) {
    let (mut vad, mut told) = (Vad::new(settings), Vec::with_capacity(64));
    stopwatch::report(name, audio.len() / BLOCK, || {
        vad.hear(audio, &mut told);
        told.clear();
    });
}
