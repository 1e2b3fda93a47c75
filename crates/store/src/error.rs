use std::{io, path::PathBuf};

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A database file whose content is not a whole database.
    #[error("the database file is damaged: {detail}")]
    Damaged {
        /// What the check found first.
        detail: String,
    },
    /// The database file could not be created, looked at or moved.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A later version of the program has changed the tables.
    #[error(
        "the database has schema version {found}, but this program knows only {known}: \
         start a newer version, or use another database"
    )]
    NewerSchema {
        /// What stands in the database.
        found: i64,
        /// The newest one that this program can use.
        known: i64,
    },
    /// The tables were not yet brought up to date.
    #[error(
        "the database has schema version {found}, and this program needs {known}: \
         start the server once to bring it up to date"
    )]
    OlderSchema {
        /// What stands in the database.
        found: i64,
        /// What is needed.
        known: i64,
    },
    /// It took too long to write.
    #[error("the store did not answer in time")]
    TooSlow,
    /// A row that nobody of us wrote.
    #[error("unreadable row of {table}: {detail}")]
    Unreadable {
        /// Where.
        table: &'static str,
        /// What.
        detail: String,
    },
    /// The address of the database has an unknown form. It is not shown: it may hold a password.
    #[error("a database is given as sqlite:PATH, such as sqlite:repartee.db")]
    Url,
}

impl StoreError {
    /// Whether these records will never be accepted, so that trying again is in vain.
    pub(crate) fn refuses_the_records(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => {
                error.is_unique_violation()
                    || error.is_foreign_key_violation()
                    || error.is_check_violation()
                    || matches!(error.kind(), sqlx::error::ErrorKind::NotNullViolation)
            }
            Self::Database(sqlx::Error::Encode(_)) => true,
            Self::Database(_)
            | Self::Damaged { .. }
            | Self::File { .. }
            | Self::NewerSchema { .. }
            | Self::OlderSchema { .. }
            | Self::TooSlow
            | Self::Unreadable { .. }
            | Self::Url => false,
        }
    }

    /// Whether the database file itself is broken, so that only a fresh one helps.
    pub(crate) fn is_damage(&self) -> bool {
        const SQLITE_CORRUPT: i32 = 11;
        const SQLITE_NOTADB: i32 = 26;
        matches!(self, Self::Damaged { .. })
            || matches!(self.sqlite_code(), Some(SQLITE_CORRUPT | SQLITE_NOTADB))
    }

    /// Whether another connection was in the way, so that a moment later it may work.
    pub(crate) fn is_busy(&self) -> bool {
        const SQLITE_BUSY: i32 = 5;
        self.sqlite_code() == Some(SQLITE_BUSY)
    }

    /// The primary code of what SQLite said.
    fn sqlite_code(&self) -> Option<i32> {
        match self {
            Self::Database(sqlx::Error::Database(error)) => {
                let code: i32 = error.code()?.parse().ok()?;
                // The low byte is the primary code; the rest tells where it happened.
                Some(code & 0xff)
            }
            Self::Database(_)
            | Self::Damaged { .. }
            | Self::File { .. }
            | Self::NewerSchema { .. }
            | Self::OlderSchema { .. }
            | Self::TooSlow
            | Self::Unreadable { .. }
            | Self::Url => None,
        }
    }
}
