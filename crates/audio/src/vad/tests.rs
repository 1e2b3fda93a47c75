use std::f64::consts::TAU;

use proptest::prelude::*;

use super::*;
use crate::{
    g711::ulaw,
    level::{FLOOR_DBFS, power},
};

const RECORDINGS: [&[u8]; 2] = [
    include_bytes!("../../tests/data/u1.s16"),
    include_bytes!("../../tests/data/u5.s16"),
];
const SECOND: usize = 8_000;

/// A recording as the phone network would bring it.
fn speech(recording: &[u8]) -> Vec<u8> {
    recording
        .as_chunks()
        .0
        .iter()
        .map(|&s| ulaw::encode(i16::from_le_bytes(s)))
        .collect()
}

fn silence(seconds: usize) -> Vec<u8> {
    vec![ulaw::SILENCE; seconds * SECOND]
}

/// The sum of some sines, each at this level.
fn tones(level_dbfs: f64, frequencies: &[f64]) -> Vec<u8> {
    let amplitude = 32_768.0 * 10f64.powf(level_dbfs / 20.0);
    let sample = |n: usize| -> f64 {
        frequencies
            .iter()
            .map(|hz| amplitude * (TAU * hz * n as f64 / 8_000.0).sin())
            .sum()
    };
    (0..3 * SECOND)
        .map(|n| ulaw::encode(sample(n) as i16))
        .collect()
}

fn events<'a>(settings: VadSettings, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Voice> {
    let (mut vad, mut told) = (Vad::new(settings), Vec::new());
    for piece in pieces {
        vad.hear(piece, &mut told);
    }
    told
}

fn open() -> VadSettings {
    VadSettings {
        gate_dbfs: f32::NEG_INFINITY,
        ..VadSettings::default()
    }
}

/// Every key of a telephone, as it sounds.
fn keys() -> impl Iterator<Item = [f64; 2]> {
    let rows = [697.0, 770.0, 852.0, 941.0];
    let columns = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
    rows.into_iter()
        .flat_map(move |row| columns.map(|column| [row, column]))
}

#[test]
fn speech_starts_and_stops_where_it_sounds() {
    // Where 4 ms of the waveform rise above -60 dBFS, and fall below it behind the last word.
    for (recording, sounds_ms) in RECORDINGS.into_iter().zip([256..3_132, 256..3_088]) {
        let audio = [silence(1), speech(recording), silence(1)].concat();
        for settings in [VadSettings::default(), open()] {
            let told = events(settings, [&audio[..]]);
            let [
                Voice::Started { at_ms: from },
                Voice::Stopped { at_ms: until },
            ] = told[..]
            else {
                panic!("one start and one stop expected: {told:?}");
            };
            let (begins, ends) = (1_000 + sounds_ms.start, 1_000 + sounds_ms.end);
            assert!(
                (begins..begins + 64).contains(&from),
                "began at {begins}, told {from}"
            );
            // A voice that fades is cut 30 dB below its loudest; lingering scores count 256 ms less.
            assert!(
                (ends - 32..ends + 160).contains(&until),
                "ended at {ends}, told {until}"
            );
        }
    }
}

#[test]
fn speech_is_heard_after_a_long_silence() {
    let audio = [silence(60), speech(RECORDINGS[0])].concat();
    let told = events(VadSettings::default(), [&audio[..]]);
    let Some(Voice::Started { at_ms }) = told.first() else {
        panic!("{told:?}")
    };
    assert!((60_256..60_320).contains(at_ms), "{at_ms}");
}

#[test]
fn silence_tones_and_keys_are_no_speech() {
    for settings in [VadSettings::default(), open()] {
        assert_eq!(events(settings, [&silence(10)[..]]), []);
        for level_dbfs in [-40.0, -20.0, -9.0] {
            for hz in [425.0, 1_000.0, 1_400.0, 2_100.0] {
                assert_eq!(
                    events(settings, [&tones(level_dbfs, &[hz])[..]]),
                    [],
                    "{hz} Hz"
                );
            }
            // The dial tone and the ringing of North America, then all keys.
            for pair in [[350.0, 440.0], [440.0, 480.0]].into_iter().chain(keys()) {
                assert_eq!(
                    events(settings, [&tones(level_dbfs, &pair)[..]]),
                    [],
                    "{pair:?}"
                );
            }
        }
    }
}

