use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{
    CallBegun, CallEnded, CallId, Cost, Direction, EndReason, Micros, Millis, Party, Receipt,
    TenantId, Transport, TurnRecord, UnixMillis, Usage,
};
use tokio::time::{Instant, advance, sleep};

use super::{Dropped, Health, Unwritten, Writer, WriterSettings};
use crate::{CallFilter, Memory, Record, Store, StoreError, StoreFuture, StoredCall, WholeCall};

/// What the store does with a write.
#[derive(Clone, Copy)]
enum Mood {
    Works,
    Broken,
    Down,
    Hangs,
    /// It commits, and then the answer is lost.
    LosesAnswers,
    /// It never accepts a turn with this number.
    Refuses(u32),
}

/// A store that fails as it is told, and remembers every transaction it committed.
struct Moody {
    mood: Mutex<Mood>,
    committed: Mutex<Vec<(Instant, Vec<Record>)>>,
    attempts: AtomicUsize,
    memory: Memory,
}

impl Moody {
    fn new(mood: Mood) -> Arc<Self> {
        Arc::new(Self {
            mood: Mutex::new(mood),
            committed: Mutex::default(),
            attempts: AtomicUsize::new(0),
            memory: Memory::default(),
        })
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn committed(&self) -> Vec<Record> {
        let committed = self.committed.lock().unwrap();
        committed
            .iter()
            .flat_map(|(_, batch)| batch.clone())
            .collect()
    }

    fn transactions(&self) -> usize {
        self.committed.lock().unwrap().len()
    }

    async fn commit(&self, records: &[Record]) {
        self.memory.write(records).await.unwrap();
        let batch = (Instant::now(), records.to_vec());
        self.committed.lock().unwrap().push(batch);
    }
}

impl Store for Moody {
    fn write<'a>(&'a self, records: &'a [Record]) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.attempts.fetch_add(1, Ordering::Relaxed);
            let mood = *self.mood.lock().unwrap();
            match mood {
                Mood::Works => {}
                Mood::Broken => {
                    let detail = "a page is torn".to_owned();
                    return Err(StoreError::Damaged { detail });
                }
                Mood::Down => return Err(sqlx::Error::PoolTimedOut.into()),
                Mood::Hangs => std::future::pending().await,
                Mood::LosesAnswers => {
                    self.commit(records).await;
                    return Err(sqlx::Error::PoolTimedOut.into());
                }
                Mood::Refuses(number) => {
                    if records.contains(&turn(number)) {
                        return Err(sqlx::Error::Encode("too odd".into()).into());
                    }
                }
            }
            self.commit(records).await;
            Ok(())
        })
    }

    fn calls<'a>(&'a self, filter: &'a CallFilter) -> StoreFuture<'a, Vec<StoredCall>> {
        self.memory.calls(filter)
    }

    fn call(&self, id: CallId) -> StoreFuture<'_, Option<WholeCall>> {
        self.memory.call(id)
    }

    fn said_before<'a>(
        &'a self,
        tenant: &'a TenantId,
        caller: &'a Party,
        calls: u32,
    ) -> StoreFuture<'a, Vec<TurnRecord>> {
        self.memory.said_before(tenant, caller, calls)
    }

    fn spent_since(&self, at: UnixMillis) -> StoreFuture<'_, BTreeMap<TenantId, Micros>> {
        self.memory.spent_since(at)
    }

    fn ping(&self) -> StoreFuture<'_, ()> {
        self.memory.ping()
    }
}

fn id() -> CallId {
    CallId::new(1, [1; 10])
}

fn begun() -> Record {
    Record::Begun(CallBegun {
        id: id(),
        tenant: "acme".parse().unwrap(),
        agent: "desk".parse().unwrap(),
        transport: Transport::TwilioStream,
        direction: Direction::Inbound,
        carrier_call: None,
        from: Party::Hidden,
        to: Party::Hidden,
        at: UnixMillis(0),
    })
}

fn ended() -> Record {
    Record::Ended {
        ended: CallEnded {
            id: id(),
            at: UnixMillis(0),
            duration: Millis(0),
            reason: EndReason::AgentEnded,
            error: None,
            barge_ins: 0,
            usage: Usage::default(),
            cost: Cost::default(),
            speculation_cost: Cost::default(),
        },
        receipt: Receipt::default(),
    }
}

