use proptest::prelude::*;

use super::*;

fn one_clause(text: &str, ms: u64) -> Playout {
    let mut playout = Playout::default();
    let clause = playout.announce(Spoken::verbatim(text.to_owned()));
    playout.add(Millis(1_000), clause, Millis(ms), &[]);
    playout.close_all();
    playout
}

#[test]
fn half_the_audio_is_half_the_words_less_what_is_unsure() {
    let playout = one_clause("one two three four", 1_800);
    assert_eq!(playout.heard_text(0..playout.clauses(), Millis(1_000)), "");
    assert_eq!(
        playout.heard_text(0..playout.clauses(), Millis(2_150)),
        "one two"
    );
    assert_eq!(
        playout.heard_text(0..playout.clauses(), Millis(2_799)),
        "one two three"
    );
    assert_eq!(
        playout.heard_text(0..playout.clauses(), Millis(2_800)),
        "one two three four"
    );
}

#[test]
fn a_starved_line_does_not_count_as_heard() {
    let mut playout = Playout::default();
    let clause = playout.announce(Spoken::verbatim("one two".to_owned()));
    playout.add(Millis(0), clause, Millis(300), &[]);
    playout.add(Millis(1_000), clause, Millis(300), &[]);
    assert_eq!(playout.heard(Millis(900)), Millis(300));
    assert_eq!(playout.heard(Millis(1_100)), Millis(400));
    assert_eq!(playout.ends(), Millis(1_300));
}

#[test]
fn word_times_beat_proportion() {
    let mut playout = Playout::default();
    let clause = playout.announce(Spoken::verbatim("well then".to_owned()));
    let words = [
        WordEnd {
            chars: 4,
            at: Millis(900),
        },
        WordEnd {
            chars: 9,
            at: Millis(1_000),
        },
    ];
    playout.add(Millis(0), clause, Millis(1_000), &words);
    playout.close_all();
    assert_eq!(playout.heard_text(0..playout.clauses(), Millis(899)), "");
    assert_eq!(
        playout.heard_text(0..playout.clauses(), Millis(950)),
        "well"
    );
}

#[test]
fn a_mark_proves_that_a_clause_was_heard() {
    let mut playout = Playout::default();
    let first = playout.announce(Spoken::verbatim("First.".to_owned()));
    let second = playout.announce(Spoken::verbatim("Second.".to_owned()));
    playout.add(Millis(0), first, Millis(500), &[]);
    assert!(!playout.acknowledge(first), "not whole, so no mark was set");
    assert_eq!(playout.add(Millis(0), second, Millis(500), &[]), [first]);
    assert!(playout.acknowledge(first));
    assert_eq!(
        playout.heard_text(0..playout.clauses(), Millis(100)),
        "First."
    );
    assert!(!playout.all_acknowledged());
}

#[test]
fn a_clause_that_broke_off_was_not_heard_whole() {
    let mut playout = Playout::default();
    let clause = playout.announce(Spoken::verbatim("one two three four five six".to_owned()));
    playout.add(Millis(0), clause, Millis(1_000), &[]);
    assert_eq!(playout.abandon(), [clause]);
    assert!(playout.acknowledge(clause));
    assert_eq!(playout.heard_text(0..1, Millis(u64::MAX)), "one two");
}

fn timed(text: &str, ends: &[(usize, u64)]) -> Playout {
    let mut playout = Playout::default();
    let clause = playout.announce(Spoken::verbatim(text.to_owned()));
    let words: Vec<WordEnd> = ends
        .iter()
        .map(|(chars, at)| WordEnd {
            chars: *chars,
            at: Millis(*at),
        })
        .collect();
    playout.add(Millis::ZERO, clause, Millis(2_000), &words);
    playout.close_all();
    playout
}

