use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use domain::Clock;
use tracing::warn;

use super::{
    DiskSettings,
    key::{Key, digest},
};

/// What every file begins with; the digest of the audio follows, then the audio.
const MAGIC: &[u8; 18] = b"repartee speech 1\n";
const HEAD: usize = MAGIC.len() + 32;
/// No line is longer than this: a quarter of an hour.
const LONGEST: u64 = 8 << 20;
const WHOLE: &str = "speech";
const PART: &str = "part";

/// Speech in files, one for each line, named by its key. All of it blocks.
pub(super) struct Disk {
    settings: DiskSettings,
    clock: Arc<dyn Clock>,
}

impl Disk {
    pub(super) fn new(settings: DiskSettings, clock: Arc<dyn Clock>) -> Self {
        Self { settings, clock }
    }

    /// The speech of this key. A file that is broken is as good as none: it will be replaced.
    pub(super) fn read(&self, key: &Key) -> Option<Bytes> {
        let path = self.path(key, WHOLE);
        let length = fs::metadata(&path).ok()?.len();
        let read = (length <= LONGEST).then(|| fs::read(&path).ok()).flatten();
        let Some(audio) = read.and_then(|bytes| audio_in(&bytes)) else {
            warn!(file = %path.display(), "kept speech is broken and will be made again");
            return None;
        };
        self.touch(&path);
        Some(audio)
    }

    /// Writes a file that is there as a whole or not at all, and makes room for it.
    pub(super) fn write(&self, key: &Key, audio: &[u8]) -> io::Result<()> {
        let size = (HEAD + audio.len()) as u64;
        if size > LONGEST.min(self.settings.bytes) {
            return Ok(());
        }
        fs::create_dir_all(&self.settings.folder)?;
        let part = self.path(key, &format!("{PART}-{}", std::process::id()));
        let written = write_all(&part, audio).and_then(|()| {
            self.touch(&part);
            fs::rename(&part, self.path(key, WHOLE))
        });
        if written.is_err() {
            // Whatever is left of it counts as ours, and goes when room is needed.
            drop(fs::remove_file(&part));
        }
        written?;
        self.make_room()
    }

    /// Removes the files that were not used for the longest time until the rest fits. Files that
    /// are not ours are left alone.
    fn make_room(&self) -> io::Result<()> {
        let mut files = Vec::new();
        let mut total = 0;
        for entry in fs::read_dir(&self.settings.folder)? {
            let Ok(entry) = entry else { continue };
            let path = entry.path();
            // Another process may have removed it meanwhile.
            let Ok(about) = entry.metadata() else {
                continue;
            };
            if about.is_file() && is_ours(&path) {
                total += about.len();
                files.push((about.modified().unwrap_or(UNIX_EPOCH), path, about.len()));
            }
        }
        files.sort();
        for (_, path, length) in files {
            if total <= self.settings.bytes {
                break;
            }
            if fs::remove_file(path).is_ok() {
                total -= length;
            }
        }
        Ok(())
    }

    /// Remembers that a file was used. Without it the file goes a little sooner.
    fn touch(&self, path: &Path) {
        let touched = File::options()
            .append(true)
            .open(path)
            .and_then(|file| file.set_modified(self.now()));
        drop(touched);
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.clock.now().0.unsigned_abs())
    }

    fn path(&self, key: &Key, ending: &str) -> PathBuf {
        self.settings.folder.join(format!("{key}.{ending}"))
    }
}

fn write_all(path: &Path, audio: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(MAGIC)?;
    file.write_all(&digest(audio))?;
    file.write_all(audio)
}

/// The audio of a file that is whole.
fn audio_in(file: &[u8]) -> Option<Bytes> {
    let (sum, audio) = file
        .strip_prefix(MAGIC)?
        .split_at_checked(HEAD - MAGIC.len())?;
    (sum == digest(audio)).then(|| Bytes::copy_from_slice(audio))
}

/// Whether a file bears a name that only this module gives.
fn is_ours(path: &Path) -> bool {
    let part =
        |text: Option<&std::ffi::OsStr>| text.and_then(|text| text.to_str()).map(str::to_owned);
    let (Some(name), Some(ending)) = (part(path.file_stem()), part(path.extension())) else {
        return false;
    };
    let is_key = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_key && (ending == WHOLE || ending.starts_with("part-"))
}

#[cfg(test)]
mod tests;
