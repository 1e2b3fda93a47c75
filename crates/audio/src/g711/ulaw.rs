//! mu-law (PCMU): North America, Japan, and every Twilio media stream.

/// A sample of zero. A buffer of zero *bytes* is not silence but a loud pop.
pub const SILENCE: u8 = 0xFF;

/// Added before the logarithm, so that every segment begins at a power of two.
const BIAS: i32 = 132;
/// The loudest magnitude that has a code of its own; louder ones share it.
const CLIP: i32 = 32_635;
/// The three lowest bits of a biased magnitude never reach the code.
const UNCODED_BITS: u32 = 3;
/// Biased magnitudes end at 2^15.
const MAGNITUDES: usize = 1 << (15 - UNCODED_BITS);

static DECODED: [i16; 256] = decode_table();
static MAGNITUDE_CODES: [u8; MAGNITUDES] = magnitude_codes();

/// The sample of one code.
#[must_use]
pub fn decode(code: u8) -> i16 {
    DECODED[usize::from(code)]
}

/// The code nearest to a sample.
#[must_use]
pub fn encode(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    // In 32 bits, because -32768 has no positive counterpart in 16.
    let biased = i32::from(sample).abs().min(CLIP) + BIAS;
    !(sign | MAGNITUDE_CODES[(biased >> UNCODED_BITS) as usize])
}

/// Appends the samples of `codes`.
pub fn decode_into(codes: &[u8], samples: &mut Vec<i16>) {
    samples.extend(codes.iter().map(|&code| decode(code)));
}

/// Appends the codes of `samples`.
pub fn encode_into(samples: &[i16], codes: &mut Vec<u8>) {
    codes.extend(samples.iter().map(|&sample| encode(sample)));
}

pub(crate) const fn decode_by_formula(code: u8) -> i16 {
    let bits = !code;
    let exponent = (bits >> 4) & 7;
    let mantissa = (bits & 15) as i32;
    let magnitude = (((mantissa << 3) + BIAS) << exponent) - BIAS;
    let sample = if bits & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    };
    sample as i16
}

const fn decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut code = 0;
    while code < table.len() {
        table[code] = decode_by_formula(code as u8);
        code += 1;
    }
    table
}

/// Exponent and mantissa by biased magnitude. Entries below the bias are never asked for.
const fn magnitude_codes() -> [u8; MAGNITUDES] {
    let mut table = [0; MAGNITUDES];
    let mut index = (BIAS >> UNCODED_BITS) as usize;
    while index < table.len() {
        let exponent = index.ilog2() + UNCODED_BITS - 7;
        let mantissa = (index >> exponent) & 15;
        table[index] = (exponent << 4) as u8 | mantissa as u8;
        index += 1;
    }
    table
}
