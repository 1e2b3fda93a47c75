use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use domain::UnixMillis;

use super::*;
use crate::cache::key::tests::{model, voice};

/// A minute later each time it is asked.
struct Minutes(AtomicI64);

impl Clock for Minutes {
    fn now(&self) -> UnixMillis {
        UnixMillis(1_800_000_000_000 + self.0.fetch_add(60_000, Ordering::Relaxed))
    }
}

/// A folder of its own for each test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static FOLDERS: AtomicU32 = AtomicU32::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let name = format!("repartee-speech-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn disk(&self, bytes: u64) -> Disk {
        let settings = DiskSettings {
            folder: self.0.clone(),
            bytes,
        };
        Disk::new(settings, Arc::new(Minutes(AtomicI64::new(0))))
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("it was made");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn key(text: &str) -> Key {
    Key::of(&model(), &voice(), text)
}

#[test]
fn speech_outlives_the_process() {
    let folder = Folder::new();
    assert_eq!(folder.disk(1 << 20).read(&key("Hello.")), None);
    let wrote = folder.disk(1 << 20).write(&key("Hello."), &[0x20; 800]);
    assert!(wrote.is_ok());
    let read = folder.disk(1 << 20).read(&key("Hello."));
    assert_eq!(read.as_deref(), Some(&[0x20; 800][..]));
    assert_eq!(folder.names(), [format!("{}.speech", key("Hello."))]);
}

#[test]
fn a_broken_file_is_ignored_and_replaced() {
    let folder = Folder::new();
    let disk = folder.disk(1 << 20);
    disk.write(&key("Hello."), &[0x20; 800]).expect("written");
    let path = disk.path(&key("Hello."), WHOLE);
    let whole = fs::read(&path).expect("there");
    let mut changed = whole.clone();
    changed[HEAD + 7] ^= 1;
    for broken in [&[][..], &whole[..HEAD - 1], &whole[..HEAD + 9], &changed] {
        fs::write(&path, broken).expect("written");
        assert_eq!(disk.read(&key("Hello.")), None);
    }
    disk.write(&key("Hello."), &[0x21; 800]).expect("written");
    assert_eq!(disk.read(&key("Hello.")).as_deref(), Some(&[0x21; 800][..]));
}

#[test]
fn files_that_were_not_used_for_long_make_room_and_others_stay() {
    let folder = Folder::new();
    let size = (HEAD + 800) as u64;
    let disk = folder.disk(2 * size);
    fs::create_dir_all(&folder.0).expect("made");
    fs::write(folder.0.join("notes.speech"), [0; 5_000]).expect("written");
    for text in ["a", "b"] {
        disk.write(&key(text), &[0x20; 800]).expect("written");
    }
    assert!(disk.read(&key("a")).is_some());
    disk.write(&key("c"), &[0x20; 800]).expect("written");
    assert!(disk.read(&key("a")).is_some() && disk.read(&key("c")).is_some());
    assert_eq!(disk.read(&key("b")), None);
    disk.write(&key("d"), &[0x20; 2_000]).expect("left out");
    assert!(
        disk.read(&key("a")).is_some(),
        "a line too long is not kept"
    );
    assert!(folder.names().contains(&"notes.speech".to_owned()));
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let folder = Folder::new();
    fs::write(&folder.0, "a file").expect("written");
    let wrote = folder.disk(1 << 20).write(&key("Hello."), &[0x20; 800]);
    assert!(wrote.is_err());
    drop(fs::remove_file(&folder.0));
}
