//! Checks that the guest was built, and passes its hash on. Builds nothing itself.

use std::path::Path;
use std::{env, fs, process};

use sha2::{Digest, Sha256};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| ".".to_owned());
    let guest = Path::new(&root).join("guest/dist/engine.wasm");
    println!("cargo::rerun-if-changed={}", guest.display());
    match fs::read(&guest) {
        Ok(wasm) => {
            let hash: String = Sha256::digest(&wasm)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            println!("cargo::rustc-env=SCRIPTORIUM_GUEST_SHA256={hash}");
        }
        Err(error) => {
            println!(
                "cargo::error=the guest is missing ({}: {error}); run `cargo xtask guest`",
                guest.display()
            );
            process::exit(1);
        }
    }
}
