//! Records what the callers of `scenarios/turns` say.
//!
//! `cargo run -p sim --example record_phrases`: needs the Debian packages `flite` and `espeak-ng`.
//! Writes `crates/sim/fixtures/turns`: all phrases as mu-law at 8 kHz, 300 to 3,400 Hz, without the
//! silence around them, and an index with their hashes.

use std::{f64::consts::PI, fs, path::Path, process::Command};

use anyhow::{Context as _, ensure};
use sim::turns::{
    layer2::{Recordings, Wanted, wanted},
    scenario::{Scenario, VoiceName},
};

/// The telephone's band.
const BAND_HZ: (f64, f64) = (300.0, 3_400.0);
/// Samples on either side of a filter's middle.
const REACH: i64 = 64;
/// Below this share of the loudest sample a recording has not begun, or is over.
const QUIET: f64 = 0.03;
/// A recording begins and ends within so many samples: 4 ms.
const EDGE: usize = 32;
/// The loudest sample of every recording.
const PEAK: f64 = 16_000.0;

fn main() -> anyhow::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scenarios = Scenario::load_folder(&here.join("../../scenarios/turns"))?;
    let mut recordings = Recordings::default();
    let file = std::env::temp_dir().join(format!("repartee-phrase-{}.wav", std::process::id()));
    for phrase in wanted(&scenarios) {
        let (samples, rate) = speak(&phrase, &file)
            .with_context(|| format!("{:?} in {:?}", phrase.text, phrase.voice))?;
        let ulaw = trimmed(&telephone(&samples, rate));
        recordings.add(phrase, ulaw);
    }
    fs::remove_file(file)?;
    recordings.save(&here.join("fixtures/turns"))?;
    Ok(())
}

/// Has a phrase spoken into a file, and reads it.
fn speak(phrase: &Wanted, file: &Path) -> anyhow::Result<(Vec<f64>, u32)> {
    let mut command = match phrase.voice {
        VoiceName::EnF => flite("slt", "1.05"),
        VoiceName::EnM => flite("rms", "1.0"),
        VoiceName::EsF => espeak("es+f2"),
        VoiceName::EsM => espeak("es"),
    };
    let to_file = match phrase.voice {
        VoiceName::EnF | VoiceName::EnM => command.arg("-t").arg(&phrase.text).arg("-o").arg(file),
        VoiceName::EsF | VoiceName::EsM => command.arg("-w").arg(file).arg(&phrase.text),
    };
    let spoken = to_file.output().context("flite and espeak-ng are needed")?;
    ensure!(
        spoken.status.success(),
        "{}",
        String::from_utf8_lossy(&spoken.stderr)
    );
    let mut reader = hound::WavReader::open(file)?;
    let samples: Result<Vec<i16>, _> = reader.samples().collect();
    let samples = samples?.into_iter().map(f64::from).collect();
    Ok((samples, reader.spec().sample_rate))
}

fn flite(voice: &str, stretch: &str) -> Command {
    let mut command = Command::new("flite");
    command.args(["-voice", voice, "--setf"]);
    command.arg(format!("duration_stretch={stretch}"));
    command
}

fn espeak(voice: &str) -> Command {
    let mut command = Command::new("espeak-ng");
    command.args(["-v", voice, "-s", "165"]);
    command
}

/// Band-limited, at 8 kHz.
fn telephone(samples: &[f64], rate: u32) -> Vec<f64> {
    let rate = f64::from(rate);
    let length = (samples.len() as f64 * 8_000.0 / rate) as i64;
    let at = |place: i64| {
        usize::try_from(place)
            .ok()
            .and_then(|place| samples.get(place))
    };
    (0..length)
        .map(|out| {
            let centre = out as f64 * rate / 8_000.0;
            let nearest = centre as i64;
            let taps = (nearest - REACH..=nearest + REACH).filter_map(|place| {
                let tap = band_pass(place as f64 - centre, rate);
                at(place).map(|sample| sample * tap)
            });
            taps.sum()
        })
        .collect()
}

/// The coefficient so many samples from the middle of the filter.
fn band_pass(from_middle: f64, rate: f64) -> f64 {
    low_pass(BAND_HZ.1 / rate, from_middle) - low_pass(BAND_HZ.0 / rate, from_middle)
}

/// One coefficient of a windowed low-pass filter; `cut` is a share of the sampling rate.
fn low_pass(cut: f64, n: f64) -> f64 {
    let window = 0.5 + 0.5 * (PI * n / (REACH + 1) as f64).cos();
    let sinc = if n.abs() < 1e-9 {
        2.0 * cut
    } else {
        (2.0 * PI * cut * n).sin() / (PI * n)
    };
    sinc * window
}

/// Without the silence around it, and as loud as all others: mu-law.
fn trimmed(sound: &[f64]) -> Vec<u8> {
    let loudest = sound.iter().fold(1e-9_f64, |most, x| most.max(x.abs()));
    let audible = |x: &f64| x.abs() > QUIET * loudest;
    let begin = sound.iter().position(audible).unwrap_or(0);
    let end = sound.iter().rposition(audible).map_or(0, |last| last + 1);
    let inner = &sound[begin.saturating_sub(EDGE)..sound.len().min(end + EDGE)];
    let fade = |place: usize| {
        let to_edge = (place + 1).min(inner.len() - place);
        (to_edge as f64 / EDGE as f64).min(1.0)
    };
    let samples = inner.iter().enumerate();
    samples
        .map(|(place, x)| audio::g711::ulaw::encode((x / loudest * PEAK * fade(place)) as i16))
        .collect()
}
