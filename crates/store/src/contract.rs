//! What every store owes its callers, checked on each implementation.

use domain::{
    CallBegun, CallEnded, CallId, Charge, Cost, Direction, EndReason, Gap, Item, Micros, Millis,
    Overlap, OverlapOutcome, Party, Purpose, Receipt, TenantId, Transport, TurnRecord, TurnTaking,
    UnixMillis, Usage,
};

use crate::{CallFilter, Memory, Record, Store, StoredCall, WholeCall, database::tests::Scratch};

macro_rules! contract {
    ($($behaviour:ident)*) => {
        mod memory {
            $(#[tokio::test]
            async fn $behaviour() {
                super::$behaviour(&super::Memory::default()).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $behaviour() {
                let scratch = super::Scratch::new();
                let database = scratch.open().await.database;
                super::$behaviour(&database).await;
                database.close().await;
            })*
        }
    };
}

contract! {
    a_call_comes_back_as_it_was_written
    a_live_call_has_no_end
    an_unknown_call_is_absent
    any_order_within_a_batch_gives_the_same_call
    any_order_across_batches_gives_the_same_call
    writing_twice_changes_nothing
    the_first_beginning_and_the_first_end_stand
    a_turn_written_again_replaces_the_old_one
    a_call_without_a_beginning_is_not_listed
    calls_are_listed_newest_first
    a_tenant_sees_only_its_own_calls
    a_list_is_never_longer_than_asked_or_allowed
    calls_without_an_end_are_found
    odd_parties_and_texts_survive
    what_a_caller_said_before_is_found
    what_tenants_spent_is_added_up
    what_a_call_without_an_end_has_cost_is_known
    it_answers
}

fn id(number: u8) -> CallId {
    CallId::new(1_700_000_000_000, [number; 10])
}

fn begun(number: u8) -> CallBegun {
    CallBegun {
        id: id(number),
        tenant: "acme".parse().unwrap(),
        agent: "desk".parse().unwrap(),
        transport: Transport::TwilioStream,
        direction: Direction::Inbound,
        carrier_call: Some("CA0123456789abcdef".parse().unwrap()),
        from: Party::read("+14155550100"),
        to: Party::read("+14155550199"),
        at: UnixMillis(1_700_000_000_000 + i64::from(number)),
    }
}

fn ended(number: u8) -> CallEnded {
    CallEnded {
        id: id(number),
        at: UnixMillis(1_700_000_060_000),
        duration: Millis(60_123),
        reason: EndReason::CallerHungUp,
        error: Some("the line was cut".to_owned()),
        barge_ins: 3,
        usage: Usage {
            line: Millis(60_123),
            stt_audio: Millis(59_000),
            llm_input_tokens: 5_000,
            llm_cached_tokens: 4_000,
            llm_output_tokens: 300,
            llm_discarded_input_tokens: 700,
            llm_discarded_output_tokens: 30,
            tts_characters: 1_200,
        },
        cost: Cost {
            known: Micros(65_500),
            partly: true,
        },
        speculation_cost: Cost {
            known: Micros(5_000),
            partly: true,
        },
    }
}

fn turn(number: u32) -> TurnRecord {
    TurnRecord {
        number,
        at: Millis(1_000 * u64::from(number)),
        caller: "I'd like \"Tuesday\"; DROP TABLE turns".to_owned(),
        said: "Tuesday is fine. Anything else?".to_owned(),
        heard: "Tuesday is".to_owned(),
        interrupted: true,
        ended_by: "words".to_owned(),
        gap: Some(Gap {
            transcribe: Millis(1),
            wait: Millis(2),
            think: Millis(3),
            speak: Millis(4),
            send: Millis(5),
        }),
        tools: vec!["book".to_owned(), "mail".to_owned()],
        tags: vec!["lead hot".to_owned()],
        providers: vec!["deepgram/nova-3".parse().unwrap()],
        taking: taking(),
    }
}

fn taking() -> TurnTaking {
    let overlaps = OverlapOutcome::ALL.into_iter().map(|outcome| Overlap {
        at: Millis(1_200),
        said: "uh-huh, \"fine\"".to_owned(),
        outcome,
        after: Millis(380),
    });
    TurnTaking {
        expected: "phone".to_owned(),
        wait: Millis(1_200),
        waited: Millis(1_210),
        pace_percent: 125,
        evidence: "silence".to_owned(),
        stt_lag: Some(Millis(240)),
        speculations: 2,
        paid_off: true,
        masks: 1,
        taken_back: 1,
        overlaps: overlaps.collect(),
    }
}

fn turn_of(call: u8, turn: TurnRecord) -> Record {
    Record::Turn {
        call: id(call),
        turn: Box::new(turn),
    }
}

fn greeting() -> TurnRecord {
    TurnRecord {
        said: "Hello.".to_owned(),
        heard: "Hello.".to_owned(),
        ..TurnRecord::default()
    }
}

fn whole_call() -> [Record; 4] {
    [
        Record::Begun(begun(1)),
        turn_of(1, greeting()),
        turn_of(1, turn(1)),
        end_of(1),
    ]
}

fn end_of(call: u8) -> Record {
    Record::Ended {
        ended: ended(call),
        receipt: receipt(),
    }
}

fn receipt() -> Receipt {
    let charge = |payee: &str, item, purpose, cost: Option<u64>| Charge {
        payee: payee.parse().unwrap(),
        item,
        purpose,
        amount: 5_000,
        cost: cost.map(Micros),
    };
    let lines = Purpose::ALL.into_iter().flat_map(|purpose| {
        Item::ALL.map(|item| charge("openai/gpt-6-luna", item, purpose, Some(500)))
    });
    let unknown = charge("odd/model/of:mine", Item::Output, Purpose::Call, None);
    Receipt(lines.chain([unknown]).collect())
}

async fn must_hold_the_whole_call(store: &dyn Store) {
    let stored = StoredCall {
        begun: begun(1),
        ended: Some(ended(1)),
        spent: ended(1).cost.known,
        turns: 2,
    };
    assert_eq!(
        store.call(id(1)).await.unwrap(),
        Some(WholeCall {
            call: stored.clone(),
            turns: vec![greeting(), turn(1)],
            receipt: receipt(),
        })
    );
    assert_eq!(list(store, 10).await, [stored]);
}

async fn list(store: &dyn Store, limit: u32) -> Vec<StoredCall> {
    let filter = CallFilter {
        tenant: None,
        limit,
        ..CallFilter::default()
    };
    store.calls(&filter).await.unwrap()
}

async fn a_call_comes_back_as_it_was_written(store: &dyn Store) {
    store.write(&whole_call()).await.unwrap();
    must_hold_the_whole_call(store).await;
}

async fn a_live_call_has_no_end(store: &dyn Store) {
    store.write(&[Record::Begun(begun(1))]).await.unwrap();
    assert_eq!(
        list(store, 10).await,
        [StoredCall {
            begun: begun(1),
            ended: None,
            spent: Micros(0),
            turns: 0
        }]
    );
}

async fn an_unknown_call_is_absent(store: &dyn Store) {
    store.write(&whole_call()).await.unwrap();
    assert_eq!(store.call(id(2)).await.unwrap(), None);
}

async fn any_order_within_a_batch_gives_the_same_call(store: &dyn Store) {
    let mut records = whole_call();
    records.reverse();
    store.write(&records).await.unwrap();
    must_hold_the_whole_call(store).await;
}

async fn any_order_across_batches_gives_the_same_call(store: &dyn Store) {
    for record in whole_call().into_iter().rev() {
        store.write(&[record]).await.unwrap();
    }
    must_hold_the_whole_call(store).await;
}

async fn writing_twice_changes_nothing(store: &dyn Store) {
    store.write(&whole_call()).await.unwrap();
    store.write(&whole_call()).await.unwrap();
    must_hold_the_whole_call(store).await;
}

async fn the_first_beginning_and_the_first_end_stand(store: &dyn Store) {
    store.write(&whole_call()).await.unwrap();
    let settled_later = CallEnded {
        reason: EndReason::NodeLost,
        ..ended(1)
    };
    let told_again = CallBegun {
        at: UnixMillis(0),
        ..begun(1)
    };
    let settled_later = Record::Ended {
        ended: settled_later,
        receipt: Receipt::default(),
    };
    let again = [settled_later, Record::Begun(told_again)];
    store.write(&again).await.unwrap();
    must_hold_the_whole_call(store).await;
}

async fn a_turn_written_again_replaces_the_old_one(store: &dyn Store) {
    let early = TurnRecord {
        heard: String::new(),
        gap: None,
        ..turn(1)
    };
    store.write(&[turn_of(1, early)]).await.unwrap();
    store.write(&whole_call()).await.unwrap();
    must_hold_the_whole_call(store).await;
}

async fn a_call_without_a_beginning_is_not_listed(store: &dyn Store) {
    let orphans = [turn_of(1, turn(1)), end_of(1)];
    store.write(&orphans).await.unwrap();
    assert_eq!(list(store, 10).await, []);
    assert_eq!(store.call(id(1)).await.unwrap(), None);
}

async fn calls_are_listed_newest_first(store: &dyn Store) {
    for number in [2, 9, 5] {
        store.write(&[Record::Begun(begun(number))]).await.unwrap();
    }
    let at_once_with_five = CallBegun {
        id: id(6),
        ..begun(5)
    };
    store
        .write(&[Record::Begun(at_once_with_five)])
        .await
        .unwrap();
    let order: Vec<CallId> = list(store, 10)
        .await
        .iter()
        .map(|call| call.begun.id)
        .collect();
    assert_eq!(order, [id(9), id(6), id(5), id(2)]);
}

async fn a_tenant_sees_only_its_own_calls(store: &dyn Store) {
    let other = CallBegun {
        tenant: "other".parse().unwrap(),
        ..begun(2)
    };
    store
        .write(&[Record::Begun(begun(1)), Record::Begun(other)])
        .await
        .unwrap();
    let filter = CallFilter {
        tenant: Some("other".parse().unwrap()),
        limit: 10,
        ..CallFilter::default()
    };
    let seen = store.calls(&filter).await.unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].begun.id, id(2));
}

