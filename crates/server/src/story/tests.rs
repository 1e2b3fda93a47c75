use domain::{
    CallBegun, CallId, Charge, Direction, EndReason, Item, Millis, Overlap, OverlapOutcome,
    Purpose, Receipt, Transport, TurnTaking, UnixMillis, Usage,
};

use super::*;

fn call() -> WholeCall {
    let id = CallId::new(1_795_000_000_000, [7; 10]);
    let begun = CallBegun {
        id,
        tenant: "acme".parse().expect("a name"),
        agent: "desk".parse().expect("a name"),
        transport: Transport::TwilioStream,
        direction: Direction::Inbound,
        carrier_call: Some("CA1".parse().expect("an id")),
        from: Party::read("+14155550100"),
        to: Party::read(""),
        at: UnixMillis(1_795_000_000_000),
    };
    let ended = CallEnded {
        id,
        at: UnixMillis(1_795_000_009_500),
        duration: Millis(9_500),
        reason: EndReason::AgentEnded,
        error: None,
        barge_ins: 1,
        usage: Usage {
            line: Millis(9_500),
            llm_input_tokens: 1_000,
            llm_output_tokens: 90,
            llm_discarded_input_tokens: 300,
            llm_discarded_output_tokens: 20,
            ..Usage::default()
        },
        cost: receipt().cost(),
        speculation_cost: Cost {
            known: Micros(345),
            partly: true,
        },
    };
    let turns = vec![
        TurnRecord {
            said: "Hello.".into(),
            heard: "Hello.".into(),
            ..TurnRecord::default()
        },
        cut_off(),
    ];
    WholeCall {
        call: StoredCall {
            begun,
            ended: Some(ended),
            spent: Micros::default(),
            turns: 2,
        },
        turns,
        receipt: receipt(),
    }
}

fn receipt() -> Receipt {
    let charge = |payee: &str, (item, amount), purpose, cost: Option<u64>| Charge {
        payee: payee.parse().expect("a name"),
        item,
        purpose,
        amount,
        cost: cost.map(Micros),
    };
    let model = "openai/gpt-6-luna";
    Receipt(vec![
        charge(
            "twilio/voice",
            (Item::Line, 9_500),
            Purpose::Call,
            Some(2_217),
        ),
        charge(
            "new/ears",
            (Item::Transcription, 9_300),
            Purpose::Call,
            None,
        ),
        charge(model, (Item::Input, 700), Purpose::Call, Some(70)),
        charge(model, (Item::Output, 70), Purpose::Call, Some(35)),
        charge(model, (Item::Input, 300), Purpose::Speculation, Some(30)),
        charge(model, (Item::Output, 20), Purpose::Speculation, Some(10)),
        charge(model, (Item::Input, 70), Purpose::Hedge, Some(7)),
    ])
}

/// A turn whose answer the caller cut off.
fn cut_off() -> TurnRecord {
    TurnRecord {
        number: 1,
        at: Millis(2_100),
        caller: "A table, please.\u{1b}[2J".into(),
        said: "With pleasure. For how many?".into(),
        heard: "With pleasure.".into(),
        interrupted: true,
        ended_by: "terminal".to_owned(),
        gap: Some(Gap {
            transcribe: Millis(50),
            wait: Millis(350),
            think: Millis(0),
            speak: Millis(20),
            send: Millis(2),
        }),
        tools: vec!["book_table".into()],
        tags: vec!["lead hot".into()],
        providers: vec!["offline/script".parse().expect("a model")],
        taking: TurnTaking {
            expected: "open".to_owned(),
            wait: Millis(350),
            waited: Millis(352),
            pace_percent: 100,
            evidence: "silence".to_owned(),
            speculations: 2,
            paid_off: true,
            overlaps: vec![Overlap {
                at: Millis(3_900),
                said: "Stop.".to_owned(),
                outcome: OverlapOutcome::Yielded,
                after: Millis(410),
            }],
            ..TurnTaking::default()
        },
    }
}

