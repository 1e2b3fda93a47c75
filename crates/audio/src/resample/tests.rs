use std::f64::consts::TAU;

use proptest::prelude::*;

use super::*;

fn sine(hz: f64, rate_hz: u32, seconds: f64) -> Vec<i16> {
    let rate = f64::from(rate_hz);
    let sample = |n: usize| 16_000.0 * (TAU * hz * n as f64 / rate).sin();
    (0..(seconds * rate) as usize)
        .map(|n| sample(n).round() as i16)
        .collect()
}

fn resampled(from_hz: u32, to_hz: u32, pieces: &[&[i16]]) -> Vec<i16> {
    let mut resampler = Resampler::new(from_hz, to_hz).unwrap();
    let mut output = Vec::new();
    for piece in pieces {
        resampler.push(piece, &mut output);
    }
    resampler.flush(&mut output);
    output
}

/// The samples without what the filter makes of the stream's beginning and end.
fn middle(samples: &[i16]) -> &[i16] {
    &samples[samples.len() / 10..samples.len() * 9 / 10]
}

fn level(samples: &[i16]) -> f64 {
    f64::from(crate::level::dbfs(samples))
}

/// Gain in dB of a tone.
fn gain(hz: f64, from_hz: u32, to_hz: u32) -> f64 {
    let input = sine(hz, from_hz, 0.5);
    level(middle(&resampled(from_hz, to_hz, &[&input]))) - level(middle(&input))
}

#[test]
fn a_tone_survives_the_way_up_and_down() {
    let input = sine(1_000.0, 8_000, 1.0);
    let output = resampled(24_000, 8_000, &[&resampled(8_000, 24_000, &[&input])]);
    assert_eq!(output.len(), input.len());
    let pairs = middle(&input).iter().zip(middle(&output));
    let (mut signal, mut noise) = (0.0, 0.0);
    for (&before, &after) in pairs {
        signal += f64::from(before).powi(2);
        noise += (f64::from(before) - f64::from(after)).powi(2);
    }
    let quality = 10.0 * (signal / noise).log10();
    assert!(quality > 60.0, "{quality:.1} dB");
    let gain = level(middle(&output)) - level(middle(&input));
    assert!(gain.abs() < 0.1, "{gain:.2} dB");
}

#[test]
fn sounds_above_the_new_range_do_not_fold_back() {
    for from_hz in [16_000, 22_050, 24_000, 44_100, 48_000] {
        let gain = gain(5_000.0, from_hz, 8_000);
        assert!(gain < -60.0, "{gain:.1} dB from {from_hz}");
    }
}

#[test]
fn no_image_appears_above_the_old_range() {
    // A tone at 3 kHz would have its image at 5 kHz; what is left without the tone is that image.
    let output = resampled(8_000, 16_000, &[&sine(3_000.0, 8_000, 0.5)]);
    let tone = sine(3_000.0, 16_000, 0.5);
    let rest: Vec<i16> = output.iter().zip(&tone).map(|(a, b)| a - b).collect();
    let image = level(middle(&rest)) - level(middle(&tone));
    assert!(image < -45.0, "{image:.1} dB");
}

#[test]
fn speech_keeps_its_level_at_every_ratio() {
    for from_hz in RATES_HZ {
        for to_hz in RATES_HZ {
            for hz in [300.0, 1_000.0, 3_000.0] {
                let gain = gain(hz, from_hz, to_hz);
                assert!(
                    gain.abs() < 0.25,
                    "{gain:.2} dB at {hz} Hz, {from_hz} to {to_hz}"
                );
            }
        }
    }
}

#[test]
fn lengths_follow_the_ratio() {
    for from_hz in RATES_HZ {
        for to_hz in RATES_HZ {
            for length in [0, 1, 159, 882, 4_410] {
                let input = vec![1_000; length];
                let got = resampled(from_hz, to_hz, &[&input]).len() as f64;
                let expected = length as f64 * f64::from(to_hz) / f64::from(from_hz);
                assert!(
                    (got - expected).abs() <= 1.0,
                    "{got}: {length} of {from_hz} to {to_hz}"
                );
            }
        }
    }
}

#[test]
fn phone_audio_lags_two_milliseconds() {
    let mut resampler = Resampler::new(24_000, 8_000).unwrap();
    let mut output = Vec::new();
    resampler.push(&[0; 480], &mut output);
    assert_eq!(output.len(), 160 - 16);
}

#[test]
fn full_scale_is_clamped() {
    let square: Vec<i16> = (0..2_400)
        .map(|n| if n / 24 % 2 == 0 { i16::MIN } else { i16::MAX })
        .collect();
    for (from_hz, to_hz) in [
        (24_000, 8_000),
        (8_000, 24_000),
        (44_100, 8_000),
        (8_000, 8_000),
    ] {
        let output = resampled(from_hz, to_hz, &[&square]);
        assert!(output.contains(&i16::MIN) && output.contains(&i16::MAX));
        // An overflow would turn the sign within a half-wave.
        let turns = output
            .windows(2)
            .filter(|pair| (pair[0] < 0) != (pair[1] < 0))
            .count();
        assert!(
            (95..=101).contains(&turns),
            "{turns} turns from {from_hz} to {to_hz}"
        );
    }
}

#[test]
fn a_reset_stream_begins_anew() {
    let tone = sine(440.0, 24_000, 0.1);
    let mut resampler = Resampler::new(24_000, 8_000).unwrap();
    let mut output = Vec::new();
    resampler.push(&tone[..1_001], &mut output);
    resampler.reset();
    output.clear();
    resampler.push(&tone, &mut output);
    resampler.flush(&mut output);
    let fresh = resampled(24_000, 8_000, &[&tone]);
    assert_eq!(output, fresh);
    // Flushing resets too.
    output.clear();
    resampler.push(&tone, &mut output);
    resampler.flush(&mut output);
    assert_eq!(output, fresh);
}

#[test]
fn odd_rates_are_refused() {
    assert_eq!(
        Resampler::new(8_000, 7_999).err(),
        Some(UnsupportedRate { hz: 7_999 })
    );
    assert_eq!(
        Resampler::new(0, 8_000).err(),
        Some(UnsupportedRate { hz: 0 })
    );
}

proptest! {
    #[test]
    fn chunks_give_the_same_samples_as_the_whole(
        input in prop::collection::vec(any::<i16>(), 0..3_000),
        cuts in prop::collection::vec(0usize..3_000, 0..20),
        from in prop::sample::select(&RATES_HZ[..]),
        to in prop::sample::select(&RATES_HZ[..]),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(input.len())).collect();
        cuts.extend([0, input.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[i16]> = cuts.windows(2).map(|cut| &input[cut[0]..cut[1]]).collect();
        prop_assert_eq!(resampled(from, to, &pieces), resampled(from, to, &[&input]));
    }
}
