use super::*;

fn interim(text: &str) -> Words {
    Words {
        text: text.to_owned(),
        ..Words::default()
    }
}

fn settled(text: &str) -> Words {
    Words {
        settled: true,
        ..interim(text)
    }
}

fn about(words: Words, from: u64, until: u64) -> Words {
    Words {
        span: Some(Span {
            from: Millis(from),
            until: Millis(until),
        }),
        ..words
    }
}

#[test]
fn settled_words_add_up_and_interim_words_replace() {
    let mut turn = CallerTurn::default();
    assert!(turn.hear(Millis(1), &interim("I wo")));
    assert!(turn.hear(Millis(2), &interim("I would")));
    assert!(turn.hear(Millis(3), &settled("I would like")));
    assert!(turn.hear(Millis(4), &interim("a table")));
    assert_eq!(turn.text(), "I would like a table");
    assert!(
        !turn.hear(Millis(5), &settled("a table.")),
        "only the full stop is new"
    );
    assert_eq!(turn.text(), "I would like a table.");
}

#[test]
fn the_settled_form_of_an_answered_turn_opens_no_new_one() {
    let mut turn = CallerTurn::default();
    turn.hear(Millis(1), &settled("I would like"));
    turn.hear(Millis(2), &interim("a table"));
    turn.close();
    assert!(!turn.hear(Millis(3), &settled("A table.")));
    assert!(turn.is_empty());
    assert!(turn.hear(Millis(4), &settled("For two.")));
}

#[test]
fn words_about_answered_sound_open_no_new_turn() {
    let mut turn = CallerTurn::default();
    turn.speech_started(Millis(100));
    turn.speech_stopped(Millis(1_000));
    turn.close();
    assert!(!turn.hear(
        Millis(1_900),
        &about(settled("a table for two"), 100, 1_050)
    ));
    assert!(turn.hear(Millis(2_900), &about(settled("Hello?"), 2_000, 2_500)));
}

#[test]
fn without_a_voice_the_words_are_the_clock() {
    let mut turn = CallerTurn::default();
    turn.hear(Millis(9_000), &settled("Hello."));
    assert_eq!(turn.quiet_since(), Some(Millis(9_000)));
    assert!(turn.is_covered());
}

#[test]
fn a_voice_that_goes_on_holds_the_turn_open() {
    let mut turn = CallerTurn::default();
    turn.speech_started(Millis(100));
    turn.hear(Millis(900), &settled("Hello."));
    assert_eq!(turn.quiet_since(), None);
    turn.utterance_over(Millis(2_000));
    assert!(turn.is_covered() && turn.quiet_since().is_some());
}

#[test]
fn words_cover_the_sound_they_are_about() {
    let mut turn = CallerTurn::default();
    turn.speech_started(Millis(100));
    turn.hear(Millis(900), &about(settled("I would like"), 100, 800));
    turn.speech_stopped(Millis(1_500));
    assert!(!turn.is_covered(), "more was said since");
    turn.hear(Millis(1_600), &about(interim("a table"), 800, 1_400));
    assert!(turn.is_covered(), "the last word may end a little early");
}

#[test]
fn words_go_when_their_sound_turns_out_to_be_foreign() {
    let mut turn = CallerTurn::default();
    turn.speech_started(Millis(100));
    turn.speech_stopped(Millis(1_000));
    turn.hear(Millis(1_200), &about(settled("A table."), 100, 1_000));
    turn.hear(Millis(1_800), &about(interim("And now"), 1_300, 1_700));
    let told = [0, 1, 2].map(|piece| {
        turn.ignore(Span {
            from: Millis(1_300 + piece * 480),
            until: Millis(1_780 + piece * 480),
        })
    });
    assert_eq!(told.map(|disowned| disowned.words), [true, false, false]);
    assert_eq!(turn.text(), "A table.");
    assert!(turn.is_settled());
}

#[test]
fn foreign_words_settle_nothing_of_the_callers() {
    let mut turn = CallerTurn::default();
    turn.hear(Millis(1_500), &about(interim("And now"), 1_000, 1_400));
    turn.ignore(Span {
        from: Millis(1_100),
        until: Millis(2_000),
    });
    assert!(!turn.hear(
        Millis(2_300),
        &about(settled("And now the news."), 1_000, 2_000)
    ));
    assert!(turn.is_empty(), "{}", turn.text());
}

