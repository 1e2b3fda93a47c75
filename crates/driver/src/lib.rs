//! Carries out what a session decides: the ear, the mouth, providers and their failures.
