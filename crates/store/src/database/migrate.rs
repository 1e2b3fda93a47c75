//! Brings the tables up to date. Each migration runs once, in order, and all that are missing run
//! in one transaction.

use domain::Clock;
use sqlx::{AnyConnection, Connection, Executor, Row};

use crate::StoreError;

/// The statements that lead from one version to the next. Entries are only ever added.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_calls.sql"),
    include_str!("../../migrations/0002_turn_taking.sql"),
    include_str!("../../migrations/0003_receipts.sql"),
    include_str!("../../migrations/0004_unknown_costs.sql"),
];

const CREATE_VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_versions \
     (version BIGINT NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)";

/// Writing a row takes SQLite's write lock, and in PostgreSQL the lock of that row: a second
/// server waits here until the first is done.
const LOCK: &str = "INSERT INTO schema_versions (version, applied_at) VALUES (0, $1) \
     ON CONFLICT (version) DO UPDATE SET applied_at = excluded.applied_at";

const FOUND: &str = "SELECT COALESCE(MAX(version), 0) FROM schema_versions";

const APPLIED: &str = "INSERT INTO schema_versions (version, applied_at) VALUES ($1, $2)";

/// Applies what is missing. Refuses tables that a later version of the program has changed.
pub(super) async fn migrate(
    connection: &mut AnyConnection,
    clock: &dyn Clock,
) -> Result<(), StoreError> {
    apply(connection, clock, MIGRATIONS).await
}

/// Fails unless the tables are those that this program works with.
pub(super) async fn must_be_current(connection: &mut AnyConnection) -> Result<(), StoreError> {
    let known = newest(MIGRATIONS);
    let found = found(connection).await?;
    match found.cmp(&known) {
        std::cmp::Ordering::Less => Err(StoreError::OlderSchema { found, known }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(StoreError::NewerSchema { found, known }),
    }
}

pub(super) async fn apply(
    connection: &mut AnyConnection,
    clock: &dyn Clock,
    migrations: &[&'static str],
) -> Result<(), StoreError> {
    connection.execute(CREATE_VERSIONS).await?;
    let mut transaction = connection.begin().await?;
    let now = clock.now().0;
    sqlx::query(LOCK)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
    let (found, known) = (found(&mut transaction).await?, newest(migrations));
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (version, statements) in (1_i64..).zip(migrations) {
        if version > found {
            transaction.execute(sqlx::raw_sql(*statements)).await?;
            sqlx::query(APPLIED)
                .bind(version)
                .bind(now)
                .execute(&mut *transaction)
                .await?;
        }
    }
    transaction.commit().await?;
    Ok(())
}

async fn found(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    Ok(connection.fetch_one(FOUND).await?.try_get(0)?)
}

fn newest(migrations: &[&'static str]) -> i64 {
    i64::try_from(migrations.len()).expect("fewer migrations than i64 counts")
}
