/// Names the audio file that begins like this, if it is one. Played as bare samples it would be a
/// burst of noise.
pub(crate) const fn known_format(head: &[u8]) -> Option<&'static str> {
    match head {
        [b'R', b'I', b'F', b'F', ..] => Some("a WAV file"),
        [b'I', b'D', b'3', ..] => Some("an MP3 file"),
        [b'O', b'g', b'g', b'S', ..] => Some("an Ogg file"),
        [b'f', b'L', b'a', b'C', ..] => Some("a FLAC file"),
        [0xFF, second, third, ..] if is_mp3_frame(*second, *third) => Some("an MP3 stream"),
        _ => None,
    }
}

/// Layer III, with a bit rate and a sampling rate that exist.
const fn is_mp3_frame(second: u8, third: u8) -> bool {
    let layer_three = second & 0xE6 == 0xE2;
    layer_three && third & 0xF0 != 0xF0 && third & 0xF0 != 0 && third & 0x0C != 0x0C
}
