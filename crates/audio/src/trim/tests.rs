use proptest::prelude::*;

use super::*;
use crate::g711::ulaw;

const SOUND: u8 = 0x20;

fn silence(ms: usize) -> Vec<u8> {
    vec![ulaw::SILENCE; ms * BYTES_PER_MS]
}

fn sound(ms: usize) -> Vec<u8> {
    vec![SOUND; ms * BYTES_PER_MS]
}

/// The clauses of one reply, trimmed in pieces of this length.
fn trimmed(clauses: &[Vec<u8>], length: usize) -> Vec<(Vec<u8>, Vec<Cut>)> {
    let mut trim = Trim::default();
    trim.begin_reply();
    let mut trimmed = Vec::new();
    for clause in clauses {
        trim.begin_clause();
        let (mut out, mut cuts) = (Vec::new(), Vec::new());
        for piece in clause.chunks(length) {
            trim.push(piece, &mut out, &mut cuts);
        }
        trim.end_clause(&mut out);
        trimmed.push((out, cuts));
    }
    trimmed
}

#[test]
fn only_twenty_milliseconds_stay_in_front_of_a_reply() {
    let clause = [silence(200), sound(100)].concat();
    let cut = Cut {
        at_ms: 20,
        cut_ms: 180,
    };
    for length in [1, 7, 160, 10_000] {
        let trimmed = trimmed(std::slice::from_ref(&clause), length);
        assert_eq!(trimmed[0].0, [silence(20), sound(100)].concat());
        assert_eq!(trimmed[0].1, [cut]);
    }
}

#[test]
fn pauses_are_at_most_a_quarter_of_a_second() {
    let clause = [sound(100), silence(600), sound(50), silence(250), sound(50)].concat();
    let trimmed = trimmed(&[clause], 160);
    let expected = [sound(100), silence(250), sound(50), silence(250), sound(50)].concat();
    assert_eq!(trimmed[0].0, expected);
    assert_eq!(
        trimmed[0].1,
        [Cut {
            at_ms: 350,
            cut_ms: 350
        }]
    );
}

#[test]
fn a_pause_goes_on_from_one_clause_to_the_next() {
    let first = [sound(100), silence(200)].concat();
    let second = [silence(200), sound(100)].concat();
    let trimmed = trimmed(&[first.clone(), second], 160);
    assert_eq!(trimmed[0], (first, vec![]));
    // 50 ms are left of the pause, the first clause having had 200.
    assert_eq!(trimmed[1].0, [silence(50), sound(100)].concat());
    assert_eq!(
        trimmed[1].1,
        [Cut {
            at_ms: 50,
            cut_ms: 150
        }]
    );
}

#[test]
fn a_new_reply_begins_anew() {
    let mut trim = Trim::default();
    let (mut out, mut cuts) = (Vec::new(), Vec::new());
    trim.push(&sound(10), &mut out, &mut cuts);
    trim.begin_reply();
    out.clear();
    trim.push(&[silence(100), sound(10)].concat(), &mut out, &mut cuts);
    assert_eq!(out, [silence(20), sound(10)].concat());
}

#[test]
fn silence_alone_is_no_clause() {
    assert_eq!(trimmed(&[silence(500)], 160)[0], (silence(20), vec![]));
}

#[test]
fn what_is_quiet_is_fifty_below_full_scale() {
    let peak = |code: u8| f32::from(ulaw::decode(code).unsigned_abs());
    let line = 32_768.0 * 10f32.powf(-49.9 / 20.0);
    for code in 0..=u8::MAX {
        assert_eq!(
            is_quiet(code),
            peak(code) <= line,
            "{code:#X} {}",
            peak(code)
        );
    }
}

#[test]
fn speech_passes_as_it_is() {
    let mut trim = Trim::default();
    assert!(!trim.pass(&silence(30)), "a reply begins at once");
    assert!(trim.pass(&[sound(40), silence(100), sound(40)].concat()));
    assert!(trim.pass(&silence(200)));
    assert!(!trim.pass(&silence(60)), "that is too long a pause");
}

proptest! {
    /// A piece that may pass whole is the same as one that was pushed.
    #[test]
    fn passing_is_pushing(runs in proptest::collection::vec((any::<bool>(), 1_usize..3_000), 1..12)) {
        let (mut pushed, mut passed) = (Trim::default(), Trim::default());
        let (mut out, mut cuts) = (Vec::new(), Vec::new());
        let (mut out_passed, mut cuts_passed) = (Vec::new(), Vec::new());
        for runs in runs.chunks(2) {
            let piece: Vec<u8> = runs
                .iter()
                .flat_map(|(loud, length)| vec![if *loud { SOUND } else { ulaw::SILENCE }; *length])
                .collect();
            pushed.push(&piece, &mut out, &mut cuts);
            if passed.pass(&piece) {
                out_passed.extend_from_slice(&piece);
            } else {
                passed.push(&piece, &mut out_passed, &mut cuts_passed);
            }
            prop_assert_eq!(&out, &out_passed);
            prop_assert_eq!(&cuts, &cuts_passed);
            prop_assert_eq!(pushed.pending(), passed.pending());
        }
    }

    #[test]
    fn sound_is_never_cut_and_cuts_add_up(
        runs in prop::collection::vec((any::<bool>(), 0..4_000usize), 0..12),
        length in 1..900usize,
    ) {
        let code = |loud| if loud { SOUND } else { ulaw::SILENCE };
        let clause: Vec<u8> =
            runs.iter().flat_map(|&(loud, bytes)| vec![code(loud); bytes]).collect();
        let loud = |codes: &[u8]| codes.iter().filter(|code| **code == SOUND).count();
        let (out, cuts) = trimmed(std::slice::from_ref(&clause), length).remove(0);
        prop_assert_eq!(loud(&out), loud(&clause));
        let cut: u32 = cuts.iter().map(|cut| cut.cut_ms).sum();
        let ends_silent = clause.iter().rev().take_while(|code| **code != SOUND).count();
        let kept = clause.len() - cut as usize * BYTES_PER_MS;
        // Silence at the end may be cut without a word about it; a cut is rounded to whole ms.
        prop_assert!(out.len() <= kept && out.len() + ends_silent + runs.len() * BYTES_PER_MS >= kept);
        prop_assert_eq!(&trimmed(&[clause], 160)[0].0, &out);
    }
}
