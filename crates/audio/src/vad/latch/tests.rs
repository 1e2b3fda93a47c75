use super::*;

const BLOCK: u64 = 256;

/// What is told about blocks that sound throughout, with these scores.
fn told(settings: VadSettings, scores: &[f32]) -> Vec<Voice> {
    let mut latch = Latch::new(settings);
    (0..)
        .zip(scores)
        .filter_map(|(number, &probability)| {
            let samples = number * BLOCK..(number + 1) * BLOCK;
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
