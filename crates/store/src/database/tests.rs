use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use domain::{
    CallBegun, CallId, Clock, Direction, Millis, Party, Transport, TurnRecord, TurnTaking,
    UnixMillis,
};
use sqlx::{AnyConnection, Connection, Executor};

use super::{Database, Opened, file, migrate, options, rows, while_busy};
use crate::{CallFilter, Record, Store, StoreError, WholeCall};

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(1_700_000_000_000)
    }
}

/// A folder for one database, removed in the end.
pub(crate) struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("store test {}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("calls.db")
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    pub(crate) async fn open(&self) -> Opened {
        self.try_open().await.unwrap()
    }

    async fn try_open(&self) -> Result<Opened, StoreError> {
        Database::open(&self.url(), &FixedClock).await
    }

    async fn connect(&self) -> AnyConnection {
        let options = options(&self.path()).unwrap();
        AnyConnection::connect_with(&options).await.unwrap()
    }

    async fn run(&self, statement: &'static str) {
        let mut connection = self.connect().await;
        connection.execute(statement).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Opens the database, keeps `calls` calls in it, and closes it.
    async fn fill(&self, calls: u16) {
        let database = self.open().await.database;
        let records: Vec<Record> = (0..calls).flat_map(talk).collect();
        database.write(&records).await.unwrap();
        database.close().await;
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

fn talk(number: u16) -> [Record; 2] {
    let [high, low] = number.to_be_bytes();
    let id = CallId::new(1, [high, low, 0, 0, 0, 0, 0, high, low, 0]);
    let begun = CallBegun {
        id,
        tenant: "acme".parse().unwrap(),
        agent: "desk".parse().unwrap(),
        transport: Transport::TwilioStream,
        direction: Direction::Outbound,
        carrier_call: None,
        from: Party::Hidden,
        to: Party::Hidden,
        at: UnixMillis(i64::from(number)),
    };
    let turn = TurnRecord {
        said: "word ".repeat(100),
        ..TurnRecord::default()
    };
    let turn = Record::Turn {
        call: id,
        turn: Box::new(turn),
    };
    [Record::Begun(begun), turn]
}

async fn count(database: &Database) -> usize {
    let filter = CallFilter {
        tenant: None,
        limit: CallFilter::MOST,
        ..CallFilter::default()
    };
    database.calls(&filter).await.unwrap().len()
}

#[tokio::test]
async fn calls_outlive_the_process() {
    let scratch = Scratch::new();
    scratch.fill(3).await;
    let opened = scratch.open().await;
    assert_eq!(opened.damaged, None);
    assert_eq!(count(&opened.database).await, 3);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let database = scratch.open().await.database;
    database.write(&talk(1)).await.unwrap();
    assert_eq!(scratch.names().len(), 3, "{:?}", scratch.names());
    for name in scratch.names() {
        let mode = fs::metadata(scratch.folder.join(&name)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn closing_leaves_one_file() {
    let scratch = Scratch::new();
    scratch.fill(1).await;
    assert_eq!(scratch.names(), ["calls.db"]);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_set_aside() {
    let scratch = Scratch::new();
    fs::write(scratch.path(), "this was never a database ".repeat(400)).unwrap();
    fs::write(scratch.folder.join("calls.db-wal"), "nor this a log").unwrap();
    let opened = scratch.open().await;
    let aside = scratch.folder.join("calls.db.damaged-1700000000000");
    assert_eq!(opened.damaged.as_ref(), Some(&aside));
    assert!(fs::read(aside).unwrap().starts_with(b"this was never"));
    opened.database.write(&talk(1)).await.unwrap();
    assert_eq!(count(&opened.database).await, 1);
}

#[tokio::test]
async fn a_torn_file_is_set_aside() {
    let scratch = Scratch::new();
    scratch.fill(200).await;
    let whole = fs::read(scratch.path()).unwrap();
    for keep in [whole.len() / 2, whole.len() - 4096, 5000, 100] {
        fs::write(scratch.path(), &whole[..keep]).unwrap();
        let opened = scratch.open().await;
        assert!(opened.damaged.is_some(), "the first {keep} bytes");
        assert_eq!(count(&opened.database).await, 0);
        opened.database.close().await;
    }
}

#[tokio::test]
async fn a_file_with_overwritten_pages_is_set_aside() {
    let scratch = Scratch::new();
    scratch.fill(200).await;
    let mut bytes = fs::read(scratch.path()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0xa5);
    fs::write(scratch.path(), bytes).unwrap();
    assert!(scratch.open().await.damaged.is_some());
}

#[tokio::test]
async fn what_a_killed_server_committed_is_there() {
    let (scratch, copy) = (Scratch::new(), Scratch::new());
    let database = scratch.open().await.database;
    database.write(&talk(1)).await.unwrap();
    // The files as they are while the server runs are the files after it was killed.
    for name in scratch.names() {
        fs::copy(scratch.folder.join(&name), copy.folder.join(&name)).unwrap();
    }
    let opened = copy.open().await;
    assert_eq!(opened.damaged, None);
    assert_eq!(count(&opened.database).await, 1);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let scratch = Scratch::new();
    scratch.fill(1).await;
    scratch
        .run("INSERT INTO schema_versions VALUES (99, 0)")
        .await;
    for error in [
        scratch.try_open().await.unwrap_err(),
        Database::open_existing(&scratch.url()).await.unwrap_err(),
    ] {
        assert_eq!(
            error.to_string(),
            "the database has schema version 99, but this program knows only 4: \
             start a newer version, or use another database"
        );
    }
    assert_eq!(scratch.names(), ["calls.db"]);
}

#[tokio::test]
async fn calls_of_the_first_version_are_read_with_defaults() {
    let scratch = Scratch::new();
    file::create_private(&scratch.path()).unwrap();
    let mut connection = scratch.connect().await;
    migrate::apply(&mut connection, &FixedClock, &migrate::MIGRATIONS[..1])
        .await
        .unwrap();
    connection
        .execute(A_CALL_OF_THE_FIRST_VERSION)
        .await
        .unwrap();
    connection.close().await.unwrap();

    let early = Database::open_existing(&scratch.url()).await.unwrap_err();
    assert!(matches!(early, StoreError::OlderSchema { .. }), "{early}");
    let database = scratch.open().await.database;
    let id = "01a1ee56-5e00-7707-8707-070707070707".parse().unwrap();
    let WholeCall { call, turns, .. } = database.call(id).await.unwrap().unwrap();
    assert_eq!(call.ended.unwrap().usage.llm_discarded_input_tokens, 0);
    assert_eq!(turns[0].heard, "Hello.");
    assert_eq!(turns[0].taking, TurnTaking::default());
}

const A_CALL_OF_THE_FIRST_VERSION: &str = "
INSERT INTO calls VALUES ('01a1ee56-5e00-7707-8707-070707070707', 'acme', 'desk', 'twilio_stream',
    'inbound', NULL, '', '', 1, 2, 1000, 'caller_hung_up', NULL, 0, 1000, 900, 5, 4, 3, 2, 1);
INSERT INTO turns VALUES ('01a1ee56-5e00-7707-8707-070707070707', 0, 0, '', 'Hello.', 'Hello.', 0,
    '', NULL, NULL, NULL, NULL, NULL, '[]', '[]');";

#[tokio::test]
async fn opening_what_exists_creates_nothing() {
    let scratch = Scratch::new();
    let missing = Database::open_existing(&scratch.url()).await.unwrap_err();
    assert!(matches!(missing, StoreError::File { .. }), "{missing}");
    assert!(scratch.names().is_empty());
    fs::write(scratch.path(), "no database at all").unwrap();
    let broken = Database::open_existing(&scratch.url()).await.unwrap_err();
    assert!(broken.is_damage(), "{broken}");
    assert_eq!(scratch.names(), ["calls.db"]);
}

#[tokio::test]
async fn calls_can_be_read_beside_a_live_server() {
    let scratch = Scratch::new();
    let server = scratch.open().await.database;
    server.write(&talk(1)).await.unwrap();
    let reader = Database::open_existing(&scratch.url()).await.unwrap();
    assert_eq!(count(&reader).await, 1);
    server.write(&talk(2)).await.unwrap();
    assert_eq!(count(&reader).await, 2);
}

#[tokio::test]
async fn servers_may_start_at_once() {
    let scratch = Scratch::new();
    let open = || scratch.open();
    let (one, two, three, four) = tokio::join!(open(), open(), open(), open());
    for server in [one, two, three, four] {
        assert_eq!(server.damaged, None);
    }
}

#[tokio::test]
async fn who_is_in_the_way_is_waited_for_but_not_for_ever() {
    let scratch = Scratch::new();
    scratch.fill(1).await;
    let mut holder = scratch.connect().await;
    let mut other = scratch.connect().await;
    tokio::time::pause();
    other.execute("PRAGMA busy_timeout = 0").await.unwrap();
    holder.execute("BEGIN EXCLUSIVE").await.unwrap();
    let mut tries = 0;
    let opened = while_busy(async || {
        tries += 1;
        if tries == 3 {
            holder.execute("COMMIT").await?;
        }
        other.execute("BEGIN IMMEDIATE").await?;
        Ok(())
    });
    opened.await.unwrap();
    assert_eq!(tries, 3);

    holder.execute("PRAGMA busy_timeout = 0").await.unwrap();
    let given_up = while_busy(async || {
        holder.execute("BEGIN IMMEDIATE").await?;
        Ok(())
    });
    assert!(given_up.await.unwrap_err().is_busy());
}

#[tokio::test]
async fn a_failing_migration_leaves_the_tables_as_they_were() {
    let scratch = Scratch::new();
    scratch.fill(1).await;
    let mut connection = scratch.connect().await;
    let broken = &[
        "unused: already applied",
        "unused: already applied",
        "unused: already applied",
        "unused: already applied",
        "CREATE TABLE more (id TEXT); CREATE TABLE calls (id TEXT);",
    ];
    let error = migrate::apply(&mut connection, &FixedClock, broken).await;
    assert!(matches!(error, Err(StoreError::Database(_))));
    migrate::must_be_current(&mut connection).await.unwrap();
    let more = connection.execute("SELECT * FROM more").await;
    assert!(more.is_err(), "half a migration was applied");
}

#[tokio::test]
async fn a_file_that_cannot_be_made_is_named() {
    let error = Database::open("sqlite:/nowhere/at/all.db", &FixedClock)
        .await
        .unwrap_err();
    assert!(
        error.to_string().starts_with("/nowhere/at/all.db: "),
        "{error}"
    );
}

#[tokio::test]
async fn a_row_of_foreign_making_hides_no_other() {
    let scratch = Scratch::new();
    scratch.fill(3).await;
    scratch
        .run("UPDATE calls SET transport = 'pigeon' WHERE begun_at = 1")
        .await;
    let database = scratch.open().await.database;
    assert_eq!(count(&database).await, 2);
    let [Record::Begun(begun), _] = talk(1) else {
        unreachable!("talk begins with a beginning")
    };
    let error = database.call(begun.id).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "unreadable row of calls: transport: `pigeon` is not known here"
    );
}

#[tokio::test]
async fn what_does_not_fit_is_stored_as_near_as_it_can_be() {
    let scratch = Scratch::new();
    let database = scratch.open().await.database;
    let [begun, _] = talk(1);
    let Record::Begun(CallBegun { id, .. }) = begun else {
        unreachable!("talk begins with a beginning")
    };
    let turn = TurnRecord {
        at: Millis(u64::MAX),
        caller: "a\0b".to_owned(),
        ..TurnRecord::default()
    };
    let turn = Record::Turn {
        call: id,
        turn: Box::new(turn),
    };
    database.write(&[begun, turn]).await.unwrap();
    let WholeCall { turns, .. } = database.call(id).await.unwrap().unwrap();
    assert_eq!(turns[0].at, Millis(i64::MAX as u64));
    assert_eq!(turns[0].caller, "a\u{fffd}b");
}

#[test]
fn a_database_is_given_by_a_path() {
    let path = |url| {
        file::path_of(url)
            .ok()
            .map(|path| path.display().to_string())
    };
    assert_eq!(path("sqlite:calls.db").as_deref(), Some("calls.db"));
    assert_eq!(path("sqlite://calls.db").as_deref(), Some("calls.db"));
    assert_eq!(path("sqlite:///var/a b.db").as_deref(), Some("/var/a b.db"));
    for odd in [
        "calls.db",
        "sqlite:",
        "sqlite::memory:",
        "sqlite:a.db?mode=ro",
        "postgres://me:secret@host/calls",
    ] {
        let error = file::path_of(odd).unwrap_err().to_string();
        assert!(error.contains("sqlite:PATH"), "{odd}");
        assert!(!error.contains("secret"));
    }
}

#[test]
fn every_transport_reads_back() {
    // A new variant must be put into the table that rows are read with.
    let place = |transport| match transport {
        Transport::TwilioStream => 0,
    };
    for (index, transport) in rows::TRANSPORTS.into_iter().enumerate() {
        assert_eq!(place(transport), index);
    }
}
