//! Call scripts of waits: ours are covered, the caller's are granted.

use domain::Millis;

use super::{after_greeting, rules};

#[test]
fn an_opener_covers_a_slow_answer_every_other_turn() {
    let mut rules = rules();
    rules.mask.openers = vec!["Sure.".to_owned(), "Okay.".to_owned()];
    let turn = |at: u32, reply: &str, answer: &str| {
        format!(
            "
            {at}.000  speech
            {at}.950  pause at {at}.900
            {at}.990  settled from {at}.000 to {at}.900 I would like to book a table.
            {then}.600  text {reply} \"With pleasure. \"
            {then}.610  done {reply}
            {then}.650  audio {reply}/{answer} 0.500
            {then}.660  spoken {reply}
            {over}.900  played {reply}-{answer}
        ",
            then = at + 1,
            over = at + 2
        )
    };
    // The opener is the first clause of the first answer.
    let script = [
        turn(1, "r2", "1"),
        turn(5, "r3", "0"),
        "9.000 hang-up\n".to_owned(),
    ]
    .concat();
    insta::assert_snapshot!(after_greeting(rules, &script));
}

#[test]
fn a_yes_or_no_gets_no_opener() {
    let mut rules = rules();
    rules.mask.openers = vec!["Sure.".to_owned(), "Okay.".to_owned()];
    rules.lines.greeting = "Do you want a table?".to_owned();
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        1.000  speech
        1.500  pause at 1.400
        1.550  settled from 1.000 to 1.400 Yes
        2.800  hang-up
    "
    ));
}

#[test]
fn a_tool_that_takes_long_is_covered_again_and_again() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a table.
        2.400  tool r2 c1 book {}
        2.410  done r2
        3.200  audio r2 1.000
        8.300  audio r2/1 1.000
        9.500  answer 1 {}
        9.900  hang-up
    "
    ));
}

#[test]
fn a_slow_model_is_covered_and_given_up_in_the_end() {
    let mut rules = rules();
    rules.mask.give_up_after = Millis(8_000);
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 I would like to book a table.
        3.900  audio r2 1.000
        9.100  audio r2/1 1.000
        12.000 hang-up
    "
    ));
}

#[test]
fn a_caller_who_asks_for_a_moment_gets_it() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 One moment please.
        4.000  audio r2 1.000
        4.010  spoken r2
        5.020  played r2-0
        30.000 speech
        31.100 pause at 31.000
        31.150 settled from 30.000 to 31.000 Here I am again.
        32.000 hang-up
    "
    ));
}

#[test]
fn a_hold_ends_with_a_question() {
    let mut rules = rules();
    rules.lines.hold.clear();
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        1.000  speech
        2.100  pause at 2.000
        2.150  settled from 1.000 to 2.000 One moment please.
        52.000 hang-up
    "
    ));
}

#[test]
fn whoever_makes_a_noise_is_not_asked_whether_he_is_there() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        5.000  noise
        9.000  quiet at 8.900
        16.000 hang-up
    "
    ));
}

#[test]
fn music_puts_the_call_on_hold() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        2.000  noise at 1.500
        20.000 quiet at 19.900
        50.000 speech
        51.100 pause at 51.000
        51.150 settled from 50.000 to 51.000 Hello, thank you for holding.
        52.000 hang-up
    "
    ));
}

#[test]
fn a_menu_is_given_twice_the_time() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        4.100  pause at 4.000
        4.150  settled from 1.000 to 4.000 For opening hours, press one.
        4.600  text r2 \"I see, thank you. \"
        4.610  done r2
        4.700  audio r2 1.000
        4.700  spoken r2
        5.750  played r2-0
        7.000  speech
        9.100  pause at 9.000
        9.150  settled from 7.000 to 9.000 For reservations, press two.
        10.500 hang-up
    "
    ));
}

#[test]
fn the_caller_is_warned_before_the_longest_call_ends() {
    let mut rules = rules();
    rules.end.max_call = Millis(10_000);
    rules.end.warn_before = Some(Millis(5_000));
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        5.100  audio r2 1.000
        5.100  spoken r2
        6.120  played r2-0
        10.100 audio r3 1.000
        10.100 spoken r3
        11.120 played r3-0
    "
    ));
}

#[test]
fn keys_end_by_their_key_their_number_or_a_pause() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  digit 4
        1.500  digit 7
        2.000  digit #
        2.300  text r2 \"Thank you very much. [[expect digits 4]] Please type the digits of your PIN. \"
        2.310  done r2
        2.400  audio r2/0 0.800
        2.400  audio r2/1 1.200
        2.410  spoken r2
        4.420  played r2-1
        5.000  digit 1
        5.300  digit 2
        5.600  digit 3
        5.900  digit 4
        6.100  text r3 \"Thank you. One more number now. \"
        6.110  done r3
        6.200  audio r3 1.000
        6.210  spoken r3
        7.220  played r3-0
        8.000  digit 9
        12.000 hang-up
    "
    ));
}

#[test]
fn secret_keys_reach_the_model_and_no_record() {
    let mut rules = rules();
    rules.dtmf.secret = true;
    let story = after_greeting(
        rules,
        "
        1.000  digit 4
        1.500  digit 7
        2.000  digit #
        2.500  hang-up
    ",
    );
    assert!(!story.contains("47"), "{story}");
    insta::assert_snapshot!(story);
}

#[test]
fn secret_keys_of_a_call_that_ends_meanwhile_are_hidden_too() {
    let mut rules = rules();
    rules.dtmf.secret = true;
    let story = after_greeting(rules, "1.000 digit 4\n1.500 digit 7\n2.000 hang-up\n");
    assert!(!story.contains("47") && story.contains("••"), "{story}");
}

