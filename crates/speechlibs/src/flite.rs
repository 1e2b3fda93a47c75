#![expect(
    unsafe_code,
    reason = "flite is a C library: its functions are found by name and called through pointers"
)]

use std::{
    ffi::{CString, c_char, c_int, c_short, c_void},
    ptr::NonNull,
    slice,
    sync::{Mutex, OnceLock, PoisonError},
};

use crate::{
    Missing,
    missing::{load, without_symbol},
};

const LIBRARY: &str = "libflite.so.1";
const INSTALL: &str = "apt-get install flite";

/// Longest text given to the library at once: a page of speech, far more than any clause.
const MAX_CHARS: usize = 4_000;

/// flite keeps tables that are not safe to share: whoever registers a voice or speaks holds this.
static SPEAKING: Mutex<()> = Mutex::new(());

type Register = unsafe extern "C" fn(*const c_char) -> *mut c_void;

/// The start of `cst_wave` of flite 2.x, which it promises by way of its public header.
#[repr(C)]
struct Wave {
    kind: *const c_char,
    sample_rate: c_int,
    num_samples: c_int,
    num_channels: c_int,
    samples: *mut c_short,
}

/// The functions that we call.
#[derive(Debug)]
struct Functions {
    text_to_wave: unsafe extern "C" fn(*const c_char, *mut c_void) -> *mut Wave,
    delete_wave: unsafe extern "C" fn(*mut Wave),
}

/// The flite library.
#[derive(Clone, Copy, Debug)]
pub struct Flite {
    functions: &'static Functions,
}

/// The voices that come with the Debian package.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum VoiceName {
    /// A Scottish man, 16 kHz.
    Awb,
    /// A mechanical man, 8 kHz, the cheapest.
    Kal,
    /// An American man, 16 kHz.
    Rms,
    /// An American woman, 16 kHz: the most pleasant.
    Slt,
}

/// A voice of flite, ready to speak. Cheap to copy; speaking is one at a time in the whole process.
#[derive(Clone, Copy, Debug)]
pub struct FliteVoice {
    functions: &'static Functions,
    voice: NonNull<c_void>,
}

// SAFETY: the pointer leads to a table of the voice's library that lives as long as the process.
// The library reads and writes through it only inside `speak`, under `SPEAKING`.
unsafe impl Send for FliteVoice {}
// SAFETY: as above: a shared reference can only call `speak`, which takes the lock.
unsafe impl Sync for FliteVoice {}

/// Sound as a library makes it: one channel.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Pcm {
    /// The sound.
    pub samples: Vec<i16>,
    /// Samples per second.
    pub rate: u32,
}

impl Flite {
    /// Looks for the library.
    ///
    /// # Errors
    /// When it is not installed, or is not version 2.
    pub fn open() -> Result<Self, Missing> {
        static FOUND: OnceLock<Result<Functions, Missing>> = OnceLock::new();
        match FOUND.get_or_init(Self::find) {
            Ok(functions) => Ok(Self { functions }),
            Err(missing) => Err(missing.clone()),
        }
    }

    fn find() -> Result<Functions, Missing> {
        let library = load(LIBRARY, INSTALL)?;
        let other = |error: libloading::Error| without_symbol(LIBRARY, INSTALL, &error);
        // SAFETY: the types are those of flite.h: `int flite_init(void)`,
        // `cst_wave *flite_text_to_wave(const char *, cst_voice *)`, `void delete_wave(cst_wave *)`.
        // The library is never unloaded, so the pointers stay good.
        let (init, functions) = unsafe {
            let init: unsafe extern "C" fn() -> c_int =
                *library.get(b"flite_init\0").map_err(other)?;
            let functions = Functions {
                text_to_wave: *library.get(b"flite_text_to_wave\0").map_err(other)?,
                delete_wave: *library.get(b"delete_wave\0").map_err(other)?,
            };
            (init, functions)
        };
        let _alone = SPEAKING.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: takes nothing, sets up the library's own tables, and may be called repeatedly.
        unsafe { init() };
        Ok(functions)
    }

    /// Looks for one of its voices.
    ///
    /// # Errors
    /// When the voice's library is not installed.
    pub fn voice(self, name: VoiceName) -> Result<FliteVoice, Missing> {
        let file = name.library();
        let library = load(file, INSTALL)?;
        // SAFETY: every voice library of flite exports `cst_voice *register_cmu_us_X(const char *)`.
        let register = unsafe { library.get::<Register>(name.register()) }
            .map_err(|error| without_symbol(file, INSTALL, &error))?;
        let _alone = SPEAKING.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the argument names a folder of voice data and may be null for built-in voices;
        // a second call gives the same pointer again. The lock keeps everyone else out.
        let voice = unsafe { register(std::ptr::null()) };
        let voice = NonNull::new(voice).ok_or_else(|| Missing {
            library: file,
            install: INSTALL,
            detail: "the voice did not register".to_owned(),
        })?;
        Ok(FliteVoice {
            functions: self.functions,
            voice,
        })
    }
}

