//! Runs one piece of JavaScript inside limits, in a WebAssembly sandbox.
