//! The Silero VAD network, version 6, its 8 kHz branch: how likely a block of sound is speech.
//!
//! 32 samples of context, 256 new ones and 32 mirrored ones become four magnitude spectra; four
//! convolutions over time shrink them to one vector of 128; a recurrent cell (LSTM) joins that with
//! what it remembers; one last product gives the probability.

use std::sync::OnceLock;

use super::{
    activation::{rectify, sigmoid, tanh},
    dense::{Arithmetic, Dense, Fused, Separate},
    spectrum::{BINS, FRAMES, SPAN, Spectrum},
};

/// New samples per step: 32 ms at 8 kHz.
pub(crate) const BLOCK: usize = 256;

/// Samples of the block before that precede each block: without them the scores collapse.
const CONTEXT: usize = 32;
const MIRRORED: usize = SPAN - CONTEXT - BLOCK;
/// Width of every convolution.
const TAPS: usize = 3;
/// Channels after the first convolution and after the last, and size of the recurrent cell.
const WIDE: usize = 128;
/// Channels between.
const NARROW: usize = 64;
/// Input, forget, candidate and output gate of the recurrent cell, in this order.
const GATES: usize = 4;

const WEIGHTS: usize = WIDE * (BINS * TAPS + 1)
    + NARROW * (WIDE * TAPS + 1)
    + NARROW * (NARROW * TAPS + 1)
    + WIDE * (NARROW * TAPS + 1)
    + GATES * WIDE * 2 * (WIDE + 1)
    + WIDE
    + 1;

/// Silero VAD, MIT License, copyright 2020-present Silero Team: see `LICENSES/`.
static SILERO: &[u8; WEIGHTS * size_of::<f32>()] =
    include_bytes!("../../weights/silero-vad-8k.f32");

/// The weights and tables, shared by all calls.
pub(super) struct Network {
    spectrum: Spectrum,
    first: Dense<16>,
    second: Dense<32>,
    third: Dense<64>,
    fourth: Dense<64>,
    cell: Dense<64>,
    verdict: [f32; WIDE],
    verdict_bias: f32,
}

/// What the network remembers of one stream: 1.2 kB.
#[derive(Clone)]
pub(super) struct Memory {
    context: [f32; CONTEXT],
    hidden: [f32; WIDE],
    cell: [f32; WIDE],
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            context: [0.0; CONTEXT],
            hidden: [0.0; WIDE],
            cell: [0.0; WIDE],
        }
    }
}

