use std::sync::Arc;

use super::*;
use crate::{
    caller::{Kind, Phrase, Phrasebook, Script},
    carrier::{CallEnd, CallPlan, CallReport, Events, Settings},
};

type Heard = Result<Option<RoundHeard>, HungUp>;

/// What the carrier makes of one question.
struct Asked {
    heard: Heard,
    report: CallReport,
    took_ms: u64,
}

/// Asks a caller who does this: a paused clock, no server.
async fn ask(script: &str, gather: Gather) -> Asked {
    let phrase = |text: &str| Phrase {
        text: text.to_owned(),
        ulaw: vec![0; 8 * 400],
    };
    let book: Phrasebook = [
        ("a".to_owned(), phrase("A table.")),
        ("b".to_owned(), phrase("For four.")),
    ]
    .into_iter()
    .collect();
    let script = Script::parse(script, &book).unwrap();
    let plan = CallPlan {
        book: Arc::new(book),
        ..CallPlan::by(script)
    };
    let settings = Settings {
        say_per_char: Duration::from_millis(50),
        ..Settings::local("http://127.0.0.1:1", None)
    };
    let carrier = Carrier::new(settings).unwrap();
    let events = Events::none();
    let mut phone = Phone::new(&plan, "CA1", &events);
    let began = tokio::time::Instant::now();
    let next = carrier.gather(&gather, &mut phone).await;
    let heard = next.map(|next| match next {
        Some(Next::Document { url, heard }) => {
            assert_eq!(url, "/g?turn=1");
            heard
        }
        Some(Next::End(end)) => panic!("a question ended the call: {end:?}"),
        None => None,
    });
    Asked {
        heard,
        took_ms: crate::carrier::millis(began.elapsed()),
        report: phone.hang_up(CallEnd::AgentHungUp),
    }
}

/// A second of the carrier's voice, then five seconds of patience.
fn question() -> Gather {
    Gather {
        action: "/g?turn=1".to_owned(),
        prompt: vec![Verb::Say("What would you like?".to_owned())],
        input: Input::Both,
        speech_timeout: None,
        barge_in: false,
        tells_silence: true,
        ..Gather::default()
    }
}

fn words(text: &str) -> Heard {
    Ok(Some(RoundHeard::Words(text.to_owned())))
}

fn keys(text: &str) -> Heard {
    Ok(Some(RoundHeard::Keys(text.to_owned())))
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_heard_when_its_silence_is_over() {
    let asked = ask("wait agent 500\nsay a\nsilent 300\nsay b\n", question()).await;
    assert_eq!(asked.heard, words("A table. For four."));
    let expected = 1_000 + 500 + 400 + 300 + 400 + 1_000;
    assert!(asked.took_ms.abs_diff(expected) <= 60, "{}", asked.took_ms);
    let report = asked.report;
    assert_eq!(report.carrier_said, ["What would you like?"]);
    assert_eq!(report.carrier_heard.len(), 1);
    let turns: Vec<_> = report.turns.iter().map(|turn| turn.kind).collect();
    assert_eq!(turns, [Kind::Said, Kind::Said]);
    assert_eq!(report.caller_audio.len(), report.agent_audio.len());
}

#[tokio::test(start_paused = true)]
async fn silence_is_told_when_the_patience_is_over() {
    let asked = ask("silent 60000\n", question()).await;
    assert_eq!(asked.heard, Ok(Some(RoundHeard::Nothing)));
    assert_eq!(asked.took_ms, 6_000);
    let untold = Gather {
        tells_silence: false,
        ..question()
    };
    let asked = ask("silent 60000\n", untold).await;
    assert_eq!(asked.heard, Ok(None), "the next verb");
}

#[tokio::test(start_paused = true)]
async fn words_over_the_carriers_own_are_lost_unless_they_may_stop_it() {
    let early = "interrupt a after 300\nwait agent 1500\nsay b\n";
    let asked = ask(early, question()).await;
    assert_eq!(asked.heard, words("For four."));
    let open = Gather {
        barge_in: true,
        ..question()
    };
    let asked = ask(early, open).await;
    assert_eq!(asked.heard, words("A table."));
    assert!(asked.took_ms < 2_000, "{}", asked.took_ms);
}

#[tokio::test(start_paused = true)]
async fn keys_end_with_their_key_their_number_or_a_pause() {
    let typed = "wait agent 200\npress 12#\n";
    let asked = ask(typed, question()).await;
    assert_eq!(asked.heard, keys("12"));
    assert!(asked.took_ms < 2_000, "{}", asked.took_ms);
    let two = Gather {
        num_digits: Some(2),
        ..question()
    };
    let asked = ask("wait agent 200\npress 1234\n", two).await;
    assert_eq!(asked.heard, keys("12"));
    let asked = ask("wait agent 200\npress 12\n", question()).await;
    assert_eq!(asked.heard, keys("12"));
    assert!(asked.took_ms > 6_000, "{}", asked.took_ms);
}

#[tokio::test(start_paused = true)]
async fn only_what_was_asked_for_is_heard() {
    let speech = Gather {
        input: Input::Speech,
        ..question()
    };
    let asked = ask("wait agent 200\npress 12#\n", speech).await;
    assert_eq!(asked.heard, Ok(Some(RoundHeard::Nothing)));
    let typing = Gather {
        input: Input::Keys,
        ..question()
    };
    let asked = ask("wait agent 200\nsay a\n", typing).await;
    assert_eq!(asked.heard, Ok(Some(RoundHeard::Nothing)));
}

#[tokio::test(start_paused = true)]
async fn a_caller_hangs_up_while_the_carrier_speaks_or_listens() {
    let asked = ask("silent 500\nhang up\n", question()).await;
    assert_eq!(asked.heard, Err(HungUp));
    assert!(asked.took_ms < 1_000, "{}", asked.took_ms);
    let asked = ask("wait agent\nhang up\n", question()).await;
    assert_eq!(asked.heard, Err(HungUp));
    assert!(asked.took_ms > 1_000, "{}", asked.took_ms);
    assert_eq!(asked.report.carrier_heard, []);
}

#[tokio::test(start_paused = true)]
async fn a_caller_hangs_up_while_the_server_thinks() {
    let script = Script::parse("silent 500\nhang up\n", &Phrasebook::default()).unwrap();
    let events = Events::none();
    let mut phone = Phone::new(&CallPlan::by(script), "CA1", &events);
    let answered = phone.until(std::future::pending::<()>()).await;
    assert_eq!(answered, Err(HungUp));
    assert!((500..600).contains(&(phone.report.caller_audio.len() / 8)));
}
