//! A-law (PCMA): Europe and most of the world.

/// The quietest code. A-law has no exact zero: this is +8.
pub const SILENCE: u8 = 0xD5;

/// Every other bit is sent inverted, so that silence is not a row of zeros on the wire.
const TOGGLE: u8 = 0x55;
const SIGN: u8 = 0x80;

static DECODED: [i16; 256] = decode_table();

/// The sample of one code.
#[must_use]
pub fn decode(code: u8) -> i16 {
    DECODED[usize::from(code)]
}

/// The code nearest to a sample.
#[must_use]
pub fn encode(sample: i16) -> u8 {
    let mask = if sample < 0 { TOGGLE } else { TOGGLE | SIGN };
    // The complement of a negative sample is its magnitude less one, and exists for -32768 too.
    let magnitude = if sample < 0 { !sample } else { sample } >> 3;
    let code = if magnitude < 32 {
        magnitude >> 1
    } else {
        let exponent = magnitude.ilog2() as i16 - 4;
        (exponent << 4) | ((magnitude >> exponent) & 15)
    };
    code as u8 ^ mask
}

/// Appends the samples of `codes`.
pub fn decode_into(codes: &[u8], samples: &mut Vec<i16>) {
    samples.extend(codes.iter().map(|&code| decode(code)));
}

/// Appends the codes of `samples`.
pub fn encode_into(samples: &[i16], codes: &mut Vec<u8>) {
    codes.extend(samples.iter().map(|&sample| encode(sample)));
}

const fn decode_by_formula(code: u8) -> i16 {
    let bits = code ^ TOGGLE;
    let exponent = (bits >> 4) & 7;
    let mantissa = ((bits & 15) as i32) << 4;
    let magnitude = match exponent {
        0 => mantissa + 8,
        _ => (mantissa + 264) << (exponent - 1),
    };
    let sample = if bits & SIGN != 0 {
        magnitude
    } else {
        -magnitude
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