#[test]
fn an_answer_that_the_model_calls_secret_is_in_no_record() {
    let story = after_greeting(
        rules(),
        "
        1.000  utterance Hello.
        1.500  text r2 \"[[expect digits 4 secret]] Please tell me your PIN now. \"
        1.510  done r2
        1.600  audio r2 1.000
        1.600  spoken r2
        2.620  played r2-0
        3.000  utterance four seven one one
        3.900  hang-up
    ",
    );
    let record = story.lines().find(|line| line.contains("record turn 2"));
    assert!(
        record.is_some_and(|record| !record.contains("seven")),
        "{story}"
    );
}

#[test]
fn keys_are_answered_even_while_something_sounds() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.000  digit 1
        2.100  digit #
        2.300  text r2 \"Thank you very much. \"
        2.310  done r2
        2.400  audio r2 1.000
        2.410  spoken r2
        3.420  played r2-0
        5.000  hang-up
    "
    ));
}

#[test]
fn an_opener_without_an_answer_behind_it_is_excused() {
    let mut rules = rules();
    rules.mask.openers = vec!["Sure.".to_owned(), "Okay.".to_owned()];
    insta::assert_snapshot!(after_greeting(
        rules,
        "
        1.000  speech
        1.950  pause at 1.900
        1.990  settled from 1.000 to 1.900 I would like to book a table.
        2.420  audio r2 0.400
        2.600  done r2
        3.500  hang-up
    "
    ));
}

#[test]
fn the_grace_waits_for_a_caller_who_speaks() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.000  pause at 1.950
        2.160  settled from 1.000 to 1.950 Thank you, goodbye.
        2.400  text r2 Goodbye!
        2.450  done r2
        2.600  audio r2/0 1.000
        2.600  spoken r2
        3.450  speech at 3.400
        3.620  played r2-0
        5.100  pause at 5.000
        5.200  settled from 3.400 to 5.000 Wait, what about
        6.000  hang-up
    "
    ));
}

#[test]
fn words_that_come_late_from_the_next_recogniser_are_answered() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        2.000  no-words
        2.100  pause at 2.000
        3.600  audio r2 1.000
        3.600  spoken r2
        4.620  played r2-0
        5.000  words-again
        5.400  settled from 1.000 to 2.000 Tomorrow at eight.
        7.000  hang-up
    "
    ));
}

#[test]
fn speech_beside_keys_is_kept_and_the_keys_win() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  digit 4
        1.200  speech
        1.700  pause at 1.600
        1.750  settled from 1.200 to 1.600 That is four.
        2.100  digit 7
        5.000  hang-up
    "
    ));
}

#[test]
fn a_recogniser_that_is_gone_is_excused_once_it_takes_long() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  no-words
        2.000  words-again
        3.000  no-words
        4.600  audio r2 1.000
        4.600  spoken r2
        5.000  words-again
        5.620  played r2-0
        6.000  hang-up
    "
    ));
}

#[test]
fn an_agent_can_be_changed_while_it_talks() {
    let mut longer = rules();
    longer.end.max_call = Millis(4_000);
    let (mut session, _) = crate::CallSession::answered(std::sync::Arc::new(rules()));
    let before = session.next_deadline();
    let actions = session.handle(
        Millis(10),
        crate::Input::Changed(std::sync::Arc::new(longer)),
    );
    assert!(actions.is_empty());
    assert_ne!(session.next_deadline(), before);
}

#[test]
fn a_cough_after_a_sound_without_words_is_no_long_speech() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        1.000  speech
        1.400  pause at 1.300
        1.600  finalized from 1.000 to 1.500
        5.000  speech
        5.200  pause at 5.100
        7.000  hang-up
    "
    ));
}

#[test]
fn few_words_answer_whatever_asked_for_them() {
    let commit_after = |asked: &str| {
        let script = format!(
            "
            1.000  speech
            2.100  pause at 2.000
            2.150  settled from 1.000 to 2.000 Hello there, it is me again.
            2.400  text r2 \"{asked}\"
            2.450  done r2
            2.500  audio r2/0 0.500
            2.500  spoken r2
            3.020  played r2-0
            4.000  speech
            4.900  pause at 4.800
            5.000  settled from 4.000 to 4.800 the battery
            9.000  hang-up
        "
        );
        let story = after_greeting(rules(), &script);
        let commits = story.lines().filter(|line| line.contains("commit r3"));
        commits.collect::<String>()
    };
    let asked = [
        "It is here.",
        "Which part?",
        "Tell me about it.",
        "It is your turn. [[expect open]]",
    ];
    insta::assert_snapshot!(asked.map(commit_after).join("\n"));
}

#[test]
fn words_that_come_in_batches_are_waited_for_longer_and_answered_once() {
    insta::assert_snapshot!(after_greeting(
        rules(),
        "
        0.600  words-in-batches
        1.000  speech
        2.100  pause at 2.000
        2.400  finalized from 1.000 to 2.000 I want to book a table.
        2.600  speech at 2.500
        3.600  pause at 3.500
        3.900  finalized from 2.500 to 3.500 It is for two.
        4.500  text r2 Sure.
        4.510  done r2
        4.600  audio r2 0.500
        4.600  spoken r2
        5.120  played r2-0
        5.500  no-words
        5.600  words-as-spoken
        5.600  words-again
        6.000  speech
        7.100  pause at 7.000
        7.150  settled from 6.000 to 7.000 Thank you very much.
        8.000  hang-up
    "
    ));
}
