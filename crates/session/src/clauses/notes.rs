/// Takes annotations out of a stream: `[[expect phone]]`.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Text that may be the beginning of an annotation.
    held: String,
    /// The last letter that was no annotation.
    last: Option<char>,
    gap: Gap,
}

/// Where an annotation stood between two spaces, one remains.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Gap {
    #[default]
    Kept,
    /// Spaces that come next are not wanted.
    Closed,
}

/// What is longer is no annotation, and must not hold the reply back.
const LONGEST: usize = 200;

/// What a stream is made of.
#[derive(Debug)]
pub(super) enum Part {
    /// The inside of an annotation.
    Note(String),
    Text(String),
}

impl Notes {
    /// Takes some of the stream.
    pub(super) fn add(&mut self, more: &str) {
        self.held.push_str(more);
    }

    /// The next part of what was added, as far as it is certain.
    pub(super) fn next(&mut self) -> Option<Part> {
        match find(&self.held) {
            Found::Note { from: 0, to } => {
                let note: String = self.held.drain(..to).collect();
                if self.last.is_none_or(char::is_whitespace) {
                    self.gap = Gap::Closed;
                }
                let inside = note.trim_start_matches("[[").trim_end_matches("]]");
                Some(Part::Note(inside.trim().to_owned()))
            }
            Found::Brackets { to } => self.release(to),
            Found::Beginning { from } | Found::Note { from, .. } => self.release(from),
            Found::Nothing => self.release(self.held.len()),
        }
    }

    /// The stream is over: an annotation without end is dropped, a lone bracket is text.
    pub(super) fn last(&mut self) -> Option<Part> {
        if self.held.starts_with("[[") {
            self.held.clear();
        }
        self.release(self.held.len())
    }

    /// Gives the first bytes of what is held.
    fn release(&mut self, length: usize) -> Option<Part> {
        if length == 0 {
            return None;
        }
        let part: String = self.held.drain(..length).collect();
        let part = match self.gap {
            Gap::Closed => part.trim_start_matches(' '),
            Gap::Kept => part.as_str(),
        };
        if let Some(last) = part.chars().next_back() {
            self.last = Some(last);
            self.gap = Gap::Kept;
        }
        Some(Part::Text(part.to_owned()))
    }
}

/// What the first brackets of a text are.
enum Found {
    /// Perhaps an annotation: more text will tell.
    Beginning {
        from: usize,
    },
    /// No annotation.
    Brackets {
        to: usize,
    },
    /// An annotation, brackets included.
    Note {
        from: usize,
        to: usize,
    },
    Nothing,
}

fn find(text: &str) -> Found {
    let Some(from) = text.find("[[") else {
        return match text.strip_suffix('[') {
            Some(before) => Found::Beginning { from: before.len() },
            None => Found::Nothing,
        };
    };
    let inside = &text[from + 2..];
    let window = inside
        .char_indices()
        .nth(LONGEST)
        .map_or(inside, |(end, _)| &inside[..end]);
    match window.find("]]") {
        Some(end) => Found::Note {
            from,
            to: from + 2 + end + 2,
        },
        None if window.len() < inside.len() => Found::Brackets { to: from + 2 },
        None => Found::Beginning { from },
    }
}
