//! Decides how a script runs: executor, capabilities, workers.
