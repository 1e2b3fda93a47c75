#![expect(
    unsafe_code,
    reason = "pocketsphinx is a C library: its functions are found by name and called by pointer"
)]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    fmt,
    path::Path,
    ptr::{self, NonNull},
    sync::{Mutex, OnceLock, PoisonError},
};

use crate::{
    Missing,
    grammar::Grammar,
    missing::{load, without_symbol},
};

const LIBRARY: &str = "libpocketsphinx.so.3";
const BASE: &str = "libsphinxbase.so.3";
const INSTALL: &str = "apt-get install pocketsphinx pocketsphinx-en-us";

const ACOUSTIC_MODEL: &str = "/usr/share/pocketsphinx/model/en-us/en-us";
const DICTIONARY: &str = "/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict";
const LANGUAGE_MODEL: &str = "/usr/share/pocketsphinx/model/en-us/en-us.lm.bin";
/// The library ends the whole program if one of these cannot be read, so they are looked for first.
const MODEL_FILES: [&str; 6] = [
    "/usr/share/pocketsphinx/model/en-us/en-us/feat.params",
    "/usr/share/pocketsphinx/model/en-us/en-us/mdef",
    "/usr/share/pocketsphinx/model/en-us/en-us/means",
    "/usr/share/pocketsphinx/model/en-us/en-us/transition_matrices",
    DICTIONARY,
    LANGUAGE_MODEL,
];

/// How unlikely a guess at a phrase may be and still be followed. The library's own limits lose a sentence
/// whose first word sounds odd over a telephone; these cost a quarter more work.
const BEAM: &str = "1e-60";
/// The same at the end of a word.
const WORD_BEAM: &str = "1e-40";

/// Building a decoder touches the library's tables of files and logs: one at a time.
static BUILDING: Mutex<()> = Mutex::new(());

/// The functions that we call, with the types of pocketsphinx.h and sphinxbase's headers.
#[derive(Debug)]
struct Functions {
    args: unsafe extern "C" fn() -> *const c_void,
    parse: unsafe extern "C" fn(
        *mut c_void,
        *const c_void,
        c_int,
        *const *const c_char,
        c_int,
    ) -> *mut c_void,
    free_config: unsafe extern "C" fn(*mut c_void) -> c_int,
    free_memory: unsafe extern "C" fn(*mut c_void),
    init: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void) -> c_int,
    look_up: unsafe extern "C" fn(*mut c_void, *const c_char) -> *mut c_char,
    set_jsgf: unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char) -> c_int,
    set_search: unsafe extern "C" fn(*mut c_void, *const c_char) -> c_int,
    start: unsafe extern "C" fn(*mut c_void) -> c_int,
    process: unsafe extern "C" fn(*mut c_void, *const i16, usize, c_int, c_int) -> c_int,
    end: unsafe extern "C" fn(*mut c_void) -> c_int,
    hypothesis: unsafe extern "C" fn(*mut c_void, *mut i32) -> *const c_char,
}

/// The pocketsphinx library and its American English model.
#[derive(Clone, Copy, Debug)]
pub struct Sphinx {
    functions: &'static Functions,
}

/// What a decoder listens for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Hear {
    /// Anything: many mistakes, eight times the work.
    Anything,
    /// These phrases, one or more in a row. Near-exact on them, and deaf to anything else.
    Phrases(Vec<String>),
}

/// Why there is no decoder.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DecoderError {
    /// Not one phrase consists of words that the dictionary knows.
    #[error("no phrase consists of known words alone")]
    NothingSayable,
    /// The library refused.
    #[error("pocketsphinx: {0} failed")]
    Refused(&'static str),
}

/// Recognises one call's speech, an utterance at a time. Not cheap to make: keep it for the call.
pub struct Decoder {
    functions: &'static Functions,
    decoder: NonNull<c_void>,
    hearing: bool,
    dropped: Vec<String>,
    /// The library keeps pointers to the names of its settings.
    _settings: Vec<CString>,
}

// SAFETY: a decoder has no ties to the thread that made it; all its state hangs on the pointer that
// this value owns alone. It is not `Sync`: every use takes `&mut self`.
unsafe impl Send for Decoder {}

impl Sphinx {
    /// Looks for the library and its model.
    ///
    /// # Errors
    /// When one of them is not installed, or the library is another version.
    pub fn open() -> Result<Self, Missing> {
        static FOUND: OnceLock<Result<Functions, Missing>> = OnceLock::new();
        match FOUND.get_or_init(Self::find) {
            Ok(functions) => Ok(Self { functions }),
            Err(missing) => Err(missing.clone()),
        }
    }

