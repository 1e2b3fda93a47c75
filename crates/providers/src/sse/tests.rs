use proptest::prelude::*;

use super::*;

fn events(pieces: &[&[u8]]) -> Result<Vec<String>, Unreadable> {
    let mut reader = EventReader::default();
    let mut events = Vec::new();
    for piece in pieces {
        events.extend(reader.read(piece)?);
    }
    events.extend(reader.finish()?);
    Ok(events)
}

#[test]
fn all_line_ends_end_lines() {
    for stream in [
        "data: a\n\ndata: b\ndata: c\n\n",
        "data: a\r\n\r\ndata: b\r\ndata: c\r\n\r\n",
        "data: a\r\rdata: b\rdata: c\r\r",
        "\u{feff}data: a\n\r\ndata: b\r\ndata:c\n\n",
    ] {
        assert_eq!(
            events(&[stream.as_bytes()]),
            Ok(vec!["a".into(), "b\nc".into()]),
            "{stream:?}"
        );
    }
}

#[test]
fn only_data_counts() {
    let stream = ": keepalive\nevent: error\nid: 7\nretry: 10\ndatabase: x\ndata\ndata:  two\n\n\n";
    assert_eq!(events(&[stream.as_bytes()]), Ok(vec!["\n two".into()]));
}

#[test]
fn a_forgotten_blank_line_loses_nothing() {
    assert_eq!(
        events(&[b"data: a\n\ndata: [DONE]"]),
        Ok(vec!["a".into(), "[DONE]".into()])
    );
}

#[test]
fn bytes_that_are_no_text_are_no_answer() {
    assert_eq!(events(&[b"data: a\xff\xc3b\n\n"]), Err(Unreadable::NoText));
}

#[test]
fn what_came_before_something_unreadable_counts() {
    let mut reader = EventReader::default();
    let read = reader.read(b"data: a\n\ndata: \xff\n\ndata: b\n\n");
    assert_eq!(read, Ok(vec!["a".to_owned()]));
    assert_eq!(reader.read(b"data: c\n\n"), Err(Unreadable::NoText));
    assert_eq!(reader.finish(), Err(Unreadable::NoText));
}

#[test]
fn a_stream_has_limits() {
    let long = vec![b'x'; MAX_LINE + 1];
    assert_eq!(events(&[&long]), Err(Unreadable::Line));
    let line = [b"data: ".as_slice(), &vec![b'x'; MAX_LINE - 10], b"\n"].concat();
    assert_eq!(events(&vec![line.as_slice(); 20]), Err(Unreadable::Event));
    let event = [line.as_slice(), b"\n"].concat();
    assert_eq!(events(&vec![event.as_slice(); 70]), Err(Unreadable::Answer));
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(
        stream in proptest::collection::vec(
            prop_oneof![
                Just(b"data: h\xc3\xa9\xf0\x9f\x98\x80".to_vec()),
                Just(b"\n".to_vec()), Just(b"\r".to_vec()), Just(b"\r\n".to_vec()),
                Just(b": note".to_vec()), Just(b"data".to_vec()), Just(b"\xef\xbb\xbf".to_vec()),
                Just(b"\xff:".to_vec()), Just(b" x".to_vec()),
            ],
            0..40,
        ),
        cuts in proptest::collection::vec(0_usize..200, 0..20),
    ) {
        let stream = stream.concat();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]).collect();
        prop_assert_eq!(events(&pieces), events(&[&stream]));
    }

    #[test]
    fn byte_by_byte_gives_the_same_events(stream in proptest::collection::vec(any::<u8>(), 0..400)) {
        let pieces: Vec<&[u8]> = stream.chunks(1).collect();
        prop_assert_eq!(events(&pieces), events(&[&stream]));
    }
}
