//! How long 20 ms of audio take to code and to resample: `cargo bench -p audio --bench codec`.
#![expect(
    clippy::print_stdout,
    reason = "a benchmark's result is what it prints"
)]

mod stopwatch;

use std::hint::black_box;

use audio::{g711::ulaw, resample::Resampler};

fn main() {
    let codes: Vec<u8> = (0..160u8).collect();
    let (mut samples, mut coded) = (Vec::new(), Vec::new());
    stopwatch::report("decode mu-law", 1, || {
        samples.clear();
        ulaw::decode_into(black_box(&codes), &mut samples);
    });
    stopwatch::report("encode mu-law", 1, || {
        coded.clear();
        ulaw::encode_into(black_box(&samples), &mut coded);
    });
    for (from_hz, to_hz) in [
        (24_000, 8_000),
        (48_000, 8_000),
        (44_100, 8_000),
        (8_000, 16_000),
    ] {
        resample(from_hz, to_hz);
    }
}

fn resample(from_hz: u32, to_hz: u32) {
    let mut resampler = Resampler::new(from_hz, to_hz).expect("both rates are supported");
    let input: Vec<i16> = (0..from_hz / 50).map(|n| (n * 97 % 8_000) as i16).collect();
    let mut output = Vec::new();
    stopwatch::report(&format!("resample {from_hz} to {to_hz} Hz"), 1, || {
        output.clear();
        resampler.push(black_box(&input), &mut output);
    });
}