    fn find() -> Result<Functions, Missing> {
        let base = load(BASE, INSTALL)?;
        let library = load(LIBRARY, INSTALL)?;
        for file in MODEL_FILES {
            if !Path::new(file).is_file() {
                return Err(Missing {
                    library: "the model en-us",
                    install: INSTALL,
                    detail: format!("no file {file}"),
                });
            }
        }
        let of_base = |error: libloading::Error| without_symbol(BASE, INSTALL, &error);
        let other = |error: libloading::Error| without_symbol(LIBRARY, INSTALL, &error);
        // SAFETY: both take one pointer (and the first a second) and may be given null. They run
        // once, before any other thread can have come by these functions.
        unsafe {
            let no_reports: unsafe extern "C" fn(*const c_void, *mut c_void) =
                *base.get(b"err_set_callback\0").map_err(of_base)?;
            let no_log: unsafe extern "C" fn(*mut c_void) =
                *base.get(b"err_set_logfp\0").map_err(of_base)?;
            // The library tells everything it does on the terminal unless it is hushed. Its own
            // setting for that, a log file per decoder, closes the file under other decoders.
            no_reports(ptr::null(), ptr::null_mut());
            no_log(ptr::null_mut());
        }
        // SAFETY: the types in `Functions` are those of the headers of version 5prealpha, which the
        // file name's `.so.3` stands for. The libraries are never unloaded.
        unsafe {
            Ok(Functions {
                args: *library.get(b"ps_args\0").map_err(other)?,
                parse: *base.get(b"cmd_ln_parse_r\0").map_err(of_base)?,
                free_config: *base.get(b"cmd_ln_free_r\0").map_err(of_base)?,
                free_memory: *base.get(b"ckd_free\0").map_err(of_base)?,
                init: *library.get(b"ps_init\0").map_err(other)?,
                free: *library.get(b"ps_free\0").map_err(other)?,
                look_up: *library.get(b"ps_lookup_word\0").map_err(other)?,
                set_jsgf: *library.get(b"ps_set_jsgf_string\0").map_err(other)?,
                set_search: *library.get(b"ps_set_search\0").map_err(other)?,
                start: *library.get(b"ps_start_utt\0").map_err(other)?,
                process: *library.get(b"ps_process_raw\0").map_err(other)?,
                end: *library.get(b"ps_end_utt\0").map_err(other)?,
                hypothesis: *library.get(b"ps_get_hyp\0").map_err(other)?,
            })
        }
    }

    /// Makes a decoder: some tenths of a second of reading files, so not for an async thread.
    ///
    /// # Errors
    /// When no phrase can be recognised, or the library refuses.
    pub fn decoder(self, hear: &Hear) -> Result<Decoder, DecoderError> {
        let mut settings = vec![("-hmm", ACOUSTIC_MODEL), ("-dict", DICTIONARY)];
        match hear {
            Hear::Anything => settings.push(("-lm", LANGUAGE_MODEL)),
            Hear::Phrases(_) => {
                settings.extend([("-beam", BEAM), ("-pbeam", BEAM), ("-wbeam", WORD_BEAM)]);
            }
        }
        let mut decoder = self.with_settings(&settings)?;
        match hear {
            Hear::Anything => {}
            Hear::Phrases(phrases) => decoder.listen_for(phrases)?,
        }
        Ok(decoder)
    }

    fn with_settings(self, settings: &[(&str, &str)]) -> Result<Decoder, DecoderError> {
        let functions = self.functions;
        let settings: Vec<CString> = settings
            .iter()
            .flat_map(|(name, value)| [*name, *value])
            .map(|text| CString::new(text).expect("constants of this file, without a NUL"))
            .collect();
        let pointers: Vec<*const c_char> = settings.iter().map(|text| text.as_ptr()).collect();
        let count = c_int::try_from(pointers.len()).expect("a handful");
        let _alone = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: `args` gives the library's own static table; a null first argument asks for a new
        // configuration. Names and values are C strings; the values are copied, the names live on
        // in the decoder.
        let config = unsafe {
            (functions.parse)(
                ptr::null_mut(),
                (functions.args)(),
                count,
                pointers.as_ptr(),
                1,
            )
        };
        if config.is_null() {
            return Err(DecoderError::Refused("reading the settings"));
        }
        // SAFETY: `config` is a configuration; the decoder takes its own reference to it.
        let decoder = unsafe { (functions.init)(config) };
        // SAFETY: our reference to the configuration is given back once and not used again.
        unsafe { (functions.free_config)(config) };
        let decoder = NonNull::new(decoder).ok_or(DecoderError::Refused("loading the model"))?;
        Ok(Decoder {
            functions,
            decoder,
            hearing: false,
            dropped: Vec::new(),
            _settings: settings,
        })
    }
}