fn turn(number: u32) -> Record {
    Record::Turn {
        call: id(),
        turn: Box::new(TurnRecord {
            number,
            ..TurnRecord::default()
        }),
    }
}

fn turns(numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(turn).collect()
}

fn small() -> WriterSettings {
    WriterSettings {
        capacity: 20,
        ..WriterSettings::default()
    }
}

const SOON: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn records_of_a_moment_share_a_transaction() {
    let store = Moody::new(Mood::Works);
    let (writer, task) = Writer::start(store.clone());
    let start = Instant::now();
    for number in 0..10 {
        writer.keep(turn(number));
        advance(Duration::from_millis(5)).await;
    }
    assert_eq!(writer.depth(), 10);
    sleep(SOON).await;
    assert_eq!(writer.depth(), 0);
    assert_eq!(store.committed(), turns(0..10));
    assert_eq!(store.transactions(), 1);
    let committed_at = store.committed.lock().unwrap()[0].0;
    assert!(committed_at - start <= Duration::from_millis(100));
    task.finish(SOON).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_while_the_store_is_down() {
    let store = Moody::new(Mood::Down);
    let (writer, task) = Writer::start(store.clone());
    writer.keep(begun());
    for number in 0..8_000 {
        writer.keep(turn(number));
    }
    sleep(Duration::from_secs(600)).await;
    assert_eq!(writer.health(), Health::Failing);
    assert_eq!(writer.depth(), 8_001);
    let attempts = store.attempts.load(Ordering::Relaxed);
    assert!(attempts < 130, "{attempts} attempts in ten minutes");
    store.set(Mood::Works);
    writer.keep(ended());
    sleep(Duration::from_secs(10)).await;
    let mut all = vec![begun()];
    all.extend(turns(0..8_000));
    all.push(ended());
    assert!(store.committed() == all, "lost, doubled or out of order");
    assert_eq!(writer.health(), Health::Well);
    assert_eq!((writer.depth(), writer.dropped().total()), (0, 0));
    task.finish(SOON).await.unwrap();
}

/// Waiting mends a store that is down, not one that is broken.
#[tokio::test(start_paused = true)]
async fn a_broken_store_is_told_from_one_that_is_down() {
    let store = Moody::new(Mood::Down);
    let (writer, task) = Writer::start(store.clone());
    writer.keep(begun());
    sleep(SOON).await;
    assert_eq!(writer.health(), Health::Failing);
    store.set(Mood::Broken);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(writer.health(), Health::Damaged);
    assert_eq!(writer.depth(), 1, "it may be mended all the same");
    store.set(Mood::Works);
    sleep(Duration::from_secs(10)).await;
    assert_eq!((writer.health(), writer.depth()), (Health::Well, 0));
    task.finish(SOON).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_keeps_places_for_beginnings_and_ends() {
    let store = Moody::new(Mood::Down);
    let (writer, _task) = Writer::start_with(store, small());
    for number in 0..30 {
        writer.keep(turn(number));
    }
    assert_eq!((writer.depth(), writer.dropped().full), (18, 12));
    writer.keep(begun());
    writer.keep(ended());
    assert_eq!((writer.depth(), writer.dropped().full), (20, 12));
    writer.keep(ended());
    assert_eq!((writer.depth(), writer.dropped().full), (20, 13));
    sleep(SOON).await;
    writer.keep(turn(30));
    assert_eq!(writer.depth(), 20, "what the writer holds counts as well");
}

#[tokio::test(start_paused = true)]
async fn places_are_free_again_after_a_commit() {
    let store = Moody::new(Mood::Works);
    let (writer, task) = Writer::start_with(store.clone(), small());
    for round in 0..5 {
        for number in 0..18 {
            writer.keep(turn(round * 18 + number));
        }
        sleep(SOON).await;
    }
    assert_eq!(writer.dropped(), Dropped::default());
    assert_eq!(store.committed(), turns(0..90));
    task.finish(SOON).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_doubles_nothing() {
    let store = Moody::new(Mood::LosesAnswers);
    let (writer, task) = Writer::start(store.clone());
    for record in [begun(), turn(0), turn(1), ended()] {
        writer.keep(record);
    }
    sleep(SOON).await;
    store.set(Mood::Works);
    task.finish(SOON).await.unwrap();
    assert!(store.transactions() > 1);
    let WholeCall { call, turns, .. } = store.call(id()).await.unwrap().unwrap();
    assert_eq!((call.turns, turns.len()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_write_that_hangs_is_tried_again() {
    let store = Moody::new(Mood::Hangs);
    let (writer, task) = Writer::start(store.clone());
    writer.keep(turn(0));
    sleep(SOON).await;
    store.set(Mood::Works);
    sleep(Duration::from_secs(11)).await;
    assert_eq!(store.committed(), turns(0..1));
    task.finish(SOON).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refused_record_does_not_hold_up_the_others() {
    let store = Moody::new(Mood::Refuses(1));
    let (writer, task) = Writer::start(store.clone());
    for number in 0..4 {
        writer.keep(turn(number));
    }
    task.finish(SOON).await.unwrap();
    assert_eq!(store.committed(), [turn(0), turn(2), turn(3)]);
    let refused = Dropped {
        refused: 1,
        ..Dropped::default()
    };
    assert_eq!(writer.dropped(), refused);
    assert_eq!(writer.depth(), 0);
}

#[tokio::test(start_paused = true)]
async fn finishing_writes_what_waits_without_delay() {
    let store = Moody::new(Mood::Works);
    let (writer, task) = Writer::start(store.clone());
    for number in 0..2_500 {
        writer.keep(turn(number));
    }
    let start = Instant::now();
    task.finish(SOON).await.unwrap();
    assert!(start.elapsed() < Duration::from_millis(10));
    assert!(store.committed() == turns(0..2_500));
}

#[tokio::test(start_paused = true)]
async fn finishing_outlasts_a_short_failure() {
    let store = Moody::new(Mood::Down);
    let (writer, task) = Writer::start(store.clone());
    writer.keep(turn(0));
    sleep(Duration::from_secs(60)).await;
    let back = tokio::spawn({
        let store = store.clone();
        async move {
            sleep(Duration::from_secs(2)).await;
            store.set(Mood::Works);
        }
    });
    let start = Instant::now();
    task.finish(Duration::from_secs(5)).await.unwrap();
    assert!(start.elapsed() < Duration::from_millis(2_200));
    assert_eq!(store.committed(), turns(0..1));
    back.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn finishing_gives_up_when_its_time_is_over() {
    let store = Moody::new(Mood::Hangs);
    let (writer, task) = Writer::start(store);
    writer.keep(turn(0));
    writer.keep(turn(1));
    let start = Instant::now();
    let left = task.finish(Duration::from_secs(3)).await;
    assert_eq!(left, Err(Unwritten { records: 2 }));
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn records_after_the_end_are_counted() {
    let store = Moody::new(Mood::Works);
    let (writer, task) = Writer::start(store);
    task.finish(SOON).await.unwrap();
    assert_eq!(writer.health(), Health::Failing);
    writer.keep(turn(0));
    assert_eq!((writer.depth(), writer.dropped().late), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_writer_ends_with_its_last_owner() {
    let store = Moody::new(Mood::Works);
    let (writer, task) = Writer::start(store.clone());
    writer.clone().keep(turn(0));
    drop(writer);
    sleep(SOON).await;
    assert_eq!(store.committed(), turns(0..1));
    task.finish(Duration::ZERO).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_on_many_threads_lose_nothing() {
    let store = Moody::new(Mood::Works);
    let (writer, task) = Writer::start(store.clone());
    let calls: Vec<_> = (0..4_u32)
        .map(|call| {
            let writer = writer.clone();
            tokio::spawn(async move {
                for number in 0..1_000 {
                    writer.keep(turn(call * 1_000 + number));
                }
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    task.finish(Duration::from_secs(60)).await.unwrap();
    assert_eq!(store.committed().len(), 4_000);
    assert_eq!(writer.dropped(), Dropped::default());
}