impl Network {
    /// The network, unpacked on first use.
    pub(super) fn shared() -> &'static Self {
        static SHARED: OnceLock<Network> = OnceLock::new();
        SHARED.get_or_init(|| Self::unpack(SILERO))
    }

    /// The probability that `block` is speech, by the fastest code that this processor can run.
    pub(super) fn listen(&self, memory: &mut Memory, block: &[f32; BLOCK]) -> f32 {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            #[expect(
                unsafe_code,
                reason = "there is no safe way to call vector code found at run time"
            )]
            // SAFETY: the line above asked this very processor for both features.
            return unsafe { self.listen_with_avx2(memory, block) };
        }
        self.listen_portably(memory, block)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    fn listen_with_avx2(&self, memory: &mut Memory, block: &[f32; BLOCK]) -> f32 {
        self.step::<Fused>(memory, block)
    }

    fn listen_portably(&self, memory: &mut Memory, block: &[f32; BLOCK]) -> f32 {
        // Every 64-bit Arm has the fused instruction; of the others nothing is known.
        if cfg!(target_arch = "aarch64") {
            self.step::<Fused>(memory, block)
        } else {
            self.step::<Separate>(memory, block)
        }
    }

    #[inline(always)]
    fn step<A: Arithmetic>(&self, memory: &mut Memory, block: &[f32; BLOCK]) -> f32 {
        let sound = memory.extend(block);
        // What the cell sees: the features of this block, then its own last output.
        let mut seen = [0.0; 2 * WIDE];
        self.features::<A>(&sound, &mut seen[..WIDE]);
        seen[WIDE..].copy_from_slice(&memory.hidden);
        let mut gates = [[0.0; WIDE]; GATES];
        self.cell.apply::<A, 1>(&seen, 0, gates.as_flattened_mut());
        memory.update(&gates);
        let weighed = memory.hidden.iter().zip(&self.verdict);
        sigmoid(weighed.fold(self.verdict_bias, |sum, (value, weight)| {
            sum + weight * value.max(0.0)
        }))
    }

    /// Four convolutions over time. Each reads frames of zeros before and after its input; where
    /// all of a layer's taps but some would only ever meet zeros, they were left out.
    #[inline(always)]
    fn features<A: Arithmetic>(&self, sound: &[f32; SPAN], into: &mut [f32]) {
        let mut spectra = [0.0; (1 + FRAMES + 1) * BINS];
        let inner = spectra[BINS..]
            .first_chunk_mut()
            .expect("padding is added around the frames");
        self.spectrum.magnitudes(sound, inner);

        let mut first = [0.0; (1 + FRAMES + 1) * WIDE];
        self.first
            .apply::<A, FRAMES>(&spectra, BINS, &mut first[WIDE..][..FRAMES * WIDE]);
        rectify(&mut first);

        let mut second = [0.0; 2 * NARROW];
        self.second.apply::<A, 2>(&first, 2 * WIDE, &mut second);
        rectify(&mut second);

        let mut third = [0.0; NARROW];
        self.third.apply::<A, 1>(&second, 0, &mut third);
        rectify(&mut third);

        self.fourth.apply::<A, 1>(&third, 0, into);
        rectify(into);
    }

    /// Reads the layers in the order of the file.
    fn unpack(file: &[u8; WEIGHTS * size_of::<f32>()]) -> Self {
        let weights: Vec<f32> = file
            .as_chunks()
            .0
            .iter()
            .map(|&bytes| f32::from_le_bytes(bytes))
            .collect();
        let mut rest = weights.as_slice();
        let mut take = |count: usize| {
            rest.split_off(..count)
                .expect("the constant `WEIGHTS` counts every layer")
        };
        let network = Self {
            spectrum: Spectrum::new(),
            first: convolution(BINS, &[0, 1, 2], take(WIDE * BINS * TAPS), take(WIDE)),
            second: convolution(WIDE, &[0, 1, 2], take(NARROW * WIDE * TAPS), take(NARROW)),
            // Two frames come in and one goes out: the first tap only meets padding.
            third: convolution(NARROW, &[1, 2], take(NARROW * NARROW * TAPS), take(NARROW)),
            // One frame comes in: the outer taps only meet padding.
            fourth: convolution(NARROW, &[1], take(WIDE * NARROW * TAPS), take(WIDE)),
            cell: recurrent(
                [take(GATES * WIDE * WIDE), take(GATES * WIDE * WIDE)],
                [take(GATES * WIDE), take(GATES * WIDE)],
            ),
            verdict: *take(WIDE).first_chunk().expect("as many as were taken"),
            verdict_bias: take(1)[0],
        };
        assert!(rest.is_empty(), "every weight belongs to a layer");
        network
    }
}

impl Memory {
    /// The block between its context and its mirrored end; its own end is the next context.
    #[inline(always)]
    fn extend(&mut self, block: &[f32; BLOCK]) -> [f32; SPAN] {
        let mut sound = [0.0; SPAN];
        sound[..CONTEXT].copy_from_slice(&self.context);
        sound[CONTEXT..][..BLOCK].copy_from_slice(block);
        let end = CONTEXT + BLOCK;
        for offset in 0..MIRRORED {
            sound[end + offset] = sound[end - 2 - offset];
        }
        self.context.copy_from_slice(&block[BLOCK - CONTEXT..]);
        sound
    }

    #[inline(always)]
    fn update(&mut self, [input, forget, candidate, output]: &[[f32; WIDE]; GATES]) {
        for (unit, (cell, hidden)) in self.cell.iter_mut().zip(&mut self.hidden).enumerate() {
            let kept = sigmoid(forget[unit]) * *cell;
            *cell = kept + sigmoid(input[unit]) * tanh(candidate[unit]);
            *hidden = sigmoid(output[unit]) * tanh(*cell);
        }
    }
}

/// A convolution as a matrix over its `taps`, frame after frame. The file has output, channel, tap.
fn convolution<const WIDTH: usize>(
    channels: usize,
    taps: &[usize],
    weights: &[f32],
    bias: &[f32],
) -> Dense<WIDTH> {
    Dense::pack(channels * taps.len(), bias, |output, input| {
        let (tap, channel) = (taps[input / channels], input % channels);
        weights[(output * channels + channel) * TAPS + tap]
    })
}

/// The matrices for input and for memory side by side, as one.
fn recurrent<const WIDTH: usize>(weights: [&[f32]; 2], biases: [&[f32]; 2]) -> Dense<WIDTH> {
    let bias: Vec<f32> = biases[0]
        .iter()
        .zip(biases[1])
        .map(|(a, b)| a + b)
        .collect();
    Dense::pack(2 * WIDE, &bias, |output, input| {
        weights[input / WIDE][output * WIDE + input % WIDE]
    })
}

#[cfg(test)]
mod tests;
