use domain::TenantId;
use driver::{Exchange, Shared};
use prometheus_client::registry::Registry;
use store::{Memory, Writer, WriterTask};

use super::*;
use crate::{
    SystemClock,
    config::{Config, Environment},
    directory::Directory,
    stations::Stations,
    tools::BuiltIn,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// A switchboard, and what its calls are made of.
struct Board {
    board: Switchboard,
    exchange: Exchange,
    desk: Arc<Desk>,
    ids: u64,
    now: Instant,
    _writing: WriterTask,
}

impl Board {
    fn new() -> Self {
        let config = Config::parse("", "", &Environment::default()).expect("a configuration");
        let directory = Directory::open(&config.tenants, Stations::new(&config.providers));
        let directory = directory.expect("engines");
        let (records, writing) = Writer::start(Arc::new(Memory::default()));
        let exchange = Exchange::new(Shared {
            meters: driver::Meters::new(&mut Registry::default()),
            records,
            clock: Arc::new(SystemClock),
            tools: Arc::new(BuiltIn),
        });
        Self {
            board: Switchboard::new(PATIENCE, 4),
            exchange,
            desk: Arc::clone(directory.desk(None).expect("everybody is answered")),
            ids: 0,
            now: Instant::now(),
            _writing: writing,
        }
    }

    fn next_id(&mut self) -> CallId {
        self.ids += 1;
        CallId::new(self.ids, [0; 10])
    }

    /// Announces `call` with a stream of this epoch, whose document names it.
    fn announce(&mut self, call: &str, epoch: u32) -> Announcement {
        let announced = Announced {
            id: self.next_id(),
            call: sid(call),
            desk: Arc::clone(&self.desk),
            from: Party::Hidden,
            to: Party::Hidden,
            direction: Direction::Inbound,
            stream_path: "/",
            epoch,
        };
        let prepared = self.exchange.prepare(&self.desk.agent);
        let twiml = Twiml::redirect(&format!("https://example.com/{}", self.ids));
        self.board.announce(announced, twiml, prepared, self.now)
    }

    fn take(&mut self, call: &str, epoch: u32) -> Option<Taken> {
        let grant = Grant {
            call: sid(call),
            tenant: self.desk.tenant.id.clone(),
            epoch,
        };
        let id = self.next_id();
        self.board.take(&grant, || id)
    }
}

fn sid(text: &str) -> CarrierCallId {
    text.parse().expect("an id")
}

#[tokio::test]
async fn of_two_webhooks_at_once_the_first_one_counts() {
    let mut calls = Board::new();
    let epoch = calls.board.next_epoch(&sid("CA1"));
    assert!(matches!(calls.announce("CA1", epoch), Announcement::New));
    let Announcement::Repeated(document) = calls.announce("CA1", epoch) else {
        panic!("announced twice");
    };
    assert!(document.as_str().contains("example.com/1"), "{document:?}");
    assert_eq!(calls.board.waiting(), 1);
    assert!(calls.take("CA1", epoch).is_some());
    assert!(calls.take("CA1", epoch).is_none(), "one stream");
}

#[tokio::test]
async fn a_call_that_is_announced_while_it_talks_keeps_one_voice() {
    let mut calls = Board::new();
    calls.announce("CA1", 1);
    let first = calls.take("CA1", 1).expect("a stream");
    calls.now += PATIENCE;
    assert!(
        calls.board.answered(&sid("CA1"), calls.now).is_none(),
        "the document is too old"
    );
    let epoch = calls.board.next_epoch(&sid("CA1"));
    assert!(matches!(calls.announce("CA1", epoch), Announcement::New));
    assert!(!first.superseded.is_cancelled(), "it may not come");
    let second = calls.take("CA1", epoch).expect("a stream");
    assert!(first.superseded.is_cancelled());
    assert_ne!(first.announced.id, second.announced.id);

    let lost = EndReason::MediaLost;
    calls
        .board
        .ended(&sid("CA1"), first.announced.epoch, lost, calls.now);
    let whereabouts = calls.board.whereabouts(&sid("CA1"));
    assert!(
        matches!(whereabouts, Whereabouts::Live(_)),
        "the end of the old stream is not the end of the new one"
    );
}

#[tokio::test]
async fn a_stream_needs_its_own_tenant_and_epoch() {
    let mut calls = Board::new();
    calls.announce("CA1", 1);
    assert!(calls.take("CA1", 0).is_none());
    assert!(calls.take("CA1", 2).is_none());
    assert!(calls.take("CA2", 1).is_none());
    let tenant: TenantId = "another".parse().expect("a name");
    let foreign = Grant {
        call: sid("CA1"),
        tenant,
        epoch: 1,
    };
    let id = calls.next_id();
    assert!(calls.board.take(&foreign, || id).is_none());
    assert!(calls.take("CA1", 1).is_some());
}

#[tokio::test]
async fn announced_calls_are_waited_for_and_then_let_go() {
    let mut calls = Board::new();
    calls.announce("CA1", 1);
    calls.now += Duration::from_secs(59);
    assert_eq!(calls.board.sweep(calls.now, Duration::MAX), 0);
    calls.now += Duration::from_secs(1);
    assert_eq!(calls.board.sweep(calls.now, Duration::MAX), 1);
    assert_eq!(calls.board.waiting(), 0);
}

#[tokio::test]
async fn a_server_that_stops_is_less_patient() {
    let mut calls = Board::new();
    calls.announce("CA1", 1);
    calls.now += Duration::from_secs(14);
    let most = Duration::from_secs(15);
    assert_eq!(calls.board.sweep(calls.now, most), 0);
    calls.now += Duration::from_secs(1);
    assert_eq!(calls.board.sweep(calls.now, most), 1);
    let whereabouts = calls.board.whereabouts(&sid("CA1"));
    assert!(
        matches!(whereabouts, Whereabouts::NeverOpened),
        "a stream that comes late is asked for again"
    );
}

#[tokio::test]
async fn ends_are_remembered_for_a_while_only() {
    let mut calls = Board::new();
    calls.announce("CA1", 1);
    let taken = calls.take("CA1", 1).expect("a stream");
    let hung_up = EndReason::CallerHungUp;
    calls
        .board
        .ended(&taken.announced.call, 1, hung_up, calls.now);
    calls.now += REMEMBERED - Duration::from_secs(1);
    calls.board.sweep(calls.now, Duration::MAX);
    let whereabouts = calls.board.whereabouts(&sid("CA1"));
    assert!(matches!(
        whereabouts,
        Whereabouts::Over(EndReason::CallerHungUp)
    ));
    calls.now += Duration::from_secs(1);
    calls.board.sweep(calls.now, Duration::MAX);
    let whereabouts = calls.board.whereabouts(&sid("CA1"));
    assert!(matches!(whereabouts, Whereabouts::Unknown));
}

#[tokio::test]
async fn no_more_calls_are_remembered_than_fit() {
    let mut calls = Board::new();
    for call in ["CA1", "CA2", "CA3", "CA4", "CA5"] {
        calls.announce(call, 1);
        calls.now += Duration::from_millis(1);
    }
    let forgotten = calls.board.whereabouts(&sid("CA1"));
    assert!(matches!(forgotten, Whereabouts::Unknown));
    let kept = calls.board.whereabouts(&sid("CA5"));
    assert!(matches!(kept, Whereabouts::NeverOpened));
}