#[test]
fn foreign_words_settle_what_was_the_callers_before_them() {
    let mut turn = CallerTurn::default();
    turn.speech_started(Millis(1_000));
    turn.speech_stopped(Millis(1_400));
    turn.hear(Millis(1_500), &about(interim("A table"), 1_000, 1_400));
    turn.ignore(Span {
        from: Millis(1_600),
        until: Millis(3_000),
    });
    let news = about(settled("A table and now the news."), 1_000, 3_000);
    assert!(!turn.hear(Millis(3_300), &news));
    assert_eq!(turn.text(), "A table");
    assert!(turn.is_settled() && turn.is_covered());
}

#[test]
fn words_of_somebody_else_are_dropped_however_long_the_silence_after_them() {
    let mut turn = CallerTurn::default();
    turn.ignore(Span {
        from: Millis(1_000),
        until: Millis(1_300),
    });
    assert!(!turn.hear(Millis(2_100), &about(settled("Yes."), 1_000, 1_950)));
    assert!(turn.is_empty());
}

#[test]
fn a_turn_that_loses_its_last_word_is_as_new() {
    let mut turn = CallerTurn::default();
    turn.speech_started(Millis(1_000));
    let words = Words {
        ends_utterance: true,
        ..about(settled("And now the news."), 1_000, 1_900)
    };
    turn.hear(Millis(1_950), &words);
    assert!(turn.may_speculate());
    turn.taken_back();
    turn.speech_stopped(Millis(2_000));
    let disowned = turn.ignore(Span {
        from: Millis(1_000),
        until: Millis(2_000),
    });
    assert_eq!(
        disowned,
        Disowned {
            words: true,
            sound: true
        }
    );
    assert_eq!(turn.onset(), None);
    assert_eq!((turn.speculations(), turn.times_taken_back()), (0, 0));
    turn.speech_started(Millis(2_050));
    turn.speech_stopped(Millis(2_110));
    assert!(!turn.is_covered(), "the foreign words cover nothing");
    turn.hear(Millis(2_300), &about(settled("Hello."), 2_050, 2_110));
    assert!(!turn.is_over_for_provider());
}

#[test]
fn a_sound_of_the_callers_survives_the_words_of_somebody_else() {
    let mut turn = CallerTurn::default();
    turn.hear(Millis(1_000), &about(interim("And now"), 500, 900));
    turn.speech_started(Millis(1_500));
    turn.ignore(Span {
        from: Millis(400),
        until: Millis(1_000),
    });
    assert!(turn.is_empty() && turn.is_speaking());
    assert_eq!(turn.onset(), Some(Millis(1_500)));
    turn.speech_stopped(Millis(1_900));
    assert!(turn.awaits_words());
}

#[test]
fn words_are_counted_as_they_are_joined() {
    let mut turn = CallerTurn::default();
    assert_eq!(turn.word_count(), 0);
    turn.hear(Millis(1), &settled("I would  like"));
    turn.hear(Millis(2), &interim("a table"));
    turn.press('5');
    assert_eq!(turn.word_count(), turn.text().split_whitespace().count());
    assert_eq!(turn.word_count(), 7);
}

#[test]
fn words_whose_settled_form_was_lost_stay_as_they_were() {
    let mut turn = CallerTurn::default();
    turn.hear(Millis(900), &about(interim("I want a"), 100, 800));
    // The settled words of that sound never come; the next ones are about later sound.
    assert!(turn.hear(Millis(1_900), &about(settled("for two."), 1_200, 1_800)));
    assert_eq!(turn.text(), "I want a for two.");
    turn.hear(Millis(2_900), &about(interim("at nine"), 2_000, 2_800));
    assert!(!turn.hear(Millis(3_300), &about(settled(""), 3_200, 3_200)));
    assert_eq!(turn.text(), "I want a for two. at nine");
    assert!(turn.is_settled());
    turn.hear(Millis(4_900), &about(interim("or"), 4_000, 4_800));
    turn.hear(Millis(5_900), &about(interim("ten"), 5_000, 5_800));
    assert_eq!(turn.text(), "I want a for two. at nine or ten");
}