async fn a_list_is_never_longer_than_asked_or_allowed(store: &dyn Store) {
    let records: Vec<Record> = (0..=CallFilter::MOST)
        .map(|number| Record::Begun(begun(u8::try_from(number).unwrap())))
        .collect();
    store.write(&records).await.unwrap();
    assert_eq!(list(store, 0).await.len(), 0);
    assert_eq!(list(store, 7).await.len(), 7);
    assert_eq!(list(store, u32::MAX).await.len(), 200);
}

async fn calls_without_an_end_are_found(store: &dyn Store) {
    let records = [Record::Begun(begun(1)), Record::Begun(begun(2)), end_of(2)];
    store.write(&records).await.unwrap();
    let open = async |before: i64| {
        let open_since = Some(UnixMillis(before));
        let filter = CallFilter {
            limit: 10,
            open_since,
            ..CallFilter::default()
        };
        let calls = store.calls(&filter).await.unwrap();
        calls.iter().map(|call| call.begun.id).collect::<Vec<_>>()
    };
    assert_eq!(open(begun(1).at.0).await, []);
    assert_eq!(open(begun(1).at.0 + 1).await, [id(1)]);
    assert_eq!(open(i64::MAX).await, [id(1)]);
}

async fn odd_parties_and_texts_survive(store: &dyn Store) {
    let odd_call = CallBegun {
        from: Party::read("anonymous"),
        to: Party::read("sip:ada@example.com"),
        carrier_call: None,
        ..begun(1)
    };
    let odd_turn = TurnRecord {
        caller: "¿Qué? 你好 🎉\n\u{1b}[31m".to_owned(),
        tools: vec!["a \"quoted\" \\ name".to_owned()],
        ..greeting()
    };
    let records = [
        Record::Begun(odd_call.clone()),
        turn_of(1, odd_turn.clone()),
    ];
    store.write(&records).await.unwrap();
    let WholeCall { call, turns, .. } = store.call(id(1)).await.unwrap().unwrap();
    assert_eq!(call.begun, odd_call);
    assert_eq!(turns, [odd_turn]);
}

