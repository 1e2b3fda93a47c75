//! Matrix times vector, which is nearly all that the network does.

use std::array;

/// How a product is added to a sum: the one thing in which the two code paths differ.
pub(super) trait Arithmetic {
    /// `a * b + sum`.
    fn multiply_add(a: f32, b: f32, sum: f32) -> f32;
}

/// One instruction. Only for processors that have it: elsewhere it is a slow library call.
pub(super) struct Fused;

impl Arithmetic for Fused {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, sum: f32) -> f32 {
        a.mul_add(b, sum)
    }
}

/// Two instructions, on any processor.
pub(super) struct Separate;

impl Arithmetic for Separate {
    #[inline(always)]
    fn multiply_add(a: f32, b: f32, sum: f32) -> f32 {
        a * b + sum
    }
}

/// Neighbouring values. Aligned to cache lines, so that no vector load straddles two of them.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Row<const WIDTH: usize>([f32; WIDTH]);

/// A matrix and its bias, packed for computing `WIDTH` outputs at once.
///
/// `WIDTH` times the frames computed together should be 64: that fills eight vector registers with
/// sums, enough to hide the latency of a multiplication and few enough to stay in registers.
pub(super) struct Dense<const WIDTH: usize> {
    inputs: usize,
    /// One row per block of outputs.
    bias: Vec<Row<WIDTH>>,
    /// Block after block, in each one row per input: read from front to back exactly once.
    weights: Vec<Row<WIDTH>>,
}

impl<const WIDTH: usize> Dense<WIDTH> {
    /// Packs the matrix whose weight from an input to an output is `weight(output, input)`.
    pub(super) fn pack(inputs: usize, bias: &[f32], weight: impl Fn(usize, usize) -> f32) -> Self {
        assert!(
            bias.len().is_multiple_of(WIDTH),
            "outputs come in whole blocks"
        );
        let row = |output: usize, input: usize| {
            Row(array::from_fn(|offset| weight(output + offset, input)))
        };
        Self {
            inputs,
            bias: bias.as_chunks().0.iter().map(|&chunk| Row(chunk)).collect(),
            weights: (0..bias.len())
                .step_by(WIDTH)
                .flat_map(|output| (0..inputs).map(move |input| (output, input)))
                .map(|(output, input)| row(output, input))
                .collect(),
        }
    }

    /// Computes `FRAMES` vectors at once, the inputs of each `stride` values after the last one's.
    ///
    /// Together, because the weights come from far: one trip through them serves all frames.
    #[inline(always)]
    pub(super) fn apply<A: Arithmetic, const FRAMES: usize>(
        &self,
        input: &[f32],
        stride: usize,
        output: &mut [f32],
    ) {
        let outputs = self.bias.len() * WIDTH;
        let frames = array::from_fn(|frame| &input[frame * stride..][..self.inputs]);
        let blocks = self.bias.iter().zip(self.weights.chunks_exact(self.inputs));
        for (block, (bias, rows)) in blocks.enumerate() {
            let sums = block_sums::<A, WIDTH, FRAMES>(bias, rows, &frames);
            for (frame, sums) in sums.iter().enumerate() {
                output[frame * outputs + block * WIDTH..][..WIDTH].copy_from_slice(sums);
            }
        }
    }
}

#[inline(always)]
fn block_sums<A: Arithmetic, const WIDTH: usize, const FRAMES: usize>(
    bias: &Row<WIDTH>,
    rows: &[Row<WIDTH>],
    frames: &[&[f32]; FRAMES],
) -> [[f32; WIDTH]; FRAMES] {
    let frames: [&[f32]; FRAMES] = array::from_fn(|frame| &frames[frame][..rows.len()]);
    let mut sums = [bias.0; FRAMES];
    for (index, row) in rows.iter().enumerate() {
        for (sums, frame) in sums.iter_mut().zip(&frames) {
            let value = frame[index];
            for (sum, weight) in sums.iter_mut().zip(&row.0) {
                *sum = A::multiply_add(*weight, value, *sum);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(output: usize, input: usize) -> f32 {
        (output * 3 + input) as f32
    }

    #[test]
    fn each_frame_is_multiplied_by_the_whole_matrix() {
        let bias: Vec<f32> = (0u8..32).map(f32::from).collect();
        let dense = Dense::<16>::pack(3, &bias, weight);
        let input = [1.0, 2.0, 3.0, 4.0, 5.0];
        let mut output = [0.0; 64];
        dense.apply::<Separate, 2>(&input, 2, &mut output);
        for frame in 0..2 {
            for row in 0..32 {
                let products = (0..3).map(|i| weight(row, i) * input[frame * 2 + i]);
                assert_eq!(output[frame * 32 + row], bias[row] + products.sum::<f32>());
            }
        }
    }
}
