use super::*;

const BLOCK: u64 = 256;

fn block(number: u64) -> Range<u64> {
    number * BLOCK..(number + 1) * BLOCK
}

/// What is told about blocks that sound throughout, with these scores.
fn told(settings: VadSettings, scores: &[f32]) -> Vec<Voice> {
    let mut latch = Latch::new(settings);
    (0..)
        .zip(scores)
        .filter_map(|(number, &probability)| {
            let samples = block(number);
            latch.hear(&Heard {
                sounding: samples.clone(),
                samples,
                probability,
            })
        })
        .collect()
}

#[test]
fn two_blocks_start_and_three_stop() {
    let scores = [0.1, 0.6, 0.9, 0.8, 0.2, 0.2, 0.2, 0.2];
    assert_eq!(
        told(VadSettings::default(), &scores),
        [Voice::Started { at_ms: 32 }, Voice::Stopped { at_ms: 128 }]
    );
}

#[test]
fn one_block_alone_is_no_speech() {
    assert_eq!(
        told(VadSettings::default(), &[0.9, 0.1, 0.9, 0.1, 0.9, 0.1]),
        []
    );
}

#[test]
fn a_hesitant_block_neither_counts_nor_breaks_off() {
    let scores = [0.6, 0.4, 0.6];
    assert_eq!(
        told(VadSettings::default(), &scores),
        [Voice::Started { at_ms: 0 }]
    );
    assert_eq!(told(VadSettings::default(), &[0.6, 0.4, 0.4, 0.4]), []);
}

#[test]
fn short_pauses_are_bridged() {
    let scores = [0.9, 0.9, 0.1, 0.1, 0.4, 0.1, 0.1, 0.9];
    assert_eq!(
        told(VadSettings::default(), &scores),
        [Voice::Started { at_ms: 0 }]
    );
}

#[test]
fn no_delays_mean_at_once() {
    let settings = VadSettings {
        start_after_ms: 0,
        stop_after_ms: 0,
        ..VadSettings::default()
    };
    assert_eq!(
        told(settings, &[0.9, 0.1]),
        [Voice::Started { at_ms: 0 }, Voice::Stopped { at_ms: 32 }]
    );
}

#[test]
fn the_browser_librarys_settings_carry_over() {
    let settings = VadSettings {
        start_threshold: 0.8,
        start_after_ms: 96,
        stop_after_ms: 256,
        ..VadSettings::default()
    };
    let speech = [0.9; 3];
    let silence = [0.0; 8];
    assert_eq!(told(settings, &speech[..2]), []);
    assert_eq!(told(settings, &speech), [Voice::Started { at_ms: 0 }]);
    assert_eq!(
        told(settings, &[&speech[..], &silence[..7]].concat()).len(),
        1
    );
    assert_eq!(
        told(settings, &[&speech[..], &silence].concat()),
        [Voice::Started { at_ms: 0 }, Voice::Stopped { at_ms: 96 }]
    );
}

#[test]
fn contradictory_thresholds_still_let_speech_end() {
    let settings = VadSettings {
        start_threshold: 0.3,
        stop_threshold: 0.9,
        ..VadSettings::default()
    };
    let scores = [0.5, 0.5, 0.5, 0.1, 0.1, 0.1];
    assert_eq!(
        told(settings, &scores),
        [Voice::Started { at_ms: 0 }, Voice::Stopped { at_ms: 96 }]
    );
}

#[test]
fn times_are_those_of_the_sound_within_the_blocks() {
    let mut latch = Latch::new(VadSettings::default());
    let mut hear = |number: u64, sounding: Range<u64>, probability| {
        let samples = block(number);
        let sounding = samples.start + sounding.start..samples.start + sounding.end;
        latch.hear(&Heard {
            samples,
            sounding,
            probability,
        })
    };
    assert_eq!(hear(0, 192..256, 0.9), None);
    assert_eq!(hear(1, 0..256, 0.9), Some(Voice::Started { at_ms: 24 }));
    assert_eq!(hear(2, 0..64, 0.9), None);
    // The network lingers on silence.
    assert_eq!(hear(3, 0..0, 0.8), None);
    assert_eq!(hear(4, 0..0, 0.5), None);
    // By the clock of the sound there were 120 ms of silence by now.
    assert_eq!(hear(5, 0..0, 0.2), Some(Voice::Stopped { at_ms: 72 }));
}
