use domain::Language;

use super::*;

/// Plays what was heard, at each deadline too, until nothing is left or everything is known: every
/// verdict with its time.
fn verdicts(heard: &[(u64, PickupInput)]) -> Vec<(u64, PickedUpBy)> {
    let mut pickup = Pickup::new(crate::Rules::defaults(&Language::default()).amd);
    let mut found = Vec::new();
    let mut heard = heard.iter().peekable();
    loop {
        let due = pickup.next_deadline();
        let next = heard.next_if(|(at, _)| due.is_none_or(|due| Millis(*at) <= due));
        let (at, input) = match (next, due) {
            (Some((at, input)), _) => (Millis(*at), input.clone()),
            (None, Some(due)) => (due, PickupInput::Tick),
            (None, None) => return found,
        };
        found.extend(pickup.handle(at, input).map(|verdict| (at.0, verdict)));
    }
}

fn speech(from: u64, until: u64) -> [(u64, PickupInput); 2] {
    [
        (from, PickupInput::SpeechStarted { at: Millis(from) }),
        (until, PickupInput::SpeechStopped { at: Millis(until) }),
    ]
}

fn words(at: u64, text: &str) -> [(u64, PickupInput); 1] {
    let text = text.to_owned();
    let settled = true;
    [(at, PickupInput::Words { text, settled })]
}

fn beep(until: u64) -> [(u64, PickupInput); 1] {
    [(
        until,
        PickupInput::Beep {
            until: Millis(until),
        },
    )]
}

fn told(at: u64, who: Who) -> [(u64, PickupInput); 1] {
    [(at, PickupInput::ModelSays(who))]
}

#[test]
fn a_short_hello_is_answered_soon() {
    let answer = verdicts(&speech(800, 1_300));
    assert_eq!(answer, [(1_800, PickedUpBy::Human)]);
    let (at, _) = answer[0];
    assert!(at - 1_300 <= 1_200, "people hang up on silence");
}

#[test]
fn two_hellos_are_one_greeting() {
    let heard = [speech(800, 1_300), speech(1_600, 2_100)].concat();
    assert_eq!(verdicts(&heard), [(2_600, PickedUpBy::Human)]);
}

#[test]
fn machines_are_known_by_what_they_say() {
    for text in [
        "Hi, you've reached Anna. Please leave a message after the tone.",
        "The person you are calling is not available",
        "Your call has been forwarded to voicemail",
        "Ha llamado al buzón de voz, deje su mensaje después de la señal",
        "Bitte hinterlassen Sie eine Nachricht nach dem Signalton",
        "Laissez un message après le bip",
        "Deixe uma mensagem após o sinal",
    ] {
        let heard = [&speech(500, 6_000)[..1], &words(4_000, text)[..]].concat();
        assert_eq!(verdicts(&heard), [(4_000, PickedUpBy::Machine)], "{text}");
    }
}

#[test]
fn a_long_greeting_that_waits_for_an_answer_is_a_person() {
    for text in [
        "Good morning and thank you for calling the dental practice of Brown. How can I help you?",
        "Good morning and thank you for calling the dental practice, this is Anna speaking",
        "Buenos días, clínica dental Moreno y asociados, le atiende Carmen, dígame",
        "Praxis Doktor Braun, guten Tag, was kann ich für Sie tun",
    ] {
        let heard = [&speech(500, 5_000)[..], &words(5_250, text)[..]].concat();
        assert_eq!(verdicts(&heard), [(6_000, PickedUpBy::Human)], "{text}");
    }
}

#[test]
fn a_model_is_asked_when_the_rules_cannot_tell() {
    let text = "Hello this number belongs to the Brown family and we are out in the garden";
    let asked = (6_000, PickedUpBy::AskModel(text.to_owned()));
    let heard = [&speech(500, 5_000)[..], &words(5_250, text)[..]].concat();
    for (then, verdict) in [
        (
            &told(6_700, Who::Person)[..],
            vec![(6_700, PickedUpBy::Human)],
        ),
        (
            &told(6_700, Who::Machine)[..],
            vec![
                (6_700, PickedUpBy::Machine),
                (9_000, PickedUpBy::MessageNow),
            ],
        ),
        (&[][..], vec![(20_000, PickedUpBy::Uncertain)]),
        (
            &beep(6_500)[..],
            vec![
                (6_500, PickedUpBy::Machine),
                (6_800, PickedUpBy::MessageNow),
            ],
        ),
    ] {
        let expected = [vec![asked.clone()], verdict].concat();
        assert_eq!(verdicts(&[&heard[..], then].concat()), expected, "{then:?}");
    }
}

#[test]
fn late_words_of_a_long_greeting_are_waited_for() {
    let heard = [&speech(500, 5_000)[..], &words(7_500, "Who is this?")[..]].concat();
    assert_eq!(verdicts(&heard), [(7_500, PickedUpBy::Human)]);
}

#[test]
fn the_message_begins_after_the_last_beep() {
    let greeting = words(3_000, "please leave a message");
    for (heard, verdict) in [
        (
            [&speech(500, 5_000)[..], &beep(5_600)].concat(),
            vec![(5_900, PickedUpBy::MessageNow)],
        ),
        (
            [
                &speech(500, 4_000)[..],
                &beep(4_200),
                &speech(4_400, 6_000),
                &beep(6_500),
            ]
            .concat(),
            vec![(6_800, PickedUpBy::MessageNow)],
        ),
        (
            speech(500, 5_000).to_vec(),
            vec![(9_000, PickedUpBy::MessageNow)],
        ),
    ] {
        let mut heard = [&heard[..], &greeting].concat();
        heard.sort_by_key(|(at, _)| *at);
        let expected = [vec![(3_000, PickedUpBy::Machine)], verdict].concat();
        assert_eq!(verdicts(&heard), expected, "{heard:?}");
    }
}

#[test]
fn silence_and_endless_speech_tell_nothing() {
    assert_eq!(verdicts(&[]), [(10_000, PickedUpBy::Uncertain)]);
    let endless = &speech(500, 1)[..1];
    assert_eq!(verdicts(endless), [(20_000, PickedUpBy::Uncertain)]);
    let wordless = speech(500, 8_000);
    assert_eq!(verdicts(&wordless), [(20_000, PickedUpBy::Uncertain)]);
}
