//! Parses, scans and translates script source; knows nothing of running it.
