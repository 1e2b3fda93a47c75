use std::collections::BTreeMap;

use crate::{offline::words::words, stt::Listen};

/// The phrases that are listened for, and how each is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Phrasebook {
    written: BTreeMap<Vec<String>, String>,
    longest: usize,
}

impl Phrasebook {
    /// The agent's phrases; none for the model `general`.
    pub(super) fn new(listen: &Listen) -> Self {
        if listen.model == "general" {
            return Self::default();
        }
        let mut written = BTreeMap::new();
        for phrase in &listen.keyterms {
            // As it is pronounced; a number has to be written out for that.
            let pronounced = if phrase.contains(|c: char| c.is_ascii_digit()) {
                words(phrase)
            } else {
                speechlibs::spelled(phrase)
            };
            written
                .entry(pronounced)
                .or_insert_with(|| phrase.trim().to_owned());
        }
        let longest = written.keys().map(Vec::len).max().unwrap_or(0);
        Self { written, longest }
    }

    pub(super) fn phrases(&self) -> Vec<String> {
        self.written.keys().map(|words| words.join(" ")).collect()
    }

    /// What was recognised, as its phrases are written. Words outside of phrases stay as they are.
    pub(super) fn written(&self, recognised: &str) -> String {
        let all: Vec<String> = recognised
            .split_whitespace()
            .map(ToOwned::to_owned)
            .collect();
        let mut rest = &all[..];
        let mut text: Vec<&str> = Vec::new();
        while let Some(first) = rest.first() {
            let longest = self.longest.min(rest.len());
            let found = (1..=longest)
                .rev()
                .find_map(|count| Some((count, self.written.get(&rest[..count])?)));
            let (count, words) = found.map_or((1, first.as_str()), |(count, text)| (count, text));
            text.push(words);
            rest = &rest[count..];
        }
        text.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use domain::Millis;

    use super::*;

    fn book(model: &str) -> Phrasebook {
        let keyterms = ["Yes, please.", "Yes", "Table for 4", "I'd like that!"];
        Phrasebook::new(&Listen {
            model: model.to_owned(),
            language: domain::Language::default(),
            keyterms: keyterms.map(ToOwned::to_owned).to_vec(),
            endpointing: Millis(300),
            utterance_end: Millis::ZERO,
            smart_format: false,
            filler_words: false,
        })
    }

    #[test]
    fn phrases_are_written_as_they_were_given() {
        let book = book("grammar");
        assert_eq!(
            book.phrases(),
            ["i'd like that", "table for four", "yes", "yes please"]
        );
        assert_eq!(
            book.written("yes please table for four"),
            "Yes, please. Table for 4"
        );
        assert_eq!(book.written("i'd like"), "i'd like");
        assert_eq!(book.written(""), "");
    }

    #[test]
    fn the_general_model_has_no_phrases() {
        assert!(book("general").phrases().is_empty());
    }
}
