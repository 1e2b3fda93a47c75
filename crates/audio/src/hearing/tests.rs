use proptest::prelude::*;

use super::*;
use crate::g711::ulaw;

/// Our voice and a caller's, each a row of sentences, as they stand in the offline providers.
const AGENT: &[u8] = include_bytes!("../../../providers/fixtures/agent.ulaw");
const CALLER: &[u8] = include_bytes!("../../../providers/fixtures/caller.ulaw");
/// A woman, at a sentence of about 3 s.
const WOMAN: &[u8] = include_bytes!("../../tests/data/u1.s16");

const MS: usize = SAMPLES_PER_MS as usize;
const FRAME: usize = 20 * MS;

fn linear(codes: &[u8]) -> Vec<f32> {
    codes
        .iter()
        .map(|&code| f32::from(ulaw::decode(code)))
        .collect()
}

fn woman() -> Vec<f32> {
    let samples = WOMAN.as_chunks().0.iter();
    samples
        .map(|&bytes| f32::from(i16::from_le_bytes(bytes)))
        .collect()
}

fn gain(db: f32) -> f32 {
    10f32.powf(db / 20.0)
}

/// A call as sound: what comes in, sample by sample, and what we play.
struct Line {
    inbound: Vec<f32>,
    own: Vec<f32>,
}

impl Line {
    fn silent(ms: usize) -> Self {
        Self {
            inbound: vec![0.0; ms * MS],
            own: vec![0.0; ms * MS],
        }
    }

    /// Somebody speaks.
    fn says(mut self, voice: &[f32], at_ms: usize, db: f32) -> Self {
        mix(&mut self.inbound, voice, at_ms * MS, gain(db));
        self
    }

    /// We speak, and may come back by an echo of this loss and delay.
    fn plays(mut self, voice: &[f32], at_ms: usize, echo: Option<(f32, usize)>) -> Self {
        mix(&mut self.own, voice, at_ms * MS, 1.0);
        if let Some((loss_db, delay_ms)) = echo {
            mix(
                &mut self.inbound,
                voice,
                (at_ms + delay_ms) * MS,
                gain(-loss_db),
            );
        }
        self
    }

