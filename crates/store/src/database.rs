//! Calls in a SQL database. What is SQLite's alone stands in `file.rs` and [`PRAGMAS`]; the rest
//! is SQL that PostgreSQL understands as well.

mod file;
mod migrate;
mod rows;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{CallId, Clock, Micros, Party, Receipt, TenantId, TurnRecord, UnixMillis};
use sqlx::{
    AnyConnection, AnyPool, Connection, Executor, Row,
    any::{AnyConnectOptions, AnyPoolOptions, AnyRow},
};
use tokio::time::{Instant, sleep};

use crate::{CallFilter, Record, Store, StoreError, StoreFuture, StoredCall, WholeCall};

/// A database of calls.
#[derive(Clone, Debug)]
pub struct Database {
    pool: AnyPool,
    /// Whoever reads the log knows that some calls cannot be read.
    told_of_unreadable: Arc<AtomicBool>,
}

/// A database that was opened for serving.
#[derive(Debug)]
#[must_use = "a file that was set aside has to be told to who runs the server"]
pub struct Opened {
    /// The database, whole and up to date.
    pub database: Database,
    /// Where the damaged file is that had to make room for a fresh one.
    pub damaged: Option<PathBuf>,
}

/// What every connection to SQLite needs. With write-ahead logging readers never wait for the
/// writer, and NORMAL loses at most the last commits when the power fails, never the file.
const PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
     PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;";

/// One writer and a few who read; each is a thread.
const CONNECTIONS: u32 = 4;

/// How long a reader waits for one of them.
const CONNECTION_WAIT: Duration = Duration::from_secs(2);

/// How long a start waits for another server that is opening the same file. Where SQLite waits by
/// itself it waits for as long; but turning on the log, and looking for one that a crash left
/// behind, fail at once.
const PREPARING: Duration = Duration::from_secs(5);

/// How long until it looks again.
const BUSY: Duration = Duration::from_millis(20);

/// Connections that nobody needed for so long are closed.
const IDLE: Duration = Duration::from_secs(60);

impl Database {
    /// Opens the database at `url` (`sqlite:PATH`) for serving: creates it if there is none,
    /// brings its tables up to date, and sets a damaged file aside to begin a fresh one.
    pub async fn open(url: &str, clock: &dyn Clock) -> Result<Opened, StoreError> {
        let path = file::path_of(url)?;
        let damaged = match prepare(&path, clock).await {
            Ok(()) => None,
            Err(error) if error.is_damage() => {
                let aside = file::set_aside(&path, clock.now())?;
                prepare(&path, clock).await?;
                Some(aside)
            }
            Err(error) => return Err(error),
        };
        Ok(Opened {
            database: Self::connect(&path).await?,
            damaged,
        })
    }

    /// Whether `url` is one at which a database may be; nothing is touched.
    pub fn check_url(url: &str) -> Result<(), StoreError> {
        file::path_of(url).map(drop)
    }

    /// Opens the database at `url` beside a server that may be using it: creates, changes and
    /// repairs nothing.
    pub async fn open_existing(url: &str) -> Result<Self, StoreError> {
        let path = file::path_of(url)?;
        file::must_exist(&path)?;
        let mut connection = connect_alone(&path).await?;
        let current = migrate::must_be_current(&mut connection).await;
        connection.close().await?;
        current?;
        Self::connect(&path).await
    }

    /// Ends all connections, which folds SQLite's log into its one file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn connect(path: &Path) -> Result<Self, StoreError> {
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(CONNECTION_WAIT)
            .idle_timeout(IDLE)
            .max_lifetime(None)
            .test_before_acquire(false)
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute(PRAGMAS).await.map(drop) })
            })
            .connect_with(options(path)?)
            .await?;
        Ok(Self {
            pool,
            told_of_unreadable: Arc::default(),
        })
    }

    async fn write_all(&self, records: &[Record]) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for record in records {
            rows::put(&mut transaction, record).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn list(&self, filter: &CallFilter) -> Result<Vec<StoredCall>, StoreError> {
        let tenant = filter.tenant.as_ref().map(|tenant| tenant.as_str());
        let rows = sqlx::query(rows::LIST_CALLS)
            .bind(tenant.map(str::to_owned))
            .bind(i64::from(filter.most()))
            .bind(filter.open_since.map(|time| time.0))
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.iter().filter_map(|row| self.readable(row)).collect())
    }

    /// The call of a row. One that another version of the program has written may hold a name that
    /// is not known here, and must not hide all the others.
    fn readable(&self, row: &AnyRow) -> Option<StoredCall> {
        let unreadable = match rows::read_call(row) {
            Ok(call) => return Some(call),
            Err(error) => error,
        };
        if !self.told_of_unreadable.swap(true, Ordering::Relaxed) {
            let call: String = row.try_get("id").unwrap_or_default();
            tracing::warn!(call, %unreadable, "calls that cannot be read are left out of lists");
        }
        None
    }

    async fn find(&self, id: CallId) -> Result<Option<WholeCall>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let call = sqlx::query(rows::FIND_CALL)
            .bind(id.to_string())
            .fetch_optional(&mut *transaction)
            .await?;
        let Some(call) = call else {
            return Ok(None);
        };
        let turns = sqlx::query(rows::turns::FIND)
            .bind(id.to_string())
            .fetch_all(&mut *transaction)
            .await?;
        let charges = sqlx::query(rows::charges::FIND)
            .bind(id.to_string())
            .fetch_all(&mut *transaction)
            .await?;
        let turns = turns.iter().map(rows::turns::read);
        let charges = charges.iter().map(rows::charges::read);
        Ok(Some(WholeCall {
            call: rows::read_call(&call)?,
            turns: turns.collect::<Result<_, _>>()?,
            receipt: Receipt(charges.collect::<Result<_, _>>()?),
        }))
    }
}

