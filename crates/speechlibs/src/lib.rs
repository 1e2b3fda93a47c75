//! Binds the flite and pocketsphinx libraries at run time.
