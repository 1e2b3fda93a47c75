//! Server-sent events, read incrementally: bytes in any pieces, the `data` of whole events out.
//!
//! A character, a line end or an event may be split over any number of reads, so text is decoded
//! only once its line is whole. Event names and ids are ignored: what an event is stands in its
//! data.

/// The longest line that is read.
const MAX_LINE: usize = 64 * 1024;
/// The longest event.
const MAX_EVENT: usize = 1 << 20;
/// The longest answer.
const MAX_ANSWER: usize = 4 << 20;

/// A stream that is not read any further.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unreadable {
    /// One line.
    #[error("a line of more than 64 kB")]
    Line,
    /// One event.
    #[error("an event of more than 1 MB")]
    Event,
    /// Everything together.
    #[error("an answer of more than 4 MB")]
    Answer,
    /// What is there is no text.
    #[error("bytes that are no UTF-8")]
    NoText,
    /// Everything together, where it is no stream.
    #[error("an answer of more than 1 MB")]
    Whole,
}

/// Reads one stream.
#[derive(Debug, Default)]
pub struct EventReader {
    /// The line that has not ended.
    line: Vec<u8>,
    /// The event that has not ended; lines joined by a line feed.
    data: Option<String>,
    /// The last byte was a CR: a LF that follows belongs to it.
    after_cr: bool,
    /// A line has ended: no byte order mark can follow.
    begun: bool,
    /// Bytes so far.
    total: usize,
    /// Why nothing more is read.
    broken: Option<Unreadable>,
}

impl EventReader {
    /// Takes the next piece and returns the events that it completes. Those before something
    /// unreadable count: they might have come in a piece of their own.
    pub fn read(&mut self, piece: &[u8]) -> Result<Vec<String>, Unreadable> {
        let mut events = Vec::new();
        if self.broken.is_none() {
            self.broken = self.read_into(piece, &mut events).err();
        }
        match self.broken {
            Some(broken) if events.is_empty() => Err(broken),
            Some(_) | None => Ok(events),
        }
    }

    fn read_into(&mut self, piece: &[u8], events: &mut Vec<String>) -> Result<(), Unreadable> {
        self.total += piece.len();
        if self.total > MAX_ANSWER {
            return Err(Unreadable::Answer);
        }
        let mut rest = piece;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_cr) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &rest[..end.unwrap_or(rest.len())];
            if self.line.len() + part.len() > MAX_LINE {
                return Err(Unreadable::Line);
            }
            self.line.extend_from_slice(part);
            let Some(end) = end else { break };
            self.after_cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            events.extend(self.end_of_line()?);
        }
        Ok(())
    }

    /// Whatever the stream ended in the middle of: some servers forget the last blank line.
    pub fn finish(mut self) -> Result<Option<String>, Unreadable> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        if !self.line.is_empty() {
            self.end_of_line()?;
        }
        Ok(self.data)
    }

    fn end_of_line(&mut self) -> Result<Option<String>, Unreadable> {
        let line = std::mem::take(&mut self.line);
        let mut bytes = line.as_slice();
        if !std::mem::replace(&mut self.begun, true) {
            bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        }
        let event = if bytes.is_empty() {
            self.data.take()
        } else {
            self.field(bytes)?;
            None
        };
        self.line = line;
        self.line.clear();
        Ok(event)
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Unreadable> {
        let value = match line.strip_prefix(b"data") {
            Some([]) => &[],
            Some([b':', b' ', value @ ..] | [b':', value @ ..]) => value,
            Some(_) | None => return Ok(()),
        };
        let value = std::str::from_utf8(value).map_err(|_| Unreadable::NoText)?;
        match &mut self.data {
            None => self.data = Some(value.to_owned()),
            Some(data) if data.len() + value.len() < MAX_EVENT => {
                data.push('\n');
                data.push_str(value);
            }
            Some(_) => return Err(Unreadable::Event),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
