use super::{super::super::ear::LevelEar, *};

/// 100 ms of sound, and of silence.
const SOUND: [u8; 800] = [0x00; 800];
const SILENCE: [u8; 800] = [0xff; 800];

fn turns(eager: Option<f64>) -> Turns {
    let options = Options {
        eager,
        over: 0.7,
        timeout: 2_000 * BYTES_PER_MS,
        multi: false,
    };
    Turns::new(
        options,
        Box::new(LevelEar::saying("Hello there.".to_owned())),
        1_000,
    )
}

/// What is said of a call: `+` is a tenth of a second of sound, `-` of silence.
fn play(turns: &mut Turns, sounds: &str) -> String {
    let mut said = Vec::new();
    for sound in sounds.chars() {
        turns.hear(if sound == '+' { &SOUND } else { &SILENCE }, &mut said);
    }
    let shown = said
        .iter()
        .filter(|said| said.event != Event::Update)
        .map(|said| {
            let words: Vec<&str> = said.words.iter().map(|word| word.word.as_str()).collect();
            let at = said.end / BYTES_PER_MS;
            format!("{at} {:?} {} {}", said.event, said.index, words.join(" "))
        });
    shown.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_turn_begins_with_its_words_and_ends_with_silence() {
    let mut turns = turns(Some(0.4));
    assert_eq!(
        play(&mut turns, "+++--------+--------"),
        "400 StartOfTurn 0 Hello there.\n\
         700 EagerEndOfTurn 0 Hello there.\n\
         1000 EndOfTurn(Model) 0 Hello there.\n\
         1300 StartOfTurn 1 Hello there.\n\
         1600 EagerEndOfTurn 1 Hello there.\n\
         1900 EndOfTurn(Model) 1 Hello there."
    );
}

#[test]
fn an_eager_end_is_taken_back_when_the_caller_goes_on() {
    let mut turns = turns(Some(0.4));
    assert_eq!(
        play(&mut turns, "+-----+-------"),
        "200 StartOfTurn 0 Hello there.\n\
         500 EagerEndOfTurn 0 Hello there.\n\
         610 TurnResumed 0 Hello there.\n\
         1100 EagerEndOfTurn 0 Hello there. Hello there.\n\
         1400 EndOfTurn(Model) 0 Hello there. Hello there."
    );
}

#[test]
fn a_turn_is_ended_on_demand_or_after_its_time() {
    let mut said = Vec::new();
    let mut turns = turns(None);
    turns.force(&mut said);
    assert!(said.is_empty(), "there is no turn");
    play(&mut turns, "+--");
    turns.force(&mut said);
    assert_eq!(said[0].event, Event::EndOfTurn(Trigger::Manual));

    turns.options.over = 1.0;
    assert_eq!(
        play(&mut turns, "+--------------------"),
        "500 StartOfTurn 1 Hello there.\n2400 EndOfTurn(Timeout) 1 Hello there."
    );
}

#[test]
fn updates_come_whether_or_not_anybody_speaks() {
    let mut turns = turns(None);
    let mut said = Vec::new();
    for _ in 0..10 {
        turns.hear(&SILENCE, &mut said);
    }
    let ends: Vec<u64> = said.iter().map(|said| said.end / BYTES_PER_MS).collect();
    assert_eq!(ends, [250, 500, 750, 1_000]);
    assert!(
        said.iter()
            .all(|said| said.event == Event::Update && said.words.is_empty())
    );
}