impl VoiceName {
    const fn library(self) -> &'static str {
        match self {
            Self::Awb => "libflite_cmu_us_awb.so.1",
            Self::Kal => "libflite_cmu_us_kal.so.1",
            Self::Rms => "libflite_cmu_us_rms.so.1",
            Self::Slt => "libflite_cmu_us_slt.so.1",
        }
    }

    const fn register(self) -> &'static [u8] {
        match self {
            Self::Awb => b"register_cmu_us_awb\0",
            Self::Kal => b"register_cmu_us_kal\0",
            Self::Rms => b"register_cmu_us_rms\0",
            Self::Slt => b"register_cmu_us_slt\0",
        }
    }
}

impl FliteVoice {
    /// Speaks `text`: about 10 ms of computing per second of speech, so not for an async thread.
    ///
    /// Text without a letter or digit gives no sound; so does a library that is out of memory.
    #[must_use]
    pub fn speak(&self, text: &str) -> Pcm {
        let Some(text) = speakable(text) else {
            return Pcm::default();
        };
        let _alone = SPEAKING.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: `text` is a valid C string that outlives the call, which copies what it keeps;
        // the voice was registered and is never unregistered; the lock makes us the only caller.
        let wave = unsafe { (self.functions.text_to_wave)(text.as_ptr(), self.voice.as_ptr()) };
        let Some(wave) = NonNull::new(wave) else {
            return Pcm::default();
        };
        // SAFETY: flite returned a whole `cst_wave` that belongs to us until we delete it.
        let pcm = unsafe { copied(wave.as_ref()) };
        // SAFETY: `wave` came from flite, is deleted once, and nothing points into it any more.
        unsafe { (self.functions.delete_wave)(wave.as_ptr()) };
        pcm
    }
}

/// Copies the sound out of flite's memory.
///
/// # Safety
/// `wave.samples` must hold `num_samples` times `num_channels` values, as flite guarantees.
unsafe fn copied(wave: &Wave) -> Pcm {
    let count = usize::try_from(wave.num_samples).unwrap_or(0);
    let rate = u32::try_from(wave.sample_rate).unwrap_or(0);
    if wave.samples.is_null() || wave.num_channels != 1 || rate == 0 {
        return Pcm::default();
    }
    // SAFETY: the pointer is not null and, with one channel, holds `count` values.
    let samples = unsafe { slice::from_raw_parts(wave.samples, count) };
    Pcm {
        samples: samples.to_vec(),
        rate,
    }
}

/// `text` in the letters that an American English voice can read, or nothing if none are left.
fn speakable(text: &str) -> Option<CString> {
    let plain: String = text.chars().take(MAX_CHARS).map(plain_char).collect();
    if !plain.contains(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    CString::new(plain).ok()
}

/// The nearest ASCII character: typographic signs become plain ones, anything else a space.
const fn plain_char(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{2013}' | '\u{2014}' | '\u{2026}' => ',',
        'á' | 'à' | 'â' | 'ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        ' '..='~' => c,
        _ => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every voice, or the proof that its absence is told properly.
    fn voice(name: VoiceName) -> Option<FliteVoice> {
        match Flite::open().and_then(|flite| flite.voice(name)) {
            Ok(voice) => Some(voice),
            Err(missing) => {
                assert_eq!(missing.install, "apt-get install flite");
                assert!(missing.to_string().contains("libflite"), "{missing}");
                None
            }
        }
    }

    #[test]
    fn every_voice_speaks_at_its_rate() {
        for (name, rate) in [
            (VoiceName::Awb, 16_000),
            (VoiceName::Kal, 8_000),
            (VoiceName::Rms, 16_000),
            (VoiceName::Slt, 16_000),
        ] {
            let Some(voice) = voice(name) else { continue };
            let pcm = voice.speak("Good evening.");
            assert_eq!(pcm.rate, rate);
            let seconds = pcm.samples.len() / rate as usize;
            assert!(seconds < 4 && pcm.samples.len() > rate as usize / 4);
            assert!(pcm.samples.iter().any(|sample| sample.abs() > 1_000));
        }
    }

    #[test]
    fn odd_text_is_harmless() {
        let Some(voice) = voice(VoiceName::Slt) else {
            return;
        };
        for text in ["", "   ", "...", "\0", "日本", "“”", "\u{7f}\u{1b}"] {
            assert_eq!(voice.speak(text), Pcm::default(), "{text:?}");
        }
        for text in [
            "a\0b",
            "café – “yes”",
            "-1e999",
            "%s%n",
            "<x>",
            "AT&T 10% $5.00 12:30",
        ] {
            assert!(!voice.speak(text).samples.is_empty(), "{text:?}");
        }
        assert!(!voice.speak(&"word ".repeat(100)).samples.is_empty());
    }

    #[test]
    fn threads_take_turns() {
        let Some(voice) = voice(VoiceName::Slt) else {
            return;
        };
        let alone = voice.speak("One two three.").samples.len();
        std::thread::scope(|scope| {
            let speakers: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| FliteVoice::speak(&voice, "One two three.")))
                .collect();
            for speaker in speakers {
                // The breath in the voice is random; its timing is not.
                assert_eq!(speaker.join().expect("no panic").samples.len(), alone);
            }
        });
    }
}
