use std::f64::consts::TAU;

use ring::digest::{SHA256, digest};

use super::{alaw, ulaw};

const POINTS: [(i16, u8, u8); 13] = [
    (0, 0xFF, 0xD5),
    (-1, 0x7F, 0x55),
    (4, 0xFE, 0xD5),
    (100, 0xF2, 0xD3),
    (-100, 0x72, 0x53),
    (1_000, 0xCE, 0xFA),
    (-1_000, 0x4E, 0x7A),
    (8_031, 0xA0, 0x8A),
    (10_000, 0x9C, 0xB6),
    (-10_000, 0x1C, 0x36),
    (20_000, 0x8C, 0xA6),
    (32_767, 0x80, 0xAA),
    (-32_768, 0x00, 0x2A),
];

fn fingerprint(bytes: &[u8]) -> String {
    digest(&SHA256, bytes)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn decoded(decode: fn(u8) -> i16) -> Vec<u8> {
    (0..=u8::MAX)
        .flat_map(|code| decode(code).to_le_bytes())
        .collect()
}

fn encoded(encode: fn(i16) -> u8) -> Vec<u8> {
    (i16::MIN..=i16::MAX).map(encode).collect()
}

/// Signal to noise of one encoding and decoding of a sine, in dB.
fn quality(level_dbfs: f64, there_and_back: impl Fn(i16) -> i16) -> f64 {
    let amplitude = 32_768.0 * 10f64.powf(level_dbfs / 20.0);
    let (mut signal, mut noise) = (0.0, 0.0);
    for n in 0..8_000 {
        let sample = (amplitude * (TAU * 1_004.0 * f64::from(n) / 8_000.0).sin()) as i16;
        signal += f64::from(sample).powi(2);
        noise += (f64::from(sample) - f64::from(there_and_back(sample))).powi(2);
    }
    10.0 * (signal / noise).log10()
}

#[test]
fn every_code_decodes_as_published() {
    assert_eq!(
        fingerprint(&decoded(ulaw::decode)),
        "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827"
    );
    assert_eq!(
        fingerprint(&decoded(alaw::decode)),
        "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174"
    );
}

#[test]
fn every_sample_encodes_as_published() {
    assert_eq!(
        fingerprint(&encoded(ulaw::encode)),
        "5ee7cf5f273f842d2234121e4cb0c98d6b20a99ac29026f94e05b36955b195be"
    );
    assert_eq!(
        fingerprint(&encoded(alaw::encode)),
        "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b"
    );
}

#[test]
fn known_points_hold() {
    for (sample, ulaw_code, alaw_code) in POINTS {
        assert_eq!(ulaw::encode(sample), ulaw_code, "mu-law of {sample}");
        assert_eq!(alaw::encode(sample), alaw_code, "A-law of {sample}");
    }
    assert_eq!(
        [0x00, 0x01, 0x7E, 0x80, 0xFE].map(ulaw::decode),
        [-32_124, -31_100, -8, 32_124, 8]
    );
    assert_eq!(
        [0x00, 0x55, 0xD5, 0x80, 0xAA, 0x2A].map(alaw::decode),
        [-5_504, -8, 8, 5_504, 32_256, -32_256]
    );
}

#[test]
fn codes_survive_the_round_trip() {
    for code in 0..=u8::MAX {
        // mu-law has two zeros; the negative one comes back as the other.
        let expected = if code == 0x7F { ulaw::SILENCE } else { code };
        assert_eq!(ulaw::encode(ulaw::decode(code)), expected);
        assert_eq!(alaw::encode(alaw::decode(code)), code);
    }
}

#[test]
fn samples_come_back_close() {
    for sample in i16::MIN..=i16::MAX {
        let error = |back: i16| (i32::from(sample) - i32::from(back)).abs();
        assert!(
            error(ulaw::decode(ulaw::encode(sample))) <= 644,
            "mu-law of {sample}"
        );
        assert!(
            error(alaw::decode(alaw::encode(sample))) <= 512,
            "A-law of {sample}"
        );
    }
}

#[test]
fn speech_levels_keep_their_quality() {
    for level_dbfs in [-3.0, -10.0, -20.0, -30.0, -40.0] {
        let quality = quality(level_dbfs, |sample| ulaw::decode(ulaw::encode(sample)));
        assert!(quality >= 33.0, "{quality:.1} dB at {level_dbfs} dBFS");
    }
}

#[test]
fn silence_is_silent() {
    assert_eq!(ulaw::decode(ulaw::SILENCE), 0);
    assert_eq!(alaw::decode(alaw::SILENCE), 8);
}

#[test]
fn buffers_are_appended_to() {
    let mut samples = vec![7];
    ulaw::decode_into(&[0x80, 0x00], &mut samples);
    assert_eq!(samples, [7, 32_124, -32_124]);
    let mut codes = vec![1];
    alaw::encode_into(&[1_000, -1_000], &mut codes);
    assert_eq!(codes, [1, 0xFA, 0x7A]);
}
