use super::*;

const RECORDINGS: [(&[u8], &str); 2] = [
    (
        include_bytes!("../../../tests/data/u1.s16"),
        include_str!("../../../tests/data/u1.probabilities.txt"),
    ),
    (
        include_bytes!("../../../tests/data/u5.s16"),
        include_str!("../../../tests/data/u5.probabilities.txt"),
    ),
];

fn blocks(recording: &[u8]) -> Vec<[f32; BLOCK]> {
    let samples: Vec<f32> = recording
        .as_chunks()
        .0
        .iter()
        .map(|&bytes| f32::from(i16::from_le_bytes(bytes)) / 32_768.0)
        .collect();
    samples.as_chunks().0.to_vec()
}

/// Compares with the probabilities that ONNX Runtime gives for the original network.
fn assert_agrees(listen: impl Fn(&mut Memory, &[f32; BLOCK]) -> f32) {
    for (recording, probabilities) in RECORDINGS {
        let mut memory = Memory::default();
        let blocks = blocks(recording);
        assert_eq!(blocks.len(), probabilities.lines().count());
        for (index, (block, line)) in blocks.iter().zip(probabilities.lines()).enumerate() {
            let (ours, theirs) = (listen(&mut memory, block), line.parse::<f32>().unwrap());
            assert!(
                (ours - theirs).abs() < 1e-3,
                "block {index}: {ours}, not {theirs}"
            );
            assert_eq!(ours >= 0.5, theirs >= 0.5, "block {index}");
        }
    }
}

#[test]
fn agrees_with_the_original_on_this_processor() {
    assert_agrees(|memory, block| Network::shared().listen(memory, block));
}

#[test]
fn agrees_with_the_original_on_any_processor() {
    assert_agrees(|memory, block| Network::shared().listen_portably(memory, block));
}

#[test]
fn full_scale_noise_gives_a_probability() {
    let (network, mut memory) = (Network::shared(), Memory::default());
    let mut loud = [1.0; BLOCK];
    for (index, sample) in loud.iter_mut().enumerate() {
        *sample = if (index * index) % 7 < 3 { -1.0 } else { 1.0 };
    }
    for _ in 0..100 {
        let probability = network.listen(&mut memory, &loud);
        assert!((0.0..=1.0).contains(&probability));
    }
}
