//! What the agent says by itself is what was got ready before the phone rang.

use std::sync::Arc;

use domain::{Language, Millis};

use crate::{Action, CallSession, Input, Rules, script};

/// Lines of the kind that is cut into pieces and said in other words.
fn rules(language: &Language) -> Rules {
    let mut rules = Rules::defaults(language);
    rules.lines.greeting = "**Hello**, this is Acme! We are open until 5 p.m. today. 😀".to_owned();
    rules.lines.goodbye =
        "I hang up in 10 s. Call 555-123-4567, or write to a@acme.com.".to_owned();
    rules.lines.still_there = [
        "Are you there? It is 9:30.".to_owned(),
        "Dr. Lee's line costs $1.50/min. Shall we go on?".to_owned(),
    ];
    rules
}

/// What a voice is asked to say in a call.
fn spoken(rules: Rules, text: &str) -> Vec<String> {
    let (mut session, mut actions) = CallSession::answered(Arc::new(rules));
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (at, input) = script::read(line).unwrap();
        while let Some((due, _)) = session.next_deadline().filter(|(due, _)| *due < at) {
            actions.extend(session.handle(due, Input::Tick));
        }
        actions.extend(session.handle(at, input));
    }
    while let Some((due, _)) = session
        .next_deadline()
        .filter(|(due, _)| *due < Millis(300_000))
    {
        actions.extend(session.handle(due, Input::Tick));
    }
    let text = |action| {
        if let Action::Speak { text, .. } = action {
            Some(text)
        } else {
            None
        }
    };
    actions.into_iter().filter_map(text).collect()
}

const CALLS: [&str; 3] = [
    "",
    "
    0.010  audio r1 0.500
    0.020  spoken r1
    9.000  audio r2 0.500
    9.010  spoken r2
    40.000 audio r3 0.500
    40.010 spoken r3
    ",
    "
    0.010  audio r1 0.500
    0.020  spoken r1
    1.000  utterance I am done here.
    1.500  tool r2 c1 end_call {}
    1.510  done r2
    ",
];

#[test]
fn lines_are_spoken_as_they_were_got_ready() {
    for language in ["en", "es", "fr"] {
        let language = language.parse().unwrap();
        for spoken_form in [true, false] {
            let rules = Rules {
                spoken_form,
                ..rules(&language)
            };
            let ready = rules.spoken_lines();
            for call in CALLS {
                let texts = spoken(rules.clone(), call);
                assert!(texts.len() > 1, "{texts:?}");
                for text in texts {
                    assert!(ready.contains(&text), "{text:?} is not in {ready:?}");
                }
            }
        }
    }
}
