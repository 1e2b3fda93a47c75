use super::*;

const GATE_POWER: f32 = 1e-6;
const LOUD: f32 = 1e-2;
const SILENT: f32 = 0.0;

/// What is told about blocks with these scores and powers of parts.
fn told_of(settings: VadSettings, blocks: &[(f32, [f32; PARTS])]) -> Vec<Voice> {
    let mut latch = Latch::new(settings, GATE_POWER);
    (0..)
        .zip(blocks)
        .filter_map(|(number, &(probability, powers))| {
            let scored = Scored {
                powers,
                probability,
            };
            latch.hear(&Block::of_anyone(number * BLOCK as u64, scored))
        })
        .collect()
}

/// What is told about blocks that sound throughout, with these scores.
fn told(settings: VadSettings, scores: &[f32]) -> Vec<Voice> {
    let blocks: Vec<_> = scores.iter().map(|&score| (score, [LOUD; PARTS])).collect();
    told_of(settings, &blocks)
}

#[test]
fn two_blocks_start_and_three_stop() {
    let mut blocks = vec![(0.1, [SILENT; PARTS])];
    blocks.extend([0.6, 0.9, 0.8].map(|score| (score, [LOUD; PARTS])));
    blocks.extend([(0.2, [SILENT; PARTS]); 4]);
    assert_eq!(
        told_of(VadSettings::default(), &blocks),
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
    let blocks = [
        (0.9, [SILENT, SILENT, SILENT, LOUD]),
        (0.9, [LOUD; PARTS]),
        (0.9, [LOUD, SILENT, SILENT, SILENT]),
        // The network lingers on silence.
        (0.8, [SILENT; PARTS]),
        (0.5, [SILENT; PARTS]),
        // By the sound there were 120 ms of silence at the end of this block.
        (0.2, [SILENT; PARTS]),
    ];
    assert_eq!(
        told_of(VadSettings::default(), &blocks),
        [Voice::Started { at_ms: 24 }, Voice::Stopped { at_ms: 72 }]
    );
}

#[test]
fn noise_far_below_the_voice_does_not_prolong_it() {
    let noise = GATE_POWER * 2.0;
    let blocks = [
        (0.9, [LOUD; PARTS]),
        (0.9, [LOUD; PARTS]),
        (0.8, [noise; PARTS]),
        (0.5, [noise; PARTS]),
        (0.2, [noise; PARTS]),
    ];
    assert_eq!(
        told_of(VadSettings::default(), &blocks),
        [Voice::Started { at_ms: 0 }, Voice::Stopped { at_ms: 64 }]
    );
}

#[test]
fn quiet_speech_after_a_shout_is_still_speech() {
    let whisper = GATE_POWER * 2.0;
    let mut blocks = vec![(0.9, [LOUD; PARTS]); 2];
    blocks.extend([(0.9, [whisper; PARTS]); 30]);
    blocks.extend([(0.1, [SILENT; PARTS]); 3]);
    assert_eq!(
        told_of(VadSettings::default(), &blocks),
        [
            Voice::Started { at_ms: 0 },
            Voice::Stopped {
                at_ms: 32 * 32 - 256
            }
        ]
    );
}

#[test]
fn speech_below_the_gate_is_placed_by_its_blocks() {
    let blocks = [
        (0.1, [SILENT; PARTS]),
        (0.9, [SILENT; PARTS]),
        (0.9, [SILENT; PARTS]),
    ];
    assert_eq!(
        told_of(VadSettings::default(), &blocks),
        [Voice::Started { at_ms: 32 }]
    );
}
