//! Decides when a script should run, and never runs one.
