use proptest::prelude::*;

use super::*;

const PHONE: Format = Format {
    coding: Coding::MuLaw,
    rate_hz: 8_000,
    channels: 1,
};

/// A WAV file of these chunks.
fn wav(chunks: &[(&[u8; 4], u32, &[u8])]) -> Vec<u8> {
    let mut file = b"RIFF\xFF\xFF\xFF\xFFWAVE".to_vec();
    for (name, size, bytes) in chunks {
        file.extend_from_slice(*name);
        file.extend_from_slice(&size.to_le_bytes());
        file.extend_from_slice(bytes);
    }
    file
}

fn format_chunk(tag: u16, bits: u16) -> Vec<u8> {
    let mut chunk = tag.to_le_bytes().to_vec();
    chunk.extend_from_slice(&1u16.to_le_bytes());
    chunk.extend_from_slice(&24_000u32.to_le_bytes());
    chunk.extend_from_slice(&48_000u32.to_le_bytes());
    chunk.extend_from_slice(&2u16.to_le_bytes());
    chunk.extend_from_slice(&bits.to_le_bytes());
    chunk
}

fn read(pieces: &[&[u8]]) -> Result<(Option<Format>, Vec<u8>), BadWav> {
    let (mut reader, mut sound) = (WavReader::default(), Vec::new());
    for piece in pieces {
        sound.extend_from_slice(reader.sound(piece)?);
    }
    Ok((reader.format(), sound))
}

#[test]
fn reads_what_it_writes() {
    for coding in [Coding::ALaw, Coding::MuLaw, Coding::Pcm16] {
        let format = Format {
            coding,
            rate_hz: 44_100,
            channels: 2,
        };
        let mut file = header(format, 4).to_vec();
        file.extend_from_slice(&[1, 2, 3, 4]);
        assert_eq!(read(&[&file]), Ok((Some(format), vec![1, 2, 3, 4])));
    }
}

#[test]
fn a_header_is_laid_out_as_in_every_file() {
    let format = Format {
        coding: Coding::Pcm16,
        rate_hz: 8_000,
        channels: 1,
    };
    let mut expected = b"RIFF\x2C\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0".to_vec();
    expected.extend_from_slice(b"\x80\x3E\0\0\x02\0\x10\0data\x08\0\0\0");
    assert_eq!(header(format, 8)[..], expected);
}

#[test]
fn sound_of_unknown_length_goes_on_to_the_end() {
    for size in [0, u32::MAX] {
        let file = wav(&[
            (b"fmt ", 16, &format_chunk(1, 16)),
            (b"data", size, &[9; 1_000]),
        ]);
        let (format, sound) = read(&[&file]).unwrap();
        assert_eq!(format.map(|format| format.rate_hz), Some(24_000));
        assert_eq!(sound, [9; 1_000]);
    }
}

#[test]
fn other_chunks_are_passed_over() {
    let odd = [7; 6];
    let file = wav(&[
        (b"LIST", 5, &odd),
        (b"fmt ", 16, &format_chunk(1, 16)),
        (b"fact", 4, &[0; 4]),
        (b"data", 2, &[1, 2]),
        (b"LIST", 6, &odd),
    ]);
    assert_eq!(read(&[&file]).unwrap().1, [1, 2]);
}

#[test]
fn an_extensible_format_names_its_coding_further_behind() {
    let mut chunk = format_chunk(TAG_EXTENSIBLE, 16);
    chunk.extend_from_slice(&[22, 0, 16, 0, 4, 0, 0, 0, 1, 0]);
    chunk.extend_from_slice(&[0; 14]);
    let file = wav(&[(b"fmt ", 40, &chunk), (b"data", 2, &[1, 2])]);
    let (format, sound) = read(&[&file]).unwrap();
    assert_eq!(format.map(|format| format.coding), Some(Coding::Pcm16));
    assert_eq!(sound, [1, 2]);
}

#[test]
fn what_is_no_wav_is_refused() {
    assert_eq!(read(&[b"{\"error\": \"no credits\"}"]), Err(BadWav::NotWav));
    assert_eq!(
        read(&[&wav(&[(b"data", 2, &[1, 2])])]),
        Err(BadWav::NoFormat)
    );
    assert_eq!(
        read(&[&wav(&[(b"fmt ", 3, &[1, 0, 1])])]),
        Err(BadWav::NoFormat)
    );
    assert_eq!(
        read(&[&wav(&[(b"fmt ", 16, &format_chunk(3, 32))])]),
        Err(BadWav::Unsupported {
            tag: 3,
            bits: 32,
            channels: 1,
            rate_hz: 24_000
        })
    );
    let endless = wav(&[(b"junk", 1 << 30, &[0; 70_000])]);
    assert_eq!(read(&[&endless]), Err(BadWav::EndlessHeader));
}

#[test]
fn a_header_alone_is_not_an_error() {
    assert_eq!(read(&[b"RIFF"]), Ok((None, Vec::new())));
    assert_eq!(read(&[]), Ok((None, Vec::new())));
}

proptest! {
    #[test]
    fn pieces_may_be_cut_anywhere(cuts in prop::collection::vec(0usize..80, 0..10)) {
        let mut file = header(PHONE, 20).to_vec();
        file.extend(0..30u8);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(file.len())).collect();
        cuts.extend([0, file.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &file[cut[0]..cut[1]]).collect();
        prop_assert_eq!(read(&pieces), Ok((Some(PHONE), (0..20u8).collect())));
    }

    #[test]
    fn foreign_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        real_start in any::<bool>(),
    ) {
        let mut file = if real_start { b"RIFF\0\0\0\0WAVEfmt ".to_vec() } else { Vec::new() };
        file.extend(bytes);
        let _ = read(&[&file]);
    }
}
