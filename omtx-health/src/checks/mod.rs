//! Checks that are ready to use.