async fn what_a_caller_said_before_is_found(store: &dyn Store) {
    let said = |number: u32| TurnRecord {
        caller: format!("call {number}"),
        ..turn(0)
    };
    let stranger = CallBegun {
        from: Party::read("+14155550188"),
        ..begun(4)
    };
    let of_other = CallBegun {
        tenant: "other".parse().unwrap(),
        ..begun(5)
    };
    let mut records: Vec<Record> = [begun(1), begun(2), begun(3), stranger, of_other, begun(6)]
        .into_iter()
        .map(Record::Begun)
        .collect();
    records.extend((1..=6).map(|call: u8| turn_of(call, said(call.into()))));
    records.extend((1..=5).map(end_of));
    store.write(&records).await.unwrap();
    let (tenant, caller) = (begun(1).tenant, begun(1).from);
    let before = async |calls| store.said_before(&tenant, &caller, calls).await.unwrap();
    assert_eq!(
        before(2).await,
        [said(2), said(3)],
        "the one that goes on is no earlier one"
    );
    assert_eq!(before(9).await, [said(1), said(2), said(3)]);
    assert_eq!(before(0).await, []);
}

async fn what_tenants_spent_is_added_up(store: &dyn Store) {
    let other: TenantId = "other".parse().unwrap();
    let of_other = CallBegun {
        tenant: other.clone(),
        ..begun(3)
    };
    let records = [
        Record::Begun(begun(1)),
        end_of(1),
        Record::Begun(begun(2)),
        end_of(2),
        Record::Begun(of_other),
        end_of(3),
        Record::Begun(begun(4)),
    ];
    store.write(&records).await.unwrap();
    let cost = ended(1).cost.known;
    let since = async |number: u8| store.spent_since(begun(number).at).await.unwrap();
    let acme = begun(1).tenant;
    assert_eq!(
        since(1).await,
        [(acme.clone(), cost + cost), (other.clone(), cost)].into()
    );
    assert_eq!(since(2).await, [(acme, cost), (other, cost)].into());
    assert_eq!(since(4).await, [].into());
}

