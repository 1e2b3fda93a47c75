//! A call's sound as a file: the caller on the left, the agent on the right.

use std::io::Cursor;

use audio::g711::ulaw;
use hound::{SampleFormat, WavSpec, WavWriter};

/// Writes two tracks of mu-law audio as a stereo WAV. The shorter track ends in silence.
#[must_use]
pub fn stereo(left: &[u8], right: &[u8]) -> Vec<u8> {
    let spec = WavSpec {
        channels: 2,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let frames = left.len().max(right.len());
    let mut file = Cursor::new(Vec::with_capacity(frames * 4 + 44));
    let mut writer = WavWriter::new(&mut file, spec).expect("memory takes a header");
    let sample = |track: &[u8], at: usize| track.get(at).map_or(0, |code| ulaw::decode(*code));
    for at in 0..frames {
        for track in [left, right] {
            writer
                .write_sample(sample(track, at))
                .expect("memory takes samples");
        }
    }
    writer.finalize().expect("memory takes the length");
    file.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tracks_are_in_the_file() {
        let wav = stereo(&[0x00, 0x00], &[0x80]);
        let mut reader = hound::WavReader::new(Cursor::new(wav)).unwrap();
        assert_eq!(
            (reader.spec().channels, reader.spec().sample_rate),
            (2, 8_000)
        );
        let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(samples, [-32_124, 32_124, -32_124, 0]);
    }
}