#[test]
fn what_was_said_in_other_words_counts_when_all_of_it_was_heard() {
    let language = "en".parse().unwrap();
    let mut playout = Playout::default();
    let source = "It costs $12.50 today.".to_owned();
    let spoken = Spoken::of(source.clone(), crate::spoken::Tongue::of(&language));
    let chars = spoken.text().chars().count() as u64;
    let clause = playout.announce(spoken);
    playout.add(Millis::ZERO, clause, Millis(chars * 100), &[]);
    playout.close_all();
    // Three characters are as long as the guess is unsure.
    let heard = |chars: u64| playout.heard_text(0..1, Millis((chars + 3) * 100));
    assert_eq!(heard("It costs twelve dollars".len() as u64), "It costs");
    let price = "It costs twelve dollars and fifty cents".len() as u64;
    assert_eq!(heard(price - 1), "It costs");
    assert_eq!(heard(price), "It costs $12.50");
    assert_eq!(playout.said_text(0..1), source);
}

#[test]
fn a_pause_lets_out_what_is_on_its_way_and_no_more() {
    let mut playout = one_clause("one two three four", 1_800);
    playout.pause(Millis(1_500), Millis(200));
    assert!(playout.is_paused());
    assert_eq!(playout.heard(Millis(1_600)), Millis(600));
    assert_eq!(playout.heard(Millis(9_000)), Millis(700));
    assert_eq!(playout.remaining(Millis(9_000)), Millis(1_100));
    playout.pause(Millis(9_000), Millis(200));
    assert_eq!(playout.heard(Millis(9_900)), Millis(700), "paused already");
}

#[test]
fn a_resumed_reply_repeats_the_word_that_was_cut() {
    let mut playout = one_clause("one two three four", 1_800);
    playout.pause(Millis(1_900), Millis(100));
    // At 1,000 of 1,800 "three" is being said; "one two" ends at 700.
    assert_eq!(playout.resume(Millis(5_000)), Millis(300));
    assert_eq!(playout.ends(), Millis(5_000 + 300 + 800));
    assert_eq!(playout.heard(Millis(5_300)), Millis(1_000), "counted once");
    assert_eq!(playout.heard_text(0..1, Millis(5_300)), "one two");
    assert_eq!(playout.heard(Millis(5_500)), Millis(1_200));
    assert_eq!(
        playout.heard_text(0..1, Millis(6_100)),
        "one two three four"
    );
}

#[test]
fn word_times_say_where_a_resumed_reply_begins() {
    let mut playout = timed("one two three", &[(3, 300), (7, 650), (13, 2_000)]);
    playout.pause(Millis(800), Millis::ZERO);
    assert_eq!(playout.resume(Millis(1_000)), Millis(150));
    let mut playout = timed("one two three", &[(3, 300), (7, 650), (13, 2_000)]);
    playout.pause(Millis(1_900), Millis::ZERO);
    assert_eq!(
        playout.resume(Millis(3_000)),
        Millis(1_000),
        "at most a second"
    );
}

#[test]
fn nothing_is_repeated_where_no_word_was_cut() {
    let mut playout = one_clause("one two three four", 1_800);
    playout.pause(Millis(1_500), Millis(200));
    assert_eq!(
        playout.resume(Millis(1_650)),
        Millis::ZERO,
        "nothing had stopped"
    );
    assert_eq!(playout.ends(), Millis(2_800));
    let mut playout = Playout::default();
    for text in ["One two.", "Three four."] {
        let clause = playout.announce(Spoken::verbatim(text.to_owned()));
        playout.add(Millis::ZERO, clause, Millis(500), &[]);
    }
    playout.pause(Millis(400), Millis(100));
    assert_eq!(
        playout.resume(Millis(2_000)),
        Millis::ZERO,
        "between two clauses"
    );
    assert_eq!(playout.ends(), Millis(2_500));
}

#[test]
fn audio_that_comes_during_a_pause_waits_too() {
    let mut playout = Playout::default();
    let clause = playout.announce(Spoken::verbatim("one two three four".to_owned()));
    playout.add(Millis::ZERO, clause, Millis(500), &[]);
    playout.pause(Millis(300), Millis(200));
    playout.add(Millis(700), clause, Millis(500), &[]);
    assert_eq!(playout.heard(Millis(5_000)), Millis(500));
    let again = playout.resume(Millis(2_000));
    assert_eq!(playout.ends(), Millis(2_500) + again);
    assert_eq!(playout.heard(playout.ends()), Millis(1_000));
}