impl Decoder {
    /// Phrases that it was given, but that hold words which the dictionary does not know.
    #[must_use]
    pub fn dropped(&self) -> &[String] {
        &self.dropped
    }

    fn listen_for(&mut self, phrases: &[String]) -> Result<(), DecoderError> {
        let grammar = Grammar::new(phrases, |word| self.knows(word));
        self.dropped = grammar.dropped;
        let jsgf = grammar.jsgf.ok_or(DecoderError::NothingSayable)?;
        let jsgf = CString::new(jsgf).expect("letters and punctuation only");
        let name = c"desk".as_ptr();
        // SAFETY: the decoder is alive and not in an utterance; both strings are C strings that
        // outlive the call, and the library keeps copies.
        let set = unsafe { (self.functions.set_jsgf)(self.decoder.as_ptr(), name, jsgf.as_ptr()) };
        if set < 0 {
            return Err(DecoderError::Refused("reading the grammar"));
        }
        // SAFETY: as above; the search of this name was just added.
        let chosen = unsafe { (self.functions.set_search)(self.decoder.as_ptr(), name) };
        if chosen < 0 {
            return Err(DecoderError::Refused("choosing the grammar"));
        }
        Ok(())
    }

    fn knows(&self, word: &str) -> bool {
        let Ok(word) = CString::new(word) else {
            return false;
        };
        // SAFETY: the decoder is alive, the word is a C string. The answer is null or a string in
        // memory that becomes ours.
        let phones = unsafe { (self.functions.look_up)(self.decoder.as_ptr(), word.as_ptr()) };
        if phones.is_null() {
            return false;
        }
        // SAFETY: the string came from the library's allocator and is given back once.
        unsafe { (self.functions.free_memory)(phones.cast()) };
        true
    }

    /// Begins an utterance. One that was under way is dropped.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn start(&mut self) -> Result<(), DecoderError> {
        self.stop();
        // SAFETY: the decoder is alive and not in an utterance.
        if unsafe { (self.functions.start)(self.decoder.as_ptr()) } < 0 {
            return Err(DecoderError::Refused("beginning an utterance"));
        }
        self.hearing = true;
        Ok(())
    }

    /// Takes sound of the utterance: 16 kHz. Outside an utterance it is ignored.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn hear(&mut self, samples: &[i16]) -> Result<(), DecoderError> {
        if !self.hearing || samples.is_empty() {
            return Ok(());
        }
        // SAFETY: the decoder is in an utterance; pointer and length are those of a slice, which is
        // only read, and only during the call.
        let frames = unsafe {
            (self.functions.process)(self.decoder.as_ptr(), samples.as_ptr(), samples.len(), 0, 0)
        };
        if frames < 0 {
            return Err(DecoderError::Refused("listening"));
        }
        Ok(())
    }

    /// The words so far. They may still change.
    #[must_use]
    pub fn interim(&mut self) -> String {
        if self.hearing {
            self.hypothesis()
        } else {
            String::new()
        }
    }

    /// Ends the utterance and gives its words; none if nothing was recognised.
    #[must_use]
    pub fn finish(&mut self) -> String {
        if !self.hearing {
            return String::new();
        }
        self.stop();
        self.hypothesis()
    }

    fn stop(&mut self) {
        if self.hearing {
            self.hearing = false;
            // SAFETY: the decoder is alive and in an utterance. A failure leaves no result, which
            // reads as no words.
            unsafe { (self.functions.end)(self.decoder.as_ptr()) };
        }
    }

    fn hypothesis(&mut self) -> String {
        // SAFETY: the decoder is alive; the score is optional and may be null.
        let text = unsafe { (self.functions.hypothesis)(self.decoder.as_ptr(), ptr::null_mut()) };
        if text.is_null() {
            return String::new();
        }
        // SAFETY: not null, so it is a C string that stays good until the decoder is used again;
        // it is copied before that.
        unsafe { CStr::from_ptr(text) }
            .to_string_lossy()
            .into_owned()
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.stop();
        let _alone = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the decoder is alive, is freed once, and nobody else has its pointer.
        unsafe { (self.functions.free)(self.decoder.as_ptr()) };
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("hearing", &self.hearing)
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
