use std::ffi::OsStr;

use libloading::Library;

/// A library that this machine does not have, and what brings it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{library} is missing ({detail}); `{install}` brings it")]
pub struct Missing {
    /// The file that was looked for.
    pub library: &'static str,
    /// The command that installs it on Debian and Ubuntu.
    pub install: &'static str,
    /// What the loader said.
    pub detail: String,
}

/// Loads a library for the rest of the program's life.
///
/// It is never unloaded: voices and decoders keep pointers into it, and a library that starts
/// threads or registers exit functions must not disappear.
#[expect(unsafe_code, reason = "opening a library runs its initialisers")]
pub(crate) fn load(
    library: &'static str,
    install: &'static str,
) -> Result<&'static Library, Missing> {
    // SAFETY: the names are constants of this crate: libraries of the distribution whose
    // initialisers only set up their own tables and may run at any time.
    let opened = unsafe { Library::new(OsStr::new(library)) };
    match opened {
        Ok(found) => Ok(Box::leak(Box::new(found))),
        Err(error) => Err(Missing {
            library,
            install,
            detail: error.to_string(),
        }),
    }
}

/// A library that was found, but is not the one we know.
pub(crate) fn without_symbol(
    library: &'static str,
    install: &'static str,
    error: &libloading::Error,
) -> Missing {
    Missing {
        library,
        install,
        detail: format!("another version: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_library_is_a_value_that_says_what_to_install() {
        let missing = load("libnothing-of-ours.so.1", "apt-get install nothing")
            .expect_err("no such library");
        let text = missing.to_string();
        assert!(
            text.starts_with("libnothing-of-ours.so.1 is missing ("),
            "{text}"
        );
        assert!(
            text.ends_with("); `apt-get install nothing` brings it"),
            "{text}"
        );
    }
}
