//! Where a database is while it is measured, and afterwards when it is kept: filling takes a quarter
//! of an hour, and a question whose plan was changed takes a second.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::shape::Shape;

/// A directory of one database; gone with this value unless it is to be kept.
pub(crate) struct Home {
    path: PathBuf,
    keep: bool,
}

/// When and in which time a database was filled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filled {
    pub(crate) now_us: i64,
    pub(crate) took: Duration,
}

impl Home {
    /// A new directory, or the one that was kept before.
    pub(crate) fn of(name: &str, parent: &Path, keep: bool) -> Result<Self> {
        let mut name = format!("scriptorium-bench-{name}");
        if !keep {
            name = format!("{name}-{}", std::process::id());
        }
        let path = parent.join(name);
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        Ok(Self { path, keep })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn keeps(&self) -> bool {
        self.keep
    }

    /// What is there, when it has this size.
    pub(crate) fn filled(&self, shape: Shape) -> Option<Filled> {
        let text = std::fs::read_to_string(self.note()).ok()?;
        let note: Value = serde_json::from_str(&text).ok()?;
        (note["shape"] == size(shape)).then_some(Filled {
            now_us: note["now_us"].as_i64()?,
            took: Duration::from_secs_f64(note["took"].as_f64()?),
        })
    }

    /// Removes what may be there of another size, or half filled.
    pub(crate) fn clear(&self) -> Result<()> {
        std::fs::remove_dir_all(&self.path)?;
        Ok(std::fs::create_dir_all(&self.path)?)
    }

    /// Notes that it is filled.
    pub(crate) fn note_filled(&self, shape: Shape, filled: Filled) -> Result<()> {
        let note = json!({
            "shape": size(shape), "now_us": filled.now_us, "took": filled.took.as_secs_f64(),
        });
        Ok(std::fs::write(self.note(), note.to_string())?)
    }

    fn note(&self) -> PathBuf {
        self.path.join("filled.json")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.keep {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn size(shape: Shape) -> Value {
    json!([shape.tenants, shape.scripts, shape.executions])
}
