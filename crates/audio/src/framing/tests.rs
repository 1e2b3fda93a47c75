use proptest::prelude::*;

use super::*;

fn cut(whole: &[u8], lengths: &[usize]) -> Vec<Vec<u8>> {
    let mut rest = whole;
    let mut pieces = Vec::new();
    for &length in lengths {
        let (piece, after) = rest.split_at(length.min(rest.len()));
        pieces.push(piece.to_vec());
        rest = after;
    }
    pieces.push(rest.to_vec());
    pieces
}

#[test]
fn blocks_are_handed_out_when_complete() {
    let mut blocks = Blocks::<u8, 4>::default();
    let mut seen = Vec::new();
    for piece in [&[1, 2, 3][..], &[], &[4], &[5, 6, 7, 8, 9, 10, 11, 12, 13]] {
        blocks.push(piece, |block| seen.push(*block));
    }
    assert_eq!(seen, [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]);
    assert_eq!(blocks.pending(), 1);
}

#[test]
fn the_last_block_is_filled_up_once() {
    let mut blocks = Blocks::<u8, 4>::default();
    blocks.push(&[1], |_| {});
    assert_eq!(blocks.flush(0xFF), Some([1, 0xFF, 0xFF, 0xFF]));
    assert_eq!(blocks.flush(0xFF), None);
}

#[test]
fn cleared_sound_does_not_come_back() {
    let mut blocks = Blocks::<u8, 4>::default();
    blocks.push(&[1, 2, 3], |_| {});
    blocks.clear();
    let mut seen = Vec::new();
    blocks.push(&[5, 6, 7, 8], |block| seen.push(*block));
    assert_eq!(seen, [[5, 6, 7, 8]]);
}

#[test]
fn a_cleared_half_sample_shifts_nothing() {
    let (mut pcm, mut samples) = (PcmBytes::default(), Vec::new());
    pcm.push(&[0x12], &mut samples);
    pcm.clear();
    pcm.push(&[0x00, 0x80], &mut samples);
    assert_eq!(samples, [i16::MIN]);
}

proptest! {
    #[test]
    fn blocks_do_not_depend_on_the_pieces(
        whole in prop::collection::vec(any::<u8>(), 0..300),
        lengths in prop::collection::vec(0usize..40, 0..30),
    ) {
        let (mut blocks, mut seen) = (Blocks::<u8, 16>::default(), Vec::new());
        for piece in cut(&whole, &lengths) {
            blocks.push(&piece, |block| seen.extend_from_slice(block));
        }
        prop_assert_eq!(blocks.pending(), whole.len() % 16);
        prop_assert_eq!(&seen[..], &whole[..whole.len() / 16 * 16]);
    }

    #[test]
    fn samples_do_not_depend_on_the_pieces(
        whole in prop::collection::vec(any::<u8>(), 0..300),
        lengths in prop::collection::vec(0usize..7, 0..60),
    ) {
        let (mut pcm, mut samples) = (PcmBytes::default(), Vec::new());
        for piece in cut(&whole, &lengths) {
            pcm.push(&piece, &mut samples);
        }
        let expected: Vec<i16> =
            whole.as_chunks().0.iter().map(|&pair| i16::from_le_bytes(pair)).collect();
        prop_assert_eq!(samples, expected);
    }
}
