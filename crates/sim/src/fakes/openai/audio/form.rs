//! A multipart body and the file in it, read as strictly as the real service: what is odd in them
//! is a fault of the client.

use audio::wav::{Coding, Format, HEADER_BYTES, WavReader};

/// One part of a form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Part<'a> {
    pub(super) name: &'a str,
    pub(super) file_name: Option<&'a str>,
    pub(super) content_type: Option<&'a str>,
    pub(super) bytes: &'a [u8],
}

/// The parts of a form; the error says what is wrong with it.
pub(super) fn parts<'a>(content_type: &str, body: &'a [u8]) -> Result<Vec<Part<'a>>, String> {
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .filter(|boundary| (1..=70).contains(&boundary.len()))
        .ok_or_else(|| format!("not a form with a boundary: {content_type}"))?;
    let between = format!("\r\n--{boundary}");
    let mut rest = body
        .strip_prefix(&between.as_bytes()[2..])
        .ok_or("the form does not begin with its boundary")?;
    let mut parts = Vec::new();
    loop {
        if rest == b"--\r\n" || rest == b"--" {
            return Ok(parts);
        }
        rest = rest
            .strip_prefix(b"\r\n")
            .ok_or("a boundary is not followed by a line end")?;
        let (head, behind) = split(rest, b"\r\n\r\n").ok_or("a part has no head")?;
        let (bytes, behind) = split(behind, between.as_bytes()).ok_or("a part has no end")?;
        parts.push(part(head, bytes)?);
        rest = behind;
    }
}

fn part<'a>(head: &'a [u8], bytes: &'a [u8]) -> Result<Part<'a>, String> {
    let head = std::str::from_utf8(head).map_err(|_| "a part's head is no text")?;
    let field = |sought: &str| {
        head.split("\r\n")
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case(sought))
            .map(|(_, value)| value)
    };
    let disposition = field("content-disposition").ok_or("a part has no Content-Disposition")?;
    let mut words = disposition.split("; ");
    if words.next() != Some("form-data") {
        return Err(format!("not form-data: {disposition}"));
    }
    let quoted = |sought: &str| {
        let mut words = disposition.split("; ");
        words.find_map(|word| {
            let value = word.strip_prefix(sought)?.strip_prefix("=\"")?;
            value.strip_suffix('"')
        })
    };
    Ok(Part {
        name: quoted("name").ok_or_else(|| format!("a part without a name: {disposition}"))?,
        file_name: quoted("filename"),
        content_type: field("content-type"),
        bytes,
    })
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let begin = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..begin], &bytes[begin + at.len()..]))
}

/// The sound of a WAV file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Sound {
    pub(super) samples: Vec<i16>,
    pub(super) rate_hz: u32,
}

impl Sound {
    /// How long it is.
    pub(super) fn ms(&self) -> u64 {
        self.samples.len() as u64 * 1_000 / u64::from(self.rate_hz)
    }
}

/// The sound of a file that is what its name and its header say.
pub(super) fn sound(file: &Part<'_>) -> Result<Sound, String> {
    if !file.file_name.is_some_and(|name| name.ends_with(".wav")) {
        return Err(format!(
            "Invalid file format: the name is {:?}",
            file.file_name
        ));
    }
    if file.content_type != Some("audio/wav") {
        return Err(format!("Invalid file format: {:?}", file.content_type));
    }
    let mut reader = WavReader::default();
    let sound = reader.sound(file.bytes).map_err(|bad| bad.to_string())?;
    let Some(Format {
        coding: Coding::Pcm16,
        rate_hz,
        channels: 1,
    }) = reader.format()
    else {
        return Err(format!(
            "this simulation reads linear mono: {:?}",
            reader.format()
        ));
    };
    let size = |at: usize| {
        let four = file.bytes.get(at..at + 4);
        four.and_then(|four| four.try_into().ok())
            .map(u32::from_le_bytes)
    };
    // A file of known length has no excuse for a wrong one.
    let all = u32::try_from(file.bytes.len()).unwrap_or(u32::MAX);
    if size(4) != Some(all - 8) || size(HEADER_BYTES - 4) != Some(sound.len() as u32) {
        return Err("the sizes in the header are wrong".to_owned());
    }
    let (pairs, odd) = sound.as_chunks::<2>();
    if !odd.is_empty() {
        return Err("half a sample at the end".to_owned());
    }
    Ok(Sound {
        samples: pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect(),
        rate_hz,
    })
}

#[cfg(test)]
mod tests {
    use audio::wav;

    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=XX";

    fn file(bytes: &[u8]) -> Part<'_> {
        Part {
            name: "file",
            file_name: Some("a.wav"),
            content_type: Some("audio/wav"),
            bytes,
        }
    }

    fn wav(rate_hz: u32, samples: &[i16]) -> Vec<u8> {
        let format = Format {
            coding: Coding::Pcm16,
            rate_hz,
            channels: 1,
        };
        let mut file = wav::header(format, 2 * samples.len() as u32).to_vec();
        file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        file
    }

    #[test]
    fn parts_are_read() {
        let body = b"--XX\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n\
            --XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\
            Content-Type: audio/wav\r\n\r\n\r\n--\xff\r\n--XX--\r\n";
        let parts = parts(TYPE, body).unwrap();
        assert_eq!((parts[0].name, parts[0].bytes), ("model", &b"m"[..]));
        assert_eq!(parts[1], file(b"\r\n--\xff"));
    }

    #[test]
    fn a_broken_form_is_refused() {
        let head = "Content-Disposition: form-data; name=\"model\"";
        for body in [
            "".to_owned(),
            "--XX".to_owned(),
            format!("--XX\r\n{head}\r\n\r\nm\r\n--XX"),
            format!("--XX\r\n{head}\r\n\r\nm\r\n"),
            format!("--XX\r\n{head}\r\nm\r\n--XX--\r\n"),
            "--XX\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nm\r\n--XX--".to_owned(),
            "--XX\r\nContent-Disposition: form-data\r\n\r\nm\r\n--XX--".to_owned(),
        ] {
            assert!(parts(TYPE, body.as_bytes()).is_err(), "{body}");
        }
        assert!(parts("application/json", b"--XX--").is_err());
    }

    #[test]
    fn a_file_is_what_it_says() {
        let good = wav(8_000, &[0, 1, -1, 7_000]);
        let read = sound(&file(&good)).unwrap();
        assert_eq!((read.samples.len(), read.rate_hz), (4, 8_000));
        let mut short = good.clone();
        short.pop();
        assert!(sound(&file(&short)).is_err(), "it is shorter than it says");
        let mut long = good.clone();
        long.push(0);
        assert!(sound(&file(&long)).is_err(), "it is longer than it says");
        assert!(sound(&file(b"\x00\x01raw samples of some sort")).is_err());
        let mut bare = file(&good);
        bare.file_name = Some("a");
        assert!(sound(&bare).is_err(), "a name without an ending");
        bare.file_name = Some("a.wav");
        bare.content_type = None;
        assert!(sound(&bare).is_err(), "no content type");
    }
}