#[test]
fn clicks_are_no_speech() {
    let mut audio = silence(10);
    for click in audio.chunks_mut(SECOND / 2) {
        // Bytes of zero: what a careless sender takes for silence.
        click[..40].fill(0);
    }
    assert_eq!(events(VadSettings::default(), [&audio[..]]), []);
}

#[test]
fn the_ear_tells_what_it_knows() {
    let mut vad = Vad::new(VadSettings::default());
    let mut told = Vec::new();
    assert_eq!(
        (vad.heard_ms(), vad.speaking(), vad.level_dbfs()),
        (0, false, FLOOR_DBFS)
    );
    let audio = speech(RECORDINGS[0]);
    vad.hear(&audio[..SECOND + 160], &mut told);
    assert_eq!(vad.heard_ms(), 1_020);
    assert!(vad.speaking());
    assert!(
        (-35.0..-10.0).contains(&vad.level_dbfs()),
        "{}",
        vad.level_dbfs()
    );
    vad.hear(&silence(1), &mut told);
    assert!(!vad.speaking());
    assert_eq!(vad.level_dbfs(), FLOOR_DBFS);
}

#[test]
fn many_ears_share_the_network_and_little_else() {
    assert!(size_of::<Vad>() <= 3_000, "{} bytes", size_of::<Vad>());
}

/// A second of a call: sound of some kind at some loudness.
fn second() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(silence(1)),
        (0..2usize, 0..3usize).prop_map(|(which, at)| {
            speech(RECORDINGS[which])[at * SECOND..][..SECOND].to_vec()
        }),
        prop::collection::vec(any::<u8>(), SECOND),
        prop::collection::vec(0xE0..=0xFFu8, SECOND),
        (-60.0..0.0, 100.0..3_500.0)
            .prop_map(|(level, hz): (f64, f64)| tones(level, &[hz])[..SECOND].to_vec()),
    ]
}

