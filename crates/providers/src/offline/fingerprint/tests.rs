use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::{Book, Match, Matcher};
use crate::offline::fixtures::{Phrase, caller_phrase, caller_phrases};

const SILENCE: u8 = 0xFF;

fn book() -> Arc<Book> {
    static BOOK: LazyLock<Arc<Book>> = LazyLock::new(|| {
        let phrases = caller_phrases().iter();
        Arc::new(Book::new(
            phrases.map(|phrase| (phrase.text.as_str(), phrase.ulaw)),
        ))
    });
    Arc::clone(&BOOK)
}

/// Everything made out of a stream that arrives in pieces of `piece` bytes.
fn heard(matcher: &mut Matcher, stream: &[u8], piece: usize) -> Vec<Match> {
    stream
        .chunks(piece)
        .flat_map(|piece| matcher.hear(piece))
        .collect()
}

fn phrase(key: &str) -> &'static Phrase {
    caller_phrase(key).expect("a fixture")
}

fn silence(ms: usize) -> Vec<u8> {
    vec![SILENCE; ms * 8]
}

fn whole(text: &str) -> Match {
    Match::Whole {
        text: text.to_owned(),
    }
}

fn cut(text: &str) -> Match {
    Match::Cut {
        text: text.to_owned(),
    }
}

fn cuts(matches: &[Match]) -> usize {
    matches
        .iter()
        .filter(|found| matches!(found, Match::Cut { .. }))
        .count()
}

fn partial(text: &str) -> Match {
    Match::Partial {
        text: text.to_owned(),
    }
}

#[test]
fn every_phrase_is_recognised_at_its_last_frame() {
    let book = book();
    for phrase in caller_phrases() {
        let mut matcher = Matcher::new(Arc::clone(&book));
        let matches = heard(&mut matcher, phrase.ulaw, 160);
        assert_eq!(matches.first(), Some(&Match::Began), "{}", phrase.key);
        assert_eq!(matches.last(), Some(&whole(&phrase.text)), "{}", phrase.key);
        assert!(!matcher.busy());
    }
}

#[test]
fn words_come_one_by_one() {
    let matches = heard(&mut Matcher::new(book()), phrase("stop").ulaw, 160);
    assert_eq!(
        matches,
        [
            Match::Began,
            partial("Stop,"),
            partial("Stop, wait"),
            partial("Stop, wait a"),
            whole("Stop, wait a moment."),
        ]
    );
}

#[test]
fn silence_and_foreign_sound_are_nothing() {
    let mut matcher = Matcher::new(book());
    let noise: Vec<u8> = (0..80_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    assert_eq!(heard(&mut matcher, &noise, 160), []);
    assert_eq!(heard(&mut matcher, &silence(5_000), 160), []);
    assert_eq!(matcher.settle(), None);
}

#[test]
fn a_caller_who_breaks_off_is_told_300_ms_later() {
    let full = phrase("correction").ulaw;
    let mut matcher = Matcher::new(book());
    let begun = heard(&mut matcher, &full[..full.len() / 2], 160);
    assert_eq!(begun.last(), Some(&partial("Actually, make")));
    assert_eq!(heard(&mut matcher, &silence(280), 160), []);
    assert_eq!(
        heard(&mut matcher, &silence(200), 160),
        [cut("Actually, make")]
    );
    assert!(!matcher.busy());
}

#[test]
fn silence_within_a_phrase_is_bridged() {
    let full = phrase("book").ulaw;
    let stream = [&full[..5_000], &silence(200), &full[5_000..]].concat();
    let matches = heard(&mut Matcher::new(book()), &stream, 160);
    assert_eq!(matches.last(), Some(&whole(&phrase("book").text)));
    assert_eq!(cuts(&matches), 0);
}

#[test]
fn a_new_phrase_ends_the_old_one() {
    let old = phrase("book").ulaw;
    let stream = [&old[..old.len() / 2], phrase("yes").ulaw].concat();
    let matches = heard(&mut Matcher::new(book()), &stream, 320);
    assert_eq!(cuts(&matches), 1);
    assert_eq!(matches.last(), Some(&whole("Yes please.")));
}

#[test]
fn the_same_phrase_can_be_said_twice() {
    let twice = [phrase("yes").ulaw, phrase("yes").ulaw].concat();
    let matches = heard(&mut Matcher::new(book()), &twice, 160);
    let wholes = matches
        .iter()
        .filter(|found| **found == whole("Yes please."))
        .count();
    assert_eq!(wholes, 2);
}

#[test]
fn settled_words_are_not_repeated() {
    let full = phrase("stop").ulaw;
    let mut matcher = Matcher::new(book());
    let _ = heard(&mut matcher, &full[..full.len() / 2], 160);
    assert_eq!(matcher.settle(), Some(cut("Stop, wait")));
    assert_eq!(matcher.settle(), Some(cut("")));
    let rest = heard(&mut matcher, &full[full.len() / 2..], 160);
    assert_eq!(rest, [partial("a"), whole("a moment.")]);
}

#[test]
fn the_same_sound_under_two_names_is_not_recognised() {
    let sound = phrase("yes").ulaw;
    let book = Book::new([("yes", sound), ("no", sound)]);
    assert_eq!(heard(&mut Matcher::new(Arc::new(book)), sound, 160), []);
}

#[test]
fn odd_recordings_are_harmless() {
    let long = vec![0x12_u8; 4_000];
    let book = Book::new([("", &[] as &[u8]), ("short", &[1, 2, 3]), ("flat", &long)]);
    assert_eq!(heard(&mut Matcher::new(Arc::new(book)), &long, 160), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn alignment_and_pieces_do_not_matter(
        which in 0..caller_phrases().len(),
        before in 0_usize..2_000,
        piece in 1_usize..3_000,
    ) {
        let phrase = &caller_phrases()[which];
        let stream = [&vec![SILENCE; before], phrase.ulaw, &silence(400)].concat();
        let matches = heard(&mut Matcher::new(book()), &stream, piece);
        prop_assert_eq!(matches.last(), Some(&whole(&phrase.text)));
        prop_assert_eq!(cuts(&matches), 0);
    }
}