#[test]
fn a_word_that_was_taken_back_is_gone_whatever_comes_later() {
    let since = |words: Words, begins: u64| Words {
        begins: Some(Millis(begins)),
        ..words
    };
    for later in [settled("A table."), interim("A table")] {
        let mut turn = CallerTurn::default();
        turn.hear(Millis(900), &since(about(interim("uh"), 400, 800), 100));
        let text = later.text.clone();
        assert!(turn.hear(Millis(2_000), &since(about(later, 1_200, 1_900), 100)));
        assert_eq!(turn.text(), text, "all of it was heard again");
    }
    let mut turn = CallerTurn::default();
    turn.hear(Millis(900), &since(about(interim("I want"), 400, 800), 100));
    let later = since(about(settled("a table."), 1_200, 1_900), 800);
    assert!(turn.hear(Millis(2_000), &later));
    assert_eq!(turn.text(), "I want a table.", "only later sound was heard");
}

#[test]
fn a_recogniser_may_change_its_mind_and_settle_nothing() {
    let mut turn = CallerTurn::default();
    turn.hear(Millis(900), &about(interim("uh"), 100, 800));
    turn.hear(Millis(1_300), &about(settled(""), 0, 1_200));
    assert!(turn.is_empty());
}

#[test]
fn foreign_sound_leaves_no_words_and_no_silence_behind() {
    let mut turn = CallerTurn::default();
    turn.speech_started(Millis(100));
    turn.speech_stopped(Millis(1_000));
    turn.hear(Millis(1_200), &about(settled("A table."), 100, 1_000));
    turn.speech_started(Millis(1_300));
    turn.ignore(Span {
        from: Millis(1_300),
        until: Millis(2_000),
    });
    assert_eq!(turn.quiet_since(), Some(Millis(1_000)));
    assert!(turn.is_covered());
    assert!(!turn.hear(Millis(2_100), &about(settled("the news"), 1_350, 1_900)));
    assert_eq!(turn.text(), "A table.");
}

#[test]
fn a_turn_that_was_cut_in_on_is_one_again() {
    let mut turn = CallerTurn::default();
    turn.speech_started(Millis(100));
    turn.hear(Millis(900), &settled("I would like a table"));
    turn.speech_stopped(Millis(900));
    turn.close();
    turn.speech_started(Millis(1_500));
    turn.reopen("I would like a table", Some(Millis(100)), 1);
    turn.hear(Millis(2_400), &settled("for two."));
    assert_eq!(turn.text(), "I would like a table for two.");
    assert_eq!(turn.onset(), Some(Millis(100)));
    assert_eq!(turn.times_taken_back(), 1);
}

#[test]
fn a_gist_has_no_fillers_and_keeps_every_digit() {
    let lists = crate::words::lists(&domain::Language::default());
    assert_eq!(gist("Um, I want, uh, that.", lists), "i want that");
    assert_eq!(gist("five one two two", lists), "five one two two");
    assert_eq!(gist("Um, that.", None), "um that");
}

#[test]
fn a_recogniser_that_tells_all_of_a_turn_repeats_nothing_that_was_answered() {
    let mut turn = CallerTurn::default();
    turn.speech_started(Millis(100));
    turn.hear(Millis(900), &about(interim("I want a table"), 100, 900));
    turn.speech_stopped(Millis(900));
    turn.close();
    turn.speech_started(Millis(1_500));
    let more = about(interim("I want a table, for two"), 100, 2_000);
    assert!(turn.hear(Millis(2_000), &more));
    assert_eq!(turn.text(), "for two");
    turn.speech_stopped(Millis(2_000));
    turn.close();
    turn.speech_started(Millis(2_500));
    let all = about(settled("I want a table, for two. On Friday."), 100, 3_000);
    assert!(turn.hear(Millis(3_000), &all));
    assert_eq!(turn.text(), "On Friday.");
}

#[test]
fn a_new_turn_may_begin_with_the_words_of_the_last() {
    let mut turn = CallerTurn::default();
    turn.speech_started(Millis(100));
    turn.hear(Millis(900), &about(interim("I want"), 100, 900));
    turn.speech_stopped(Millis(900));
    turn.close();
    turn.speech_started(Millis(3_000));
    turn.hear(
        Millis(3_900),
        &about(interim("I want a table"), 3_000, 3_900),
    );
    assert_eq!(turn.text(), "I want a table");
}

#[test]
fn words_of_no_length_yet_are_replaced_by_what_they_become() {
    let mut turn = CallerTurn::default();
    turn.hear(Millis(900), &about(interim("W"), 800, 800));
    turn.hear(Millis(1_300), &about(interim("When"), 800, 1_200));
    assert_eq!(turn.text(), "When");
}
