//! The file of a SQLite database: its name, who may read it, and what happens to a broken one.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use domain::UnixMillis;

use crate::StoreError;

/// How much of a file to look at before it is trusted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Check {
    /// All of it.
    EveryPage,
    /// What opening it reads anyway: the header, the schema and the log.
    Opening,
}

/// Up to this size a whole file is checked in some twenty milliseconds.
const CHECKED_WHOLE: u64 = 16 << 20;

/// Which file `sqlite:PATH` or `sqlite://PATH` means.
pub(super) fn path_of(url: &str) -> Result<PathBuf, StoreError> {
    let path = url.strip_prefix("sqlite:").ok_or(StoreError::Url)?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let odd = path.is_empty() || path.starts_with(':') || path.contains(['?', '#', '\0']);
    if odd {
        Err(StoreError::Url)
    } else {
        Ok(PathBuf::from(path))
    }
}

/// The address of `path` as sqlx reads it back, whatever characters it has.
pub(super) fn url_of(path: &Path) -> String {
    use std::fmt::Write;
    let mut url = String::from("sqlite:");
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_') {
            url.push(char::from(byte));
        } else {
            write!(url, "%{byte:02x}").expect("a String takes all that is written");
        }
    }
    url
}

/// Creates an empty file that only its owner may read. SQLite gives its log the same rights.
///
/// A file that is there keeps the rights that its owner gave it.
pub(super) fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(failed(path, source)),
    }
}

/// Fails unless there is a file.
pub(super) fn must_exist(path: &Path) -> Result<(), StoreError> {
    fs::metadata(path)
        .map(drop)
        .map_err(|source| failed(path, source))
}

/// A small file is always checked. A big one only if its server did not close it, which a log
/// that is left over shows: a start must not take a minute for every gigabyte of old calls.
pub(super) fn worth_checking(path: &Path) -> Result<Check, StoreError> {
    let size = fs::metadata(path)
        .map_err(|source| failed(path, source))?
        .len();
    let was_left_open = fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
    if size <= CHECKED_WHOLE || was_left_open {
        Ok(Check::EveryPage)
    } else {
        Ok(Check::Opening)
    }
}

/// Moves a damaged database out of the way and tells where it is. Its log goes with it, for
/// whoever tries to rescue the content, and because a stale log would spoil the fresh file.
pub(super) fn set_aside(path: &Path, now: UnixMillis) -> Result<PathBuf, StoreError> {
    let aside = beside(path, &format!(".damaged-{}", now.0));
    for ending in ["-shm", "-wal"] {
        match fs::rename(beside(path, ending), beside(&aside, ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed(&beside(path, ending), error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    fs::rename(path, &aside).map_err(|source| failed(path, source))?;
    Ok(aside)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

fn failed(path: &Path, source: io::Error) -> StoreError {
    StoreError::File {
        path: path.to_owned(),
        source,
    }
}
