//! The scriptorium command: arguments, environment, files, exit codes; everything else is the façade.

fn main() {}
