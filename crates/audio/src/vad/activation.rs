//! The network's curves, written so that a loop over them becomes vector instructions.

use std::f32::consts::{LN_2, LOG2_E};

/// `1.5 * 2^23`: adding it pushes the fraction out of an `f32`, which rounds to the nearest integer.
const ROUNDER: f32 = 12_582_912.0;
const EXPONENT_BIAS: i32 = 127;
const MANTISSA_BITS: u32 = 23;
/// Beyond it `e^x` leaves the range of normal numbers, and both curves are flat long before.
const FLAT_FROM: f32 = 87.0;
/// Taylor coefficients of `2^x` from the first power on.
const POWERS: [f32; 5] = [
    LN_2,
    0.240_226_46,
    0.055_503_33,
    0.009_618_432,
    0.001_333_356,
];

#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exponential(-x))
}

#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exponential(2.0 * x) + 1.0)
}

#[inline(always)]
pub(super) fn rectify(values: &mut [f32]) {
    for value in values {
        *value = value.max(0.0);
    }
}

/// `e^x` to about seven digits: a power of two by its exponent bits, the rest by a polynomial.
#[inline(always)]
fn exponential(x: f32) -> f32 {
    let power = x.clamp(-FLAT_FROM, FLAT_FROM) * LOG2_E;
    let whole = (power + ROUNDER) - ROUNDER;
    let rest = power - whole;
    let [a, b, c, d, e] = POWERS;
    let curve = 1.0 + rest * (a + rest * (b + rest * (c + rest * (d + rest * e))));
    f32::from_bits(((whole as i32 + EXPONENT_BIAS) << MANTISSA_BITS) as u32) * curve
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_follow_the_standard_library() {
        for step in -4_000..=4_000i16 {
            let x = f32::from(step) / 40.0;
            assert!((tanh(x) - x.tanh()).abs() < 2e-6, "tanh {x}");
            assert!(
                (sigmoid(x) - 1.0 / (1.0 + (-x).exp())).abs() < 2e-6,
                "sigmoid {x}"
            );
        }
    }
}