async fn what_a_call_without_an_end_has_cost_is_known(store: &dyn Store) {
    let spent = |call, so_far| Record::Spent {
        call: id(call),
        so_far: Micros(so_far),
    };
    let records = [
        spent(1, 200),
        Record::Begun(begun(1)),
        spent(1, 900),
        spent(1, 300),
        Record::Begun(begun(2)),
        spent(2, 70),
    ];
    store.write(&records).await.unwrap();
    let calls = list(store, 10).await;
    let told: Vec<_> = calls.iter().map(|call| (call.spent, &call.ended)).collect();
    assert_eq!(told, [(Micros(70), &None), (Micros(900), &None)]);
    let today = async || store.spent_since(begun(1).at).await.unwrap();
    assert_eq!(today().await, [(begun(1).tenant, Micros(970))].into());

    store.write(&[end_of(1), spent(1, 999_999)]).await.unwrap();
    let cost = ended(1).cost.known;
    assert_eq!(list(store, 10).await[1].ended, Some(ended(1)));
    assert_eq!(
        today().await,
        [(begun(1).tenant, cost + Micros(70))].into(),
        "its end tells the whole cost"
    );
}

async fn it_answers(store: &dyn Store) {
    store.ping().await.unwrap();
    store.write(&[]).await.unwrap();
}