fn settings() -> impl Strategy<Value = VadSettings> {
    (
        0.0..=1.0f32,
        0.0..=1.0f32,
        0..300u32,
        0..600u32,
        -90.0..0.0f32,
    )
        .prop_map(
            |(start_threshold, stop_threshold, start_after_ms, stop_after_ms, gate_dbfs)| {
                VadSettings {
                    start_threshold,
                    stop_threshold,
                    start_after_ms,
                    stop_after_ms,
                    gate_dbfs,
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cut_of_the_stream_tells_the_same(
        seconds in prop::collection::vec(second(), 0..5),
        length in 1usize..700,
    ) {
        let audio = seconds.concat();
        prop_assert_eq!(
            events(VadSettings::default(), audio.chunks(length)),
            events(VadSettings::default(), [&audio[..]])
        );
    }

    #[test]
    fn starts_and_stops_alternate_and_time_goes_forward(
        seconds in prop::collection::vec(second(), 0..6),
        settings in settings(),
    ) {
        let (mut vad, mut told) = (Vad::new(settings), Vec::new());
        let (mut speaking, mut last_ms) = (false, 0);
        for frame in seconds.concat().chunks(160) {
            vad.hear(frame, &mut told);
            for voice in told.drain(..) {
                let (starts, at_ms) = match voice {
                    Voice::Started { at_ms } => (true, at_ms),
                    Voice::Stopped { at_ms } => (false, at_ms),
                };
                prop_assert_ne!(starts, speaking);
                prop_assert!(last_ms <= at_ms && at_ms <= vad.heard_ms());
                (speaking, last_ms) = (starts, at_ms);
            }
            prop_assert_eq!(vad.speaking(), speaking);
        }
    }
}

/// What callers said, sentence by sentence, as it stands in the offline providers.
fn sentences() -> Vec<Vec<u8>> {
    let index = include_str!("../../../providers/fixtures/index.toml");
    let mut rest = &include_bytes!("../../../providers/fixtures/caller.ulaw")[..];
    let lengths = index
        .lines()
        .filter_map(|line| line.strip_prefix("bytes = "));
    let lengths = lengths.map(|length| length.parse().unwrap());
    let sentences = lengths.map_while(|length| rest.split_off(..length));
    sentences.map(<[u8]>::to_vec).collect()
}

/// Where sound stands out of silence and of noise at this level, in ms, and that noise added.
fn in_noise(sentence: &[u8], below_db: f32) -> (Vec<u8>, [i64; 2]) {
    const PART: usize = 64;
    let samples: Vec<f32> = sentence
        .iter()
        .map(|&c| f32::from(ulaw::decode(c)))
        .collect();
    let powers: Vec<f32> = samples.chunks_exact(PART).map(power).collect();
    let loudest = powers.iter().copied().fold(0.0, f32::max);
    let spoken: Vec<f32> = powers
        .iter()
        .copied()
        .filter(|p| *p > loudest * 1e-3)
        .collect();
    let noise = spoken.iter().sum::<f32>() / spoken.len() as f32 * dbfs_to_power(-below_db);
    let sounds = |power: &f32| *power >= (loudest * 1e-3).max(noise * 2.5);
    let from = powers.iter().position(sounds).unwrap_or(0) * 8 + 1_000;
    let until = powers.iter().rposition(sounds).map_or(0, |last| last + 1) * 8 + 1_000;
    let mut seed = 1u64;
    let mut noisy = |sample: f32| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let flat = (seed >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
        ulaw::encode((sample + flat * (3.0 * noise).sqrt()) as i16)
    };
    let quiet = [0.0; SECOND];
    let audio = quiet.iter().chain(&samples).chain(&quiet);
    (
        audio.map(|&sample| noisy(sample)).collect(),
        [from as i64, until as i64],
    )
}

#[test]
fn edges_lie_where_speech_rises_out_of_silence_or_noise() {
    let (mut close, mut edges) = (0, 0);
    for sentence in sentences().into_iter().chain(RECORDINGS.map(speech)) {
        for below_db in [60.0, 20.0, 10.0] {
            let (audio, [from, until]) = in_noise(&sentence, below_db);
            let told = events(VadSettings::default(), [&audio[..]]);
            let (Some(Voice::Started { at_ms: first }), Some(Voice::Stopped { at_ms: last })) =
                (told.first(), told.last())
            else {
                panic!("{told:?}")
            };
            for (edge, told) in [(from, *first), (until, *last)] {
                let off = told as i64 - edge;
                // A hiss in front, or a hum behind, that the network takes for no speech.
                assert!(off.abs() <= 136, "{off} ms off at {below_db} dB");
                close += usize::from(off.abs() <= 40);
                edges += 1;
            }
        }
    }
    assert!(close * 100 >= edges * 92, "{close} of {edges} within 40 ms");
}

#[test]
fn without_the_network_speech_is_heard_and_noise_and_tones_are_not() {
    let told = |audio: &[u8]| {
        let mut scorer = Scorer::new(Detector::Energy, -56.0);
        let mut latch = Latch::new(VadSettings::default(), dbfs_to_power(-56.0));
        let blocks = (0..).zip(audio.as_chunks().0);
        let hear = |(number, codes)| {
            let begins = number * BLOCK as u64;
            latch.hear(&Block::of_anyone(begins, scorer.score(codes)))
        };
        blocks.filter_map(hear).collect::<Vec<_>>()
    };
    let mut heard = 0;
    for sentence in sentences() {
        for below_db in [60.0, 20.0, 10.0] {
            let (audio, [from, _]) = in_noise(&sentence, below_db);
            let told = told(&audio);
            heard += usize::from(matches!(
                told.first(),
                Some(Voice::Started { at_ms }) if (*at_ms as i64 - from).abs() < 200
            ));
        }
    }
    assert!(
        heard * 100 >= sentences().len() * 3 * 90,
        "{heard} of {}",
        sentences().len() * 3
    );
    let (noise, _) = in_noise(&sentences()[0], -20.0);
    assert_eq!(told(&noise), [], "noise");
    assert_eq!(told(&silence(5)), []);
    for hz in [425.0, 1_000.0, 2_100.0] {
        assert_eq!(told(&tones(-20.0, &[hz])), [], "{hz} Hz");
    }
    for pair in keys() {
        assert_eq!(told(&tones(-20.0, &pair)), [], "{pair:?}");
    }
}
