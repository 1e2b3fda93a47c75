use std::fmt::Write as _;

/// A sentence with places for values: `A table for {party}.`
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Template(pub(super) Vec<Piece>);

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Piece {
    /// A field of the tool's answer.
    Field(String),
    /// A slot, by its place in the task.
    Slot(usize),
    /// Said as it stands.
    Text(String),
}

impl Template {
    /// Reads a sentence; `slot` knows the slots.
    pub(super) fn parse(text: &str, slot: impl Fn(&str) -> Option<usize>) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((plain, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or("`{` without `}`")?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(plain.to_owned()));
            }
            pieces.push(match slot(name) {
                Some(index) => Piece::Slot(index),
                None => Piece::Field(name.to_owned()),
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// The sentence with its values, or nothing if one is missing.
    pub(super) fn filled(
        &self,
        slot: impl Fn(usize) -> Option<String>,
        field: impl Fn(&str) -> Option<String>,
    ) -> Option<String> {
        let mut sentence = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Field(name) => write!(sentence, "{}", field(name)?).ok()?,
                Piece::Slot(index) => write!(sentence, "{}", slot(*index)?).ok()?,
                Piece::Text(text) => sentence.push_str(text),
            }
        }
        Some(sentence)
    }
}
