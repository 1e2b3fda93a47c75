//! Records the lines of `fixtures/index.toml` with flite.
//!
//! `cargo run -p providers --example make_fixtures`: needs the Debian package `flite`. Writes
//! `caller.ulaw`, `agent.ulaw` and the lengths in the index.

use std::{error::Error, f64::consts::PI, fmt::Write as _, fs, path::Path};

use serde::Deserialize;
use speechlibs::{Flite, FliteVoice, Pcm, VoiceName};

/// The telephone's band.
const BAND_HZ: (f64, f64) = (300.0, 3_400.0);
/// Coefficients on either side of a filter's middle.
const REACH: i32 = 64;
/// Below this share of the loudest sample a recording has not begun, or is over.
const QUIET: f64 = 0.02;
/// Kept around the sound, in samples at 8 kHz: 20 ms.
const MARGIN: usize = 160;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    caller: Vec<Line>,
    agent: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    key: String,
    text: String,
    #[serde(default, rename = "bytes")]
    _bytes: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let old = fs::read_to_string(folder.join("index.toml"))?;
    let index: Index = toml::from_str(&old)?;
    let head: Vec<&str> = old
        .lines()
        .take_while(|line| line.starts_with('#'))
        .collect();

    let flite = Flite::open()?;
    let mut text = format!("{}\n", head.join("\n"));
    for (who, voice, lines) in [
        ("caller", VoiceName::Rms, &index.caller),
        ("agent", VoiceName::Slt, &index.agent),
    ] {
        let voice = flite.voice(voice)?;
        let mut sound = Vec::new();
        for line in lines {
            let recorded = record(&voice, &line.text);
            writeln!(
                text,
                "\n[[{who}]]\nkey = \"{}\"\ntext = \"{}\"\nbytes = {}",
                line.key,
                line.text,
                recorded.len()
            )?;
            sound.extend(recorded);
        }
        fs::write(folder.join(format!("{who}.ulaw")), sound)?;
    }
    fs::write(folder.join("index.toml"), text)?;
    Ok(())
}

/// One line as it would arrive over a telephone, without the silence around it.
fn record(voice: &FliteVoice, text: &str) -> Vec<u8> {
    let sound = telephone(&voice.speak(text));
    let loudest = sound.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let audible = |x: &f64| x.abs() > QUIET * loudest;
    let begin = sound.iter().position(audible).unwrap_or(0);
    let end = sound.iter().rposition(audible).map_or(0, |last| last + 1);
    sound[begin.saturating_sub(MARGIN)..sound.len().min(end + MARGIN)]
        .iter()
        .map(|x| {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "scaled to half of full range"
            )]
            let sample = (x / loudest * 16_000.0) as i16;
            audio::g711::ulaw::encode(sample)
        })
        .collect()
}

/// Band-limited, at 8 kHz.
fn telephone(pcm: &Pcm) -> Vec<f64> {
    let rate = f64::from(pcm.rate);
    let taps: Vec<f64> = (-REACH..=REACH)
        .map(|n| low_pass(BAND_HZ.1 / rate, n) - low_pass(BAND_HZ.0 / rate, n))
        .collect();
    let step = (pcm.rate / 8_000) as usize;
    let reach = REACH as usize;
    (0..pcm.samples.len())
        .step_by(step)
        .map(|at| {
            taps.iter()
                .enumerate()
                .filter_map(|(k, tap)| {
                    let place = (at + k).checked_sub(reach)?;
                    Some(tap * f64::from(*pcm.samples.get(place)?))
                })
                .sum()
        })
        .collect()
}

/// One coefficient of a windowed low-pass filter; `cut` is a share of the sampling rate.
fn low_pass(cut: f64, n: i32) -> f64 {
    let n = f64::from(n);
    let window = 0.5 + 0.5 * (PI * n / f64::from(REACH + 1)).cos();
    let sinc = if n == 0.0 {
        2.0 * cut
    } else {
        (2.0 * PI * cut * n).sin() / (PI * n)
    };
    sinc * window
}
