use audio::{g711::ulaw, resample::Resampler};

/// Mu-law as it sounds when a provider of wide sound and the server have resampled it.
pub(crate) fn there_and_back(codes: &[u8]) -> Vec<u8> {
    let mut samples = Vec::new();
    ulaw::decode_into(codes, &mut samples);
    for (from, to) in [(8_000, 24_000), (24_000, 8_000)] {
        let mut resampler = Resampler::new(from, to).unwrap();
        let mut resampled = Vec::new();
        resampler.push(&samples, &mut resampled);
        resampler.flush(&mut resampled);
        samples = resampled;
    }
    let mut codes = Vec::new();
    ulaw::encode_into(&samples, &mut codes);
    codes
}