#[test]
fn a_story_says_what_was_heard_and_why_it_ended() {
    insta::assert_snapshot!(tell(&call(), Paint::Plain), @r#"
    Call 01a1ee56-5e00-7707-8707-070707070707
      when    2026-11-18T11:06:40Z
      tenant  acme, answered by desk
      how     inbound, twilio_stream
      from    +14155550100
      to      hidden
      carrier CA1

       0.000  agent   Hello.
       2.100  caller  A table, please.[2J
              agent   With pleasure. — cut off by the caller (not heard: For how many?)
                      ran the tool book_table
                      noted lead hot
                      ▓▓░░░░░░░░░░░░░░▚█ 422 ms: transcribe 50 + wait 350 + speak 20 + send 2
                      waited 352 ms because the sentence was finished; 2 replies begun ahead of time, 1 thrown away unheard; gave way to "Stop." after 410 ms

      ended after 9.500 s: agent_ended (agent)
      what to do   Nothing: the conversation was over.
      latency      422 ms usually, 422 ms at most
      barge-ins    1
      used         9.500 s of line, 0.000 s heard, 1000 + 90 tokens, 0 characters
      providers    offline/script
      cost         $0.002369 and what has no known price
                   twilio/voice                      $0.002217  9.5 s of line
                   new/ears                            unknown  9.3 s heard
                   openai/gpt-6-luna                 $0.000070  700 tokens of prompts
                   openai/gpt-6-luna                 $0.000035  70 tokens written
                   openai/gpt-6-luna                 $0.000030  300 tokens of prompts, begun too soon
                   openai/gpt-6-luna                 $0.000010  20 tokens written, begun too soon
                   openai/gpt-6-luna                 $0.000007  70 tokens of prompts, asked twice and not needed
    "#);
}

#[test]
fn a_list_hides_numbers() {
    let call = call().call;
    insta::assert_snapshot!(format!("{}\n{}", heading(Paint::Plain), row(&call, Paint::Plain)), @r#"
    CALL                                  BEGAN (UTC)           TENANT            FROM        SECONDS  TURNS         COST  END
    01a1ee56-5e00-7707-8707-070707070707  2026-11-18T11:06:40   acme              +…00          9.500      2   $0.002369+  agent_ended
    "#);
}

#[test]
fn what_a_call_costs_is_shown_while_it_goes_on() {
    let mut whole = call();
    whole.call.ended = None;
    assert!(!row(&whole.call, Paint::Plain).contains('$'));
    whole.call.spent = Micros(1_200);
    assert!(row(&whole.call, Paint::Plain).contains(" $0.001200+ "));
    assert!(tell(&whole, Paint::Plain).ends_with("cost so far  $0.001200\n"));
    assert_eq!(json(&whole.call)["spent_usd"], 0.001_2);
}

#[test]
fn programs_get_everything() {
    let whole = call();
    let told = whole_json(&whole);
    let turns = &whole.turns;
    assert_eq!(told["receipt"][1]["cost_usd"], Value::Null);
    assert_eq!(told["receipt"][5]["purpose"], "speculation");
    assert_eq!(told["end"]["partly_priced"], true);
    assert_eq!(told["end"]["speculation_cost_usd"], 0.000_345);
    assert_eq!(told["end"]["speculation_partly_priced"], true);
    assert_eq!(told["from"], "+14155550100");
    assert_eq!(told["end"]["reason"], "agent_ended");
    assert_eq!(turn_json(&turns[1])["gap_ms"]["total"], 422);
    assert_eq!(turn_json(&turns[0])["gap_ms"], Value::Null);
    assert_eq!(told["end"]["usage"]["llm_discarded_input_tokens"], 300);
    assert_eq!(
        turn_json(&turns[1])["taking"],
        json!({
            "expected": "open",
            "wait_ms": 350,
            "waited_ms": 352,
            "because": "the sentence was finished",
            "pace_percent": 100,
            "evidence": "silence",
            "stt_lag_ms": null,
            "speculations": 2,
            "paid_off": true,
            "discarded": 1,
            "masks": 0,
            "taken_back": 0,
            "overlaps": [{ "at_ms": 3_900, "said": "Stop.", "outcome": "yielded", "after_ms": 410 }],
        })
    );
}