impl Store for Database {
    fn write<'a>(&'a self, records: &'a [Record]) -> StoreFuture<'a, ()> {
        Box::pin(self.write_all(records))
    }

    fn calls<'a>(&'a self, filter: &'a CallFilter) -> StoreFuture<'a, Vec<StoredCall>> {
        Box::pin(self.list(filter))
    }

    fn call(&self, id: CallId) -> StoreFuture<'_, Option<WholeCall>> {
        Box::pin(self.find(id))
    }

    fn said_before<'a>(
        &'a self,
        tenant: &'a TenantId,
        caller: &'a Party,
        calls: u32,
    ) -> StoreFuture<'a, Vec<TurnRecord>> {
        Box::pin(async move {
            let rows = sqlx::query(rows::turns::SAID_BEFORE)
                .bind(tenant.as_str().to_owned())
                .bind(rows::text(caller.as_str()))
                .bind(i64::from(calls))
                .fetch_all(&self.pool)
                .await?;
            rows.iter().map(rows::turns::read).collect()
        })
    }

    fn spent_since(&self, at: UnixMillis) -> StoreFuture<'_, BTreeMap<TenantId, Micros>> {
        Box::pin(async move {
            let rows = sqlx::query(rows::SPENT_SINCE)
                .bind(at.0)
                .fetch_all(&self.pool)
                .await?;
            rows.iter().map(rows::read_spent).collect()
        })
    }

    fn ping(&self) -> StoreFuture<'_, ()> {
        Box::pin(async {
            sqlx::query("SELECT 1").execute(&self.pool).await?;
            Ok(())
        })
    }
}

fn options(path: &Path) -> Result<AnyConnectOptions, StoreError> {
    sqlx::any::install_default_drivers();
    Ok(file::url_of(path).parse()?)
}

/// One connection outside the pool, whose errors come back as they are; a pool would log them and
/// try again.
async fn connect_alone(path: &Path) -> Result<AnyConnection, StoreError> {
    Ok(AnyConnection::connect_with(&options(path)?).await?)
}

/// Makes the file a whole and current database, or says why it is not.
async fn prepare(path: &Path, clock: &dyn Clock) -> Result<(), StoreError> {
    while_busy(async || {
        file::create_private(path)?;
        let check = file::worth_checking(path)?;
        let mut connection = connect_alone(path).await?;
        let outcome = prepare_on(&mut connection, check, clock).await;
        connection.close().await?;
        outcome
    })
    .await
}

/// Does it again while another connection is in the way, for as long as a start may take.
async fn while_busy(
    mut work: impl AsyncFnMut() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let until = Instant::now() + PREPARING;
    loop {
        match work().await {
            Err(error) if error.is_busy() && Instant::now() < until => sleep(BUSY).await,
            outcome => return outcome,
        }
    }
}

async fn prepare_on(
    connection: &mut AnyConnection,
    check: file::Check,
    clock: &dyn Clock,
) -> Result<(), StoreError> {
    connection.execute(PRAGMAS).await?;
    if check == file::Check::EveryPage {
        check_pages(connection).await?;
    }
    migrate::migrate(connection, clock).await
}

async fn check_pages(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let row = connection.fetch_one("PRAGMA quick_check(1)").await?;
    let found: String = row.try_get(0)?;
    if found == "ok" {
        Ok(())
    } else {
        Err(StoreError::Damaged { detail: found })
    }
}
