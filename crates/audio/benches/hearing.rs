//! How long one 32 ms block takes with everything that listens: the detector and both gates, while
//! both sides talk: `cargo bench -p audio --bench hearing`.
#![expect(
    clippy::print_stdout,
    reason = "a benchmark's result is what it prints"
)]

mod stopwatch;

use audio::{Detector, Hearing, HearingSettings, VadSettings, g711::ulaw};

const BLOCK: usize = 256;
const FRAME: usize = 160;
const SECOND: usize = 8_000;

/// Four seconds of a caller's speech.
const SPEECH: &[u8] = include_bytes!("../tests/data/u1.s16");
/// Our own voice.
const AGENT: &[u8] = include_bytes!("../../providers/fixtures/agent.ulaw");

fn main() {
    let samples = SPEECH.as_chunks().0.iter();
    let speech: Vec<u8> = samples
        .map(|&s| ulaw::encode(i16::from_le_bytes(s)))
        .collect();
    let usual = HearingSettings::default();
    // The gate on the level would hide the cost of the quiet blocks between words.
    let open = HearingSettings {
        vad: VadSettings {
            gate_dbfs: f32::NEG_INFINITY,
            ..VadSettings::default()
        },
        ..usual
    };
    let both: Call = (speech.repeat(4), AGENT[..speech.len() * 4].to_vec());
    report("a block, both sides talking all the time", &both, open);
    report("a block of a usual minute", &minute(&speech), usual);
    let energy = HearingSettings {
        detector: Detector::Energy,
        ..usual
    };
    report(
        "a block of that minute without the network",
        &minute(&speech),
        energy,
    );
}

/// What the caller says, and what we play at the same time; nothing where that is empty.
type Call = (Vec<u8>, Vec<u8>);

/// The caller speaks for half of the minute, and we in his pauses; we come back 30 dB down.
fn minute(speech: &[u8]) -> Call {
    let (mut inbound, mut own) = (Vec::new(), Vec::new());
    let mut agent = AGENT.chunks(4 * SECOND).cycle();
    while inbound.len() < 60 * SECOND {
        let pause = agent.next().expect("a cycle goes on");
        inbound.extend_from_slice(speech);
        own.resize(inbound.len(), ulaw::SILENCE);
        let quiet = |&code: &u8| ulaw::encode(ulaw::decode(code) / 32);
        inbound.extend(pause.iter().map(quiet));
        own.extend_from_slice(pause);
    }
    (inbound, own)
}

fn report(name: &str, (inbound, own): &Call, settings: HearingSettings) {
    let (mut hearing, mut told) = (Hearing::new(settings), Vec::with_capacity(64));
    stopwatch::report(name, inbound.len() / BLOCK, || {
        for (inbound, own) in inbound.chunks(FRAME).zip(own.chunks(FRAME)) {
            if own.iter().any(|&code| code != ulaw::SILENCE) {
                hearing.played(own, hearing.heard_ms());
            }
            hearing.hear(inbound, &mut told);
            told.clear();
        }
    });
}
