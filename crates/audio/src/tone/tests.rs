use super::*;
use crate::g711::ulaw;

const AGENT: &[u8] = include_bytes!("../../../providers/fixtures/agent.ulaw");
const CALLER: &[u8] = include_bytes!("../../../providers/fixtures/caller.ulaw");

/// Sines of these frequencies, all together at this level, for so long, between two silences.
fn tones(frequencies: &[f32], dbfs: f32, ms: usize, noise_dbfs: f32) -> Vec<u8> {
    let amplitude = 32_768.0 * 2f32.sqrt() * 10f32.powf(dbfs / 20.0) / frequencies.len() as f32;
    let mut seed = 7u64;
    let mut noise = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let flat = (seed >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
        flat * 3f32.sqrt() * 32_768.0 * 10f32.powf(noise_dbfs / 20.0)
    };
    let silence = 500 * 8;
    (0..silence * 2 + ms * 8)
        .map(|n| {
            let sounds = (silence..silence + ms * 8).contains(&n);
            let sines = frequencies
                .iter()
                .map(|hz| (TAU * hz * n as f32 / RATE_HZ).sin());
            let tone = if sounds {
                sines.sum::<f32>() * amplitude
            } else {
                0.0
            };
            ulaw::encode((tone + noise()) as i16)
        })
        .collect()
}

fn beeps(audio: &[u8]) -> Vec<Beep> {
    let (mut detector, mut told) = (BeepDetector::default(), Vec::new());
    for piece in audio.chunks(97) {
        detector.hear(piece, &mut told);
    }
    told
}

#[test]
fn every_machines_beep_is_told_with_its_end() {
    for hz in [420.0, 440.0, 700.0, 1_000.0, 1_400.0, 1_980.0] {
        for dbfs in [-9.0, -20.0, -35.0] {
            for ms in [200, 500, 1_000] {
                for snr in [60.0, 20.0] {
                    let told = beeps(&tones(&[hz], dbfs, ms, dbfs - snr));
                    let [beep] = told[..] else {
                        panic!("{hz} Hz at {dbfs} dBFS for {ms} ms, {snr} dB: {told:?}")
                    };
                    assert!(beep.hz.abs_diff(hz as u32) < 30, "{beep:?}");
                    assert!(beep.from_ms.abs_diff(500) <= 20, "{beep:?}");
                    assert!(beep.until_ms.abs_diff(500 + ms as u64) <= 20, "{beep:?}");
                }
            }
        }
    }
}

#[test]
fn short_and_endless_tones_are_no_beeps() {
    assert_eq!(beeps(&tones(&[1_000.0], -20.0, 100, -80.0)), []);
    assert_eq!(beeps(&tones(&[1_000.0], -20.0, 4_000, -80.0)), []);
}

#[test]
fn the_telephones_own_signals_are_no_beeps() {
    // Dial, ringing and busy of North America, dial of Britain.
    let signals = [
        [350.0, 440.0],
        [440.0, 480.0],
        [480.0, 620.0],
        [350.0, 450.0],
    ];
    let rows = [697.0, 770.0, 852.0, 941.0];
    let keys = rows
        .into_iter()
        .flat_map(|row| [1_209.0, 1_336.0, 1_477.0, 1_633.0].map(|column| [row, column]));
    for pair in signals.into_iter().chain(keys) {
        for dbfs in [-10.0, -25.0] {
            assert_eq!(beeps(&tones(&pair, dbfs, 1_000, -80.0)), [], "{pair:?}");
        }
    }
    // A fax machine calls above the beeps.
    assert_eq!(beeps(&tones(&[2_100.0], -20.0, 1_000, -80.0)), []);
}

#[test]
fn chords_are_no_beeps() {
    for chord in [
        [523.0, 659.0, 784.0],
        [440.0, 554.0, 659.0],
        [440.0, 880.0, 1_320.0],
    ] {
        assert_eq!(beeps(&tones(&chord, -15.0, 1_000, -80.0)), [], "{chord:?}");
    }
}

#[test]
fn nobody_speaks_like_a_beep() {
    assert_eq!(beeps(AGENT), []);
    assert_eq!(beeps(CALLER), []);
}
