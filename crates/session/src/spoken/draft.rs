use super::{Anchor, How, narrow};

/// The spoken text in the making, and what of the source each stretch of it stands for.
#[derive(Debug, Default)]
pub(super) struct Draft {
    text: String,
    chars: usize,
    anchors: Vec<Anchor>,
    /// Bytes of the source that were dealt with.
    source: usize,
    /// Where the gap begins in the source.
    gap_from: usize,
    gap: Gap,
    tail: Tail,
}

/// What stands between the text so far and the next of it. Nothing is written before there is a
/// next, so that no space is left at the ends or before a comma.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Gap {
    #[default]
    None,
    Space,
    /// A new line: what stands before it ends a sentence.
    Line,
}

/// What the text so far ends with.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Tail {
    #[default]
    Letters,
    /// Words of ours, which keep their distance from what follows.
    Words,
}

impl Draft {
    /// Takes text over as it is.
    pub(super) fn copy(&mut self, text: &str) {
        let Some(first) = text.chars().next() else {
            return;
        };
        if text == "."
            && self.gap == Gap::None
            && self.tail == Tail::Words
            && self.text.ends_with('.')
        {
            // "p.m." at the end of a sentence has one full stop.
            return self.skip(text.len());
        }
        self.close_gap(first);
        if self.tail == Tail::Words && first.is_alphanumeric() {
            self.push(" ");
            self.anchor(How::Reworded);
        }
        self.tail = Tail::Letters;
        self.source += text.len();
        self.push(text);
        self.anchor(How::Copied);
    }

    /// Says `length` bytes of the source in words.
    pub(super) fn say(&mut self, length: usize, words: &str) {
        let Some(first) = words.chars().next() else {
            return self.skip(length);
        };
        self.close_gap(first);
        let apart = self.tail == Tail::Words || self.text.ends_with(char::is_alphanumeric);
        if first.is_alphanumeric() && apart {
            self.push(" ");
        }
        self.tail = Tail::Words;
        self.source += length;
        self.push(words);
        self.anchor(How::Reworded);
    }

    /// Leaves out `length` bytes of the source.
    pub(super) fn skip(&mut self, length: usize) {
        self.source += length;
        if self.gap == Gap::None {
            self.anchor(How::Reworded);
        }
    }

    /// Goes over white space, or something that stands for it.
    pub(super) fn space(&mut self, length: usize) {
        self.open_gap(Gap::Space, length);
    }

    /// Goes over the end of a line.
    pub(super) fn line_end(&mut self, length: usize) {
        self.open_gap(Gap::Line, length);
    }

    /// Ends a sentence that has no mark at its end.
    pub(super) fn full_stop(&mut self) {
        if self
            .text
            .ends_with(|last: char| last.is_alphanumeric() || matches!(last, ')' | '"'))
        {
            self.push(".");
            self.anchor(How::Reworded);
        }
    }

    pub(super) fn finish(mut self) -> (String, Vec<Anchor>) {
        self.anchor(How::Reworded);
        (self.text, self.anchors)
    }

    fn open_gap(&mut self, gap: Gap, length: usize) {
        if self.gap == Gap::None {
            self.gap_from = self.source;
        }
        if self.gap != Gap::Line {
            self.gap = gap;
        }
        self.source += length;
    }

    /// Writes what is due before `next`, with which the spoken text goes on.
    fn close_gap(&mut self, next: char) {
        let gap = std::mem::take(&mut self.gap);
        let tight = matches!(next, ',' | '.' | '?' | '!' | ';' | ':' | ')');
        match gap {
            Gap::None => return,
            Gap::Line if !self.text.is_empty() => {
                let end = std::mem::replace(&mut self.source, self.gap_from);
                self.full_stop();
                self.source = end;
            }
            Gap::Line | Gap::Space => {}
        }
        self.tail = Tail::Letters;
        if self.text.is_empty() || tight {
            return self.anchor(How::Reworded);
        }
        self.push(" ");
        let one_for_one = self.source == self.gap_from + 1 && gap == Gap::Space;
        self.anchor(if one_for_one {
            How::Copied
        } else {
            How::Reworded
        });
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.chars += text.chars().count();
    }

    /// Notes that the text so far stands for the source so far.
    fn anchor(&mut self, how: How) {
        let here = Anchor {
            spoken: narrow(self.chars),
            source: narrow(self.source),
            how,
        };
        match self.anchors.last_mut() {
            Some(last) if last.how == How::Copied && how == How::Copied => *last = here,
            Some(last) if last.how == How::Reworded && last.spoken == here.spoken => {
                last.source = here.source;
            }
            Some(_) | None => self.anchors.push(here),
        }
    }
}
