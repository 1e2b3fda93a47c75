use super::*;

const RECORDINGS: [&[u8]; 2] = [
    include_bytes!("../../tests/data/u1.s16"),
    include_bytes!("../../tests/data/u5.s16"),
];

/// A recording as the phone network would bring it, with a second of silence on both sides.
fn on_the_phone(recording: &[u8]) -> Vec<u8> {
    let mut codes = vec![ulaw::SILENCE; 8_000];
    codes.extend(
        recording
            .as_chunks()
            .0
            .iter()
            .map(|&s| ulaw::encode(i16::from_le_bytes(s))),
    );
    codes.resize(codes.len() + 8_000, ulaw::SILENCE);
    codes
}

fn events(settings: VadSettings, pieces: &[&[u8]]) -> Vec<Voice> {
    let (mut vad, mut told) = (Vad::new(settings), Vec::new());
    for piece in pieces {
        vad.hear(piece, &mut told);
    }
    told
}

#[test]
fn speech_starts_and_stops_once() {
    for recording in RECORDINGS {
        let told = events(VadSettings::default(), &[&on_the_phone(recording)]);
        assert!(
            matches!(told[..], [Voice::Started { .. }, Voice::Stopped { .. }]),
            "{told:?}"
        );
    }
}
