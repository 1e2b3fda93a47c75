use std::io::Write as _;

/// Appends a text frame as a client sends it. The mask is zero, which is a mask like any other
/// and saves the sender the work, not the receiver.
pub(super) fn write_text(text: &[u8], out: &mut Vec<u8>) {
    out.push(0x81);
    write_length(text.len(), out);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(text);
}

fn write_length(length: usize, out: &mut Vec<u8>) {
    const MASKED: u8 = 0x80;
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..=125), _) => out.push(MASKED | short),
        (_, Ok(medium)) => {
            out.push(MASKED | 126);
            out.extend_from_slice(&medium.to_be_bytes());
        }
        (_, Err(_)) => {
            out.push(MASKED | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// The end of a socket, with code 1000.
pub(super) fn write_close(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8]);
}

/// The fixed parts of one call's media messages.
#[derive(Debug)]
pub(super) struct MediaMessage {
    stream: String,
    text: Vec<u8>,
}

impl MediaMessage {
    pub(super) fn new(stream: String) -> Self {
        Self {
            stream,
            text: Vec::with_capacity(512),
        }
    }

    /// Appends the frame number `chunk`, counted from 1, with this base64 payload.
    pub(super) fn write(&mut self, chunk: u64, payload: &str, out: &mut Vec<u8>) {
        let (sequence, at_ms) = (chunk + 1, (chunk - 1) * 20);
        self.text.clear();
        // Writing to memory does not fail.
        let _ = write!(
            self.text,
            r#"{{"event":"media","sequenceNumber":"{sequence}","streamSid":"{}","media":{{"track":"inbound","chunk":"{chunk}","timestamp":"{at_ms}","payload":"{payload}"}}}}"#,
            self.stream
        );
        write_text(&self.text, out);
    }

    /// Appends the echo of a mark.
    pub(super) fn write_mark(&mut self, name: &str, out: &mut Vec<u8>) {
        self.text.clear();
        // Writing to memory does not fail.
        let _ = write!(
            self.text,
            r#"{{"event":"mark","sequenceNumber":"1","streamSid":"{}","mark":{{"name":"{name}"}}}}"#,
            self.stream
        );
        write_text(&self.text, out);
    }
}

/// One frame of the server, as far as it is here.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Read<'a> {
    /// The socket ends.
    Close,
    /// Not all of it has come.
    More,
    /// A ping or something else that is no text.
    Other(usize),
    /// A text, and the bytes that the whole frame took.
    Text(&'a [u8], usize),
}

/// Reads the frame at the beginning of `bytes`.
pub(super) fn read(bytes: &[u8]) -> Read<'_> {
    let [first, second, rest @ ..] = bytes else {
        return Read::More;
    };
    let (length, header) = match second & 0x7F {
        126 => match rest.first_chunk::<2>() {
            Some(length) => (usize::from(u16::from_be_bytes(*length)), 4),
            None => return Read::More,
        },
        127 => match rest.first_chunk::<8>() {
            Some(length) => (
                usize::try_from(u64::from_be_bytes(*length)).unwrap_or(usize::MAX),
                10,
            ),
            None => return Read::More,
        },
        short => (usize::from(short), 2_usize),
    };
    let Some(payload) = bytes.get(header..header.saturating_add(length)) else {
        return Read::More;
    };
    match first & 0x0F {
        1 => Read::Text(payload, header + length),
        8 => Read::Close,
        _ => Read::Other(header + length),
    }
}

/// The text between `before` and the next quote.
pub(super) fn quoted_after<'a>(text: &'a [u8], before: &[u8]) -> Option<&'a [u8]> {
    let at = text
        .windows(before.len())
        .position(|window| window == before)?
        + before.len();
    let rest = &text[at..];
    Some(&rest[..rest.iter().position(|byte| *byte == b'"')?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_frame_is_a_masked_text() {
        let mut out = Vec::new();
        MediaMessage::new("MZ1".to_owned()).write(2, "/w==", &mut out);
        assert_eq!(out[..2], [0x81, 0x80 | 126]);
        let text: serde_json::Value = serde_json::from_slice(&out[8..]).unwrap();
        assert_eq!(
            usize::from(u16::from_be_bytes([out[2], out[3]])),
            out.len() - 8
        );
        assert_eq!(
            (&text["sequenceNumber"], &text["media"]["timestamp"]),
            (&"3".into(), &"20".into())
        );
    }

    #[test]
    fn frames_are_read_in_pieces() {
        let frame = [&[0x81, 3][..], b"abc"].concat();
        assert_eq!(read(&frame), Read::Text(b"abc", 5));
        assert_eq!(read(&frame[..4]), Read::More);
        assert_eq!(read(&[0x88, 0]), Read::Close);
        assert_eq!(read(&[0x89, 0]), Read::Other(2));
        let long = [&[0x81, 126, 1, 0][..], &[b'x'; 256]].concat();
        assert_eq!(read(&long), Read::Text(&[b'x'; 256], 260));
    }

    #[test]
    fn quoted_text_is_found() {
        assert_eq!(quoted_after(br#"{"a":"b"}"#, br#""a":""#), Some(&b"b"[..]));
        assert_eq!(quoted_after(br#"{"a":"b"#, br#""a":""#), None);
    }
}