/// What happens to a reply that is being played.
#[derive(Clone, Debug)]
enum Step {
    Add { clause: u32, length: u64 },
    Pause { ahead: u64 },
    Resume,
}

fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let step = prop_oneof![
        4 => (0u32..4, 1u64..1_500).prop_map(|(clause, length)| Step::Add { clause, length }),
        1 => (0u64..300).prop_map(|ahead| Step::Pause { ahead }),
        1 => Just(Step::Resume),
    ];
    prop::collection::vec((0u64..1_500, step), 0..25)
}

proptest! {
    #[test]
    fn what_was_heard_is_a_beginning_of_what_was_said(
        pieces in prop::collection::vec((0u64..2_000, 0u32..4, 0u64..1_500), 0..20),
        now in 0u64..40_000,
    ) {
        let mut playout = Playout::default();
        for text in ["One two three.", "Four, five?", "Six seven eight nine.", "Ten."] {
            playout.announce(Spoken::verbatim(text.to_owned()));
        }
        let mut at = Millis::ZERO;
        for (wait, clause, length) in pieces {
            at += Millis(wait);
            playout.add(at, ClauseId(clause), Millis(length), &[]);
        }
        let heard = playout.heard(Millis(now));
        prop_assert!(heard <= playout.heard(Millis(now + 1)));
        for clause in &playout.clauses {
            prop_assert!(clause.source().starts_with(clause.heard_text(Millis(now))));
        }
    }

    #[test]
    fn a_pause_loses_nothing_and_nothing_is_heard_twice(steps in steps()) {
        let mut playout = Playout::default();
        for text in ["One two three.", "Four, five?", "Six seven eight nine.", "Ten."] {
            playout.announce(Spoken::verbatim(text.to_owned()));
        }
        let (mut now, mut heard, mut sent) = (Millis::ZERO, Millis::ZERO, Millis::ZERO);
        for (wait, step) in steps {
            now += Millis(wait);
            prop_assert!(playout.heard(now) >= heard, "what was heard stays heard");
            heard = playout.heard(now);
            match step {
                Step::Add { clause, length } => {
                    playout.add(now, ClauseId(clause), Millis(length), &[]);
                    sent += Millis(length);
                }
                Step::Pause { ahead } => playout.pause(now, Millis(ahead)),
                Step::Resume => prop_assert!(playout.resume(now) <= Millis(1_000)),
            }
            prop_assert_eq!(playout.heard(now), heard, "nothing is heard by being sent");
            prop_assert!(heard <= sent);
        }
        playout.resume(now);
        prop_assert_eq!(playout.heard(playout.ends().or_later(now)), sent);
        prop_assert!(playout.remaining(playout.ends()) == Millis::ZERO);
    }

    #[test]
    fn with_word_times_no_word_is_claimed_before_its_end(
        lengths in prop::collection::vec(1u64..600, 1..12),
        now in 0u64..8_000,
    ) {
        let mut text = String::new();
        let (mut at, mut ends) = (0, Vec::new());
        for length in &lengths {
            text.push_str(if text.is_empty() { "word" } else { " word" });
            at += length;
            ends.push((text.len(), at));
        }
        let mut playout = Playout::default();
        let clause = playout.announce(Spoken::verbatim(text));
        let words: Vec<WordEnd> = ends
            .iter()
            .map(|(chars, at)| WordEnd { chars: *chars, at: Millis(*at) })
            .collect();
        playout.add(Millis::ZERO, clause, Millis(at + 50), &words);
        let claimed = playout.heard_text(0..1, Millis(now)).split_whitespace().count();
        let ended = words.iter().filter(|word| word.at <= Millis(now)).count();
        prop_assert_eq!(claimed, ended);
    }
}
