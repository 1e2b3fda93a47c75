//! How long one 32 ms block takes, from mu-law to event: `cargo bench -p audio --bench vad`.
#![expect(
    clippy::print_stdout,
    reason = "a benchmark's result is what it prints"
)]

use std::{fs, time::Duration};

use audio::{Vad, VadSettings, Voice, g711::ulaw};

const BLOCK: usize = 256;
const ROUNDS: u32 = 50;
/// Long enough that the kernel's tick of up to 4 ms does not blur a round.
const REPEATS: u32 = 40;

/// Four seconds of speech: the network runs on nearly all of it.
const SPEECH: &[u8] = include_bytes!("../tests/data/u1.s16");

fn main() {
    let mut speech = Vec::new();
    for &sample in SPEECH.as_chunks().0 {
        speech.push(ulaw::encode(i16::from_le_bytes(sample)));
    }
    let silence = vec![ulaw::SILENCE; speech.len()];
    // The gate would hide the cost of the quiet blocks at both ends.
    let open = VadSettings {
        gate_dbfs: f32::NEG_INFINITY,
        ..VadSettings::default()
    };
    report("speech, network always", REPEATS, &speech, open);
    report(
        "silence behind the gate",
        100 * REPEATS,
        &silence,
        VadSettings::default(),
    );
}

fn report(name: &str, repeats: u32, audio: &[u8], settings: VadSettings) {
    let mut told: Vec<Voice> = Vec::with_capacity(64);
    let mut vad = Vad::new(settings);
    vad.hear(audio, &mut told);
    let mut best = Duration::MAX;
    let mut total = Duration::ZERO;
    for _ in 0..ROUNDS {
        let before = processor_time();
        for _ in 0..repeats {
            vad.hear(audio, &mut told);
            told.clear();
        }
        let took = processor_time() - before;
        best = best.min(took);
        total += took;
    }
    let blocks = f64::from(repeats) * (audio.len() / BLOCK) as f64;
    let nanos = |took: Duration| took.as_nanos() as f64 / blocks;
    println!(
        "{name}: {:.0} ns per block, at best {:.0}",
        nanos(total / ROUNDS),
        nanos(best)
    );
}

/// User and system time of this thread, which other work on the machine does not count into.
fn processor_time() -> Duration {
    let line = fs::read_to_string("/proc/thread-self/schedstat").expect("a Linux kernel");
    let nanos = line.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanos.expect("nanoseconds come first"))
}
