//! Text as a voice can read it: numbers, dates, money, addresses and abbreviations in words,
//! markdown and pictures taken out.

mod abbreviations;
mod address;
mod amounts;
mod codes;
mod cursor;
mod draft;
pub(crate) mod en;
pub(crate) mod es;
mod markup;
mod moments;
mod numeral;
mod reader;
mod signs;
mod tongue;

pub(crate) use abbreviations::{Abbreviation, Place};
pub(crate) use tongue::{Speech, Tongue};

/// A clause as the model wrote it and as the voice is given it, with the way back from the second
/// to the first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Spoken {
    source: String,
    text: String,
    anchors: Vec<Anchor>,
}

/// Up to here, so much of the spoken text stands for so much of the source.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Anchor {
    /// Characters of the spoken text.
    spoken: u32,
    /// Bytes of the source.
    source: u32,
    how: How,
}

/// How the stretch before an anchor came about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum How {
    /// Letter by letter: part of it stands for part of the source.
    Copied,
    /// In other words: nothing of the source was said before all of it was.
    Reworded,
}

impl Spoken {
    /// What the voice is to say for `source`. Without a tongue only marks and pictures go.
    pub(crate) fn of(source: String, tongue: Option<Tongue>) -> Self {
        if reader::is_plain(&source, tongue) {
            return Self::verbatim(source);
        }
        let (text, anchors) = reader::read(&source, tongue);
        Self {
            source,
            text,
            anchors,
        }
    }

    /// A text that is spoken as it stands.
    pub(crate) fn verbatim(source: String) -> Self {
        let anchor = Anchor {
            spoken: narrow(source.chars().count()),
            source: narrow(source.len()),
            how: How::Copied,
        };
        Self {
            text: source.clone(),
            source,
            anchors: vec![anchor],
        }
    }

    /// More of a text that is spoken as it stands.
    pub(crate) fn extend(&mut self, source: &str) {
        let before = self.anchors.pop().map_or(0, |last| last.spoken);
        self.text.push_str(source);
        self.source.push_str(source);
        self.anchors.push(Anchor {
            spoken: before.saturating_add(narrow(source.chars().count())),
            source: narrow(self.source.len()),
            how: How::Copied,
        });
    }

    /// What was written.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// What the voice is given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The part of the source of which every spoken character is among the first `chars`.
    pub(crate) fn source_of(&self, chars: usize) -> &str {
        if chars == 0 {
            return "";
        }
        let chars = narrow(chars);
        let done = self
            .anchors
            .partition_point(|anchor| anchor.spoken <= chars);
        let (spoken, source) = match done.checked_sub(1) {
            Some(last) => (self.anchors[last].spoken, self.anchors[last].source),
            None => (0, 0),
        };
        let source = source as usize;
        let within = match self.anchors.get(done).map(|anchor| anchor.how) {
            Some(How::Copied) => bytes_of(&self.source[source..], chars - spoken),
            Some(How::Reworded) | None => 0,
        };
        &self.source[..source + within]
    }
}

/// Texts are clauses: no count in them comes near the limit.
fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The length of the first `chars` characters.
fn bytes_of(text: &str, chars: u32) -> usize {
    text.chars().take(chars as usize).map(char::len_utf8).sum()
}

#[cfg(test)]
mod tests;
