/// A text, and how much of it was spoken.
#[derive(Debug)]
pub(super) struct Letters {
    text: Vec<char>,
    spoken: usize,
}

impl Letters {
    pub(super) fn of(text: &str) -> Self {
        Self {
            text: text.trim().chars().collect(),
            spoken: 0,
        }
    }

    /// Characters in all.
    pub(super) const fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) const fn is_spoken(&self) -> bool {
        self.spoken >= self.text.len()
    }

    /// Moves on by some letters; how many characters were spoken if a word ends there.
    pub(super) fn speak(&mut self, letters: usize) -> Option<usize> {
        for _letter in 0..letters {
            let space = self.text[self.spoken..]
                .iter()
                .take_while(|c| c.is_whitespace());
            self.spoken = (self.spoken + space.count() + 1).min(self.text.len());
        }
        let ends = self
            .text
            .get(self.spoken)
            .is_none_or(|next| next.is_whitespace());
        ends.then_some(self.spoken)
    }
}