    /// Noise at this level all along.
    fn noisy(mut self, dbfs: f32) -> Self {
        let mut seed = 1u64;
        for sample in &mut self.inbound {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let flat = (seed >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
            *sample += flat * 3f32.sqrt() * 32_768.0 * gain(dbfs);
        }
        self
    }

    fn heard_by(&self, hearing: &mut Hearing) -> Vec<Heard> {
        let mut told = Vec::new();
        let frames = self.inbound.chunks(FRAME).zip(self.own.chunks(FRAME));
        for (inbound, own) in frames {
            if own.iter().any(|sample| *sample != 0.0) {
                hearing.played(&codes(own), hearing.heard_ms());
            }
            hearing.hear(&codes(inbound), &mut told);
        }
        told
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard_by(&mut Hearing::new(HearingSettings::default()))
    }
}

fn mix(into: &mut [f32], sound: &[f32], at: usize, gain: f32) {
    for (sample, add) in into.iter_mut().skip(at).zip(sound) {
        *sample += add * gain;
    }
}

fn codes(samples: &[f32]) -> Vec<u8> {
    samples
        .iter()
        .map(|&sample| ulaw::encode(sample as i16))
        .collect()
}

fn starts(told: &[Heard]) -> Vec<u64> {
    told.iter()
        .filter_map(|heard| match heard {
            Heard::SpeechStarted { at_ms } => Some(*at_ms),
            Heard::Ignored { .. }
            | Heard::NoiseStarted { .. }
            | Heard::NoiseStopped { .. }
            | Heard::SpeechStopped { .. } => None,
        })
        .collect()
}

/// When the caller begins to speak over us, sentence after sentence.
const CUTS_IN_MS: [usize; 6] = [4_000, 6_700, 9_400, 12_100, 14_800, 17_500];

/// Twenty seconds of ours.
fn agent() -> Vec<f32> {
    linear(&AGENT[..20_000 * MS])
}

/// "Stop, wait a moment.", of 1.3 s.
fn stop() -> Vec<f32> {
    linear(&CALLER[51_833..][..10_518])
}

/// "Actually, make it five people.", of 2.2 s.
fn correction() -> Vec<f32> {
    linear(&CALLER[62_351..][..17_759])
}

fn ignored_ms(told: &[Heard]) -> u64 {
    told.iter()
        .map(|heard| match heard {
            Heard::Ignored { from_ms, until_ms } => until_ms - from_ms,
            Heard::NoiseStarted { .. }
            | Heard::NoiseStopped { .. }
            | Heard::SpeechStarted { .. }
            | Heard::SpeechStopped { .. } => 0,
        })
        .sum()
}

#[test]
fn our_echo_is_nobody() {
    for noise_dbfs in [-90.0, -65.0, -50.0] {
        for loss_db in [6.0, 12.0, 20.0, 30.0] {
            for delay_ms in [80, 180, 350, 600] {
                let line = Line::silent(22_000).plays(&agent(), 500, Some((loss_db, delay_ms)));
                let told = line.noisy(noise_dbfs).heard();
                let case = format!("{loss_db} dB, {delay_ms} ms, noise at {noise_dbfs} dBFS");
                assert_eq!(starts(&told), [], "{case}: {told:?}");
            }
        }
    }
}

#[test]
fn our_echo_is_told_as_ignored() {
    let line = Line::silent(22_000).plays(&agent(), 500, Some((20.0, 180)));
    let ignored = ignored_ms(&line.heard());
    assert!((8_000..20_000).contains(&ignored), "{ignored} ms");
}

#[test]
fn without_the_gate_the_echo_interrupts() {
    let line = Line::silent(22_000).plays(&agent(), 500, Some((12.0, 180)));
    let settings = HearingSettings {
        echo: false,
        ..HearingSettings::default()
    };
    let told = line.heard_by(&mut Hearing::new(settings));
    assert!(starts(&told).len() > 3, "{told:?}");
}

#[test]
fn a_caller_is_heard_over_our_echo() {
    let (mut heard, mut cases) = (0, 0);
    for loss_db in [12.0, 20.0, 30.0] {
        for delay_ms in [80, 180, 350] {
            let mut line = Line::silent(22_000).plays(&agent(), 500, Some((loss_db, delay_ms)));
            for at_ms in CUTS_IN_MS {
                line = line.says(&stop(), at_ms, 0.0);
            }
            let starts = starts(&line.heard());
            for at_ms in CUTS_IN_MS {
                let soon = at_ms as u64 - 60..at_ms as u64 + 200;
                heard += usize::from(starts.iter().any(|start| soon.contains(start)));
                cases += 1;
            }
        }
    }
    // At 12 dB our own loud syllables sometimes cover a hiss or a whole short word.
    assert!(heard + 4 >= cases, "{heard} of {cases} within 200 ms");
}

#[test]
fn a_caller_without_echo_is_heard_at_once_over_us() {
    let mut line = Line::silent(22_000).plays(&agent(), 500, None);
    for at_ms in CUTS_IN_MS {
        line = line.says(&stop(), at_ms, 0.0);
    }
    let starts = starts(&line.heard());
    assert_eq!(starts.len(), CUTS_IN_MS.len(), "{starts:?}");
    for (start, at_ms) in starts.iter().zip(CUTS_IN_MS) {
        assert!(start.abs_diff(at_ms as u64) < 200, "{starts:?}");
    }
}

#[test]
fn a_voice_in_the_background_neither_starts_nor_holds_a_turn() {
    // The caller speaks twice; a woman behind her, 15 dB below, during it and long after.
    let line = Line::silent(18_000)
        .says(&correction(), 500, 0.0)
        .says(&correction(), 3_000, 0.0)
        .says(&correction(), 6_000, 0.0)
        .says(&woman(), 7_500, -13.0)
        .says(&woman(), 12_000, -13.0);
    let told = line.heard();
    let after: Vec<_> = starts(&told).into_iter().filter(|at| *at > 8_500).collect();
    assert_eq!(after, [], "{told:?}");
    assert!(ignored_ms(&told) > 3_000, "{told:?}");
    let stopped = told.iter().find_map(|heard| match heard {
        Heard::SpeechStopped { at_ms } if *at_ms > 6_500 => Some(*at_ms),
        Heard::SpeechStopped { .. }
        | Heard::Ignored { .. }
        | Heard::NoiseStarted { .. }
        | Heard::NoiseStopped { .. }
        | Heard::SpeechStarted { .. } => None,
    });
    // Her last word ends at 8.1 s; the other voice is not hers.
    let stopped = stopped.expect("she falls silent");
    assert!((8_000..8_350).contains(&stopped), "{stopped}: {told:?}");
}

/// A caller who has said two things, and whom we are answering from 8 s on.
fn answered() -> Line {
    Line::silent(22_000)
        .plays(&agent()[..2_000 * MS], 500, None)
        .says(&correction(), 3_000, 0.0)
        .says(&correction(), 5_500, 0.0)
        .plays(&agent()[..12_000 * MS], 8_000, None)
}

#[test]
fn side_talk_does_not_interrupt_us() {
    let line = answered()
        .says(&stop(), 10_000, -9.0)
        .says(&stop(), 14_000, -9.0);
    let told = line.heard();
    let over_us: Vec<_> = starts(&told).into_iter().filter(|at| *at > 8_000).collect();
    assert_eq!(over_us, [], "{told:?}");
    assert!(ignored_ms(&told) > 1_000, "{told:?}");
}

#[test]
fn a_shy_caller_interrupts_by_going_on() {
    let line = answered()
        .says(&correction(), 10_000, -8.0)
        .says(&correction(), 12_300, -8.0);
    let told = line.heard();
    let over_us = starts(&told).into_iter().find(|at| *at > 8_000);
    assert!(over_us.is_some_and(|at| at < 14_000), "{told:?}");
}

#[test]
fn a_line_without_echo_is_known_by_the_end_of_the_greeting() {
    // The caller's voice is 10 dB below ours: an unknown line might echo like that.
    let line = Line::silent(6_000)
        .plays(&agent()[..2_000 * MS], 500, None)
        .plays(&agent()[..3_000 * MS], 3_000, None)
        .says(&stop(), 3_600, -10.0);
    let told = line.noisy(-65.0).heard();
    let start = starts(&told).into_iter().next();
    assert!(
        start.is_some_and(|at| (3_550..3_800).contains(&at)),
        "{told:?}"
    );
}

#[test]
fn a_caller_who_becomes_shy_is_not_locked_out() {
    let mut line = Line::silent(40_000)
        .says(&correction(), 500, 6.0)
        .says(&correction(), 3_000, 6.0)
        .says(&correction(), 6_000, 6.0);
    for sentence in 0..7 {
        line = line.says(&woman(), 10_000 + 4_000 * sentence, -13.0);
    }
    let told = line.heard();
    let shy = starts(&told).into_iter().find(|at| *at > 9_000);
    assert!(shy.is_some_and(|at| at < 20_000), "{shy:?}: {told:?}");
}

#[test]
fn a_quiet_caller_is_heard_from_the_first_word() {
    let line = Line::silent(4_000).says(&woman(), 500, -18.0);
    assert_eq!(starts(&line.heard()).len(), 1);
}

#[test]
fn music_on_hold_is_noise() {
    // Four notes a second, each of three tones that fade.
    let music: Vec<f32> = (0..8_000 * MS)
        .map(|n| {
            let (time, note) = (n as f32 / 8_000.0, n / 2_000);
            let pitch = [262.0, 330.0, 392.0, 523.0][note % 4];
            let fade = (-((n % 2_000) as f32) / 900.0).exp();
            let tone = |ratio: f32| (std::f32::consts::TAU * pitch * ratio * time).sin();
            fade * 2_500.0 * (tone(1.0) + tone(1.25) + tone(1.5))
        })
        .collect();
    let told = Line::silent(12_000).says(&music, 2_000, 0.0).heard();
    let [
        Heard::NoiseStarted { at_ms: from },
        Heard::NoiseStopped { at_ms: until },
    ] = told[..]
    else {
        panic!("{told:?}")
    };
    assert!(from.abs_diff(2_000) < 200, "{from}");
    assert!(until.abs_diff(10_000) < 400, "{until}");
}

#[test]
fn a_noisy_place_needs_longer_speech() {
    // "Uh", of less than five blocks.
    let uh = &stop()[160 * MS..][..90 * MS];
    let line = Line::silent(3_000).says(uh, 1_000, 0.0);
    let mut hearing = Hearing::new(HearingSettings::default());
    let usual = starts(&line.heard_by(&mut hearing)).len();
    let mut hearing = Hearing::new(HearingSettings::default());
    hearing.harder();
    hearing.harder();
    let noisy = starts(&line.says(&stop(), 1_500, 0.0).heard_by(&mut hearing));
    assert_eq!(usual, 1);
    assert!(noisy.iter().all(|at| *at > 1_400), "{noisy:?}");
    assert_eq!(noisy.len(), 1);
}

#[test]
fn sound_that_was_silenced_has_no_echo() {
    let mut hearing = Hearing::new(HearingSettings::default());
    let learned = Line::silent(8_000).plays(&agent(), 0, Some((12.0, 180)));
    learned.heard_by(&mut hearing);
    // The mouth says that it plays on, and then takes it back.
    let now = hearing.heard_ms();
    hearing.played(&codes(&agent()[..200 * MS]), now);
    hearing.silenced(now);
    let told = Line::silent(3_000)
        .says(&stop(), 1_000, -12.0)
        .heard_by(&mut hearing);
    assert_eq!(starts(&told).len(), 1, "{told:?}");
}

#[test]
fn an_ear_is_small() {
    assert!(
        size_of::<Hearing>() <= 6_500,
        "{} bytes",
        size_of::<Hearing>()
    );
}

fn sound() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(vec![ulaw::SILENCE; 400 * MS]),
        prop::collection::vec(any::<u8>(), 0..400 * MS),
        (0..100_000usize).prop_map(|at| CALLER[at..][..600 * MS].to_vec()),
        (0..800_000usize).prop_map(|at| AGENT[at..][..600 * MS].to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_comes_in_time_goes_forward(
        steps in prop::collection::vec((sound(), sound(), 0..3_000u64, 0..9u8), 1..12),
        settings in (any::<bool>(), 0.0..40.0f32, any::<bool>()),
    ) {
        let (echo, level_db, network) = settings;
        let detector = if network { Detector::Network } else { Detector::Energy };
        let settings = HearingSettings { echo, level_db, detector, ..HearingSettings::default() };
        let (mut hearing, mut told) = (Hearing::new(settings), Vec::new());
        let (mut speaking, mut speech_ms, mut ignored_until, mut noise_ms) = (false, 0, 0, 0);
        for (inbound, own, ahead_ms, whim) in steps {
            // Even a mouth that is a year ahead, or behind, does no harm.
            let ahead_ms = if whim == 8 { u64::MAX / 2 } else { ahead_ms };
            hearing.played(&own, (hearing.heard_ms() + ahead_ms).saturating_sub(1_000));
            match whim {
                0 => hearing.harder(),
                1 => hearing.silenced(hearing.heard_ms()),
                _ => {}
            }
            hearing.hear(&inbound, &mut told);
            for heard in told.drain(..) {
                match heard {
                    Heard::SpeechStarted { at_ms } | Heard::SpeechStopped { at_ms } => {
                        prop_assert_eq!(speaking, matches!(heard, Heard::SpeechStopped { .. }));
                        prop_assert!(speech_ms <= at_ms && at_ms <= hearing.heard_ms());
                        (speaking, speech_ms) = (!speaking, at_ms);
                    }
                    Heard::NoiseStarted { at_ms } | Heard::NoiseStopped { at_ms } => {
                        prop_assert!(noise_ms <= at_ms && at_ms <= hearing.heard_ms());
                        noise_ms = at_ms;
                    }
                    Heard::Ignored { from_ms, until_ms } => {
                        prop_assert!(ignored_until <= until_ms);
                        prop_assert!(from_ms < until_ms && until_ms <= hearing.heard_ms());
                        ignored_until = until_ms;
                    }
                }
            }
            prop_assert_eq!(hearing.speaking(), speaking);
        }
    }
}
