//! Benchmarks: figures beside their peers, in one run.
