use super::*;
use crate::turns::layer2::stage;

/// What the ear makes of a role's first clip, in 20 ms pieces; `lost` are left out.
fn told(ear: &mut StampEar, clip: u16, slots: u16, lost: &[u16]) -> Vec<Word> {
    let mut told = Vec::new();
    for slot in (0..slots).step_by(2).filter(|slot| !lost.contains(slot)) {
        let mut piece = [0xFF; 2 * SLOT];
        for (half, samples) in (0..).zip(piece.chunks_mut(SLOT)) {
            let slot = slot + half;
            Stamp { clip, slot }.write(samples);
        }
        told.extend(ear.hear(&piece));
    }
    told
}

#[test]
fn words_come_as_they_pass() {
    // "One two three" takes 400 ms.
    let mut ear = StampEar::new(stage::role("One two three", 3_200));
    assert_eq!(told(&mut ear, 0, 20, &[])[0], Word::Began);
    let mut ear = StampEar::new(stage::role("One two three", 3_200));
    let half = told(&mut ear, 0, 20, &[]).pop();
    assert_eq!(half, Some(Word::SoFar("One two".to_owned())));
    assert!(ear.speaks(&[]));
}

#[test]
fn settled_words_are_not_told_again() {
    let mut ear = StampEar::new(stage::role("One two three", 3_200));
    told(&mut ear, 0, 20, &[]);
    assert_eq!(ear.settle().as_deref(), Some("One two"));
    assert_eq!(ear.settle(), None);
    for slot in (20..40).step_by(2) {
        let mut piece = [0xFF; SLOT];
        Stamp { clip: 0, slot }.write(&mut piece);
        ear.hear(&piece);
    }
    let whole = ear.hear(&[0xFF; OVER]).pop();
    assert_eq!(whole, Some(Word::Whole("three".to_owned())));
    assert!(!ear.speaks(&[]));
}

#[test]
fn a_lost_frame_does_not_end_a_phrase() {
    let mut ear = StampEar::new(stage::role("One two three", 3_200));
    let words = told(&mut ear, 0, 40, &[10, 24]);
    let began = words.iter().filter(|word| **word == Word::Began);
    assert_eq!(began.count(), 1);
    let last = words.last();
    assert_eq!(last, Some(&Word::SoFar("One two three".to_owned())));
}

#[test]
fn sound_without_words_is_no_speech() {
    let mut ear = StampEar::new(stage::role("One two three", 3_200));
    assert_eq!(ear.hear(&[0x00; 800]), []);
    assert!(!ear.speaks(&[0x00; 80]));
    assert_eq!(
        told(&mut ear, 0x7FF, 4, &[]),
        [],
        "a clip that nobody knows"
    );
}

#[test]
fn a_phrase_that_is_joined_in_its_middle_has_no_beginning() {
    // "One" ends in slot 9, "two" in slot 21.
    let mut ear = StampEar::new(stage::role("One two three", 3_200));
    let words = told(&mut ear, 0, 40, &(0..14).collect::<Vec<_>>());
    assert_eq!(words.first(), Some(&Word::Began));
    assert_eq!(words.last(), Some(&Word::SoFar("two three".to_owned())));
}
