//! Call scripts of models that speak for themselves.

use super::play;

#[test]
fn a_model_speaks_for_itself_around_a_tool() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  utterance Is a table free on Sunday?
        1.500  said r2 Let me
        1.510  audio r2/9 0.600
        1.520  said r2 \" see.\"
        1.530  tool r2 c1 look {}
        1.540  done r2
        1.900  answer 1 free
        2.400  said r2 Yes, it is.
        2.400  audio r2/9 1.000
        2.500  done r2
        2.500  spoken r2
        3.600  played r2-1
        6.000  hang-up
    "
    ), @r#"
    0.000  speak r1/0 "Hello, this is Acme."
    0.000  speak end r1
    0.010  play r1 0.500
    0.010  mark r1-0
    0.520  record turn 0: caller "" heard "Hello, this is Acme."
    1.200  think r2 "Is a table free on Sunday?"
    1.350  commit r2: terminal after 0.350
    1.510  play r2 0.600
    1.540  run tool 1 look {}
    1.900  think r2 "free"
    2.400  mark r2-0
    2.400  play r2 1.000
    2.500  speak end r2
    2.500  mark r2-1
    3.600  record turn 1: caller "Is a table free on Sunday?" heard "Let me see. Yes, it is." gap 0.510
    6.000  hang up: caller_hung_up
    "#);
}

#[test]
fn what_was_heard_of_a_model_that_speaks_for_itself_follows_its_sound() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  utterance When do you open?
        1.500  said r2 \"We open at nine on Sunday. Breakfast is until noon.\"
        1.500  audio r2/9 4.000
        1.600  done r2
        1.600  spoken r2
        3.400  speech
        3.600  words stop
        5.000  hang-up
    "
    ), @r#"
    0.000  speak r1/0 "Hello, this is Acme."
    0.000  speak end r1
    0.010  play r1 0.500
    0.010  mark r1-0
    0.520  record turn 0: caller "" heard "Hello, this is Acme."
    1.200  think r2 "When do you open?"
    1.350  commit r2: terminal after 0.350
    1.500  play r2 4.000
    1.600  speak end r2
    1.600  mark r2-0
    3.400  duck r2 12
    3.600  silence r2 after 2.099
    3.600  cancel r2: barge_in
    3.600  record turn 1: caller "When do you open?" heard "We open at nine on" of "We open at nine on Sunday. Breakfast is until noon." gap 0.500
    5.000  record turn 2: caller "stop" heard ""
    5.000  hang up: caller_hung_up
    "#);
}

#[test]
fn another_model_goes_on_where_one_fell_silent() {
    insta::assert_snapshot!(play(
        "
        0.010  audio r1 0.500
        0.010  spoken r1
        0.520  played r1-0
        1.000  utterance When do you open?
        1.500  said r2 \"We open at\"
        1.500  audio r2/9 0.700
        1.600  half-thought r2
        2.000  text r2 Nine.
        2.000  done r2
        2.100  audio r2/1 0.500
        2.100  spoken r2
        2.900  played r2-1
        4.000  hang-up
    "
    ), @r#"
    0.000  speak r1/0 "Hello, this is Acme."
    0.000  speak end r1
    0.010  play r1 0.500
    0.010  mark r1-0
    0.520  record turn 0: caller "" heard "Hello, this is Acme."
    1.200  think r2 "When do you open?"
    1.350  commit r2: terminal after 0.350
    1.500  play r2 0.700
    1.600  think r2 "[Not said by anyone: the caller has heard these words. Go on with what comes next, and repeat none of them.]"
    2.000  speak r2/1 "Nine."
    2.000  speak end r2
    2.100  mark r2-0
    2.100  play r2 0.500
    2.100  mark r2-1
    2.900  record turn 1: caller "When do you open?" heard "We open at Nine." gap 0.500
    4.000  hang up: caller_hung_up
    "#);
}
