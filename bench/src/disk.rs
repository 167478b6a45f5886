//! What the disk can do: the time until a small write is durable, beside which every durable figure
//! is to be read.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Instant;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::figures::Figures;

const WRITES: usize = 300;
const PAGE: [u8; 4096] = [0x5A; 4096];

/// Appends a page and waits for the disk, again and again.
pub(crate) fn measure() -> Result<Figures> {
    let folder = folder()?;
    let path = folder.path().join("pages");
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let mut times = Vec::with_capacity(WRITES);
    let began = Instant::now();
    for _ in 0..WRITES {
        let one = Instant::now();
        file.write_all(&PAGE)?;
        file.sync_data()?;
        times.push(one.elapsed());
    }
    Figures::of(times, began.elapsed())
}

/// A folder beside this program, which is on a real disk: `/tmp` often is none.
pub(crate) fn folder() -> Result<TempDir> {
    let program = std::env::current_exe()?;
    let beside = program.parent().context("a program is in a folder")?;
    Ok(tempfile::tempdir_in(beside)?)
}
